"""Train the factors of a split against a constant gradient, as HF PEFT and mini_trainer would.

Public through osft.subspace. The projection page shows with it that an adaptive optimiser leaves the subspace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from . import checks
from .products import gram, matmul
from .projections import FactorGradients, Leak, leak, project_factors

if TYPE_CHECKING:
    from .checks import Array
    from .splitting import Split

    Optimizer = Literal["sgd", "adam", "adam_reprojected"]

OPTIMIZERS = ("sgd", "adam", "adam_reprojected")
# Adam's defaults in PyTorch, as in Kingma and Ba 2015.
MEAN_DECAY, VARIANCE_DECAY, EPSILON = 0.9, 0.999, 1e-8


class FactorRun(NamedTuple):
    """What training the factors did."""

    split: Split
    """The frozen factors as they were, the trained ones as they are now."""
    step: Array
    """dW [m, n], the change of the weight matrix."""
    leak: Leak
    """How far dW reaches into the frozen subspace."""


def train_factors(
    split: Split, gradient: object, *, optimizer: Optimizer = "sgd", learning_rate: float = 0.01, steps: int = 1
) -> FactorRun:
    """Train U_low, S_low, V_low on the loss <G, W> with projected gradients, and measure the leak.

    sgd: p <- p - lr g;  adam: p <- p - lr m^ / (sqrt(v^) + 1e-8), element by element;
    adam_reprojected: the same, then U_low <- (I - U_high U_high^T) U_low and V_low likewise

    gradient G [m, n] = dL/dW, the same in each of `steps` steps (0 to 10,000); the factors' gradients are taken
    anew each time. Unknown optimisers, and training that runs away, raise ValueError.
    Source: HF PEFT 0.21.2 `osf/layer.py` (sgd, adam: AdamW without weight decay); mini_trainer
    `osft_utils.py` (adam_reprojected).
    Invariants: the leaks of sgd and adam_reprojected are at rounding level; those of adam are not, because
    it rescales each number by itself after the projection. dW does not depend on the signs of singular vectors.
    """
    g = checks.as_matrix(gradient, "gradient")
    checks.check_shape(g, "gradient", split.shape, "the weight matrix")
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, not {optimizer!r}.")
    rate = checks.as_real(learning_rate, "learning_rate", 0.0, checks.LARGEST)
    steps = checks.as_integer(steps, "steps", 0, 10_000)

    current = split
    factors = [split.U_low, split.S_low, split.V_low]
    means = [np.zeros_like(factor) for factor in factors]
    variances = [np.zeros_like(factor) for factor in factors]
    for step in range(1, steps + 1):
        gradients: FactorGradients = project_factors(g, current)
        for index, slope in enumerate(gradients):
            _check_running(slope, step)
            update = slope
            if optimizer != "sgd":
                means[index] = MEAN_DECAY * means[index] + (1.0 - MEAN_DECAY) * slope
                variances[index] = VARIANCE_DECAY * variances[index] + (1.0 - VARIANCE_DECAY) * slope**2
                mean = means[index] / (1.0 - MEAN_DECAY**step)
                deviation = np.sqrt(variances[index] / (1.0 - VARIANCE_DECAY**step))
                update = mean / (deviation + EPSILON)
            factors[index] = factors[index] - rate * update
            _check_running(factors[index], step)
        if optimizer == "adam_reprojected":
            factors[0] = _away(factors[0], split.U_high)
            factors[2] = _away(factors[2], split.V_high)
        current = current._replace(U_low=factors[0], S_low=factors[1], V_low=factors[2])
    change = gram(current.U_low * current.S_low, current.V_low) - split.low
    return FactorRun(split=current, step=change, leak=leak(change, split))


def _check_running(values: Array, step: int) -> None:
    """Raise where training runs away, before the numbers leave float64."""
    if float(np.abs(values).max(initial=0.0)) > checks.LARGEST:
        raise ValueError(f"Training runs away at step {step}: lower learning_rate.")


def _away(columns: Array, basis: Array) -> Array:
    """Return columns without their parts in the span of an orthonormal basis."""
    return columns - matmul(basis, matmul(basis.T, columns))
