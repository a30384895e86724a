"""The server: right types, no stale copies, this machine only, and a port that is taken."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from builder.serve import open_server, serving

from .conftest import Project

TYPES = {
    "a.html": "text/html; charset=utf-8",
    "a.js": "text/javascript; charset=utf-8",
    "a.mjs": "text/javascript; charset=utf-8",
    "a.css": "text/css; charset=utf-8",
    "a.json": "application/json; charset=utf-8",
    "a.wasm": "application/wasm",
    "a.zip": "application/zip",
    "a.tar.gz": "application/gzip",
    "a.bin": "application/octet-stream",
    "a.svg": "image/svg+xml",
    "a.webmanifest": "application/manifest+json",
    "a.woff2": "font/woff2",
    "a.whl": "application/zip",
    "noextension": "application/octet-stream",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder with one file of each type, and its URL."""
    folder = tmp_path / "site"
    (folder / "inner").mkdir(parents=True)
    (folder / "empty").mkdir()
    for name in TYPES:
        (folder / name).write_text(f"content of {name}")
    (folder / "index.html").write_text("home")
    (folder / "inner" / "index.html").write_text("inner")
    (folder / "ü b.txt").write_text("spaced")
    (tmp_path / "secret.txt").write_text("secret")
    with serving(folder) as url:
        yield folder, url


def fetch(url: str, **headers: str) -> Any:
    """The answer, whatever its status."""
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)
    except urllib.error.HTTPError as error:
        return error


@pytest.mark.parametrize(("name", "kind"), TYPES.items())
def test_every_type_is_the_right_one(served: tuple[Path, str], name: str, kind: str) -> None:
    with fetch(served[1] + name) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Encoding"] is None
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.read().decode() == f"content of {name}"


def test_a_good_copy_is_not_sent_again(served: tuple[Path, str]) -> None:
    folder, url = served
    first = fetch(url + "a.js")
    tag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"other", W/{tag}'}, {"If-Modified-Since": modified}):
        answer = fetch(url + "a.js", **headers)
        assert answer.status == 304
        assert answer.read() == b""
        assert answer.headers["Cache-Control"] == "no-cache"
    (folder / "a.js").write_text("changed")
    assert fetch(url + "a.js", **{"If-None-Match": tag}).read() == b"changed"
    assert fetch(url + "a.js", **{"If-Modified-Since": "yesterday"}).status == 200


def test_text_is_compressed_for_who_can_read_it(served: tuple[Path, str]) -> None:
    folder, url = served
    for name in TYPES:
        answer, plain = fetch(url + name, **{"Accept-Encoding": "br, gzip"}), fetch(url + name)
        text = name.endswith((".html", ".js", ".mjs", ".css", ".json", ".svg", ".txt", ".md", ".csv", ".ipynb"))
        assert answer.headers["Content-Encoding"] == ("gzip" if text else None), name
        assert answer.headers["Vary"] == plain.headers["Vary"] == ("Accept-Encoding" if text else None)
        body = answer.read()
        assert answer.headers["Content-Length"] == str(len(body))
        assert (gzip.decompress(body) if text else body) == plain.read() == f"content of {name}".encode()
        assert (answer.headers["ETag"] != plain.headers["ETag"]) == text, "two bodies, two tags"
    tag = fetch(url + "a.js", **{"Accept-Encoding": "gzip"}).headers["ETag"]
    assert fetch(url + "a.js", **{"Accept-Encoding": "gzip", "If-None-Match": tag}).status == 304
    assert fetch(url + "a.js", **{"If-None-Match": tag}).status == 200
    (folder / "a.js").write_text("changed")
    assert gzip.decompress(fetch(url + "a.js", **{"Accept-Encoding": "gzip"}).read()) == b"changed", "no stale copy is kept"


def test_an_edit_within_the_same_second_is_seen(served: tuple[Path, str]) -> None:
    folder, url = served
    tag = fetch(url + "a.js").headers["ETag"]
    (folder / "a.js").write_text("content of b.js")
    answer = fetch(url + "a.js", **{"If-None-Match": tag, "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"})
    assert answer.read() == b"content of b.js", "the tag counts, not the date"


def test_folders_show_their_page_or_nothing(served: tuple[Path, str]) -> None:
    _, url = served
    assert fetch(url).read() == b"home"
    assert fetch(url + "inner/").read() == b"inner"
    assert fetch(url + "inner").read() == b"inner", "after a redirect"
    assert fetch(url + "index.html?rank=3&seed=7").read() == b"home"
    assert fetch(url + "empty/").status == 404
    assert fetch(url + "%C3%BC%20b.txt").read() == b"spaced"


def test_a_missing_page_gets_the_sites_own_words(served: tuple[Path, str]) -> None:
    folder, url = served
    assert fetch(url + "missing").status == 404
    (folder / "404.html").write_text("the site's own")
    answer = fetch(url + "missing")
    assert (answer.status, answer.read()) == (404, b"the site's own")


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/inner/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%00", "//etc/passwd"]
)
def test_nothing_outside_the_folder_is_served(served: tuple[Path, str], path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(served[1].rstrip("/").rpartition(":")[2]), timeout=10)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"secret" not in answer.read().replace(b"/secret.txt", b"")


def test_head_and_other_methods(served: tuple[Path, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(served[1].rstrip("/").rpartition(":")[2]), timeout=10)
    for _ in range(2):  # on one connection, so that the first answer's length was right
        connection.request("HEAD", "/a.js")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "15", b"")
    connection.request("POST", "/a.js", b"x")
    assert connection.getresponse().status == 501


def test_many_readers_at_once(served: tuple[Path, str]) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda index: fetch(served[1] + "a.js").read(), range(200)))
    assert set(answers) == {b"content of a.js"}


def test_only_this_machine_can_connect(served: tuple[Path, str]) -> None:
    port = int(served[1].rstrip("/").rpartition(":")[2])
    addresses = {entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)} - {"127.0.0.1"}
    for address in addresses:
        if not str(address).startswith("127."):
            with pytest.raises(OSError, match=r"refused|timed out"):
                socket.create_connection((str(address), port), 1)
    listening = Path("/proc/net/tcp")
    if listening.exists():
        wildcard = f"00000000:{port:04X}"
        assert not any(line.split()[1] == wildcard for line in listening.read_text().splitlines()[1:])


class Serving:
    """`build.py serve` in a process of its own."""

    def __init__(self, project: Project, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            project.command("serve", *arguments),
            env={**project.environment(), **environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []

    def address(self) -> str:
        """The URL that it prints."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                return found[0]
        raise AssertionError(f"no address: {self.lines} {self.process.communicate()[1]}")

    def stop(self) -> tuple[str, str]:
        """Press Ctrl-C; what it said since."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=20)


def test_serve_builds_first_and_stops_cleanly(project: Project) -> None:
    serving_ = Serving(project, "--port", "0")
    url = serving_.address()
    assert fetch(url + "generated/manifest.json").status == 200
    assert fetch(url).status == 200
    assert fetch(url + "missing").status == 404
    said, complained = serving_.stop()
    assert serving_.process.returncode == 0
    assert said.strip() == "Stopped."
    assert [line for line in complained.splitlines() if not line.startswith("Fetching")] == ["404 /missing"]


def test_a_port_in_use_gives_the_next_free_one(project: Project) -> None:
    project.run()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        serving_ = Serving(project, PORT=str(port))
        url = serving_.address()
        assert int(url.rstrip("/").rpartition(":")[2]) > port
        assert any(f"Port {port} is in use; using" in line for line in serving_.lines)
        _, complained = serving_.stop()
        assert complained == ""


def test_two_servers_of_one_project(project: Project) -> None:
    project.run()
    first = Serving(project, "--port", "0")
    port = first.address().rstrip("/").rpartition(":")[2]
    second = Serving(project, "--port", port)
    assert second.address().rstrip("/").rpartition(":")[2] != port
    first.stop()
    second.stop()
    assert (first.process.returncode, second.process.returncode) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["--port", "70000"], {}), (["--port", "http"], {}), ([], {"PORT": "-1"})]
)
def test_a_port_that_is_none(project: Project, arguments: list[str], environment: dict[str, str]) -> None:
    answer = project.run("serve", *arguments, env={**project.environment(), **environment})
    assert answer.returncode == 2
    assert "a port is a whole number from 0 to 65535" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_no_free_port_is_one_sentence(tmp_path: Path) -> None:
    from builder.errors import BuildError

    with socket.create_server(("127.0.0.1", 65535)), pytest.raises(BuildError, match="No port from 65535 to 65535 is free"):
        open_server(tmp_path, 65535)


def test_a_failed_build_is_not_served(cut_off: Project) -> None:
    answer = cut_off.run("serve", "--port", "0")
    assert answer.returncode == 2
    assert "Serving" not in answer.stdout


def test_a_reader_who_leaves_early_leaves_no_traceback(project: Project) -> None:
    (project.root / "osft-web" / "large.bin").write_bytes(os.urandom(20_000_000))
    serving_ = Serving(project, "--port", "0")
    port = int(serving_.address().rstrip("/").rpartition(":")[2])
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as leaver:
            leaver.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            leaver.recv(1000)
            leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    time.sleep(0.2)
    _, complained = serving_.stop()
    assert "Traceback" not in complained
