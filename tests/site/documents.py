"""The site's HTML documents as trees of elements, for tests that read them without a browser."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

SITE = Path(__file__).resolve().parents[2] / "osft-web"
DOCUMENTS = sorted(path.name for path in SITE.glob("*.html"))
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "mspace"}


@dataclass
class Element:
    """A tag with its attributes and what it holds: elements and texts, in order."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    content: list[Element | str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> set[str]:
        """The words of its class attribute."""
        return set(self["class"].split())

    @property
    def text(self) -> str:
        """All text below it."""
        return "".join(each if isinstance(each, str) else each.text for each in self.content)

    def all(self, *tags: str) -> Iterator[Element]:
        """The elements below it, in order; of these tags if any are named."""
        for each in self.content:
            if isinstance(each, Element):
                if not tags or each.tag in tags:
                    yield each
                yield from each.all(*tags)

    def inside(self, tag: str, class_name: str = "") -> Element | None:
        """The nearest element around it of that tag and class."""
        around = self.parent
        while around is not None and not (around.tag == tag and (not class_name or class_name in around.classes)):
            around = around.parent
        return around

    def find(self, identifier: str) -> Element:
        """The element below it with that id."""
        return next(each for each in self.all() if each["id"] == identifier)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.open = Element("#document", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.content.append(element)
        if tag not in VOID:
            self.open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # An element of SVG or MathML that is closed in its own tag.
        self.open.content.append(Element(tag, {name: value or "" for name, value in attrs}, self.open))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.tag == tag, f"</{tag}> where </{self.open.tag}> was due, line {self.getpos()[0]}."
        assert self.open.parent is not None
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.content.append(data)


@functools.cache
def document(name: str) -> Element:
    """A document of the site by its file name."""
    builder = _Builder()
    builder.feed((SITE / name).read_text(encoding="utf-8"))
    builder.close()
    assert builder.open is builder.root, f"<{builder.open.tag}> is never closed in {name}."
    return builder.root


@functools.cache
def data(name: str) -> Any:
    """A file of the site's data by its name without `.json`; None if there is none."""
    path = SITE / "data" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
