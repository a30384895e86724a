"""`pip install .` gives a typed `import osft` and its command line, and nothing of the site."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from builder.site import walk

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from a copy so that nothing is left in the tree."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in (ROOT / "pyproject.toml", *ROOT.glob("README.md"), ROOT / "LICENSE"):
        shutil.copy(path, source)
    shutil.copytree(ROOT / "py", source / "py", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir"]
    answer = subprocess.run([*command, str(target), str(source)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return next(target.glob("*.whl"))


def test_the_wheel_holds_the_whole_package_and_no_more(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {f"osft/{path}" for path in walk(ROOT / "py" / "osft")}
    assert {name for name in names if ".dist-info/" not in name} == sources
    assert "osft/py.typed" in sources
    assert any(name.endswith("LICENSE") for name in names)


def test_an_installed_copy_works_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target"]
    subprocess.run([*command, str(target), str(wheel)], check=True, capture_output=True)
    outside = {"cwd": tmp_path, "env": {"PYTHONPATH": str(target), "PATH": ""}, "capture_output": True, "text": True}
    where = subprocess.run([sys.executable, "-c", "import osft; print(osft.__file__)"], **outside)  # type: ignore[call-overload]
    assert where.stdout.startswith(str(target)), where.stderr
    count = [sys.executable, "-m", "osft", "count", "lora", "--in", "4096", "--out", "4096", "--r", "16"]
    answer = subprocess.run(count, **outside)  # type: ignore[call-overload]
    assert answer.returncode == 0, answer.stderr
    assert "131,072" in answer.stdout or "131072" in answer.stdout


def test_its_types_are_seen_by_a_type_checker(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target"]
    subprocess.run([*command, str(target), str(wheel)], check=True, capture_output=True)
    use = tmp_path / "use.py"
    use.write_text(
        "import osft\nreveal_type(osft.parameters.count('lora', 8, 8, r=2))\nosft.parameters.count('lora', 'eight', 8)\n"
    )
    environment = {"MYPYPATH": str(target), "PATH": ""}
    answer = subprocess.run(
        [sys.executable, "-m", "mypy", str(use)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert re.search(r'Revealed type is "(builtins\.)?int"', answer.stdout), answer.stdout + answer.stderr
    assert 'incompatible type "str"; expected "int"' in answer.stdout
