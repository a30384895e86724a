"""vendor.lock.json itself: complete, in agreement with Pyodide's own lock, with a licence for everything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from builder import notices
from builder.relock import relock, render
from builder.vendor import Cache, Lock

ROOT = Path(__file__).resolve().parents[2]
CONTENT = json.loads((ROOT / "vendor.lock.json").read_text())
PACKAGES = {package["name"]: package for package in CONTENT["packages"]}
PYODIDE_VERSION = "314.0.3"


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    package = PACKAGES[name]
    assert package["licence"]
    assert package["homepage"].startswith("https://")
    assert package["files"]
    kinds = [CONTENT["sources"][source]["kind"] for source in package["sources"]]
    assert kinds[0] == "cdn"
    assert len(kinds) >= 2, "a second way, where no CDN can be reached"
    for entry in package["files"]:
        assert re.fullmatch(r"[0-9a-f]{64}", entry["sha256"])
        assert entry["bytes"] > 0
        assert not entry["to"].startswith(("/", "."))


def test_no_two_files_go_to_one_place() -> None:
    places = [entry["to"] for package in CONTENT["packages"] for entry in package["files"]]
    assert len(places) == len(set(places))


def test_every_library_and_font_brings_its_licence_text() -> None:
    for package in CONTENT["packages"]:
        if "npm" in package["sources"]:
            assert any(entry["to"].startswith("vendor/licences/") for entry in package["files"]), package["name"]


def test_the_wheels_are_those_that_pyodide_names(site_folder: Path) -> None:
    own = json.loads((site_folder / "generated" / "runtime" / "pyodide-lock.json").read_text())["packages"]
    wheels = {
        entry["path"]: entry["sha256"]
        for package in CONTENT["packages"]
        for entry in package["files"]
        if entry["path"].endswith(".whl")
    }
    by_file = {package["file_name"]: package for package in own.values()}
    assert {path: by_file[path]["sha256"] for path in wheels} == wheels
    shipped = {by_file[path]["name"].lower() for path in wheels}
    for path in wheels:
        assert set(by_file[path]["depends"]) <= shipped, path
    assert {"numpy", "scipy", "matplotlib"} <= shipped


def test_the_pinned_versions_are_the_designed_ones() -> None:
    wanted = {"pyodide": PYODIDE_VERSION, "numpy": "2.4.3", "scipy": "1.18.0", "matplotlib": "3.10.8"}
    assert {name: PACKAGES[name]["version"] for name in wanted} == wanted
    assert PYODIDE_VERSION in CONTENT["sources"]["pyodide"]["url"]


def test_no_file_of_the_project_names_a_package_registry() -> None:
    """Whoever builds uses the registry that their own pip and npm are set up for."""
    names = [".".join(parts) for parts in (("pypi", "org"), ("npmjs", "org"), ("npmjs", "com"), ("pythonhosted", "org/packages"))]
    for name in (
        "vendor.lock.json",
        "package-lock.json",
        "pyproject.toml",
        "Makefile",
        *(str(p) for p in (ROOT / "builder").glob("*.py")),
    ):
        text = (ROOT / name).read_text()
        assert not any(registry in text for registry in names), name


def test_the_notices_are_those_of_the_lock() -> None:
    assert not notices.is_stale(ROOT, Lock.read(ROOT / "vendor.lock.json"))


def test_the_lock_is_written_the_way_it_is_kept() -> None:
    assert render(CONTENT) == (ROOT / "vendor.lock.json").read_text()


def test_a_new_lock_takes_size_and_hash_from_the_files(tmp_path: Path) -> None:
    import hashlib

    from builder.serve import serving

    from .conftest import write_project

    remote = tmp_path / "remote"
    remote.mkdir()
    with serving(remote) as origin:
        project = write_project(tmp_path / "project", remote, origin)
        path, expected = project.root / "vendor.lock.json", project.lock
        stripped = json.loads(path.read_text())
        core = b'{"packages": {}}'
        (remote / "pyodide").mkdir()
        (remote / "pyodide" / "pyodide-lock.json").write_bytes(core)
        own = {"path": "pyodide-lock.json", "to": "runtime/pyodide-lock.json"}
        for package in stripped["packages"]:
            for entry in package["files"]:
                del entry["bytes"], entry["sha256"]
        stripped["packages"].append(
            {"name": "pyodide", "version": "1", "licence": "MPL-2.0", "homepage": "x", "sources": ["near"], "files": [own]}
        )
        path.write_text(json.dumps(stripped))
        relock(path, Cache(project.cache), lambda sentence: None)
    written = json.loads(path.read_text())
    assert written["packages"][:-1] == expected["packages"]
    assert written["packages"][-1]["files"] == [{**own, "bytes": len(core), "sha256": hashlib.sha256(core).hexdigest()}]
