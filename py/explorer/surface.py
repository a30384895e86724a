"""Everything that JavaScript may call, and nothing else can be called.

`explorer.bridge` looks names up in SURFACE; the modules behind them are imported when they
are first asked for, so that the first page needs only its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from explorer.declare import InvalidParameter, Outputs, Page

PAGES = ("rotation",)


def find(name: str) -> Page:
    """The declaration of a page. Raises `InvalidParameter` for an unknown name."""
    if name not in PAGES:
        names = ", ".join(PAGES)
        raise InvalidParameter("page", f"There is no page of that name; they are {names}.")
    declared: Page = import_module(f"explorer.{name}").PAGE
    return declared


def compute(page: str, parameters: Mapping[str, Any]) -> Outputs:
    """The outputs of a page at these parameters."""
    return find(page).compute(**parameters)


def audit(page: str, parameters: Mapping[str, Any]) -> Outputs:
    """Per output, the largest difference to an independent route; `<name>_route` names it."""
    return find(page).audit(parameters)


SURFACE: Mapping[str, Callable[..., Any]] = {
    "compute": compute,
    "audit": audit,
}
