"""The energy page against loops over pairs of neurons."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from explorer.energy import UPDATES, compute, draw_turns, rotate_rows, verdict


def weights(neurons: int, features: int, seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 0]).standard_normal((neurons, features))


def energy(rows: np.ndarray, s: int) -> float:
    units = [[x / math.hypot(*row) for x in row] for row in rows.tolist()]
    total = 0.0
    for first, second in itertools.permutations(units, 2):
        distance = math.dist(first, second)
        total += math.log(1 / distance) if s == 0 else distance**-s
    return total


def cosine(rows: np.ndarray) -> float:
    units = [[x / math.hypot(*row) for x in row] for row in rows.tolist()]
    pairs = list(itertools.combinations(units, 2))
    return math.fsum(abs(math.fsum(a * b for a, b in zip(u, v, strict=True))) for u, v in pairs) / len(pairs)


@pytest.mark.parametrize("s", [0, 1, 2])
def test_energy_of_the_original(s: int) -> None:
    assert compute(s=s, draws=1)["original_energy"] == pytest.approx(energy(weights(50, 8, 0), s), rel=1e-12)


def test_the_tutorials_measure() -> None:
    outputs = compute(measure="mean_abs_cosine", draws=1)
    assert outputs["original_energy"] == pytest.approx(cosine(weights(50, 8, 0)), rel=1e-12)
    # Γ(4) / (√π Γ(4.5)) = 6 / (√π · 11.6317…)
    assert outputs["expected_mean_abs_cosine"] == pytest.approx(0.2910, abs=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"s": 0},
        {"s": 2},
        {"measure": "mean_abs_cosine"},
        {"features": 40, "strength": 1.2},
        {"features": 2, "strength": 1.2},
        {"neurons": 2},
    ],
)
def test_rotating_the_input_side_preserves_every_measure(settings: dict[str, Any]) -> None:
    outputs = compute(**settings)
    assert np.abs(outputs["oft_changes"]).max() < 1e-9
    assert outputs["oft_verdict"] == "Preserved to rounding in every draw."
    assert outputs["oft_spectrum_change"] < 1e-12


def test_rotating_the_output_side_keeps_the_spectrum_and_not_the_energy() -> None:
    outputs = compute(side="output")
    assert np.abs(outputs["oft_changes"]).max() > 1e-4
    assert outputs["oft_spectrum_change"] < 1e-12
    assert not outputs["oft_verdict"].startswith("Preserved")


@pytest.mark.parametrize("strength", [0.05, 0.3, 1.2])
@pytest.mark.parametrize("side", ["input", "output"])
def test_all_updates_have_the_same_size(strength: float, side: str) -> None:
    outputs = compute(strength=strength, side=side)
    assert outputs["oft_unreached"] == 0
    for name in UPDATES:
        assert outputs[f"{name}_size"] == pytest.approx(strength, rel=1e-9)


def test_the_turned_rows_are_turned() -> None:
    matrix = weights(6, 70, 1)
    turned, short = rotate_rows(draw_turns(matrix, 3, 1), 0.7)
    assert short == 0
    for each in turned:
        # Inner products of all rows stay, so there is one rotation that turned them all.
        np.testing.assert_allclose(each @ each.T, matrix @ matrix.T, atol=1e-11)
        assert np.linalg.norm(each - matrix) == pytest.approx(0.7 * np.linalg.norm(matrix), rel=1e-10)


def test_out_of_reach_is_told() -> None:
    """A rotation of space leaves an axis where it is; two neurons along it cannot be moved far."""
    outputs = [compute(neurons=2, features=3, strength=1.2, seed=seed, draws=30) for seed in range(4)]
    short = [each for each in outputs if each["oft_unreached"]]
    assert short
    for each in short:
        assert each["oft_size"] < 1.2
        assert each["oft_verdict"].endswith("Some draws cannot be turned so far.")


def test_no_update_changes_nothing() -> None:
    outputs = compute(strength=0)
    for name in UPDATES:
        assert np.all(outputs[f"{name}_changes"] == 0)
        assert outputs[f"{name}_size"] == 0


def test_low_rank_updates_have_their_rank() -> None:
    """With as many draws of rank 1 as of full rank, the singular values tell the updates apart."""
    thin = np.random.default_rng([0, 3]).standard_normal((1, 58, 1))
    update = thin[0, :50] @ thin[0, 50:].T
    matrix = weights(50, 8, 0)
    moved = matrix + update * (0.3 * np.linalg.norm(matrix) / np.linalg.norm(update))
    assert compute(rank=1, draws=1)["lora_energy"] == pytest.approx(energy(moved, 1), rel=1e-12)


def test_summaries_of_the_draws() -> None:
    outputs = compute(draws=41)
    for name in UPDATES:
        changes = sorted(outputs[f"{name}_changes"].tolist())
        assert len(changes) == 41
        assert outputs[f"{name}_change"] == pytest.approx(math.fsum(changes) / 41, abs=1e-15)
        assert outputs[f"{name}_low"] == pytest.approx(changes[2], abs=1e-15)  # 5 % of 40 steps is 2
        assert outputs[f"{name}_high"] == pytest.approx(changes[38], abs=1e-15)
        first = outputs[f"{name}_changes"][0]
        assert outputs[f"{name}_energy"] == pytest.approx(outputs["original_energy"] * (1 + first), rel=1e-12)


def test_the_verdict_counts_draws() -> None:
    mixed, raised, lowered = "Changed: up in some draws, down in others.", "Raised in at least", "Lowered in at least"
    for changes, said in (
        ([-0.001, 0.1], mixed),
        ([0.001, -0.1], mixed),
        ([-0.1] + [0.001] * 19, raised),
        ([0.1] + [-0.001] * 19, lowered),
        ([-0.001] + [0.1] * 18, mixed),
        ([0.0] * 2 + [0.1] * 18, mixed),
        ([0.1], raised),
        ([-0.1], lowered),
        ([1e-9, -1e-9], "Preserved to rounding in every draw."),
    ):
        assert verdict(np.array(changes)).startswith(said), changes


def test_more_draws_only_add_draws() -> None:
    few, many = compute(draws=3), compute(draws=9)
    for name in UPDATES:
        np.testing.assert_allclose(many[f"{name}_changes"][:3], few[f"{name}_changes"], atol=1e-14)


def test_the_largest_state_is_cut_short_and_says_so() -> None:
    outputs = compute(neurons=500, features=128, draws=200)
    assert 1 <= outputs["draws_used"] < 200
    assert len(outputs["lora_changes"]) == outputs["draws_used"]


def test_directions_on_the_sphere() -> None:
    outputs = compute(features=3)
    for name in ("original", *UPDATES):
        np.testing.assert_allclose(np.linalg.norm(outputs[f"{name}_directions"], axis=1), 1, rtol=1e-14)
    assert "original_directions" not in compute(features=4)
