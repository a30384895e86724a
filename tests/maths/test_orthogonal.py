"""Orthogonal matrices keep lengths, angles and volume, however they are made; measure says so and says when not."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from osft import orthogonal as o

quick = settings(deadline=None, max_examples=30)
sizes = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)
norms = st.floats(0.0, 20.0)

MAKERS: dict[str, Callable[[int, int], Any]] = {
    "haar": lambda n, seed: o.haar(n, seed=seed),
    "rotation": lambda n, seed: o.haar(n, seed=seed, special=True),
    "cayley": lambda n, seed: o.cayley(o.random_skew(n, seed=seed, norm=1.5)),
    "exponential": lambda n, seed: o.exponential(o.random_skew(n, seed=seed, norm=3.0)),
    "householder": lambda n, seed: o.householder(np.random.default_rng(seed).standard_normal((3, n))),
    "givens": lambda n, seed: o.givens(n, planes(n), np.random.default_rng(seed).uniform(-4, 4, n * (n - 1) // 2)),
    "block": lambda n, seed: o.block_diagonal([o.haar(n, seed=seed), o.haar(2, seed=seed)]),
    "butterfly": lambda n, seed: o.butterfly(
        o.cayley(np.stack([skews(4, 2 * min(n, 4), seed), skews(4, 2 * min(n, 4), seed + 1)]))
    ),
    "nearest": lambda n, seed: o.nearest(np.random.default_rng(seed).standard_normal((n, n))),
}
ALWAYS_ROTATIONS = ("rotation", "cayley", "exponential", "givens", "butterfly")


def planes(n: int) -> list[tuple[int, int]]:
    """Return all planes of two coordinates."""
    return [(i, j) for i in range(n) for j in range(i)]


def skews(count: int, size: int, seed: int) -> Any:
    """Return a stack of skew-symmetric matrices."""
    return np.stack([o.random_skew(size, seed=seed + index, norm=0.7) for index in range(count)])


@pytest.mark.parametrize("name", MAKERS)
@quick
@given(n=sizes, seed=seeds)
def test_every_way_gives_an_orthogonal_matrix(name: str, n: int, seed: int) -> None:
    found = o.measure(MAKERS[name](n, seed))
    assert found.is_orthogonal
    assert found.preserves_norm
    assert found.preserves_angles
    assert abs(abs(found.determinant) - 1.0) < found.tolerance
    assert found.condition_number - 1.0 < found.tolerance
    assert found.eigenvalue_error < found.tolerance
    if name in ALWAYS_ROTATIONS:
        assert found.is_rotation


def test_haar_has_both_signs_and_no_drift() -> None:
    """Without the sign fix every determinant for n = 6 is -1 and the mean trace for n = 4 is -0.83."""
    determinants = [o.measure(o.haar(6, seed=seed)).determinant for seed in range(300)]
    assert 110 < sum(value > 0 for value in determinants) < 190
    traces = [np.trace(o.haar(4, seed=seed)) for seed in range(2000)]
    # The trace of a Haar matrix has mean 0 and variance 1.
    assert abs(np.mean(traces)) < 4 / math.sqrt(2000)
    assert 0.85 < np.var(traces) < 1.15


def test_haar_is_reproducible() -> None:
    assert_allclose(o.haar(5, seed=3), o.haar(5, seed=3), rtol=0)
    assert not np.allclose(o.haar(5, seed=3), o.haar(5, seed=4))
    assert o.haar(1, seed=0).shape == (1, 1)
    assert o.haar(1, seed=0, special=True)[0, 0] == 1.0


@quick
@given(n=st.integers(2, 10), seed=seeds, norm=st.floats(0.0, 50.0))
def test_cayley_formula_inverse_and_angles(n: int, seed: int, norm: float) -> None:
    skew = o.random_skew(n, seed=seed, norm=norm)
    rotation, identity = o.cayley(skew), np.eye(n)
    assert_allclose(rotation @ (identity - skew), identity + skew, atol=1e-11 * (1 + norm))
    assert_allclose(o.cayley(-skew), rotation.T, atol=1e-12)
    turns = np.abs(np.angle(np.linalg.eigvals(rotation))).max()
    # For large norms the angle nears pi, where the argument of an eigenvalue is as good as the eigenvalue.
    assert_allclose(turns, 2 * math.atan(norm), atol=1e-9)
    assert np.abs(np.linalg.eigvals(rotation) + 1).min() > 0


@quick
@given(n=st.integers(2, 10), seed=seeds, norm=st.floats(0.0, 3.1))
def test_exponential_inverse_and_angles(n: int, seed: int, norm: float) -> None:
    skew = o.random_skew(n, seed=seed, norm=norm)
    rotation = o.exponential(skew)
    assert_allclose(o.exponential(-skew), rotation.T, atol=1e-12)
    assert_allclose(np.abs(np.angle(np.linalg.eigvals(rotation))).max(), norm, atol=1e-9)
    assert_allclose(o.exponential(0.5 * skew) @ o.exponential(0.5 * skew), rotation, atol=1e-12)


@pytest.mark.parametrize("n", [4, 32])
@pytest.mark.parametrize("norm", [1e2, 1e7, 1e10])
def test_rotations_of_large_norm_are_as_orthogonal_as_they_say(n: int, norm: float) -> None:
    skew, identity = o.random_skew(n, seed=1, norm=norm), np.eye(n)
    # One plane turned by the norm and the others not at all is the hard case.
    basis = o.haar(n, seed=3)[:, :2]
    plane = norm * (np.outer(basis[:, 0], basis[:, 1]) - np.outer(basis[:, 1], basis[:, 0]))
    for each in (skew, plane + o.random_skew(n, seed=2)):
        rotation = o.cayley(each)
        assert np.abs(rotation.T @ rotation - identity).max() < 4 * 2.2e-16 * (10 + norm)
        if norm <= 1e7:
            rotation = o.exponential(each)
            assert np.abs(rotation.T @ rotation - identity).max() < 2e-14


def test_exponential_agrees_with_cayley_to_third_order() -> None:
    errors = []
    for norm in (0.1, 0.05):
        skew = o.random_skew(6, seed=1, norm=norm)
        errors.append(np.linalg.norm(o.exponential(skew) - o.cayley(skew / 2)))
    assert 7.0 < errors[0] / errors[1] < 9.0


def test_two_by_two_rotations_in_closed_form() -> None:
    angle = 0.7
    expected = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert_allclose(o.exponential(angle * quarter), expected, atol=1e-15)
    assert_allclose(o.cayley(math.tan(angle / 2) * quarter), expected, atol=1e-15)
    assert_allclose(o.givens(2, [(0, 1)], [angle]), expected, atol=1e-15)
    mirror = [math.sin(angle / 2), -math.cos(angle / 2)]
    assert_allclose(o.householder([mirror, [0.0, 1.0]]), expected, atol=1e-15)


@quick
@given(n=st.integers(2, 8), seed=seeds, norm=st.floats(0.0, 0.9), terms=st.integers(4, 12))
def test_neumann_closed_form(n: int, seed: int, norm: float, terms: int) -> None:
    """For t >= 4 the polynomial is cayley(Q)(I - Q^(t-1)); terms 3 and 4 are the same polynomial."""
    skew = o.random_skew(n, seed=seed, norm=norm)
    power = np.linalg.matrix_power(skew, terms - 1)
    assert_allclose(o.cayley_neumann(skew, terms), o.cayley(skew) @ (np.eye(n) - power), atol=1e-13)
    assert_allclose(o.cayley_neumann(skew, 3), o.cayley_neumann(skew, 4), rtol=0)
    assert_allclose(o.cayley_neumann(skew, 2), np.eye(n) + 2 * skew, rtol=0)
    assert_allclose(o.cayley_neumann(skew, 1), np.eye(n), rtol=0)


@pytest.mark.parametrize(("norm", "terms", "defect"), [(0.05, 4, 2.2e-8), (0.05, 5, 1.8e-5), (0.3, 4, 1.0e-3), (0.3, 5, 2.3e-2)])
def test_neumann_defect_has_the_size_of_its_power(norm: float, terms: int, defect: float) -> None:
    """Even t: ||Q^(2(t-1))||, odd t: 2 ||Q^(t-1)||, so five terms are less orthogonal than four."""
    skew = o.random_skew(8, seed=0, norm=norm)
    power = np.linalg.matrix_power(skew, (terms - 1) * (1 if terms % 2 else 2))
    found = o.measure(o.cayley_neumann(skew, terms))
    assert_allclose(found.orthogonality_error, np.linalg.norm(power) * (2 if terms % 2 else 1), rtol=0.05)
    assert defect / 4 < found.orthogonality_error < defect * 4
    if norm == 0.3:
        assert not found.preserves_norm


def test_neumann_diverges_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="runs away"):
        o.cayley_neumann(o.random_skew(3, seed=0, norm=5.0), 900)


@quick
@given(n=st.integers(2, 9), seed=seeds)
def test_skew_parameters_and_back(n: int, seed: int) -> None:
    skew = o.random_skew(n, seed=seed)
    assert_allclose(o.skew_from_parameters(o.skew_parameters(skew)), skew, rtol=0)
    assert_allclose(skew, -skew.T, rtol=0)
    assert_allclose(np.linalg.norm(skew, 2), 1.0, rtol=1e-12)
    matrix = np.random.default_rng(seed).standard_normal((n, n))
    assert_allclose(o.skew_part(matrix), (matrix - matrix.T) / 2, atol=1e-15)
    assert_allclose(o.skew_part(skew), skew, rtol=0)


def test_stacks_are_taken_matrix_by_matrix() -> None:
    stack = skews(4, 5, 0)
    for function in (o.cayley, o.exponential, o.cayley_neumann):
        assert_allclose(function(stack), [function(skew) for skew in stack], atol=1e-14)
    assert o.skew_parameters(stack).shape == (4, 10)


@quick
@given(n=st.integers(1, 8), count=st.integers(1, 9), seed=seeds, scale=st.floats(1e-150, 1e150))
def test_householder(n: int, count: int, seed: int, scale: float) -> None:
    """Each reflection turns the volume around; lengths of the vectors do not matter."""
    vectors = np.random.default_rng(seed).standard_normal((count, n))
    product = o.householder(vectors)
    assert_allclose(np.linalg.det(product), (-1.0) ** count, atol=1e-12)
    assert_allclose(o.householder(scale * vectors), product, atol=1e-13)
    assert_allclose(o.householder(vectors[::-1]), product.T, atol=1e-13)
    assert_allclose(o.householder(vectors[:1]) @ vectors[0], -vectors[0], atol=1e-13 * np.linalg.norm(vectors[0]))
    # A product of r reflections leaves at least n - r directions alone.
    assert np.linalg.matrix_rank(product - np.eye(n), tol=1e-10) <= count


def test_givens_turns_one_axis_towards_the_other() -> None:
    quarter = o.givens(3, [(0, 2)], [math.pi / 2])
    assert_allclose(quarter @ [1, 0, 0], [0, 0, 1], atol=1e-15)
    two = o.givens(3, [(0, 1), (1, 2)], [0.3, 0.4])
    assert_allclose(two, o.givens(3, [(0, 1)], [0.3]) @ o.givens(3, [(1, 2)], [0.4]), atol=1e-15)
    assert_allclose(o.givens(4, [], []), np.eye(4), rtol=0)


def test_block_diagonal_of_different_sizes() -> None:
    found = o.block_diagonal([[[2.0]], [[1.0, 2.0], [3.0, 4.0]]])
    assert_allclose(found, [[2, 0, 0], [0, 1, 2], [0, 3, 4]], rtol=0)


def test_butterfly_with_one_factor_is_block_diagonal() -> None:
    blocks = o.cayley(skews(3, 5, 0))
    assert_allclose(o.butterfly(blocks[None]), o.block_diagonal(blocks), rtol=0)


def test_butterfly_becomes_dense() -> None:
    """Every factor doubles the run that a coordinate can reach: with 2^(f-1) = k no entry is zero."""
    for factors, reach in ((1, 2), (2, 4), (3, 8)):
        blocks = o.cayley(skews(4 * factors, 2, 3).reshape(factors, 4, 2, 2))
        assert ((np.abs(o.butterfly(blocks)) > 1e-12).sum(axis=1) == reach).all()


def test_butterfly_order_is_a_permutation() -> None:
    for factor in range(4):
        assert sorted(o.butterfly_order(48, 6, factor).tolist() if factor < 4 else []) == list(range(48))


@quick
@given(n=st.integers(1, 8), seed=seeds, scale=st.floats(1e-200, 1e200))
def test_nearest(n: int, seed: int, scale: float) -> None:
    matrix = np.random.default_rng(seed).standard_normal((n, n))
    polar = o.nearest(matrix)
    assert_allclose(o.nearest(scale * matrix), polar, atol=1e-9)
    assert_allclose(o.nearest(polar), polar, atol=1e-13)
    singular = np.linalg.svd(matrix, compute_uv=False)
    assert_allclose(np.linalg.norm(matrix - polar), math.sqrt(((singular - 1) ** 2).sum()), rtol=1e-9, atol=1e-12)
    # No other orthogonal matrix is nearer; the symmetric factor Q^T A is positive.
    assert np.linalg.norm(matrix - polar) <= np.linalg.norm(matrix - o.haar(n, seed=seed)) + 1e-12
    assert np.linalg.eigvalsh((polar.T @ matrix + matrix.T @ polar) / 2).min() > -1e-9
    assert np.sign(np.linalg.det(polar)) == np.sign(np.linalg.det(matrix))


def test_nearest_to_a_singular_matrix_is_still_orthogonal() -> None:
    assert o.measure(o.nearest([[1.0, 0.0], [0.0, 0.0]])).is_orthogonal
    assert o.measure(o.nearest(np.zeros((3, 3)))).is_orthogonal


def test_newton_schulz_converges_quadratically() -> None:
    start = np.eye(64) + 0.04 * np.random.default_rng(0).standard_normal((64, 64))
    found = o.newton_schulz(start, 12)
    assert_allclose(found.matrix, o.nearest(start), atol=1e-13)
    assert found.residuals.shape == (13,)
    assert found.residuals[-1] < 1e-13
    small = found.residuals[(found.residuals < 0.3) & (found.residuals > 1e-7)]
    assert len(small) >= 2
    assert (small[1:] < 2.0 * small[:-1] ** 2).all()


def test_newton_schulz_scales_when_asked() -> None:
    matrix = 40.0 * np.random.default_rng(2).standard_normal((5, 5))
    with pytest.raises(ValueError, match=r"below sqrt\(3\)"):
        o.newton_schulz(matrix)
    assert_allclose(o.newton_schulz(matrix, 60, scale=True).matrix, o.nearest(matrix), atol=1e-10)
    stuck = o.newton_schulz(np.diag([1.0, 0.0]), 50)
    assert stuck.residuals[-1] > 0.9
    assert o.newton_schulz(np.eye(3), 0).residuals.tolist() == [0.0]


@quick
@given(n=st.integers(2, 8), seed=seeds, eps=st.floats(1e-6, 1.0), blocks=st.integers(1, 5))
def test_coft_ball(n: int, seed: int, eps: float, blocks: int) -> None:
    parameters = np.random.default_rng(seed).standard_normal((blocks, n * (n - 1) // 2))
    projected = o.project_coft(parameters, eps)
    lengths = np.linalg.norm(o.skew_from_parameters(projected), axis=(1, 2))
    assert (lengths <= eps / math.sqrt(blocks) * (1 + 1e-12)).all()
    assert_allclose(o.project_coft(projected, eps), projected, rtol=1e-12)
    assert_allclose(
        projected * np.linalg.norm(parameters, axis=1, keepdims=True),
        parameters * np.linalg.norm(projected, axis=1, keepdims=True),
        rtol=1e-9,
        atol=1e-12,
    )
    inside = parameters * (0.1 * eps / math.sqrt(blocks) / (1.0 + np.abs(parameters).sum()))
    assert_allclose(o.project_coft(inside, eps), inside, rtol=0)
    assert_allclose(o.project_coft(np.zeros((2, 3)), eps), 0.0, rtol=0)


def test_measure_sees_what_is_wrong() -> None:
    stretched = o.measure(2.0 * o.haar(4, seed=0))
    assert not stretched.is_orthogonal
    assert not stretched.preserves_norm
    assert stretched.preserves_angles
    assert_allclose(stretched.condition_number, 1.0, rtol=1e-12)
    assert_allclose(stretched.norm_error, 1.0, rtol=1e-12)
    sheared = o.measure([[1.0, 0.5], [0.0, 1.0]])
    assert (sheared.is_orthogonal, sheared.preserves_norm, sheared.preserves_angles) == (False, False, False)
    assert_allclose(sheared.orthogonality_error, np.linalg.norm([[0, 0.5], [0.5, 0.25]]))
    singular = o.measure(np.zeros((2, 2)))
    assert singular.condition_number == math.inf
    assert singular.determinant == 0.0
    assert singular.angle_error == math.pi
    mirror = o.measure(np.diag([1.0, -1.0]))
    assert mirror.is_orthogonal
    assert not mirror.is_rotation
    nudged = o.haar(3, seed=0)
    nudged[0, 0] += 1e-9
    assert not o.measure(nudged).is_orthogonal
    assert o.measure(nudged, tolerance=1e-8).is_orthogonal


def test_measure_reads_single_precision_as_such() -> None:
    single = o.haar(64, seed=0).astype(np.float32)
    found = o.measure(single)
    assert not found.is_orthogonal
    assert 1e-7 < found.orthogonality_error < 1e-5


def test_odd_rotations_keep_a_direction() -> None:
    eigenvalues = o.measure(o.haar(7, seed=5, special=True)).eigenvalues
    assert np.abs(eigenvalues - 1.0).min() < 1e-12
    assert_allclose(np.sort_complex(eigenvalues), np.sort_complex(eigenvalues.conj()), atol=1e-12)


def test_angles_keep_their_digits() -> None:
    tiny = 1e-9
    units = np.array([[1.0, 0.0], [math.cos(tiny), math.sin(tiny)], [-1.0, 0.0]])
    found = o.angles(units)
    assert_allclose(found[0, 1], tiny, rtol=1e-12)
    assert_allclose(found[0, 2], math.pi, rtol=1e-15)
    assert_allclose(np.diag(found), 0.0, rtol=0)
