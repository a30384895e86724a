"""How much of what old inputs use lies outside a protected subspace: why a weight's own singular
vectors protect, and why they are only a stand-in for the activations. Called by the precomputation.
"""

from __future__ import annotations

import numpy as np

from .methods.base import thin_svd
from .network import Array, Network, activations, mm

SUBSPACES = ("weights", "activations", "random", "initial")


def energy_outside(network: Network, untrained: Network, images: Array, ratio: float, seed: int) -> dict[str, list[float]]:
    """The share of the squared norm of each hidden layer's inputs outside four subspaces of equal size.

    1 - |X V|_F^2 / |X|_F^2 with X [count, in] the layer's inputs on `images` and V [in, k] the top
    k = int(ratio * min(out, in)) right singular vectors of the trained weights (OSFT), of X itself
    (as GPM chooses), of random numbers, and of the weights before any training.
    """
    rng = np.random.default_rng([seed, 6])
    shares: dict[str, list[float]] = {name: [] for name in SUBSPACES}
    inputs = activations(network, images)
    for x, weights, before in zip(inputs, network.hidden, untrained.hidden, strict=False):
        kept = int(min(weights.shape) * ratio)
        bases = (
            thin_svd(weights)[2][:kept].T,
            thin_svd(x)[2][:kept].T,
            np.linalg.qr(rng.standard_normal((weights.shape[1], kept)))[0],
            thin_svd(before)[2][:kept].T,
        )
        total = float((x * x).sum())
        for name, basis in zip(SUBSPACES, bases, strict=True):
            inside = mm(x, np.ascontiguousarray(basis))
            shares[name].append(1 - float((inside * inside).sum()) / total)
    return shares
