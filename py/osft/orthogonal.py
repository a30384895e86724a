"""Orthogonal matrices: every way the papers make them, and how to measure one.

Called by the rotation, orthogonal and energy pages, the continual experiment and both notebooks.
Haar draws, Householder and Givens products and polar factors live here; what is made from a
skew-symmetric matrix is in skew.py, block structure in butterfly.py, residuals in measurement.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import checks
from .butterfly import block_diagonal, butterfly, butterfly_order
from .measurement import Measurement, angles, measure
from .products import gram, matmul
from .skew import (
    cayley,
    cayley_neumann,
    exponential,
    project_coft,
    random_skew,
    skew_from_parameters,
    skew_parameters,
    skew_part,
)

if TYPE_CHECKING:
    from .checks import Array

__all__ = [
    "Measurement",
    "NewtonSchulz",
    "angles",
    "block_diagonal",
    "butterfly",
    "butterfly_order",
    "cayley",
    "cayley_neumann",
    "exponential",
    "givens",
    "haar",
    "householder",
    "measure",
    "nearest",
    "newton_schulz",
    "project_coft",
    "random_skew",
    "skew_from_parameters",
    "skew_parameters",
    "skew_part",
]


class NewtonSchulz(NamedTuple):
    """The last iterate, and ||X^T X - I||_F before the first step and after each."""

    matrix: Array
    residuals: Array


def haar(n: int, *, seed: int, special: bool = False) -> Array:
    """Draw an orthogonal matrix [n, n] uniformly (Haar measure).

    G = Q R with Gaussian G;  Q diag(sign r_11, ..., sign r_nn)

    n >= 1. special=True draws from the rotations SO(n) alone, by turning one column around when the
    determinant is negative. Without the sign fix Householder QR is not uniform.
    Source: Mezzadri 2007, "How to generate random matrices from the classical compact groups",
    arXiv math-ph/0609050, section 5.
    Invariants: Q^T Q = I; det Q = +1 or -1 with equal probability, always +1 when special.
    """
    n = checks.as_integer(n, "n", 1)
    seed = checks.as_integer(seed, "seed", 0)
    special = checks.as_flag(special, "special")
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    q = q * np.where(np.diag(r) < 0.0, -1.0, 1.0)
    if special and np.linalg.det(q) < 0.0:
        q[:, 0] = -q[:, 0]
    return q


def householder(vectors: object) -> Array:
    """Multiply Householder reflections, one for each row.

    Q = H_1 H_2 ... H_r,  H_i = I - 2 v_i v_i^T / (v_i^T v_i)

    vectors [r, n], none of them zero -> Q [n, n]. A zero row raises ValueError. Lengths do not matter.
    Source: Householder 1958; HRA (Yuan et al. 2024, arXiv 2405.17484) trains r such vectors.
    Invariants: Q^T Q = I, det Q = (-1)^r, at most r eigenvalues differ from 1; n reflections make any Q.

    >>> householder([[1.0, 0.0]])
    array([[-1.,  0.],
           [ 0.,  1.]])
    """
    rows = checks.as_matrix(vectors, "vectors", bounded=False)
    product: Array = np.eye(rows.shape[1])
    for index, row in enumerate(rows):
        largest = float(np.abs(row).max())
        if largest == 0.0:
            raise ValueError(f"Row {index} of vectors is zero: a reflection needs a direction.")
        unit = row / largest
        unit /= math.sqrt(float(np.dot(unit, unit)))
        product -= np.multiply.outer(2.0 * (product * unit).sum(axis=1), unit)
    return product


def givens(n: int, planes: object, angles: object) -> Array:
    """Multiply Givens rotations, each in the plane of two coordinates.

    Q = G_1 G_2 ...,  G(i, j, t): [i,i] = [j,j] = cos t, [j,i] = sin t, [i,j] = -sin t

    planes [k, 2], two different coordinates 0..n-1 each; angles [k] in radians -> Q [n, n]. A positive
    angle turns coordinate axis i towards axis j. Other planes raise ValueError.
    Source: Givens 1958; n(n-1)/2 planes make any rotation.
    Invariants: Q^T Q = I, det Q = +1; no planes give the identity.

    >>> givens(2, [(0, 1)], [0.0])
    array([[1., 0.],
           [0., 1.]])
    """
    n = checks.as_integer(n, "n", 1)
    turns = checks.as_array(angles, "angles", (1,))
    pairs = np.asarray(planes)
    if pairs.size == 0:
        pairs = pairs.reshape(0, 2)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or (pairs.size and pairs.dtype.kind not in "iu"):
        raise ValueError("planes must be pairs of whole numbers, such as [(0, 1), (0, 2)].")
    if len(pairs) != len(turns):
        raise ValueError(f"There are {len(pairs)} planes and {len(turns)} angles; each plane needs one angle.")
    # The transpose is kept, so that each rotation works on two rows, which are contiguous.
    rows: Array = np.eye(n)
    for (i, j), turn in zip(pairs.tolist(), turns.tolist(), strict=True):
        if not (0 <= i < n and 0 <= j < n) or i == j:
            raise ValueError(f"The plane ({i}, {j}) must name two different coordinates between 0 and {n - 1}.")
        cosine, sine = math.cos(turn), math.sin(turn)
        first, second = rows[i], rows[j]
        rows[i], rows[j] = cosine * first + sine * second, cosine * second - sine * first
    return np.ascontiguousarray(rows.T)


def nearest(matrix: object) -> Array:
    """Return the orthogonal matrix nearest to a square matrix: its polar factor.

    argmin ||A - Q||_F over orthogonal Q = U V^T,  A = U S V^T

    matrix [n, n] -> [n, n]. The distance is sqrt(sum (s_i - 1)^2). For a singular matrix there are
    several nearest ones at the same distance, and this returns one of them.
    Source: Schoenemann 1966 (orthogonal Procrustes); Higham 1986 (polar decomposition).
    Invariants: Q^T Q = I; nearest(A) = A for orthogonal A; the sign of det Q is that of det A.
    """
    a = checks.as_matrix(matrix, "matrix", square=True, bounded=False)
    # The polar factor does not depend on scale, and entries near 1 keep the SVD clear of overflow.
    largest = float(np.abs(a).max())
    u, _, vt = np.linalg.svd(a / largest if largest > 0.0 else a)
    return matmul(u, vt)


def newton_schulz(matrix: object, steps: int = 10, *, scale: bool = False) -> NewtonSchulz:
    """Approach the polar factor with products alone, by the Newton-Schulz iteration.

    X <- 3/2 X - 1/2 X X^T X

    matrix [n, n]; steps 0 to 1000. The iteration needs a spectral norm below sqrt(3), otherwise
    ValueError; scale=True divides by the spectral norm first, which leaves the polar factor unchanged.
    residuals [steps + 1] are ||X^T X - I||_F. A singular matrix does not converge, and its residuals say so.
    Source: Higham 2008, "Functions of Matrices", chapter 8; quadratic convergence.
    Invariant: the limit for a regular matrix is nearest(matrix).
    """
    x = checks.as_matrix(matrix, "matrix", square=True)
    steps = checks.as_integer(steps, "steps", 0, 1000)
    norm = float(np.linalg.norm(x, 2))
    if checks.as_flag(scale, "scale") and norm > 0.0:
        x = x / norm
    elif norm >= math.sqrt(3.0):
        raise ValueError(
            f"Newton-Schulz needs a spectral norm below sqrt(3) = 1.732; this matrix has {norm:.4g}. Use scale=True."
        )
    identity = np.eye(x.shape[0])
    residuals = []
    for step in range(steps + 1):
        square = gram(x.T, x.T)
        residuals.append(float(np.linalg.norm(square - identity)))
        if step < steps:
            x = 1.5 * x - 0.5 * matmul(x, square)
    return NewtonSchulz(matrix=x, residuals=np.array(residuals))
