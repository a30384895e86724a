"""Page 2, The Queen's Matrix Garden: an orthogonal matrix, its properties measured, its cells editable.

Called by explorer.surface and by readers; pages/orthogonal.js draws what it returns.
"""

from __future__ import annotations

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
from osft.orthogonal import (
    block_diagonal,
    cayley,
    cayley_neumann,
    exponential,
    givens,
    haar,
    householder,
    measure,
    nearest,
    random_skew,
)

METHODS = {
    "haar": "Haar (uniform)",
    "cayley": "Cayley",
    "exponential": "Exponential",
    "householder": "Householder reflections",
    "givens": "Givens rotations",
    "block": "Block-diagonal (as OFT)",
    "neumann": "Cayley-Neumann (approximate)",
}
NUMBER = r"-?\d{1,6}(\.\d{1,12})?"
LARGEST_CELL = 1000.0

PARAMETERS = (
    Parameter("n", "Size", "int", 4, 2, 64, step=1),
    Parameter("method", "Method", "choice", "haar", choices=choices(METHODS)),
    Parameter(
        "block",
        "Block size",
        "divisor",
        2,
        of="n",
        shown_when={"method": ["block"]},
        note="Divides the size; each block is a rotation of its own.",
    ),
    Parameter(
        "strength",
        "Strength",
        "float",
        0.5,
        0,
        2,
        step=0.05,
        shown_when={"method": ["cayley", "exponential", "neumann"]},
        note="Spectral norm of the skew-symmetric matrix.",
    ),
    Parameter("terms", "Neumann terms", "int", 5, 1, 10, step=1, shown_when={"method": ["neumann"]}, note="HF PEFT uses 5."),
    Parameter(
        "reflections",
        "Reflections",
        "int",
        3,
        1,
        64,
        step=1,
        shown_when={"method": ["householder"]},
        note="Each turns the sign of det Q.",
    ),
    Parameter(
        "rotations",
        "Rotations",
        "int",
        6,
        1,
        300,
        step=1,
        shown_when={"method": ["givens"]},
        note="n(n−1)/2 planes are enough for any rotation.",
    ),
    Parameter("seed", "Seed", "seed", 0),
    Parameter(
        "edits",
        "Edited cells",
        "text",
        "",
        pattern=rf"(\d{{1,2}}:\d{{1,2}}:{NUMBER}(,\d{{1,2}}:\d{{1,2}}:{NUMBER})*)?",
        note="Write row:column:value, counted from 0 and separated by commas, such as 0:1:0.5,2:2:-1.",
    ),
    Parameter("pardon", "Pardon", "flag", False, note="Replaces the matrix by the nearest orthogonal one."),
)

OUTPUTS = (
    Output("determinant", "Determinant", "float"),
    Output("orthogonality_error", "Distance of QᵀQ from I", "float", note="Frobenius norm of QᵀQ − I."),
    Output("is_orthogonal", "Orthogonal", "flag", note="The distance is at most the tolerance."),
    Output("norm_error", "Largest change of a length", "float", note="Relative, over 32 random probe vectors."),
    Output("angle_error", "Largest change of an angle", "float", unit="rad", note="Between any two of the 32 probe vectors."),
    Output("preserves_norm", "Lengths preserved", "flag", note="The largest relative change is at most the tolerance."),
    Output("preserves_angles", "Angles preserved", "flag", note="The largest change is at most the tolerance."),
    Output(
        "condition_number",
        "Condition number",
        "float",
        note="Largest over smallest singular value; Infinity for a singular matrix.",
    ),
    Output(
        "tolerance", "Tolerance", "float", note="50 n times the rounding unit 2⁻⁵² of float64; the answers above compare with it."
    ),
    Output(
        "pardon_distance",
        "Distance to the nearest orthogonal matrix",
        "float",
        note="Frobenius norm, before a pardon: how far the matrix has moved or would move.",
    ),
    Output(
        "eigenvalues",
        "Eigenvalues",
        "matrix",
        digits=3,
        note="Real and imaginary part, one a row; on the unit circle for an orthogonal matrix.",
    ),
    drawn("matrix", "matrix", "Q as shown: drawn, edited, and pardoned if asked for."),
    drawn("gram", "matrix", "QᵀQ."),
    drawn("edited", "vector", "Row, column and value of each edit that lies in the matrix."),
)


def make(
    method: str,
    n: int,
    block: int,
    strength: float,
    terms: int,
    reflections: int,
    rotations: int,
    seed: int,
) -> Array:
    """One matrix by the chosen method."""
    random = np.random.default_rng(seed)
    if method == "haar":
        return haar(n, seed=seed)
    if method == "householder":
        return householder(random.standard_normal((reflections, n)))
    if method == "givens":
        first = random.integers(n, size=rotations)
        second = (first + random.integers(1, n, size=rotations)) % n
        turns = random.uniform(-np.pi, np.pi, rotations)
        return givens(n, np.column_stack([first, second]), turns)
    if method == "block":
        seeds = random.integers(2**32, size=n // block)
        return block_diagonal([haar(block, seed=int(each), special=True) for each in seeds])
    skew = random_skew(n, seed=seed, norm=strength)
    if method == "cayley":
        return cayley(skew)
    if method == "exponential":
        return exponential(skew)
    return cayley_neumann(skew, terms)


def read_edits(edits: str, n: int) -> list[tuple[int, int, float]]:
    """Row, column and value of each edit; those outside an n x n matrix wait until it grows."""
    cells = []
    for entry in filter(None, edits.split(",")):
        row, column, value = entry.split(":")
        if abs(float(value)) > LARGEST_CELL:
            sentence = f"Edited cells (edits) must be from -1000 to 1000; {value} was given."
            raise InvalidParameter("edits", sentence)
        if int(row) < n and int(column) < n:
            cells.append((int(row), int(column), float(value)))
    return cells


@validated(PARAMETERS)
def compute(
    *,
    n: int,
    method: str,
    block: int,
    strength: float,
    terms: int,
    reflections: int,
    rotations: int,
    seed: int,
    edits: str,
    pardon: bool,
) -> Outputs:
    """Draw Q, apply the edits, measure it; with `pardon`, measure its polar factor instead."""
    matrix = make(method, n, block, strength, terms, reflections, rotations, seed)
    cells = read_edits(edits, n)
    for row, column, value in cells:
        matrix[row, column] = value
    polar = nearest(matrix)
    distance = float(np.linalg.norm(matrix - polar))
    if pardon:
        matrix = polar
    found = measure(matrix, seed=seed)
    return {
        "determinant": found.determinant,
        "orthogonality_error": found.orthogonality_error,
        "is_orthogonal": found.is_orthogonal,
        "norm_error": found.norm_error,
        "angle_error": found.angle_error,
        "preserves_norm": found.preserves_norm,
        "preserves_angles": found.preserves_angles,
        "condition_number": found.condition_number,
        "tolerance": found.tolerance,
        "pardon_distance": distance,
        "eigenvalues": np.column_stack([found.eigenvalues.real, found.eigenvalues.imag]),
        "matrix": matrix,
        "gram": matrix.T @ matrix,
        "edited": np.array(cells, dtype=np.float64).ravel(),
    }


PAGE = Page("orthogonal", "The Queen’s Matrix Garden", PARAMETERS, OUTPUTS, compute)
