"""Has the vendored Pyodide, run under Node, compile what the browser imports; keeps the results.

Called by builder/runtime.py. Two jobs, each kept in `.cache/runtime/` under the hash of all that it
depends on: the library, which is the standard library and NumPy; and py/, with the list of files of
the library that a start of the explorer imports.
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

from builder import runtime_lean, tools

Say = Callable[[str], None]

HERE = Path(__file__).resolve().parent
LIBRARY = "/lib/python3.14"
"""Where Python looks for its library when it is no zip; packs are written there file by file."""
PYTHON = "/lib/py"
"""Where the browser has py/."""
UNUSED = (".py", ".pyi", ".h", ".a", ".pxd", ".pyx", ".c")
"""Endings of a wheel's files that nothing reads at run time, once its modules are compiled."""
LEAN = "lean/bare"
"""Where the lean modules are among what was compiled."""
LIMIT = 600
"""Seconds that a job may take on a slow machine."""


class NodeError(Exception):
    """A job that failed, in a sentence."""


@dataclass(frozen=True)
class Compiled:
    """What the jobs made. `full` and `bare` have the same modules, with and without docstrings, `lean` a few of them
    as far as a start needs them;

    `start` is what a start imports of them, `later` what a page may import when it first computes.
    """

    full: Path
    bare: Path
    lean: Path
    python: Path
    start: frozenset[str]
    later: frozenset[str]


def compile_all(job: Job, py_zip: Path, log: Say) -> Compiled:
    """Bring both jobs up to date. `py_zip` holds the sources of py/."""
    vendor_dir = job.vendor_dir
    wheel = vendor_dir / job.lock["packages"]["numpy"]["file_name"]
    ours = [HERE / name for name in ("runtime_node.py", "runtime_lean.py", "runtime_inside.py", "node_compile.mjs")]
    inputs = [*pyodide_files(vendor_dir), wheel, *ours]

    def library(out: Path) -> None:
        log("Compiling the standard library and NumPy for the browser; this is done once.")
        with temporary() as sources, temporary() as lean:
            extract(vendor_dir / "python_stdlib.zip", sources, lambda name: True)
            extract(wheel, sources / "site-packages", lambda name: True)
            write_tree(runtime_lean.sources(), lean)
            task = {
                "mounts": {"lib": str(sources), "lean": str(lean), "out": str(out)},
                "settings": [
                    ["/task/lib", "/task/out", LIBRARY, "library"],
                    ["/task/lean", "/task/out/lean", LIBRARY, "library"],
                ],
                "environment": {"PYTHONNODEBUGRANGES": "1"},
            }
            job.run("node_compile.mjs", task | {"program": str(HERE / "runtime_inside.py")})
        extract(wheel, out / "full" / "site-packages", lambda name: not name.endswith(UNUSED))

    def python(out: Path) -> None:
        with temporary() as sources, temporary() as library:
            extract(py_zip, sources, lambda name: True)
            write_tree(read_tree(compiled / "full") | read_tree(compiled / LEAN), library)
            (out / "py").mkdir()
            task = {
                "library": str(library),
                "mounts": {"py": str(sources), "out": str(out)},
                "settings": [["/task/py", "/task/out/py", PYTHON, "beside"]],
                "start": str(out / "start.json"),
            }
            said = job.run("node_compile.mjs", task | {"program": str(HERE / "runtime_inside.py")})
        if said:
            log(said)

    compiled = kept("library", inputs, library)
    ours_compiled = kept("python", [*inputs, py_zip], python)
    names = json.loads((ours_compiled / "start.json").read_text(encoding="utf-8"))
    return Compiled(
        compiled / "full",
        compiled / "bare",
        compiled / LEAN,
        ours_compiled / "py",
        start=frozenset(names["start"]),
        later=frozenset(names["later"]),
    )


def pyodide_files(vendor_dir: Path) -> list[Path]:
    """What of Pyodide the results depend on."""
    return [vendor_dir / name for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")]


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


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_tree(files: dict[str, bytes], folder: Path) -> None:
    """Write files under a folder."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


@dataclass(frozen=True)
class Job:
    """How a program of builder/ is run with the vendored Pyodide under Node."""

    node: str
    vendor_dir: Path
    lock: dict[str, Any]

    def run(self, program: str, task: dict[str, Any]) -> str:
        """Run `builder/<program>` on a task; what it printed. Raises `NodeError` with the last lines it said."""
        with temporary() as work:
            # Pyodide's loader asks Node for the package "ws", which only sockets would use.
            package = work / "node_modules" / "ws"
            package.mkdir(parents=True)
            (package / "package.json").write_text('{"name": "ws", "version": "0.0.0", "type": "module", "main": "index.js"}')
            (package / "index.js").write_text("export default {};\n")
            shutil.copyfile(self.vendor_dir / "pyodide.mjs", work / "pyodide.mjs")
            with zipfile.ZipFile(work / "empty.zip", "w"):
                pass
            common = {
                "loader": str(work / "pyodide.mjs"),
                "pyodide": f"{self.vendor_dir}/",
                "lock": {"info": self.lock["info"], "packages": {}},
                "empty": str(work / "empty.zip"),
            }
            (work / "task.json").write_text(json.dumps(common | task), encoding="utf-8")
            command = [self.node, "--no-warnings", str(HERE / program), str(work / "task.json")]
            try:
                done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=LIMIT)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise NodeError(f"{self.node} did not finish ({error}).") from error
            if done.returncode != 0:
                lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
                raise NodeError(" / ".join(lines[-8:]))
            return done.stdout.strip()
