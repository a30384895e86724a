"""The orthogonal page by SciPy's qr, expm, inv, block_diag, polar, det, eigvals and svdvals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from explorer.audits.compare import LOOP, compare, set_difference
from explorer.declare import Array, Outputs
from explorer.orthogonal import read_edits

PROBES = 32
EPSILON = 2.0**-52


def audit(known: dict[str, Any], outputs: Outputs) -> Outputs:
    """The matrix is made again from the same random numbers, by SciPy's routines."""
    from scipy.linalg import det, eigvals, polar, svdvals

    matrix, route = make(known)
    for row, column, value in read_edits(known["edits"], known["n"]):
        matrix[row, column] = value
    singular = svdvals(matrix)
    moved = math.sqrt(sum((value - 1) ** 2 for value in singular.tolist()))
    if known["pardon"]:
        # Of a singular matrix there are several nearest ones: then the shown one is taken as it is.
        regular = singular[-1] > 1e-12 * singular[0]
        matrix = polar(matrix)[0] if regular else np.asarray(outputs["matrix"])
        route, singular = "SciPy polar", svdvals(matrix)
    n = known["n"]
    gram = [[sum(a * b for a, b in zip(left, right, strict=True)) for right in matrix.T.tolist()] for left in matrix.T.tolist()]
    defect = math.sqrt(sum((gram[i][j] - (i == j)) ** 2 for i in range(n) for j in range(n)))
    norm_error, angle_error = probe(matrix, known["seed"])
    tolerance = 50 * n * EPSILON
    values = eigvals(matrix)
    answer = compare(
        outputs,
        {
            "determinant": (det(matrix), "SciPy det"),
            "orthogonality_error": (defect, LOOP),
            "is_orthogonal": (defect <= tolerance, LOOP),
            "norm_error": (norm_error, LOOP),
            "angle_error": (angle_error, "SciPy cdist"),
            "preserves_norm": (norm_error <= tolerance, LOOP),
            "preserves_angles": (angle_error <= tolerance, "SciPy cdist"),
            "condition_number": (singular[0] / singular[-1] if singular[-1] > 0 else math.inf, "SciPy svdvals"),
            "tolerance": (tolerance, LOOP),
            "pardon_distance": (moved, "SciPy svdvals: √Σ(σ − 1)²"),
            "matrix": (matrix, route),
            "gram": (gram, LOOP),
            "edited": ([x for cell in read_edits(known["edits"], n) for x in cell], LOOP),
        },
    )
    points = np.column_stack([values.real, values.imag])
    answer["eigenvalues_difference"] = set_difference(outputs["eigenvalues"], points)
    answer["eigenvalues_route"] = "SciPy eigvals"
    return answer


def make(known: dict[str, Any]) -> tuple[Array, str]:
    """The matrix and the routine that made it."""
    from scipy.linalg import block_diag, expm, inv, svdvals

    n, method, seed = known["n"], known["method"], known["seed"]
    random = np.random.default_rng(seed)
    if method == "haar":
        return haar(n, seed), "SciPy qr"
    if method == "householder":
        product = np.eye(n)
        for vector in random.standard_normal((known["reflections"], n)):
            product = product @ (np.eye(n) - 2 * np.outer(vector, vector) / (vector @ vector))
        return product, LOOP
    if method == "givens":
        count = known["rotations"]
        first = random.integers(n, size=count)
        second = (first + random.integers(1, n, size=count)) % n
        product = np.eye(n)
        for i, j, turn in zip(first, second, random.uniform(-np.pi, np.pi, count), strict=True):
            plane = np.eye(n)
            plane[i, i] = plane[j, j] = math.cos(turn)
            plane[j, i], plane[i, j] = math.sin(turn), -math.sin(turn)
            product = product @ plane
        return product, "whole matrices of plane rotations, multiplied"
    if method == "block":
        seeds = random.integers(2**32, size=n // known["block"])
        blocks = [haar(known["block"], int(each), special=True) for each in seeds]
        return np.asarray(block_diag(*blocks)), "SciPy qr and block_diag"
    draw = random.standard_normal((n, n))
    skew = draw - draw.T
    skew = skew * (known["strength"] / svdvals(skew)[0])
    if method == "cayley":
        return (np.eye(n) + skew) @ inv(np.eye(n) - skew), "SciPy inv"
    if method == "exponential":
        return expm(skew), "SciPy expm"
    return neumann(skew, known["terms"]), "powers of the skew matrix, summed"


def haar(n: int, seed: int, special: bool = False) -> Array:
    """QR of a Gaussian matrix with the signs of R's diagonal moved into Q."""
    from scipy.linalg import det, qr

    q, r = qr(np.random.default_rng(seed).standard_normal((n, n)))
    q = q @ np.diag(np.sign(np.diag(r)))
    if special and det(q) < 0:
        q[:, 0] *= -1
    return np.asarray(q)


def neumann(skew: Array, terms: int) -> Array:
    """HF PEFT's polynomial: I, I + 2Q, and from three terms on the last power once, not twice."""
    powers = {1: [1.0], 2: [1.0, 2.0]}.get(terms)
    if powers is None:
        count = max(terms, 4)
        powers = [1.0, *[2.0] * (count - 2), 1.0]
    total = np.zeros_like(skew)
    for exponent, factor in enumerate(powers):
        total = total + factor * np.linalg.matrix_power(skew, exponent)
    return total


def probe(matrix: Array, seed: int) -> tuple[float, float]:
    """The largest change of a length and of an angle over the same probe vectors."""
    from scipy.spatial.distance import cdist

    probes = np.random.default_rng(seed).standard_normal((len(matrix), PROBES)).T
    images = np.array([matrix @ vector for vector in probes])
    lengths = [(math.hypot(*image), math.hypot(*vector)) for image, vector in zip(images.tolist(), probes.tolist(), strict=True)]
    norm_error = max(abs(after / before - 1) for after, before in lengths)
    if min(after for after, _ in lengths) == 0:
        return norm_error, math.pi
    angles = []
    for rows in (images, probes):
        units = rows / np.array([[math.hypot(*row)] for row in rows.tolist()])
        angles.append(2 * np.arctan2(cdist(units, units), cdist(units, -units)))
    return norm_error, float(np.abs(angles[0] - angles[1]).max())
