"""LoRA and O-LoRA: a low-rank update, merged into W after each task."""

from __future__ import annotations

import numpy as np

from ..network import Array, mm
from ..settings import Settings
from .base import Method, Observed

SCALE = 2.0


class Lora(Method):
    """W = W0 + 2 B A with A [r, in] ~ U(+-1 / sqrt(in)) and B [out, r] = 0 at the task's start.

    dL/dB = 2 G A', dL/dA = 2 B' G. Hu et al. 2021, equation 3, with alpha / r = 2.
    Invariant: rank(W - W0) <= r within a task.
    """

    def begin(self, task: int, tasks: int) -> None:
        m, n = self.weights.shape
        bound = 1 / np.sqrt(n)
        self.base = self.weights.copy()
        self.a = self.rng.uniform(-bound, bound, (self.settings.rank, n)).astype(self.base.dtype)
        self.b = np.zeros((m, self.settings.rank), self.base.dtype)
        self.adam_a, self.adam_b = self.optimizer(self.a), self.optimizer(self.b)

    def update(self, gradient: Array) -> None:
        gradient *= SCALE
        for_a = mm(self.b.T, gradient)
        self.add_penalty(for_a)
        self.b += self.adam_b.step(mm(gradient, self.a.T))
        self.a += self.adam_a.step(for_a)
        mm(self.b, self.a, out=self.weights)
        self.weights *= SCALE
        self.weights += self.base

    def add_penalty(self, for_a: Array) -> None:
        """Add the gradient of a penalty on A to `for_a`; LoRA has none."""


class OLora(Lora):
    """LoRA plus lambda * sum_i |A A_i'|, entry by entry, over the A_i of earlier tasks. Wang et al. 2023.

    It keeps the adapters apart from each other; the pretrained task has none, and no protection.
    """

    def __init__(self, weights: Array, settings: Settings, rng: np.random.Generator) -> None:
        super().__init__(weights, settings, rng)
        self.a = self.earlier = np.zeros((0, weights.shape[1]), weights.dtype)

    def add_penalty(self, for_a: Array) -> None:
        if len(self.earlier):
            overlap = np.sign(mm(self.a, self.earlier.T))
            overlap *= self.settings.penalty
            for_a += mm(overlap, self.earlier)

    def end(self, observed: Observed | None) -> None:
        self.earlier = np.concatenate([self.earlier, self.a])
