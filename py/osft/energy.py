"""Hyperspherical energy of weight rows, and the mean |cosine| that the tutorial called by that name.

Called by the energy page, the continual experiment, the command line and the notebooks. A neuron is a row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from . import checks
from .products import gram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .checks import Array

# Pairs held at once: 2^20 squared distances are 8 MB, so a block and its temporaries stay below 100 MB.
BLOCK_PAIRS = 2**20
# Below so many pairs NumPy's calls take longer than what they compute, so a block is not smaller without need.
FEW_PAIRS = 2**16
# Below this squared distance 2 - 2 cos has lost digits, and the pair is computed from differences instead.
NEAR = 0.25
# Squared lengths between this and its inverse lost no digit on the way.
SAFE = 1e-200
# Two unit rows that differ by less than this are the same direction in float64.
SAME = 4.0 * float(np.finfo(np.float64).eps)


def hyperspherical_energy(weights: object, s: float = 1, *, mean: bool = False) -> float:
    """Return the hyperspherical energy of the rows of a weight matrix.

    E_s = sum over i != j of ||w_i - w_j||^-s (s > 0),  E_0 = sum over i != j of log(1 / ||w_i - w_j||),
    where w_i is row i divided by its length

    weights [neurons, features], at least two rows; s >= 0. The sum runs over ordered pairs, each pair
    twice; mean=True divides by their number N(N-1). Lower is more evenly spread. Two rows of the same direction give
    +inf (`duplicate_directions` names them); a zero row has no direction and raises ValueError, and so does an
    energy that leaves float64 without such rows.
    Source: Liu et al. 2018 (MHE), arXiv 1805.09298, equation 1; Qiu et al. 2023 (OFT), arXiv
    2306.07280, keeps E_1 unchanged. The MHE code's s = 0 is twice this one's.
    Invariants: unchanged by W R^T for orthogonal R (input side) and by positive scaling of rows; not by R W.

    >>> hyperspherical_energy([[1.0, 0.0], [-1.0, 0.0]])
    1.0
    >>> round(hyperspherical_energy([[1.0, 0.0], [0.0, 1.0]]), 12)
    1.414213562373
    >>> hyperspherical_energy([[1.0, 0.0], [2.0, 0.0]])
    inf
    """
    return float(hyperspherical_energies(checks.as_matrix(weights, "weights", bounded=False)[None], s, mean=mean)[0])


def hyperspherical_energies(stack: object, s: float = 1, *, mean: bool = False) -> Array:
    """Return the hyperspherical energy of each matrix of a stack [draws, neurons, features] -> [draws].

    As `hyperspherical_energy`, in one pass over many draws.
    """
    exponent = checks.as_real(s, "s", 0.0)
    weights = checks.as_array(stack, "weights", (3,), bounded=False)
    mean = checks.as_flag(mean, "mean")
    units = unit_rows(weights)
    count = units.shape[1]
    totals = np.zeros(len(units))
    duplicates = np.zeros(len(units), dtype=bool)
    for _, squared in _blocks(units, weights):
        rows = squared.shape[1]
        with np.errstate(divide="ignore", over="ignore"):
            terms = _terms(squared, exponent)
            # Columns before `start` were counted with the earlier rows; each later pair stands for two.
            totals += terms[:, :, :rows].sum(axis=(1, 2)) + 2.0 * terms[:, :, rows:].sum(axis=(1, 2))
        if np.isinf(totals).any():
            duplicates |= (squared == 0.0).any(axis=(1, 2))
    if bool((np.isinf(totals) & ~duplicates).any()):
        raise ValueError(f"s = {exponent:g} is too large for these rows: the energy leaves the range of float64.")
    return totals / (count * (count - 1)) if mean else totals


def mean_absolute_cosine(weights: object, *, epsilon: float = 0.0) -> float:
    """Return the mean |cosine| between different rows, which the original tutorial called energy.

    mean over i != j of |w_i . w_j| / ((||w_i|| + epsilon)(||w_j|| + epsilon))

    weights [neurons, features], at least two rows. The tutorial's own code adds epsilon = 1e-8; at 0 a
    zero row has no direction and raises ValueError.
    Source: mutual coherence; not the energy of Liu et al. 2018, and it can order matrices the other
    way round: it is largest for an antipodal pair, whose energy is smallest.
    Invariants: as for `hyperspherical_energy`; between 0 and 1.

    >>> mean_absolute_cosine([[1.0, 0.0], [-3.0, 0.0]])
    1.0
    """
    return float(mean_absolute_cosines(checks.as_matrix(weights, "weights", bounded=False)[None], epsilon=epsilon)[0])


def mean_absolute_cosines(stack: object, *, epsilon: float = 0.0) -> Array:
    """Return the mean |cosine| of each matrix of a stack [draws, neurons, features] -> [draws]."""
    epsilon = checks.as_real(epsilon, "epsilon", 0.0)
    weights = checks.as_array(stack, "weights", (3,), bounded=False)
    if epsilon > 0.0:
        _check_rows(weights)
        # A power of two for each row changes no digit and keeps the squares in range.
        power = -np.frexp(np.abs(weights).max(axis=2, keepdims=True))[1]
        scaled = np.ldexp(weights, power)
        with np.errstate(over="ignore"):
            units = scaled / (np.linalg.norm(scaled, axis=2, keepdims=True) + np.ldexp(epsilon, power))
    else:
        units = unit_rows(weights)
    count = units.shape[1]
    totals = np.zeros(len(units))
    for start, stop in _row_blocks(len(units), count):
        cosines = np.abs(gram(units[:, start:stop], units[:, start:]))
        if epsilon == 0.0:
            np.minimum(cosines, 1.0, out=cosines)
        diagonal = np.arange(stop - start)
        cosines[:, diagonal, diagonal] = 0.0
        rows = stop - start
        totals += cosines[:, :, :rows].sum(axis=(1, 2)) + 2.0 * cosines[:, :, rows:].sum(axis=(1, 2))
    means: Array = totals / (count * (count - 1))
    return means


def expected_absolute_cosine(features: int) -> float:
    """Return the mean |cosine| of two independent uniform directions in d dimensions.

    E|cos| = Gamma(d/2) / (sqrt(pi) Gamma((d+1)/2))

    The baseline of `mean_absolute_cosine` for Gaussian rows: 0.637, 0.424, 0.291, 0.100 for d = 2, 4, 8, 64.
    """
    d = checks.as_integer(features, "features", 1)
    return math.exp(math.lgamma(d / 2) - math.lgamma((d + 1) / 2)) / math.sqrt(math.pi)


def duplicate_directions(weights: object) -> list[tuple[int, int]]:
    """Return the pairs (i, j), i < j, of rows that point the same way, for which the energy is infinite."""
    matrix = checks.as_matrix(weights, "weights", bounded=False)[None]
    units = unit_rows(matrix)
    pairs: list[tuple[int, int]] = []
    for start, squared in _blocks(units, matrix):
        _, rows, columns = np.nonzero(squared == 0.0)
        pairs += [(start + int(i), start + int(j)) for i, j in zip(rows, columns, strict=True) if i < j]
    return pairs


def unit_rows(weights: Array) -> Array:
    """Return the rows of a stack [draws, neurons, features], each divided by its length."""
    _check_rows(weights)
    squares = np.einsum("dij,dij->di", weights, weights)
    if float(squares.min()) > SAFE and float(squares.max()) < 1.0 / SAFE:
        safely: Array = weights / np.sqrt(squares)[:, :, None]
        return safely
    largest = np.abs(weights).max(axis=2, keepdims=True)
    if not largest.all():
        draw, row, _ = (int(index[0]) for index in np.nonzero(largest == 0.0))
        where = f" of matrix {draw}" if len(weights) > 1 else ""
        raise ValueError(f"Row {row}{where} of weights is zero: it has no direction, so its energy is not defined.")
    # Divided by the largest entry first: squares of very large or very small rows would leave float64.
    scaled = weights / largest
    units: Array = scaled / np.linalg.norm(scaled, axis=2, keepdims=True)
    return units


def _check_rows(weights: Array) -> None:
    """Raise unless every matrix of the stack has two rows and one column at least."""
    if weights.shape[0] == 0 or weights.shape[1] < 2 or weights.shape[2] < 1:
        raise ValueError(f"weights must have at least two rows (neurons) and one column; its shape is {weights.shape[1:]}.")


def _terms(squared: Array, exponent: float) -> Array:
    """Return the energy of each pair from its squared distance; infinite distances give 0."""
    if exponent == 0.0:
        terms: Array = np.where(np.isinf(squared), 0.0, -0.5 * np.log(squared))
    elif exponent == 1.0:
        terms = np.sqrt(squared)
        np.divide(1.0, terms, out=terms)
    elif exponent == 2.0:
        terms = 1.0 / squared
    else:
        terms = squared ** (-0.5 * exponent)
    return terms


def _row_blocks(draws: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut the rows so that one block against all columns holds at most BLOCK_PAIRS pairs.

    Each pair is computed once only between blocks, so all but the smallest stacks are cut, in eight at most.
    """
    row = draws * count
    height = max(1, min(BLOCK_PAIRS // row, max(-(-FEW_PAIRS // row), count // 8)))
    for start in range(0, count, height):
        yield start, min(start + height, count)


def _blocks(units: Array, weights: Array) -> Iterator[tuple[int, Array]]:
    """Yield (start, squared distances [draws, rows, columns from start on]), the diagonal infinite."""
    for start, stop in _row_blocks(len(units), units.shape[1]):
        squared = gram(-2.0 * units[:, start:stop], units[:, start:])
        squared += 2.0
        diagonal = np.arange(stop - start)
        squared[:, diagonal, diagonal] = np.inf
        draw, row, column = np.unravel_index(np.flatnonzero(squared < NEAR), squared.shape)
        for first in range(0, len(draw), _pairs_at_once(units)):
            part = slice(first, first + _pairs_at_once(units))
            d, i, j = draw[part], row[part], column[part]
            squared[d, i, j] = _near(units[d, start + i], units[d, start + j], weights[d, start + i], weights[d, start + j])
        yield start, squared


def _pairs_at_once(units: Array) -> int:
    """Return how many pairs of rows may be gathered at once."""
    return max(1, BLOCK_PAIRS // int(units.shape[2]))


def _near(first: Array, second: Array, raw_first: Array, raw_second: Array) -> Array:
    """Return squared distances between unit rows [pairs, features] from differences; 0 for the same direction.

    ||u/|u| - v/|v| ||^2 = (||u - v||^2 - (|u| - |v|)^2) / (|u| |v|),  |u| - |v| = (u - v).(u + v) / (|u| + |v|)

    The difference of the rows as given is exact for close rows, so the right-hand side keeps all digits; where the
    rows differ mainly in length it cancels, and the rounded unit rows are subtracted instead.
    """
    difference = first - second
    squared: Array = (difference * difference).sum(axis=1)
    with np.errstate(all="ignore"):
        # One power of two for both rows of a pair changes no digit and keeps the squares in range.
        power = -np.frexp(np.abs(raw_first).max(axis=1, keepdims=True))[1]
        u, v = np.ldexp(raw_first, power), np.ldexp(raw_second, power)
        lengths = np.sqrt((u * u).sum(axis=1)), np.sqrt((v * v).sum(axis=1))
        apart = u - v
        whole = (apart * apart).sum(axis=1)
        radial = (apart * (u + v)).sum(axis=1) / (lengths[0] + lengths[1])
        across = whole - radial * radial
        accurate = across >= 0.25 * whole
        squared = np.where(accurate, across / (lengths[0] * lengths[1]), squared)
    return np.where(squared <= SAME * SAME, 0.0, squared)
