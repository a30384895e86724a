"""Runs a reader's code beside the page's parameters, and takes its outputs if it made the page's.

Called by explorer.surface as `run_cell`. What is printed goes to standard output, which the bridge
sends on as it comes and cuts at its limit. An endless loop is ended from outside, by Stop.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import reprlib
import sys
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from explorer.declare import Output, Outputs, Page

FILE = "your code"
LONGEST = 100_000
DEEPEST = 100
LARGEST = 4_000_000
FRAMES = 12
OPENING, CLOSING = "([{", ")]}"


def run_cell(page: Page, given: Mapping[str, Any], code: str) -> Generator[Outputs, None, Outputs]:
    """Execute `code` in a fresh namespace with np, osft, compute, `parameters` and each of them by name.

    Yields once, before the code runs. The returned answer has `drives`: whether the value of the last
    expression, or the variable `result`, is a dict with the page's outputs, which then follow;
    `failed`: whether the code ended in an error, which has been printed; and `error_line`, or 0.
    """
    parameters = page.validate(given)
    yield {"drives": False, "failed": False, "error_line": 0}
    answer: Outputs = {"drives": False, "failed": False, "error_line": 0}
    wanted = page.outputs_at(parameters)
    namespace = _namespace(page, parameters)
    value, error = _guarded(lambda: _execute(code, namespace))
    if error is None:
        # Looking at the value may run the reader's code again, so it is guarded too.
        outputs, error = _guarded(lambda: _page_outputs(wanted, value, namespace.get("result")))
        if outputs is not None:
            answer = {**answer, "drives": True, **outputs}
    if error is not None:
        print(_explain(error, code), end="")
        answer = {**answer, "failed": True, "error_line": _line(error)}
    return answer


def _guarded(action: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """The action's value or its error, with the modules whole again afterwards in either case."""
    with _restored():
        try:
            return action(), None
        except BaseException as error:
            return None, error


def _namespace(page: Page, parameters: dict[str, Any]) -> dict[str, Any]:
    import osft

    return {
        **parameters,
        "__name__": "__main__",
        "__builtins__": dict(vars(builtins)),
        "np": np,
        "osft": osft,
        "parameters": dict(parameters),
        "compute": page.compute,
    }


def _execute(code: str, namespace: dict[str, Any]) -> Any:
    """Run the code; the value of its last line when that is an expression, as in a notebook."""
    _check_depth(code)
    tree = ast.parse(code, FILE)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, FILE, "exec", dont_inherit=True), namespace)
    if not isinstance(last, ast.Expr):
        return None
    flags = _future_flags(tree)
    return eval(compile(ast.Expression(last.value), FILE, "eval", flags, True), namespace)


def _future_flags(tree: ast.Module) -> int:
    import __future__

    names = [a.name for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__" for a in n.names]
    return sum({getattr(__future__, name).compiler_flag for name in names})


def _check_depth(code: str) -> None:
    """Refuse what would exhaust the parser's own stack, which no exception can tell of."""
    if len(code) > LONGEST:
        raise SyntaxError(f"The code has {len(code)} characters; the limit is {LONGEST}.")
    depth = 0
    for character in code:
        if character in OPENING:
            depth += 1
            if depth > DEEPEST:
                raise SyntaxError(f"Brackets are nested more than {DEEPEST} deep.")
        elif character in CLOSING:
            depth -= 1


def _page_outputs(wanted: list[Output], value: Any, result: Any) -> Outputs | None:
    """The page's outputs in their own types, or None; anything else is shown as in a notebook."""
    names = {output.name for output in wanted}
    for candidate in (value, result):
        if not isinstance(candidate, Mapping) or not names.intersection(map(str, candidate)):
            continue
        missing = [output.name for output in wanted if output.name not in candidate]
        if missing:
            few = ", ".join(missing[:5])
            print(f"The result has no {few}: the figure was left as it is.")
            return None
        try:
            return {output.name: _typed(output, candidate[output.name]) for output in wanted}
        except (TypeError, ValueError) as error:
            print(f"{error} The figure was left as it is.")
            return None
    if value is not None:
        print(_Short().repr(value))
    return None


def _typed(output: Output, value: Any) -> Any:
    if output.kind in ("vector", "matrix"):
        array = np.asarray(value, dtype=np.float64)
        if array.ndim != (1 if output.kind == "vector" else 2) or array.size > LARGEST:
            raise ValueError(f"{output.name} must be a {output.kind}; its shape is {array.shape}.")
        return array
    if output.kind == "text":
        return str(value)[:10_000]
    if isinstance(value, np.ndarray):
        value = value.item()
    convert = {"float": float, "int": int, "flag": bool}[output.kind]
    return convert(value)


class _Short(reprlib.Repr):
    """Representations that end: `repr` itself follows any depth and prints any length."""

    def __init__(self) -> None:
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 100
        self.maxstring = self.maxother = self.maxlong = 4000


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """Put back whatever code may have replaced in the modules that the explorer stands on."""
    names = ["builtins", "sys", "math", "json", "numpy", "numpy.linalg", "numpy.random"]
    names += [name for name in sys.modules if name.partition(".")[0] in ("osft", "explorer")]
    spaces = [vars(sys.modules[name]) for name in names if name in sys.modules]
    kept = [(space, dict(space)) for space in [*spaces, sys.modules]]
    limit, set_limit = sys.getrecursionlimit(), sys.setrecursionlimit
    put_back, is_instance, module = dict.update, isinstance, ModuleType
    try:
        with np.errstate(), np.printoptions():
            yield
    finally:
        # Nothing here may use a builtin before the builtins, which come first, are themselves again.
        for space, content in kept:
            for name in space.keys() - content.keys():
                # A submodule that was imported meanwhile belongs to its package from now on.
                if not is_instance(space[name], module):
                    del space[name]
            put_back(space, content)
        set_limit(limit)


def _explain(error: BaseException, code: str) -> str:
    """The error as Python prints it, with the reader's own frames alone."""
    lines = code.splitlines()
    frames = [f for f in traceback.extract_tb(_own(error.__traceback__)) if f.filename == FILE]
    text = []
    for index, frame in enumerate(frames):
        if FRAMES // 2 <= index < len(frames) - FRAMES // 2:
            if index == FRAMES // 2:
                text.append(f"  … {len(frames) - FRAMES} more calls …\n")
            continue
        place = f", in {frame.name}" if frame.name != "<module>" else ""
        text.append(f"  line {frame.lineno}{place}\n")
        if frame.lineno and frame.lineno <= len(lines):
            text.append(f"    {lines[frame.lineno - 1].strip()}\n")
    if isinstance(error, SystemExit):
        message = "The code asked Python to exit; only the code was ended.\n"
    else:
        message = "".join(traceback.format_exception_only(error))
    return "".join(text) + message


def _own(trace: TracebackType | None) -> TracebackType | None:
    """The trace from the reader's first frame on."""
    while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
        trace = trace.tb_next
    return trace


def _line(error: BaseException) -> int:
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return error.lineno or 0
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
    return (frames[-1].lineno or 0) if frames else 0
