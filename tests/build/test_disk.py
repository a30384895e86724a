"""A disk that is full or may not be written: one sentence, exit status 2, the old site whole."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from builder import cli

from .conftest import Project
from .test_interrupted import is_whole


def unshared(script: str) -> list[str]:
    """A shell with mounts of its own: as root, or where users may have name spaces of their own."""
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-ec", script]


def can_mount(folder: Path) -> bool:
    """Whether this machine lets the test mount a file system of its own."""
    command = unshared(f"mount -t tmpfs -o size=64k tmpfs {shlex.quote(str(folder))}")
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


def run_on_a_small_disk(project: Project, room: int, *, read_only: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the build in a copy of the project on a file system with this room left; brings the copy's site back."""
    pages = sum(-(-path.stat().st_size // 4096) + 1 if path.is_file() else 1 for path in project.root.rglob("*"))
    disk, back = project.root.parent / "disk", project.root.parent / "back"
    disk.mkdir()
    shutil.rmtree(back, ignore_errors=True)
    source, target = shlex.quote(f"{project.root}/."), shlex.quote(str(disk))
    command = " ".join(shlex.quote(word) for word in Project(disk, project.remote).command())
    script = f"""
        mount -t tmpfs -o size={4096 * pages + room} tmpfs {target}
        cp -a {source} {target}
        {f"mount -o remount,ro {target}" if read_only else ":"}
        cd {target}
        set +e
        {command}
        status=$?
        cp -a {target}/osft-web {shlex.quote(str(back))}
        exit $status
    """
    # PATH holds mount and cp; neither pip nor npm is asked, because the lock names neither.
    environment = {**project.environment(), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(unshared(script), env=environment, capture_output=True, text=True, timeout=60)


def assert_one_sentence(answer: subprocess.CompletedProcess[str], words: str) -> None:
    assert answer.returncode == 2, answer.stderr
    sentences = [line for line in answer.stderr.splitlines() if not line.startswith("Fetching")]
    assert len(sentences) == 1, answer.stderr
    assert words in sentences[0]


@pytest.fixture
def needs_mount(tmp_path: Path) -> None:
    """A machine that lets a test mount a small file system; elsewhere the sentences are tested below."""
    if not can_mount(tmp_path):
        pytest.skip("this machine lets no test mount a file system")


@pytest.mark.usefixtures("needs_mount")
def test_a_disk_that_is_full_from_the_start(project: Project) -> None:
    assert_one_sentence(run_on_a_small_disk(project, 500_000), "disk is full")
    assert not (project.root.parent / "back" / "generated").exists()


@pytest.mark.usefixtures("needs_mount")
def test_a_disk_that_fills_while_the_new_site_is_written(project: Project) -> None:
    project.run()
    before = project.built()
    (project.root / "py" / "osft" / "new.py").write_text("x = 1\n")
    assert_one_sentence(run_on_a_small_disk(project, 900_000), "disk is full")
    site = project.root.parent / "back"
    assert is_whole(site / "generated")
    assert {path: (site / "generated" / path).read_bytes() for path in before} == before
    assert sorted(path.name for path in site.glob("generated.*")) == []


@pytest.mark.usefixtures("needs_mount")
def test_a_read_only_disk_that_needs_a_build(project: Project) -> None:
    assert_one_sentence(run_on_a_small_disk(project, 9_000_000, read_only=True), "read-only")


@pytest.mark.usefixtures("needs_mount")
def test_a_read_only_disk_with_a_finished_build_is_no_problem(project: Project) -> None:
    project.run()
    answer = run_on_a_small_disk(project, 9_000_000, read_only=True)
    assert answer.returncode == 0, answer.stderr
    assert "up to date" in answer.stdout


@pytest.mark.parametrize("error", ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM"])
def test_each_fault_of_a_disk_is_a_sentence(
    error: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import errno

    def fail(*_: object, **__: object) -> bool:
        raise OSError(getattr(errno, error), "the system's words", "some/file")

    monkeypatch.setattr(cli, "build", fail)
    assert cli.main([]) == 2
    words = capsys.readouterr().err
    assert len(words.splitlines()) == 1
    assert words.startswith("build.py: ")
    assert "old site is whole" in words
