"""The browser itself: storage, old engines, frames, files, tabs, back and forward. F29, F30, F33 to F37, F39."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, FrameLocator, Page, expect

from tests.faults.conftest import (
    BLOCKED_STORAGE,
    FULL_STORAGE,
    NO_SERVICE_WORKER,
    NO_WEBASSEMBLY,
    Sabotage,
    is_live,
    is_readable,
    notice,
    settle,
)
from tests.kernel.driver import KEEP_WORKERS
from tests.site.documents import DOCUMENTS
from tests.site.driver import EXPLORER, PAGES, PATIENCE, output, python_workers, revision, set_value, wait_live, wait_revision

LAN = "lan.test"
# Past the kernel, which would else know of a call in flight and wait for it.
HANG = """() => workers.at(-1).postMessage({
  type: 'stream', id: 1e9, name: 'run_cell', arguments: {page: 'rotation', parameters: {}, code: 'while True: pass'},
})"""
SHARES_NO_MODULE = """
const post = self.postMessage.bind(self);
self.refused = 0;
self.postMessage = (message, transfer = []) => {
  if (!message.module) return post(message, transfer);
  self.refused += 1;
  throw new DOMException('The object can not be cloned.', 'DataCloneError');
};
"""
NOTE_RETURN = "() => addEventListener('pageshow', ({persisted}) => { document.documentElement.dataset.kept = persisted; })"


@pytest.fixture(scope="module")
def other_browser(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """A browser that keeps left pages alive, as readers' do, and knows an insecure host."""
    arguments = [*browser_type_launch_args["args"], f"--host-resolver-rules=MAP {LAN} 127.0.0.1"]
    launched = browser_type.launch(
        **{**browser_type_launch_args, "args": arguments}, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield launched
    launched.close()


def test_two_tabs_are_independent(sabotage: Sabotage) -> None:
    """F29: each its own settings and its own Python; only the choice of colours is shared, by the next visit."""
    one = sabotage.page("rotation.html?angle=30")
    other = one.context.new_page()
    other.goto(sabotage.url("rotation.html?angle=60"))
    wait_live(one)
    wait_live(other)
    set_value(one, "points", 9)
    assert other.locator(".controls [name='points']").input_value() == "80"
    assert "points" not in other.url
    one.locator("#theme-toggle").click()
    theme = one.locator("html").get_attribute("data-theme")
    assert theme in ("light", "dark")
    set_value(other, "angle", 90)
    assert "angle=30" in one.url
    expect(other).to_have_url(re.compile("angle=90"))
    other.reload()
    expect(other.locator("html")).to_have_attribute("data-theme", str(theme))
    expect(other.locator(".controls [name='angle']")).to_have_value("90")  # once mounted; until then the document's own


def test_back_from_another_site(sabotage: Sabotage, other_browser: Browser) -> None:
    """F30: the page comes back from the browser's cache with its settings; a worker that is silent then is replaced."""
    context = other_browser.new_context()
    context.add_init_script(KEEP_WORKERS)  # after a return from its cache the browser tells Playwright of no worker
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    session = context.new_cdp_session(page)

    def leave_and_return() -> None:
        page.evaluate(NOTE_RETURN)
        page.goto("about:blank")
        history = session.send("Page.getNavigationHistory")
        # By the protocol: Playwright's own `go_back` waits for a load, which does not come.
        session.send("Page.navigateToHistoryEntry", {"entryId": history["entries"][history["currentIndex"] - 1]["id"]})
        page.wait_for_url("**/rotation.html*", wait_until="commit")

    page.goto(sabotage.url("rotation.html?angle=30"))
    wait_live(page)
    set_value(page, "points", 9)
    before = revision(page)
    leave_and_return()
    expect(page.locator("html")).to_have_attribute("data-kept", "true")
    wait_revision(page, before)
    is_live(page)
    assert page.locator(".controls [name='points']").input_value() == "9"
    assert page.evaluate("() => workers.length") == 1, "a worker that answers is kept"

    page.evaluate(HANG)
    before = revision(page)
    leave_and_return()
    expect(notice(page, "OSFT-E24")).to_contain_text(
        "Python stopped answering and starts again by itself. Your settings are kept."
    )
    wait_revision(page, before)
    is_live(page)
    assert page.locator(".controls [name='points']").input_value() == "9"
    assert page.evaluate("() => workers.length") == 2
    context.close()


def test_back_and_forward_inside_the_site(sabotage: Sabotage) -> None:
    """F30: every step has its own settings, and Python keeps running."""
    page = sabotage.page("rotation.html?angle=30")
    wait_live(page)
    page.locator(".site-nav a[href='svd.html']").click()
    page.locator(f"{EXPLORER}[data-page='svd'][data-source='live']").wait_for(state="attached")
    set_value(page, "rank", 4)
    expect(page).to_have_url(re.compile("rank=4"))
    page.go_back()
    page.locator(f"{EXPLORER}[data-page='rotation'][data-source='live']").wait_for(state="attached")
    expect(page.locator(".controls [name='angle']")).to_have_value("30")
    page.go_forward()
    page.locator(f"{EXPLORER}[data-page='svd'][data-source='live']").wait_for(state="attached")
    expect(page.locator(".controls [name='rank']")).to_have_value("4")
    assert len(python_workers(page)) == 1


@pytest.mark.parametrize("script", [BLOCKED_STORAGE, FULL_STORAGE])
def test_storage_that_is_blocked_or_full(sabotage: Sabotage, script: str) -> None:
    """F33: everything works; when there is something to keep, it is said once that it will not be."""
    page = sabotage.page("rotation.html", script)
    wait_live(page)
    assert page.locator(".notice").count() == 0
    before = page.locator("html").get_attribute("data-theme")
    page.locator("#theme-toggle").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", str(before))
    line = notice(page, "OSFT-E62")
    expect(line).to_contain_text("This browser keeps nothing for this site, so your choices last until you leave.")
    line.get_by_role("button", name="Close this message").click()
    page.locator("#theme-toggle").click()
    assert page.locator(".notice").count() == 0
    page.locator("[data-panel='challenges']").scroll_into_view_if_needed()
    expect(page.locator(".challenge-tally")).to_contain_text("This browser keeps nothing, so the record lasts until you leave.")


def test_a_browser_without_webassembly(sabotage: Sabotage) -> None:
    """F34: what it lacks, which browsers have it, and no button that cannot help."""
    page = sabotage.page("rotation.html", NO_WEBASSEMBLY)
    line = notice(page, "OSFT-E07")
    expect(line).to_contain_text(
        "This browser cannot run Python (it has no WebAssembly). Chrome or Edge 123, Firefox 128, Safari"
    )
    assert line.locator("button").all_text_contents() == ["×"]
    is_readable(page)


def test_a_browser_that_shares_no_compiled_code(sabotage: Sabotage) -> None:
    """F34: where a worker may not give a module of WebAssembly to another, each compiles the bytes itself, after Stop too."""
    original = (sabotage.server.folder / "kernel" / "fetcher.js").read_text(encoding="utf-8")
    sabotage.server.replaced("/kernel/fetcher.js", SHARES_NO_MODULE + original)
    sabotage.server.stalled("pyodide.asm.wasm")
    page = sabotage.page("rotation.html?angle=30&tier=fast", NO_SERVICE_WORKER)
    expect(page.locator("#python-chip")).to_contain_text("MB")
    page.evaluate("() => { window.osft.kernel.restart(); }")  # a second worker waits for the same module
    sabotage.server.heal()
    wait_live(page)
    refused = [worker.evaluate("() => self.refused") for worker in page.workers]
    assert refused.count(2) == 1, refused
    page.evaluate("() => window.osft.kernel.restart()")
    before = revision(page)
    set_value(page, "angle", 60)
    wait_revision(page, before)
    is_live(page)


def test_a_browser_without_service_workers_and_clipboard(sabotage: Sabotage) -> None:
    """F35: online only; a link to copy is selected for the keyboard."""
    page = sabotage.page("rotation.html?angle=30", NO_SERVICE_WORKER)
    copies_by_hand(page)


def test_an_address_that_is_not_secure(sabotage: Sabotage, other_browser: Browser) -> None:
    """F35 as it is met in a classroom: http:// and the name of another machine."""
    context = other_browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://{LAN}:{sabotage.server.port}/rotation.html?angle=30")
    assert page.evaluate("() => isSecureContext") is False
    copies_by_hand(page)
    context.close()


def copies_by_hand(page: Page) -> None:
    """Live, nothing reported, and Copy link ends in a selected text."""
    is_live(page)
    assert page.locator("html").get_attribute("data-offline") is None
    page.locator("[data-panel='take']").scroll_into_view_if_needed()
    page.locator("[data-action='copy-link']").click()
    field = page.locator(".copy-fallback")
    field.wait_for()
    assert field.evaluate("(field) => field.value.slice(field.selectionStart, field.selectionEnd)") == field.input_value()
    assert "angle=30" in field.input_value()
    expect(page.locator(".take-state")).to_contain_text("selected below")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_without_javascript(sabotage: Sabotage, name: str) -> None:
    """F36: prose, mathematics, the first figure with its numbers, and a line that says what is missing."""
    page = sabotage.page(name, java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator("noscript .from-file").is_visible()
    assert not page.locator("#from-file").is_visible()
    assert not page.locator("#not-whole").is_visible()
    assert len(page.locator("main").inner_text()) > (300 if name == "404.html" else 2000)
    if name.removesuffix(".html") in PAGES:
        assert page.locator("article.story math").first.is_visible()
        assert page.locator(f"{EXPLORER} .stage svg").first.is_visible()
        assert page.locator(".outputs output[data-value], .outputs-table output[data-value]").count() >= 5
        assert re.search(r"\d", page.locator(".summary").inner_text())
        # What would not answer does not pretend to.
        assert page.locator(f"{EXPLORER} :is(button, input, select):not([disabled])").count() == 0


@pytest.mark.expects_console_errors
@pytest.mark.parametrize("name", ["index.html", "rotation.html"])
def test_opened_as_a_file(sabotage: Sabotage, name: str) -> None:
    """F37: it says which command to run, and shows what a file can show."""
    page = sabotage.page()
    page.goto((sabotage.site / name).as_uri())
    expect(page.locator("#from-file")).to_contain_text("run python3 build.py serve")
    assert page.locator("#from-file").is_visible()
    assert not page.locator("#not-whole").is_visible()
    assert len(page.locator("main").inner_text()) > 2000
    if name == "rotation.html":
        assert page.locator(".stage svg").first.is_visible()


FRAMES = """<!doctype html><title>A course</title><link rel="icon" href="data:,">
<script>
  const told = [];
  addEventListener('message', ({data}) => told.push(data));
</script>
<iframe width="320" height="480" title="figure" src="%s" %s></iframe>"""


def framed(sabotage: Sabotage, folder: Path, attributes: str, *scripts: str) -> Page:
    """A course of another site with the figure in a small frame."""
    sabotage.server.headers["Access-Control-Allow-Origin"] = "*"  # as GitHub Pages has it
    address = sabotage.url("rotation.html?embed=1&angle=30")
    (folder / "course.html").write_text(FRAMES % (address, attributes), encoding="utf-8")
    page = sabotage.page(None, *scripts)
    page.goto(sabotage.another_server(folder).url.replace("127.0.0.1", "localhost") + "course.html")
    return page


def fits(frame: FrameLocator) -> None:
    """The figure and its controls alone, and nothing sticks out to the side."""
    assert frame.locator(".stage svg").first.is_visible()
    for hidden in (".site-header", ".story", ".site-footer"):
        assert not frame.locator(hidden).first.is_visible()
    widths = frame.locator("html").evaluate("(root) => [root.scrollWidth, root.clientWidth]")
    assert widths[0] <= widths[1]


def test_in_a_small_frame_of_another_site(sabotage: Sabotage, tmp_path_factory: pytest.TempPathFactory) -> None:
    """F39: compact and live, without storage; the page around it learns how high it is."""
    page = framed(sabotage, tmp_path_factory.mktemp("course"), "", f"if (window !== parent) {{ {BLOCKED_STORAGE} }}")
    frame = page.frame_locator("iframe")
    frame.locator(f"{EXPLORER}[data-source='live']").wait_for(state="attached", timeout=PATIENCE)
    fits(frame)
    angle = frame.locator(".controls [name='angle']")
    assert angle.input_value() == "30"
    assert frame.locator(".notice").count() == 0
    shown = frame.locator("output[name='distance_transformed']").get_attribute("data-value")
    frame.locator(".controls [name='scale']").fill("2")
    expect(frame.locator("output[name='distance_transformed']")).not_to_have_attribute("data-value", str(shown))
    heights = page.evaluate("() => told.filter(({type}) => type === 'osft:height').map(({height}) => height)")
    assert heights
    assert all(isinstance(height, int) and 100 < height < 5000 for height in heights)


@pytest.mark.expects_console_errors
def test_in_a_frame_without_an_origin(sabotage: Sabotage, tmp_path_factory: pytest.TempPathFactory) -> None:
    """F39: a sandbox lets no worker of ours start; the figure is there, and it is said how to come further."""
    page = framed(sabotage, tmp_path_factory.mktemp("course"), 'sandbox="allow-scripts"')
    frame = page.frame_locator("iframe")
    line = frame.locator(".notice[data-code='OSFT-E08'] .notice-line")
    expect(line).to_contain_text(
        "The Python worker could not be started (the frame around it has no origin; open this page in a tab"
    )
    fits(frame)


@pytest.mark.expects_console_errors
def test_a_small_screen_is_not_wider_than_it_is(sabotage: Sabotage) -> None:
    """Notices, too, stay within 320 pixels."""
    sabotage.server.missing("/start.pack")
    page = sabotage.page("rotation.html?tier=fast&angle=banana", viewport={"width": 320, "height": 560})
    notice(page, "OSFT-E02")
    widths = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]
    region = page.locator("#notices").bounding_box()
    assert region is not None
    assert region["x"] >= 0
    assert region["x"] + region["width"] <= 320


def test_below_a_path_of_a_larger_host(sabotage: Sabotage) -> None:
    """F45: documents, Python and the service worker keep below it."""
    server = sabotage.another_server(prefix="/some/where/")
    page = sabotage.page()
    page.clock.install()
    page.goto(server.url + "rotation.html")
    is_live(page)
    settle(page)
    expect(page.locator("html")).to_have_attribute("data-offline", "ready")
    registered = page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).map(({scope}) => scope)")
    assert registered == [server.url]
    assert {path for path in server.asked if not path.startswith("/some/where/")} == set()
    manifest = json.loads((sabotage.site / "generated" / "manifest.json").read_text(encoding="utf-8"))
    assert page.evaluate("() => window.osft.kernel.build") == manifest["build"]


def test_a_reload_keeps_the_settings(sabotage: Sabotage) -> None:
    page = sabotage.page("rotation.html")
    wait_live(page)
    set_value(page, "angle", 137)
    shown = output(page, "distance_transformed")
    expect(page).to_have_url(re.compile("angle=137"))
    page.reload()
    wait_live(page)
    assert output(page, "distance_transformed") == shown
