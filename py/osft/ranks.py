"""How many directions OSFT preserves: by layer importance, by ratio, and as tasks go on. Public through osft.subspace.

None of this is in HF PEFT, whose effective_rank is one number for all layers unless rank_pattern names others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from . import checks
from .products import gram

if TYPE_CHECKING:
    from .checks import Array

    Schedule = Literal["tasks", "constant"]

# A product such as 0.7 * 10 may lie one rounding below the whole number that is meant.
SLACK = 1e-9


def layer_importance(inputs: object, weights: object) -> float:
    """Return how little a square layer turns its inputs: the importance of OSFT's adaptive rank.

    I = mean_i cos(x_i, W x_i)

    inputs [samples, n] of the previous task, weights [n, n]. Convention: square layers only. For a rectangular
    layer input and output have different lengths, the cosine is not defined, and no published
    source says what to use; ValueError. So it is for an input or output of length zero.
    Source: Nayak et al. 2025, arXiv 2504.07097, after AdaSVD.
    Invariants: between -1 and 1; unchanged by positive scaling of W or of inputs; 1 for W = I.
    """
    w = checks.as_matrix(weights, "weights")
    x = checks.as_matrix(inputs, "inputs")
    if w.shape[0] != w.shape[1]:
        raise ValueError(
            f"Layer importance compares inputs with outputs, so the layer must be square; this one is {w.shape}. "
            "No convention for other layers is published: give them a fixed rank."
        )
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"inputs must have {w.shape[1]} columns, one for each input of the layer, not {x.shape[1]}.")
    y = gram(x, w)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    if not lengths.all():
        row = int(np.argmin(lengths))
        raise ValueError(f"Input {row} or its output has length zero, so the cosine between them is not defined.")
    return float(((x * y).sum(axis=1) / lengths).mean())


def normalize_importance(importances: object) -> Array:
    """Scale the importances of all layers so that their mean is 1.

    importances [layers] -> [layers]. A mean that is not positive raises ValueError, since dividing by it would
    turn the order around.
    Source: Nayak et al. 2025, arXiv 2504.07097.
    """
    values = checks.as_array(importances, "importances", (1,))
    if values.size == 0 or values.mean() <= 0.0:
        raise ValueError("importances must hold at least one number and have a positive mean.")
    normalized: Array = values / values.mean()
    return normalized


def adaptive_rank(importance: float, in_features: int, out_features: int, *, minimum: float = 0.1, target: float = 0.8) -> int:
    """Return the preserved rank of a layer of given importance.

    rho = floor(r min(m, n)),  r = mrr + I (trr - mrr) clipped to [0, 1]

    importance I, normalised to mean 1 over layers; minimum = mrr and target = trr are retention ratios
    with 0 <= minimum <= target <= 1. Convention: I may exceed 1, so r is clipped; the sources do not say.
    Source: Nayak et al. 2025, arXiv 2504.07097; mrr = 0.1, trr = 0.8 in its experiments.
    Invariants: between 0 and min(m, n); does not fall when the importance rises.

    >>> adaptive_rank(1.0, 10, 20), adaptive_rank(0.0, 10, 20), adaptive_rank(2.0, 10, 20)
    (8, 1, 10)
    """
    importance = checks.as_real(importance, "importance")
    smaller = min(checks.as_integer(in_features, "in_features", 1), checks.as_integer(out_features, "out_features", 1))
    target = checks.as_real(target, "target", 0.0, 1.0)
    minimum = checks.as_real(minimum, "minimum", 0.0, target)
    ratio = min(1.0, max(0.0, minimum + importance * (target - minimum)))
    return min(smaller, math.floor(ratio * smaller + SLACK))


def rank_from_unfreeze_ratio(unfreeze_rank_ratio: float, in_features: int, out_features: int) -> int:
    """Return the preserved rank for mini_trainer's knob, which counts the trained share instead.

    rho = min(floor(k (1 - u)), k - 1),  k = min(m, n)

    unfreeze_rank_ratio u in [0, 1]. Source: mini_trainer, `osft_utils.py`.
    Invariant: at least one direction is trained.

    >>> rank_from_unfreeze_ratio(0.25, 4096, 1024)
    768
    """
    ratio = checks.as_real(unfreeze_rank_ratio, "unfreeze_rank_ratio", 0.0, 1.0)
    smaller = min(checks.as_integer(in_features, "in_features", 1), checks.as_integer(out_features, "out_features", 1))
    return min(math.floor(smaller * (1.0 - ratio) + SLACK), smaller - 1)


def retention_schedule(tasks: int, *, kind: Schedule = "tasks", ratio: float = 0.5) -> Array:
    """Return the retained fraction before each new task of a sequence.

    tasks: t / (T + 1) for t = 1..T;  constant: the same ratio each time

    tasks T >= 1 new tasks -> [T] fractions in [0, 1]; multiply by min(m, n) for ranks.
    Source: HF PEFT's OSF guide, which raises effective_rank from task to task; constant is its default, 0.5.
    Invariant: never falls, so what was protected once is not given up for room.

    >>> retention_schedule(4).tolist()
    [0.2, 0.4, 0.6, 0.8]
    """
    tasks = checks.as_integer(tasks, "tasks", 1, 10_000)
    ratio = checks.as_real(ratio, "ratio", 0.0, 1.0)
    if kind == "tasks":
        return np.arange(1, tasks + 1) / (tasks + 1)
    if kind == "constant":
        return np.full(tasks, ratio)
    raise ValueError(f"kind must be 'tasks' or 'constant', not {kind!r}.")
