"""Driving one page as a reader would: wait for Python, set a control, read the outputs.

Used by the tests of tests/site and tests/faults.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, WebError, Worker

PAGES = ("rotation", "orthogonal", "energy", "svd", "projection", "parameters", "training")
EXPLORER = ".explorer[data-page]"
RESTED = ":not([data-asked])"
"""Of an explorer: Python has answered all that it was asked, and the answer is on the screen."""
PATIENCE = 60_000
SAVES_DATA = "Object.defineProperty(Navigator.prototype, 'connection', {get: () => ({saveData: true})});"
"""A browser whose reader would rather not have megabytes that nobody asked for."""


def listen(context: BrowserContext, errors: list[str]) -> None:
    """Note what goes wrong on the console of every page of this context."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    def on_error(error: WebError) -> None:
        errors.append(str(error.error))

    context.on("console", on_console)
    context.on("weberror", on_error)


def open_live(page: Page, address: str) -> None:
    """Open a document and wait until its figure is live."""
    page.goto(address)
    wait_live(page)


def wait_live(page: Page) -> None:
    """Wait until Python is ready and the figure shows its answer."""
    page.locator("html[data-python='ready']").wait_for(state="attached", timeout=PATIENCE)
    page.locator(f"{EXPLORER}[data-source='live']").wait_for(state="attached", timeout=PATIENCE)


def python_workers(page: Page) -> list[Worker]:
    """The workers that Python runs in; what fetches its files is a worker, too."""
    return [worker for worker in page.workers if worker.evaluate("() => self.name") == "python"]


def revision(page: Page) -> int:
    """How many live results have been painted."""
    return int(page.locator(EXPLORER).get_attribute("data-revision") or 0)


def wait_painted(page: Page, after: int) -> None:
    """Wait for a live result painted after the given one; while something plays, more are on their way."""
    # A selector, because the page's policy forbids the eval behind wait_for_function.
    page.locator(f"{EXPLORER}:not([data-revision='{after}'])").wait_for(state="attached", timeout=PATIENCE)


def wait_rested(page: Page) -> None:
    """Wait until the figure shows what the controls say."""
    page.locator(f"{EXPLORER}{RESTED}").wait_for(state="attached", timeout=PATIENCE)


def wait_revision(page: Page, after: int) -> None:
    """Wait for a live result painted after the given one, and for the explorer to be at rest."""
    page.locator(f"{EXPLORER}:not([data-revision='{after}']){RESTED}").wait_for(state="attached", timeout=PATIENCE)


def frames(page: Page, count: int) -> None:
    """Let the page draw so many frames."""
    page.evaluate("async (count) => { for (; count > 0; count -= 1) await new Promise(requestAnimationFrame); }", count)


def resize(page: Page, width: int, height: int) -> None:
    """Give the page a screen of this size, and the frames in which it draws itself anew."""
    page.set_viewport_size({"width": width, "height": height})
    frames(page, 2)


def set_value(page: Page, name: str, value: Any) -> None:
    """Set the control of that name and wait for the answer."""
    before = revision(page)
    control = page.locator(f".controls [name='{name}']")
    if isinstance(value, bool):
        control.set_checked(value)
    elif control.evaluate("node => node.localName") == "select":
        control.select_option(str(value))
    else:
        control.fill(str(value))
        control.press("Enter")
    wait_revision(page, before)


def output(page: Page, name: str) -> Any:
    """The full-precision value of the output of that name."""
    text = page.locator(f"output[name='{name}']").get_attribute("data-value")
    assert text is not None, f"{name} has no data-value"
    return read_value(text)


def outputs(page: Page) -> dict[str, Any]:
    """Every output that is filled, by name."""
    found = page.locator("output[data-value]").evaluate_all("nodes => nodes.map((node) => [node.name, node.dataset.value])")
    return {name: read_value(text) for name, text in found}


def read_value(text: str) -> Any:
    """A data-value as a Python value; what is neither number, flag nor list is text."""
    if text in ("true", "false"):
        return text == "true"
    if text in ("Infinity", "-Infinity", "NaN"):
        return float(text)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


@dataclass
class Reader:
    """A page in which Python keeps running while the documents change, as it does for a reader who follows links."""

    page: Page

    @classmethod
    def at_the_first_page(cls, page: Page) -> Reader:
        """Open the first document and wait until it is live; nothing is kept for offline use."""
        open_live(page, "rotation.html?nosw=1")
        page.locator(".notice-close").click()  # it says that nothing is kept
        return cls(page)

    def follow(self, address: str) -> None:
        """Follow a link to a document of the site, without waiting for its figure."""
        # The marker goes with the old content, so that the new one is known to have come.
        self.page.evaluate(FOLLOW, address)
        self.page.locator("main:not([data-left])").wait_for(state="attached", timeout=PATIENCE)

    def open(self, name: str, **settings: Any) -> None:
        """Go to a page with these settings in its address, and wait for its live figure."""
        query = urlencode({key: str(int(value)) if isinstance(value, bool) else value for key, value in settings.items()})
        self.follow(f"{name}.html?{query}" if query else f"{name}.html")
        self.wait_live(name)

    def wait_live(self, name: str) -> None:
        """Wait until the figure of this page is live and at rest."""
        live = self.page.locator(f"{EXPLORER}[data-page='{name}'][data-source='live']{RESTED}")
        live.wait_for(state="attached", timeout=PATIENCE)

    def state(self) -> dict[str, Any]:
        """The values of the controls that are shown, by parameter."""
        found: dict[str, Any] = self.page.evaluate(STATE)
        return found

    def panel(self, name: str) -> Locator:
        """A panel of the page, mounted."""
        panel = self.page.locator(f"[data-panel='{name}']")
        panel.scroll_into_view_if_needed()
        mounted = self.page.locator(f"[data-panel='{name}'][data-mounted]")
        mounted.wait_for(timeout=PATIENCE)
        return mounted


FOLLOW = """(address) => {
  document.querySelector('main').dataset.left = '';
  const link = Object.assign(document.createElement('a'), {href: address});
  document.body.append(link);
  link.click();
  link.remove();
}"""
STATE = """() => {
  const found = {};
  for (const control of document.querySelectorAll('.explorer .control:not([hidden])')) {
    const fields = [...control.querySelectorAll('[name]')];
    if (fields.length === 0) continue;
    const field = fields[0];
    found[control.dataset.parameter] = fields.length > 1 || control.matches('.control-choices')
      ? fields.filter((one) => one.checked).map((one) => one.value).join(',')
      : field.type === 'checkbox' ? field.checked : field.value;
  }
  return found;
}"""
