"""Every public function answers bad input with a ValueError and one sentence, the same in CPython and in a browser."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from osft import checks, energy, orthogonal, parameters, subspace

PARTS = subspace.split([[3.0, 0.0], [0.0, 1.0]], 1)
TAKES_A_MATRIX: dict[str, Callable[[Any], Any]] = {
    "measure": orthogonal.measure,
    "nearest": orthogonal.nearest,
    "newton_schulz": orthogonal.newton_schulz,
    "cayley": orthogonal.cayley,
    "cayley_neumann": orthogonal.cayley_neumann,
    "exponential": orthogonal.exponential,
    "skew_parameters": orthogonal.skew_parameters,
    "skew_part": orthogonal.skew_part,
    "householder": orthogonal.householder,
    "project_coft": orthogonal.project_coft,
    "block_diagonal": lambda value: orthogonal.block_diagonal([value]),
    "energy": energy.hyperspherical_energy,
    "cosine": energy.mean_absolute_cosine,
    "duplicates": energy.duplicate_directions,
    "split": lambda value: subspace.split(value, 1),
    "block": lambda value: subspace.project_block(value, PARTS),
    "two_sided": lambda value: subspace.project_two_sided(value, PARTS),
    "factors": lambda value: subspace.project_factors(value, PARTS),
    "leak": lambda value: subspace.leak(value, PARTS),
    "explain": lambda value: subspace.explain(PARTS, value),
    "train_factors": lambda value: subspace.train_factors(PARTS, value),
    "output_change": lambda value: subspace.output_change(value, PARTS, np.eye(2)),
    "inputs": lambda value: subspace.output_change(np.eye(2), PARTS, value),
    "importance": lambda value: subspace.layer_importance(value, np.eye(2)),
}
BAD: dict[str, Any] = {
    "nan": [[0.0, math.nan], [math.nan, 0.0]],
    "infinite": [[0.0, math.inf], [-math.inf, 0.0]],
    "text": "matrix",
    "words": [["a", "b"], ["c", "d"]],
    "nothing": None,
    "a number": 3.0,
    "a vector": [1.0, 2.0],
    "ragged": [[1.0, 2.0], [3.0]],
    "complex": [[1j, 0.0], [0.0, 1.0]],
    "five dimensions": np.zeros((1, 1, 1, 1, 0)),
    "no rows": np.zeros((0, 2)),
    "huge integers": [[10**400, 0], [0, 1]],
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", TAKES_A_MATRIX)
def test_bad_matrices(name: str, bad: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is looked at below
        TAKES_A_MATRIX[name](BAD[bad])
    assert type(caught.value) is ValueError
    assert str(caught.value).endswith(".")


BAD_CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "size": (lambda: orthogonal.haar(0, seed=0), "n must be at least 1, not 0."),
    "size as float": (lambda: orthogonal.haar(2.5, seed=0), "n must be a whole number, not 2.5."),  # type: ignore[arg-type]
    "seed": (lambda: orthogonal.haar(2, seed=-1), "seed must be at least 0, not -1."),
    "flag": (lambda: orthogonal.haar(2, seed=0, special=1), "special must be True or False, not 1."),  # type: ignore[arg-type]
    "norm": (lambda: orthogonal.random_skew(2, seed=0, norm=-1.0), "norm must be at least 0.0, not -1.0."),
    "infinite norm": (lambda: orthogonal.random_skew(2, seed=0, norm=math.inf), "norm must be a finite number, not inf."),
    "terms": (lambda: orthogonal.cayley_neumann(np.zeros((2, 2)), 0), "terms must be between 1 and 1000, not 0."),
    "not skew": (
        lambda: orthogonal.cayley([[0.0, 1.0], [1.0, 0.0]]),
        "skew must be skew-symmetric: entry (0, 1) must be minus entry (1, 0), and their sum is 2.",
    ),
    "not square": (lambda: orthogonal.measure(np.zeros((2, 3))), "matrix must be square; it has 2 rows and 3 columns."),
    "one nan": (
        lambda: orthogonal.nearest([[1.0, math.nan], [0.0, 1.0]]),
        "matrix must hold finite numbers; it has nan at (0, 1).",
    ),
    "too large": (lambda: orthogonal.measure([[1e101]]), "matrix has an entry of size 1e+101; entries must be at most 1e+100."),
    "determinant": (
        lambda: orthogonal.measure(1e90 * np.eye(5)),
        "The determinant of matrix is about 10^450, which float64 cannot hold.",
    ),
    "parameters": (
        lambda: orthogonal.skew_from_parameters([1.0, 2.0]),
        "parameters must hold n(n-1)/2 numbers per matrix, such as 1, 3, 6 or 10; here there are 2.",
    ),
    "zero vector": (
        lambda: orthogonal.householder([[1.0, 0.0], [0.0, 0.0]]),
        "Row 1 of vectors is zero: a reflection needs a direction.",
    ),
    "plane": (
        lambda: orthogonal.givens(3, [(0, 3)], [1.0]),
        "The plane (0, 3) must name two different coordinates between 0 and 2.",
    ),
    "same plane": (
        lambda: orthogonal.givens(3, [(1, 1)], [1.0]),
        "The plane (1, 1) must name two different coordinates between 0 and 2.",
    ),
    "planes": (
        lambda: orthogonal.givens(3, [(0.5, 1)], [1.0]),
        "planes must be pairs of whole numbers, such as [(0, 1), (0, 2)].",
    ),
    "angles": (lambda: orthogonal.givens(3, [(0, 1)], []), "There are 1 planes and 0 angles; each plane needs one angle."),
    "no blocks": (lambda: orthogonal.block_diagonal([]), "blocks must hold at least one square matrix; there are none."),
    "blocks": (lambda: orthogonal.block_diagonal(3), "blocks must be a sequence of square matrices, not 3."),
    "butterfly shape": (
        lambda: orthogonal.butterfly(np.zeros((1, 2, 3, 2))),
        "blocks must have shape [factors, blocks, b, b]; it is (1, 2, 3, 2).",
    ),
    "butterfly odd": (
        lambda: orthogonal.butterfly(np.zeros((2, 2, 3, 3))),
        "With more than one butterfly factor the block size must be even; it is 3.",
    ),
    "butterfly count": (
        lambda: orthogonal.butterfly(np.zeros((3, 6, 2, 2))),
        "With 3 butterfly factors the number of blocks must be a multiple of 4; it is 6.",
    ),
    "eps": (lambda: orthogonal.project_coft([[1.0]], 0.0), "eps must be greater than 0; at 0 no rotation is allowed at all."),
    "one neuron": (
        lambda: energy.hyperspherical_energy([[1.0, 2.0]]),
        "weights must have at least two rows (neurons) and one column; its shape is (1, 2).",
    ),
    "zero row": (
        lambda: energy.hyperspherical_energy([[1.0, 2.0], [0.0, 0.0]]),
        "Row 1 of weights is zero: it has no direction, so its energy is not defined.",
    ),
    "zero row in a stack": (
        lambda: energy.mean_absolute_cosines([[[1.0], [2.0]], [[0.0], [1.0]]]),
        "Row 0 of matrix 1 of weights is zero: it has no direction, so its energy is not defined.",
    ),
    "exponent": (lambda: energy.hyperspherical_energy([[1.0], [2.0]], -1), "s must be at least 0.0, not -1.0."),
    "rank": (lambda: subspace.split(np.eye(3), 4), "rank must be between 0 and 3, not 4."),
    "precision": (lambda: subspace.split(np.eye(3), 1, dtype="float16"), "dtype must be 'float64' or 'float32', not 'float16'."),  # type: ignore[arg-type]
    "single": (
        lambda: subspace.split(1e50 * np.eye(3), 1, dtype="float32"),
        "weights has entries that float32 cannot hold; use dtype='float64'.",
    ),
    "gradient": (
        lambda: subspace.project_block(np.eye(3), PARTS),
        "gradient has shape (3, 3), but the weight matrix has shape (2, 2); they must be equal.",
    ),
    "step": (lambda: subspace.explain(PARTS, np.eye(2), relative_step=-0.1), "relative_step must be at least 0.0, not -0.1."),
    "projection": (
        lambda: subspace.protected("both", PARTS),  # type: ignore[arg-type]
        "projection must be one of full, block, two_sided, factors, not 'both'.",
    ),
    "optimizer": (
        lambda: subspace.train_factors(PARTS, np.eye(2), optimizer="sgdm"),  # type: ignore[arg-type]
        "optimizer must be one of sgd, adam, adam_reprojected, not 'sgdm'.",
    ),
    "schedule": (
        lambda: subspace.retention_schedule(3, kind="cosine"),  # type: ignore[arg-type]
        "kind must be 'tasks' or 'constant', not 'cosine'.",
    ),
    "ratios": (lambda: subspace.adaptive_rank(1.0, 4, 4, minimum=0.9), "minimum must be between 0.0 and 0.8, not 0.9."),
    "divisor": (lambda: parameters.nearest_divisor(48, 0), "wanted must be at least 1, not 0."),
    "memory": (lambda: checks.as_integer(math.nan, "count"), "count must be a whole number, not nan."),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_sentences(name: str) -> None:
    call, sentence = BAD_CALLS[name]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole sentence is compared below
        call()
    assert str(caught.value) == sentence


def test_good_input_is_not_changed() -> None:
    """Functions work on copies: what was passed in stays as it was."""
    rng = np.random.default_rng(0)
    weights, gradient = rng.standard_normal((5, 4)), rng.standard_normal((5, 4))
    square = rng.standard_normal((4, 4))
    kept = [weights.copy(), gradient.copy(), square.copy()]
    parts = subspace.split(weights, 2)
    subspace.explain(parts, gradient)
    subspace.train_factors(parts, gradient, optimizer="adam_reprojected", steps=3)
    energy.hyperspherical_energy(weights)
    orthogonal.measure(square)
    orthogonal.newton_schulz(square, scale=True)
    orthogonal.householder(square)
    orthogonal.project_coft(weights[:, :3], 0.1)
    for array, copy in zip((weights, gradient, square), kept, strict=True):
        assert (array == copy).all()


def test_lists_integers_and_single_precision_are_welcome() -> None:
    assert energy.hyperspherical_energy([[1, 0], [0, 1]]) == pytest.approx(math.sqrt(2))
    assert orthogonal.measure(np.eye(3, dtype=np.int64)).is_rotation
    assert orthogonal.cayley(np.zeros((2, 2), dtype=np.float32)).dtype == np.float64
    assert subspace.split(np.array([[True, False], [False, True]]), 1).S_high.tolist() == [1.0]
