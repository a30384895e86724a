"""OSFT's subspaces: the split of a weight matrix, the three gradient projections, and what each leaves open.

Called by the svd and projection pages, the command line and the notebooks; `explain` is in explain.py, trained
factors are in steps.py and rank rules in ranks.py. Weights are [out, in] = [m, n]; k = min(m, n).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from . import checks
from .products import gram, matmul

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
        total = float((self.singular_values**2).sum())
        return float((self.S_high**2).sum()) / total if total > 0.0 else 1.0

    @property
    def reconstruction_error(self) -> float:
        """||W - W_high||_F = sqrt(sum of the dropped squared singular values)."""
        return float(np.sqrt((self.S_low**2).sum()))


class FactorGradients(NamedTuple):
    """Gradients of the trainable factors, shaped like them."""

    dU_low: Array
    dS_low: Array
    dV_low: Array


class Leak(NamedTuple):
    """What a step changes in the frozen subspace; all Frobenius norms."""

    left: float
    """||U_high^T dW||: change of what the frozen output directions receive."""
    right: float
    """||dW V_high||: change of the outputs on the frozen input directions."""
    block: float
    """||U_high^T dW V_high||: the part that is in both."""
    norm: float
    """||dW||."""


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
    u, s, vt = np.linalg.svd(matrix.astype(dtype), full_matrices=False)
    u, s, vt = u.astype(np.float64), s.astype(np.float64), vt.astype(np.float64)
    checks.check_result(s, f"weights cannot be decomposed in {dtype}: their entries are too large.")
    signs = np.where(u[np.abs(u).argmax(axis=0), np.arange(len(s))] < 0.0, -1.0, 1.0)
    u = u * signs
    v = vt.T * signs
    return Split(u[:, :rank], s[:rank], v[:, :rank], u[:, rank:], s[rank:], v[:, rank:])


def project_block(gradient: object, split: Split) -> Array:
    """Project a gradient as printed in the OSFT paper and in the original tutorial: the high-high block alone.

    G - U_high U_high^T G V_high V_high^T

    gradient [m, n] -> [m, n]. Source: Nayak et al. 2025, arXiv 2504.07097, "Ensuring orthogonal updates".
    Invariants: U_high^T dW V_high = 0; U_high^T dW and dW V_high are in general not 0.
    """
    g = _gradient(gradient, split)
    inner = matmul(matmul(split.U_high.T, g), split.V_high)
    return g - gram(matmul(split.U_high, inner), split.V_high)


def project_two_sided(gradient: object, split: Split) -> Array:
    """Project a gradient away from the frozen subspace on both sides.

    (I - U_high U_high^T) G (I - V_high V_high^T)

    gradient [m, n] -> [m, n]. The constraint that HF PEFT's factor gradients obey, without its step sizes.
    Invariants: U_high^T dW = 0 and dW V_high = 0, so the frozen triplets stay singular triplets of W + dW.
    """
    g = _gradient(gradient, split)
    g = g - matmul(split.U_high, matmul(split.U_high.T, g))
    return g - gram(matmul(g, split.V_high), split.V_high)


def project_factors(gradient: object, split: Split) -> FactorGradients:
    """Project the gradients of the trainable factors, as HF PEFT and the authors' code compute them.

    dU_low = (I - U_high U_high^T) G V_low S_low,  dS_low = diag(U_low^T G V_low),
    dV_low = (I - V_high V_high^T) G^T U_low S_low

    gradient [m, n] -> dU_low [m, k-rank], dS_low [k-rank], dV_low [n, k-rank] (PEFT stores its transpose).
    Source: HF PEFT 0.21.2, `OSFLayer._attach_hooks`; mini_trainer, `osft_utils.py`.
    Invariant: to first order the change of W obeys U_high^T dW = 0 and dW V_high = 0, as in `project_two_sided`;
    its size differs, and an adaptive optimiser applied to the factors breaks it.
    """
    g = _gradient(gradient, split)
    on_right = matmul(g, split.V_low)
    on_left = matmul(g.T, split.U_low)
    d_u = on_right * split.S_low
    d_v = on_left * split.S_low
    return FactorGradients(
        dU_low=d_u - matmul(split.U_high, matmul(split.U_high.T, d_u)),
        dS_low=(split.U_low * on_right).sum(axis=0),
        dV_low=d_v - matmul(split.V_high, matmul(split.V_high.T, d_v)),
    )


def factor_step(split: Split, gradients: FactorGradients) -> Array:
    """Return the change of W, to first order, along given gradients of the factors.

    dW = dU_low S_low V_low^T + U_low dS_low V_low^T + U_low S_low dV_low^T   [m, n]

    Invariant: a step of size lr along minus these gradients changes W by -lr dW + O(lr^2).
    """
    d_u, d_s, d_v = gradients
    return gram(d_u * split.S_low + split.U_low * d_s, split.V_low) + gram(split.U_low * split.S_low, d_v)


def leak(step: object, split: Split) -> Leak:
    """Measure how far a change of W reaches into the frozen subspace.

    ||U_high^T dW||_F, ||dW V_high||_F, ||U_high^T dW V_high||_F and ||dW||_F

    step [m, n]. Invariants: block <= left <= norm and block <= right <= norm; all 0 but the norm for a two-sided step.
    """
    change = _gradient(step, split, "step")
    on_left = matmul(split.U_high.T, change)
    return Leak(
        left=float(np.linalg.norm(on_left)),
        right=float(np.linalg.norm(matmul(change, split.V_high))),
        block=float(np.linalg.norm(matmul(on_left, split.V_high))),
        norm=float(np.linalg.norm(change)),
    )


def _gradient(value: object, split: Split, name: str = "gradient") -> Array:
    """Return a matrix of the shape of the split weight."""
    matrix = checks.as_matrix(value, name)
    checks.check_shape(matrix, name, split.shape, "the weight matrix")
    return matrix
