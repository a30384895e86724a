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
from importlib.util import find_spec
from typing import Any

from builder import develop, preloads, tools
from builder.errors import BuildError
from builder.site import Places, build

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
    """Recompute what was asked for; the pages' data always, because it takes seconds."""
    if options.figures and find_spec("playwright") is None:
        raise BuildError("`precompute --figures` draws with a browser; `python3 build.py setup` brings what drives it.")
    data = places.site / "data"
    names = ("backend", "workers", "scheduler", "tune")
    settings = {name: value for name in names if (value := getattr(options, name)) is not None}
    if options.transformer:
        _module("transformer").precompute_transformer(data, say=say)
    if options.training:
        _module("training").precompute_training(data, say=say, **settings)
    if options.torch_step and (status := int(_module("torch_step").main())) != 0:
        return status
    _module("pages").precompute_pages(data)
    _module("index").write(data / "index.json")
    preloads.write(places.site)
    say("The data of the pages and of the index is what py/ computes.")
    if options.figures:
        build(places, say)
        changed = _module("figures").precompute_figures(places.site, browser(), say)
        _module("cards").precompute_cards(places.site / "cards", say)
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
    """What the parts that write data say of it today, except of what only PyTorch could repeat."""
    data = (places or Places.of(tools.ROOT)).site / "data"
    targets = {"pages": data, "index": data / "index.json", "training": data, "transformer": data}
    modules = {name: _module(name, required=False) for name in targets}
    return [sentence for name, module in modules.items() if module for sentence in module.is_stale(targets[name])]


def _module(name: str, *, required: bool = True) -> Any:
    try:
        return importlib.import_module(f"builder.precompute_{name}")
    except ModuleNotFoundError as error:
        if required or error.name != f"builder.precompute_{name}":
            raise
        return None
