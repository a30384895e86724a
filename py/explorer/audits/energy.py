"""The energy page by SciPy's pdist, with OFT's turn found by SciPy's brentq."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from explorer.audits.compare import CLOSED, LOOP, compare
from explorer.declare import Array, Outputs
from explorer.energy import BLOCK, NAMES, NEARLY, UPDATES, verdict

PDIST = "SciPy pdist"


def audit(known: dict[str, Any], outputs: Outputs) -> Outputs:
    """The same random numbers; sizes by root finding, energies from pairwise distances."""
    from scipy.linalg import svdvals
    from scipy.special import gammaln

    neurons, features, seed = known["neurons"], known["features"], known["seed"]
    draws = int(float(np.asarray(outputs["draws_used"])))
    weights = np.random.default_rng([seed, 0]).standard_normal((neurons, features))
    norm = math.sqrt(float((weights**2).sum()))
    noise = np.random.default_rng([seed, 2]).standard_normal((draws, neurons, features))
    thin = np.random.default_rng([seed, 3]).standard_normal((draws, neurons + features, known["rank"]))
    output_side = known["side"] == "output"
    turned, unreached = [], 0
    for skews in draw_skews(weights.T if output_side else weights, draws, seed):
        result, reached = turn(weights.T if output_side else weights, skews, known["strength"])
        turned.append(result.T if output_side else result)
        unreached += not reached
    updates = {
        "oft": turned,
        "random": [weights + _sized(each, known["strength"] * norm) for each in noise],
        "lora": [weights + _sized(each[:neurons] @ each[neurons:].T, known["strength"] * norm) for each in thin],
    }
    original = energy(weights, known)
    expected: dict[str, tuple[Any, str]] = {
        "original_energy": (original, PDIST),
        "original_change": (0.0, CLOSED),
        "original_low": (0.0, CLOSED),
        "original_high": (0.0, CLOSED),
        "oft_unreached": (unreached, "SciPy null_space"),
    }
    spectrum = svdvals(weights)
    for name, matrices in updates.items():
        energies = [energy(each, known) for each in matrices]
        changes = np.array([(each - original) / (abs(original) or 1.0) for each in energies])
        low, high = _percentile(changes, 5), _percentile(changes, 95)
        expected[f"{name}_energy"] = (energies[0], PDIST)
        expected[f"{name}_change"] = (math.fsum(changes) / draws, PDIST)
        expected[f"{name}_low"] = (low, PDIST)
        expected[f"{name}_high"] = (high, PDIST)
        expected[f"{name}_changes"] = (changes, PDIST)
        if name != "oft" or not unreached:
            expected[f"{name}_verdict"] = (verdict(changes), PDIST)
        sizes = [math.sqrt(float(((each - weights) ** 2).sum())) / norm for each in matrices]
        expected[f"{name}_size"] = (math.fsum(sizes) / draws, LOOP)
        moved = np.abs(svdvals(matrices[0]) - spectrum).max() / spectrum[0]
        expected[f"{name}_spectrum_change"] = (moved, "SciPy svdvals")
    if known["measure"] == "mean_abs_cosine":
        baseline = math.exp(gammaln(features / 2) - gammaln((features + 1) / 2)) / math.sqrt(math.pi)
        expected["expected_mean_abs_cosine"] = (baseline, "SciPy gammaln")
    if features <= 3:
        firsts = {"original": weights, **{name: updates[name][0] for name in UPDATES}}
        for name in NAMES:
            rows = [[x / math.hypot(*row) for x in row] for row in firsts[name].tolist()]
            expected[f"{name}_directions"] = (rows, LOOP)
    return compare(outputs, expected)


def energy(weights: Array, known: dict[str, Any]) -> float:
    """Of the rows, over ordered pairs; or the mean |cosine|, from the squared distances."""
    from scipy.spatial.distance import pdist

    units = weights / np.sqrt((weights**2).sum(axis=1))[:, None]
    distances = pdist(units)
    if known["measure"] == "mean_abs_cosine":
        return math.fsum(np.abs(1 - pdist(weights, "cosine"))) / len(distances)
    s = known["s"]
    terms = -np.log(distances) if s == 0 else distances ** -float(s)
    return 2 * math.fsum(terms)


def draw_skews(weights: Array, draws: int, seed: int) -> list[list[Array]]:
    """For each draw the skew matrices of the blocks, without their padding."""
    columns = weights.shape[1]
    count = -(-columns // BLOCK)
    width = -(-columns // count)
    noise = np.random.default_rng([seed, 1]).standard_normal((draws, count, width, width))
    sizes = [width] * (count - 1) + [columns - width * (count - 1)]
    return [[block[:size, :size] - block[:size, :size].T for block, size in zip(draw, sizes, strict=True)] for draw in noise]


def turn(weights: Array, skews: list[Array], size: float) -> tuple[Array, bool]:
    """W Rᵀ at the wanted relative size, or at NEARLY its limit; and whether the size was reached."""
    from scipy.linalg import block_diag, inv, null_space
    from scipy.optimize import brentq

    def at(factor: float) -> Array:
        blocks = [(np.eye(len(q)) + factor * q) @ inv(np.eye(len(q)) - factor * q) for q in skews]
        rotated: Array = weights @ block_diag(*blocks).T
        return rotated

    still = block_diag(*[null_space(q) @ null_space(q).T for q in skews])
    limit = 2 * math.sqrt(float(((weights - weights @ still) ** 2).sum()))
    target = size * math.sqrt(float((weights**2).sum()))
    reached = target**2 <= NEARLY * limit**2
    if not reached:
        target = math.sqrt(NEARLY) * limit
    if target == 0:
        return weights, reached

    def missing(factor: float) -> float:
        return float(np.sqrt(((at(factor) - weights) ** 2).sum())) - target

    high = 1.0
    while missing(high) < 0:
        high *= 4
    return at(brentq(missing, 0.0, high, xtol=1e-15, rtol=1e-15)), reached


def _sized(update: Array, size: float) -> Array:
    return update * (size / math.sqrt(float((update**2).sum())))


def _percentile(values: Array, share: float) -> float:
    """Linear interpolation between the order statistics."""
    ordered = sorted(values.tolist())
    place = share / 100 * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
