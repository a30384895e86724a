"""The orthogonal page against arithmetic written out here."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from explorer.declare import InvalidParameter
from explorer.orthogonal import METHODS, compute

EXACT = [name for name in METHODS if name != "neumann"]
EPSILON = 2.0**-52


@pytest.mark.parametrize("n", [2, 3, 8, 64])
@pytest.mark.parametrize("method", EXACT)
def test_every_exact_method_gives_an_orthogonal_matrix(method: str, n: int) -> None:
    outputs = compute(method=method, n=n, seed=5)
    q = outputs["matrix"]
    np.testing.assert_allclose(np.einsum("ki,kj->ij", q, q), np.eye(n), atol=1e-12)
    for flag in ("is_orthogonal", "preserves_norm", "preserves_angles"):
        assert outputs[flag] is True
    assert abs(outputs["determinant"]) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(np.hypot(*outputs["eigenvalues"].T), 1, atol=1e-10)
    assert outputs["condition_number"] == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("method", ["cayley", "exponential", "givens", "block"])
def test_some_reach_rotations_alone(method: str) -> None:
    assert all(compute(method=method, seed=seed)["determinant"] > 0 for seed in range(12))


def test_haar_gives_both_signs_and_reflections_count() -> None:
    signs = {round(compute(seed=seed)["determinant"]) for seed in range(20)}
    assert signs == {-1, 1}
    for count in range(1, 6):
        assert round(compute(method="householder", reflections=count)["determinant"]) == (-1) ** count


def test_strength_is_the_angle() -> None:
    """The exponential turns by at most the norm of the skew matrix, Cayley by twice its arctangent."""
    for strength in (0.0, 0.3, 1.0, 2.0):
        for method, largest in (("exponential", strength), ("cayley", 2 * math.atan(strength))):
            values = compute(method=method, strength=strength, n=7)["eigenvalues"]
            assert max(abs(math.atan2(y, x)) for x, y in values.tolist()) == pytest.approx(largest, abs=1e-12)


def test_the_approximation_fails_visibly() -> None:
    outputs = compute(method="neumann", strength=0.3, n=8)
    assert outputs["is_orthogonal"] is False
    assert outputs["preserves_norm"] is False
    assert outputs["orthogonality_error"] > 1e-3
    # Terms 3 and 4 are one polynomial in HF PEFT; a single term is the identity.
    np.testing.assert_array_equal(compute(method="neumann", terms=3)["matrix"], compute(method="neumann", terms=4)["matrix"])
    np.testing.assert_array_equal(compute(method="neumann", terms=1)["matrix"], np.eye(4))


def test_neumann_nears_the_cayley_rotation() -> None:
    exact = compute(method="cayley", strength=0.1)["matrix"]
    distances = [np.linalg.norm(compute(method="neumann", strength=0.1, terms=t)["matrix"] - exact) for t in (2, 4, 6, 9)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-7


def test_blocks_are_blocks() -> None:
    q = compute(method="block", n=12, block=3)["matrix"]
    inside = np.kron(np.eye(4), np.ones((3, 3))) > 0
    assert np.all(q[~inside] == 0)
    assert np.all(q[inside] != 0)
    with pytest.raises(InvalidParameter, match="must divide 12"):
        compute(method="block", n=12, block=5)


def test_measured_errors_by_loops() -> None:
    outputs = compute(n=3, seed=4, edits="0:1:0.5,2:2:-1.25")
    q = outputs["matrix"].tolist()
    assert q[0][1] == 0.5
    assert q[2][2] == -1.25
    probes = np.random.default_rng(4).standard_normal((3, 32)).T.tolist()
    images = [[math.fsum(a * b for a, b in zip(row, probe, strict=True)) for row in q] for probe in probes]
    norm_error = max(abs(math.hypot(*image) / math.hypot(*probe) - 1) for image, probe in zip(images, probes, strict=True))
    assert outputs["norm_error"] == pytest.approx(norm_error, rel=1e-12)

    def angle(u: list[float], v: list[float]) -> float:
        return math.acos(math.fsum(a * b for a, b in zip(u, v, strict=True)) / math.hypot(*u) / math.hypot(*v))

    angle_error = max(
        abs(angle(images[i], images[j]) - angle(probes[i], probes[j])) for i, j in itertools.combinations(range(32), 2)
    )
    assert outputs["angle_error"] == pytest.approx(angle_error, rel=1e-7)
    a, b, c = q
    determinant = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    assert outputs["determinant"] == pytest.approx(determinant, rel=1e-12)
    assert outputs["tolerance"] == 50 * 3 * EPSILON
    for flag in ("is_orthogonal", "preserves_norm", "preserves_angles"):
        assert outputs[flag] is False


def test_pardon_moves_to_the_nearest_orthogonal_matrix() -> None:
    edited = compute(edits="0:0:2,1:2:-0.7")
    pardoned = compute(edits="0:0:2,1:2:-0.7", pardon=True)
    moved = float(np.linalg.norm(edited["matrix"] - pardoned["matrix"]))
    assert pardoned["is_orthogonal"] is True
    assert edited["pardon_distance"] == pardoned["pardon_distance"] == pytest.approx(moved, rel=1e-12)
    random = np.random.default_rng(0)
    for _ in range(200):
        other = np.linalg.qr(random.standard_normal((4, 4)))[0]
        assert np.linalg.norm(edited["matrix"] - other) >= moved
    # At the nearest one the distance cannot fall to first order: QᵀA is symmetric.
    symmetric = pardoned["matrix"].T @ edited["matrix"]
    np.testing.assert_allclose(symmetric, symmetric.T, atol=1e-12)


def test_a_singular_matrix_is_told_as_such() -> None:
    outputs = compute(n=2, edits="0:0:0,0:1:0,1:0:0,1:1:0")
    assert outputs["condition_number"] == math.inf
    assert outputs["determinant"] == 0
    assert outputs["pardon_distance"] == pytest.approx(math.sqrt(2))
    assert compute(n=2, edits="0:0:0,0:1:0,1:0:0,1:1:0", pardon=True)["is_orthogonal"] is True


def test_edits_outside_wait_until_the_matrix_grows() -> None:
    assert compute(edits="9:9:1")["is_orthogonal"] is True
    assert compute(n=10, edits="9:9:1")["matrix"][9, 9] == 1


@pytest.mark.parametrize("edits", ["0:1", "a", "0:0:1e9", "0:0:nan", "0:0:1,", "-1:0:1", "0:0:1;1:1:1", "0:0:\u0661"])
def test_edits_that_cannot_be_read(edits: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        compute(edits=edits)
    assert caught.value.field == "edits"
    assert "0:1:0.5,2:2:-1" in str(caught.value)


def test_edits_beyond_the_limit() -> None:
    with pytest.raises(InvalidParameter, match=r"from -1000 to 1000; 1000\.5 was given"):
        compute(edits="0:0:1000.5")
