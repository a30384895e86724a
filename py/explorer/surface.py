"""Everything that JavaScript may call, and nothing else can be called.

`explorer.bridge` looks names up in SURFACE; the modules behind them are imported when they
are first asked for, so that the first page needs only its own. `audit` needs SciPy,
`publication_figure` Matplotlib, `archive` the whole standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from explorer.declare import InvalidParameter, Outputs, Page

PAGES = ("rotation", "orthogonal", "energy", "svd", "projection", "parameters", "training")


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
    """For each output `<name>_difference`, the largest difference to an independent route, and
    `<name>_route`, its name in words.
    """
    return find(page).audit(parameters)


def source(page: str) -> Outputs:
    """`code`: the page's own code, as a cell to edit; `library`: the osft functions it calls."""
    from explorer import listing

    return {"code": listing.cell(find(page)), "library": listing.library(find(page))}


def script(page: str, parameters: Mapping[str, Any]) -> Outputs:
    """`script`: a program that computes this state with py/ and prints its outputs as JSON."""
    from explorer import listing

    declared = find(page)
    return {"script": listing.script(declared, declared.validate(parameters))}


def run_cell(page: str, parameters: Mapping[str, Any], code: str) -> Generator[Outputs, None, Outputs]:
    """Runs a reader's code; see `explorer.cell.run_cell`."""
    from explorer import cell

    return (yield from cell.run_cell(find(page), parameters, code))


def train(**settings: Any) -> Generator[Outputs, None, None]:
    """Runs the small experiment of the training page live; see `explorer.training.train`."""
    from explorer import training

    return training.train(**settings)


def publication_figure(page: str, parameters: Mapping[str, Any], format: str) -> dict[str, bytes]:
    """`bytes`: a figure of this state drawn by Matplotlib, as `svg` or `png`."""
    from explorer import publication

    declared = find(page)
    known = declared.validate(parameters)
    outputs = declared.compute(**known)
    return {"bytes": publication.publication_figure(page, known, outputs, format)}


def archive(page: str, parameters: Mapping[str, Any]) -> dict[str, bytes]:
    """`bytes`: an NPZ file of parameters and outputs."""
    import io

    declared = find(page)
    known = declared.validate(parameters)
    contents = {f"parameter_{name}": np.asarray(value) for name, value in known.items()}
    contents.update({k: np.asarray(v) for k, v in declared.compute(**known).items()})
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **contents)
    return {"bytes": file.getvalue()}


SURFACE: Mapping[str, Callable[..., Any]] = {
    "compute": compute,
    "audit": audit,
    "source": source,
    "script": script,
    "run_cell": run_cell,
    "train": train,
    "publication_figure": publication_figure,
    "archive": archive,
}
