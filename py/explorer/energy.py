"""Page 3, The Mad Hatter's Tea Party: what four updates of one size do to hyperspherical energy.

Called by explorer.surface and by readers; pages/energy.js draws what it returns.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from explorer.declare import (
    Array,
    Choice,
    Output,
    Outputs,
    Page,
    Parameter,
    choices,
    drawn,
    validated,
)
from osft.energy import (
    expected_absolute_cosine,
    hyperspherical_energies,
    mean_absolute_cosines,
    unit_rows,
)
from osft.orthogonal import cayley
from osft.products import matmul, transpose

# OFT turns blocks of at most so many coordinates, HF PEFT's default size, cut as evenly as possible.
BLOCK = 32
# A draw that cannot be turned as far as asked is turned to this share of its limit.
NEARLY = 0.999
# Relative changes up to this are rounding.
TOLERANCE = 1e-9  # as the notes of the verdicts say
# Pairs of rows in one answer: a second or two in a browser, where a pair takes 60 to 200 ns. Above it fewer draws are made.
MOST_PAIRS = 1.5e7
NAMES = {"original": "Original", "oft": "OFT", "random": "Random", "lora": "LoRA"}
UPDATES = ("oft", "random", "lora")

PARAMETERS = (
    Parameter("neurons", "Neurons", "int", 50, 2, 500, step=1),
    Parameter("features", "Features", "int", 8, 2, 128, step=1),
    Parameter(
        "strength",
        "Update size",
        "float",
        0.3,
        0,
        1.2,
        step=0.01,
        note="Frobenius norm of the update over that of W, the same for all.",
    ),
    Parameter("rank", "LoRA rank", "int", 4, 1, ["features"], step=1),
    Parameter(
        "measure",
        "Measure",
        "choice",
        "mhe",
        choices=choices({"mhe": "Hyperspherical energy", "mean_abs_cosine": "Mean |cosine| (the tutorial’s simplification)"}),
    ),
    Parameter(
        "s",
        "Exponent s",
        "choice",
        1,
        shown_when={"measure": ["mhe"]},
        choices=(Choice(0, "0, the logarithm"), Choice(1, "1, as in OFT"), Choice(2, "2")),
    ),
    Parameter(
        "side", "Rotate", "choice", "input", choices=choices({"input": "Input side, as OFT: W Rᵀ", "output": "Output side: R W"})
    ),
    Parameter("draws", "Draws", "int", 20, 1, 200, step=1, note="Of each update; W stays."),
    Parameter("seed", "Seed", "seed", 0),
)

FLAT = {"features": [2, 3]}
OUTPUTS = (
    *(
        output
        for name, title in NAMES.items()
        for output in (
            Output(f"{name}_energy", f"{title}: energy", "float", note="Of the first draw."),
            Output(
                f"{name}_change",
                f"{title}: change",
                "float",
                percent=True,
                digits=3,
                note="Relative to the original’s size, mean over the draws.",
            ),
            Output(f"{name}_low", f"{title}: change, 5th percentile", "float", percent=True, digits=3),
            Output(f"{name}_high", f"{title}: change, 95th percentile", "float", percent=True, digits=3),
            Output(f"{name}_verdict", f"{title}: verdict", "text", note="Preserved means: by at most 10⁻⁹ in every draw."),
        )
    ),
    *(
        output
        for name in UPDATES
        for output in (
            Output(
                f"{name}_size",
                f"{NAMES[name]}: size reached",
                "float",
                note="Norm of the update over that of W, mean over the draws.",
            ),
            Output(
                f"{name}_spectrum_change",
                f"{NAMES[name]}: change of the singular values",
                "float",
                percent=True,
                digits=3,
                note="Largest, over the largest singular value; first draw.",
            ),
        )
    ),
    Output(
        "oft_unreached",
        "Draws that OFT cannot turn so far",
        "int",
        note="A rotation that leaves a direction fixed cannot move W without limit.",
    ),
    Output("draws_used", "Draws made", "int", note="Fewer than asked for where an answer would take many seconds."),
    Output(
        "expected_mean_abs_cosine", "Mean |cosine| of random directions", "float", shown_when={"measure": ["mean_abs_cosine"]}
    ),
    *(drawn(f"{name}_changes", "vector", "The relative change in each draw.") for name in UPDATES),
    *(drawn(f"{name}_directions", "matrix", "Neurons of the first draw, each divided by its length.", FLAT) for name in NAMES),
)


class Turns(NamedTuple):
    """Skew-symmetric blocks for each draw, and what decides how far a turn by them moves W."""

    blocks: Array
    """W cut into blocks of columns, [blocks, rows, width]; the last one filled up with zeros."""
    columns: int
    skew: Array
    """[draws, blocks, width, width]"""
    squares: Array
    """μ² of the eigenvalues ±i μ of the skew matrices, [draws, blocks · width]."""
    along: Array
    """Four times the squared size of W along each eigenvector."""
    norm: float


def draw_turns(weights: Array, draws: int, seed: int) -> Turns:
    """Gaussian skew-symmetric blocks for the columns of W, and their eigenvectors."""
    rows, columns = weights.shape
    count = -(-columns // BLOCK)
    width = -(-columns // count)
    padded = np.zeros((rows, count * width))
    padded[:, :columns] = weights
    blocks = padded.reshape(rows, count, width).swapaxes(0, 1)
    skew = np.random.default_rng([seed, 1]).standard_normal((draws, count, width, width))
    last = columns - (count - 1) * width
    skew[:, -1, last:, :] = 0
    skew[:, -1, :, last:] = 0
    skew -= transpose(skew)
    squares, vectors = np.linalg.eigh(-matmul(skew, skew))
    along = (matmul(matmul(transpose(blocks), blocks), vectors) * vectors).sum(axis=-2)
    squares = squares.reshape(draws, -1)
    squares[squares < 1e-12 * squares.max(axis=1, keepdims=True)] = 0
    norm = float(np.linalg.norm(weights))
    return Turns(blocks, columns, skew, squares, 4 * along.reshape(draws, -1), norm)


def rotate_rows(turns: Turns, size: float) -> tuple[Array, int]:
    """W Rᵀ with ‖W Rᵀ − W‖ = size ‖W‖, [draws, rows, columns], and how many draws fall short.

    R is block-diagonal, each block the Cayley transform of its skew matrix times t. With e the
    squared size of W along the eigenvectors, ‖W Rᵀ − W‖² = Σ e · 4 t²μ² / (1 + t²μ²), which grows
    with t² and is solved for it by Newton's method; being concave it is approached from below,
    without overshooting.
    """
    blocks, columns, skew, squares, along, norm = turns
    draws, rows = len(skew), blocks.shape[1]
    limit = (along * (squares > 0)).sum(axis=1)
    wanted = (size * norm) ** 2
    short = wanted > NEARLY * limit
    target = np.where(short, NEARLY * limit, wanted)
    time = np.zeros(draws)
    for _ in range(100):
        shrink = 1 / (1 + time[:, None] * squares)
        missing = target - (along * (1 - shrink)).sum(axis=1)
        slope = (along * squares * shrink * shrink).sum(axis=1)
        step = np.divide(missing, slope, out=np.zeros(draws), where=slope > 0)
        time += np.maximum(step, 0)
        if (step <= 1e-14 * time).all():
            break
    rotation = cayley(np.sqrt(time)[:, None, None, None] * skew)
    turned = matmul(blocks, transpose(rotation)).swapaxes(1, 2)
    return turned.reshape(draws, rows, -1)[:, :, :columns], int(short.sum())


class Draws(NamedTuple):
    """Everything random of one answer; kept while only sizes and measures change."""

    weights: Array
    turns: Turns
    noise: Array
    """Gaussian updates of the norm of W, [draws, neurons, features]."""
    product: Array
    """Products of two thin Gaussian matrices, of the norm of W."""


@lru_cache(maxsize=2)
def draw(neurons: int, features: int, rank: int, draws: int, seed: int, side: str) -> Draws:
    """W, and for each draw the rotation and the two updates, each from its own stream."""
    weights = np.random.default_rng([seed, 0]).standard_normal((neurons, features))
    noise = np.random.default_rng([seed, 2]).standard_normal((draws, neurons, features))
    thin = np.random.default_rng([seed, 3]).standard_normal((draws, neurons + features, rank))
    product = matmul(thin[:, :neurons], transpose(thin[:, neurons:]))
    turns = draw_turns(weights if side == "input" else weights.T, draws, seed)
    return Draws(weights, turns, scaled(noise, turns.norm), scaled(product, turns.norm))


def scaled(updates: Array, size: float) -> Array:
    """Each update of a stack at the given Frobenius norm."""
    norms = np.sqrt(np.einsum("dij,dij->d", updates, updates))
    result: Array = updates * (size / norms)[:, None, None]
    return result


def quantiles(changes: Array, shares: tuple[float, ...]) -> Array:
    """The quantiles of each row, [shares, rows], interpolated as np.quantile does by default.

    np.quantile would import numpy.ma, which a page's first answer has no time for.
    """
    ordered = np.sort(changes, axis=1)
    places = np.array(shares) * (ordered.shape[1] - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, ordered.shape[1] - 1)
    between: Array = ordered[:, below] + (places - below) * (ordered[:, above] - ordered[:, below])
    return between.T


def verdict(changes: Array) -> str:
    """What the draws agree on."""
    if float(np.abs(changes).max()) <= TOLERANCE:
        return "Preserved to rounding in every draw."
    if (changes > 0).mean() >= 0.95:
        return "Raised in at least 95 % of the draws."
    if (changes < 0).mean() >= 0.95:
        return "Lowered in at least 95 % of the draws."
    return "Changed: up in some draws, down in others."


@validated(PARAMETERS)
def compute(
    *,
    neurons: int,
    features: int,
    strength: float,
    rank: int,
    measure: str,
    s: int,
    side: str,
    draws: int,
    seed: int,
) -> Outputs:
    """Rotate W, add Gaussian noise to it, add a product of two thin matrices to it, all by the same
    relative size, and compare the energies of the rows.
    """
    draws = max(1, min(draws, int(MOST_PAIRS / (3 * neurons**2))))
    weights, turns, noise, product = draw(neurons, features, rank, draws, seed, side)
    oft, short = rotate_rows(turns, strength)
    stacks = {
        "original": weights[None],
        "oft": oft if side == "input" else transpose(oft),
        "random": weights + strength * noise,
        "lora": weights + strength * product,
    }

    every = np.concatenate(list(stacks.values()))
    mhe = measure == "mhe"
    energies = hyperspherical_energies(every, s) if mhe else mean_absolute_cosines(every)
    original = float(energies[0])
    changes = (energies[1:].reshape(3, draws) - original) / (abs(original) or 1.0)
    ends = quantiles(changes, (0.05, 0.95))
    spectra = np.linalg.svd(every[[0, 1, 1 + draws, 1 + 2 * draws]], compute_uv=False)
    moved = every[1:] - weights
    sizes = np.sqrt(np.einsum("dij,dij->d", moved, moved)).reshape(3, draws).mean(axis=1) / turns.norm

    outputs: Outputs = {
        "original_energy": original,
        "original_change": 0.0,
        "original_low": 0.0,
        "original_high": 0.0,
        "original_verdict": "The one that the others are compared with.",
        "oft_unreached": short,
        "draws_used": draws,
    }
    for i, name in enumerate(UPDATES):
        low, high = float(ends[0, i]), float(ends[1, i])
        outputs[f"{name}_energy"] = float(energies[1 + i * draws])
        outputs[f"{name}_change"] = float(changes[i].mean())
        outputs[f"{name}_low"] = low
        outputs[f"{name}_high"] = high
        outputs[f"{name}_verdict"] = verdict(changes[i])
        outputs[f"{name}_size"] = float(sizes[i])
        difference = float(np.abs(spectra[1 + i] - spectra[0]).max())
        outputs[f"{name}_spectrum_change"] = difference / float(spectra[0, 0])
        outputs[f"{name}_changes"] = changes[i]
    if short:
        outputs["oft_verdict"] = f"{outputs['oft_verdict']} Some draws cannot be turned so far."
    if measure == "mean_abs_cosine":
        outputs["expected_mean_abs_cosine"] = expected_absolute_cosine(features)
    if features <= 3:
        firsts = unit_rows(every[[0, 1, 1 + draws, 1 + 2 * draws]])
        outputs.update({f"{name}_directions": firsts[i] for i, name in enumerate(NAMES)})
    return outputs


PAGE = Page("energy", "The Mad Hatter’s Tea Party", PARAMETERS, OUTPUTS, compute)
