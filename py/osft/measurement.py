"""Measure how orthogonal a matrix is: residuals, and flags computed from them. Public through osft.orthogonal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import checks
from .products import frobenius, gram, matmul

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .checks import Array

PROBES = 32
TOLERANCE_FACTOR = 50.0


class Measurement(NamedTuple):
    """What `measure` found. Errors are dimensionless except angle_error, which is in radians."""

    determinant: float
    orthogonality_error: float
    """Frobenius norm of Q^T Q - I."""
    norm_error: float
    """Largest | ||Qx|| / ||x|| - 1 | over the probes."""
    cosine_error: float
    """Largest change of a cosine between two probes."""
    angle_error: float
    """Largest change of an angle between two probes, in radians."""
    condition_number: float
    """Largest over smallest singular value; infinite for a singular matrix."""
    eigenvalues: NDArray[np.complex128]
    """All n of them, sorted by argument, then by modulus."""
    eigenvalue_error: float
    """Largest | |lambda| - 1 |."""
    tolerance: float
    """The bound that decides the flags below."""
    is_orthogonal: bool
    is_rotation: bool
    preserves_norm: bool
    preserves_angles: bool


def measure(matrix: object, *, seed: int = 0, tolerance: float | None = None) -> Measurement:
    """Measure a square matrix against every property that orthogonal matrices have.

    ||Q^T Q - I||_F, det Q, singular values, eigenvalues, and lengths and angles of 32 random probe vectors

    matrix [n, n]; seed draws the probes. tolerance defaults to 50 n eps with eps = 2^-52, some ten times
    the error that float64 makes in a product of orthogonal matrices; flags are `error <= tolerance` and
    is_rotation also asks for det > 0. Entries that are not finite,
    or whose determinant float64 cannot hold, raise ValueError.
    Invariants: for an orthogonal matrix every error is at rounding level and |det| = 1; a matrix that
    stretches all vectors equally keeps angles but not lengths.

    >>> found = measure([[0.0, -1.0], [1.0, 0.0]])
    >>> found.is_rotation, found.determinant, found.orthogonality_error
    (True, 1.0, 0.0)
    >>> measure([[2.0, 0.0], [0.0, 2.0]]).preserves_norm
    False
    """
    q = checks.as_matrix(matrix, "matrix", square=True)
    n = q.shape[0]
    if tolerance is None:
        tolerance = TOLERANCE_FACTOR * n * float(np.finfo(np.float64).eps)
    tolerance = checks.as_real(tolerance, "tolerance", 0.0)
    seed = checks.as_integer(seed, "seed", 0)

    orthogonality_error = frobenius(gram(q.T, q.T) - np.eye(n))
    singular = np.linalg.svd(q, compute_uv=False)
    eigenvalues = np.linalg.eigvals(q).astype(np.complex128)
    eigenvalues = eigenvalues[np.lexsort((np.abs(eigenvalues), np.angle(eigenvalues)))]
    logarithm = float(np.linalg.slogdet(q)[1])
    if logarithm > 700.0:
        raise ValueError(f"The determinant of matrix is about 10^{logarithm / 2.302585:.0f}, which float64 cannot hold.")
    determinant = float(np.linalg.det(q))
    norm_error, cosine_error, angle_error = _probe(q, seed)
    is_orthogonal = orthogonality_error <= tolerance
    return Measurement(
        determinant=determinant,
        orthogonality_error=orthogonality_error,
        norm_error=norm_error,
        cosine_error=cosine_error,
        angle_error=angle_error,
        condition_number=float(singular[0] / singular[-1]) if singular[-1] > 0.0 else float("inf"),
        eigenvalues=eigenvalues,
        eigenvalue_error=float(np.abs(np.abs(eigenvalues) - 1.0).max()),
        tolerance=tolerance,
        is_orthogonal=is_orthogonal,
        is_rotation=is_orthogonal and determinant > 0.0,
        preserves_norm=norm_error <= tolerance,
        preserves_angles=angle_error <= tolerance,
    )


def _probe(q: Array, seed: int) -> tuple[float, float, float]:
    """Return the largest changes of length, cosine and angle over random probes [n, 32]."""
    probes = np.random.default_rng(seed).standard_normal((q.shape[0], PROBES))
    images = matmul(q, probes)
    before, after = np.linalg.norm(probes, axis=0), np.linalg.norm(images, axis=0)
    norm_error = float(np.abs(after / before - 1.0).max())
    if not after.all():
        # A probe that vanishes has no direction left: every angle with it is lost.
        return norm_error, 1.0, float(np.pi)
    start, end = (probes / before).T, (images / after).T
    cosine_error = float(np.abs(gram(end, end) - gram(start, start)).max())
    return norm_error, cosine_error, float(np.abs(angles(end) - angles(start)).max())


def angles(units: Array) -> Array:
    """Return all angles between unit rows [k, n] -> [k, k], radians, accurate for small and for straight ones.

    2 atan2(||u - v||, ||u + v||)
    Source: W. Kahan, "How Futile are Mindless Assessments of Roundoff", 2006, section 12: arccos of the
    cosine loses half the digits near 0 and pi, this form none.
    """
    difference = np.linalg.norm(units[:, None, :] - units[None, :, :], axis=2)
    total = np.linalg.norm(units[:, None, :] + units[None, :, :], axis=2)
    angle: Array = 2.0 * np.arctan2(difference, total)
    return angle
