"""The three gradient projections of OSFT, and what a step changes in the frozen subspace. Public through osft.subspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import checks
from .products import frobenius, gram, matmul

if TYPE_CHECKING:
    from .checks import Array
    from .splitting import Split


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


def project_block(gradient: object, split: Split) -> Array:
    """Project a gradient as printed in the OSFT paper and in the original tutorial: the high-high block alone.

    G - U_high U_high^T G V_high V_high^T

    gradient [m, n] -> [m, n]. Source: the equation printed by the authors (Nayak et al. 2025, arXiv 2504.07097, and
    their article of 4 April 2025). Their own program and HF PEFT do more: `project_factors`.
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


def raw_factors(gradient: object, split: Split) -> FactorGradients:
    """Return the gradients of the trainable factors by the chain rule, without projection.

    dU_low = G V_low S_low,  dS_low = diag(U_low^T G V_low),  dV_low = G^T U_low S_low

    gradient G = dL/dW [m, n] -> shapes of U_low, S_low, V_low.
    """
    g = _gradient(gradient, split)
    on_right = matmul(g, split.V_low)
    on_left = matmul(g.T, split.U_low)
    return FactorGradients(
        dU_low=on_right * split.S_low,
        dS_low=(split.U_low * on_right).sum(axis=0),
        dV_low=on_left * split.S_low,
    )


def project_factors(gradient: object, split: Split) -> FactorGradients:
    """Project the gradients of the trainable factors, as HF PEFT and the authors' code compute them.

    dU_low = (I - U_high U_high^T) G V_low S_low,  dS_low = diag(U_low^T G V_low),
    dV_low = (I - V_high V_high^T) G^T U_low S_low

    gradient [m, n] -> dU_low [m, k-rank], dS_low [k-rank], dV_low [n, k-rank] (PEFT stores its transpose).
    Source: HF PEFT 0.21.2, `OSFLayer._attach_hooks`; mini_trainer, `osft_utils.py`.
    Invariant: to first order the change of W obeys U_high^T dW = 0 and dW V_high = 0, as in `project_two_sided`;
    its size differs, and an adaptive optimiser applied to the factors breaks it.
    """
    d_u, d_s, d_v = raw_factors(gradient, split)
    return FactorGradients(
        dU_low=d_u - matmul(split.U_high, matmul(split.U_high.T, d_u)),
        dS_low=d_s,
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
    norms = (on_left, matmul(change, split.V_high), matmul(on_left, split.V_high), change)
    return Leak(*(frobenius(part) for part in norms))


def _gradient(value: object, split: Split, name: str = "gradient") -> Array:
    """Return a matrix of the shape of the split weight."""
    matrix = checks.as_matrix(value, name)
    checks.check_shape(matrix, name, split.shape, "the weight matrix")
    return matrix
