"""One run: pretrain on upright digits, then one task after another, evaluated as it goes.

`steps` yields after every evaluation, so that a caller can watch and stop; `run` consumes it.
The notebooks, the precomputation and the tests call these; the work is done in trainer.py.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import metrics
from .digits import CLASSES, Digits, make_tasks
from .network import Array, accuracy, initial_network
from .settings import PIXELS, Settings, check_seed, make_settings
from .trainer import Trainer, consume, pretrain, schedule


@dataclass(frozen=True)
class Step:
    """The state at one evaluation. `accuracy` [tasks] is NaN once the run has diverged."""

    step: int
    steps: int
    task: int
    loss: float
    accuracy: Array
    diverged_at: int | None


@dataclass(frozen=True)
class Run:
    """A finished run. `accuracy[i, j]` is the accuracy on task j after task i; task 0 is pretraining.

    `curve` [points, tasks] is the same at every evaluation, at the steps in `steps`; `weights` are
    the hidden matrices in the end; `initial` [tasks] is the accuracy before any training. After
    divergence, at step `diverged_at`, accuracies are NaN. The rows of joint training are the same
    moments of its one long task, so that its forgetting and learning are NaN.
    """

    method: str
    seed: int
    settings: Settings
    accuracy: Array
    curve: Array
    steps: Array
    loss: Array
    initial: Array
    weights: tuple[Array, ...]
    diverged_at: int | None

    @property
    def average_accuracy(self) -> float:
        """Mean final accuracy over all tasks."""
        return metrics.average_accuracy(self.accuracy)

    @property
    def forgetting(self) -> float:
        """Mean fall of an earlier task from its best accuracy."""
        return float("nan") if self.method == "joint" else metrics.forgetting(self.accuracy)

    @property
    def learning(self) -> float:
        """Mean accuracy on each new task right after training on it (plasticity)."""
        return float("nan") if self.method == "joint" else metrics.learning(self.accuracy)

    @property
    def kept(self) -> float:
        """Final accuracy on the pretraining task (stability)."""
        return float(self.accuracy[-1, 0])

    @property
    def last(self) -> float:
        """Final accuracy on the last task."""
        return float(self.accuracy[-1, -1])

    @property
    def backward_transfer(self) -> float:
        """Mean change of an earlier task since it was learned."""
        return float("nan") if self.method == "joint" else metrics.backward_transfer(self.accuracy)

    @property
    def forward_transfer(self) -> float:
        """Mean accuracy on a task before training on it, above an untrained network's."""
        if self.method == "joint":
            return float("nan")
        return metrics.forward_transfer(self.accuracy, self.initial)


def steps(method: str, *, seed: int, digits: Digits | None = None, **settings: Any) -> Generator[Step, None, Run]:
    """Train `method`, yielding a Step at every evaluation (the first before training); returns Run.

    Stop by no longer asking. After divergence the remaining evaluations are not made: the Step
    that tells of it is the last. Raises ValueError for a bad method, seed or setting.
    """
    chosen = make_settings(method, **settings)
    return _steps(method, check_seed(seed), chosen, digits)


def _steps(method: str, seed: int, settings: Settings, digits: Digits | None) -> Generator[Step, None, Run]:
    tasks = make_tasks(seed, settings.angles, settings.part, settings.dtype, digits)
    start = pretrain(seed, settings, digits)
    sizes = (PIXELS, *settings.hidden, CLASSES)
    untrained = initial_network(sizes, seed, settings.dtype)
    initial = accuracy(untrained, tasks.held_out_images, tasks.held_out_labels)
    trainer = Trainer(method, seed, settings, tasks, start)
    total = settings.steps_per_task * (len(tasks) - 1)
    points = total // settings.evaluate_every + 1
    curve = np.full((points, len(tasks)), np.nan)
    losses = np.full(points, np.nan)
    for point, task in enumerate(schedule(trainer)):
        curve[point], losses[point] = trainer.evaluate(), trainer.loss
        yield Step(trainer.step, total, task, trainer.loss, curve[point], trainer.diverged_at)
    return Run(
        method=method,
        seed=seed,
        settings=settings,
        accuracy=curve[:: settings.steps_per_task // settings.evaluate_every],
        curve=curve,
        steps=np.arange(points) * settings.evaluate_every,
        loss=losses,
        initial=initial,
        weights=tuple(trainer.network.hidden),
        diverged_at=trainer.diverged_at,
    )


def run(method: str, *, seed: int, digits: Digits | None = None, **settings: Any) -> Run:
    """Train `method` to the end and return its Run; see Settings for what may be set.

    The same seed gives the same weights on one machine; between machines, and in WebAssembly,
    float32 rounding differs. Raises ValueError for a bad method, seed or setting.
    """
    return consume(steps(method, seed=seed, digits=digits, **settings))
