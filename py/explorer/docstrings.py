"""Gives functions the documentation back that the quick start left out.

Called by osft-web/kernel/runtime.js once the rest of the library has come; builder/runtime_inside.py
took the docstrings out and wrote them down. `help` needs them, and `numpy.ma` while it is imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def restore(path: str) -> int:
    """Attach the docstrings of a file {module: {qualified name: text}} to modules in use; how many.

    A name that is not there, or that has documentation by now, is left as it is.
    """
    attached = 0
    for module, documented in json.loads(Path(path).read_text(encoding="utf-8")).items():
        if module not in sys.modules:
            continue
        for name, text in documented.items():
            owner = find(sys.modules[module], name)
            if owner is not None and not getattr(owner, "__doc__", None):
                attached += describe(owner, text)
    return attached


def find(module: Any, name: str) -> Any:
    """The object of this qualified name, or None."""
    found = module
    for part in name.split(".") if name else ():
        # Not getattr: a property or a method is described where it is defined, not on what it gives.
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
        if isinstance(found, (staticmethod, classmethod)):
            found = found.__func__
        if found is None:
            return None
    return found


def describe(owner: Any, text: str) -> bool:
    """Set the docstring of an object and of what it wraps; whether it took it."""
    try:
        owner.__doc__ = text
    except (AttributeError, TypeError):
        return False
    wrapped = getattr(owner, "__wrapped__", None)
    if wrapped is not None and not wrapped.__doc__:
        describe(wrapped, text)
    return True
