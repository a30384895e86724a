"""Gradient projection memory: protect the directions that old inputs of the layer really used."""

from __future__ import annotations

import numpy as np

from ..network import Array, mm
from ..settings import Settings
from .base import Method, Observed
from .osft import complement


class Gpm(Method):
    """W <- W + step(G P) P with P = I - M M', M [in, k] a basis of the layer's inputs on earlier tasks.

    After each task M grows until it holds the share `energy` of that task's input energy.
    Saha et al. 2021. Unlike OSFT it looks at old data. Invariant: dW M = 0.
    """

    observes = True

    def __init__(self, weights: Array, settings: Settings, rng: np.random.Generator) -> None:
        super().__init__(weights, settings, rng)
        self.basis = np.zeros((weights.shape[1], 0), weights.dtype)

    def begin(self, task: int, tasks: int) -> None:
        self.right = complement(self.basis)
        self.adam = self.optimizer(self.weights)

    def update(self, gradient: Array) -> None:
        self.weights += mm(self.adam.step(mm(gradient, self.right)), self.right)

    def end(self, observed: Observed | None) -> None:
        assert observed is not None
        self.basis = grow_basis(self.basis, observed.inputs, self.settings.energy)


def grow_basis(basis: Array, inputs: Array, energy: float) -> Array:
    """Add the fewest directions [in] so that the basis holds `energy` of the inputs' squared norm.

    inputs is [count, in]; the new directions are right singular vectors of what the basis misses.
    """
    if not np.isfinite(inputs).all():
        raise FloatingPointError("The activations are not finite.")
    x = inputs.astype(np.float64)
    old = basis.astype(np.float64)
    total = float((x * x).sum())
    rest = x - mm(mm(x, old), np.ascontiguousarray(old.T))
    _, s, vt = np.linalg.svd(rest, full_matrices=False)
    held = total - float((rest * rest).sum())
    missing = energy * total - held
    count = 0 if missing <= 0 else int(np.searchsorted(np.cumsum(s * s), missing)) + 1
    count = min(count, basis.shape[0] - basis.shape[1], len(s))
    # QR of the whole keeps the basis orthonormal although tasks add to it one after another.
    grown = np.linalg.qr(np.concatenate([old, vt[:count].T], axis=1))[0]
    return grown.astype(basis.dtype)
