"""Progress in bytes: a bar on a terminal, a few plain lines in a log; also of programs that download.

Used by builder/sources.py while files are fetched. Safe to call from several threads.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

BAR_CELLS = 28
REDRAW_SECONDS = 0.1
LINES_IN_A_LOG = 4


def megabytes(count: int) -> str:
    """A byte count as a person reads it: `0.02 MB`, `12.3 MB`."""
    return f"{count / 1e6:.2f} MB" if count < 1e6 else f"{count / 1e6:.1f} MB"


class Progress:
    """A count of bytes towards a known total, drawn as it grows."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self.label = label
        self.total = max(total, 1)
        self.done = 0
        self._stream = stream or sys.stderr
        self._bar = self._stream.isatty()
        self._lock = threading.Lock()
        self._drawn_at = 0.0
        self._next_line = 1
        if not self._bar:
            self._write(f"{label}: {megabytes(total)}\n")

    def add(self, count: int) -> None:
        """`count` more bytes have come; a negative count takes back a failed attempt."""
        with self._lock:
            self._move(self.done + count)

    def set(self, done: int) -> None:
        """`done` bytes have come in all."""
        with self._lock:
            self._move(done)

    def close(self) -> None:
        """End the line."""
        with self._lock:
            if self._bar:
                self._draw()
                self._write("\n")

    def _move(self, done: int) -> None:
        self.done = min(max(done, 0), self.total)
        if self._bar:
            if time.monotonic() - self._drawn_at >= REDRAW_SECONDS:
                self._draw()
        elif self.done * LINES_IN_A_LOG >= self._next_line * self.total:
            self._next_line = self.done * LINES_IN_A_LOG // self.total + 1
            self._write(f"{self.label}: {megabytes(self.done)} of {megabytes(self.total)}\n")

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        filled = BAR_CELLS * self.done // self.total
        bar = "█" * filled + "░" * (BAR_CELLS - filled)
        counts = f"{self.done / 1e6:.1f} of {megabytes(self.total)}"
        self._write(f"\r{self.label} {bar} {counts}\x1b[K")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # a terminal without block characters
            self._stream.write(text.replace("█", "#").replace("░", "."))
        self._stream.flush()


def run_watched(command: list[str], folder: Path, progress: Progress) -> str:
    """Run a download program with its temporary files in `folder`, showing how they grow; its last words."""
    scratch = folder / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch), "npm_config_cache": str(scratch / "npm")}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    )
    words: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: words.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            progress.set(_bytes_under(folder))
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        progress.close()
    reader.join(1)
    shutil.rmtree(scratch, ignore_errors=True)
    said = [line.strip() for line in words if line.strip()]
    return (said[-1] if said else f"exit status {process.returncode}").removeprefix("ERROR: ")


def _bytes_under(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # it has just been moved
            continue
    return total
