"""The Python end of the protocol: JSON scalars in, one float64 arena and a short header out.

Called by osft-web/kernel/worker.js, which holds these functions for the whole visit. Nothing
outside `explorer.surface.SURFACE` can be reached, and no exception ever crosses to JavaScript.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import numpy as np

from explorer.declare import Array, InvalidParameter
from explorer.surface import SURFACE

TEXT_LIMIT = 10_000
"""Characters of printed text that one stream may send; what follows is counted and dropped."""
TEXT_INTERVAL = 0.05
"""Seconds between two text messages, so that a loop of prints cannot flood the page."""
LARGEST_INTEGER = 2**53
"""Every integer up to this one is exact in a float64, and so in the arena."""

Answer = Mapping[str, Any]
Listener = Callable[[int, str], object]


def invoke(name: str, arguments: str) -> str:
    """Call one function of the surface and put its answer into the arena.

    Returns the header as JSON, or "" when it is the one sent last for this name and page.
    A generator is run to its end, and its last answer is the answer.
    """
    page = ""
    try:
        keywords = json.loads(arguments)
        page = str(keywords.get("page", ""))
        *_, (answer, _) = _steps(_function(name)(**keywords))
        return _encode((name, page), answer)
    except BaseException as error:
        return _failure((name, page), error)


def begin(name: str, arguments: str) -> int:
    """Prepare a generator of the surface; what it raises is told by the first `advance`."""
    handle = next(_numbers)
    page = ""
    try:
        keywords = json.loads(arguments)
        page = str(keywords.get("page", ""))
        steps = _steps(_function(name)(**keywords))
    except BaseException as error:
        steps = _raising(error)
    _streams[handle] = _Stream(name, page, steps, _Printed(handle))
    return handle


def advance(handle: int) -> str:
    """Take one step of a generator; the header with `done` closes the handle."""
    stream = _streams.get(handle)
    if stream is None:
        return _failure(("", ""), LookupError(f"There is no running stream {handle}."))
    key = (f"{stream.name} step", stream.page)
    try:
        with contextlib.redirect_stdout(stream.printed), contextlib.redirect_stderr(stream.printed):
            try:
                answer, done = next(stream.steps)
            finally:
                stream.printed.send()
                _keep_importing()
        if done:
            drop(handle)
        return _encode(key, answer, done=done)
    except BaseException as error:
        drop(handle)
        return _failure(key, error)


def drop(handle: int) -> None:
    """Close a generator. An unknown or finished handle is no error."""
    stream = _streams.pop(handle, None)
    if stream is not None:
        with contextlib.suppress(BaseException):
            stream.steps.close()


def arena_address() -> int:
    """The address of the arena in linear memory, in bytes; it changes when the arena grows."""
    return int(_arena.values.__array_interface__["data"][0])


def last_length() -> int:
    """How many float64 numbers of the arena the last answer fills."""
    return _arena.length


def listen(listener: Listener) -> None:
    """Say who receives printed text, as (handle, text), while a stream runs."""
    _arena.listener = listener


class _Arena:
    """Where answers are written. Plain classes here: each dataclass would add to the start."""

    def __init__(self) -> None:
        self.values: Array = np.zeros(4096)
        self.length = 0
        self.sent: dict[tuple[str, str], object] = {}
        self.listener: Listener = lambda handle, text: None

    def reserve(self, length: int) -> None:
        if length > self.values.size:
            self.values = np.zeros(max(length, 2 * self.values.size))
        self.length = length


class _Printed(io.TextIOBase):
    """Standard output of one stream: sent in few messages, and no more than `TEXT_LIMIT`."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.left = TEXT_LIMIT
        self.waiting: list[str] = []
        self.sent_at = 0.0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.left > 0:
            self.waiting.append(text[: self.left])
            self.left -= len(text)
            if self.left <= 0:
                self.waiting.append(f"\n[only the first {TEXT_LIMIT} characters are shown]\n")
            if time.monotonic() - self.sent_at > TEXT_INTERVAL:
                self.send()
        return len(text)

    def send(self) -> None:
        if self.waiting:
            text = "".join(self.waiting)
            self.waiting.clear()
            _arena.listener(self.handle, text)
        self.sent_at = time.monotonic()


Steps = Generator[tuple[Any, bool], None, None]


class _Stream:
    def __init__(self, name: str, page: str, steps: Steps, printed: _Printed) -> None:
        self.name = name
        self.page = page
        self.steps = steps
        self.printed = printed


_arena = _Arena()
_streams: dict[int, _Stream] = {}
_numbers: Iterator[int] = itertools.count(1)


def _function(name: str) -> Callable[..., Any]:
    function = SURFACE.get(name)
    if function is None:
        raise _UnknownNameError(f"There is no function {name!r} to call; there are {', '.join(sorted(SURFACE))}.")
    return function


class _UnknownNameError(LookupError):
    pass


def _steps(answer: Any) -> Steps:
    """Every step with `done` false, then the returned answer (or else the last step) with true."""
    if not isinstance(answer, Generator):
        yield answer, True
        return
    last: Any = {}
    try:
        while True:
            try:
                last = next(answer)
            except StopIteration as end:
                yield (last if end.value is None else end.value), True
                return
            yield last, False
    finally:
        answer.close()


def _raising(error: BaseException) -> Steps:
    raise error
    yield


def _encode(key: tuple[str, str], answer: Any, *, done: bool = True) -> str:
    if isinstance(answer, str):
        answer = {"text": answer}
    elif not isinstance(answer, Mapping):
        answer = {"value": answer}
    fields: list[tuple[str, str, tuple[int, ...], int]] = []
    texts: dict[str, str] = {}
    parts: list[tuple[int, int, Any]] = []
    offset = 0
    for name, value in answer.items():
        kind, shape, length, part = _part(name, value)
        fields.append((name, kind, shape, offset))
        if kind == "t":
            texts[name] = part
        else:
            parts.append((offset, offset + length, part))
        offset += length
    _arena.reserve(offset)
    values = _arena.values
    for start, stop, part in parts:
        values[start:stop] = part
    signature = (fields, texts, done)
    if _arena.sent.get(key) == signature:
        return ""
    _arena.sent[key] = signature
    return json.dumps({"fields": fields, "texts": texts, "length": offset, "done": done})


def _part(name: str, value: Any) -> tuple[str, tuple[int, ...], int, Any]:
    """One output as (kind, shape, how many numbers, what to write)."""
    if isinstance(value, (bool, np.bool_)):
        return "b", (), 1, float(value)
    if isinstance(value, (int, np.integer)):
        if abs(int(value)) > LARGEST_INTEGER:
            raise OverflowError(f"The output {name} = {value} is too large to be carried exactly.")
        return "i", (), 1, float(value)
    if isinstance(value, (float, np.floating)):
        return "f", (), 1, float(value)
    if isinstance(value, str):
        return "t", (), 0, value
    if isinstance(value, (bytes, bytearray)):
        padded = bytes(value) + bytes(-len(value) % 8)
        return "y", (len(value),), len(padded) // 8, np.frombuffer(padded)
    if isinstance(value, (np.ndarray, list, tuple)):
        numbers = np.asarray(value, dtype=np.float64)
        return "a", numbers.shape, numbers.size, numbers.reshape(-1)
    raise TypeError(f"The output {name} is a {type(value).__name__}, which cannot be carried.")


def _failure(key: tuple[str, str], error: BaseException) -> str:
    """The header of an error. The next answer of this name must send its header again."""
    _arena.sent.pop(key, None)
    _arena.length = 0
    message = str(error) or type(error).__name__
    concerned = ""
    if isinstance(error, InvalidParameter):
        code, concerned = "OSFT-E30", error.field
    elif isinstance(error, _UnknownNameError):
        code = "OSFT-E26"
    elif isinstance(error, MemoryError):
        code = "OSFT-E25"
    elif isinstance(error, ModuleNotFoundError) and _is_library(error.name):
        code = "OSFT-E13"
    else:
        code, message = "OSFT-E31", f"{type(error).__name__}: {message}"
    details = {"code": code, "message": message, "field": concerned, "traceback": _traceback(error)}
    return json.dumps({"error": details})


_importers: list[tuple[list[Any], list[Any]]] = [
    (current, list(current)) for current in (sys.path, sys.meta_path, sys.path_hooks)
]


def _keep_importing() -> None:
    """Put back what readers' code may have taken out of the ways to import; what was added stays."""
    for current, original in _importers:
        if any(entry not in current for entry in original):
            current[:] = [*original, *(entry for entry in current if entry not in original)]


def _is_library(name: str | None) -> bool:
    """Whether a module that was not found belongs to what the quick start leaves for later."""
    top = (name or "").partition(".")[0]
    return top in sys.stdlib_module_names or top == "numpy"


def _traceback(error: BaseException) -> str:
    """The traceback from the first frame below this file, without its own frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace, limit=-20)
    return "".join(lines)[-TEXT_LIMIT:]
