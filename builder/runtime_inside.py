"""Runs inside Pyodide at build time: byte-compiles trees of sources with the browser's own Python.

Executed by builder/node_compile.mjs with the global `task`: a list of trees, each a list of the
source folder or zip, the target folder, the place the browser will have it at, and "library" or
"beside". The files are never compared with their sources, and tracebacks name the place.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
import zipfile
from collections.abc import Iterator
from importlib._bootstrap_external import _code_to_hash_pyc  # type: ignore[attr-defined]
from pathlib import Path

task: list[list[str]]  # set by node_compile.mjs

Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def compile_beside(source: Path, target: Path, place: str) -> None:
    """Write the cached file of each module, as it stands beside a source that is shipped too."""
    for path, text in modules(source):
        relative = path.relative_to(source)
        cached = target / relative.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
        write(cached, ast.parse(text), text, f"{place}/{relative}")


def compile_library(source: Path, target: Path, place: str) -> None:
    """Write `x.pyc` in place of each `x.py`, twice: `full`, and `bare` of its docstrings."""
    for path, text in modules(source):
        relative = path.relative_to(source)
        tree = ast.parse(text)
        write(target / "full" / relative.with_suffix(".pyc"), tree, text, f"{place}/{relative}")
        drop_docstrings(tree)
        write(target / "bare" / relative.with_suffix(".pyc"), tree, text, f"{place}/{relative}")


def modules(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Sources in a fixed order. What is not valid Python is a template or test data."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_bytes()
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        yield path, text


def write(target: Path, tree: ast.Module, text: bytes, name: str) -> None:
    """Compile a module and write it."""
    code = compile(tree, name, "exec", dont_inherit=True, optimize=0)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(_code_to_hash_pyc(code, importlib.util.source_hash(text), False))


def drop_docstrings(node: ast.AST) -> None:
    """Remove what `help` shows of a module, its classes and functions.

    Assertions stay, which Python's own optimisation would remove as well; so do templates, which
    NumPy fills in while it is imported and numpy.ma relies on; and so does what is inside of functions,
    where it could not be found again.
    """
    if not isinstance(node, (ast.Module, ast.ClassDef, *Function)):
        return
    text = ast.get_docstring(node, clean=False)
    if text is not None and "${" not in text:
        node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), node.body[0])]
    if not isinstance(node, Function):
        for child in node.body:
            drop_docstrings(child)


for source, target, place, layout in task:  # noqa: F821
    folder = Path(source)
    if folder.suffix in (".zip", ".whl"):
        folder = Path("/unpacked") / folder.stem
        with zipfile.ZipFile(source) as archive:
            archive.extractall(folder)
    (compile_library if layout == "library" else compile_beside)(folder, Path(target), place)
