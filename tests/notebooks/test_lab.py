"""`build.py lab`: its pins, its configuration, the lock it writes and the wheel it makes. The build itself needs a network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder import cli, lab
from builder.errors import BuildError
from builder.lab_wheels import extend_lock, make_wheel, normalized, read_wheel
from builder.vendor import Lock

ROOT = Path(__file__).resolve().parents[2]


def pins(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    found = [re.fullmatch(r"([a-z0-9-]+)==(\S+) --hash=sha256:[0-9a-f]{64}", line) for line in lines]
    assert all(found), f"{path.name}: every line pins a version and a hash"
    return {match[1]: match[2] for match in found if match}


def wheel(folder: Path, name: str, requires: list[str] | None = None) -> Path:
    package = folder / "source" / name
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    return make_wheel(package, "1.0", requires or [], folder)


def base_lock(*names: str, depends: dict[str, list[str]] | None = None) -> dict[str, Any]:
    packages = {name: {"name": name, "depends": (depends or {}).get(name, []), "file_name": f"{name}.whl"} for name in names}
    return {"info": {"python": "3.14.0"}, "packages": packages}


def test_everything_is_pinned_by_hash() -> None:
    tools, browser = pins(lab.TOOLS), pins(lab.BROWSER)
    assert {"jupyterlite-core", "jupyterlite-pyodide-kernel", "jupyterlab-widgets"} <= tools.keys()
    assert {"ipython", "ipywidgets", "comm", "micropip", "jedi"} <= browser.keys()
    assert all(tools[name] == browser[name] for name in tools.keys() & browser.keys())


def test_packages_loaded_at_the_start_are_shipped() -> None:
    brought = {"ipykernel", "piplite", "pyodide-kernel"}
    locked = {file.package for file in Lock.read(ROOT / "vendor.lock.json").files}
    assert set(lab.AT_START) <= pins(lab.BROWSER).keys() | brought | locked
    assert set(lab.FROM_PYODIDE) <= locked


def test_configuration_allows_no_package_index_and_no_other_host() -> None:
    text = json.dumps(lab.configuration())
    assert "://" not in text
    kernel = lab.configuration()["jupyter-config-data"]["litePluginSettings"][lab.KERNEL_EXTENSION]
    assert kernel["disablePyPIFallback"] is True
    assert {"numpy", "matplotlib", "ipywidgets"} <= set(kernel["loadPyodideOptions"]["packages"])


def test_the_lock_keeps_what_is_needed_and_adds_the_wheels(tmp_path: Path) -> None:
    lock = base_lock("numpy", "plot", "cycle", "other", depends={"plot": ["numpy", "cycle"]})
    wheels = [
        wheel(tmp_path, "first", ["numpy>=1.26", "second[all] (>=1)"]),
        wheel(tmp_path, "second", ['gone>=1; extra == "x"']),
    ]
    extended = extend_lock(lock, ["plot"], wheels)
    assert list(extended["packages"]) == ["cycle", "first", "numpy", "plot", "second"]
    first = extended["packages"]["first"]
    assert first["depends"] == ["numpy", "second"]
    assert first["imports"] == ["first"]
    assert first["file_name"] == "first-1.0-py3-none-any.whl"
    assert extended["packages"]["second"]["depends"] == []


def test_a_requirement_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        BuildError, match=r"first-1\.0-py3-none-any\.whl needs absent, which builder/lab_browser\.txt does not name"
    ):
        extend_lock(base_lock("numpy"), ["numpy"], [wheel(tmp_path, "first", ["absent"])])


def test_a_conditional_requirement_counts_only_if_it_is_there(tmp_path: Path) -> None:
    some = wheel(tmp_path, "some", ['numpy; sys_platform == "emscripten"', 'colorama; sys_platform == "win32"'])
    assert extend_lock(base_lock("numpy"), ["numpy"], [some])["packages"]["some"]["depends"] == ["numpy"]


def test_a_file_that_is_no_wheel_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("broken.py", "")
    with pytest.raises(BuildError, match="is not a wheel"):
        read_wheel(path)


def test_the_osft_wheel_is_the_same_each_time_and_runs_from_the_archive(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(make_wheel(ROOT / "py" / "osft", project["version"], project["dependencies"], tmp_path / name))
    assert made[0].read_bytes() == made[1].read_bytes()
    entry, always, _ = read_wheel(made[0])
    assert (entry["imports"], always) == (["osft"], ["numpy"])
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import osft; from osft import continual, parameters; "
        "assert '.whl' in osft.__file__; print(len(continual.load_digits().labels), parameters.count('lora', 4, 6, r=1))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made[0])], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.split() == ["1797", "10"]


def test_contents_are_listed_and_ask_for_the_browsers_kernel(tmp_path: Path) -> None:
    sources = [ROOT / "notebooks" / name for name in lab.NOTEBOOKS]
    lab.add_contents(tmp_path, sources)
    listing = json.loads((tmp_path / "api" / "contents" / "all.json").read_text())
    assert [entry["name"] for entry in listing["content"]] == list(lab.NOTEBOOKS)
    for source, entry in zip(sources, listing["content"], strict=True):
        copied = json.loads((tmp_path / "files" / source.name).read_text(encoding="utf-8"))
        assert copied["metadata"]["kernelspec"] == lab.KERNEL_SPEC
        assert copied["cells"] == json.loads(source.read_text(encoding="utf-8"))["cells"]
        assert entry["size"] == (tmp_path / "files" / source.name).stat().st_size


def test_the_command_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(cli, "build_lab", lambda site, cache, log: asked.extend([site, cache]) or 0)
    monkeypatch.setattr(cli, "build", lambda places, log: asked.append(places.generated))
    assert cli.main(["lab"]) == 0
    generated = asked.pop()
    assert generated == ROOT / "osft-web" / "generated", "the manifest is written after the lab"
    assert asked == [ROOT / "osft-web", ROOT / ".cache"]


def test_names_are_compared_as_indexes_compare_them() -> None:
    assert normalized("Prompt_Toolkit") == normalized("prompt.toolkit") == "prompt-toolkit"
