"""Decides what the browser starts Python from, and writes it into the manifest as `boot`.

Called by builder/site.py after the vendored files are in place. With a Node at hand the standard
library, NumPy and py/ are compiled in advance (builder/runtime_node.py) and packed
(builder/runtime_pack.py); without one the browser starts stock Pyodide, which takes longer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder import runtime_node, runtime_pack, runtime_snapshot, tools

Say = Callable[[str], None]

FEATURES = {
    "scipy": ["scipy.linalg"],
    "matplotlib": ["matplotlib.figure"],
}
"""Packages that load on demand, and what must be importable once they have."""

DATA = {"transformer": {"/data/transformer.bin": "data/transformer.bin"}}
"""Data that loads on demand: where Python reads it, and where the site has it."""

KEPT = ("name", "version", "file_name", "install_dir", "sha256", "imports", "package_type")
"""What Pyodide reads of a package's entry in its lock, beside `depends`."""


def signature() -> str:
    """What the start-up files depend on beside the project's files: which Node there is."""
    return f"node: {bool(tools.node_command())} {bool(tools.node_command(runtime_snapshot.NODE))}"


def accelerate(vendor_dir: Path, staging_dir: Path, log: Say) -> dict[str, Any]:
    """Write the start-up files into `staging_dir`; returns `tier` and `boot` for the manifest.

    `vendor_dir` holds Pyodide's own files and wheels, `staging_dir` becomes `generated/`.
    """
    if not (vendor_dir / "pyodide-lock.json").is_file():
        return {}
    lock = json.loads((vendor_dir / "pyodide-lock.json").read_text(encoding="utf-8"))
    packages = shipped(lock, vendor_dir)
    lock = {"info": lock["info"], "packages": packages}
    runtime = vendor_dir.relative_to(staging_dir).as_posix()
    tiers = {"stock": start(library=f"{runtime}/python_stdlib.zip", python="py.zip", packages=["numpy"])}
    features = {name: feature(packages=[name], imports=imports) for name, imports in FEATURES.items() if name in packages}
    features["stdlib"] = feature()
    features |= {name: feature(data=data) for name, data in DATA.items()}
    packs, snapshot = make_packs(vendor_dir, staging_dir, lock, log)
    if packs:
        tiers["fast"] = start(packs=[packs["start"], packs["python"]])
        features["stdlib"]["packs"]["fast"] = [packs["rest"]]
    if packs and snapshot:
        tiers["snapshot"] = start(packs=[packs["python"]], **snapshot)
        # What is in memory already comes as files too, so that tools which look for them find them; the rest after it, because
        # it has whole modules in the place of lean ones.
        features["stdlib"]["packs"]["snapshot"] = [packs["start"], packs["rest"]]
    boot = {
        "loader": f"{runtime}/pyodide.mjs",
        "glue": f"{runtime}/pyodide.asm.mjs",
        "wasm": f"{runtime}/pyodide.asm.wasm",
        "lock": lock,
        "wheels": {entry["file_name"]: f"{runtime}/{entry['file_name']}" for entry in packages.values()},
        "tiers": tiers,
        "features": features,
    }
    return {"tier": "fast" if packs else "stock", "boot": boot}


def feature(
    packages: list[str] | None = None, imports: list[str] | None = None, data: dict[str, str] | None = None
) -> dict[str, Any]:
    """One entry of `features`, every part of it there."""
    return {"packages": packages or [], "packs": {}, "data": data or {}, "imports": imports or []}


def start(**parts: Any) -> dict[str, Any]:
    """One entry of `tiers`, every part of it there."""
    empty = {"library": "", "packs": [], "python": "", "packages": [], "snapshot": "", "header": "", "fingerprint": ""}
    return empty | parts


def make_packs(
    vendor_dir: Path, staging_dir: Path, lock: dict[str, Any], log: Say
) -> tuple[dict[str, str], dict[str, str] | None]:
    """Compile and pack: the packs' paths by what they hold, and the snapshot; or as much of it as can be made."""
    node = tools.node_command()
    if node is None:
        log("There is no Node here, so Python starts from stock Pyodide, which takes two to three times as long.")
        return {}, None
    py_zip = staging_dir / "py.zip"
    job = runtime_node.Job(node, vendor_dir, lock)
    try:
        compiled = runtime_node.compile_all(job, py_zip, log)
        packs = runtime_pack.write_packs(job, compiled, py_zip, staging_dir)
    except runtime_node.NodeError as error:
        log(f"Python starts from stock Pyodide, because compiling in advance failed: {error}")
        return {}, None
    node = tools.node_command(runtime_snapshot.NODE)
    if node is None:
        return packs, None
    job = runtime_node.Job(node, vendor_dir, lock)
    return packs, runtime_snapshot.make_snapshot(job, compiled, py_zip, staging_dir, log)


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
