"""Builds `osft-web/generated/`: the runtime, py.zip, the JavaScript libraries and the manifest.

Called by builder/cli.py (`build`, and `serve` before it serves). Everything is written to a sibling
folder and put in place in one step, so the site is the old one or the new one at any moment.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import modules, swap
from builder.errors import BuildError
from builder.sources import Fetch
from builder.vendor import Cache, File, Lock, sha256_of

Say = Callable[[str], None]
Listing = dict[str, dict[str, Any]]

SCHEMA = 1
NO_PART_OF_THE_SITE = {"generated", "lab"}
SHAPES_THE_OUTPUT = ("modules.", "node", "runtime", "site.")
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Places:
    """Where things are. One project folder in earnest, a miniature one in the tests."""

    root: Path
    cache: Path
    lock: Path

    @classmethod
    def of(cls, root: Path) -> Places:
        """The places of a project; `OSFT_CACHE` moves the cache, so that several clones can share it."""
        cache = Path(os.environ.get("OSFT_CACHE") or root / ".cache" / "vendor").absolute()
        return cls(root, cache, root / "vendor.lock.json")

    @property
    def site(self) -> Path:
        """The site root."""
        return self.root / "osft-web"

    @property
    def generated(self) -> Path:
        """What the build writes."""
        return self.site / "generated"


def build(places: Places, say: Say, *, given: Path | None = None, force: bool = False) -> bool:
    """Bring `generated/` up to date; whether anything had to be written."""
    lock = Lock.read(places.lock)
    if not places.site.is_dir():
        raise BuildError(f"{places.site} is missing; this copy of the project is incomplete.")
    inputs = fingerprint(places)
    if not force and _is_listed(places, _usable_manifest(places, inputs)):
        return False
    with only_one_build(places, say):
        swap.recover(places.generated)
        manifest = None if force else _usable_manifest(places, inputs)
        if _is_listed(places, manifest):
            return False
        if manifest is not None:  # only pages were edited: the manifest lists them anew
            write_manifest(places.site, places.generated, manifest)
            return True
        cache = Cache(places.cache)
        cache.sweep()
        Fetch(lock, cache, say).complete(lock.files, given=given)
        cache.verify(lock.files)
        staging = places.generated.with_name(f"generated.new.{os.getpid()}")
        try:
            _write(places, lock, cache, staging, inputs, say)
            swap.put_in_place(staging, places.generated)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return True


def is_current(places: Places) -> bool:
    """Whether `generated/` was made from today's sources, lists today's pages and is whole."""
    return _is_listed(places, _usable_manifest(places, fingerprint(places)))


def _usable_manifest(places: Places, inputs: str) -> dict[str, Any] | None:
    """The manifest, if `generated/` was made from these inputs and is whole, by the hash of every file."""
    manifest = read_manifest(places.generated)
    usable = manifest is not None and manifest.get("inputs") == inputs and not differences(places.generated, manifest["files"])
    return manifest if usable else None


def _is_listed(places: Places, manifest: dict[str, Any] | None) -> bool:
    if manifest is None or manifest.get("lab") != has_lab(places.site):
        return False
    return bool(manifest["site"] == listing(places.site, site_files(places.site)))


def has_lab(site: Path) -> bool:
    """Whether this copy has the notebooks in JupyterLite, which pages then link to."""
    return (site / "lab" / "index.html").is_file()


def read_manifest(generated: Path) -> dict[str, Any] | None:
    """The manifest of a build, or None if there is none of this schema."""
    try:
        manifest = json.loads((generated / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("schema") == SCHEMA else None


def differences(folder: Path, files: Listing) -> list[str]:
    """One sentence for each file that is missing, changed, or not in the listing."""
    found = {path for path in walk(folder) if path != "manifest.json"}
    sentences = [f"{path} is missing." for path in sorted(files.keys() - found)]
    sentences += [f"{path} is not in the manifest." for path in sorted(found - files.keys())]
    for path in sorted(found & files.keys()):
        actual = sha256_of(folder / path)
        if actual != files[path]["sha256"]:
            sentences.append(f"{path} is not what was built: expected sha256 {files[path]['sha256']}, found {actual}.")
    return sentences


def walk(folder: Path) -> Iterator[str]:
    """Every file under a folder, as a POSIX path relative to it, sorted; hidden files and caches left out."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info") for part in relative.parts)
        if not hidden and path.is_file():
            yield relative.as_posix()


def listing(folder: Path, paths: Iterator[str]) -> Listing:
    """Size and sha256 of files, by path."""
    return {path: {"bytes": (folder / path).stat().st_size, "sha256": sha256_of(folder / path)} for path in paths}


def site_files(site: Path) -> Iterator[str]:
    """The files of the site that are not built."""
    return (path for path in walk(site) if path.partition("/")[0].partition(".")[0] not in NO_PART_OF_THE_SITE)


def fingerprint(places: Places) -> str:
    """One hash of everything that the built files depend on; the pages themselves are listed in the manifest."""
    digest = hashlib.sha256()
    digest.update(sha256_of(places.lock).encode())
    digest.update(_acceleration_signature().encode())
    for folder, paths in (
        (places.root / "builder", (path for path in walk(places.root / "builder") if path.startswith(SHAPES_THE_OUTPUT))),
        (places.root / "py", walk(places.root / "py")),
    ):
        for path in paths:
            digest.update(f"{path}\0{sha256_of(folder / path)}\0".encode())
    return digest.hexdigest()


class Rebuild:
    """Called before each document is served: builds again if a source has been edited meanwhile.

    A look at sizes and times, once for documents that are asked for together. A build that fails is told and the old site served.
    """

    def __init__(self, places: Places, say: Say) -> None:
        self._places, self._say = places, say
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._seen = self._look()

    def __call__(self) -> None:
        with self._lock:
            if time.monotonic() - self._looked_at < 0.1:
                return
            seen = self._look()
            if seen == self._seen:
                return
            self._seen = seen
            try:
                if build(self._places, self._say):
                    self._say("Built again, because a source was edited.")
            except (BuildError, OSError) as error:
                self._say(f"The site is served as it was built last: {error}")

    def _look(self) -> list[tuple[str, int, int]]:
        self._looked_at = time.monotonic()
        root, site = self._places.root, self._places.site
        paths = [self._places.lock, *(root / "py" / path for path in walk(root / "py"))]
        paths += [site / path for path in site_files(site)]
        return [(str(path), facts.st_mtime_ns, facts.st_size) for path in paths if (facts := path.stat())]


@contextlib.contextmanager
def only_one_build(places: Places, say: Say) -> Iterator[None]:
    """Hold the project's build lock, so that two builds do not sweep each other's folders away."""
    path = places.root / ".cache" / "build.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows: two renames and no lock
        yield
        return
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another build of this project is running; waiting for it.")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _write(places: Places, lock: Lock, cache: Cache, staging: Path, inputs: str, say: Say) -> None:
    """Everything of `generated/`, into the staging folder."""
    staging.mkdir()
    for file in lock.files:
        if not file.to.startswith(("sources/", "vendor/codemirror/")):
            target = staging / file.to
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cache.path(file.sha256), target)
    _write_javascript(lock.files, cache, staging)
    (staging / "py.zip").write_bytes(archive_of(places.root / "py"))
    content = {
        "schema": SCHEMA,
        "inputs": inputs,
        "pyodide": next((package["version"] for package in lock.packages if package["name"] == "pyodide"), ""),
        "tier": "stock",
        "boot": {},
        **_accelerate(staging, say),
        "files": listing(staging, walk(staging)),
    }
    write_manifest(places.site, staging, content)


def write_manifest(site: Path, folder: Path, content: dict[str, Any]) -> None:
    """Write the manifest in one step, with today's pages and the build's name: a hash of all the rest."""
    content = {**content, "site": listing(site, site_files(site)), "lab": has_lab(site)}
    content.pop("build", None)
    content["build"] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
    partial = folder / ".manifest.json"
    partial.write_text(json.dumps(content, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, folder / "manifest.json")


def _write_javascript(files: tuple[File, ...], cache: Cache, staging: Path) -> None:
    def text(file: File) -> str:
        return cache.path(file.sha256).read_text(encoding="utf-8")

    joined = {file.package: text(file) for file in files if file.to.startswith("sources/")}
    linked = {file.package: file for file in files if file.to.startswith("vendor/codemirror/")}
    places = {package: file.to for package, file in linked.items()}
    written = {file.to: modules.relink(text(file), file.to, places) for file in linked.values()}
    # An editor and the type checker find the types of a package beside its module.
    written |= {file.to.removesuffix(".js") + ".d.ts": modules.types_of(package) for package, file in linked.items()}
    if joined:
        written["vendor/d3.js"] = modules.join_modules(joined)
        written["vendor/d3.d.ts"] = modules.types_of(*joined)
    for place, content in written.items():
        (staging / place).parent.mkdir(parents=True, exist_ok=True)
        (staging / place).write_text(content, encoding="utf-8")


def archive_of(folder: Path) -> bytes:
    """A zip of a source tree that depends on nothing but the files: sorted, without times or owners."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in walk(folder):
            entry = zipfile.ZipInfo(path, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (folder / path).read_bytes())
    return buffer.getvalue()


def _acceleration() -> Any:
    try:
        return importlib.import_module("builder.runtime")
    except ModuleNotFoundError as error:
        if error.name != "builder.runtime":
            raise
        return None


def _acceleration_signature() -> str:
    """What the acceleration depends on beside the project's files, such as which Node there is."""
    signature = getattr(_acceleration(), "signature", None)
    return str(signature()) if signature else ""


def _accelerate(staging: Path, say: Say) -> dict[str, Any]:
    """The precompiled runtime, where it can be made; its part of the manifest, or nothing."""
    runtime, stock = _acceleration(), staging / "runtime"
    return dict(runtime.accelerate(stock, staging, say)) if runtime and stock.is_dir() else {}
