"""Differences between what a page shows and what another route gives. Used by every audit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from explorer.declare import Outputs

LOOP = "plain loop"
CLOSED = "closed form"

Expected = Mapping[str, tuple[Any, str]]
"""By output: the value of the other route, and the route's name."""


def compare(outputs: Outputs, expected: Expected) -> Outputs:
    """`<name>_difference` and `<name>_route` for each output that has an expected value."""
    answer: Outputs = {}
    for name, (value, route) in expected.items():
        answer[f"{name}_difference"] = difference(outputs[name], value)
        answer[f"{name}_route"] = route
    return answer


def difference(shown: Any, expected: Any) -> float:
    """The largest absolute difference; for texts and flags 0 when equal and 1 when not."""
    if isinstance(shown, (str, bool)) or isinstance(expected, (str, bool, np.bool_)):
        return 0.0 if shown == expected else 1.0
    left, right = np.asarray(shown, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if left.shape != right.shape:
        return math.inf
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    with np.errstate(invalid="ignore"):
        return float(np.abs(np.where(same, 0.0, left - right)).max(initial=0.0))


def set_difference(shown: Any, expected: Any) -> float:
    """Hausdorff distance of two sets of points, one a row: their order does not count."""
    from scipy.spatial.distance import directed_hausdorff

    both = directed_hausdorff(shown, expected)[0], directed_hausdorff(expected, shown)[0]
    return float(max(both))
