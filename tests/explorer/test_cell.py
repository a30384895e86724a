"""Readers' code: what it sees, what it may break, and what comes of its errors."""

from __future__ import annotations

import builtins
import contextlib
import io
import math
import sys
from typing import Any

import numpy as np
import pytest

import osft.orthogonal
from explorer import cell, surface

WHOLE = {"angle": 30.0, "points": 5}


def run(code: str, page: str = "rotation", parameters: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    printed = io.StringIO()
    steps = surface.run_cell(page, WHOLE if parameters is None else parameters, code)
    with contextlib.redirect_stdout(printed):
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return printed.getvalue(), end.value


def test_it_sees_the_page() -> None:
    printed, answer = run("print(angle, points, parameters['seed'], np.pi, osft.__name__)\ncompute(**parameters)['determinant']")
    assert printed.splitlines()[0] == f"30.0 5 42 {math.pi} osft"
    assert float(printed.splitlines()[1].strip("np.float64()")) == pytest.approx(1)
    assert (answer["drives"], answer["failed"]) == (False, False)


def test_its_outputs_drive_the_figure() -> None:
    _, answer = run("out = compute(**parameters)\nout['determinant'] = 7\nout")
    assert answer["drives"] is True
    assert answer["determinant"] == 7.0
    assert type(answer["determinant"]) is float
    _, answer = run("result = compute(**{**parameters, 'angle': 90})\nprint('done')")
    assert answer["drives"] is True
    np.testing.assert_allclose(answer["matrix"], [[0, -1], [1, 0]], atol=1e-15)


def test_outputs_are_put_into_their_types() -> None:
    lists = "out['points_original'] = out['points_original'].tolist()"
    _, answer = run(f"out = compute(**parameters)\n{lists}\nout['is_orthogonal'] = np.bool_(1)\nout")
    assert answer["drives"] is True
    assert answer["points_original"].shape == (5, 2)
    assert answer["is_orthogonal"] is True


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("{'determinant': 3}", "The result has no distance_original, distance_transformed"),
        ("out = compute(**parameters)\nout['matrix'] = [1, 2]\nout", "matrix must be a matrix; its shape is (2,)"),
        ("out = compute(**parameters)\nout['determinant'] = 'x'\nout", "The figure was left as it is."),
        ("out = compute(**parameters)\nout['matrix'] = [[1], [1, 2]]\nout", "The figure was left as it is."),
    ],
)
def test_outputs_that_do_not_fit_leave_the_figure(code: str, words: str) -> None:
    printed, answer = run(code)
    assert words in printed
    assert (answer["drives"], answer["failed"]) == (False, False)


@pytest.mark.parametrize(
    ("code", "line", "shown"),
    [
        ("x = 1\n1 / 0", 2, "  line 2\n    1 / 0\nZeroDivisionError: division by zero\n"),
        ("def f(x):\n    return x[0]\n\nf(3)", 2, "  line 4\n    f(3)\n  line 2, in f\n    return x[0]\nTypeError: "),
        ("if True:\nx", 2, "IndentationError: expected an indented block"),
        ("x = (", 1, "SyntaxError: "),
        ("compute(points=1)", 1, "InvalidParameter: Points (points) must be from 2 to 2000; 1 was given."),
        ("raise SystemExit(3)", 1, "only the code was ended"),
        ("raise KeyboardInterrupt", 1, "KeyboardInterrupt"),
        ("from osft.orthogonal import nearest\nnearest([[1, 2]])", 2, "ValueError: matrix must be square"),
        ("(" * 3000, 0, "nested more than 100 deep"),
        ("x" * 200_000, 0, "the limit is 100000"),
        ("a\0b", 0, "null"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", 3, "E: <exception str() failed>"),
    ],
)
def test_errors_show_the_readers_lines_alone(code: str, line: int, shown: str) -> None:
    printed, answer = run(code)
    assert shown in printed
    assert (answer["failed"], answer["drives"], answer["error_line"]) == (True, False, line)
    assert "explorer/cell.py" not in printed
    assert str(cell.__file__) not in printed


def test_deep_recursion_is_caught_and_its_trace_is_short() -> None:
    printed, answer = run("def f(n):\n    return f(n + 1)\nf(0)")
    assert "RecursionError" in printed
    assert "more calls" in printed
    assert len(printed.splitlines()) < 40
    assert answer["failed"] is True


def test_what_it_breaks_is_mended() -> None:
    kept = (len, np.array, np.linalg.svd, osft.orthogonal.haar, sys.getrecursionlimit(), math.pi, vars)
    code = (
        "import builtins, sys, math, osft.orthogonal, explorer.rotation\n"
        "builtins.len = builtins.vars = builtins.dict = builtins.print = None\n"
        "np.array = np.linalg.svd = None\nmath.pi = 3\n"
        "osft.orthogonal.haar = explorer.rotation.compute = None\n"
        "explorer.rotation.new = 1\nsys.setrecursionlimit(60)\nnp.seterr(all='raise')\n"
        "sys.modules['numpy'] = None\n'done'"
    )
    printed, answer = run(code)
    assert printed == "'done'\n"
    assert answer["failed"] is False
    assert (builtins.len, np.array, np.linalg.svd, osft.orthogonal.haar, sys.getrecursionlimit(), math.pi, vars) == kept
    assert sys.modules["numpy"] is np
    assert np.geterr()["over"] == "warn"
    assert not hasattr(sys.modules["explorer.rotation"], "new")
    assert surface.compute("rotation", {})["is_orthogonal"] is True


def test_shadowed_names_stay_in_the_cell() -> None:
    _, answer = run("len = print = np = compute = osft = parameters = None")
    assert answer["failed"] is False
    assert run("len([1, 2])")[0] == "2\n"


def test_each_run_is_fresh() -> None:
    run("leftover = 1\nparameters['angle'] = 99\nangle = 1")
    assert "NameError" in run("leftover")[0]
    assert run("parameters['angle'], angle")[0] == "(30.0, 30.0)\n"


def test_values_are_shown_as_in_a_notebook_and_end() -> None:
    assert run("np.eye(2)")[0] == "array([[1., 0.],\n       [0., 1.]])\n"
    assert run("x = 3")[0] == ""
    assert run("None")[0] == ""
    assert len(run("'a' * 10**6")[0]) < 5000
    assert len(run("list(range(10**6))")[0]) < 2000
    assert "..." in run("x = []\nfor _ in range(100_000): x = [x]\nx")[0]
    assert run("class A:\n    def __repr__(self): 1 / 0\nA()")[0].startswith("<A instance")


def test_future_statements_and_comments() -> None:
    assert run("from __future__ import annotations\ndef f(x: Nothing) -> Nowhere: return x\nf(2)")[0] == "2\n"
    assert run("# only a comment") == ("", {"drives": False, "failed": False, "error_line": 0})
    assert run("")[1]["failed"] is False


def test_parameters_are_checked_before_the_code_runs() -> None:
    with pytest.raises(ValueError, match="from 2 to 2000"):
        run("1", parameters={"points": 1})
