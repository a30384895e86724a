"""SciPy computes the same by other routes: expm, polar, subspace_angles, ortho_group, pdist, null spaces."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from osft import energy as e
from osft import orthogonal as o
from osft import subspace as s

linalg = pytest.importorskip("scipy.linalg")
stats = pytest.importorskip("scipy.stats")
distance = pytest.importorskip("scipy.spatial.distance")

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**32 - 1)


def gaussian(*shape: int, seed: int) -> Any:
    """Return a Gaussian array."""
    return np.random.default_rng(seed).standard_normal(shape)


@quick
@given(n=st.integers(1, 12), seed=seeds, norm=st.floats(0.0, 30.0))
def test_exponential(n: int, seed: int, norm: float) -> None:
    skew = o.random_skew(n, seed=seed, norm=norm)
    assert_allclose(o.exponential(skew), linalg.expm(skew), atol=1e-12 * (1 + norm))


@quick
@given(n=st.integers(1, 12), seed=seeds)
def test_nearest_and_newton_schulz(n: int, seed: int) -> None:
    matrix = gaussian(n, n, seed=seed)
    unitary, _ = linalg.polar(matrix)
    conditioning = np.linalg.cond(matrix)
    assert_allclose(o.nearest(matrix), unitary, atol=1e-14 * (10 + conditioning))
    if conditioning < 1e3:
        assert_allclose(o.newton_schulz(matrix, 60, scale=True).matrix, unitary, atol=1e-10)
    rotation, _ = linalg.orthogonal_procrustes(np.eye(n), matrix)
    assert_allclose(o.nearest(matrix), rotation, atol=1e-14 * (10 + conditioning))


@quick
@given(n=st.integers(1, 8), seed=seeds)
def test_cayley_by_inverse(n: int, seed: int) -> None:
    skew, identity = o.random_skew(n, seed=seed, norm=2.0), np.eye(n)
    assert_allclose(o.cayley(skew), (identity + skew) @ linalg.inv(identity - skew), atol=1e-13)


def test_block_diagonal() -> None:
    blocks = [gaussian(n, n, seed=n) for n in (1, 3, 2)]
    assert_allclose(o.block_diagonal(blocks), linalg.block_diag(*blocks), rtol=0)


@pytest.mark.parametrize("special", [False, True])
def test_haar_looks_like_scipys(special: bool) -> None:
    """One entry and the trace follow the same distributions (two-sample Kolmogorov-Smirnov, 1500 draws each)."""
    group = stats.special_ortho_group if special else stats.ortho_group
    theirs = group.rvs(4, size=1500, random_state=np.random.default_rng(0))
    ours = np.array([o.haar(4, seed=seed, special=special) for seed in range(1500)])
    for statistic in (lambda q: q[:, 0, 0], lambda q: q[:, 2, 1], lambda q: np.trace(q, axis1=1, axis2=2)):
        assert stats.ks_2samp(statistic(ours), statistic(theirs)).pvalue > 1e-3


def test_plain_qr_is_not_haar() -> None:
    """The test above can fail: without the sign fix the trace is far from Haar's."""
    plain = np.array([np.linalg.qr(gaussian(4, 4, seed=seed))[0] for seed in range(1500)])
    theirs = stats.ortho_group.rvs(4, size=1500, random_state=np.random.default_rng(0))
    traces = [np.trace(q, axis1=1, axis2=2) for q in (plain, theirs)]
    assert stats.ks_2samp(*traces).pvalue < 1e-20


@quick
@given(neurons=st.integers(2, 30), features=st.integers(2, 10), seed=seeds)
def test_energy_by_pairwise_distances(neurons: int, features: int, seed: int) -> None:
    weights = gaussian(neurons, features, seed=seed)
    units = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    distances = distance.pdist(units)
    for s_, terms in ((0, -np.log(distances)), (1, 1 / distances), (2, distances**-2.0), (0.5, distances**-0.5)):
        scale = np.abs(terms).sum()
        assert_allclose(e.hyperspherical_energy(weights, s_), 2 * terms.sum(), rtol=1e-9, atol=1e-12 * scale)
    cosines = np.abs(1 - distance.pdist(weights, "cosine"))
    assert_allclose(e.mean_absolute_cosine(weights), cosines.mean(), rtol=1e-9, atol=1e-13)


@quick
@given(m=st.integers(2, 9), n=st.integers(2, 9), seed=seeds, size=st.floats(1e-4, 3.0))
def test_turns_are_principal_angles(m: int, n: int, seed: int, size: float) -> None:
    weights, gradient = gaussian(m, n, seed=seed), gaussian(m, n, seed=seed + 1)
    rank = min(m, n) // 2
    found = s.explain(s.split(weights, rank), gradient, relative_step=size)
    u, _, vt = linalg.svd(weights)
    for effect in found[:4]:
        length = np.linalg.norm(effect.step)
        moved = weights - (size * np.linalg.norm(weights) / length) * effect.step
        u2, values, vt2 = linalg.svd(moved)
        gap = values[rank - 1] - (values[rank] if rank < len(values) else 0.0)
        if gap > 1e-3:
            # The subspace itself is as exact as rounding over the gap.
            assert_allclose(effect.left_turn, linalg.subspace_angles(u[:, :rank], u2[:, :rank])[0], atol=1e-11 / gap)
            assert_allclose(effect.right_turn, linalg.subspace_angles(vt[:rank].T, vt2[:rank].T)[0], atol=1e-11 / gap)


@quick
@given(m=st.integers(1, 8), n=st.integers(1, 8), seed=seeds)
def test_two_sided_projection_by_null_spaces(m: int, n: int, seed: int) -> None:
    weights, gradient = gaussian(m, n, seed=seed), gaussian(m, n, seed=seed + 1)
    for rank in range(min(m, n) + 1):
        parts = s.split(weights, rank)
        left = linalg.null_space(parts.U_high.T) if rank else np.eye(m)
        right = linalg.null_space(parts.V_high.T) if rank else np.eye(n)
        expected = left @ (left.T @ gradient @ right) @ right.T
        assert_allclose(s.project_two_sided(gradient, parts), expected, atol=1e-12)
        assert left.shape[1] * right.shape[1] == s.directions("two_sided", parts)
