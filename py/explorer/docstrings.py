"""Gives NumPy back what the quick start left out: the whole of a few modules, and documentation.

Called by osft-web/kernel/runtime.js once the rest of the library has come. The build put lean modules
in the place of whole ones (builder/runtime_lean.py), took the docstrings out (builder/runtime_inside.py)
and wrote them down (builder/runtime_docs.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def restore(path: str) -> int:
    """Give modules in use the docstrings of a file {module: {qualified name: text}}; how many it took.

    A name that is not there, or whose documentation cannot be set, is left as it is.
    """
    for name, module in list(sys.modules.items()):
        become_whole = getattr(module, "__dict__", {}).get("_become_whole")
        # Of Python's own library a module becomes whole when it is asked for more.
        if become_whole is not None and name.startswith("numpy."):
            become_whole()
    attached = 0
    for module, documented in json.loads(Path(path).read_text(encoding="utf-8")).items():
        for name, text in documented.items() if module in sys.modules else ():
            owner = find(sys.modules[module], name)
            if owner is not None and getattr(owner, "__doc__", None) != text:
                attached += describe(owner, text)
    return attached


def find(module: Any, name: str) -> Any:
    """The object of this qualified name, or None."""
    found = module
    for part in name.split(".") if name else ():
        # Not getattr: a property or a method is described where it is defined, not on what it gives.
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
        if found is None:
            return None
    return found


def describe(owner: Any, text: str) -> bool:
    """Set the docstring of an object, and of the function in a static or class method; whether it took it."""
    try:
        owner.__doc__ = text
    except (AttributeError, TypeError):
        return False
    if isinstance(owner, (staticmethod, classmethod)):
        describe(owner.__func__, text)
    return True
