"""Adam and SGD with momentum, as PyTorch computes them, on one array.

Each returns the step to add to the parameter, in a buffer that the next call overwrites: a
method may project that step before it adds it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .network import Array


class Optimizer(Protocol):
    """`step(gradient)` is the change to add to the parameter."""

    def step(self, gradient: Array) -> Array: ...


class Adam:
    """step = -lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps), as torch.optim.Adam.

    Kingma & Ba 2015, algorithm 1, with PyTorch's place for epsilon (1e-8).
    """

    def __init__(self, like: Array, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.count = 0
        self.mean, self.square = np.zeros_like(like), np.zeros_like(like)
        self._out, self._scratch = np.empty_like(like), np.empty_like(like)

    def step(self, gradient: Array) -> Array:
        self.count += 1
        out, scratch = self._out, self._scratch
        self.mean *= 0.9
        self.mean += np.multiply(gradient, 0.1, out=out)
        np.multiply(gradient, gradient, out=out)
        out *= 0.001
        self.square *= 0.999
        self.square += out
        np.sqrt(self.square, out=scratch)
        scratch /= (1 - 0.999**self.count) ** 0.5
        scratch += 1e-8
        np.divide(self.mean, scratch, out=out)
        out *= -self.learning_rate / (1 - 0.9**self.count)
        return out


class Momentum:
    """step = -lr * v with v = 0.9 v + g, as torch.optim.SGD(momentum=0.9)."""

    def __init__(self, like: Array, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.velocity = np.zeros_like(like)
        self._out = np.empty_like(like)

    def step(self, gradient: Array) -> Array:
        self.velocity *= 0.9
        self.velocity += gradient
        return np.multiply(self.velocity, -self.learning_rate, out=self._out)


def make_optimizer(name: str, like: Array, learning_rate: float) -> Optimizer:
    """A fresh optimiser for a parameter of the shape and type of `like`."""
    return Adam(like, learning_rate) if name == "adam" else Momentum(like, learning_rate)
