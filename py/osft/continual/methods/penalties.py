"""Methods that add a pull towards old weights to the gradient: EWC and L2-SP."""

from __future__ import annotations

import numpy as np

from ..network import Array
from ..settings import Settings
from .base import Observed
from .full import Full


class Ewc(Full):
    """G + lambda * sum_t F_t (W - W_t), F_t the diagonal Fisher information after task t.

    Kirkpatrick et al. 2017, equation 3. The sums of F_t and F_t W_t are all it remembers.
    """

    observes = True

    def __init__(self, weights: Array, settings: Settings, rng: np.random.Generator) -> None:
        super().__init__(weights, settings, rng)
        self.fisher, self.pull = np.zeros_like(weights), np.zeros_like(weights)

    def update(self, gradient: Array) -> None:
        gradient += self.settings.penalty * (self.fisher * self.weights - self.pull)
        super().update(gradient)

    def end(self, observed: Observed | None) -> None:
        assert observed is not None
        self.fisher += observed.fisher
        self.pull += observed.fisher * self.weights


class L2Sp(Full):
    """G + lambda (W - W_start), W_start the pretrained weights, the starting point. Li et al. 2018."""

    def __init__(self, weights: Array, settings: Settings, rng: np.random.Generator) -> None:
        super().__init__(weights, settings, rng)
        self.start = weights.copy()

    def update(self, gradient: Array) -> None:
        gradient += self.settings.penalty * (self.weights - self.start)
        super().update(gradient)
