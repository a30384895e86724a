"""What Python in JupyterLite can import: Pyodide's lock file, extended by wheels it does not list.

Called by builder/lab.py. JupyterLite's kernel then loads everything through Pyodide's own loader, by
hash, from the folder beside it, and `import osft` in a cell finds the wheel made here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from pathlib import Path
from typing import Any

from builder.errors import DAMAGED, BuildError
from builder.vendor import sha256_of

ZIP_TIME = (1980, 1, 1, 0, 0, 0)

IN_THE_PAGE = {"jupyterlab-widgets"}
"""Requirements that JupyterLab itself fulfils, outside Python."""

Entry = dict[str, Any]


def normalized(name: str) -> str:
    """A package name as lock files spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_wheel(path: Path) -> tuple[Entry, list[str], list[str]]:
    """The lock entry of a pure wheel (without `depends`), what it always requires, and what it requires in some cases."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        try:
            metadata = next(name for name in names if name.count("/") == 1 and name.endswith(".dist-info/METADATA"))
        except StopIteration:
            raise BuildError(f"{path.name} is not a wheel: it has no METADATA.", DAMAGED) from None
        headers = Parser().parsestr(wheel.read(metadata).decode("utf-8"))
    always: list[str] = []
    sometimes: list[str] = []
    for requirement in headers.get_all("Requires-Dist") or []:
        condition = requirement.partition(";")[2]
        if re.search(r"\bextra\s*==", condition):
            continue
        name = normalized(re.split(r"[\s;<>=!~\[(]", requirement.strip(), maxsplit=1)[0])
        (sometimes if condition else always).append(name)
    modules = {name.partition("/")[0] for name in names if name.endswith(".py")}
    entry = {
        "name": headers["Name"],
        "version": headers["Version"],
        "file_name": path.name,
        "install_dir": "site",
        "sha256": sha256_of(path),
        "package_type": "package",
        "imports": sorted(name.removesuffix(".py") for name in modules if not name.endswith((".data", ".dist-info"))),
        "unvendored_tests": False,
    }
    return entry, always, sometimes


def extend_lock(lock: Entry, keep: Iterable[str], wheels: Iterable[Path]) -> Entry:
    """Pyodide's lock cut down to `keep` and what these need, with the wheels added in their place.

    A wheel's requirement under a condition (a system, a Python version) counts if it is among the wheels;
    one without a condition must be there, or `BuildError` says what is missing.
    """
    listed: dict[str, Entry] = lock["packages"]
    packages: dict[str, Entry] = {}
    waiting = list(keep)
    while waiting:
        name = waiting.pop()
        if name not in packages:
            packages[name] = listed[name]
            waiting += listed[name]["depends"]
    found = {normalized(entry["name"]): (entry, always, some) for entry, always, some in map(read_wheel, wheels)}
    there = packages.keys() | found.keys()
    for name, (entry, always, sometimes) in found.items():
        if missing := sorted(set(always) - there - IN_THE_PAGE):
            raise BuildError(f"{entry['file_name']} needs {', '.join(missing)}, which builder/lab_browser.txt does not name.")
        packages[name] = {**entry, "depends": sorted((set(always) | set(sometimes)) & there)}
    return {**lock, "packages": dict(sorted(packages.items()))}


def make_wheel(package: Path, version: str, requires: Iterable[str], folder: Path) -> Path:
    """A wheel of a pure Python package, byte for byte the same each time; its path."""
    name = package.name
    files = {
        path.relative_to(package.parent).as_posix(): path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: osft-web\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{path},{_record_hash(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(zipfile.ZipInfo(path, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return target


def _record_hash(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def write_lock(lock: Entry, path: Path) -> None:
    """Write a lock file as Pyodide reads it."""
    path.write_text(json.dumps(lock, sort_keys=True), encoding="utf-8")
