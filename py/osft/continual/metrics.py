"""What an accuracy matrix says: A[i, j] is the accuracy on task j after training on task i.

Row and column 0 are the pretraining task. `experiment.Run`, `live.py` and the precomputation use
these; the definitions are those of Lopez-Paz & Ranzato 2017 and Chaudhry et al. 2018.
"""

from __future__ import annotations

import numpy as np

from .network import Array


def average_accuracy(matrix: Array) -> float:
    """mean_j A[T, j]: the accuracy over all tasks in the end."""
    return float(matrix[-1].mean())


def forgetting(matrix: Array) -> float:
    """mean_{j<T} max_{i<T} A[i, j] - A[T, j], over i >= j: the fall from the best earlier value."""
    last = len(matrix) - 1
    if last == 0:
        return 0.0
    falls = [matrix[j:last, j].max() - matrix[last, j] for j in range(last)]
    return float(np.mean(falls))


def learning(matrix: Array) -> float:
    """mean_{j>=1} A[j, j]: the accuracy on each new task right after training on it."""
    return float(np.diag(matrix)[1:].mean()) if len(matrix) > 1 else float("nan")


def backward_transfer(matrix: Array) -> float:
    """mean_{j<T} A[T, j] - A[j, j]: negative where later tasks cost earlier ones."""
    last = len(matrix) - 1
    return float((matrix[last, :last] - np.diag(matrix)[:last]).mean())


def forward_transfer(matrix: Array, initial: Array) -> float:
    """mean_{j>=1} A[j-1, j] - b_j, b_j the accuracy of the untrained network on task j."""
    before = np.diag(matrix, k=1)
    return float((before - initial[1:]).mean())
