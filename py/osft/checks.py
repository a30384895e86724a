"""Validation shared by every public function of osft: one sentence per fault, always a ValueError.

WebAssembly builds of NumPy raise no LinAlgError and set no floating-point flags, so values are tested
here, before and after the mathematics, and the reader meets the same sentence in CPython and in a browser.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

LARGEST = 1e100


def as_integer(value: object, name: str, low: int | None = None, high: int | None = None) -> int:
    """Return `value` as an int. Floats, flags and strings are refused rather than rounded."""
    if isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be a whole number, not {value}.")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name} must be a whole number, not {value!r}.") from None
    check_limits(number, name, low, high)
    return number


def as_real(value: object, name: str, low: float | None = None, high: float | None = None) -> float:
    """Return `value` as a finite float."""
    if isinstance(value, (bool, np.bool_, str, bytes)):
        raise ValueError(f"{name} must be a number, not {value!r}.")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number, not {value!r}.") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, not {number}.")
    check_limits(number, name, low, high)
    return number


def as_flag(value: object, name: str) -> bool:
    """Return `value` as a bool. Other truthy values are refused."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise ValueError(f"{name} must be True or False, not {value!r}.")


def check_limits(number: float, name: str, low: float | None, high: float | None) -> None:
    """Raise unless low <= number <= high, where None leaves that side open."""
    if (low is not None and number < low) or (high is not None and number > high):
        if high is None:
            limits = f"at least {low}"
        elif low is None:
            limits = f"at most {high}"
        else:
            limits = f"between {low} and {high}"
        raise ValueError(f"{name} must be {limits}, not {number}.")


def as_array(value: object, name: str, dimensions: Iterable[int], *, bounded: bool = True) -> Array:
    """Return `value` as a finite float64 array with one of the given numbers of dimensions.

    bounded=False is for computations that scale their input first and so take all of float64.
    """
    allowed = tuple(dimensions)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array of numbers with rows of equal length.") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, not {array.dtype}.")
    if array.ndim not in allowed:
        wanted = " or ".join(str(count) for count in allowed)
        raise ValueError(f"{name} must have {wanted} dimensions, not {array.ndim} (its shape is {array.shape}).")
    result = array.astype(np.float64, copy=False)
    check_finite(result, name)
    if bounded:
        check_size(result, name)
    return result


def as_matrix(value: object, name: str, *, square: bool = False, bounded: bool = True) -> Array:
    """Return `value` as a finite float64 matrix with at least one row and one column."""
    matrix = as_array(value, name, (2,), bounded=bounded)
    if matrix.size == 0:
        raise ValueError(f"{name} must have at least one row and one column; its shape is {matrix.shape}.")
    if square:
        check_square(matrix, name)
    return matrix


def as_skew(value: object, name: str = "skew") -> Array:
    """Return `value` as a skew-symmetric float64 matrix [n, n] or a stack of them [..., n, n]."""
    matrix = np.asarray(value)
    matrix = as_array(matrix, name, range(2, max(3, matrix.ndim + 1)))
    check_square(matrix, name)
    defect = np.abs(matrix + np.swapaxes(matrix, -1, -2))
    largest = float(defect.max(initial=0.0))
    # A sum of two rounded entries may differ by a few units in the last place, and by no more.
    if largest > 8 * np.finfo(np.float64).eps * float(np.abs(matrix).max(initial=0.0)):
        *_, row, column = np.unravel_index(int(defect.argmax()), defect.shape)
        raise ValueError(
            f"{name} must be skew-symmetric: entry ({row}, {column}) must be minus entry ({column}, {row}), "
            f"and their sum is {largest:.3g}."
        )
    return matrix


def check_square(matrix: Array, name: str) -> None:
    """Raise unless the last two dimensions are equal and not empty."""
    rows, columns = matrix.shape[-2:]
    if rows != columns or rows == 0:
        raise ValueError(f"{name} must be square; it has {rows} rows and {columns} columns.")


def check_finite(array: Array, name: str) -> None:
    """Raise unless every entry is finite, and name the first that is not."""
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(index) for index in np.unravel_index(int(np.argmin(finite)), array.shape))
        where = f" at {place[0] if len(place) == 1 else place}" if place else ""
        raise ValueError(f"{name} must hold finite numbers; it has {array[place]}{where}.")


def check_size(array: Array, name: str) -> None:
    """Raise where an entry is so large that products of a few such entries would leave float64."""
    largest = float(np.abs(array).max(initial=0.0))
    if largest > LARGEST:
        raise ValueError(f"{name} has an entry of size {largest:.3g}; entries must be at most {LARGEST:g}.")


def check_shape(array: Array, name: str, shape: tuple[int, ...], of: str) -> None:
    """Raise unless `array` has the given shape, which belongs to `of`."""
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, but {of} has shape {shape}; they must be equal.")
