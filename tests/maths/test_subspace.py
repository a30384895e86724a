"""The split recomposes, projections zero what they say and no more, and explain measures all of it."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from osft import subspace as s

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**32 - 1)
TUTORIAL_W = [[2.0, 0.5, 0.0], [0.0, 1.5, 0.1], [0.0, 0.0, 0.2]]
TUTORIAL_G = [[0.1, -0.2, 0.05], [0.05, 0.1, -0.1], [-0.2, 0.0, 0.2]]


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any, int]:
    """Draw weights, a gradient and a preserved rank."""
    m, n = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rank = draw(st.integers(0, min(m, n)))
    rng = np.random.default_rng(draw(seeds))
    return rng.standard_normal((m, n)), rng.standard_normal((m, n)), rank


@quick
@given(problems())
def test_split_recomposes(problem: tuple[Any, Any, int]) -> None:
    weights, _, rank = problem
    parts = s.split(weights, rank)
    smaller = min(weights.shape)
    assert_allclose(parts.weights, weights, atol=1e-13)
    assert parts.rank == rank
    assert parts.shape == weights.shape
    assert_allclose(parts.U_high.T @ parts.U_high, np.eye(rank), atol=1e-13)
    assert_allclose(parts.V_low.T @ parts.V_low, np.eye(smaller - rank), atol=1e-13)
    assert_allclose(parts.U_high.T @ parts.U_low, 0.0, atol=1e-13)
    assert_allclose(parts.V_high.T @ parts.V_low, 0.0, atol=1e-13)
    assert (np.diff(parts.singular_values) <= 0).all()
    assert_allclose(parts.reconstruction_error, np.linalg.norm(weights - parts.high), atol=1e-13)
    assert_allclose(parts.energy_kept, np.linalg.norm(parts.high) ** 2 / np.linalg.norm(weights) ** 2, atol=1e-13)
    assert parts.trainable_parameters == (smaller - rank) * (sum(weights.shape) + 1)
    columns = np.concatenate([parts.U_high, parts.U_low], axis=1)
    assert (columns[np.abs(columns).argmax(axis=0), np.arange(smaller)] > 0).all()


def test_split_keeps_zero_matrices_and_single_precision() -> None:
    assert s.split(np.zeros((3, 2)), 1).energy_kept == 1.0
    weights = np.random.default_rng(0).standard_normal((8, 8))
    single, double = s.split(weights, 3, dtype="float32"), s.split(weights, 3)
    assert single.S_high.dtype == np.float64
    error = np.abs(single.high - double.high).max()
    assert 1e-9 < error < 5e-6


@quick
@given(problems())
def test_projections_zero_what_they_say(problem: tuple[Any, Any, int]) -> None:
    weights, gradient, rank = problem
    parts = s.split(weights, rank)
    block, two_sided = s.project_block(gradient, parts), s.project_two_sided(gradient, parts)
    size = np.linalg.norm(gradient)
    assert s.leak(block, parts).block < 1e-13 * size
    for step in (two_sided, s.factor_step(parts, s.project_factors(gradient, parts))):
        found = s.leak(step, parts)
        assert max(found.left, found.right, found.block) < 1e-12 * size
    # Both are projections: applying them twice changes nothing, and what they remove is orthogonal to what stays.
    assert_allclose(s.project_block(block, parts), block, atol=1e-13)
    assert_allclose(s.project_two_sided(two_sided, parts), two_sided, atol=1e-13)
    for kept in (block, two_sided):
        assert_allclose(np.sum(kept * (gradient - kept)), 0.0, atol=1e-12 * size**2)
    full_left, full_right = bases(parts)
    in_svd_basis = full_left.T @ block @ full_right
    reference = full_left.T @ gradient @ full_right
    reference[:rank, :rank] = 0.0
    assert_allclose(in_svd_basis, reference, atol=1e-12)
    reference[:rank], reference[:, :rank] = 0.0, 0.0
    assert_allclose(full_left.T @ two_sided @ full_right, reference, atol=1e-12)


def bases(parts: s.Split) -> tuple[Any, Any]:
    """Return complete orthonormal bases that start with the frozen vectors."""
    found = []
    for frozen in (parts.U_high, parts.V_high):
        complement = np.eye(len(frozen)) - frozen @ frozen.T
        u, values, _ = np.linalg.svd(complement)
        found.append(np.concatenate([frozen, u[:, values > 0.5]], axis=1))
    return found[0], found[1]


@quick
@given(problems())
def test_factor_gradients_are_those_of_the_loss(problem: tuple[Any, Any, int]) -> None:
    """Central differences of <G, W> in random directions of the factors."""
    weights, gradient, rank = problem
    parts = s.split(weights, rank)
    raw = s.raw_factors(gradient, parts)
    rng = np.random.default_rng(0)
    nudges = [rng.standard_normal(factor.shape) for factor in (parts.U_low, parts.S_low, parts.V_low)]

    def loss(step: float) -> float:
        u, values, v = (factor + step * nudge for factor, nudge in zip(parts[3:], nudges, strict=True))
        return float(np.sum(gradient * ((u * values) @ v.T)))

    expected = (loss(1e-5) - loss(-1e-5)) / 2e-5
    found = sum(float(np.sum(slope * nudge)) for slope, nudge in zip(raw, nudges, strict=True))
    assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_the_numbers_of_the_tutorial() -> None:
    """Its 3 x 3 example: the printed formula removes 0.26 % and leaves half of the gradient on the frozen directions."""
    parts = s.split(TUTORIAL_W, 1)
    found = s.explain(parts, TUTORIAL_G)
    assert_allclose(found.full.leak.norm, 0.39370, atol=5e-6)
    assert_allclose(found.block.leak.norm, 0.39269, atol=5e-6)
    assert_allclose(found.block.leak.left, 0.1913, atol=5e-5)
    assert_allclose(found.block.leak.right, 0.1945, atol=5e-5)
    assert_allclose(found.two_sided.leak.norm, 0.28244, atol=5e-6)
    assert_allclose(1 - found.block.norm_kept, 0.0026, atol=5e-5)


def test_energy_removed_from_random_gradients() -> None:
    """rho^2 / mn for the block form, 1 - (m - rho)(n - rho) / mn for the two-sided one: 6.25 % and 43.75 %."""
    rng = np.random.default_rng(0)
    removed = np.zeros(2)
    for _ in range(20):
        parts, gradient = s.split(rng.standard_normal((64, 64)), 16), rng.standard_normal((64, 64))
        for index, project in enumerate((s.project_block, s.project_two_sided)):
            removed[index] += 1 - (np.linalg.norm(project(gradient, parts)) / np.linalg.norm(gradient)) ** 2
    assert_allclose(removed / 20, [0.0625, 0.4375], atol=0.005)


@quick
@given(problems())
def test_explain(problem: tuple[Any, Any, int]) -> None:
    weights, gradient, rank = problem
    parts = s.split(weights, rank)
    found = s.explain(parts, gradient, relative_step=1e-3)
    m, n = weights.shape
    assert found.full.norm_kept == pytest.approx(1.0)
    assert found.two_sided.norm_kept <= found.block.norm_kept + 1e-12 <= 1.0 + 2e-12
    assert found.full.directions == m * n
    assert found.block.directions == m * n - rank**2
    assert found.two_sided.directions == found.factors.directions == (m - rank) * (n - rank)
    for effect in (found.two_sided, found.factors):
        assert max(effect.leak.left, effect.leak.right) < 1e-11 * (1 + np.linalg.norm(gradient)) * (1 + np.linalg.norm(weights))
    for effect in found[:4]:
        assert 0.0 <= effect.left_turn <= math.pi / 2 + 1e-12
        assert np.isfinite(effect.step).all()


def test_only_two_sided_steps_leave_the_top_subspace_alone() -> None:
    """A normalised step on an 8 x 8 matrix: the block form turns the top three directions as much as no projection."""
    rng = np.random.default_rng(3)
    weights, gradient = rng.standard_normal((8, 8)), rng.standard_normal((8, 8))
    found = s.explain(s.split(weights, 3), gradient, relative_step=0.1 / np.linalg.norm(weights))
    assert found.block.left_turn > 1e-3
    assert 0.3 < found.block.left_turn / found.full.left_turn < 3.0
    for effect in (found.two_sided, found.factors):
        assert max(effect.left_turn, effect.right_turn) < 1e-12
        assert effect.value_change < 1e-12
    still = s.explain(s.split(weights, 3), gradient, relative_step=0.0)
    assert still.full.left_turn == still.full.right_turn == still.full.value_change == 0.0


def test_a_large_step_outgrows_the_frozen_values() -> None:
    """Even a two-sided step can lift others above the frozen ones: the next SVD would freeze something else."""
    rng = np.random.default_rng(4)
    parts = s.split(rng.standard_normal((8, 8)), 3)
    found = s.explain(parts, rng.standard_normal((8, 8)), relative_step=10.0)
    assert found.two_sided.left_turn > 1.0
    assert found.two_sided.leak.left < 1e-13


def test_zero_gradient() -> None:
    found = s.explain(s.split(TUTORIAL_W, 1), np.zeros((3, 3)))
    assert [effect.norm_kept for effect in found[:4]] == [1.0] * 4
    assert [effect.left_turn for effect in found[:4]] == [0.0] * 4


def test_a_step_of_mere_rounding_turns_nothing() -> None:
    found = s.explain(s.split([[1, 2], [3, 4], [5, 6]], 2), [[1, 0], [0, 1], [1, 1]])
    for effect in (found.two_sided, found.factors):
        assert effect.left_turn == effect.right_turn == effect.value_change == 0.0
    assert found.full.left_turn > 0.1


@quick
@given(problems(), st.integers(-4, 4))
def test_a_gradient_inside_the_frozen_subspace_moves_nothing(problem: tuple[Any, Any, int], power: int) -> None:
    weights, gradient, rank = problem
    parts = s.split(10.0**power * weights, rank)
    inside = parts.U_high @ (parts.U_high.T @ gradient)
    found = s.explain(parts, inside)
    for effect in (found.two_sided, found.factors):
        assert effect.left_turn == effect.right_turn == effect.value_change == 0.0


def test_without_a_step_before_the_projection_all_of_it_is_kept() -> None:
    """A gradient in the frozen block reaches no trainable factor: the ratio of two roundings says nothing."""
    rng = np.random.default_rng(5)
    parts = s.split(rng.standard_normal((8, 8)), 3)
    assert s.explain(parts, parts.U_high @ rng.standard_normal((3, 3)) @ parts.V_high.T).factors.norm_kept == 1.0


def test_a_small_step_is_still_a_step() -> None:
    rng = np.random.default_rng(6)
    weights, gradient = 1e-5 * rng.standard_normal((8, 8)), 1e-30 * rng.standard_normal((8, 8))
    found = s.explain(s.split(weights, 3), gradient, relative_step=10.0)
    assert min(effect.left_turn for effect in found[:4]) > 1e-3


@quick
@given(problems(), st.integers(0, 3))
def test_directions_equal_the_rank_of_the_jacobian(problem: tuple[Any, Any, int], zeros: int) -> None:
    """W as a function of the projected factors, at full rank and with zero singular values."""
    weights, _, rank = problem
    parts = s.split(weights, rank)
    low = parts.S_low.copy()
    if len(low) and rank:
        low[max(0, len(low) - zeros) :] = 0.0
        parts = parts._replace(S_low=low)
    m, n = weights.shape
    columns = []
    for index, factor in enumerate((parts.U_low, parts.S_low, parts.V_low)):
        for place in np.ndindex(factor.shape):
            slopes = [np.zeros_like(parts.U_low), np.zeros_like(parts.S_low), np.zeros_like(parts.V_low)]
            slopes[index][place] = 1.0
            slopes[0] -= parts.U_high @ (parts.U_high.T @ slopes[0])
            slopes[2] -= parts.V_high @ (parts.V_high.T @ slopes[2])
            columns.append(s.factor_step(parts, s.FactorGradients(*slopes)).ravel())
    jacobian = np.array(columns).reshape(len(columns), m * n)
    expected = int(np.linalg.matrix_rank(jacobian, tol=1e-8)) if columns else 0
    if not len(low) or low[low > 0].min(initial=1.0) > 1e-6:
        assert s.directions("factors", parts) == expected


@quick
@given(problems())
def test_protected_inputs_and_outputs(problem: tuple[Any, Any, int]) -> None:
    """What is said to be protected is, for any gradient; what is not, is not."""
    weights, gradient, rank = problem
    parts = s.split(weights, rank)
    found = s.explain(parts, gradient)
    m, n = weights.shape
    for name in s.PROJECTIONS:
        effect = getattr(found, name)
        protection = effect.protection
        scale = 1e-11 * (1 + np.linalg.norm(effect.step))
        assert np.linalg.norm(effect.step @ protection.inputs) < scale
        assert np.linalg.norm(protection.outputs.T @ effect.step) < scale
        assert protection.statement.endswith(".")
        both = rank if name in ("two_sided", "factors") else 0
        by_side = (rank if name == "block" and rank == m else both, rank if name == "block" and rank == n else both)
        assert (protection.inputs.shape[1], protection.outputs.shape[1]) == by_side
    if 0 < rank < min(m, n):
        assert np.linalg.norm(found.block.step @ parts.V_high) > 1e-9
        assert "No input keeps" in found.block.protection.statement


def test_output_change() -> None:
    rng = np.random.default_rng(0)
    weights, gradient = rng.standard_normal((6, 8)), rng.standard_normal((6, 8))
    parts = s.split(weights, 3)
    step = -0.1 * s.project_two_sided(gradient, parts)
    inside, generic = parts.V_high @ rng.standard_normal((3, 5)), rng.standard_normal((8, 5))
    assert (s.output_change(step, parts, inside) < 1e-14).all()
    expected = np.linalg.norm(step @ generic, axis=0) / np.linalg.norm(weights @ generic, axis=0)
    assert_allclose(s.output_change(step, parts, generic), expected, rtol=1e-12)
    assert s.output_change(np.zeros((6, 8)), parts, generic).tolist() == [0.0] * 5
    dead = s.split(np.diag([1.0, 0.0]), 1)
    assert s.output_change([[0.0, 0.0], [0.0, 1.0]], dead, [[0.0], [1.0]]).tolist() == [math.inf]


@pytest.mark.parametrize("optimizer", s.OPTIMIZERS)
def test_optimizers(optimizer: Any) -> None:
    """Plain descent and re-projection stay inside the subspace; Adam by itself does not. All lower the loss."""
    rng = np.random.default_rng(0)
    weights, gradient = rng.standard_normal((10, 8)), rng.standard_normal((10, 8))
    run = s.train_factors(s.split(weights, 4), gradient, optimizer=optimizer, learning_rate=0.01, steps=20)
    assert float(np.sum(gradient * run.step)) < 0.0
    worst = max(run.leak.left, run.leak.right) / run.leak.norm
    if optimizer == "adam":
        assert 0.03 < worst < 0.5
    else:
        assert worst < 1e-13
    assert_allclose(weights + run.step, run.split.weights, atol=1e-13)
    assert_allclose(run.split.U_high, s.split(weights, 4).U_high, rtol=0)


def test_no_steps_change_nothing() -> None:
    run = s.train_factors(s.split(TUTORIAL_W, 1), TUTORIAL_G, steps=0)
    assert run.leak == s.Leak(0.0, 0.0, 0.0, 0.0)


def test_descent_that_runs_away_is_refused() -> None:
    with pytest.raises(ValueError, match="lower learning_rate"):
        s.train_factors(s.split(TUTORIAL_W, 1), TUTORIAL_G, learning_rate=1e5, steps=500)


def test_largest_angle() -> None:
    for angle in (0.0, 1e-9, 0.3, 1.2, math.pi / 2):
        found = s.largest_angle(np.array([[1.0], [0.0]]), np.array([[math.cos(angle)], [math.sin(angle)]]))
        assert_allclose(found, angle, rtol=1e-12, atol=1e-16)
    assert s.largest_angle(np.zeros((3, 0)), np.zeros((3, 0))) == 0.0


def test_layer_importance() -> None:
    rng = np.random.default_rng(0)
    inputs, weights = rng.standard_normal((50, 6)), rng.standard_normal((6, 6))
    expected = [x @ weights @ x / np.linalg.norm(x) / np.linalg.norm(weights.T @ x) for x in inputs]
    assert_allclose(s.layer_importance(inputs, weights.T), np.mean(expected), rtol=1e-12)
    assert_allclose(s.layer_importance(inputs, 3.0 * np.eye(6)), 1.0, rtol=1e-12)
    assert_allclose(s.layer_importance(inputs, -np.eye(6)), -1.0, rtol=1e-12)
    with pytest.raises(ValueError, match="must be square"):
        s.layer_importance(inputs, rng.standard_normal((4, 6)))
    with pytest.raises(ValueError, match="Input 0 or its output has length zero"):
        s.layer_importance(inputs, np.zeros((6, 6)))
    normalized = s.normalize_importance([0.5, 1.0, 3.0])
    assert_allclose(normalized.mean(), 1.0)
    assert_allclose(normalized / normalized[0], [1.0, 2.0, 6.0])
    with pytest.raises(ValueError, match="positive mean"):
        s.normalize_importance([-1.0, 0.5])


@quick
@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(1, 5000), st.integers(1, 5000))
def test_adaptive_rank_rises_with_importance(first: float, second: float, n: int, m: int) -> None:
    low, high = sorted((first, second))
    ranks = [s.adaptive_rank(value, n, m) for value in (low, high)]
    assert 0 <= ranks[0] <= ranks[1] <= min(n, m)
    assert s.adaptive_rank(1.0, n, m) == (8 * min(n, m)) // 10


def test_unfreeze_ratio_and_schedules() -> None:
    assert s.rank_from_unfreeze_ratio(0.25, 64, 32) == 24
    assert s.rank_from_unfreeze_ratio(0.0, 64, 32) == 31
    assert s.rank_from_unfreeze_ratio(1.0, 64, 32) == 0
    assert s.rank_from_unfreeze_ratio(0.3, 10, 10) == 7
    # 1 - 0.9 is a little less than 0.1 in float64; one direction is meant.
    assert s.rank_from_unfreeze_ratio(0.9, 10, 10) == 1
    assert_allclose(s.retention_schedule(4), [0.2, 0.4, 0.6, 0.8], rtol=1e-15)
    assert_allclose(s.retention_schedule(3, kind="constant", ratio=0.25), [0.25] * 3, rtol=0)
