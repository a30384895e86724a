"""Real trained weights for the svd page: the digits network of the experiment, and one matrix of a
pretrained transformer. `index.json` beside this file says what each is and where it comes from.

The digits lie in this package; the transformer's 295 kB are asked for only when a reader wants them,
so they lie in osft-web/data/ and the browser's worker writes them to /data/ before `load` is called.
"""

from __future__ import annotations

import json
import pkgutil
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from explorer.declare import Array

LAYERS = ("1", "2")
STAGES = ("initial", "pretrained", "full", "osft")
"""Untrained; after pretraining; after the four later tasks, by full fine-tuning and by OSFT."""
NAMES = (*(f"digits-{layer}-{stage}" for layer in LAYERS for stage in STAGES), "transformer")

_REPOSITORY = Path(__file__).resolve().parents[3] / "osft-web" / "data"
_WORKER = Path("/data")


@lru_cache(maxsize=1)
def index() -> dict[str, Any]:
    """What index.json says: per set of weights its file, hash, origin and licence, and its matrices."""
    text = pkgutil.get_data(__name__, "index.json")
    if text is None:
        raise ValueError("This copy of the site is incomplete: explorer/weights/index.json is missing.")
    known: dict[str, Any] = json.loads(text)
    return known


def about(name: str) -> dict[str, Any]:
    """Origin, licence, hash, file and shape of a matrix, by one of NAMES."""
    found = index()[_set_of(name)]
    own = found["matrices"].get(name, {})
    return {**{key: value for key, value in found.items() if key != "matrices"}, **own}


def load(name: str) -> Array:
    """A weight matrix [out, in] by one of NAMES, as float64.

    Raises ValueError with a sentence for an unknown name, or when the file is missing or damaged.
    """
    group = _set_of(name)
    if name.endswith("-initial"):
        return _initial(int(name.split("-")[1]))
    entry = index()[group]
    place = entry["matrices"][name]
    rows, columns = place["shape"]
    raw = _bytes(entry["file"])
    if len(raw) != entry["bytes"]:
        raise ValueError(
            f"{entry['file']} is damaged: it has {len(raw)} bytes instead of {entry['bytes']}. Reload the page to fetch it again."
        )
    values = np.frombuffer(raw, "<f2", count=rows * columns, offset=place["offset"])
    return values.reshape(rows, columns).astype(np.float64)


def _set_of(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"There are no weights named {name!r}. The names are: {', '.join(NAMES)}.")
    return name.split("-")[0]


def _initial(layer: int) -> Array:
    """Drawn again from the seed rather than shipped: nothing has been learned yet."""
    from osft.continual.network import initial_network

    entry = index()["digits"]
    network = initial_network(tuple(entry["sizes"]), entry["seed"])
    return network.weights[layer - 1].astype(np.float64)


def _bytes(file: str) -> bytes:
    try:
        packaged = pkgutil.get_data(__name__, file)
    except OSError:
        packaged = None
    if packaged is not None:
        return packaged
    path = (_WORKER if sys.platform == "emscripten" else _REPOSITORY) / file
    try:
        return path.read_bytes()
    except OSError:
        raise ValueError(f"The weights {file} are not here. Check the connection and choose these weights again.") from None
