"""The svd page against the values its matrices are made with, and counting by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from explorer.declare import InvalidParameter
from explorer.svd import compute


@pytest.mark.parametrize("seed", range(5))
def test_toy_values_are_the_tutorials_raised_by_at_most_a_jitter(seed: int) -> None:
    values = compute(seed=seed)["singular_values"]
    random = np.random.default_rng(seed)
    made = sorted(np.array([3.5, 2.1, 1.3, 0.7, 0.25, 0.05]) + random.uniform(0, 0.3, 6), reverse=True)
    np.testing.assert_allclose(values, made, rtol=1e-12)


@pytest.mark.parametrize("rank", range(7))
def test_every_cut_of_the_toy_matrix(rank: int) -> None:
    outputs = compute(rank=rank)
    weights, high, low = (outputs[name] for name in ("weights", "weights_high", "weights_low"))
    np.testing.assert_allclose(high + low, weights, atol=1e-14)
    assert np.linalg.matrix_rank(high, tol=1e-10) == rank
    values = outputs["singular_values"].tolist()
    squares = [value * value for value in values]
    assert outputs["energy_kept"] == pytest.approx(math.fsum(squares[:rank]) / math.fsum(squares), abs=1e-14)
    assert outputs["reconstruction_error"] == pytest.approx(math.sqrt(math.fsum(squares[rank:])), abs=1e-14)
    assert outputs["reconstruction_error"] == pytest.approx(float(np.linalg.norm(weights - high)), abs=1e-13)
    norm = float(np.linalg.norm(weights))
    assert outputs["relative_error"] == pytest.approx(outputs["reconstruction_error"] / norm, abs=1e-14)
    assert outputs["trainable_parameters"] == (6 - rank) * 13
    assert outputs["independent_directions"] == (6 - rank) ** 2
    assert outputs["full_parameters"] == 36
    assert outputs["peft_refuses"] is (rank == 0)


def test_a_rectangular_matrix() -> None:
    outputs = compute(source="random", rank=5, seed=3)
    assert (outputs["out_features"], outputs["in_features"]) == (48, 32)
    np.testing.assert_array_equal(outputs["weights"], np.random.default_rng(3).standard_normal((48, 32)))
    assert outputs["trainable_parameters"] == 27 * 48 + 27 + 27 * 32
    assert outputs["independent_directions"] == 43 * 27
    gram = outputs["weights"].T @ outputs["weights"]
    np.testing.assert_allclose(outputs["singular_values"] ** 2, np.linalg.eigvalsh(gram)[::-1], rtol=1e-10)
    # The frozen and the trained part meet in no direction.
    np.testing.assert_allclose(outputs["weights_high"].T @ outputs["weights_low"], 0, atol=1e-12)
    np.testing.assert_allclose(outputs["weights_high"] @ outputs["weights_low"].T, 0, atol=1e-12)


def test_nine_tenths_of_the_energy() -> None:
    for source in ("toy", "random"):
        outputs = compute(source=source)
        squares = outputs["singular_values"] ** 2
        count = outputs["rank_for_90"]
        assert squares[:count].sum() >= 0.9 * squares.sum() > squares[: count - 1].sum()


@pytest.mark.parametrize("layer", ["1", "2"])
@pytest.mark.parametrize("when", ["initial", "pretrained", "full", "osft"])
def test_digits_are_real_weights_of_the_networks_shape(layer: str, when: str) -> None:
    outputs = compute(source="digits", layer=layer, when=when, rank=10)
    assert (outputs["out_features"], outputs["in_features"]) == (128, 64 if layer == "1" else 128)
    assert outputs["trainable_parameters"] == (outputs["in_features"] - 10) * (128 + outputs["in_features"] + 1)


def test_training_writes_into_few_directions() -> None:
    """A trained layer holds nine tenths of its energy in fewer directions than the untrained one."""
    before, after = (compute(source="digits", when=when)["rank_for_90"] for when in ("initial", "pretrained"))
    assert after < before


def test_the_transformers_matrix_is_shown_in_part_and_counted_whole() -> None:
    outputs = compute(source="transformer", rank=384)
    assert outputs["full_parameters"] == 384 * 384
    assert outputs["weights"].shape == (128, 128)
    assert outputs["energy_kept"] == 1
    assert outputs["trainable_parameters"] == 0
    cut = compute(source="transformer", rank=100)
    np.testing.assert_allclose(cut["weights_high"] + cut["weights_low"], cut["weights"], atol=1e-12)


@pytest.mark.parametrize(("source", "rank"), [("toy", 7), ("random", 33), ("digits", 65), ("transformer", 385)])
def test_no_cut_beyond_the_last_direction(source: str, rank: int) -> None:
    with pytest.raises(InvalidParameter) as caught:
        compute(source=source, rank=rank)
    assert caught.value.field == "rank"


def test_the_seed_does_not_move_real_weights() -> None:
    first, second = (compute(source="digits", seed=seed, rank=3) for seed in (0, 9))
    np.testing.assert_array_equal(first["singular_values"], second["singular_values"])


def test_outputs_cannot_spoil_the_next_answer() -> None:
    first = compute()
    with pytest.raises(ValueError, match="read-only"):
        first["singular_values"][0] = 0
