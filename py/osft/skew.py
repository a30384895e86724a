"""Skew-symmetric matrices and the rotations made from them: Cayley, Cayley-Neumann, exponential, COFT.

Public through osft.orthogonal; the orthogonal and energy pages and the continual experiment call it.
All functions take one matrix [n, n] or a stack of them [..., n, n].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from . import checks
from .products import matmul, transpose

if TYPE_CHECKING:
    from .checks import Array

MOST_TERMS = 1000


def skew_from_parameters(parameters: object) -> Array:
    """Fill skew-symmetric matrices from their strictly upper triangles, as HF PEFT stores OFT.

    Q[i, j] = p, Q[j, i] = -p for i < j, row by row.

    Parameters [..., n(n-1)/2] -> matrices [..., n, n]. A last dimension that is not n(n-1)/2 for a whole
    n >= 2 raises ValueError.
    Source: HF PEFT 0.21.2, `OFTRotationModule._pytorch_skew_symmetric`.

    >>> skew_from_parameters([1.0, 2.0, 3.0])
    array([[ 0.,  1.,  2.],
           [-1.,  0.,  3.],
           [-2., -3.,  0.]])
    """
    values = np.asarray(parameters)
    values = checks.as_array(values, "parameters", range(1, max(2, values.ndim + 1)))
    length = values.shape[-1]
    size = (1 + math.isqrt(1 + 8 * length)) // 2
    if length == 0 or size * (size - 1) // 2 != length:
        raise ValueError(f"parameters must hold n(n-1)/2 numbers per matrix, such as 1, 3, 6 or 10; here there are {length}.")
    rows, columns = np.triu_indices(size, 1)
    skew = np.zeros((*values.shape[:-1], size, size))
    skew[..., rows, columns] = values
    return skew - transpose(skew)


def skew_parameters(skew: object) -> Array:
    """Return the strictly upper triangles of skew-symmetric matrices, [..., n, n] -> [..., n(n-1)/2].

    The inverse of `skew_from_parameters`. A matrix that is not skew-symmetric raises ValueError.
    """
    matrix = checks.as_skew(skew)
    rows, columns = np.triu_indices(matrix.shape[-1], 1)
    parameters: Array = matrix[..., rows, columns]
    return parameters


def skew_part(matrix: object) -> Array:
    """Return the skew-symmetric part (X - X^T) / 2 of square matrices [..., n, n].

    Source: HF PEFT's BOFT, where the stored b x b parameters enter as K = (X - X^T) / 2.
    """
    values = np.asarray(matrix)
    values = checks.as_array(values, "matrix", range(2, max(3, values.ndim + 1)))
    checks.check_square(values, "matrix")
    # Halved first, so that the largest float64 values do not overflow.
    return 0.5 * values - 0.5 * transpose(values)


def random_skew(n: int, *, seed: int, norm: float = 1.0) -> Array:
    """Draw a skew-symmetric matrix [n, n] from a Gaussian one and scale it to a spectral norm.

    Q = norm * (G - G^T) / ||G - G^T||_2, G with independent standard normal entries. The Cayley
    transform of Q turns by at most 2 atan(norm), the exponential by at most norm radians.
    n = 1 gives the zero matrix, the only one there is.
    """
    n = checks.as_integer(n, "n", 1)
    seed = checks.as_integer(seed, "seed", 0)
    norm = checks.as_real(norm, "norm", 0.0)
    draw = np.random.default_rng(seed).standard_normal((n, n))
    skew: Array = draw - draw.T
    if n == 1 or norm == 0.0:
        return np.zeros((n, n))
    return skew * (norm / float(np.linalg.norm(skew, 2)))


def cayley(skew: object) -> Array:
    """Return the Cayley transform of skew-symmetric matrices: a rotation for each.

    R = (I + Q)(I - Q)^-1

    skew [..., n, n] -> rotations of the same shape. A matrix that is not skew-symmetric raises
    ValueError. I - Q is never singular, because the eigenvalues i mu of Q are imaginary.
    Source: Qiu et al. 2023, arXiv 2306.07280, section 3.3. HF PEFT's exact branch
    (`use_cayley_neumann=False`) computes (I - Q)(I + Q)^-1, the inverse of this rotation: `cayley(-Q)`.
    Invariants: R^T R = I, det R = +1, cayley(-Q) = R^T, and R has no eigenvalue -1; in float64 to within a few
    eps ||Q||, eps = 2.2e-16, so a norm of 1e10 leaves six digits. An eigenvalue i mu of Q becomes a turn by 2 atan(mu).

    >>> cayley([[0.0, -1.0], [1.0, 0.0]])
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    matrix = checks.as_skew(skew)
    identity = np.eye(matrix.shape[-1])
    # The two factors commute, so one solve gives their product in either order. Adding 0.0 turns -0.0 into 0.0.
    return np.linalg.solve(identity - matrix, identity + matrix).astype(np.float64, copy=False) + 0.0


def cayley_neumann(skew: object, terms: int = 5) -> Array:
    """Approximate the Cayley transform by a truncated Neumann series, term for term as HF PEFT does.

    terms = 1: I;  2: I + 2Q;  t >= 3: I + 2Q + 2Q^2 + ... + 2Q^(t'-2) + Q^(t'-1), t' = max(t, 4)

    skew [..., n, n] -> matrices of the same shape, orthogonal only approximately. terms is 1 to 1000.
    Terms 3 and 4 give the same polynomial, as in PEFT. A matrix that is not skew-symmetric, or powers above
    1e100, raise ValueError.
    Source: Qiu et al. 2025 (OFTv2), arXiv 2506.19847; HF PEFT 0.21.2, `OFTRotationModule._cayley_batch`.
    Invariant: for terms >= 4 the result is cayley(Q)(I - Q^(terms-1)); it converges for ||Q||_2 < 1 only.
    It approximates `cayley(Q)`, so in PEFT the exact and the approximate branch turn opposite ways.
    """
    matrix = checks.as_skew(skew)
    terms = checks.as_integer(terms, "terms", 1, MOST_TERMS)
    identity = np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape)
    total: Array = identity.copy()
    if terms > 1:
        total += 2.0 * matrix
    if terms > 2:
        power = matmul(matrix, matrix)
        total += 2.0 * power
        for _ in range(terms - 4):
            power = matmul(power, matrix)
            total += 2.0 * power
            if float(np.abs(power).max()) > checks.LARGEST:
                raise ValueError("The Neumann series runs away: it converges for a spectral norm below 1 only.")
        total += matmul(power, matrix)
    return total


def exponential(skew: object) -> Array:
    """Return the matrix exponential of skew-symmetric matrices: a rotation for each.

    R = exp(Q) = V exp(-i mu) V^H, where i Q = V diag(mu) V^H is Hermitian

    skew [..., n, n] -> rotations of the same shape. A matrix that is not skew-symmetric raises
    ValueError. Through the eigenvectors, which are unitary to rounding, R is orthogonal to rounding for norms up
    to about 1e7; the turns are exact to eps ||Q||, eps = 2.2e-16, and where that is no longer small, neither holds.
    Source: every rotation is such an exponential; an eigenvalue i mu of Q becomes a turn by mu radians.
    Invariants: R^T R = I, det R = +1, exponential(-Q) = R^T; agrees with cayley(Q / 2) to third order.
    """
    matrix = checks.as_skew(skew)
    frequencies, vectors = np.linalg.eigh(1j * matrix)
    turns = np.exp(-1j * frequencies)[..., None, :]
    real, imaginary = vectors.real, vectors.imag
    # Re(V D V^H) with D = c + i s, from real products: V D = (x c - y s) + i (x s + y c).
    first = real * turns.real - imaginary * turns.imag
    second = real * turns.imag + imaginary * turns.real
    return matmul(first, transpose(real)) + matmul(second, transpose(imaginary))


def project_coft(parameters: object, eps: float = 6e-5) -> Array:
    """Clamp OFT parameters into COFT's ball, block by block, as HF PEFT does before every forward pass.

    Q_i <- Q_i min(1, e / ||Q_i||_F),  e = eps / sqrt(number of blocks),  ||Q_i||_F = sqrt(2) ||p_i||

    parameters [blocks, b(b-1)/2] (one row per stored block; one row when blocks are shared) -> the same
    shape. eps > 0. Rows inside the ball are returned unchanged.
    Source: Qiu et al. 2023, arXiv 2306.07280 (constrained OFT, ||R - I|| <= eps);
    HF PEFT 0.21.2, `OFTRotationModule._project_batch`, default eps 6e-5.
    Invariants: idempotent; directions are kept; every ||Q_i||_F <= e up to rounding.
    """
    values = checks.as_array(parameters, "parameters", (2,))
    eps = checks.as_real(eps, "eps", 0.0)
    if eps == 0.0:
        raise ValueError("eps must be greater than 0; at 0 no rotation is allowed at all.")
    if values.shape[0] == 0:
        raise ValueError("parameters must have one row per block; there are none.")
    radius = eps / math.sqrt(values.shape[0])
    norms = math.sqrt(2.0) * np.linalg.norm(values, axis=1, keepdims=True)
    outside = norms > radius
    projected: Array = np.where(outside, values * (radius / np.where(outside, norms, 1.0)), values)
    return projected
