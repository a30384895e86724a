"""While the hand moves: every number at once; the words of what is out of sight when it rests."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.site.driver import open_live, revision, wait_revision

HOLD_THE_REST = """
window.held = [];
const later = window.setTimeout;
window.setTimeout = (act, wait, ...given) => (wait === 150 ? (held.push(() => act(...given)), 0) : later(act, wait, ...given));
"""
FIELD = "osft_average_accuracy"


@pytest.fixture
def field(page: Page) -> Locator:
    """A number of the training page's table, below a screen that shows the slider of the step."""
    page.add_init_script(HOLD_THE_REST)
    page.set_viewport_size({"width": 1280, "height": 700})
    open_live(page, "training.html?nosw=1&step=400")
    page.locator(".slider[data-twin='step']").scroll_into_view_if_needed()
    found = page.locator(f"output[name='{FIELD}']")
    expect(found).not_to_be_in_viewport()
    return found


def drag(page: Page, to: float) -> None:
    """Take hold of the slider and move it, without letting go."""
    box = page.locator(".slider[data-twin='step']").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    before = revision(page)
    page.mouse.move(box["x"] + 0.9 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + to * box["width"], y, steps=4)
    wait_revision(page, before)


def shown(field: Locator) -> tuple[str | None, str | None]:
    return field.get_attribute("data-value"), field.text_content()


def test_words_out_of_sight_wait(page: Page, field: Locator) -> None:
    number, words = shown(field)
    drag(page, 0.3)
    expect(field).not_to_have_attribute("data-value", str(number))
    assert shown(field)[1] == words
    page.mouse.up()
    expect(field).not_to_have_text(str(words))


def test_and_come_when_the_hand_rests(page: Page, field: Locator) -> None:
    words = shown(field)[1]
    drag(page, 0.3)
    assert shown(field)[1] == words
    page.evaluate("() => held.pop()()")
    expect(field).not_to_have_text(str(words))
    page.mouse.up()


def test_words_in_sight_do_not(page: Page, field: Locator) -> None:
    words = shown(field)[1]
    page.set_viewport_size({"width": 1280, "height": 2400})
    page.evaluate("() => scrollTo(0, 0)")
    expect(field).to_be_in_viewport()
    drag(page, 0.3)
    expect(field).not_to_have_text(str(words))
    page.mouse.up()
