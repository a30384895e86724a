"""The Python end of the protocol, without a browser: headers, the arena, errors, streams, printed text."""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest

from explorer import bridge
from explorer.declare import InvalidParameter

Call = Callable[..., dict[str, Any]]


def arena() -> list[float]:
    """What JavaScript would read: the numbers at the address in memory."""
    pointer = ctypes.cast(bridge.arena_address(), ctypes.POINTER(ctypes.c_double))
    return [pointer[index] for index in range(bridge.last_length())]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Put one function named `answer` in the place of the surface; it gives or raises this."""

    def install(given: Any) -> None:
        def answer(**_: Any) -> Any:
            if isinstance(given, BaseException):
                raise given
            return given() if callable(given) else given

        monkeypatch.setattr(bridge, "SURFACE", {"answer": answer})
        monkeypatch.setattr(bridge, "_arena", bridge._Arena())

    return install


def test_every_kind_of_value_is_carried(answering: Callable[[Any], None]) -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    answering(
        {
            "real": 0.1,
            "count": np.int64(7),
            "flag": np.True_,
            "word": "Grin",
            "matrix": matrix.T,
            "list": [1, 2.5],
            "bytes": b"abcdefghij",
            "endless": np.inf,
        }
    )
    header = json.loads(bridge.invoke("answer", "{}"))
    values = arena()
    assert header["fields"] == [
        ["real", "f", [], 0],
        ["count", "i", [], 1],
        ["flag", "b", [], 2],
        ["word", "t", [], 3],
        ["matrix", "a", [3, 2], 3],
        ["list", "a", [2], 9],
        ["bytes", "y", [10], 11],
        ["endless", "f", [], 13],
    ]
    assert header["texts"] == {"word": "Grin"}
    assert header["length"] == len(values) == 14
    assert values[:3] == [0.1, 7.0, 1.0]
    assert values[3:9] == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    assert values[9:11] == [1.0, 2.5]
    assert np.array(values[11:13]).tobytes()[:10] == b"abcdefghij"
    assert values[13] == float("inf")


def test_the_header_is_sent_again_only_when_it_changed(answering: Callable[[Any], None]) -> None:
    sizes = iter([3, 3, 4, 4, 3])
    answering(lambda: {"x": np.full(next(sizes), 2.0)})
    found = [bridge.invoke("answer", '{"page": "svd"}') for _ in range(5)]
    assert [bool(text) for text in found] == [True, False, True, False, True]


def test_headers_are_kept_by_page(answering: Callable[[Any], None]) -> None:
    answering({"x": 1.0})
    assert bridge.invoke("answer", '{"page": "svd"}')
    assert bridge.invoke("answer", '{"page": "energy"}')
    assert bridge.invoke("answer", '{"page": "svd"}') == ""


def test_a_changed_text_is_a_changed_header(answering: Callable[[Any], None]) -> None:
    words = iter(["Alice", "Alice", "Dinah"])
    answering(lambda: {"who": next(words)})
    found = [bridge.invoke("answer", "{}") for _ in range(3)]
    assert [bool(text) for text in found] == [True, False, True]


def test_the_arena_grows(answering: Callable[[Any], None]) -> None:
    answering({"x": np.arange(100_000.0)})
    bridge.invoke("answer", "{}")
    assert bridge.last_length() == 100_000
    assert arena()[-1] == 99_999.0


@pytest.mark.parametrize(
    ("error", "code", "message", "field"),
    [
        (
            InvalidParameter("rank", "Rank must be from 0 to 6; 7 was given."),
            "OSFT-E30",
            "Rank must be from 0 to 6; 7 was given.",
            "rank",
        ),
        (MemoryError("Unable to allocate 8 EiB"), "OSFT-E25", "Unable to allocate 8 EiB", ""),
        (ValueError("no"), "OSFT-E31", "ValueError: no", ""),
        (ModuleNotFoundError("No module named 'decimal'", name="decimal"), "OSFT-E13", "No module named 'decimal'", ""),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "OSFT-E31", "No module named 'torch'", ""),
        (SystemExit(3), "OSFT-E31", "SystemExit: 3", ""),
        (KeyboardInterrupt(), "OSFT-E31", "KeyboardInterrupt", ""),
    ],
)
def test_no_exception_crosses(
    answering: Callable[[Any], None], error: BaseException, code: str, message: str, field: str
) -> None:
    answering(error)
    details = json.loads(bridge.invoke("answer", "{}"))["error"]
    assert details["code"] == code
    assert message in details["message"]
    assert details["field"] == field
    assert type(error).__name__ in details["traceback"]


def test_after_an_error_the_header_is_sent_again(answering: Callable[[Any], None]) -> None:
    outcomes = iter([1.0, ValueError("no"), 1.0])

    def answer() -> dict[str, float]:
        outcome = next(outcomes)
        if isinstance(outcome, ValueError):
            raise outcome
        return {"x": outcome}

    answering(answer)
    assert [bool(bridge.invoke("answer", "{}")) for _ in range(3)] == [True, True, True]


@pytest.mark.parametrize("name", ["nonsense", "", "__class__", "explorer.surface", "compute "])
def test_only_the_surface_can_be_called(name: str) -> None:
    assert json.loads(bridge.invoke(name, "{}"))["error"]["code"] == "OSFT-E26"


@pytest.mark.parametrize("arguments", ["", "[]", "null", "{", '{"page": {}}', '{"nonsense": 1}'])
def test_arguments_of_another_shape_are_an_error(arguments: str) -> None:
    assert "error" in json.loads(bridge.invoke("compute", arguments))


@pytest.mark.parametrize("value", [2**53 + 1, object(), None, {"a": 1}, 1j])
def test_what_cannot_be_carried_is_an_error(answering: Callable[[Any], None], value: Any) -> None:
    answering({"x": value})
    message = json.loads(bridge.invoke("answer", "{}"))["error"]["message"]
    assert "The output x" in message


def counting() -> Generator[dict[str, float], None, dict[str, float]]:
    for index in range(3):
        print("step", index)
        yield {"step": float(index)}
    return {"total": 3.0}


def steps(handle: int) -> list[dict[str, Any]]:
    """All headers of a stream, the ones left out filled in."""
    found: list[dict[str, Any]] = []
    while not found or not (found[-1].get("done", True)):
        text = bridge.advance(handle)
        found.append(json.loads(text) if text else found[-1])
    return found


def test_a_stream_gives_its_steps_and_then_its_answer(answering: Callable[[Any], None]) -> None:
    answering(counting)
    heard: list[tuple[int, str]] = []
    bridge.listen(lambda handle, text: heard.append((handle, text)))
    handle = bridge.begin("answer", "{}")
    found = steps(handle)
    assert [header["fields"][0][0] for header in found] == ["step", "step", "step", "total"]
    assert [header["done"] for header in found] == [False, False, False, True]
    assert {heard_handle for heard_handle, _ in heard} == {handle}
    assert "".join(text for _, text in heard) == "step 0\nstep 1\nstep 2\n"
    assert "error" in json.loads(bridge.advance(handle))


def test_two_streams_do_not_mix(answering: Callable[[Any], None]) -> None:
    answering(counting)
    first, second = bridge.begin("answer", "{}"), bridge.begin("answer", "{}")
    bridge.advance(first)
    bridge.advance(first)
    assert arena() == [1.0]
    bridge.advance(second)
    assert arena() == [0.0]
    bridge.drop(first)
    assert "error" in json.loads(bridge.advance(first))
    bridge.advance(second)
    assert arena() == [1.0]
    bridge.drop(second)
    bridge.drop(second)


def test_a_dropped_stream_is_closed(answering: Callable[[Any], None]) -> None:
    closed: list[bool] = []

    def endless() -> Generator[dict[str, float], None, None]:
        try:
            while True:
                yield {"x": 1.0}
        finally:
            closed.append(True)

    answering(endless)
    handle = bridge.begin("answer", "{}")
    bridge.advance(handle)
    bridge.drop(handle)
    assert closed == [True]


def test_a_stream_that_cannot_begin_says_so_at_its_first_step() -> None:
    assert json.loads(bridge.advance(bridge.begin("nonsense", "{}")))["error"]["code"] == "OSFT-E26"


def test_a_plain_function_is_a_stream_of_one_step(answering: Callable[[Any], None]) -> None:
    answering({"x": 4.0})
    assert steps(bridge.begin("answer", "{}"))[0]["done"] is True
    assert arena() == [4.0]


def test_printing_without_end_is_cut_and_sent_in_few_messages(answering: Callable[[Any], None]) -> None:
    def flood() -> Generator[dict[str, float], None, None]:
        for _ in range(100_000):
            print("Off with her head!")
        yield {}

    answering(flood)
    heard: list[str] = []
    bridge.listen(lambda _, text: heard.append(text))
    handle = bridge.begin("answer", "{}")
    bridge.advance(handle)
    bridge.drop(handle)
    text = "".join(heard)
    assert text.startswith("Off with her head!\n" * 500)
    assert "only the first 10000 characters are shown" in text
    assert len(text) < bridge.TEXT_LIMIT + 100
    assert len(heard) < 100


def test_a_traceback_does_not_show_the_bridge() -> None:
    details = json.loads(bridge.invoke("compute", '{"page": "rotation", "parameters": {"angle": 4000}}'))["error"]
    assert "bridge.py" not in details["traceback"]
    assert details["field"] == "angle"


def test_code_that_empties_the_import_path_harms_nobody(
    answering: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(sys.path)
    monkeypatch.setattr(bridge, "_importers", [(sys.path, before)])

    def vandal() -> Generator[dict[str, float], None, None]:
        sys.path[:] = ["/rabbit-hole"]
        yield {}

    answering(vandal)
    try:
        bridge.advance(bridge.begin("answer", "{}"))
        assert sys.path == [*before, "/rabbit-hole"]
    finally:
        sys.path[:] = before
