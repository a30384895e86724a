"""Records size and sha256 of every file that `vendor.lock.json` names: `python3 build.py lock`.

For whoever raises a version: edit the versions and paths in the lock, run this, read the difference
that it makes, commit. Pyodide's files must also agree with Pyodide's own lock file.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from builder import tools
from builder.errors import DAMAGED, BuildError
from builder.sources import STALL_SECONDS, Say
from builder.vendor import Cache

Contents = dict[str, bytes]


def relock(path: Path, cache: Cache, say: Say, given: Path | None = None) -> None:
    """Fetch every file by name, without a hash to check it against, and write what was found."""
    lock = json.loads(path.read_text(encoding="utf-8"))
    wheels: dict[str, Contents] = {}
    for package in lock["packages"]:
        contents = _contents(package, lock["sources"], wheels, given)
        for entry in package["files"]:
            try:
                content = contents[entry["path"]]
            except KeyError:
                raise BuildError(f"{package['name']} {package['version']} has no file {entry['path']}.") from None
            entry["bytes"] = len(content)
            entry["sha256"] = hashlib.sha256(content).hexdigest()
            target = cache.path(entry["sha256"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        say(f"{package['name']} {package['version']}: {len(package['files'])} files")
    _agree_with_pyodide(lock, cache)
    path.write_text(render(lock), encoding="utf-8")


def render(lock: dict[str, Any]) -> str:
    """The lock as text, a file entry a line, so that a change of version reads well in a diff."""
    text = json.dumps(lock, indent=1, ensure_ascii=False)
    lines, entry = [], ""
    for line in text.splitlines():
        bare = line.strip()
        if bare == "{" and line.startswith("    {"):
            entry = line
        elif entry:
            entry += bare if bare.startswith("}") or entry.endswith("{") else " " + bare
            if bare.startswith("}"):
                lines.append(entry)
                entry = ""
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _contents(package: dict[str, Any], sources: dict[str, Any], wheels: dict[str, Contents], given: Path | None) -> Contents:
    """The package's files by path, from the first of its sources that answers."""
    troubles = []
    for name in package["sources"]:
        source = sources[name]
        try:
            if source["kind"] == "cdn":
                return _by_url(package, source)
            if source["kind"] == "wheel":
                if name not in wheels:
                    wheels[name] = _by_pip(source, given)
                return wheels[name]
            return _by_npm(package)
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            troubles.append(f"{name}: {error}")
    raise BuildError(f"{package['name']} {package['version']} could not be fetched ({'; '.join(troubles)}).")


def _by_url(package: dict[str, Any], source: dict[str, Any]) -> Contents:
    base = source["url"].format(package=package["name"], version=package["version"])
    contents = {}
    for entry in package["files"]:
        with urllib.request.urlopen(base + entry["path"], timeout=STALL_SECONDS) as answer:
            contents[entry["path"]] = answer.read()
    return contents


def _by_pip(source: dict[str, Any], given: Path | None) -> Contents:
    with tempfile.TemporaryDirectory() as folder:
        wheel = given if given and given.name == source["file"] else Path(folder) / source["file"]
        if not wheel.exists():
            pip = tools.pip_command() or ("pip",)
            options = ["--no-deps", "--only-binary=:all:", "--python-version", source["python"], "--dest", folder]
            subprocess.run([*pip, "download", source["requirement"], *options], check=True, capture_output=True)
        content = wheel.read_bytes()
        source["bytes"], source["sha256"] = len(content), hashlib.sha256(content).hexdigest()
        with zipfile.ZipFile(wheel) as archive:
            inside = [name for name in archive.namelist() if name.startswith(source["folder"]) and not name.endswith("/")]
            return {name.removeprefix(source["folder"]): archive.read(name) for name in inside}


def _by_npm(package: dict[str, Any]) -> Contents:
    npm = tools.npm_command() or ("npm",)
    with tempfile.TemporaryDirectory() as folder:
        command = [*npm, "pack", f"{package['name']}@{package['version']}", "--pack-destination", folder, "--silent"]
        subprocess.run(command, check=True, capture_output=True)
        contents = {}
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as bundle:
            for member in bundle:
                if member.isfile() and (stream := bundle.extractfile(member)):
                    contents[member.name.partition("/")[2]] = stream.read()
        return contents


def _agree_with_pyodide(lock: dict[str, Any], cache: Cache) -> None:
    """Every wheel must be the one that Pyodide's own lock file names, dependencies included."""
    entries = {entry["path"]: entry["sha256"] for package in lock["packages"] for entry in package["files"]}
    own = json.loads(cache.path(entries["pyodide-lock.json"]).read_text(encoding="utf-8"))["packages"]
    wheels = {package["file_name"]: package for package in own.values()}
    shipped = {path: wheels[path] for path in entries if path in wheels}
    names = {package["name"].lower() for package in shipped.values()}
    for path, package in shipped.items():
        if entries[path] != package["sha256"]:
            raise BuildError(f"{path} has sha256 {entries[path]}, and pyodide-lock.json says {package['sha256']}.", DAMAGED)
        if absent := [name for name in package["depends"] if name.lower() not in names]:
            raise BuildError(f"{path} needs {', '.join(absent)}, which vendor.lock.json does not name.", DAMAGED)
