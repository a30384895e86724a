"""A pytest plugin for runs inside Pyodide: makes Hypothesis importable, and gives it time.

The compiled part of Hypothesis, if its version has one, is no WebAssembly. It is a dozen functions
on floats, which are given here; and compiled code is cold inside, so examples must not be timed.
"""

from __future__ import annotations

import math
import struct
import sys
from types import ModuleType

FORMATS = {16: ("<H", "<e"), 32: ("<I", "<f"), 64: ("<Q", "<d")}


def float_of(x: float, width: int) -> float:
    """The nearest float of this width."""
    return float(struct.unpack(FORMATS[width][1], struct.pack(FORMATS[width][1], float(x)))[0])


def float_to_int(value: float, width: int = 64) -> int:
    """The bits of a float, as an unsigned integer."""
    whole, real = FORMATS[width]
    return int(struct.unpack(whole, struct.pack(real, value))[0])


def int_to_float(value: int, width: int = 64) -> float:
    """The float of these bits."""
    whole, real = FORMATS[width]
    return float(struct.unpack(real, struct.pack(whole, value))[0])


def is_negative(x: float) -> bool:
    """Whether the sign bit is set."""
    return math.copysign(1.0, x) < 0


def next_up(value: float, width: int = 64) -> float:
    """The next larger float of this width."""
    if math.isnan(value) or value == math.inf:
        return value
    if value == 0:
        return 0.0 if is_negative(value) else int_to_float(1, width)
    bits = float_to_int(value, width)
    return int_to_float(bits - 1 if value < 0 else bits + 1, width)


def next_down(value: float, width: int = 64) -> float:
    """The next smaller float of this width."""
    return -next_up(-value, width)


def width_smallest_normals(width: int) -> float:
    """The smallest positive float with a full mantissa."""
    return {16: 2.0**-14, 32: 2.0**-126, 64: 2.0**-1022}[width]


def next_down_normal(value: float, width: int, allow_subnormal: bool) -> float:
    """The next smaller float that is normal, if it must be."""
    value = next_down(value, width)
    smallest = width_smallest_normals(width)
    if not allow_subnormal and 0 < abs(value) < smallest:
        return 0.0 if value > 0 else -smallest
    return value


def next_up_normal(value: float, width: int, allow_subnormal: bool) -> float:
    """The next larger float that is normal, if it must be."""
    return -next_down_normal(-value, width, allow_subnormal)


def count_between_floats(x: float, y: float, width: int = 64) -> int:
    """How many floats there are from x to y, both included; the two zeros are two."""

    def place(value: float) -> int:
        bits = float_to_int(abs(value), width)
        return -bits - 1 if is_negative(value) else bits

    return place(y) - place(x) + 1


def cathetus(h: float, a: float) -> float:
    """The other side of a right triangle."""
    return math.sqrt((h - abs(a)) * (h + abs(a))) if abs(h) >= abs(a) else math.nan


def install() -> None:
    """Put the functions where Hypothesis imports them from."""
    native, internal = ModuleType("hypothesis._native"), ModuleType("hypothesis._native.internal")
    floats, sides = ModuleType("hypothesis._native.internal.floats"), ModuleType("hypothesis._native.internal.cathetus")
    native.__version__ = "0"  # type: ignore[attr-defined]
    for function in (
        float_of, float_to_int, int_to_float, is_negative, next_up, next_down,
        width_smallest_normals, next_down_normal, next_up_normal, count_between_floats,
    ):  # fmt: skip
        setattr(floats, function.__name__, function)
    sides.cathetus = cathetus  # type: ignore[attr-defined]
    for module in (native, internal, floats, sides):
        sys.modules[module.__name__] = module


install()

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile("inside", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.load_profile("inside")
