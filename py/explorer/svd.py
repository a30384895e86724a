"""Page 4, The Cheshire Cat's Grin: singular values with a movable cut between kept and trained.

Called by explorer.surface and by readers; pages/svd.js draws what it returns.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from explorer.declare import (
    Array,
    InvalidParameter,
    Output,
    Outputs,
    Page,
    Parameter,
    choices,
    drawn,
    validated,
)
from osft.orthogonal import haar
from osft.parameters import independent_directions
from osft.subspace import Split, split

TOY_VALUES = (3.5, 2.1, 1.3, 0.7, 0.25, 0.05)  # the tutorial's
JITTER = 0.3
RANDOM_SHAPE = (48, 32)
CORNER = 128  # heat maps show so many rows and columns at most
DIGITS = {"source": ["digits"]}
DRAWN_BY_SEED = {"source": ["toy", "random"]}

PARAMETERS = (
    Parameter(
        "source",
        "Weights",
        "choice",
        "toy",
        choices=choices(
            {
                "toy": "Toy: the tutorial’s six values",
                "random": "Random: 48 × 32, Gaussian",
                "digits": "Digits: a network that reads handwriting",
                "transformer": "Transformer: all-MiniLM-L6-v2",
            }
        ),
    ),
    Parameter(
        "layer", "Layer", "choice", "1", shown_when=DIGITS, choices=choices({"1": "First, 128 × 64", "2": "Second, 128 × 128"})
    ),
    Parameter(
        "when",
        "Weights as they were",
        "choice",
        "pretrained",
        shown_when=DIGITS,
        choices=choices(
            {
                "initial": "Before training",
                "pretrained": "After learning upright digits",
                "full": "After four more tasks, full fine-tuning",
                "osft": "After four more tasks, OSFT",
            }
        ),
    ),
    Parameter(
        "rank",
        "Rank cutoff",
        "int",
        2,
        0,
        {
            "by": "source",
            "values": {
                "toy": 6,
                "random": 32,
                "transformer": 384,
                "digits": {"by": "layer", "values": {"1": 64, "2": 128}},
            },
        },
        step=1,
        note="How many directions are kept; 0 keeps none.",
    ),
    Parameter("scale", "Scale", "choice", "linear", choices=choices({"linear": "Linear", "log": "Logarithmic"})),
    Parameter("seed", "Seed", "seed", 0, shown_when=DRAWN_BY_SEED),
)

OUTPUTS = (
    Output("singular_values", "Singular values", "vector", note="Falling; the first are kept."),
    Output(
        "energy_kept", "Energy kept", "float", percent=True, note="Sum of the kept squared singular values over the sum of all."
    ),
    Output("reconstruction_error", "Distance of the kept part from W", "float", note="Frobenius norm."),
    Output("relative_error", "The same over the norm of W", "float"),
    Output("rank_for_90", "Directions that hold 90 % of the energy", "int"),
    Output("trainable_parameters", "Trainable parameters", "int", note="(k − ρ)(m + n + 1), what HF PEFT reports for this cut."),
    Output(
        "independent_directions",
        "Independent directions",
        "int",
        note="(m − ρ)(n − ρ): in how many directions W can really move.",
    ),
    Output("full_parameters", "Entries of W", "int"),
    Output(
        "peft_refuses",
        "HF PEFT refuses this cut",
        "flag",
        note="At 0 it has nothing to preserve; the formula is shown all the same.",
    ),
    Output("out_features", "Rows of W", "int"),
    Output("in_features", "Columns of W", "int"),
    drawn("cumulative_energy", "vector", "Energy kept at each cut from 0 on."),
    drawn("weights", "matrix", f"W; its first {CORNER} rows and columns at most."),
    drawn("weights_high", "matrix", "The kept part of W, as far as W is shown."),
    drawn("weights_low", "matrix", "The trained part of W, as far as W is shown."),
)


def make_weights(source: str, layer: str, when: str, seed: int) -> Array:
    """W of the chosen source; the toy matrix has the tutorial's values, raised by up to 0.3 each."""
    if source == "toy":
        random = np.random.default_rng(seed)
        values = np.array(TOY_VALUES) + random.uniform(0, JITTER, len(TOY_VALUES))
        left, right = (haar(len(values), seed=int(each)) for each in random.integers(2**32, size=2))
        return (left * values) @ right.T
    if source == "random":
        return np.random.default_rng(seed).standard_normal(RANDOM_SHAPE)
    from explorer.weights import load

    try:
        return load("transformer" if source == "transformer" else f"digits-{layer}-{when}")
    except ValueError as error:
        raise InvalidParameter("source", str(error)) from None


@lru_cache(maxsize=4)
def decompose(source: str, layer: str, when: str, seed: int) -> tuple[Array, Split]:
    """W and its whole decomposition, kept while only the cut moves."""
    weights = make_weights(source, layer, when, seed)
    whole = split(weights, 0)
    for array in (weights, *whole):
        array.setflags(write=False)
    return weights, whole


@validated(PARAMETERS)
def compute(*, source: str, layer: str, when: str, rank: int, scale: str, seed: int) -> Outputs:
    """Split W at the cut: what is kept, what is left, and what OSFT would train."""
    if source in ("digits", "transformer"):
        seed = 0
    weights, whole = decompose(source, layer, when, seed)
    u, values, v = whole.U_low, whole.S_low, whole.V_low
    parts = Split(u[:, :rank], values[:rank], v[:, :rank], u[:, rank:], values[rank:], v[:, rank:])
    rows, columns = weights.shape
    squares = np.concatenate([[0.0], np.cumsum(values**2)])
    shares = squares / squares[-1]
    corner = Split(*(each[:CORNER] if each.ndim == 2 else each for each in parts))
    return {
        "singular_values": values,
        "energy_kept": parts.energy_kept,
        "reconstruction_error": parts.reconstruction_error,
        "relative_error": parts.reconstruction_error / float(np.sqrt(squares[-1])),
        "rank_for_90": int(np.searchsorted(shares, 0.9)),
        "trainable_parameters": parts.trainable_parameters,
        "independent_directions": independent_directions(columns, rows, rank),
        "full_parameters": rows * columns,
        "peft_refuses": rank == 0,
        "out_features": rows,
        "in_features": columns,
        "cumulative_energy": shares,
        "weights": weights[:CORNER, :CORNER],
        "weights_high": corner.high,
        "weights_low": corner.low,
    }


PAGE = Page("svd", "The Cheshire Cat’s Grin", PARAMETERS, OUTPUTS, compute)
