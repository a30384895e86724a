"""The projection page against the tutorial's example, a reference run of HF PEFT, and projectors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.projection import FORMS, compute

arrow = st.floats(-2, 2)


def test_the_tutorials_arrows() -> None:
    outputs = compute()
    assert outputs["projection_x"] == pytest.approx(0.72, abs=1e-15)
    assert outputs["projection_y"] == pytest.approx(0.36, abs=1e-15)
    assert outputs["safe_x"] == pytest.approx(-0.22, abs=1e-15)
    assert outputs["safe_y"] == pytest.approx(0.44, abs=1e-15)
    assert outputs["dot_with_critical"] == pytest.approx(0, abs=1e-15)
    assert outputs["reduction"] == pytest.approx(100 * (1 - math.hypot(0.22, 0.44) / math.hypot(0.5, 0.8)), abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(gx=arrow, gy=arrow, cx=arrow, cy=arrow)
def test_arrows(gx: float, gy: float, cx: float, cy: float) -> None:
    outputs = compute(gx=gx, gy=gy, cx=cx, cy=cy)
    assert outputs["projection_x"] + outputs["safe_x"] == pytest.approx(gx, abs=1e-14)
    assert outputs["projection_y"] + outputs["safe_y"] == pytest.approx(gy, abs=1e-14)
    assert abs(outputs["dot_with_critical"]) < 1e-14
    assert 0 <= outputs["reduction"] <= 100
    assert 0 <= outputs["angle_between"] <= 180
    across = outputs["projection_x"] * cy - outputs["projection_y"] * cx
    assert abs(across) < 1e-14


def test_zero_arrows() -> None:
    still = compute(gx=0, gy=0)
    assert (still["reduction"], still["safe_x"], still["angle_between"]) == (0, 0, 0)
    unprotected = compute(cx=0, cy=0)
    assert (unprotected["safe_x"], unprotected["safe_y"], unprotected["reduction"]) == (0.5, 0.8, 0)
    assert compute(gx=1, gy=0.5)["reduction"] == pytest.approx(100, abs=1e-12)


def test_the_tutorials_matrices() -> None:
    """Norms and leaks as in a float64 reference; HF PEFT's factors leak nothing under SGD."""
    outputs = compute(mode="matrix")
    reference = {
        "gradient_norm": 0.393700393701,
        "block_norm": 0.392687981896,
        "block_left_leak": 0.191282828915,
        "block_right_leak": 0.194526705358,
        "two_sided_norm": 0.282443076372,
    }
    for name, value in reference.items():
        assert outputs[name] == pytest.approx(value, rel=1e-11), name
    for name in ("two_sided", "factors"):
        for side in ("left", "right"):
            assert outputs[f"{name}_{side}_leak"] < 1e-15
    np.testing.assert_allclose(outputs["singular_values"], [2.12155901245, 1.41745513414, 0.199520172967], rtol=1e-11)


def test_adam_leaks_as_in_peft() -> None:
    """Ten steps of HF PEFT's AdamW at 0.01 on the same constant gradient."""
    outputs = compute(mode="matrix", optimizer="adam")
    assert outputs["factors_norm"] == pytest.approx(0.47744260899, abs=5e-6)
    assert outputs["factors_left_leak"] / outputs["factors_norm"] == pytest.approx(0.152773069412, abs=5e-6)
    assert outputs["factors_right_leak"] / outputs["factors_norm"] == pytest.approx(0.111142697282, abs=5e-6)
    mended = compute(mode="matrix", optimizer="adam_reprojected")
    for name in ("two_sided", "factors"):
        for side in ("left", "right"):
            assert mended[f"{name}_{side}_leak"] < 1e-14


@pytest.mark.parametrize(("size", "rank", "seed"), [(2, 1, 1), (5, 2, 7), (12, 9, 3), (24, 12, 4)])
def test_forms_by_projectors(size: int, rank: int, seed: int) -> None:
    outputs = compute(mode="matrix", size=size, rank=rank, seed=seed)
    weights, gradient = outputs["weights"], outputs["gradient"]
    # Spans of the top singular vectors from the Gram matrices.
    left = np.linalg.eigh(weights @ weights.T)[1][:, ::-1]
    right = np.linalg.eigh(weights.T @ weights)[1][:, ::-1]
    on_left, on_right = left[:, :rank] @ left[:, :rank].T, right[:, :rank] @ right[:, :rank].T
    off_left, off_right = np.eye(size) - on_left, np.eye(size) - on_right
    low_left, low_right = left[:, rank:], right[:, rank:]
    squares = outputs["singular_values"][rank:] ** 2
    diagonal = sum(
        (low_left[:, i] @ gradient @ low_right[:, i]) * np.outer(low_left[:, i], low_right[:, i]) for i in range(size - rank)
    )
    changes = {
        "block": gradient - on_left @ gradient @ on_right,
        "two_sided": off_left @ gradient @ off_right,
        "factors": off_left @ gradient @ (low_right * squares) @ low_right.T
        + diagonal
        + (low_left * squares) @ low_left.T @ gradient @ off_right,
    }
    for name, change in changes.items():
        assert outputs[f"{name}_norm"] == pytest.approx(float(np.linalg.norm(change)), rel=1e-9)
        assert outputs[f"{name}_left_leak"] == pytest.approx(float(np.linalg.norm(on_left @ change)), abs=1e-10)
        assert outputs[f"{name}_right_leak"] == pytest.approx(float(np.linalg.norm(change @ on_right)), abs=1e-10)
    # A step that leaves the protected triplets alone turns their span only by lifting another
    # singular value above theirs.
    for name in ("two_sided", "factors"):
        change = changes[name]
        moved = weights - 0.1 * np.linalg.norm(weights) / np.linalg.norm(change) * change
        values = np.linalg.svd(moved, compute_uv=False)
        lifted = not np.allclose(values[:rank], outputs["singular_values"][:rank], rtol=1e-9)
        assert outputs[f"{name}_turn"] == pytest.approx(math.pi / 2 if lifted else 0, abs=1e-6)
    # In the basis of singular vectors the forms leave out what they protect.
    assert np.abs(outputs["block_rotated"][:rank, :rank]).max() < 1e-14
    assert np.abs(outputs["two_sided_rotated"][:rank]).max() < 1e-14
    assert np.abs(outputs["two_sided_rotated"][:, :rank]).max() < 1e-14
    np.testing.assert_allclose(outputs["two_sided_rotated"][rank:, rank:], outputs["gradient_rotated"][rank:, rank:], atol=1e-14)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adam_reprojected"])
def test_nothing_and_everything_protected(optimizer: str) -> None:
    free = compute(mode="matrix", rank=0, optimizer=optimizer)
    held = compute(mode="matrix", rank=3, optimizer=optimizer)
    for name in FORMS:
        assert (free[f"{name}_left_leak"], free[f"{name}_right_leak"], free[f"{name}_turn"]) == (0, 0, 0)
        assert held[f"{name}_norm"] < 1e-6
    if optimizer == "sgd":
        assert free["block_norm"] == free["two_sided_norm"] == pytest.approx(free["gradient_norm"], rel=1e-14)


def test_the_block_form_turns_what_it_should_protect() -> None:
    outputs = compute(mode="matrix", size=8, rank=3, seed=2)
    assert outputs["block_turn"] > 1e-3
    assert outputs["two_sided_turn"] < 1e-7
