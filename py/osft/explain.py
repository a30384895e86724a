"""What each gradient projection keeps, leaks and turns, side by side. Called by the projection and svd pages.

Public through osft.subspace. "factors" is the step that HF PEFT takes with plain gradient descent.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from . import checks
from .products import frobenius, matmul
from .projections import Leak, factor_step, leak, project_block, project_factors, project_two_sided, raw_factors

if TYPE_CHECKING:
    from .checks import Array
    from .splitting import Split

    Projection = Literal["full", "block", "two_sided", "factors"]

PROJECTIONS = ("full", "block", "two_sided", "factors")


class Effect(NamedTuple):
    """One projection applied to one gradient. Angles are in radians."""

    step: Array
    """dW [m, n]: the projected gradient; for "factors" the first-order change of W."""
    norm_kept: float
    """||dW|| over the norm of the same step without projection; 1 where that is zero too."""
    leak: Leak
    directions: int
    """Independent directions in which W can move."""
    left_turn: float
    """Largest principal angle between span(U_high) and the top left singular subspace after the step."""
    right_turn: float
    """The same for V_high."""
    value_change: float
    """Largest change of the top singular values, relative to the largest."""
    protection: Protection


class Protection(NamedTuple):
    """Which inputs and outputs a projection guarantees to keep, whatever the gradient."""

    inputs: Array
    """[n, p], orthonormal columns: W x stays the same exactly for x in their span."""
    outputs: Array
    """[m, q], orthonormal columns: the component of W x along them stays the same for every x."""
    statement: str


class Explanation(NamedTuple):
    """The effects of the unprojected gradient and of the three projections."""

    full: Effect
    block: Effect
    two_sided: Effect
    factors: Effect
    relative_step: float
    """||step|| / ||W|| for which the turns were computed."""


def explain(split: Split, gradient: object, *, relative_step: float = 0.1) -> Explanation:
    """Compare what the projections of one gradient do to the frozen subspace.

    For each: the step dW, ||dW|| / ||unprojected||, leaks on both sides, independent directions, and how far
    W - t dW with t ||dW|| = relative_step ||W|| turns the top singular subspaces

    split of W [m, n]; gradient [m, n]; relative_step >= 0, where 0 leaves W as it is. A
    gradient of another shape raises ValueError.
    Source: the block form is the equation printed in Nayak et al. 2025, arXiv 2504.07097; the factor form is
    HF PEFT 0.21.2, `osf/layer.py`.
    Invariants: a step of mere rounding turns nothing; for two_sided and factors both leaks are at rounding
    level, and both turns too as long as the step does not lift another singular value above the frozen ones.
    """
    relative_step = checks.as_real(relative_step, "relative_step", 0.0)
    g = checks.as_matrix(gradient, "gradient")
    checks.check_shape(g, "gradient", split.shape, "the weight matrix")
    factors = factor_step(split, project_factors(g, split))
    unprojected = frobenius(factor_step(split, raw_factors(g, split)))
    size = frobenius(g)
    weights = split.weights
    length = relative_step * frobenius(split.singular_values)
    # A step within the rounding of what it was computed from is none; measured, twice max(m, n) eps at most.
    rounding = 8.0 * max(split.shape) * float(np.finfo(np.float64).eps) * size
    # The factors' step scales the gradient by S_low twice, and for dS not at all.
    rounding_factors = rounding * max(1.0, float(split.S_low.max(initial=0.0)) ** 2)

    def effect(projection: Projection, step: Array, reference: float, floor: float = rounding) -> Effect:
        found = leak(step, split)
        moved = weights - (length / found.norm) * step if length > 0.0 and found.norm > floor else None
        left, right, change = _turns(moved, split)
        return Effect(
            step=step,
            norm_kept=found.norm / reference if reference > floor else 1.0,
            leak=found,
            directions=directions(projection, split),
            left_turn=left,
            right_turn=right,
            value_change=change,
            protection=protected(projection, split),
        )

    return Explanation(
        full=effect("full", g, size),
        block=effect("block", project_block(g, split), size),
        two_sided=effect("two_sided", project_two_sided(g, split), size),
        factors=effect("factors", factors, unprojected, rounding_factors),
        relative_step=relative_step,
    )


def directions(projection: Projection, split: Split) -> int:
    """Return in how many independent directions W can move under a projection: the rank of the map to dW.

    full mn;  block mn - rank^2;  two_sided (m - rank)(n - rank);  factors the same, where W has full rank

    With zeros among S_low the factor form reaches fewer directions, and they are counted here.
    Source: the rank of the Jacobian of W in the trainable factors, their gradients projected.
    """
    _check_projection(projection)
    (m, n), rank = split.shape, split.rank
    if projection == "full":
        return m * n
    if projection == "block":
        return m * n - rank * rank
    if projection == "two_sided":
        return (m - rank) * (n - rank)
    values, largest = split.S_low, float(split.singular_values.max())
    live = int((values > largest * max(m, n) * np.finfo(np.float64).eps).sum())
    dead = len(values) - live
    # dU moves the live columns of V_low, dV the live columns of U_low; what both reach is counted once.
    # dS alone reaches the diagonal of the rest.
    return live * (m - rank) + live * (n - rank) - live * live + dead


def protected(projection: Projection, split: Split) -> Protection:
    """Return the inputs and outputs that a projection keeps for every gradient.

    W x is unchanged exactly when dW x = 0: for all x in span(V_high) when dW V_high = 0

    Invariants: two_sided and factors protect span(V_high) and span(U_high); block protects neither, unless rank
    equals one side of W; full protects nothing.
    """
    _check_projection(projection)
    (m, n), rank = split.shape, split.rank
    both = projection in ("two_sided", "factors")
    keeps_inputs = both or (projection == "block" and rank == m)
    keeps_outputs = both or (projection == "block" and rank == n)
    inputs = split.V_high if keeps_inputs else split.V_high[:, :0]
    outputs = split.U_high if keeps_outputs else split.U_high[:, :0]
    if rank == 0 or projection == "full":
        statement = "Nothing is protected: a step may change the output of every input."
    elif keeps_inputs:
        statement = (
            f"Inputs in the span of the {rank} frozen right singular vectors keep their outputs; "
            f"any other input may change its output"
        )
        statement += f", but never along the {rank} frozen left singular vectors." if keeps_outputs else " in any direction."
    elif keeps_outputs:
        statement = f"No input keeps its output, but no output changes along the {rank} frozen left singular vectors."
    else:
        statement = (
            f"No input keeps its output: inputs in the span of the {rank} frozen right singular vectors keep only the "
            f"part of the output along the {rank} frozen left singular vectors."
        )
    return Protection(inputs=inputs, outputs=outputs, statement=statement)


def output_change(step: object, split: Split, inputs: object) -> Array:
    """Return how much a step changes the outputs of given inputs, relative to the outputs.

    ||dW x|| / ||W x|| for each column x

    step [m, n]; inputs [n, count] -> [count]; infinite where W x = 0 but dW x is not, 0 where both are.
    """
    change = checks.as_matrix(step, "step")
    checks.check_shape(change, "step", split.shape, "the weight matrix")
    columns = checks.as_matrix(inputs, "inputs")
    if columns.shape[0] != split.shape[1]:
        raise ValueError(f"inputs must have {split.shape[1]} rows, one for each input of the layer, not {len(columns)}.")
    moved = np.linalg.norm(matmul(change, columns), axis=0)
    outputs = np.linalg.norm(matmul(split.weights, columns), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(moved == 0.0, 0.0, moved / outputs)


def largest_angle(basis: Array, other: Array) -> float:
    """Return the largest principal angle between the spans of two orthonormal bases [n, r], in radians.

    sin = ||(I - A A^T) B||_2, and the cosine, the smallest singular value of A^T B, where the sine is flat

    Source: Bjoerck and Golub 1973; the sine keeps the digits of small angles that the cosine loses.
    Invariants: 0 for equal spans, at most pi / 2.
    """
    if basis.shape[1] == 0:
        return 0.0
    inner = matmul(basis.T, other)
    sine = float(np.linalg.svd(other - matmul(basis, inner), compute_uv=False)[0])
    if sine < 0.7:
        return math.asin(sine)
    return math.acos(min(1.0, float(np.linalg.svd(inner, compute_uv=False)[-1])))


def _turns(weights: Array | None, split: Split) -> tuple[float, float, float]:
    """Return both turns of the top singular subspace and the largest relative change of its values; None is no change."""
    rank = split.rank
    if rank == 0 or weights is None:
        return 0.0, 0.0, 0.0
    u, s, vt = np.linalg.svd(weights, full_matrices=False)
    scale = float(split.S_high[0])
    change = float(np.abs(s[:rank] - split.S_high).max())
    return (
        largest_angle(split.U_high, u[:, :rank]),
        largest_angle(split.V_high, vt[:rank].T),
        change / scale if scale > 0.0 else change,
    )


def _check_projection(projection: str) -> None:
    if projection not in PROJECTIONS:
        raise ValueError(f"projection must be one of {', '.join(PROJECTIONS)}, not {projection!r}.")
