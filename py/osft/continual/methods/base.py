"""The shape that all methods share: a rule that changes one weight matrix from its gradients.

`trainer.Trainer` makes one rule for each hidden matrix and calls begin, update and end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..network import Array
from ..optimizers import Optimizer, make_optimizer
from ..settings import SCHEDULE, Settings


@dataclass(frozen=True)
class Observed:
    """What a rule may look at after a task: `inputs` [count, in] of its layer, `fisher` [out, in].

    `fisher` is the diagonal of the Fisher information of the weights, E[(d log p / dW)^2].
    """

    inputs: Array
    fisher: Array


class Method:
    """A rule for one weight matrix W [out, in], which it changes in place.

    By itself it changes nothing: this is the reference line `frozen`.
    """

    #: Whether `end` needs Observed (it costs a pass over old images).
    observes = False

    def __init__(self, weights: Array, settings: Settings, rng: np.random.Generator) -> None:
        self.weights, self.settings, self.rng = weights, settings, rng

    def begin(self, task: int, tasks: int) -> None:
        """Called before task 1..tasks with the weights that the task starts from."""

    def update(self, gradient: Array) -> None:
        """One step along the dense gradient dL/dW [out, in] of a batch; it may be overwritten."""

    def end(self, observed: Observed | None) -> None:
        """Called after every task, and after pretraining."""

    def optimizer(self, like: Array) -> Optimizer:
        """A fresh optimiser: its state never outlives a task."""
        return make_optimizer(self.settings.optimizer, like, self.settings.learning_rate)


def share_retained(retained: float | str, task: int, tasks: int) -> float:
    """The share of directions kept during `task` (1..tasks); the schedule keeps t / (T + 1).

    The schedule is the one in HF PEFT's documentation of OSF: each task leaves its share behind.
    """
    return task / (tasks + 1) if retained == SCHEDULE else float(retained)


def thin_svd(weights: Array) -> tuple[Array, Array, Array]:
    """U [out, k], S [k], V' [k, in]. Raises FloatingPointError when W is not finite.

    NumPy in WebAssembly returns NaN where CPython raises LinAlgError: here both raise the same.
    """
    if not np.isfinite(weights).all():
        raise FloatingPointError("The weights are not finite.")
    u, s, vt = np.linalg.svd(weights, full_matrices=False)
    return u, s, vt
