"""The split of a weight matrix into frozen and trainable singular triplets. Public through osft.subspace.

Weights are [out, in] = [m, n]; k = min(m, n).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from . import checks
from .products import frobenius, gram

if TYPE_CHECKING:
    from .checks import Array


class Split(NamedTuple):
    """W = U_high diag(S_high) V_high^T + U_low diag(S_low) V_low^T; singular vectors are columns."""

    U_high: Array
    """[m, rank], frozen left singular vectors."""
    S_high: Array
    """[rank], the largest singular values, falling."""
    V_high: Array
    """[n, rank], frozen right singular vectors."""
    U_low: Array
    """[m, k - rank], trainable."""
    S_low: Array
    """[k - rank], trainable, falling."""
    V_low: Array
    """[n, k - rank], trainable."""

    @property
    def rank(self) -> int:
        """The preserved rank, PEFT's effective_rank."""
        return int(self.S_high.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n), the shape of the weight matrix."""
        return int(self.U_high.shape[0]), int(self.V_high.shape[0])

    @property
    def singular_values(self) -> Array:
        """All k singular values, [k]."""
        return np.concatenate([self.S_high, self.S_low])

    @property
    def high(self) -> Array:
        """W_high = U_high diag(S_high) V_high^T, [m, n]."""
        return gram(self.U_high * self.S_high, self.V_high)

    @property
    def low(self) -> Array:
        """W_low = U_low diag(S_low) V_low^T, [m, n]."""
        return gram(self.U_low * self.S_low, self.V_low)

    @property
    def weights(self) -> Array:
        """W_high + W_low, [m, n]."""
        return self.high + self.low

    @property
    def trainable_parameters(self) -> int:
        """(k - rank)(m + n + 1), what HF PEFT reports."""
        m, n = self.shape
        return int(self.S_low.shape[0]) * (m + n + 1)

    @property
    def energy_kept(self) -> float:
        """Sum of the kept squared singular values over the sum of all; 1 for a zero matrix."""
        total = frobenius(self.singular_values)
        return (frobenius(self.S_high) / total) ** 2 if total > 0.0 else 1.0

    @property
    def reconstruction_error(self) -> float:
        """||W - W_high||_F = sqrt(sum of the dropped squared singular values)."""
        return frobenius(self.S_low)


def split(weights: object, rank: int, *, dtype: Literal["float64", "float32"] = "float64") -> Split:
    """Split a weight matrix into its top singular triplets and the rest.

    W = U S V^T = U_high S_high V_high^T + U_low S_low V_low^T  (thin SVD)

    weights [m, n]; rank 0..k is the preserved rank. dtype="float32" computes the SVD in single precision, as
    HF PEFT always does; the result is float64 in any case. Each left singular vector's largest entry
    is made positive, so that the factors do not change sign from one machine to another.
    Source: Nayak et al. 2025 (OSFT), arXiv 2504.07097; HF PEFT 0.21.2, `osf/utils.py`,
    which stores V with singular vectors as rows.
    Invariants: the two parts recompose W; U_high^T U_low = 0 and V_high^T V_low = 0.

    >>> split([[3.0, 0.0], [0.0, 2.0]], 1).S_high
    array([3.])
    """
    matrix = checks.as_matrix(weights, "weights")
    rank = checks.as_integer(rank, "rank", 0, min(matrix.shape))
    if dtype not in ("float64", "float32"):
        raise ValueError(f"dtype must be 'float64' or 'float32', not {dtype!r}.")
    if dtype == "float32" and float(np.abs(matrix).max()) > float(np.finfo(np.float32).max):
        raise ValueError("weights has entries that float32 cannot hold; use dtype='float64'.")
    u, s, vt = np.linalg.svd(matrix.astype(dtype), full_matrices=False)
    u, s, vt = u.astype(np.float64), s.astype(np.float64), vt.astype(np.float64)
    signs = np.where(u[np.abs(u).argmax(axis=0), np.arange(len(s))] < 0.0, -1.0, 1.0)
    u = u * signs
    v = vt.T * signs
    return Split(u[:, :rank], s[:rank], v[:, :rank], u[:, rank:], s[rank:], v[:, rank:])
