"""A project in miniature: the real builder/ code, a small lock, and local sources that can be spoiled.

Its third-party files are a few kilobytes, come from a server on this machine, and no pip or npm is
asked, so that a failure can be caused in a moment and costs no network.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builder.serve import Server, open_server

ROOT = Path(__file__).resolve().parents[2]

D3_LIKE = {
    "d3-first": "// first\nfunction a() {\n  return 1;\n}\nconst b = 2;\nexport { a as line, b as ticks };\n",
    "d3-second": "// second\nimport { line as x } from 'd3-first';\nimport { gone as y } from 'd3-absent';\n"
    "function a() {\n  return x() + y;\n}\nexport { a as area, a as scaleLinear, a as scaleLog };\n",
}
CODE_MIRROR_LIKE = {
    "@x/state": "export const state = 1;\n",
    "@x/view": "import { state } from '@x/state';\nexport { state };\n",
}


@dataclass
class Project:
    """A small copy of the project in a folder of its own."""

    root: Path
    remote: Path

    @property
    def generated(self) -> Path:
        """What its build writes."""
        return self.root / "osft-web" / "generated"

    @property
    def cache(self) -> Path:
        """Its downloaded files."""
        return self.root / ".cache" / "vendor"

    @property
    def lock(self) -> dict[str, Any]:
        """Its vendor.lock.json."""
        content: dict[str, Any] = json.loads((self.root / "vendor.lock.json").read_text())
        return content

    def environment(self) -> dict[str, str]:
        """Without pip, npm or a cache from outside, so that only the lock's CDN is left."""
        kept = {name: value for name, value in os.environ.items() if name not in ("OSFT_CACHE", "PORT", "TORCH")}
        return {**kept, "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *arguments: str) -> list[str]:
        """How build.py is called here."""
        return [sys.executable, str(self.root / "build.py"), *arguments]

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run build.py and collect what it says."""
        return subprocess.run(
            self.command(*arguments),
            **{"cwd": self.root, "env": self.environment(), "capture_output": True, "text": True, "timeout": 120, **options},
        )

    def built(self) -> dict[str, bytes]:
        """Every built file and its content."""
        return {
            path.relative_to(self.generated).as_posix(): path.read_bytes() for path in self.generated.rglob("*") if path.is_file()
        }

    def forget(self) -> None:
        """As if it had never been built; the downloads stay."""
        shutil.rmtree(self.generated, ignore_errors=True)

    def leftovers(self) -> list[str]:
        """What should not be there after any run."""
        found = [*self.generated.parent.glob("generated.*"), *self.cache.glob("incoming.*")]
        return sorted(path.name for path in found)


def content_of_package(size: int, name: str) -> bytes:
    """Bytes that do not compress and are the same in every run."""
    blocks = (hashlib.sha256(f"{name} {index}".encode()).digest() for index in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def write_project(root: Path, remote: Path, origin: str) -> Project:
    """A project whose lock names files that lie under `remote`, served at `origin`."""
    (root / "builder").mkdir(parents=True)
    for source in sorted((ROOT / "builder").glob("*.py")):
        shutil.copy(source, root / "builder")
    shutil.copy(ROOT / "build.py", root)
    site = root / "osft-web"
    for path, text in {
        "index.html": "<!doctype html><title>x</title>\n",
        "pages/a.js": "export default 1;\n",
    }.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    (root / "py" / "osft").mkdir(parents=True)
    (root / "py" / "osft" / "__init__.py").write_text('"""A package."""\n')

    contents: list[tuple[str, str, str, bytes]] = []
    contents += [(name, "dist/index.mjs", f"sources/{name}.mjs", text.encode()) for name, text in D3_LIKE.items()]
    contents += [
        (name, "dist/index.js", f"vendor/codemirror/{name[3:]}.js", text.encode()) for name, text in CODE_MIRROR_LIKE.items()
    ]
    contents += [("font", "a.woff2", "vendor/fonts/a.woff2", content_of_package(40_000, "font"))]
    contents += [("large", f"{i}.bin", f"vendor/large/{i}.bin", content_of_package(300_000, f"{i}")) for i in range(4)]
    packages = []
    for name, path, to, content in contents:
        target = remote / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        entry = {"path": path, "to": to, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        packages.append({"name": name, "version": "1", "licence": "MIT", "homepage": "x", "sources": ["near"], "files": [entry]})
    lock = {"schema": 1, "sources": {"near": {"kind": "cdn", "url": origin + "{package}/"}}, "packages": packages}
    (root / "vendor.lock.json").write_text(json.dumps(lock))
    return Project(root, remote)


@pytest.fixture
def remote_server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder served on this machine, standing in for the CDN."""
    import threading

    remote = tmp_path / "remote"
    remote.mkdir()
    server, port = open_server(remote, 0, quiet=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield remote, f"http://127.0.0.1:{port}/"
    _close(server)


def _close(server: Server) -> None:
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path, remote_server: tuple[Path, str]) -> Project:
    """A miniature project that has never been built; its files are on the server."""
    return write_project(tmp_path / "project", *remote_server)


@pytest.fixture
def cut_off(tmp_path: Path) -> Project:
    """The same with nothing listening where its files should be."""
    return write_project(tmp_path / "project", tmp_path / "remote", "http://127.0.0.1:9/")
