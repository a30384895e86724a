"""What several tests of the experiment share: a network in the middle of its real work, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osft.continual.digits import make_tasks
from osft.continual.methods.base import Method
from osft.continual.settings import make_settings
from osft.continual.trainer import Trainer, pretrain

Array = NDArray[np.floating]


def make_trainer(method: str, *, seed: int = 0, **settings: object) -> Trainer:
    """A trainer on real digits that has not begun its first task."""
    chosen = make_settings(method, **{"dtype": "float64", **settings})
    tasks = make_tasks(seed, chosen.angles, chosen.part, chosen.dtype)
    return Trainer(method, seed, chosen, tasks, pretrain(seed, chosen))


@dataclass
class OneTask:
    """What one whole task did to one weight matrix."""

    rule: Method
    before: Array
    change: Array

    def basis(self, kept: int) -> tuple[Array, Array]:
        """The top `kept` singular vectors of the weights before the task: U [m, k] and V [n, k]."""
        u, _, vt = np.linalg.svd(self.before)
        return u[:, :kept], vt[:kept].T


def train_one_task(method: str, *, task: int = 1, **settings: object) -> list[OneTask]:
    """Train a whole task and tell, for each hidden layer, what changed."""
    trainer = make_trainer(method, **settings)
    before = [w.copy() for w in trainer.network.hidden]
    trainer.begin(task)
    trainer.advance(trainer.settings.steps_per_task)
    trainer.finish()
    assert trainer.diverged_at is None
    return [OneTask(rule, b, w - b) for rule, b, w in zip(trainer.rules, before, trainer.network.hidden, strict=True)]
