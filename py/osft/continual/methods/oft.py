"""Orthogonal fine-tuning: a block-diagonal rotation of the inputs, merged after each task."""

from __future__ import annotations

import numpy as np

from ...products import matmul
from ..network import Array
from ..settings import Settings
from .base import Method


class Oft(Method):
    """W = W0 blockdiag(R_1, ...), R = (I - Q)(I + Q)^-1 exactly, Q [b, b] skew and 0 at the start.

    With M = -(I + R)' (W0' G) (I + Q)^-T of a block, dL/dQ = M - M'. Qiu et al. 2023, section 3;
    the exact branch of HF PEFT has the same sign. Invariants: singular values of W, and the
    angles between its rows, hence the hyperspherical energy.
    """

    def __init__(self, weights: Array, settings: Settings, rng: np.random.Generator) -> None:
        super().__init__(weights, settings, rng)
        self.block = settings.block_size or weights.shape[1]
        self.identity = np.eye(self.block, dtype=weights.dtype)

    def begin(self, task: int, tasks: int) -> None:
        m, n = self.weights.shape
        # One slice a block, so that a stack of small products replaces a product with zeros. Copies:
        # a single block would otherwise be a view of the weights that the steps overwrite.
        blocks = self.weights.reshape(m, n // self.block, self.block)
        self.base, self.base_t = blocks.transpose(1, 0, 2).copy(), blocks.transpose(1, 2, 0).copy()
        self.q = np.zeros((n // self.block, self.block, self.block), self.weights.dtype)
        self.adam = self.optimizer(self.q)
        self._rotate()

    def update(self, gradient: Array) -> None:
        m, n = self.weights.shape
        blocks = gradient.reshape(m, n // self.block, self.block).transpose(1, 0, 2)
        for_r = matmul(self.base_t, blocks)
        for_q = matmul(
            matmul((self.identity + self.r).transpose(0, 2, 1), for_r),
            self.inverse.transpose(0, 2, 1),
        )
        # Adam acts on each entry alone and is odd, so a skew gradient gives a skew step: the
        # lower triangle mirrors the upper one, as if only the free entries were trained.
        self.q += self.adam.step(for_q.transpose(0, 2, 1) - for_q)
        self._rotate()
        self.weights.reshape(m, n // self.block, self.block)[:] = matmul(self.base, self.r).transpose(1, 0, 2)

    def _rotate(self) -> None:
        """R = (I - Q)(I + Q)^-1 = 2 (I + Q)^-1 - I; I + Q is never singular for a skew Q."""
        if not np.isfinite(self.q).all():
            raise FloatingPointError("The rotation is not finite.")
        self.inverse = np.linalg.inv(self.identity + self.q)
        self.r = 2 * self.inverse - self.identity
