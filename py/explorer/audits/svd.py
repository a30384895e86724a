"""The svd page by SciPy's svdvals and eigh, the toy values themselves, and sizes of tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from explorer.audits.compare import CLOSED, LOOP, compare
from explorer.declare import Outputs
from explorer.svd import CORNER, JITTER, TOY_VALUES, make_weights


def audit(known: dict[str, Any], outputs: Outputs) -> Outputs:
    """W_high is found as a projection onto eigenvectors of W Wᵀ, without a singular decomposition."""
    from scipy.linalg import eigh, svdvals

    rank = known["rank"]
    weights = make_weights(known["source"], known["layer"], known["when"], known["seed"])
    rows, columns = weights.shape
    smaller = min(rows, columns)
    values, route = svdvals(weights).tolist(), "SciPy svdvals"
    if known["source"] == "toy":
        jitter = np.random.default_rng(known["seed"]).uniform(0, JITTER, len(TOY_VALUES))
        values = sorted((a + b for a, b in zip(TOY_VALUES, jitter, strict=True)), reverse=True)
        route = "the values that W was made with"
    squares = [float(value) ** 2 for value in values]
    shares = [math.fsum(squares[:cut]) / math.fsum(squares) for cut in range(smaller + 1)]
    vectors = eigh(weights @ weights.T)[1][:, ::-1][:, :rank]
    high = vectors @ (vectors.T @ weights)
    low = weights - high
    norm = math.sqrt(math.fsum(entry * entry for entry in weights.ravel().tolist()))
    left = math.sqrt(math.fsum(entry * entry for entry in low.ravel().tolist()))
    shapes = [(rows, smaller - rank), (smaller - rank,), (smaller - rank, columns)]
    free = 0
    for _ in range(rows - rank):
        free += columns - rank
    eigen = "SciPy eigh of W Wᵀ"
    return compare(
        outputs,
        {
            "singular_values": (values, route),
            "energy_kept": (shares[rank], LOOP),
            "reconstruction_error": (left, eigen),
            "relative_error": (left / norm, eigen),
            "rank_for_90": (next(cut for cut, share in enumerate(shares) if share >= 0.9), LOOP),
            "trainable_parameters": (sum(math.prod(shape) for shape in shapes), "sizes of the tensors"),
            "independent_directions": (free, LOOP),
            "full_parameters": (rows * columns, CLOSED),
            "peft_refuses": (rank < 1, CLOSED),
            "out_features": (rows, CLOSED),
            "in_features": (columns, CLOSED),
            "cumulative_energy": (shares, LOOP),
            "weights": (weights[:CORNER, :CORNER], "made again"),
            "weights_high": (high[:CORNER, :CORNER], eigen),
            "weights_low": (low[:CORNER, :CORNER], eigen),
        },
    )
