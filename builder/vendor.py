"""Third-party files: what `vendor.lock.json` names, and the cache that holds them by their hash.

The lock alone decides what a file must be; where it came from does not matter. builder/sources.py
brings missing files into the cache, builder/site.py takes them out of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import DAMAGED, BuildError

CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in lower-case hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class File:
    """One file of the lock: `path` inside its package, `to` inside `osft-web/generated/`."""

    package: str
    version: str
    path: str
    to: str
    bytes: int
    sha256: str
    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file as a message names it: package, version and file name."""
        return f"{self.package} {self.version}: {self.path}"


@dataclass(frozen=True)
class Lock:
    """`vendor.lock.json`, read and checked for shape."""

    files: tuple[File, ...]
    packages: tuple[dict[str, Any], ...]
    sources: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Lock:
        """Read the lock; a fault in it is a `BuildError` that names the entry."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BuildError(f"{path} cannot be read ({error.strerror}); restore it from the repository.") from error
        except ValueError as error:
            raise BuildError(f"{path} is not JSON ({error}); restore it from the repository.", DAMAGED) from error
        files: list[File] = []
        for package in content["packages"]:
            for entry in package["files"]:
                try:
                    files.append(
                        File(
                            package=package["name"],
                            version=package["version"],
                            path=entry["path"],
                            to=entry["to"],
                            bytes=entry["bytes"],
                            sha256=entry["sha256"],
                            sources=tuple(package["sources"]),
                        )
                    )
                except KeyError as error:
                    raise BuildError(
                        f"{path}: {package.get('name')} {entry.get('path')} has no {error}; run `python3 build.py lock`.", DAMAGED
                    ) from error
        return cls(tuple(files), tuple(content["packages"]), content["sources"])


class Cache:
    """Files named by their sha256. A file is there whole and right, or it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where a file with this hash lies, whether it is there or not."""
        return self.folder / sha256

    def missing(self, files: Iterable[File]) -> list[File]:
        """The files that are not there, each hash once. Those that are there, `verify` checks."""
        return list({file.sha256: file for file in files if not self.path(file.sha256).exists()}.values())

    def verify(self, files: Iterable[File]) -> None:
        """Hash every file; a wrong one is deleted and reported with both hashes."""
        for file in files:
            path = self.path(file.sha256)
            actual = sha256_of(path)
            if actual != file.sha256:
                path.unlink(missing_ok=True)
                raise BuildError(
                    f"{path} ({file.name}) is damaged and was deleted: expected sha256 {file.sha256}, found {actual}. "
                    "Run the same command again to fetch it anew.",
                    DAMAGED,
                )

    def store(self, file: File, chunks: Iterable[bytes]) -> str:
        """Write a file from its bytes; returns the sha256 found. Kept only if it is the right one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(prefix="incoming.", dir=self.folder)
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                for chunk in chunks:
                    size += len(chunk)
                    if size > file.bytes:
                        break
                    digest.update(chunk)
                    stream.write(chunk)
            found = digest.hexdigest() if size <= file.bytes else f"of a longer file than {file.bytes} bytes"
            if found == file.sha256:
                os.chmod(partial, 0o644)
                os.replace(partial, self.path(file.sha256))
            return found
        finally:
            partial.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what an interrupted run left behind."""
        for leftover in self.folder.glob("incoming.*"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
