"""The network: a ReLU perceptron with its gradient written out, in plain NumPy.

Weights are [out, in]; a batch is [count, in]. `experiment.py` trains it, every method in
`methods/` receives the dense gradients computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..products import HAS_BLAS

Array = NDArray[Any]


def mm(a: Array, b: Array, out: Array | None = None) -> Array:
    """The matrix product a @ b, written into `out` if given; quick with and without BLAS."""
    product: Array = np.matmul(a, b, out=out) if HAS_BLAS else np.einsum("ij,jk->ik", a, b, out=out)
    return product


@dataclass
class Network:
    """`weights[i]` is [out, in] and `biases[i]` is [out]; the last pair is the head."""

    weights: list[Array]
    biases: list[Array]

    def copy(self) -> Network:
        """A network of its own arrays."""
        return Network([w.copy() for w in self.weights], [b.copy() for b in self.biases])

    @property
    def hidden(self) -> list[Array]:
        """The hidden weight matrices: all but the head."""
        return self.weights[:-1]

    def is_finite(self) -> bool:
        """Whether every weight and bias is a finite number."""
        return all(bool(np.isfinite(a).all()) for a in (*self.weights, *self.biases))


def initial_network(sizes: tuple[int, ...], seed: int, dtype: str = "float32") -> Network:
    """He initialisation: weights ~ N(0, 2 / in), biases 0. `sizes` runs from input to output."""
    rng = np.random.default_rng([seed, 0])
    weights = [(rng.standard_normal((m, n)) * np.sqrt(2 / n)).astype(dtype) for n, m in pairwise(sizes)]
    return Network(weights, [np.zeros(m, dtype) for m in sizes[1:]])


def activations(network: Network, images: Array) -> list[Array]:
    """The input of every layer, then the logits: [images, h1, h2, ..., logits]."""
    values = [images]
    last = len(network.weights) - 1
    for i, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        z = mm(values[-1], w.T)
        z += b
        if i < last:
            np.maximum(z, 0, out=z)
        values.append(z)
    return values


def softmax(logits: Array) -> tuple[Array, Array]:
    """Row-wise softmax and its log normaliser, in place; safe for large logits.

    Returns (probabilities, log z) with log p = shifted logits - log z, each row shifted by its
    largest logit.
    """
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    total = logits.sum(axis=1, keepdims=True)
    logits /= total
    return logits, np.log(total[:, 0])


def backpropagate(network: Network, values: list[Array], delta: Array) -> list[Array]:
    """dL/d(pre-activation) of every layer, from that of the head: [count, out] each."""
    deltas = [delta]
    for i in range(len(network.weights) - 1, 0, -1):
        delta = mm(delta, network.weights[i])
        delta *= values[i] > 0
        deltas.append(delta)
    return deltas[::-1]


def gradients(network: Network, images: Array, labels: Array) -> tuple[float, list[Array], list[Array]]:
    """Mean cross-entropy L of a batch with dL/dW and dL/db of every layer.

    L = -mean_i log softmax(logits_i)[label_i];  dL/dW = delta' input;  dL/db = sum_i delta_i.
    """
    values = activations(network, images)
    logits = values[-1]
    count = len(labels)
    rows = np.arange(count)
    # From the logits, not from log(p): p of a confident mistake underflows to 0.
    shortfall = logits.max(axis=1) - logits[rows, labels]
    delta, log_total = softmax(logits)
    loss = float((shortfall + log_total).mean())
    delta[rows, labels] -= 1
    delta /= count
    deltas = backpropagate(network, values, delta)
    weights = [mm(d.T, v) for d, v in zip(deltas, values, strict=False)]
    return loss, weights, [d.sum(axis=0) for d in deltas]


def accuracy(network: Network, images: Array, labels: Array) -> Array:
    """The share of right answers on each task: images [tasks, count, in] -> [tasks] float64."""
    tasks, count, width = images.shape
    logits = activations(network, images.reshape(tasks * count, width))[-1]
    right = logits.argmax(axis=1).reshape(tasks, count) == labels
    shares: Array = right.mean(axis=1)
    return shares
