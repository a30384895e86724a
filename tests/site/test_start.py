"""The first visit: real content at once, progress in bytes, and on a slow machine still one figure that keeps up."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.site.driver import open_live, output, wait_rested


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
    wait_rested(page)
    angle = float(page.locator(".controls [name='angle']").input_value())
    assert angle > 270
    assert float(slider.input_value()) == angle
    expect(page).to_have_url(re.compile(rf"angle={angle:g}\b"))
    expect(page.locator(".summary")).to_contain_text(f"Turned by {angle:g} degrees")
    expect(page.locator(".knob[data-handle='angle']")).to_have_attribute("aria-valuenow", f"{angle:g}")
    assert output(page, "distance_preserved") is True


@pytest.mark.expects_console_errors
@pytest.mark.parametrize("address", ["nothing", "no/such/folder", "no/such/"])
def test_an_address_that_is_none_shows_the_page_that_says_so(page: Page, address: str) -> None:
    """Below a folder the server's answer finds neither its styles nor its scripts, and goes up to where they are."""
    page.goto(address)
    expect(page.locator("h1")).to_have_text("No such page")
    expect(page.locator("html")).to_have_attribute("data-shell", "on")
    expect(page.locator(".story li a").first).to_have_attribute("href", "index.html")
    page.locator(".story li a").first.click()
    expect(page.locator("h1")).to_have_text("Down the Orthogonal Rabbit Hole")
