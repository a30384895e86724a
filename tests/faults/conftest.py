"""What these tests ask for: `sabotage`, a copy of the site, its server, its browser, and ways to break each.

A test asks it for a page, breaks something, and asserts what the reader sees. What needs no broken site
and no first visit is asked of `reader`, whose Python starts once for a whole file.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from builder.site import Places, build
from tests.faults.saboteur import Saboteur, sabotaged
from tests.site.driver import PATIENCE, Reader, listen, wait_live

ROOT = Path(__file__).resolve().parents[2]

BLOCKED_STORAGE = """
for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
  Object.defineProperty(window, name, {get() { throw new DOMException('blocked', 'SecurityError'); }});
}
"""
FULL_STORAGE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
NO_WEBASSEMBLY = "delete window.WebAssembly;"
NO_SERVICE_WORKER = "delete Navigator.prototype.serviceWorker; delete Navigator.prototype.clipboard;"

SETTLED = 5_000
"""Milliseconds after which a live page looks after its offline copy, and more."""

expect.set_options(timeout=PATIENCE)

# Readers' code for each way in which Python itself fails.
ENDLESS_LOOP = "while True:\n    pass"
FLOOD = "n = 0\nwhile n < 10**6:\n    n += 1\n    print('tea', n)"
OUT_OF_MEMORY = "kept = [np.empty(10**8) for _ in range(20)]"
DEADLY = "import json\njson.loads('[' * 100_000)"


def copy_of(site: Path, target: Path) -> Places:
    """A project around a copy of this site, whole by its manifest."""
    target.mkdir(parents=True)
    shutil.copytree(site, target / "osft-web", ignore=shutil.ignore_patterns("lab"))
    for name in ("py", "builder"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    own = Places.of(ROOT)
    places = Places(target, own.cache, own.lock)
    build(places, print)
    return places


@pytest.fixture(scope="session")
def own_site(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built copy of the site, which nobody edits while the tests run."""
    return copy_of(site_folder, tmp_path_factory.mktemp("site") / "project").site


class Sabotage:
    """A site that can be broken in every way of docs/faults.md."""

    def __init__(self, site: Path, folder: Path, new_context: Callable[..., BrowserContext]) -> None:
        self.site, self.folder = site, folder
        self._new_context = new_context
        self._servers: list[Saboteur] = []
        self._default: Saboteur | None = None
        self._contexts: list[BrowserContext] = []

    # The server.

    @property
    def server(self) -> Saboteur:
        """The server of the site, as `build.py serve` is one: what it sends must be asked about again."""
        if self._default is None:
            self._default = self.another_server()
        return self._default

    def another_server(self, site: Path | None = None, **settings: Any) -> Saboteur:
        """A second server, with other settings or another site."""
        server = Saboteur(site or self.site, **settings)
        self._servers.append(server)
        return server

    def rebuilt(self, **changes: Callable[[str], str]) -> Path:
        """A second build of the site in which some files differ; `__` stands for `/` in a path, `_` at its end for the dot."""
        places = copy_of(self.site, self.folder / f"build{len(list(self.folder.iterdir()))}")
        for name, change in changes.items():
            stem, _, suffix = name.replace("__", "/").rpartition("_")
            file = places.site / f"{stem}.{suffix}"
            before = file.read_text(encoding="utf-8")
            file.write_text(change(before), encoding="utf-8")
            assert file.read_text(encoding="utf-8") != before
        build(places, print)
        return places.site

    # The browser.

    def context(self, *scripts: str, **options: Any) -> BrowserContext:
        """A fresh browser profile in which these scripts run before any page's own."""
        context = self._new_context(**options)
        for script in scripts:
            context.add_init_script(script)
        self._contexts.append(context)
        return context

    def page(self, address: str | None = None, *scripts: str, **options: Any) -> Page:
        """A page in a fresh profile, opened at an address if one is given."""
        page = self.context(*scripts, **options).new_page()
        page.set_default_timeout(PATIENCE)
        if address is not None:
            page.goto(self.url(address))
        return page

    def url(self, address: str) -> str:
        """Where a document is."""
        return self.server.url + address

    def end(self) -> None:
        """Stop what was started: the pages first, so that they miss no server."""
        for context in self._contexts:
            context.close()
        for server in self._servers:
            server.stop()


@pytest.fixture
def sabotage(own_site: Path, tmp_path: Path, new_context: Callable[..., BrowserContext]) -> Iterator[Sabotage]:
    """The site, ready to be broken."""
    made = Sabotage(own_site, tmp_path, new_context)
    yield made
    made.end()


@pytest.fixture(scope="module")
def errors_of_the_reader() -> list[str]:
    """What went wrong on the console of the shared page."""
    return []


@pytest.fixture(scope="module")
def shared_reader(browser: Browser, own_site: Path, errors_of_the_reader: list[str]) -> Iterator[Reader]:
    """One live page of the whole site for a file of tests."""

    with sabotaged(own_site) as server:
        context = browser.new_context(base_url=server.url)
        context.set_default_timeout(PATIENCE)
        listen(context, errors_of_the_reader)
        yield Reader.at_the_first_page(context.new_page())
        context.close()


@pytest.fixture
def reader(shared_reader: Reader, errors_of_the_reader: list[str]) -> Iterator[Reader]:
    """The same for one test; a stray error on its console fails it."""
    errors_of_the_reader.clear()
    yield shared_reader
    assert errors_of_the_reader == []


# What the reader sees.


def notice(page: Page, code: str) -> Locator:
    """The line that says what happened: announced, in words, its code folded away."""
    found = page.locator(f"#notices .notice[data-code='{code}']")
    found.wait_for(timeout=PATIENCE)
    assert found.get_attribute("role") in ("status", "alert")
    line = found.locator(".notice-line")
    assert code not in (line.text_content() or ""), "the code belongs to the folded details"
    assert found.locator("details:not([open]) summary").text_content() == f"Details ({code})"
    return line


def press(line: Locator, label: str) -> None:
    """Press the one button of a line."""
    assert [text for text in line.locator("button").all_text_contents() if text != "×"] == [label]
    line.get_by_role("button", name=label).click()


def is_live(page: Page) -> None:
    """The figure shows what Python has computed in this visit, and nothing is reported any more."""
    wait_live(page)
    expect(page.locator("#notices [role='alert']")).to_have_count(0)


def settle(page: Page) -> None:
    """Let the seconds pass in which a reader whose page is live has the machine to himself: its clock is a test's own."""
    page.clock.fast_forward(SETTLED)


def is_readable(page: Page) -> None:
    """The page is not blank: prose, mathematics, a figure and its numbers are there, and nothing pretends to load."""
    expect(page.locator("article.story")).to_contain_text(re.compile(".{1000}", re.DOTALL))
    expect(page.locator("article.story math").first).to_be_visible()
    page.locator(".stage svg, .stage canvas").first.wait_for()
    page.locator("output[data-value]").first.wait_for()
    expect(page.locator("#python-chip")).not_to_contain_text("…")
