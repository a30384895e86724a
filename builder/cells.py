"""Runs many independent cells over the cores, keeping each result in a file of its own.

Called by precompute_training. A killed run continues where it was: a finished cell is read, not
run. joblib is imported only when something is left to run.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from builder.errors import BuildError

Cell = dict[str, Any]
Result = dict[str, Any]

BAR_CELLS = 28
LINES_IN_A_LOG = 20


def cell_name(cell: Cell) -> str:
    """A file name that is the same for the same cell: a hash of its canonical JSON."""
    text = json.dumps(cell, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def run_cells(
    cells: Sequence[Cell],
    work: Callable[[Cell], Result],
    folder: Path,
    *,
    backend: str = "loky",
    workers: int = -1,
    scheduler: str | None = None,
    stream: TextIO | None = None,
) -> dict[str, Result]:
    """Every cell's result by `cell_name`; those that `folder` holds are not run again.

    `work` must be importable by name in another process, its result JSON. `backend` is any joblib
    backend; `scheduler` is the address of a Dask scheduler, if `backend` is "dask". Raises
    BuildError when joblib or the backend cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {cell_name(cell): cell for cell in cells}
    results: dict[str, Result] = {}
    for name in wanted:
        if (found := _read(folder / f"{name}.json")) is not None:
            results[name] = found
    left = {name: cell for name, cell in wanted.items() if name not in results}
    meter = Meter(len(wanted), len(results), stream or sys.stderr)
    if left:
        for name, result in _run(left, work, backend, workers, scheduler):
            _write(folder / f"{name}.json", result)
            results[name] = result
            meter.add()
    meter.close()
    return results


def named(name: str, cell: Cell, work: Callable[[Cell], Result]) -> tuple[str, Result]:
    """What a worker runs: the result with its cell's name, since results come in any order."""
    return name, work(cell)


def _run(
    left: dict[str, Cell], work: Callable[[Cell], Result], backend: str, workers: int, scheduler: str | None
) -> Iterator[tuple[str, Result]]:
    try:
        import joblib
    except ImportError:
        raise BuildError(
            "precompute needs joblib and scikit-learn's SciPy: python3 -m pip install -e '.[test]'. "
            "Building and serving need neither."
        ) from None
    extra: dict[str, Any] = {"inner_max_num_threads": 1} if backend == "loky" else {}
    if scheduler is not None:
        extra["scheduler_host"] = scheduler
    try:
        with joblib.parallel_config(backend=backend, n_jobs=workers, **extra):
            yield from _drive(joblib, left, work)
    except (ValueError, ImportError, TypeError) as error:
        if left and _is_backend_fault(error):
            hint = " Name its scheduler with --scheduler ADDRESS." if backend == "dask" and scheduler is None else ""
            raise BuildError(f'joblib cannot use the backend "{backend}": {_first_line(error)}{hint}') from error
        raise


def _drive(joblib: Any, left: dict[str, Cell], work: Callable[[Cell], Result]) -> Iterator[tuple[str, Result]]:
    tasks = (joblib.delayed(named)(name, cell, work) for name, cell in left.items())
    try:
        parallel = joblib.Parallel(return_as="generator_unordered")
    except (ValueError, NotImplementedError):
        # A backend that only answers when all is done gets small batches, so that a killed run
        # still loses little.
        yield from _in_batches(joblib, list(tasks))
        return
    yield from parallel(tasks)


def _in_batches(joblib: Any, tasks: list[Any]) -> Iterator[tuple[str, Result]]:
    size = 4 * joblib.effective_n_jobs()
    for start in range(0, len(tasks), size):
        yield from joblib.Parallel()(tasks[start : start + size])


def _is_backend_fault(error: Exception) -> bool:
    text = str(error).lower()
    return any(word in text for word in ("backend", "dask", "client", "scheduler", "ray"))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _read(path: Path) -> Result | None:
    try:
        found: Result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _write(path: Path, result: Result) -> None:
    """In one step, so that a killed run never leaves half a file."""
    partial = path.with_suffix(f".{os.getpid()}.part")
    partial.write_text(json.dumps(result, separators=(",", ":")), encoding="utf-8")
    os.replace(partial, path)


class Meter:
    """Progress in cells with the time left: a bar on a terminal, some plain lines in a log."""

    def __init__(self, total: int, done: int, stream: TextIO) -> None:
        self.total, self.done, self.first = max(total, 1), done, done
        self._stream, self._bar = stream, stream.isatty()
        self._started = time.monotonic()
        self._lines = 0
        if done:
            self._write(f"{done} of {total} runs were finished before; continuing.\n")
        self._draw()

    def add(self) -> None:
        """One more cell is finished."""
        self.done += 1
        self._draw()

    def close(self) -> None:
        """End the line."""
        if self._bar:
            self._write("\n")

    def text(self) -> str:
        """`312 of 900 runs, 1 min 20 s left`."""
        counted = f"{self.done} of {self.total} runs"
        fresh = self.done - self.first
        if self.done >= self.total:
            return f"{counted} in {clock(time.monotonic() - self._started)}"
        if fresh == 0:
            return counted
        rate = (time.monotonic() - self._started) / fresh
        return f"{counted}, {clock(rate * (self.total - self.done))} left"

    def _draw(self) -> None:
        if self._bar:
            filled = BAR_CELLS * self.done // self.total
            self._write(f"\r{'█' * filled}{'░' * (BAR_CELLS - filled)} {self.text()}\x1b[K")
        elif self.done * LINES_IN_A_LOG >= self._lines * self.total:
            self._lines = self.done * LINES_IN_A_LOG // self.total + 1
            self._write(self.text() + "\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # a terminal without block characters
            self._stream.write(text.replace("█", "#").replace("░", "."))
        self._stream.flush()


def clock(seconds: float) -> str:
    """A duration as a person reads it: `40 s`, `3 min 20 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def unique(cells: Iterable[Cell]) -> list[Cell]:
    """The cells without repetition, in order."""
    return list({cell_name(cell): cell for cell in cells}.values())
