"""A web server that can be made to misbehave, one file or all of it, while a page is open.

Used by tests/faults/conftest.py. It speaks HTTP/1.0, a connection a request, so that a stopped server
answers nothing, and it sends the rest of a file when asked for it, as real hosts do.
"""

from __future__ import annotations

import contextlib
import http.server
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from builder.serve import MIME_TYPES


@dataclass(frozen=True)
class Fault:
    """What happens to a file: `times` requests of it are spoiled, the rest served well."""

    act: Callable[[Handler, bytes], None]
    times: int


class Saboteur:
    """Serves `folder` below `prefix`; faults are set by the end of a path, and lifted by `heal`."""

    def __init__(self, folder: Path, *, prefix: str = "/", cache_control: str = "no-cache") -> None:
        self.folder, self.prefix, self.cache_control = folder, prefix, cache_control
        self.headers: dict[str, str] = {}
        self.faults: dict[str, Fault] = {}
        self.asked: list[str] = []
        self.released = threading.Event()
        self.bytes_per_second: float | None = None
        """What all answers share; a slow line, because a browser's own emulation of one may leave requests unanswered."""
        self.line = threading.Lock()
        self._server: http.server.ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        """The site's address, with a final slash."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def start(self) -> None:
        """Answer, at the address of before if there was one."""
        port = getattr(self, "port", 0)
        handler = type("SaboteurHandler", (Handler,), {"saboteur": self})
        self._server = Server(("127.0.0.1", port), handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Answer nothing any more: connections are refused."""
        self.released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def heal(self) -> None:
        """Lift every fault and let go what was held up."""
        self.faults.clear()
        self.released.set()
        self.released = threading.Event()

    def missing(self, name: str, times: int = 1000) -> None:
        """404, with the site's own page for it."""
        self.faults[name] = Fault(
            lambda handler, _: handler.plain(HTTPStatus.NOT_FOUND, "text/html", b"<h1>Not here</h1>"), times
        )

    def refused(self, name: str) -> None:
        """The connection closes without an answer."""
        self.faults[name] = Fault(lambda handler, _: handler.connection.close(), 1000)

    def damaged(self, name: str, times: int = 1000) -> None:
        """One bit in the middle is another."""

        def act(handler: Handler, content: bytes) -> None:
            middle = len(content) // 2
            spoiled = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            handler.plain(HTTPStatus.OK, handler.guess_type(name), spoiled)

        self.faults[name] = Fault(act, times)

    def replaced(self, name: str, content: str | bytes, mime: str = "", times: int = 1000) -> None:
        """Other content, perhaps of another type."""
        body = content.encode() if isinstance(content, str) else content
        self.faults[name] = Fault(lambda handler, _: handler.plain(HTTPStatus.OK, mime or handler.guess_type(name), body), times)

    def typed(self, name: str, mime: str) -> None:
        """The right bytes under another MIME type."""
        self.faults[name] = Fault(lambda handler, content: handler.plain(HTTPStatus.OK, mime, content), 1000)

    def cut(self, name: str, at: float = 0.5, times: int = 1000) -> None:
        """The connection closes after a part of the file."""
        self.faults[name] = Fault(lambda handler, content: handler.part(content, int(at * len(content)), None), times)

    def stalled(self, name: str, at: float = 0.5) -> None:
        """A part of the file comes and then nothing, until `heal` or `stop` closes the connection."""
        self.faults[name] = Fault(lambda handler, content: handler.part(content, int(at * len(content)), self.released), 1000)

    def held(self, name: str, after: int) -> None:
        """So many requests are answered; those after get nothing until `heal` or `stop`, and then the connection's end."""
        count = itertools.count()

        def act(handler: Handler, content: bytes) -> None:
            if next(count) < after:
                handler.plain(HTTPStatus.OK, handler.guess_type(name), content)
            else:
                self.released.wait()

        self.faults[name] = Fault(act, 1000)

    def fault_of(self, path: str) -> Fault | None:
        """What is wrong with this path now; counts it down."""
        name = next((name for name in self.faults if path.endswith(name)), None)
        if name is None:
            return None
        fault = self.faults.pop(name)
        if fault.times > 1:
            self.faults[name] = Fault(fault.act, fault.times - 1)
        return fault


class Server(http.server.ThreadingHTTPServer):
    """Browsers hang up at any time."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error of the test."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One answer: a file of the site, whole or sabotaged."""

    saboteur: Saboteur

    def do_GET(self) -> None:
        """Serve or spoil."""
        path = self.path.partition("?")[0]
        self.saboteur.asked.append(self.path)
        if not path.startswith(self.saboteur.prefix):
            self.plain(HTTPStatus.NOT_FOUND, "text/html", b"")
            return
        relative = path[len(self.saboteur.prefix) :] or "index.html"
        fault = self.saboteur.fault_of("/" + relative)
        file = self.saboteur.folder / relative
        content = file.read_bytes() if file.is_file() and ".." not in relative else None
        if fault is not None:
            fault.act(self, content or b"")
        elif content is None:
            self.plain(HTTPStatus.NOT_FOUND, "text/html", b"<h1>Not here</h1>")
        else:
            self.whole(content, self.guess_type(relative), str(file.stat().st_mtime_ns))

    def guess_type(self, name: str) -> str:
        """By the suffix, as a good host has it."""
        return MIME_TYPES.get(Path(name).suffix, MIME_TYPES[""])

    def begin(self, status: HTTPStatus, mime: str, length: int, **more: str) -> None:
        """Status and headers."""
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(length))
        for name, value in {**more, **self.saboteur.headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def whole(self, content: bytes, mime: str, tag: str) -> None:
        """A good answer: 304, the rest that was asked for, or everything."""
        facts = {"Cache_Control": self.saboteur.cache_control, "ETag": f'"{tag}"'}
        if self.headers.get("If-None-Match") == facts["ETag"]:
            self.begin(HTTPStatus.NOT_MODIFIED, mime, 0, **facts)
            return
        start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if start and self.headers.get("If-Range") == facts["ETag"]:
            first, size = int(start[1]), len(content)
            self.begin(HTTPStatus.PARTIAL_CONTENT, mime, size - first, Content_Range=f"bytes {first}-{size - 1}/{size}", **facts)
            self.send(content[first:])
            return
        self.begin(HTTPStatus.OK, mime, len(content), **facts)
        self.send(content)

    def send(self, content: bytes) -> None:
        """The body, on a slow line a fiftieth of a second after the other, in turn with the other answers."""
        while content and (speed := self.saboteur.bytes_per_second):
            first = int(speed / 50)
            with self.saboteur.line:
                self.wfile.write(content[:first])
                time.sleep(len(content[:first]) / speed)
            content = content[first:]
        self.wfile.write(content)

    def plain(self, status: HTTPStatus, mime: str, content: bytes) -> None:
        """An answer that no cache keeps."""
        self.begin(status, mime, len(content), Cache_Control="no-store")
        self.wfile.write(content)

    def part(self, content: bytes, length: int, until: threading.Event | None) -> None:
        """The beginning of the file, and the end of the connection: at once or when the event comes."""
        tag = str((self.saboteur.folder / self.path.partition("?")[0][len(self.saboteur.prefix) :]).stat().st_mtime_ns)
        self.begin(HTTPStatus.OK, self.guess_type(self.path.partition("?")[0]), len(content), ETag=f'"{tag}"')
        self.wfile.write(content[:length])
        self.wfile.flush()
        if until is not None:
            until.wait()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output readable."""


@contextlib.contextmanager
def sabotaged(folder: Path, **settings: Any) -> Iterator[Saboteur]:
    """A saboteur for the length of a test."""
    saboteur = Saboteur(folder, **settings)
    try:
        yield saboteur
    finally:
        saboteur.stop()
