"""The rotation page by SciPy's matrix exponential, distances and singular values, and plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from explorer.audits.compare import CLOSED, LOOP, compare
from explorer.declare import Array, Outputs
from explorer.rotation import SPACE_POINTS, TOLERANCE


def audit(known: dict[str, Any], outputs: Outputs) -> Outputs:
    """Points are drawn again from the seed; all else is recomputed from them."""
    from scipy.linalg import expm, svdvals
    from scipy.spatial.distance import cdist

    space = known["view"] == "3d"
    size = 3 if space else 2
    generator = np.zeros((size, size))
    axis = [0.0, 0.0, 1.0]
    if space:
        around, up = math.radians(known["azimuth"]), math.radians(known["elevation"])
        axis = [math.cos(up) * math.cos(around), math.cos(up) * math.sin(around), math.sin(up)]
        x, y, z = axis
        generator[:] = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
    else:
        generator[:] = [[0, -1], [1, 0]]
    matrix = expm(math.radians(known["angle"]) * generator)
    sign = -1.0 if known["reflect"] else 1.0
    rest = np.eye(size)
    rest[0, 0], rest[0, 1], rest[1, 1] = known["scale"], known["shear"] * sign, sign
    matrix = matrix @ rest

    points = np.random.default_rng(known["seed"]).standard_normal((known["points"], size))
    images = np.array([[sum(matrix[i, j] * p[j] for j in range(size)) for i in range(size)] for p in points.tolist()])
    before, after = math.dist(points[0], points[1]), math.dist(images[0], images[1])
    count = SPACE_POINTS if space else len(points)
    change = np.abs(_angles(images[:count], cdist) - _angles(points[:count], cdist)).max()
    defect = 0.0
    for i in range(size):
        for j in range(size):
            entry = sum(matrix[k, i] * matrix[k, j] for k in range(size)) - (i == j)
            defect += entry * entry
    defect = math.sqrt(defect)
    lines = _lines(size, math.ceil(max(abs(c) for p in points.tolist() for c in p)))
    moved = [[*(matrix @ line[:size]), *(matrix @ line[size:])] for line in lines]
    expected = {
        "distance_original": (before, LOOP),
        "distance_transformed": (after, "SciPy expm, then a plain loop"),
        "distance_preserved": (abs(after - before) <= TOLERANCE * before, LOOP),
        "angle_error": (change, "SciPy cdist over all pairs"),
        "determinant": (known["scale"] * sign, CLOSED),
        "orthogonality_error": (defect, LOOP),
        "is_orthogonal": (defect <= TOLERANCE, LOOP),
        "singular_values": (svdvals(matrix), "SciPy svdvals"),
        "matrix": (matrix, "SciPy expm"),
        "points_original": (points, "drawn again"),
        "points_transformed": (images, LOOP),
        "grid_original": (lines, LOOP),
        "grid_transformed": (moved, LOOP),
    }
    if space:
        expected["axis"] = (axis, CLOSED)
    return compare(outputs, expected)


def _angles(points: Array, cdist: Any) -> Array:
    """Angles of all pairs, from the chords of unit vectors to each other and to their opposites."""
    units = points / np.sqrt((points**2).sum(axis=1))[:, None]
    angles: Array = 2 * np.arctan2(cdist(units, units), cdist(units, -units))
    return angles


def _lines(size: int, extent: int) -> Array:
    lines = []
    for fixed in (0, 1):
        for tick in range(-extent, extent + 1):
            line = [0.0] * (2 * size)
            line[fixed] = line[size + fixed] = float(tick)
            line[1 - fixed], line[size + 1 - fixed] = float(-extent), float(extent)
            lines.append(line)
    return np.array(lines)
