"""Practice in idle time: every page has its turns, and then there is an end of it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from explorer import surface, warming


class Opened:
    """Stands for a page and notes what was computed."""

    def __init__(self, name: str, computed: list[tuple[str, dict[str, Any]]]) -> None:
        self.name, self.computed = name, computed

    def defaults(self) -> dict[str, Any]:
        """As the page declares them."""
        return surface.find(self.name).defaults()

    def compute(self, **parameters: Any) -> dict[str, Any]:
        """The real outputs; svd fails."""
        self.computed.append((self.name, parameters))
        if self.name == "svd":
            raise ArithmeticError("no such thing")
        return surface.find(self.name).compute(**parameters)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What is computed from now on; the turns begin anew."""
    noted: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(warming, "find", lambda name: Opened(name, noted))
    monkeypatch.setattr(warming, "_turns", iter([*surface.PAGES, *surface.PAGES]))
    monkeypatch.setattr(warming, "TURN", 0.0)
    return noted


def test_every_page_has_its_turns_and_a_page_that_fails_holds_up_nobody(computed: list[tuple[str, dict[str, Any]]]) -> None:
    turns = [warming.warm() for _ in range(2 * len(surface.PAGES))]
    assert turns == [True] * len(turns)
    assert [name for name, _ in computed] == [*surface.PAGES, *surface.PAGES]
    assert all(given == surface.find(name).defaults() for name, given in computed)
    assert warming.warm() is False


def test_a_turn_goes_on_with_other_seeds(computed: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch) -> None:
    moments = itertools.count()
    monkeypatch.setattr(warming, "TURN", 4)
    monkeypatch.setattr("explorer.warming.time.perf_counter", lambda: next(moments))
    warming.warm()
    assert len({given["seed"] for _, given in computed}) > 1
