"""Recomputes the data that ships and says whether it is still what py/ computes.

Called by builder/cli.py (`precompute`, `check`). What needs NumPy or a browser is imported only when
it is asked for, so that the rest of build.py runs without.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
from collections.abc import Callable
from typing import Any

from builder import develop, tools
from builder.site import Places

Say = Callable[[str], None]

LAUNCH_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""What a headless Chromium is started with: it must run as root in a container, and call nobody."""

STALE_CHECK = """
import json, sys
sys.path.insert(0, ".")
from builder.precompute import complaints
print(json.dumps(complaints()))
"""


def run(places: Places, options: argparse.Namespace, say: Say) -> int:
    """Recompute what was asked for; the pages' data always."""
    settings = {name: value for name in ("backend", "workers") if (value := getattr(options, name)) is not None}
    if options.transformer:
        _module("transformer").precompute_transformer(places.site / "data", say=say, **settings)
    if options.training:
        _module("training").precompute_training(places.site / "data", say=say, **settings)
    _module("pages").precompute_pages(places.site / "data")
    say("The pages' data is what py/ computes.")
    if options.figures:
        from builder.site import build

        build(places, say)
        changed = _module("figures").precompute_figures(places.site, browser(), say)
        say(f"{len(changed)} documents redrawn.")
    return 0


def browser() -> dict[str, Any]:
    """What Playwright's `chromium.launch` is called with."""
    chromium = develop.find_chromium()
    return {"args": LAUNCH_ARGUMENTS, **({"executable_path": chromium} if chromium else {})}


def stale_data(places: Places, say: Say) -> list[str]:
    """One sentence for each data file that is not what py/ computes; asks the .venv if NumPy is only there."""
    if develop.inside_environment():
        return complaints(places)
    python = tools.venv_python()
    if python is None:
        say("The data was not checked: that needs NumPy (`python3 build.py setup`).")
        return []
    answer = subprocess.run(
        [python, "-c", STALE_CHECK], cwd=places.root, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if answer.returncode != 0:
        return [f"The data could not be recomputed: {answer.stderr.strip().splitlines()[-1]}"]
    sentences: list[str] = json.loads(answer.stdout)
    return sentences


def complaints(places: Places | None = None) -> list[str]:
    """What the parts that write data say of it today."""
    folder = (places or Places.of(tools.ROOT)).site / "data"
    sentences: list[str] = []
    for name in ("pages", "training", "transformer"):
        module = _module(name, required=False)
        if module is not None and hasattr(module, "is_stale"):
            sentences += module.is_stale(folder)
    return sentences


def _module(name: str, *, required: bool = True) -> Any:
    try:
        return importlib.import_module(f"builder.precompute_{name}")
    except ModuleNotFoundError as error:
        if required or error.name != f"builder.precompute_{name}":
            raise
        return None
