"""Full fine-tuning: every weight follows the optimiser. Also the rule under replay and joint."""

from __future__ import annotations

from ..network import Array
from .base import Method


class Full(Method):
    """W <- W + step(G)."""

    def begin(self, task: int, tasks: int) -> None:
        self.adam = self.optimizer(self.weights)

    def update(self, gradient: Array) -> None:
        self.weights += self.adam.step(gradient)
