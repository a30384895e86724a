"""Hyperspherical energy by its definition, what leaves it alone, and its edge cases."""

import math
from decimal import Decimal, getcontext
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from osft import energy as e
from osft.orthogonal import block_diagonal, haar

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**32 - 1)
exponents = st.one_of(st.sampled_from([0, 1, 2]), st.floats(0.1, 6.0))


def draw(neurons: int, features: int, seed: int) -> Any:
    """Return a Gaussian weight matrix."""
    return np.random.default_rng(seed).standard_normal((neurons, features))


def plain_energy(weights: Any, s: float) -> float:
    """Return the definition, pair by pair, from differences."""
    units = [[x / math.hypot(*row) for x in row] for row in weights.tolist()]
    distances = [math.dist(u, v) for u, v in permutations(units, 2)]
    return math.fsum(-math.log(d) if s == 0 else d ** (-s) for d in distances)


def plain_cosine(weights: Any) -> float:
    """Return the mean |cosine|, pair by pair."""
    units = [[x / math.hypot(*row) for x in row] for row in weights.tolist()]
    values = [
        abs(math.sumprod(u, v)) if hasattr(math, "sumprod") else abs(sum(a * b for a, b in zip(u, v, strict=True)))
        for u, v in permutations(units, 2)
    ]
    return math.fsum(values) / len(values)


@quick
@given(neurons=st.integers(2, 12), features=st.integers(2, 6), seed=seeds, s=exponents)
def test_definition(neurons: int, features: int, seed: int, s: float) -> None:
    weights = draw(neurons, features, seed)
    expected = plain_energy(weights, s)
    scale = plain_energy(weights, s or 1)
    assert_allclose(e.hyperspherical_energy(weights, s), expected, rtol=1e-9, atol=1e-12 * scale)
    pairs = neurons * (neurons - 1)
    assert_allclose(e.hyperspherical_energy(weights, s, mean=True), expected / pairs, rtol=1e-9, atol=1e-12 * scale)
    assert_allclose(e.mean_absolute_cosine(weights), plain_cosine(weights), rtol=1e-9, atol=1e-14)


@quick
@given(neurons=st.integers(2, 12), features=st.sampled_from([2, 4, 6]), seed=seeds, s=exponents)
def test_input_side_rotation_and_row_scaling_change_nothing(neurons: int, features: int, seed: int, s: float) -> None:
    weights = draw(neurons, features, seed)
    before, cosine = e.hyperspherical_energy(weights, s), e.mean_absolute_cosine(weights)
    rotation, blocks = haar(features, seed=seed), block_diagonal([haar(2, seed=seed + i) for i in range(features // 2)])
    scales = np.random.default_rng(seed).uniform(0.1, 10.0, (neurons, 1))
    # Two rows may be close: their distance, and so the energy, is only as exact as the rotated rows.
    closest = min(math.dist(u, v) for u, v in permutations(e.unit_rows(weights[None])[0].tolist(), 2))
    rtol = 1e-12 + 1e-14 * max(s, 1) / closest
    for other in (weights @ rotation.T, weights @ blocks.T, scales * weights):
        assert_allclose(e.hyperspherical_energy(other, s), before, rtol=rtol, atol=1e-11 * neurons**2)
        assert_allclose(e.mean_absolute_cosine(other), cosine, rtol=1e-11, atol=1e-14)


def test_output_side_rotation_changes_it() -> None:
    weights = draw(6, 4, 0)
    mixed = haar(6, seed=1) @ weights
    assert abs(e.hyperspherical_energy(mixed) / e.hyperspherical_energy(weights) - 1.0) > 1e-3
    assert abs(e.hyperspherical_energy(weights * [1.0, 2.0, 3.0, 4.0]) / e.hyperspherical_energy(weights) - 1.0) > 1e-3
    # Neither does an equal spectrum mean equal energy.
    assert_allclose(np.linalg.svd(mixed, compute_uv=False), np.linalg.svd(weights, compute_uv=False), rtol=1e-12)


def test_the_two_measures_can_disagree() -> None:
    """An antipodal pair has the least energy and the greatest |cosine|; an orthogonal pair the other way round."""
    antipodal, square = [[1.0, 0.0], [-1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    assert e.hyperspherical_energy(antipodal) < e.hyperspherical_energy(square)
    assert e.mean_absolute_cosine(antipodal) > e.mean_absolute_cosine(square)


def test_regular_polygons_in_closed_form() -> None:
    """n equal angles: distances 2 sin(pi j / n), each n times, and a regular polygon has the least energy."""
    for n in (2, 3, 5, 8):
        angles = 2 * np.pi * np.arange(n) / n
        rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        chords = [2 * math.sin(math.pi * j / n) for j in range(1, n)]
        assert_allclose(e.hyperspherical_energy(rows), n * sum(1 / c for c in chords), rtol=1e-12)
        assert_allclose(e.hyperspherical_energy(rows, 2), n * sum(c**-2 for c in chords), rtol=1e-12)
        # The product of the chords of a regular n-gon is n.
        assert_allclose(e.hyperspherical_energy(rows, 0), -n * math.log(n), rtol=1e-12)
        if n > 2:
            moved = rows + 0.1 * draw(n, 2, n)
            assert e.hyperspherical_energy(moved) > e.hyperspherical_energy(rows)


@pytest.mark.parametrize("gap", ["1e-6", "1e-9", "1e-12"])
def test_close_rows_keep_their_digits(gap: str) -> None:
    """sqrt(2 - 2 cos) would be 0 or noise here; the exact distance comes from decimal arithmetic."""
    getcontext().prec = 60
    second = Decimal(float(1.0 + float(gap)))
    first_unit = [1 / Decimal(2).sqrt()] * 2
    length = (1 + second * second).sqrt()
    second_unit = [1 / length, second / length]
    distance = sum((a - b) ** 2 for a, b in zip(first_unit, second_unit, strict=True)).sqrt()
    weights = [[1.0, 1.0], [1.0, float(second)]]
    assert_allclose(e.hyperspherical_energy(weights), float(2 / distance), rtol=1e-9)
    assert_allclose(e.hyperspherical_energy(weights, 2), float(2 / distance**2), rtol=1e-9)


def test_duplicates_are_infinite_and_named() -> None:
    weights = [[1.0, 0.2, 3.0], [0.0, 1.0, 0.0], [3.0, 0.6, 9.0], [0.0, 5.0, 0.0], [0.0, -5.0, 0.0]]
    for s in (0, 1, 2, 0.5):
        assert e.hyperspherical_energy(weights, s) == math.inf
        assert e.hyperspherical_energy(weights, s, mean=True) == math.inf
    assert e.duplicate_directions(weights) == [(0, 2), (1, 3)]
    assert e.duplicate_directions(draw(20, 3, 0)) == []
    assert math.isfinite(e.mean_absolute_cosine(weights))


@quick
@given(seed=seeds, scale=st.floats(0.01, 1e3), features=st.integers(1, 9))
def test_a_scaled_copy_is_a_duplicate(seed: int, scale: float, features: int) -> None:
    row = draw(1, features, seed)
    assert e.hyperspherical_energy(np.concatenate([row, scale * row])) == math.inf


def test_extreme_lengths_are_no_trouble() -> None:
    weights = draw(5, 3, 1)
    expected = e.hyperspherical_energy(weights)
    for scale in (1e-200, 1e200):
        assert_allclose(e.hyperspherical_energy(scale * weights), expected, rtol=1e-12)
        assert_allclose(e.mean_absolute_cosine(scale * weights), e.mean_absolute_cosine(weights), rtol=1e-12)
    mixed = weights * np.array([[1e-200], [1.0], [1e200], [1e-300], [1e300]])
    assert_allclose(e.hyperspherical_energy(mixed), expected, rtol=1e-12)


def test_too_large_an_exponent_is_refused() -> None:
    with pytest.raises(ValueError, match="s = 400 is too large"):
        e.hyperspherical_energy([[1.0, 0.0], [1.0, 0.01]], 400)


def test_an_energy_that_overflows_in_the_sum_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [[1.0, 0.0], [1.0, 0.01]]  # at 0.01: 100^154 = 1e308 is finite, twice that is not
    several = [*pair, [0.0, 1.0], [0.01, 1.0]]
    with pytest.raises(ValueError, match="s = 154 is too large"):
        e.hyperspherical_energy(pair, 154)
    assert e.hyperspherical_energy([*several, [2.0, 0.0]], 154) == math.inf
    duplicates = [*pair, [2.0, 0.0], [0.0, 1.0]]
    with pytest.raises(ValueError, match="s = 154 is too large"):
        e.hyperspherical_energies([several, duplicates], 154)
    for pairs in (1, 2**20):
        monkeypatch.setattr(e, "BLOCK_PAIRS", pairs)
        assert e.hyperspherical_energy(duplicates, 154) == math.inf
        with pytest.raises(ValueError, match="s = 154 is too large"):
            e.hyperspherical_energy(several, 154)


def test_epsilon_and_extreme_lengths() -> None:
    weights = draw(5, 3, 1)
    expected = e.mean_absolute_cosine(weights)
    assert_allclose(e.mean_absolute_cosine(1e200 * weights, epsilon=1e-8), expected, rtol=1e-12)
    assert_allclose(e.mean_absolute_cosine(1e-200 * weights, epsilon=1e-220), expected, rtol=1e-12)
    assert e.mean_absolute_cosine(1e-300 * weights, epsilon=1e200) == 0.0
    # As long as an epsilon of their length: half of each row's cosine is left.
    ones = e.mean_absolute_cosine([[1e200, 0.0], [1e200, 0.0]], epsilon=1e200)
    assert_allclose(ones, 0.25, rtol=1e-12)
    assert e.mean_absolute_cosine([[0.0, 0.0], [1.0, 0.0]], epsilon=1e-8) == 0.0


def test_blocks_do_not_change_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = draw(70, 3, 0)
    weights[30] = weights[3] + 1e-9
    whole = e.hyperspherical_energy(weights), e.mean_absolute_cosine(weights)
    for pairs in (1, 200, 1000):
        monkeypatch.setattr(e, "BLOCK_PAIRS", pairs)
        assert_allclose((e.hyperspherical_energy(weights), e.mean_absolute_cosine(weights)), whole, rtol=1e-12)
    monkeypatch.undo()
    # Above 512 rows a matrix is always cut.
    large = draw(600, 4, 0)
    assert_allclose(e.hyperspherical_energy(large), plain_by_rows(large), rtol=1e-10)


def plain_by_rows(weights: Any) -> float:
    """Return E_1 row by row, from differences."""
    units = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    total = 0.0
    for index, unit in enumerate(units):
        others = np.delete(units, index, axis=0)
        total += float((1.0 / np.linalg.norm(others - unit, axis=1)).sum())
    return total


def test_stacks_equal_their_matrices() -> None:
    stack = np.random.default_rng(0).standard_normal((7, 9, 3))
    for s in (0, 1, 2.5):
        assert_allclose(e.hyperspherical_energies(stack, s), [e.hyperspherical_energy(w, s) for w in stack], rtol=1e-12)
    assert_allclose(e.mean_absolute_cosines(stack), [e.mean_absolute_cosine(w) for w in stack], rtol=1e-12)


@pytest.mark.parametrize(("features", "expected"), [(2, 0.637), (4, 0.424), (8, 0.291), (64, 0.100)])
def test_expected_absolute_cosine(features: int, expected: float) -> None:
    assert round(e.expected_absolute_cosine(features), 3) == expected
    found = e.mean_absolute_cosine(draw(400, features, 0))
    assert_allclose(found, e.expected_absolute_cosine(features), rtol=0.05)


def test_oft_updates_keep_the_energy_and_others_do_not() -> None:
    """At the same relative size, only the rotation leaves the energy as it was."""
    weights, rng = draw(64, 64, 0), np.random.default_rng(1)
    before = e.hyperspherical_energy(weights)
    low_rank = rng.standard_normal((64, 4)) @ rng.standard_normal((4, 64))
    low_rank *= np.linalg.norm(weights) / np.linalg.norm(low_rank)
    assert abs(e.hyperspherical_energy(weights + low_rank) / before - 1.0) > 1e-3
    assert abs(e.hyperspherical_energy(weights @ haar(64, seed=2).T) / before - 1.0) < 1e-13
