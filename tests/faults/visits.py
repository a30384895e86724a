"""Visits to a site of which a browser keeps a copy. Used by test_offline.py and test_updates.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.faults.conftest import is_live, settle
from tests.faults.saboteur import Saboteur
from tests.site.driver import EXPLORER

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


def go_to(page: Page, name: str) -> None:
    """Another page of the site in the same tab, live."""
    page.locator(f".site-nav a[href='{name}.html']").click()
    page.locator(f"{EXPLORER}[data-page='{name}'][data-source='live']").wait_for(state="attached")


def begin_check(page: Page) -> Locator:
    """Ask SciPy to recompute the page's outputs; where it says how far it is."""
    audit = page.locator("[data-panel='audit']")
    audit.scroll_into_view_if_needed()
    audit.locator("[data-action='audit']").click()
    return audit.locator(".audit-state")


def until(page: Page, condition: str, given: str = "") -> None:
    """Wait in the page until a promise is kept; ten seconds at most."""
    waiting = f"""async (given) => {{
      for (let left = 200; !(await ({condition})(given)); left -= 1) {{
        if (!left) throw new Error('It has not come to that.');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }}
    }}"""
    page.evaluate(waiting, given)


def headed(word: str) -> Callable[[str], str]:
    """The document with this word before its heading."""
    return lambda text: text.replace("<h1>", f"<h1>{word}: ")


def build_of(site: Path) -> str:
    """The build of a site, as its manifest has it."""
    return str(json.loads((site / "generated" / "manifest.json").read_text(encoding="utf-8"))["build"])
