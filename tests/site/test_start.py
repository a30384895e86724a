"""The first visit: real content at once, progress in bytes, and on a slow machine still one figure that keeps up."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.site.documents import DOCUMENTS
from tests.site.driver import EXPLORER, PAGES, open_live, output, wait_revision


def test_progress_is_told_in_bytes(page: Page) -> None:
    """While the largest file is on its way the chip says how much has come of how much."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": 5, "downloadThroughput": 6e6, "uploadThroughput": 6e6}
    session.send("Network.emulateNetworkConditions", conditions)
    told: list[str] = []
    page.expose_function("tell", lambda text: told.append(text))
    page.add_init_script("""document.addEventListener('DOMContentLoaded', () => {
      const chip = document.getElementById('python-chip');
      const look = new MutationObserver(() => window.tell(chip.textContent));
      look.observe(chip, {childList: true, characterData: true, subtree: true});
    })""")
    open_live(page, "parameters.html?nosw=1")
    expect(page.locator("#python-chip")).to_have_text("Python is ready")
    amounts = [re.search(r"([\d.]+) ([kM]?B) of ([\d.]+) MB", text) for text in told]
    assert sum(found is not None for found in amounts) >= 2, told


@pytest.mark.parametrize("document", DOCUMENTS)
def test_without_javascript_there_is_something_to_read(new_context: Callable[..., BrowserContext], document: str) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(document)
    expect(page.locator("h1")).to_be_visible()
    name = document.removesuffix(".html")
    if name in PAGES:
        expect(page.locator(f"{EXPLORER} .stage svg").first).to_be_visible()
        assert page.locator(".outputs output[data-value], .outputs-table output[data-value]").count() >= 5
        assert re.search(r"\d", page.locator(".summary").text_content() or "")
        assert page.locator("math").count() >= 1
        # What would not answer does not pretend to.
        assert page.locator(f"{EXPLORER} :is(button, input, select):not([disabled])").count() == 0


def test_a_machine_four_times_slower(page: Page) -> None:
    """Dragging makes no queue: when the hand rests, slider, number, address and figure say the same."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    open_live(page, "rotation.html?nosw=1&points=2000")
    slider = page.locator(".slider[data-twin='angle']")
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 8, y)
    page.mouse.down()
    for share in range(10, 90, 2):
        page.mouse.move(box["x"] + box["width"] * share / 100, y)
    page.mouse.up()
    wait_revision(page, int(page.locator(EXPLORER).get_attribute("data-revision") or 0) - 1)
    angle = float(page.locator(".controls [name='angle']").input_value())
    assert angle > 270
    assert float(slider.input_value()) == angle
    expect(page).to_have_url(re.compile(rf"angle={angle:g}\b"))
    expect(page.locator(".summary")).to_contain_text(f"Turned by {angle:g} degrees")
    expect(page.locator(".knob[data-handle='angle']")).to_have_attribute("aria-valuenow", f"{angle:g}")
    assert output(page, "distance_preserved") is True
