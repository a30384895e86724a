"""Has the vendored Pyodide, run under Node, compile what the browser imports; keeps the results.

Called by builder/runtime.py. Three jobs, each kept in `.cache/runtime/` under the hash of all that
it depends on: the library (the standard library and NumPy), py/, and the list of files that a
start of the explorer imports.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import tools

Say = Callable[[str], None]

HERE = Path(__file__).resolve().parent
LIBRARY = "/lib/python3.14"
"""Where Python looks for its library when it is no zip; packs are written there file by file."""
PYTHON = "/lib/py"
"""Where the browser has py/."""
UNUSED = (".py", ".pyi", ".h", ".a", ".pxd", ".pyx", ".c")
"""Endings of a wheel's files that nothing reads at run time, once its modules are compiled."""
LIMIT = 600
"""Seconds that a job may take on a slow machine."""


class NodeError(Exception):
    """A job that failed, in a sentence."""


@dataclass(frozen=True)
class Compiled:
    """What the jobs made. `full` and `bare` have the same modules, with and without docstrings;

    `start` is what a start imports of them, `later` what a page may import when it first computes.
    """

    full: Path
    bare: Path
    docstrings: dict[str, dict[str, str]]
    python: Path
    start: frozenset[str]
    later: frozenset[str]


def compile_all(node: str, vendor_dir: Path, py_zip: Path, lock: dict[str, Any], log: Say) -> Compiled:
    """Bring all three jobs up to date. `py_zip` holds the sources of py/."""
    wheel = vendor_dir / lock["packages"]["numpy"]["file_name"]
    pyodide = [vendor_dir / name for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")]
    programs = [HERE / name for name in ("runtime_node.py", "runtime_inside.py", "node_compile.mjs")]
    job = Job(node, vendor_dir, lock, log)

    def library(out: Path) -> None:
        log("Compiling the standard library and NumPy for the browser; this is done once.")
        with temporary() as sources:
            extract(vendor_dir / "python_stdlib.zip", sources, lambda name: True)
            extract(wheel, sources / "site-packages", lambda name: True)
            job.run({"lib": sources, "out": out}, [["/task/lib", "/task/out", LIBRARY, "library"]], {"PYTHONNODEBUGRANGES": "1"})
        extract(wheel, out / "full" / "site-packages", lambda name: not name.endswith(UNUSED))

    def python(out: Path) -> None:
        with temporary() as sources:
            extract(py_zip, sources, lambda name: True)
            job.run({"py": sources, "out": out}, [["/task/py", "/task/out", PYTHON, "beside"]])

    def start(out: Path) -> None:
        with temporary() as sources:
            extract(py_zip, sources, lambda name: True)
            job.run({"py": sources, "lib": compiled_library / "full"}, [], start=out / "start.json")

    compiled_library = kept("library", [*pyodide, wheel, *programs], library)
    compiled_python = kept("python", [*pyodide, py_zip, *programs], python)
    started = kept("start", [*pyodide, wheel, py_zip, *programs], start)
    docstrings = json.loads((compiled_library / "docstrings.json").read_text(encoding="utf-8"))
    names = json.loads((started / "start.json").read_text(encoding="utf-8"))
    return Compiled(
        compiled_library / "full",
        compiled_library / "bare",
        docstrings,
        compiled_python,
        start=frozenset(names["start"]),
        later=frozenset(names["later"]),
    )


def kept(name: str, inputs: list[Path], make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made again only when the inputs have changed."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    cache = tools.ROOT / ".cache" / "runtime"
    folder = cache / f"{name}-{digest.hexdigest()[:20]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with temporary(cache) as work:
        make(work)
        for old in cache.glob(f"{name}-*"):
            shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileExistsError):
            os.rename(work, folder)
    return folder


@contextlib.contextmanager
def temporary(parent: Path | None = None) -> Iterator[Path]:
    """A folder that is gone afterwards, unless it was moved away."""
    folder = Path(tempfile.mkdtemp(prefix="work-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def extract(archive: Path, target: Path, wanted: Callable[[str], bool]) -> None:
    """Unpack the wanted files of a zip, with names that stay inside the target."""
    with zipfile.ZipFile(archive) as source:
        source.extractall(target, [name for name in source.namelist() if wanted(name)])


@dataclass(frozen=True)
class Job:
    """One run of Pyodide under Node."""

    node: str
    vendor_dir: Path
    lock: dict[str, Any]
    log: Say

    def run(
        self,
        mounts: dict[str, Path],
        trees: list[list[str]],
        environment: dict[str, str] | None = None,
        start: Path | None = None,
    ) -> None:
        """Run builder/node_compile.mjs on these trees. Raises `NodeError` with the last lines it said."""
        with temporary() as work:
            # Pyodide's loader asks Node for the package "ws", which only sockets would use.
            package = work / "node_modules" / "ws"
            package.mkdir(parents=True)
            (package / "package.json").write_text('{"name": "ws", "version": "0.0.0", "type": "module", "main": "index.js"}')
            (package / "index.js").write_text("export default {};\n")
            shutil.copyfile(self.vendor_dir / "pyodide.mjs", work / "pyodide.mjs")
            with zipfile.ZipFile(work / "empty.zip", "w"):
                pass
            task = {
                "loader": str(work / "pyodide.mjs"),
                "pyodide": f"{self.vendor_dir}/",
                "lock": {"info": self.lock["info"], "packages": {}},
                "empty": str(work / "empty.zip"),
                "environment": environment or {},
                "mounts": {name: str(folder) for name, folder in mounts.items()},
                "program": str(HERE / "runtime_inside.py"),
                "trees": trees,
                "start": str(start or ""),
            }
            (work / "task.json").write_text(json.dumps(task), encoding="utf-8")
            try:
                done = subprocess.run(
                    [self.node, str(HERE / "node_compile.mjs"), str(work / "task.json")],
                    capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=LIMIT,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired) as error:
                raise NodeError(f"{self.node} did not finish ({error}).") from error
            if done.returncode != 0:
                lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
                raise NodeError(" / ".join(lines[-8:]))
            if done.stdout.strip():
                self.log(done.stdout.strip())
