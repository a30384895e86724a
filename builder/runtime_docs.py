"""Runs inside Pyodide at build time: writes down the documentation of everything in some modules.

Executed by builder/node_compile.mjs with the global `task`: the names of the modules, and the file
to write. What differs between two such files is what a library without docstrings lacks; it is
compared as it is found, because modules copy, rewrite and share their docstrings while they are imported.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

task: tuple[list[str], str]  # set by node_compile.mjs


def documentation(module: Any) -> Iterator[tuple[str, Any]]:
    """(qualified name, docstring) of a module, of what is in it, and of what its classes have."""
    yield "", module.__doc__
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__:
            for inner, member in vars(value).items():
                yield f"{name}.{inner}", getattr(member, "__doc__", None)
        home = getattr(value, "__module__", None)
        if callable(value) and (home == module.__name__ or home not in names):
            yield name, getattr(value, "__doc__", None)


names, target = task  # noqa: F821
found = {}
for name in names:
    entries = documentation(importlib.import_module(name))
    found[name] = {key: text for key, text in entries if isinstance(text, str) and not key.endswith("__doc__")}
Path(target).write_text(json.dumps(found), encoding="utf-8")
