"""Decides what the browser starts Python from, and writes it into the manifest as `boot`.

Called by builder/site.py after the vendored files are in place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Say = Callable[[str], None]

FEATURES = {
    "scipy": ["scipy.linalg"],
    "matplotlib": ["matplotlib.figure"],
}
"""Packages that load on demand, and what must be importable once they have."""

KEPT = ("name", "version", "file_name", "install_dir", "sha256", "imports", "package_type")
"""What Pyodide reads of a package's entry in its lock, beside `depends`."""


def accelerate(vendor_dir: Path, staging_dir: Path, log: Say) -> dict[str, Any]:
    """Write the start-up files into `staging_dir`; returns `tier` and `boot` for the manifest.

    `vendor_dir` holds Pyodide's own files and wheels, `staging_dir` becomes `generated/`.
    """
    lock = json.loads((vendor_dir / "pyodide-lock.json").read_text(encoding="utf-8"))
    version = str(lock["info"]["python"])
    runtime = vendor_dir.relative_to(staging_dir).as_posix()
    packages = shipped(lock, vendor_dir)
    boot = {
        "python": version,
        "loader": f"{runtime}/pyodide.mjs",
        "glue": f"{runtime}/pyodide.asm.mjs",
        "wasm": f"{runtime}/pyodide.asm.wasm",
        "lock": {"info": lock["info"], "packages": packages},
        "wheels": {entry["file_name"]: f"{runtime}/{entry['file_name']}" for entry in packages.values()},
        "tiers": {
            "stock": {"library": f"{runtime}/python_stdlib.zip", "packs": [], "python": "py.zip", "packages": ["numpy"]},
        },
        "features": {
            name: {"packages": [name], "packs": {}, "imports": imports} for name, imports in FEATURES.items() if name in packages
        }
        | {"stdlib": {"packages": [], "packs": {}, "imports": []}},
    }
    return {"tier": "stock", "boot": boot}


def shipped(lock: dict[str, Any], vendor_dir: Path) -> dict[str, dict[str, Any]]:
    """The packages of Pyodide's lock whose wheels are vendored, as small as they can be.

    NumPy is there before any other package on every tier, so nothing depends on it here.
    """
    packages = {}
    for name, entry in sorted(lock["packages"].items()):
        if (vendor_dir / entry["file_name"]).is_file():
            kept = {key: entry[key] for key in KEPT}
            packages[name] = {**kept, "depends": [other for other in entry["depends"] if other != "numpy"]}
    known = {entry["name"] for entry in packages.values()} | packages.keys()
    for entry in packages.values():
        missing = [other for other in entry["depends"] if other not in known]
        if missing:
            raise ValueError(f"{entry['name']} needs {', '.join(missing)}, which vendor.lock.json does not name.")
    return packages
