"""Matrix products that are fast with and without BLAS. Called by every module that multiplies.

NumPy's WebAssembly build has no BLAS: there its `@` is a plain triple loop in the wrong order, and
`einsum`, whose inner loop is contiguous, is several times faster. With BLAS it is the other way round.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .checks import Array

HAS_BLAS = sys.platform != "emscripten"


def matmul(left: Array, right: Array) -> Array:
    """Return left @ right for matrices or stacks of matrices, [..., i, j] and [..., j, k] -> [..., i, k]."""
    if HAS_BLAS:
        product: Array = left @ right
        return product
    # The inner loop runs along the rows of `right`, so a transposed view is worth a copy.
    rows: Array = np.einsum("...ij,...jk->...ik", left, np.ascontiguousarray(right))
    return rows


def gram(rows: Array, others: Array) -> Array:
    """Return rows @ others^T, [..., i, k] and [..., j, k] -> [..., i, j]."""
    return matmul(rows, np.swapaxes(others, -1, -2))


def frobenius(matrix: Array) -> float:
    """Return the Frobenius norm, without leaving float64 for entries whose squares would."""
    largest = float(np.abs(matrix).max(initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(matrix / largest))


def transpose(matrix: Array) -> Array:
    """Return the transpose of a matrix, or of each matrix of a stack."""
    return np.swapaxes(matrix, -1, -2)
