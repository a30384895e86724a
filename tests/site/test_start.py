"""The first visit: real content at once, progress in bytes, and on a slow machine still one figure that keeps up."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.site.driver import open_live, output, wait_rested


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


def test_a_page_out_of_sight_asks_for_the_list_of_files_once(page: Page) -> None:
    """It starts without a frame; a list that was asked for at its first frame would be an old one at a later start."""
    page.add_init_script("""
        Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});
        const draw = window.requestAnimationFrame.bind(window);
        window.requestAnimationFrame = (act) => setTimeout(draw, 1000, act);
    """)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "manifest.json" in request.url else None)
    open_live(page, "rotation.html?nosw=1")
    page.wait_for_timeout(1500)
    assert len(asked) == 1
