"""Inside another page: the figure alone, its height told, parts left out on request, and no storage needed."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, expect

from tests.site.driver import PATIENCE

HOST = """<!doctype html><title>A lecture</title><p>Before</p>
<iframe src="{address}" title="Rotation" width="700" height="400"{more}></iframe>
<script>
window.heights = [];
addEventListener('message', (event) => {{
  if (event.data?.type === 'osft:height') {{
    heights.push(event.data);
    document.querySelector('iframe').height = event.data.height;
  }}
}});
</script>"""
NOTHING_SCROLLS = """async () => {
  const over = () => document.documentElement.scrollHeight - document.documentElement.clientHeight;
  for (let frames = 0; over() > 1 && frames < 600; frames += 1) await new Promise(requestAnimationFrame);
  return over() <= 1;
}"""
GONE = (".site-header", ".opening", ".story", ".site-footer")


@pytest.fixture(scope="module")
def other_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder and its address: another origin than the site's."""
    folder = tmp_path_factory.mktemp("lecture")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output readable."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def context(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[BrowserContext]:
    made = browser.new_context(**browser_context_args)
    yield made
    made.close()


def embed(context: BrowserContext, site: str, other_site: tuple[Path, str], query: str, more: str = "") -> FrameLocator:
    folder, address = other_site
    (folder / "index.html").write_text(HOST.format(address=f"{site}rotation.html?{query}", more=more), encoding="utf-8")
    page = context.new_page()
    page.goto(address)
    return page.frame_locator("iframe")


def test_the_figure_alone_comes_alive_in_a_frame(context: BrowserContext, site: str, other_site: tuple[Path, str]) -> None:
    frame = embed(context, site, other_site, "embed=1&amp;angle=120")
    frame.locator(".explorer[data-source='live']").wait_for(state="attached", timeout=PATIENCE)
    expect(frame.locator(".summary")).to_contain_text("Turned by 120 degrees")
    for part in GONE:
        expect(frame.locator(part)).to_be_hidden()
    for part in (".stage svg >> nth=0", ".controls", ".outputs", ".tools"):
        expect(frame.locator(part)).to_be_visible()
    frame.locator(".slider[data-twin='angle']").press("ArrowRight")
    expect(frame.locator(".summary")).to_contain_text("Turned by 121 degrees")
    # The frame has told its height and is as high as its content: nothing scrolls inside it.
    page = context.pages[0]
    assert page.frames[1].evaluate(NOTHING_SCROLLS)
    told = page.evaluate("() => heights.at(-1)")
    assert 300 < told["height"] < 4000
    assert "rotation.html" in told["address"]


@pytest.mark.parametrize(
    ("hide", "hidden", "shown"),
    [
        ("controls", [".controls"], [".outputs", ".tools", ".summary"]),
        ("controls,outputs,tools", [".controls", ".outputs", ".tools", ".side"], [".summary"]),
        ("summary,nonsense", [".summary"], [".controls", ".outputs"]),
    ],
)
def test_parts_can_be_left_out(
    context: BrowserContext, site: str, other_site: tuple[Path, str], hide: str, hidden: list[str], shown: list[str]
) -> None:
    frame = embed(context, site, other_site, f"embed=1&amp;hide={hide}")
    frame.locator(".stage svg").first.wait_for(timeout=PATIENCE)
    for part in hidden:
        expect(frame.locator(f".explorer {part}")).to_be_hidden()
    for part in shown:
        expect(frame.locator(f".explorer {part}")).to_be_visible()


def test_a_frame_without_storage_works(context: BrowserContext, site: str, other_site: tuple[Path, str]) -> None:
    """An opaque origin, as some teaching platforms give: no storage, no service worker, no cache."""
    frame = embed(context, site, other_site, "embed=1", ' sandbox="allow-scripts"')
    frame.locator(".stage svg").first.wait_for(timeout=PATIENCE)
    expect(frame.locator(".summary")).to_contain_text("Turned by 45 degrees")
