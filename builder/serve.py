"""A small static server for the site: right MIME types, no stale modules, this machine only.

Called by builder/cli.py (`serve`) and by the tests. Any other static server does as well; this one
also sends text compressed, as hosts on the network do, answers with 304 where a copy is still good, and keeps quiet
unless something is missing.
"""

from __future__ import annotations

import contextlib
import email.utils
import errno
import functools
import gzip
import http.server
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from builder.errors import BuildError

LOOPBACK = "127.0.0.1"
PORTS_TO_TRY = 100

MIME_TYPES = {
    "": "application/octet-stream",
    ".bin": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".gz": "application/gzip",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".ipynb": "application/x-ipynb+json",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".npz": "application/zip",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".whl": "application/zip",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
COMPRESSED = frozenset({".css", ".csv", ".html", ".ipynb", ".js", ".json", ".md", ".mjs", ".svg", ".txt", ".xml"})


@functools.lru_cache(maxsize=512)
def compressed(path: Path, _changed: int) -> bytes:
    """The file's bytes with gzip, kept until it changes."""
    return gzip.compress(path.read_bytes(), 6, mtime=0)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files of one folder. Never lists a folder, always asks to revalidate."""

    protocol_version = "HTTP/1.1"
    server_version = "osft-web"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True  # else each small file waits 40 ms for the browser to confirm its headers
    before_document: Callable[[], None] | None = None
    quiet = False

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """The MIME type by the last suffix; the system's own table is not asked, it is often wrong."""
        return MIME_TYPES.get(os.path.splitext(os.fspath(path))[1].lower(), MIME_TYPES[""])

    def end_headers(self) -> None:
        """Every answer may be kept, and must be asked about before it is used again."""
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def send_head(self) -> Any:
        """The headers of a file, or 304 if the copy the browser has is this one."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            if not self.path.partition("?")[0].endswith("/"):
                return super().send_head()
            path /= "index.html"
        if self.before_document is not None and path.suffix == ".html":
            self.before_document()
        try:
            stream = path.open("rb")
        except (OSError, ValueError):
            return self._not_found()
        try:
            return self._answer(path, stream)
        except BaseException:
            stream.close()
            raise

    def _answer(self, path: Path, stream: BinaryIO) -> BinaryIO | None:
        facts = os.fstat(stream.fileno())
        text = path.suffix.lower() in COMPRESSED
        encoded = text and "gzip" in self.headers.get("Accept-Encoding", "")
        tag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}{"-gzip" if encoded else ""}"'
        fresh = self._is_fresh(tag, facts.st_mtime)
        self.send_response(HTTPStatus.NOT_MODIFIED if fresh else HTTPStatus.OK)
        if text:
            self.send_header("Vary", "Accept-Encoding")
        if not fresh:
            size = facts.st_size
            if encoded:
                stream.close()
                stream = io.BytesIO(body := compressed(path, facts.st_mtime_ns))
                size = len(body)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", self.guess_type(path))
            self.send_header("Content-Length", str(size))
        self.send_header("Last-Modified", self.date_time_string(int(facts.st_mtime)))
        self.send_header("ETag", tag)
        self.end_headers()
        if fresh:
            stream.close()
            return None
        return stream

    def _is_fresh(self, tag: str, modified: float) -> bool:
        if known := self.headers.get("If-None-Match"):
            return known.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in known.split(","))
        if since := self.headers.get("If-Modified-Since"):
            try:
                return int(modified) <= email.utils.parsedate_to_datetime(since).timestamp()
            except (TypeError, ValueError, OverflowError):
                return False
        return False

    def _not_found(self) -> BinaryIO | None:
        page = Path(self.directory) / "404.html"
        if not page.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.log_error("%d", HTTPStatus.NOT_FOUND)
        stream = page.open("rb")
        self.send_response(HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", MIME_TYPES[".html"])
        self.send_header("Content-Length", str(os.fstat(stream.fileno()).st_size))
        self.end_headers()
        return stream

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing for a file that was served."""

    def log_error(self, format: str, *args: Any) -> None:
        """The path belongs to the message: the class above leaves it out."""
        self.log_message("%s", f"{args[0] if args else format} {getattr(self, 'path', '')}".strip())

    def log_message(self, format: str, *args: Any) -> None:
        """One line for what went wrong."""
        if not self.quiet:
            sys.stderr.write(f"{format % args}\n")


class Server(http.server.ThreadingHTTPServer):
    """A server whose readers may leave at any time without a traceback."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def open_server(
    folder: Path, port: int, *, before_document: Callable[[], None] | None = None, quiet: bool = False
) -> tuple[Server, int]:
    """A server on this port, or on the next free one; the server and its port. Port 0 is any free one."""
    settings = {"before_document": staticmethod(before_document) if before_document else None, "quiet": quiet}
    handler = functools.partial(type("SiteHandler", (Handler,), settings), directory=str(folder))

    for candidate in range(port, min(port + PORTS_TO_TRY, 65536)):
        try:
            server = Server((LOOPBACK, candidate), handler)
        except PermissionError:
            raise BuildError(f"Port {candidate} needs administrator rights; choose one above 1023.") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise BuildError(f"Port {candidate} cannot be opened: {error.strerror}.") from error
            continue
        return server, int(server.server_address[1])
    raise BuildError(f"No port from {port} to {min(port + PORTS_TO_TRY, 65536) - 1} is free; choose another with --port.")


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder in the background, on a free port; yields the URL. For tests and benchmarks."""
    server, port = open_server(folder, 0, quiet=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
