"""The projection page by plain arithmetic for the arrows, and SciPy's svd and subspace_angles."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from explorer.audits.compare import LOOP, compare
from explorer.declare import Array, Outputs
from explorer.projection import FORMS, LEARNING_RATE, RELATIVE_STEP, draw_matrices

SVD = "SciPy svd, projectors written out"


def audit(known: dict[str, Any], outputs: Outputs) -> Outputs:
    """Arrows as complex numbers; matrices through projectors instead of factors."""
    return _arrows(known, outputs) if known["mode"] == "vector" else _matrices(known, outputs)


def _arrows(known: dict[str, Any], outputs: Outputs) -> Outputs:
    gradient = complex(known["gx"], known["gy"])
    critical = complex(known["cx"], known["cy"])
    # Turned so that the critical arrow lies on the real axis.
    back = cmath.exp(1j * cmath.phase(critical))
    turned = gradient / back
    along = complex(turned.real, 0) * back if critical else 0j
    safe = complex(0, turned.imag) * back if critical else gradient
    reduction = 100 * (1 - abs(safe) / abs(gradient)) if gradient else 0.0
    angle = abs(math.degrees(cmath.phase(turned))) if gradient and critical else 0.0
    values = {
        "projection_x": along.real,
        "projection_y": along.imag,
        "safe_x": safe.real,
        "safe_y": safe.imag,
        "reduction": reduction,
        "dot_with_critical": safe.real * critical.real + safe.imag * critical.imag,
        "angle_between": angle,
    }
    return compare(outputs, {name: (v, "complex numbers") for name, v in values.items()})


def _matrices(known: dict[str, Any], outputs: Outputs) -> Outputs:
    from scipy.linalg import subspace_angles, svd

    weights, gradient = draw_matrices(known["size"], known["seed"])
    rank = known["rank"]
    u, values, vt = svd(weights, lapack_driver="gesvd")
    left, right = u[:, :rank] @ u[:, :rank].T, vt[:rank].T @ vt[:rank]
    expected: dict[str, tuple[Any, str]] = {
        "gradient_norm": (math.sqrt(math.fsum(x * x for x in gradient.ravel().tolist())), LOOP),
        "singular_values": (values, "SciPy svd"),
        "weights": (weights, "made again"),
        "gradient": (gradient, "made again"),
    }
    rotated = {"gradient_rotated": gradient}
    for name in FORMS:
        change = _change(name, known, gradient, (u, values, vt, left, right))
        rotated[f"{name}_rotated"] = change
        expected[f"{name}_norm"] = (_norm(change), SVD)
        expected[f"{name}_left_leak"] = (_norm(left @ change), SVD)
        expected[f"{name}_right_leak"] = (_norm(change @ right), SVD)
        descent = -change if known["optimizer"] == "sgd" else change
        turn = 0.0
        if rank > 0 and _norm(change) > 0:
            moved = weights + RELATIVE_STEP * _norm(weights) / _norm(change) * descent
            turn = float(subspace_angles(u[:, :rank], svd(moved)[0][:, :rank]).max())
        expected[f"{name}_turn"] = (turn, "SciPy subspace_angles")
    answer = compare(outputs, expected)
    for name, matrix in rotated.items():
        # Singular vectors have no sign of their own, so entries are compared by size.
        both = np.abs(np.asarray(outputs[name])) - np.abs(u.T @ matrix @ vt.T)
        answer[f"{name}_difference"] = float(np.abs(both).max())
        answer[f"{name}_route"] = "SciPy svd, up to signs"
    return answer


def _norm(matrix: Array) -> float:
    return math.sqrt(math.fsum(x * x for x in matrix.ravel().tolist()))


def _change(name: str, known: dict[str, Any], gradient: Array, parts: tuple[Array, ...]) -> Array:
    """dW of one form and optimiser."""
    u, values, vt, left, right = parts
    size, rank, steps = len(gradient), known["rank"], known["steps"]
    away_left, away_right = np.eye(size) - left, np.eye(size) - right

    def block(matrix: Array) -> Array:
        return matrix - left @ matrix @ right

    def both(matrix: Array) -> Array:
        return away_left @ matrix @ away_right

    reproject = known["optimizer"] == "adam_reprojected"
    if name != "factors":
        project: Callable[[Array], Array] = block if name == "block" else both
        if known["optimizer"] == "sgd":
            return project(gradient)
        adam, change = _Adam(gradient), np.zeros_like(gradient)
        for _ in range(steps):
            change = change + adam.step(project(gradient))
            change = project(change) if reproject else change
        return change

    low_u, low_s, low_v = u[:, rank:], values[rank:], vt[rank:].T
    low = low_u @ np.diag(low_s) @ low_v.T
    if known["optimizer"] == "sgd":
        scale, scale_v = low_u @ np.diag(low_s**2) @ low_u.T, low_v @ np.diag(low_s**2) @ low_v.T
        diagonal = low_u @ np.diag(np.diag(low_u.T @ gradient @ low_v)) @ low_v.T
        whole: Array = away_left @ gradient @ scale_v + diagonal + scale @ gradient @ away_right
        return whole
    adams = [_Adam(each) for each in (low_u, low_s, low_v)]
    for _ in range(steps):
        slopes = (
            away_left @ gradient @ low_v @ np.diag(low_s),
            np.diag(low_u.T @ gradient @ low_v),
            away_right @ gradient.T @ low_u @ np.diag(low_s),
        )
        low_u, low_s, low_v = (
            each + adam.step(slope) for each, adam, slope in zip((low_u, low_s, low_v), adams, slopes, strict=True)
        )
        if reproject:
            low_u, low_v = away_left @ low_u, away_right @ low_v
    changed: Array = low_u @ np.diag(low_s) @ low_v.T - low
    return changed


class _Adam:
    """Kingma and Ba's algorithm 1 with its sums written out: no running averages are kept."""

    def __init__(self, like: Array) -> None:
        self.slopes: list[Array] = []
        self.shape = like.shape

    def step(self, slope: Array) -> Array:
        self.slopes.append(slope)
        count = len(self.slopes)
        ages = range(count - 1, -1, -1)
        mean = sum((0.1 * 0.9**a * g for a, g in zip(ages, self.slopes, strict=True)), np.zeros(self.shape))
        square = sum((0.001 * 0.999**a * g * g for a, g in zip(ages, self.slopes, strict=True)), np.zeros(self.shape))
        mean, square = mean / (1 - 0.9**count), square / (1 - 0.999**count)
        return np.asarray(-LEARNING_RATE * mean / (np.sqrt(square) + 1e-8))
