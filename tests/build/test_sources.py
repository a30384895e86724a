"""Where third-party files come from, and what happens when they are missing, damaged or not theirs."""

from __future__ import annotations

import hashlib
import io
import shutil
import socket
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

from builder import sources
from builder.errors import BuildError
from builder.sources import Fetch
from builder.vendor import Cache, Lock

from .conftest import Project


def large_file(project: Project) -> dict[str, object]:
    """The lock's entry of one of the larger files."""
    entry: dict[str, object] = next(p for p in project.lock["packages"] if p["name"] == "large")["files"][0]
    return entry


@pytest.mark.parametrize(
    "spoiled", [lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[:-1], lambda b: b + b"x", lambda b: b"<!doctype html>login"]
)
def test_a_download_that_differs_is_refused_with_both_hashes(project: Project, spoiled: object) -> None:
    entry, target = large_file(project), project.remote / "large" / "0.bin"
    target.write_bytes(spoiled(target.read_bytes()))  # type: ignore[operator]
    answer = project.run()
    assert answer.returncode == 1
    assert f"expected sha256 {entry['sha256']}" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()[-1]) < 500
    assert not (project.cache / str(entry["sha256"])).exists()
    assert not project.generated.exists()
    assert project.leftovers() == []


def test_the_hash_that_was_found_is_told(project: Project) -> None:
    target = project.remote / "large" / "0.bin"
    content = target.read_bytes()[::-1]
    target.write_bytes(content)
    assert f"found {hashlib.sha256(content).hexdigest()}" in project.run().stderr


def test_a_damaged_file_in_the_cache_is_deleted_and_the_old_site_stays(project: Project) -> None:
    project.run()
    before, entry = project.built(), large_file(project)
    path = project.cache / str(entry["sha256"])
    path.write_bytes(b"tampered")
    (project.root / "py" / "osft" / "new.py").write_text("x = 1\n")
    answer = project.run()
    assert answer.returncode == 1
    assert f"expected sha256 {entry['sha256']}" in answer.stderr
    assert f"found {hashlib.sha256(b'tampered').hexdigest()}" in answer.stderr
    assert not path.exists()
    assert project.built() == before
    assert project.run().returncode == 0
    assert project.leftovers() == []


def test_without_network_and_cache_the_missing_files_are_named(cut_off: Project) -> None:
    started = time.monotonic()
    answer = cut_off.run()
    assert time.monotonic() - started < 15
    assert answer.returncode == 2
    sentence, *rest = answer.stderr.strip().splitlines()
    assert "needs a network" in sentence
    assert str(cut_off.cache) in sentence
    assert "--from" in sentence
    wanted = {entry["sha256"] for package in cut_off.lock["packages"] for entry in package["files"]}
    assert {line.split()[0] for line in rest} == wanted
    assert any("large 1: 0.bin" in line for line in rest)
    assert "Traceback" not in answer.stderr
    assert not cut_off.generated.exists()


def test_a_missing_file_on_the_server_is_named(project: Project) -> None:
    (project.remote / "large" / "2.bin").unlink()
    answer = project.run()
    assert answer.returncode == 2
    assert "Not Found" in answer.stderr
    assert "large 1: 2.bin" in answer.stderr
    assert len(list(project.cache.iterdir())) == 8, "what could be fetched is kept for the next run"


def test_a_cache_copied_from_another_machine_is_enough(project: Project, tmp_path: Path) -> None:
    project.run()
    copied = tmp_path / "stick"
    shutil.copytree(project.cache, copied)
    project.run("clean", "--all")
    shutil.rmtree(project.remote)
    shutil.copytree(copied, project.cache)
    assert project.run().returncode == 0


@pytest.mark.parametrize("form", ["folder", "zip", "tar.gz", "archive in a folder"])
def test_files_come_from_a_folder_or_archive_whatever_they_are_called(project: Project, tmp_path: Path, form: str) -> None:
    files = [path for path in sorted(project.remote.rglob("*")) if path.is_file()]
    given = tmp_path / "given"
    given.mkdir()
    if form == "folder":
        for index, path in enumerate(files):
            (given / f"{index}").write_bytes(path.read_bytes())
    elif form == "tar.gz":
        given = given / "all.tar.gz"
        with tarfile.open(given, "w:gz") as bundle:
            for path in files:
                bundle.add(path, arcname=f"some/{path.relative_to(project.remote)}")
    else:
        archive = given / "all.zip"
        with zipfile.ZipFile(archive, "w") as bundle_:
            for path in files:
                bundle_.write(path, f"some/{path.relative_to(project.remote)}")
        given = archive if form == "zip" else given
    shutil.rmtree(project.remote)
    answer = project.run("--from", str(given))
    assert answer.returncode == 0, answer.stderr
    assert "Took 9 of 9 files" in answer.stdout


def test_a_wrong_file_in_the_users_folder_is_named_and_left_alone(cut_off: Project, tmp_path: Path) -> None:
    wrong = tmp_path / "given" / "a.woff2"
    wrong.parent.mkdir()
    wrong.write_bytes(b"not a font")
    answer = cut_off.run("--from", str(wrong.parent))
    assert answer.returncode == 1
    assert str(wrong) in answer.stderr
    assert hashlib.sha256(b"not a font").hexdigest() in answer.stderr
    assert wrong.read_bytes() == b"not a font"


def test_a_folder_that_does_not_exist_is_named(cut_off: Project) -> None:
    answer = cut_off.run("--from", "/no/such/folder")
    assert answer.returncode == 2
    assert answer.stderr.strip() == "build.py: --from /no/such/folder: there is no such file or folder."


@pytest.mark.parametrize(("content", "words"), [("{", "is not JSON"), (None, "cannot be read")])
def test_a_damaged_lock_is_one_sentence(project: Project, content: str | None, words: str) -> None:
    lock = project.root / "vendor.lock.json"
    if content is None:
        lock.unlink()
    else:
        lock.write_text(content)
    answer = project.run()
    assert answer.returncode != 0
    assert words in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_server_that_stalls_is_given_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "STALL_SECONDS", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))

    def half_an_answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\nhalf")
            held.append(connection)

    held: list[socket.socket] = []
    threading.Thread(target=half_an_answer, daemon=True).start()
    lock = Lock.read(project.root / "vendor.lock.json")
    lock.sources["near"]["url"] = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    large = [file for file in lock.files if file.package == "large"]
    with pytest.raises(BuildError, match="timed out"):
        Fetch(lock, Cache(project.cache), print).complete(large)
    assert project.leftovers() == []
    listener.close()


def test_an_archive_that_claims_much_and_holds_little_takes_no_memory(project: Project, tmp_path: Path) -> None:
    """Only members of exactly a wanted size are read at all."""
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big", b"\0" * 50_000_000)
    shutil.rmtree(project.remote)
    answer = project.run("--from", str(bomb))
    assert answer.returncode == 2
    assert "none of the files is in" in answer.stderr


def test_the_bar_shows_bytes_on_a_terminal_and_lines_in_a_log() -> None:
    from builder.progress import Progress

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        progress = Progress("Fetching 2 files", 4_000_000, stream)
        for _ in range(4):
            progress.add(1_000_000)
        progress.close()
    assert terminal.getvalue().startswith("\rFetching 2 files ███████░")
    assert terminal.getvalue().endswith("4.0 of 4.0 MB\x1b[K\n")
    assert log.getvalue().splitlines() == [
        "Fetching 2 files: 4.0 MB",
        *(f"Fetching 2 files: {done}.0 MB of 4.0 MB" for done in (1, 2, 3, 4)),
    ]
