"""A slider under a mouse or a finger: followed when the hand moves, not only just before the next frame."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page

from tests.site.driver import Reader, frames, open_live, revision, wait_rested, wait_revision

SLIDERS = [
    ("rotation", "angle", {}),
    ("parameters", "rank", {"out_features": 4096}),
    ("energy", "neurons", {}),
    ("orthogonal", "n", {"method": "cayley"}),
]
every_slider = pytest.mark.parametrize(("name", "parameter", "settings"), SLIDERS, ids=[f"{one[0]}-{one[1]}" for one in SLIDERS])

WATCH = """(slider) => {
  window.told = [];
  for (const type of ['pointermove', 'input', 'change']) {
    slider.addEventListener(type, ({isTrusted}) => told.push([type, isTrusted, slider.value]));
  }
}"""
TOLD = "() => told.splice(0)"


@pytest.fixture
def slider(reader: Reader, name: str, parameter: str, settings: dict[str, object]) -> Locator:
    reader.open(name, **settings)
    found = reader.page.locator(f".explorer .slider[data-twin='{parameter}']")
    found.scroll_into_view_if_needed()
    found.evaluate(WATCH)
    return found


def ends(slider: Locator) -> tuple[float, float, float]:
    """Left end, width and middle of a slider on the screen."""
    box = slider.bounding_box()
    assert box is not None
    return box["x"], box["width"], box["y"] + box["height"] / 2


@every_slider
def test_the_figure_is_asked_for_before_the_browser_tells_of_the_move(reader: Reader, slider: Locator) -> None:
    page = reader.page
    left, width, y = ends(slider)
    page.mouse.move(left + width / 2, y)
    page.mouse.down()
    page.evaluate(TOLD)
    early = 0
    for share in (0.55, 0.62, 0.7, 0.64, 0.4, 0.31, 0.2, 0.9):
        page.mouse.move(left + share * width, y)
        frames(page, 2)  # moves one by one, each with a frame of its own
        told = page.evaluate(TOLD)
        values = [value for kind, _, value in told if kind == "input"]
        assert len(values) >= 1, "The slider did not follow."
        assert len(set(values)) == 1, f"Two answers to where the thumb belongs: {told}"
        early += told[0][0] == "input" and told[0][1] is False
    assert early >= 6, "The slider waited for the browser."
    page.mouse.up()
    assert [kind for kind, *_ in page.evaluate(TOLD)].count("change") == 1


@every_slider
def test_the_value_is_where_the_mouse_lets_go(reader: Reader, slider: Locator, parameter: str) -> None:
    page = reader.page
    left, width, y = ends(slider)
    painted = revision(page)
    page.mouse.move(left + width / 2, y)
    page.mouse.down()
    page.mouse.move(left + 0.3 * width, y, steps=7)
    wait_revision(page, painted)
    painted = revision(page)
    page.mouse.up()
    frames(page, 5)
    wait_rested(page)
    assert revision(page) == painted, "To let go where the hand is asks nothing again."
    followed = slider.input_value()
    assert page.locator(f".controls [name='{parameter}']").input_value() == reader.state()[parameter]
    # A press at the same place is the browser's own doing from beginning to end.
    page.mouse.click(left + 0.8 * width, y)
    page.mouse.click(left + 0.3 * width, y)
    assert slider.input_value() == followed


@every_slider
def test_a_finger_moves_it(reader: Reader, slider: Locator, parameter: str) -> None:
    page = reader.page
    left, width, y = ends(slider)
    session = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.5), ("touchMove", 0.4), ("touchMove", 0.3), ("touchMove", 0.25)):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": left + share * width, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()
    moved = slider.input_value()
    page.mouse.click(left + 0.25 * width, y)
    assert slider.input_value() == moved
    low, high = (float(slider.get_attribute(end) or 0) for end in ("min", "max"))
    assert float(moved) == pytest.approx(low + 0.25 * (high - low), abs=0.06 * (high - low))


def test_a_browser_that_tells_only_before_a_frame(page: Page) -> None:
    page.add_init_script("delete window.onpointerrawupdate;")
    open_live(page, "rotation.html?nosw=1")
    slider = page.locator(".explorer .slider[data-twin='angle']")
    slider.evaluate(WATCH)
    left, width, y = ends(slider)
    page.mouse.move(left + width / 2, y)
    page.mouse.down()
    page.mouse.move(left + 0.7 * width, y, steps=3)
    page.mouse.up()
    told = page.evaluate(TOLD)
    assert all(trusted for kind, trusted, _ in told if kind == "input")
    before = float(slider.input_value())
    assert before > 200
    knob = page.locator(".stage .knob[data-handle='angle']")
    knob.scroll_into_view_if_needed()
    box = knob.locator("circle").first.bounding_box()
    assert box is not None
    painted = revision(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + 60, steps=3)
    page.mouse.up()
    wait_revision(page, painted)
    assert float(slider.input_value()) != before


WIDTHS = "table => [...table.querySelectorAll('thead th')].map((cell) => cell.getBoundingClientRect().width)"


def test_columns_stand_still_while_the_hand_moves(reader: Reader) -> None:
    """Their numbers change in length; the table is laid out anew when the hand rests."""
    reader.open("energy", strength=0.02)
    page = reader.page
    table = page.locator(".outputs-table table").first
    slider = page.locator(".explorer .slider[data-twin='strength']")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.1 * box["width"], y)
    page.mouse.down()
    seen = []
    for share in (0.15, 0.4, 0.65, 0.9):
        painted = revision(page)
        page.mouse.move(box["x"] + share * box["width"], y)
        wait_revision(page, painted)
        seen.append(table.evaluate(WIDTHS))
    assert all(widths == seen[0] for widths in seen)
    page.mouse.up()
    page.locator(".outputs-table:not([data-held])").first.wait_for()
    assert table.evaluate("table => [table, ...table.querySelectorAll('th')].every((part) => part.style.width === '')")
