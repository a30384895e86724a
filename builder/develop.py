"""The tools of whoever works on the project: `.venv`, a Chromium, the linters; and running them.

Called by builder/cli.py (`test`, `lint`, `setup`, `bench`, `precompute`). Everything is installed
inside the project's folder, except a system's Chromium where no other can be had. What is there
already is used as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from builder import tools
from builder.errors import DAMAGED, BuildError
from builder.rules import violations

Say = Callable[[str], None]
ROOT = tools.ROOT

SYSTEM_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NODE_MODULES = ROOT / "node_modules"


def setup(say: Say, *, torch: bool = False, chromium: bool = True) -> None:
    """The project's `.venv` with all that the tests and linters need, and a Chromium."""
    python = _environment(say)
    _install(python, ["test", *(["torch"] if torch else [])], say)
    if chromium and find_chromium(python) is None:
        _install_chromium(python, say)


def run_tests(arguments: list[str]) -> int:
    """Run pytest on both cores; its exit status."""
    # By whole files, which share a page, and in the order of tests/conftest.py.
    both = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    parallel = [] if any(given.startswith("-n") for given in arguments) else both
    return _with_chromium(["-m", "pytest", *parallel, *arguments])


def bench(arguments: list[str]) -> int:
    """Run one measurement with its options, or every one with its defaults; the first bad exit status."""
    names = sorted(path.stem for path in (ROOT / "bench").glob("[!_]*.py"))
    if not arguments:
        return next((status for name in names if (status := bench([name])) != 0), 0)
    if arguments[0] not in names:
        raise BuildError(f"There is no measurement {arguments[0]!r} in bench/; there are {', '.join(names)}.")
    return _with_chromium(["-m", f"bench.{arguments[0]}", *arguments[1:]])


def _with_chromium(arguments: list[str]) -> int:
    """Run the .venv's Python, which learns from OSFT_CHROMIUM which Chromium to start."""
    python = _python()
    chromium = find_chromium(python)
    return _run([str(python), *arguments], {**os.environ, **({"OSFT_CHROMIUM": chromium} if chromium else {})})


def _python() -> Path:
    python = tools.venv_python()
    if python is None:
        raise BuildError("There is no .venv; `python3 build.py setup` makes it.")
    return python


def lint(say: Say) -> int:
    """Run every linter, even after one has complained; 0 if all are content."""
    python = _python()
    node, modules = _node_tools(say)
    tsc = [node, str(modules / "typescript" / "bin" / "tsc"), "--project"]
    validate = [node, str(modules / "html-validate" / "bin" / "html-validate.mjs")]
    pages = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "osft-web").glob("*.html"))
    checks = {
        "ruff check": [str(python), "-m", "ruff", "check", "."],
        "ruff format": [str(python), "-m", "ruff", "format", "--check", "."],
        "mypy": [str(python), "-m", "mypy"],
        "tsc, pages": [*tsc, "tsconfig.json"],
        "tsc, workers": [*tsc, "tsconfig.worker.json"],
        "html-validate": [*validate, *pages],
    }
    complaints = [name for name, command in checks.items() if _checked(name, command, say) != 0]
    say("-- house rules")
    if broken := list(violations(ROOT)):
        say("\n".join(broken))
        complaints.append("house rules")
    say(f"Lint: {', '.join(complaints)} complained." if complaints else f"Lint: {len(checks) + 1} checks passed.")
    return DAMAGED if complaints else 0


def in_environment(arguments: list[str]) -> int:
    """Run `build.py` again with the .venv's Python, which has NumPy; its exit status."""
    python = tools.venv_python()
    if python is None:
        raise BuildError(f"`build.py {arguments[0]}` needs NumPy and more; `python3 build.py setup` puts them into .venv.")
    return _run([str(python), str(ROOT / "build.py"), *arguments], dict(os.environ))


def inside_environment() -> bool:
    """Whether this interpreter is the .venv's, or there is none and this one has NumPy."""
    if (python := tools.venv_python()) is not None:
        return Path(sys.prefix).resolve() == python.parent.parent.resolve()
    from importlib.util import find_spec

    return find_spec("numpy") is not None


def find_chromium(python: Path | str = sys.executable) -> str | None:
    """The path of a Chromium, or `""` if Playwright has its own, or None if there is none."""
    if given := os.environ.get("OSFT_CHROMIUM"):
        if not Path(given).exists():
            raise BuildError(f"OSFT_CHROMIUM names {given}, which does not exist.")
        return given
    if _playwright_has_chromium(python):
        return ""
    found = [path for name in SYSTEM_CHROMIUMS if (path := shutil.which(name))]
    found += [path for path in ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",) if Path(path).exists()]
    return found[0] if found else None


def _playwright_has_chromium(python: Path | str) -> bool:
    question = (
        "from pathlib import Path; from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(Path(p.chromium.executable_path).exists())"
    )
    answer = subprocess.run([str(python), "-c", question], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return answer.stdout.strip() == "True"


def _environment(say: Say) -> Path:
    """The interpreter of `.venv`, made if need be."""
    python = tools.venv_python()
    if python is not None and _quietly([str(python), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]):
        return python
    say("Making .venv.")
    command = [sys.executable, "-m", "venv", "--clear", str(ROOT / ".venv")]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # Debian keeps the means to make a virtual environment in a package of its own.
    packages = [f"python{version}-venv", "python3-venv"]
    if not _quietly(command) and not (_apt_install(packages, say) and _quietly(command)):
        raise BuildError(
            f"{sys.executable} cannot make a virtual environment; install the system's package python3-venv and try again."
        )
    python = tools.venv_python()
    assert python is not None
    return python


def _install(python: Path, extras: list[str], say: Say) -> None:
    """Install the project, editable, with its extras, unless that has been done for this pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [project["build-system"], project["project"]["dependencies"], project["project"]["optional-dependencies"]]
    mark = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    stamp = python.parent.parent / ".installed"
    known, *there = stamp.read_text().split() if stamp.exists() else [""]
    there = there if known == mark else []
    if set(extras) <= set(there):
        return
    say(f"Installing the requirements of {' and '.join(extras)} into .venv; the first time takes some minutes.")
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-qq", "--progress-bar=off"]
    if _run([*command, "--editable", f"{ROOT}[{','.join(extras)}]"], dict(os.environ)) != 0:
        raise BuildError("pip could not install what the tests need; its words are above.")
    stamp.write_text(" ".join([mark, *sorted({*there, *extras})]) + "\n")


def _install_chromium(python: Path, say: Say) -> None:
    say("Looking for a Chromium: none is installed, asking Playwright for its own.")
    _run([str(python), "-m", "playwright", "install", "--with-deps", "chromium"], dict(os.environ))
    if find_chromium(python) is None:
        say("Playwright could not fetch one; asking the system for its package `chromium`.")
        _apt_install(["chromium"], say)
    if find_chromium(python) is None:
        raise BuildError("There is no Chromium, and none could be installed; install one, or name it in OSFT_CHROMIUM.")


def _apt_install(packages: list[str], say: Say) -> bool:
    """Install the first of these Debian packages that can be had; False where there is no apt-get or no right."""
    if shutil.which("apt-get") is None:
        return False
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    say(f"Installing {packages[0]} with apt-get.")
    if not _quietly([*prefix, "apt-get", "update"], environment):
        return False
    return any(_quietly([*prefix, "apt-get", "install", "--yes", "-qq", package], environment) for package in packages)


def _node_tools(say: Say) -> tuple[str, Path]:
    """A Node new enough for the linters, and the folder with those that package-lock.json names."""
    node, npm = tools.node_command(22), tools.npm_command(22)
    if node is None or npm is None:
        raise BuildError("Lint needs Node 22 or newer with npm; the .venv should have brought one: `python3 build.py setup`.")
    mark = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = NODE_MODULES / ".installed"
    if not stamp.exists() or stamp.read_text() != mark:
        say("Installing the linters of JavaScript and HTML into node_modules.")
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
        if _run([*npm, "ci", "--silent"], {**os.environ, "PATH": path}) != 0:
            raise BuildError("npm could not install the linters; its words are above.")
        stamp.write_text(mark)
    return node, NODE_MODULES


def _checked(name: str, command: list[str], say: Say) -> int:
    say(f"-- {name}")
    return _run(command, dict(os.environ))


def _run(command: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode


def _quietly(command: list[str], environment: dict[str, str] | None = None) -> bool:
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=environment).returncode == 0
    except OSError:
        return False
