"""The metrics of an accuracy matrix against sums written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from osft.continual import metrics

MATRIX = np.array([[0.9, 0.3, 0.1], [0.7, 0.8, 0.2], [0.6, 0.85, 0.9]])


def test_metrics_by_hand() -> None:
    assert metrics.average_accuracy(MATRIX) == pytest.approx((0.6 + 0.85 + 0.9) / 3)
    assert metrics.forgetting(MATRIX) == pytest.approx(((0.9 - 0.6) + (0.8 - 0.85)) / 2)
    assert metrics.learning(MATRIX) == pytest.approx((0.8 + 0.9) / 2)
    assert metrics.backward_transfer(MATRIX) == pytest.approx(((0.6 - 0.9) + (0.85 - 0.8)) / 2)
    assert metrics.forward_transfer(MATRIX, np.array([0.1, 0.2, 0.15])) == pytest.approx(((0.3 - 0.2) + (0.2 - 0.15)) / 2)


def test_forgetting_counts_from_the_best_value() -> None:
    matrix = np.array([[0.5, 0, 0], [0.9, 0.8, 0], [0.4, 0.8, 0.9]])
    assert metrics.forgetting(matrix) == pytest.approx((0.5 + 0) / 2)


def test_a_single_row_has_nothing_to_forget() -> None:
    assert metrics.forgetting(MATRIX[:1, :1]) == 0.0
