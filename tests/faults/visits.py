"""Visits to a site of which a browser keeps a copy. Used by test_offline.py and test_updates.py."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.faults.conftest import is_live, settle
from tests.faults.saboteur import Saboteur

CHECK_NOW = "() => dispatchEvent(new Event('online'))"
"""A tab looks for a new build when it opens, when the network comes back, and once an hour."""
SERVED_BY = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  return {
    mine: window.osft.kernel.build,
    active: registration?.active?.scriptURL.split('build=')[1] ?? null,
    caches: (await caches.keys()).filter((name) => name.startsWith('osft-build')),
  };
}"""


def first_visit(server: Saboteur, context: BrowserContext, address: str = "rotation.html") -> Page:
    """A tab that is live and has kept the whole site."""
    page = context.new_page()
    page.clock.install()
    page.goto(server.url + address)
    is_live(page)
    settle(page)
    expect(page.locator("html")).to_have_attribute("data-offline", "ready")
    return page


def later_visit(server: Saboteur, context: BrowserContext) -> Page:
    """A live tab that a service worker answers."""
    first_visit(server, context).close()
    page = context.new_page()
    page.goto(server.url + "rotation.html")
    is_live(page)
    assert page.evaluate("() => Boolean(navigator.serviceWorker.controller)")
    return page


def two_tabs(server: Saboteur, context: BrowserContext) -> tuple[Page, Page]:
    """A tab that has kept the whole site, and one that was opened after it; both live."""
    one, other = first_visit(server, context), context.new_page()
    other.goto(server.url + "rotation.html?angle=30")
    is_live(other)
    return one, other


def cut_off(server: Saboteur, context: BrowserContext) -> None:
    """No server any more, the browser knows that there is no network, and has thrown away what it kept unasked."""
    server.stop()
    page = context.new_page()
    context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.close()
    context.set_offline(True)


def build_of(site: Path) -> str:
    """The build of a site, as its manifest has it."""
    return str(json.loads((site / "generated" / "manifest.json").read_text(encoding="utf-8"))["build"])
