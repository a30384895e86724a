"""The real source of a page as text: the cell that readers edit, and the script they take along.

Called by explorer.surface. Both are cut out of the module itself, so that what is shown is what ran:
`compute`, the helpers and constants it uses, and their imports, without the declarations.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from explorer.declare import InvalidParameter, Page

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def read_source(module: str) -> str:
    """The text of a module, from a folder or from a zip.

    Raises `InvalidParameter` where only the compiled module is installed.
    """
    import_module(module)
    spec = sys.modules[module].__spec__
    loader: Any = spec.loader if spec else None
    try:
        text = loader.get_source(module)
    except (AttributeError, ImportError, OSError):
        text = None
    if text is None:
        sentence = f"The source text of {module} is not part of this copy; its functions work."
        raise InvalidParameter("page", sentence)
    return str(text)


def page_code(page: Page) -> str:
    """`compute` of a page with everything that it uses, from the page's own source."""
    text = read_source(f"explorer.{page.name}")
    lines = text.splitlines()
    body = ast.parse(text).body
    defined = {name: node for node in body for name in _defines(node)}
    wanted = _needed("compute", defined)
    kept = [node for node in body if isinstance(node, Definition) and node in wanted]
    used = {name for node in kept for name in _names(node)}
    imports = [line for node in body for line in _import_lines(node, used)]
    blocks = ["\n".join(imports), ""]
    for node in kept:
        block = "\n".join(lines[_first_line(node, lines) : node.end_lineno])
        blocks.append(("\n\n" if isinstance(node, ast.FunctionDef | ast.ClassDef) else "") + block)
    return "\n".join(blocks).replace("\n\n\n\n", "\n\n\n")


def cell(page: Page) -> str:
    """The code of a page, ready to run beside its `parameters`."""
    return f"{page_code(page)}\n\n\ncompute(**parameters)\n"


def library(page: Page) -> str:
    """The source of the osft functions that the page's code calls, under the names of their modules."""
    listings = []
    for module, names in _imported(page_code(page)):
        for name in names:
            found = getattr(import_module(module), name, None)
            home = getattr(found, "__module__", "")
            if not callable(found) or not home.startswith("osft"):
                continue
            text = read_source(home)
            for node in ast.parse(text).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                    segment = "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])
                    listings.append(f"# {home}\n{segment}\n")
    return "\n\n".join(dict.fromkeys(listings))


def script(page: Page, parameters: dict[str, Any]) -> str:
    """A program that computes one state of a page and prints its outputs as JSON."""
    settings = ",\n".join(f"    {name!r}: {value!r}" for name, value in parameters.items())
    code = page_code(page).replace("from __future__ import annotations\n", "", 1).strip("\n")
    return f'''"""{page.title}: one state of the explorer's page {page.name}, computed and printed as JSON.

Run it where Python finds the project's folder py/ and NumPy:

    PYTHONPATH=py python {page.name}_state.py
"""

from __future__ import annotations

import json

{code}


parameters = {{
{settings},
}}


def as_json(value):
    """Arrays as nested lists; numbers that are not finite as words."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return {{"inf": "Infinity", "-inf": "-Infinity"}}.get(str(value), "NaN")
    return value


if __name__ == "__main__":
    outputs = compute(**parameters)
    print(json.dumps({{name: as_json(value) for name, value in outputs.items()}}, indent=1))
'''


def _defines(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _needed(first: str, defined: dict[str, ast.stmt]) -> set[ast.stmt]:
    needed: set[ast.stmt] = set()
    waiting = [first]
    while waiting:
        node = defined.get(waiting.pop())
        if node is not None and node not in needed:
            needed.add(node)
            waiting.extend(_names(node))
    return needed


def _names(node: ast.stmt) -> set[str]:
    """Names a definition uses; the decorator of `compute` is the page's, not the reader's."""
    own = getattr(node, "name", "") == "compute"
    parts: list[ast.AST] = [node]
    if own and isinstance(node, ast.FunctionDef):
        parts = [*node.body, node.args, *([node.returns] if node.returns else [])]
    return {each.id for part in parts for each in ast.walk(part) if isinstance(each, ast.Name)}


def _first_line(node: Definition, lines: list[str]) -> int:
    """Index of the first line: with decorators and comments above, but `compute` starts at its def."""
    line = node.lineno
    decorators = getattr(node, "decorator_list", [])
    if decorators and getattr(node, "name", "") != "compute":
        line = decorators[0].lineno
    start = line - 1
    while start > 0 and lines[start - 1].startswith("#"):
        start -= 1
    return start


def _import_lines(node: ast.stmt, used: set[str]) -> Iterator[str]:
    """The import statement cut down to the names in use; nothing when there are none."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        yield f"{ast.unparse(node)}\n"
        return
    kept = [a for a in node.names if (a.asname or a.name.partition(".")[0]) in used]
    if kept:
        node.names = kept
        yield ast.unparse(node)


def _imported(code: str) -> Iterator[tuple[str, list[str]]]:
    for node in ast.parse(code).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("osft"):
            yield node.module, [alias.name for alias in node.names]
