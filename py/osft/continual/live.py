"""The smaller experiment that a reader runs in the browser: two new tasks, a 64-64-64-10 network.

`py/explorer/surface.py` streams it as `train`; the methods take turns, so their curves grow side
by side. Everything but the size is the experiment of `experiment.py`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from . import metrics
from .digits import Digits, make_tasks
from .network import Array
from .settings import Settings, check_methods, check_positive, check_seed, make_settings
from .trainer import Trainer, pretraining, schedule

LIVE_METHODS = ("full", "lora", "oft", "osft", "seed_block")
ANGLES = (0.0, 30.0, 60.0)
#: Pretraining's share of the progress; it costs about as much as three methods.
_PRETRAINING = 0.3

Value = str | float | int | bool | Array


def live(
    methods: Sequence[str] = LIVE_METHODS,
    *,
    retained: float | str = 0.25,
    learning_rate: float = 3e-3,
    seed: int = 0,
    rank: int = 8,
    block_size: int = 16,
    digits: Digits | None = None,
) -> Generator[dict[str, Value], None, None]:
    """Train the methods in turns; yields one flat dict after each pass and each evaluation.

    The keys never change. `stage` is "pretraining", "training" or "done" (the last one), `method`
    the method that the dict is about ("" for the shared pretraining), `step` of `steps` its
    position, `task` the task it is on, `progress` the share of all work done, `loss` the mean
    loss of the last steps, and `accuracy` [3] one number a task. `average_accuracy`, `forgetting`
    and `learning` are those of the curve so far. `diverged_at` is -1, or the step at which the
    method's loss or weights stopped being numbers to work with: this is then its last dict, its
    `accuracy` is the last one measured, and `message` says so in a sentence.

    Raises ValueError at once, before the first dict, for a setting that cannot be used.
    """
    chosen = check_methods(tuple(methods))
    if "joint" in chosen:
        raise ValueError("joint has no order of tasks to watch, so it cannot run live. Choose another method.")
    seed = check_seed(seed)
    check_positive("learning_rate", learning_rate)
    settings = {
        method: make_settings(
            method,
            learning_rate=learning_rate,
            retained=retained,
            rank=rank,
            block_size=block_size,
            angles=ANGLES,
            hidden=(64, 64),
            steps_per_task=60,
            pretraining_epochs=25,
        )
        for method in chosen
    }
    return _live(settings, seed, digits)


def _live(settings: dict[str, Settings], seed: int, digits: Digits | None) -> Generator[dict[str, Value], None, None]:
    common = next(iter(settings.values()))
    tasks = make_tasks(seed, common.angles, common.part, common.dtype, digits)
    steps = common.steps_per_task * (len(tasks) - 1)
    network = None
    passes = pretraining(seed, common, tasks)
    while network is None:
        try:
            share = next(passes)
        except StopIteration as stop:
            network = stop.value
        else:
            yield message("pretraining", steps=steps, progress=share * _PRETRAINING)
    racers = [Racer(Trainer(method, seed, chosen, tasks, network.copy()), steps) for method, chosen in settings.items()]
    rounds = steps // common.evaluate_every + 1
    running = list(racers)
    for turn in range(rounds):
        for place, racer in enumerate(running):
            share = (turn + (place + 1) / len(running)) / rounds
            yield racer.advance(_PRETRAINING + (1 - _PRETRAINING) * share)
        running = [racer for racer in running if racer.trainer.diverged_at is None]
    yield message("done", steps=steps, step=steps, progress=1.0)


class Racer:
    """One method of the live experiment: its trainer and the curve it has drawn so far."""

    def __init__(self, trainer: Trainer, steps: int) -> None:
        self.trainer, self.steps = trainer, steps
        self.moves: Iterator[int] = schedule(trainer)
        self.curve: list[Array] = []
        self.rows: list[Array] = []

    def advance(self, progress: float) -> dict[str, Value]:
        """Train up to the next evaluation and tell of it."""
        trainer = self.trainer
        task = next(self.moves)
        if trainer.diverged_at is None:
            self.curve.append(trainer.evaluate())
            if trainer.step % trainer.settings.steps_per_task == 0:
                self.rows.append(self.curve[-1])
        # While a task is under way its row is the present: the last one is always complete.
        finished = self.rows[:task]
        matrix = np.stack([*finished, self.curve[-1]] if task else [self.curve[-1]])
        diverged = trainer.diverged_at
        return message(
            "training",
            method=trainer.method,
            step=trainer.step,
            steps=self.steps,
            task=task,
            progress=progress,
            loss=trainer.loss,
            accuracy=self.curve[-1],
            average_accuracy=metrics.average_accuracy(matrix),
            forgetting=metrics.forgetting(matrix),
            learning=metrics.learning(matrix) if task else 0.0,
            diverged_at=-1 if diverged is None else diverged,
            message=""
            if diverged is None
            else f"{trainer.method} diverged at step {diverged}: the learning rate "
            f"{trainer.settings.learning_rate:g} is too large for it. Its curve ends there.",
        )


def message(stage: str, **values: Value) -> dict[str, Value]:
    """A dict with every key of a live message, the given ones set and all numbers finite."""
    filled: dict[str, Value] = {
        "stage": stage,
        "method": "",
        "step": 0,
        "steps": 0,
        "task": 0,
        "progress": 0.0,
        "loss": 0.0,
        "accuracy": np.zeros(len(ANGLES)),
        "average_accuracy": 0.0,
        "forgetting": 0.0,
        "learning": 0.0,
        "diverged_at": -1,
        "message": "",
        **values,
    }
    loss = filled["loss"]
    if not (isinstance(loss, float) and np.isfinite(loss)):
        filled["loss"] = 0.0
    return filled
