"""Page 1, Through the Looking Glass: a cloud of points and its image under a linear map.

Called by explorer.surface and by readers; pages/rotation.js draws what it returns.
"""

from __future__ import annotations

import numpy as np

from explorer.declare import Array, Output, Outputs, Page, Parameter, choices, drawn, validated
from osft.orthogonal import angles, exponential, givens

IN_SPACE = {"view": ["3d"]}
TOLERANCE = 1e-12  # relative, as the notes below say; rounding in float64 leaves about 1e-15
SPACE_POINTS = 200  # in space the angles of all pairs among so many points are measured

PARAMETERS = (
    Parameter("angle", "Angle", "float", 45.0, 0, 360, step=1, unit="°"),
    Parameter("points", "Points", "int", 80, 2, 2000, step=1),
    Parameter("shear", "Shear", "float", 0.0, -2, 2, step=0.05),
    Parameter("scale", "Scale", "float", 1.0, 0.1, 3, step=0.05, note="Stretches x only."),
    Parameter("reflect", "Reflect", "flag", False, note="Mirrors y before the rest of the map."),
    Parameter("view", "View", "choice", "2d", choices=choices({"2d": "Plane", "3d": "Space"})),
    Parameter("azimuth", "Axis, around", "float", 30.0, 0, 360, step=1, unit="°", shown_when=IN_SPACE),
    Parameter("elevation", "Axis, up", "float", 60.0, -90, 90, step=1, unit="°", shown_when=IN_SPACE),
    Parameter("seed", "Seed", "seed", 42),
)

OUTPUTS = (
    Output("distance_original", "Distance before", "float", note="Between the two marked points."),
    Output("distance_transformed", "Distance after", "float", note="Between their images."),
    Output(
        "distance_preserved",
        "Distance preserved",
        "flag",
        note="True when the two distances differ by at most 10⁻¹² of the first.",
    ),
    Output(
        "angle_error",
        "Largest change of an angle",
        "float",
        unit="rad",
        note=f"Over all pairs of points, seen from the origin; in space over the pairs among the first {SPACE_POINTS} points.",
    ),
    Output("determinant", "Determinant", "float"),
    Output("orthogonality_error", "Distance of AᵀA from I", "float", note="Frobenius norm of AᵀA − I."),
    Output("is_orthogonal", "Orthogonal", "flag", note="True when the Frobenius norm of AᵀA − I is at most 10⁻¹²."),
    Output(
        "singular_values",
        "Stretch along each principal direction",
        "vector",
        note="Singular values of A, largest first; all 1 when lengths are kept.",
    ),
    drawn("matrix", "matrix", "The map A; x' = x Aᵀ."),
    drawn("axis", "vector", "Unit vector that the rotation leaves where it is.", IN_SPACE),
    drawn("points_original", "matrix", "One point a row; the first two are marked."),
    drawn("points_transformed", "matrix", "Their images, in the same order."),
    drawn("grid_original", "matrix", "One line a row: its start, then its end."),
    drawn("grid_transformed", "matrix", "The images of the lines."),
)


def axis_of(azimuth: float, elevation: float) -> Array:
    """The unit vector at so many degrees around and up."""
    around, up = np.radians(azimuth), np.radians(elevation)
    return np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])


def turn_about(axis: Array, radians: float) -> Array:
    """The rotation of space about an axis, counterclockwise seen from its tip."""
    x, y, z = axis
    return exponential(radians * np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]))


def grid_lines(dimension: int, extent: int) -> Array:
    """Lines of the integer grid in the plane of the first two axes, [2 (2 extent + 1), 2 d]."""
    ticks = np.arange(-extent, extent + 1.0)
    lines = np.zeros((2, len(ticks), 2, dimension))
    lines[0, :, :, 0] = ticks[:, None]
    lines[0, :, :, 1] = (-extent, extent)
    lines[1, :, :, 1] = ticks[:, None]
    lines[1, :, :, 0] = (-extent, extent)
    return lines.reshape(-1, 2 * dimension)


def largest_angle_change(before: Array, after: Array) -> float:
    """The largest change of the angle between two points seen from the origin, in radians."""
    lengths = [np.linalg.norm(cloud, axis=1, keepdims=True) for cloud in (before, after)]
    return float(np.abs(angles(after / lengths[1]) - angles(before / lengths[0])).max())


def largest_angle_change_in_plane(before: Array, after: Array) -> float:
    """The same in the plane for a map that turns every direction by less than half a turn:
    the angle between two changes by the difference of their turns, so no pairs are needed.
    """
    x, y = before.T
    u, v = after.T
    turns = np.arctan2(x * v - y * u, x * u + y * v)
    return float(turns.max() - turns.min())


@validated(PARAMETERS)
def compute(
    *,
    angle: float,
    points: int,
    shear: float,
    scale: float,
    reflect: bool,
    view: str,
    azimuth: float,
    elevation: float,
    seed: int,
) -> Outputs:
    """A = R(angle) · [[scale, shear], [0, 1]] · diag(1, ±1), and what it does to distances,
    angles and area. In space the third coordinate is only turned.
    """
    dimension = 2 if view == "2d" else 3
    stretch = np.eye(dimension)
    stretch[0, :2] = scale, shear
    mirror = np.eye(dimension)
    mirror[1, 1] = -1.0 if reflect else 1.0
    radians = float(np.radians(angle))
    axis = axis_of(azimuth, elevation)
    rotation = givens(2, [(0, 1)], [radians]) if view == "2d" else turn_about(axis, radians)
    matrix = rotation @ stretch @ mirror

    original = np.random.default_rng(seed).standard_normal((points, dimension))
    transformed = original @ matrix.T
    before = float(np.linalg.norm(original[1] - original[0]))
    after = float(np.linalg.norm(transformed[1] - transformed[0]))
    if view == "2d":
        angle_error = largest_angle_change_in_plane(original @ mirror, transformed @ rotation)
    else:
        angle_error = largest_angle_change(original[:SPACE_POINTS], transformed[:SPACE_POINTS])
    error = float(np.linalg.norm(matrix.T @ matrix - np.eye(dimension)))
    lines = grid_lines(dimension, int(np.ceil(np.abs(original).max())))
    outputs: Outputs = {
        "distance_original": before,
        "distance_transformed": after,
        "distance_preserved": abs(after - before) <= TOLERANCE * before,
        "angle_error": angle_error,
        "determinant": float(np.linalg.det(matrix)),
        "orthogonality_error": error,
        "is_orthogonal": error <= TOLERANCE,
        "singular_values": np.linalg.svd(matrix, compute_uv=False).astype(np.float64),
        "matrix": matrix,
        "points_original": original,
        "points_transformed": transformed,
        "grid_original": lines,
        "grid_transformed": (lines.reshape(-1, dimension) @ matrix.T).reshape(lines.shape),
    }
    if view == "3d":
        outputs["axis"] = axis
    return outputs


PAGE = Page("rotation", "Through the Looking Glass", PARAMETERS, OUTPUTS, compute)
