"""Page 5, Which Way I Ought to Go: what is left of a gradient after a projection, and what leaks.

Called by explorer.surface and by readers; pages/projection.js draws what it returns.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from explorer.declare import Array, Output, Outputs, Page, Parameter, choices, drawn, validated
from osft.subspace import (
    Split,
    factor_step,
    largest_angle,
    leak,
    project_block,
    project_factors,
    project_two_sided,
    split,
    train_factors,
)

Optimizer = Literal["sgd", "adam", "adam_reprojected"]

VECTOR = {"mode": ["vector"]}
MATRIX = {"mode": ["matrix"]}
OPTIMIZERS = {
    "sgd": "SGD (one step, first order)",
    "adam": "Adam",
    "adam_reprojected": "Adam, re-projected after each step",
}
# The tutorial's own example.
EXAMPLE_WEIGHTS = ((2.0, 0.5, 0.0), (0.0, 1.5, 0.1), (0.0, 0.0, 0.2))
EXAMPLE_GRADIENT = ((0.1, -0.2, 0.05), (0.05, 0.1, -0.1), (-0.2, 0.0, 0.2))
LEARNING_RATE = 0.01
RELATIVE_STEP = 0.1

PARAMETERS = (
    Parameter("mode", "Picture", "choice", "vector", choices=choices({"vector": "Two arrows", "matrix": "A weight matrix"})),
    Parameter("gx", "Gradient X", "float", 0.5, -2, 2, step=0.01, shown_when=VECTOR),
    Parameter("gy", "Gradient Y", "float", 0.8, -2, 2, step=0.01, shown_when=VECTOR),
    Parameter("cx", "Critical X", "float", 1.0, -2, 2, step=0.01, shown_when=VECTOR),
    Parameter("cy", "Critical Y", "float", 0.5, -2, 2, step=0.01, shown_when=VECTOR),
    Parameter(
        "size",
        "Size",
        "int",
        3,
        2,
        24,
        step=1,
        shown_when=MATRIX,
        note="The matrix is square. Size 3 with seed 0 is the tutorial’s own example.",
    ),
    Parameter("rank", "Protected rank", "int", 1, 0, ["size"], step=1, shown_when=MATRIX),
    Parameter("optimizer", "Optimiser", "choice", "sgd", choices=choices(OPTIMIZERS), shown_when=MATRIX),
    Parameter(
        "steps",
        "Steps",
        "int",
        10,
        1,
        100,
        step=1,
        shown_when={"mode": ["matrix"], "optimizer": ["adam", "adam_reprojected"]},
        note=f"With learning rate {LEARNING_RATE} and the same gradient in each.",
    ),
    Parameter("seed", "Seed", "seed", 0, shown_when=MATRIX),
)

FORMS = {
    "block": ("Block", "G − U_h U_hᵀ G V_h V_hᵀ, as printed in the paper and in the tutorial"),
    "two_sided": ("Two-sided", "(I − U_h U_hᵀ) G (I − V_h V_hᵀ)"),
    "factors": ("Factors", "projected gradients of U_low, S_low and V_low, as HF PEFT computes them"),
}

OUTPUTS = (
    Output("projection_x", "Along the critical direction, x", "float", shown_when=VECTOR),
    Output("projection_y", "Along the critical direction, y", "float", shown_when=VECTOR),
    Output("safe_x", "Left after projection, x", "float", shown_when=VECTOR),
    Output("safe_y", "Left after projection, y", "float", shown_when=VECTOR),
    Output("reduction", "Length taken away", "float", unit="%", shown_when=VECTOR, note="0 for a zero gradient."),
    Output("dot_with_critical", "What is left · critical direction", "float", shown_when=VECTOR, note="0 but for rounding."),
    Output(
        "angle_between",
        "Angle between gradient and critical direction",
        "float",
        unit="°",
        shown_when=VECTOR,
        note="0 when either is zero.",
    ),
    Output("gradient_norm", "Norm of the gradient", "float", shown_when=MATRIX),
    *(
        Output(f"{name}_{part}", f"{title}: {words}", "float", unit=unit, shown_when=MATRIX, note=f"{note}{formula}.")
        for name, (title, formula) in FORMS.items()
        for part, words, unit, note in (
            ("norm", "norm of the change dW", "", ""),
            ("left_leak", "left leak", "", "Norm of U_hᵀ dW; dW from "),
            ("right_leak", "right leak", "", "Norm of dW V_h; dW from "),
            (
                "turn",
                "turn of the protected subspace",
                "rad",
                "Largest angle between span U_h before and after a change of 10 % of the norm of W; "
                "90° where another direction has overtaken a protected one; "
                "dW from ",
            ),
        )
    ),
    drawn("weights", "matrix", "W.", MATRIX),
    drawn("gradient", "matrix", "G, the gradient of the loss in W.", MATRIX),
    drawn("singular_values", "vector", "Of W; the first `rank` are protected.", MATRIX),
    drawn(
        "gradient_rotated",
        "matrix",
        "Uᵀ G V: in the basis of singular vectors, where the first `rank` rows and columns are protected.",
        MATRIX,
    ),
    *(drawn(f"{name}_rotated", "matrix", f"Uᵀ dW V of the {title.lower()} form.", MATRIX) for name, (title, _) in FORMS.items()),
)


def project_arrow(gx: float, gy: float, cx: float, cy: float) -> Outputs:
    """g = (g·ĉ) ĉ + safe for two arrows; a zero critical arrow protects nothing."""
    length = math.hypot(cx, cy)
    ux, uy = (cx / length, cy / length) if length > 0 else (0.0, 0.0)
    along = gx * ux + gy * uy
    safe_x, safe_y = gx - along * ux, gy - along * uy
    whole = math.hypot(gx, gy)
    left = min(1.0, math.hypot(safe_x, safe_y) / whole) if whole > 0 else 1.0
    across = gy * ux - gx * uy
    return {
        "projection_x": along * ux,
        "projection_y": along * uy,
        "safe_x": safe_x,
        "safe_y": safe_y,
        "reduction": 100 * (1 - left),
        "dot_with_critical": safe_x * cx + safe_y * cy,
        "angle_between": abs(math.degrees(math.atan2(across, along))) if along or across else 0.0,
    }


def draw_matrices(size: int, seed: int) -> tuple[Array, Array]:
    """W and G: the tutorial's example, or Gaussian ones with a falling spectrum."""
    if size == 3 and seed == 0:
        return np.array(EXAMPLE_WEIGHTS), np.array(EXAMPLE_GRADIENT)
    random = np.random.default_rng(seed)
    weights = random.standard_normal((size, size)) / math.sqrt(size)
    return weights, random.standard_normal((size, size)) * (0.4 / size)


def train_dense(name: str, gradient: Array, parts: Split, steps: int, reproject: bool) -> Array:
    """dW after steps of Adam on the projected gradient; re-projected, dW itself is projected."""
    from osft.continual.optimizers import Adam

    project = project_block if name == "block" else project_two_sided
    projected = project(gradient, parts)
    adam, change = Adam(projected, LEARNING_RATE), np.zeros_like(projected)
    for _ in range(steps):
        change += adam.step(projected)
        if reproject:
            change = project(change, parts)
    return change


def change_of_weights(name: str, gradient: Array, parts: Split, optimizer: Optimizer, steps: int) -> Array:
    """dW of one form: for sgd the first-order change per unit of learning rate, without its sign."""
    if optimizer == "sgd":
        if name == "factors":
            return factor_step(parts, project_factors(gradient, parts))
        return (project_block if name == "block" else project_two_sided)(gradient, parts)
    if name == "factors":
        return train_factors(parts, gradient, optimizer=optimizer, learning_rate=LEARNING_RATE, steps=steps).step
    return train_dense(name, gradient, parts, steps, optimizer == "adam_reprojected")


def turn_of_subspace(weights: Array, parts: Split, change: Array) -> float:
    """Largest principal angle between U_high and the top left subspace after a step along dW."""
    size = float(np.linalg.norm(change))
    if size == 0 or parts.rank == 0:
        return 0.0
    step = RELATIVE_STEP * float(np.linalg.norm(weights)) / size
    return largest_angle(parts.U_high, split(weights - step * change, parts.rank).U_high)


@validated(PARAMETERS)
def compute(
    *,
    gx: float,
    gy: float,
    cx: float,
    cy: float,
    mode: str,
    size: int,
    rank: int,
    optimizer: Optimizer,
    steps: int,
    seed: int,
) -> Outputs:
    """Two arrows, or the three forms of OSFT's projection on a weight matrix and its gradient."""
    if mode == "vector":
        return project_arrow(gx, gy, cx, cy)
    weights, gradient = draw_matrices(size, seed)
    parts = split(weights, rank)
    left = np.hstack([parts.U_high, parts.U_low])
    right = np.hstack([parts.V_high, parts.V_low])
    outputs: Outputs = {"gradient_norm": float(np.linalg.norm(gradient))}
    rotated: Outputs = {}
    for name in FORMS:
        change = change_of_weights(name, gradient, parts, optimizer, steps)
        found = leak(change, parts)
        outputs[f"{name}_norm"] = found.norm
        outputs[f"{name}_left_leak"] = found.left
        outputs[f"{name}_right_leak"] = found.right
        # A descent step is W − dW for sgd; Adam's dW carries its own sign.
        descent = change if optimizer == "sgd" else -change
        outputs[f"{name}_turn"] = turn_of_subspace(weights, parts, descent)
        rotated[f"{name}_rotated"] = left.T @ change @ right
    return {
        **outputs,
        "weights": weights,
        "gradient": gradient,
        "singular_values": parts.singular_values,
        "gradient_rotated": left.T @ gradient @ right,
        **rotated,
    }


PAGE = Page("projection", "Which Way I Ought to Go", PARAMETERS, OUTPUTS, compute)
