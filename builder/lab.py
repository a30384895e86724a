"""Builds `osft-web/lab/`: JupyterLite with both notebooks, run by Pyodide in the reader's browser.

Called by builder/cli.py (`build.py lab`); optional, and no page loads it. What builds it and what it
ships is pinned by hash: lab_tools.txt, lab_browser.txt and, for Pyodide, vendor.lock.json. JupyterLite's
kernel names another patch release of Pyodide than the site's; both have the same binary interface, and
the site's is used, so that one copy of Python is kept, checked and updated.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from builder import swap
from builder.errors import DAMAGED, BuildError
from builder.lab_wheels import extend_lock, make_wheel, read_wheel, write_lock
from builder.site import Places
from builder.sources import Fetch
from builder.vendor import Cache, File, Lock, sha256_of

Say = Callable[[str], None]

HERE = Path(__file__).resolve().parent
TOOLS, BROWSER = HERE / "lab_tools.txt", HERE / "lab_browser.txt"
NOTEBOOKS = ("orthogonal_fine_tuning_tutorial.ipynb", "OSFT_Explainer_Notebook.ipynb")
APPS = ("lab", "notebooks")
ICONS = ("favicon", "favicon-notebook", "favicon-file", "favicon-terminal", "favicon-busy-1", "favicon-busy-2", "favicon-busy-3")
KERNEL_EXTENSION = "@jupyterlite/pyodide-kernel-extension:kernel"
KERNEL_SPEC = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
FROM_PYODIDE = ("numpy", "matplotlib")
KERNEL_WHEELS = ("ipykernel", "piplite", "pyodide_kernel", "widgetsnbextension-4")
"""Wheels that JupyterLite's Pyodide kernel brings along, by the beginning of their names."""
AT_START = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython", "ipywidgets", "numpy", "matplotlib")
"""Packages fetched together when the kernel starts; `osft` comes with the first cell, which imports it."""


def build_lab(site_dir: Path, cache_dir: Path, log: Say) -> int:
    """Write `site_dir/lab` anew and put it in place in one step; the exit status."""
    places = Places.of(site_dir.parent)
    work = cache_dir / "lab"
    work.mkdir(parents=True, exist_ok=True)
    python = _environment(work / "venv", log)
    wheels = _browser_wheels(python, work / "wheels", log)
    project = work / "project"
    shutil.rmtree(project, ignore_errors=True)
    pyodide = project / "static" / "pyodide"
    pyodide.mkdir(parents=True)
    shipped = [*wheels, *_kernel_wheels(python), _osft_wheel(places.root, project)]
    _copy_pyodide(places, pyodide, log)
    _install_wheels(pyodide, shipped)
    (project / "jupyter-lite.json").write_text(json.dumps(configuration(), indent=1), encoding="utf-8")
    staging = site_dir / f"lab.new.{os.getpid()}"
    try:
        log("Building JupyterLite.")
        _run_jupyterlite(python, project, staging)
        add_contents(staging, [places.root / "notebooks" / name for name in NOTEBOOKS])
        add_icons(staging)
        (staging / "THIRD_PARTY.md").write_text(notice(shipped), encoding="utf-8")
        swap.put_in_place(staging, site_dir / "lab")
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    size = sum(path.stat().st_size for path in (site_dir / "lab").rglob("*") if path.is_file())
    log(f"Built osft-web/lab, {size / 1e6:.0f} MB. Serve the site and open lab/.")
    return 0


def configuration() -> dict[str, Any]:
    """`jupyter-lite.json`: Pyodide from the folder beside it, and nothing from any package index."""
    kernel = {"disablePyPIFallback": True, "loadPyodideOptions": {"packages": list(AT_START)}}
    # exposeAppInBrowser: a test, or a reader at the console, can ask the running notebook for its outputs.
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Down the Orthogonal Rabbit Hole",
            "contentsAllJsonFile": "all.json",
            "exposeAppInBrowser": True,
            "litePluginSettings": {KERNEL_EXTENSION: kernel},
        },
    }


def add_contents(lab: Path, notebooks: Iterable[Path]) -> None:
    """Put notebooks where JupyterLite looks for files, for its own kernel, with the listing it reads.

    JupyterLite would call a Jupyter server for this; the listing of one flat folder does not need one.
    """
    (lab / "files").mkdir(exist_ok=True)
    entries = []
    for source in notebooks:
        notebook = json.loads(source.read_text(encoding="utf-8"))
        # A kernel of this name is started without a question.
        notebook["metadata"]["kernelspec"] = KERNEL_SPEC
        text = json.dumps(notebook, ensure_ascii=False, indent=1)
        (lab / "files" / source.name).write_text(text, encoding="utf-8")
        entries.append(_listed(source.name, "notebook", size=len(text.encode())))
    listing = {**_listed("", "directory"), "format": "json", "content": entries}
    (lab / "api" / "contents").mkdir(parents=True, exist_ok=True)
    (lab / "api" / "contents" / "all.json").write_text(json.dumps(listing), encoding="utf-8")


def add_icons(lab: Path) -> None:
    """Put the tab icons where the notebook view asks for them; JupyterLite would copy a Jupyter server's."""
    folder = lab / "static" / "favicons"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ICONS:
        shutil.copyfile(lab / "notebooks" / "favicon.ico", folder / f"{name}.ico")


def _listed(name: str, kind: str, size: int | None = None) -> dict[str, Any]:
    """One entry of Jupyter's contents API. The date is fixed, so that two builds are the same."""
    return {
        "name": name, "path": name, "type": kind, "size": size, "writable": True, "content": None, "format": None,
        "mimetype": None, "created": "2025-01-01T00:00:00Z", "last_modified": "2025-01-01T00:00:00Z",
    }  # fmt: skip


def notice(wheels: Iterable[Path]) -> str:
    """What the lab ships beyond the site's own THIRD_PARTY.md, from the wheels themselves."""
    rows = [f"| {entry['name']} | {entry['version']} | `{entry['file_name']}` |\n" for entry, _, _ in map(read_wheel, wheels)]
    return (
        "# Third-party software in this folder\n\n"
        "JupyterLite and JupyterLab (BSD-3-Clause; `build/` has their licence texts), and Pyodide with its packages, which the\n"
        "site's own THIRD_PARTY.md names. Beside them these Python packages, each with its licence inside the wheel:\n\n"
        "| name | version | file in `static/pyodide/` |\n|---|---|---|\n" + "".join(sorted(rows))
    )


def _environment(folder: Path, log: Say) -> Path:
    """The interpreter of the lab's own virtual environment, made anew when lab_tools.txt has changed."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = folder / ".installed", sha256_of(TOOLS)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    log("Making an environment for JupyterLite.")
    _run(
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        "A virtual environment could not be made; install the system's package python3-venv and try again.",
    )
    _run(
        [str(python), *_PIP, "install", "--no-deps", "--require-hashes", "-r", str(TOOLS)],
        "JupyterLite could not be installed. `build.py lab` needs a package index that pip can reach.",
    )
    stamp.write_text(wanted)
    return python


_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "-q")


def _browser_wheels(python: Path, folder: Path, log: Say) -> list[Path]:
    """The wheels of lab_browser.txt, downloaded for the browser's Python unless they are there."""
    stamp, wanted = folder / ".complete", sha256_of(BROWSER)
    if not (stamp.exists() and stamp.read_text() == wanted):
        log("Fetching the Python packages of the lab.")
        shutil.rmtree(folder, ignore_errors=True)
        target = ["--platform", "any", "--python-version", "3.14", "--implementation", "py", "-d", str(folder)]
        _run(
            [str(python), *_PIP, "download", "--no-deps", "--only-binary=:all:", "--require-hashes", *target, "-r", str(BROWSER)],
            "The lab's Python packages could not be fetched. `build.py lab` needs a package index that pip can reach.",
        )
        stamp.write_text(wanted)
    return sorted(folder.glob("*.whl"))


def _kernel_wheels(python: Path) -> list[Path]:
    """The wheels inside JupyterLite's Pyodide kernel."""
    extensions = python.parent.parent / "share" / "jupyter" / "labextensions"
    folder = extensions / "@jupyterlite" / "pyodide-kernel-extension" / "static" / "pypi"
    found = [path for start in KERNEL_WHEELS for path in sorted(folder.glob(f"{start}*.whl"))]
    if len(found) != len(KERNEL_WHEELS):
        raise BuildError(f"{folder} does not hold one wheel each of {', '.join(KERNEL_WHEELS)}; is lab_tools.txt right?", DAMAGED)
    return found


def _osft_wheel(root: Path, folder: Path) -> Path:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return make_wheel(root / "py" / "osft", project["version"], project["dependencies"], folder)


def _copy_pyodide(places: Places, target: Path, log: Say) -> None:
    """Pyodide's core and packages, from the build's cache; they are fetched if they are not there."""
    lock = Lock.read(places.lock)
    cache = Cache(places.cache)
    wanted = [file for file in lock.files if _is_needed(file)]
    Fetch(lock, cache, log).complete(wanted)
    cache.verify(wanted)
    for file in wanted:
        shutil.copyfile(cache.path(file.sha256), target / Path(file.path).name)


def _is_needed(file: File) -> bool:
    return file.package == "pyodide" or (file.path.endswith(".whl") and file.package != "scipy")


def _install_wheels(pyodide: Path, wheels: list[Path]) -> None:
    """Put the wheels beside Pyodide and name them in its lock."""
    path = pyodide / "pyodide-lock.json"
    extended = extend_lock(json.loads(path.read_text(encoding="utf-8")), FROM_PYODIDE, wheels)
    for wheel in wheels:
        shutil.copyfile(wheel, pyodide / wheel.name)
    write_lock(extended, path)
    for name, entry in extended["packages"].items():
        if not (pyodide / entry["file_name"]).exists():
            raise BuildError(f"The lab's lock names {name}, but {entry['file_name']} is neither in vendor.lock.json nor a wheel.")
    if missing := [name for name in CORE if not (pyodide / name).exists()]:
        raise BuildError(f"vendor.lock.json has no {', '.join(missing)}, which the lab needs.")


def _run_jupyterlite(python: Path, project: Path, output: Path) -> None:
    options = ["--lite-dir", str(project), "--output-dir", str(output), "--no-sourcemaps", "--no-unused-shared-packages"]
    options += [part for app in APPS for part in ("--apps", app)]
    _run([str(python), "-m", "jupyterlite_core", "build", *options], "JupyterLite could not be built.", folder=project)


def _run(command: list[str], sentence: str, folder: Path | None = None) -> None:
    """Run a program quietly; if it fails, a BuildError with the sentence and the end of what it said."""
    # The lab's own environment must not see packages of the one that runs build.py.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-6:]
        raise BuildError(f"{sentence}\n" + "\n".join(f"  {line}" for line in said))
