"""A build that dies at any moment leaves the old site whole, and the next one clears up after it.

The build runs in a forked child that kills itself with SIGKILL before its n-th change of a file, for every n.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import site, swap
from builder.site import Places, differences, read_manifest

from .conftest import Project

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork: POSIX systems")

CHANGES = ("os.", "shutil.", "ctypes.dlsym", "tempfile.")
READS = ("os.listdir", "os.scandir", "os.walk")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
EXCHANGE = swap.exchange
NEVER = 10**9


def build_and_die(places: Places, moment: int) -> tuple[bool, int]:
    """Build in a child that is killed before its n-th change of a file; whether it lived, and how many there were."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            changes = event.startswith(CHANGES) and event not in READS
            if changes or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
                seen += 1
                if seen == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        with contextlib.suppress(BaseException):
            os.close(reader)
            sys.addaudithook(count)
            site.build(places, lambda sentence: None)
            total, seen = seen, NEVER
            os.write(writer, str(total).encode())
            status = 0
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as stream:
        total = int(stream.read() or 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, total


def is_whole(generated: Path) -> bool:
    """Whether every file is what the manifest says, and no other is there."""
    manifest = read_manifest(generated)
    return manifest is not None and not differences(generated, manifest["files"])


def no_exchange(one: Path, other: Path) -> bool:
    """A system that cannot exchange two folders."""
    return False


@pytest.mark.parametrize("exchange", [EXCHANGE, no_exchange], ids=["exchange", "two renames"])
def test_killed_before_any_change_of_a_file(
    project: Project, monkeypatch: pytest.MonkeyPatch, exchange: Callable[[Path, Path], bool]
) -> None:
    monkeypatch.setattr(swap, "exchange", exchange)
    places = Places.of(project.root)
    assert build_and_die(places, NEVER)[0]
    source = project.root / "py" / "osft" / "__init__.py"
    moment, versions = 0, 0
    while True:
        moment += 1
        versions += 1
        source.write_text(f"version = {versions:6}\n")
        lived, _ = build_and_die(places, moment)
        if lived:
            break
        if exchange is no_exchange:
            swap.recover(project.generated)
        assert is_whole(project.generated), f"killed before change {moment}"
    assert moment > 40, "the build was killed at many moments"
    assert is_whole(project.generated)
    assert project.leftovers() == []


def test_the_first_build_killed_before_any_change_of_a_file(project: Project) -> None:
    places = Places.of(project.root)
    assert build_and_die(places, NEVER)[0], "fills the cache"
    expected = project.built()
    moment = 0
    while True:
        moment += 1
        project.forget()
        lived, _ = build_and_die(places, moment)
        assert not project.generated.exists() or is_whole(project.generated)
        if lived:
            break
    assert project.built() == expected
    assert project.leftovers() == []


def test_killed_at_random_moments_from_outside(project: Project) -> None:
    """The same with a real process, its downloads included, and no hook in it."""
    project.run()
    chance = random.Random(1)
    for version in range(12):
        (project.root / "py" / "osft" / "__init__.py").write_text(f"version = {version:6}\n")
        for path in sorted(project.cache.iterdir())[: version % 4]:
            path.unlink()
        process = subprocess.Popen(
            project.command(), env=project.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.05, 0.6))
        process.kill()
        process.wait()
        assert is_whole(project.generated)
    assert project.run().returncode == 0
    assert is_whole(project.generated)
    assert project.leftovers() == []


def test_a_stop_by_the_keyboard_is_one_sentence(project: Project) -> None:
    project.run()
    before = project.built()
    (project.root / "py" / "osft" / "__init__.py").write_text("x = 1\n")
    lock = (project.root / ".cache" / "build.lock").open("w")
    import fcntl

    fcntl.flock(lock, fcntl.LOCK_EX)  # the build waits, so that the signal meets it at a known place
    process = subprocess.Popen(
        project.command(), env=project.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "waiting" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 130
    assert words.strip() == "Stopped; the built site is as it was."
    assert project.built() == before


def test_leftovers_of_an_older_build_are_cleared(project: Project) -> None:
    project.run()
    for name in ("generated.new.1", "generated.old.1"):
        (project.generated.parent / name / "runtime").mkdir(parents=True)
    (project.cache / "incoming.abc").write_bytes(b"half")
    (project.cache / "incoming.folder").mkdir()
    (project.generated / "manifest.json").write_text('{"schema": 0, "files": {}}')
    assert project.run().returncode == 0
    assert project.leftovers() == []
    assert is_whole(project.generated)
