"""One value, two ways to hold it: a handle on the figure and a control beside it, by mouse, finger and keys."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.site.driver import Reader, revision, wait_rested, wait_revision


class Handle(NamedTuple):
    """A handle of a page: what it moves, by how much a key, and its limits."""

    page: str
    key: str
    parameters: tuple[str, ...]
    step: float
    low: float
    high: float
    settings: dict[str, Any]


HANDLES = [
    Handle("rotation", "angle", ("angle",), 1, 0, 360, {}),
    Handle("svd", "cut", ("rank",), 1, 0, 32, {"source": "random", "rank": 15}),
    Handle("projection", "gradient", ("gx", "gy"), 0.1, -2, 2, {}),
    Handle("projection", "critical", ("cx", "cy"), 0.1, -2, 2, {}),
    Handle("training", "step", ("step",), 10, 0, 400, {"step": 200}),
]
every_handle = pytest.mark.parametrize("handle", HANDLES, ids=lambda handle: f"{handle.page}-{handle.key}")


def knob(reader: Reader, handle: Handle) -> Locator:
    return reader.page.locator(f".stage .knob[data-handle='{handle.key}']")


def values(reader: Reader, handle: Handle) -> list[float]:
    state = reader.state()
    return [float(state[name]) for name in handle.parameters]


def centre(target: Locator) -> tuple[float, float]:
    # The middle of the knob itself: the box of its group may be larger than its ring.
    box = target.locator("circle").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def agree(reader: Reader, handle: Handle) -> None:
    """Slider, number, handle and address all say the same."""
    for name, value in zip(handle.parameters, values(reader, handle), strict=True):
        slider = reader.page.locator(f".explorer .slider[data-twin='{name}']")
        assert float(slider.input_value()) == pytest.approx(value, abs=float(slider.get_attribute("step") or 1) / 2)
        expect(reader.page).to_have_url(re.compile(rf"^(?!.*\b{name}=)|\b{name}={value:g}(&|$)"))
    expect(knob(reader, handle)).to_have_attribute("aria-valuenow", f"{values(reader, handle)[0]:g}")


@every_handle
def test_mouse(reader: Reader, handle: Handle) -> None:
    reader.open(handle.page, **handle.settings)
    target, before, painted = knob(reader, handle), values(reader, handle), revision(reader.page)
    target.scroll_into_view_if_needed()
    x, y = centre(target)
    mouse = reader.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 30, y - 25, steps=4)
    mouse.up()
    wait_revision(reader.page, painted)
    assert values(reader, handle) != before
    agree(reader, handle)


@every_handle
def test_finger(reader: Reader, handle: Handle) -> None:
    reader.open(handle.page, **handle.settings)
    target, before, painted = knob(reader, handle), values(reader, handle), revision(reader.page)
    target.scroll_into_view_if_needed()
    scrolled = reader.page.evaluate("() => scrollY")
    drag_by_touch(reader.page, *centre(target), dx=-30, dy=-40)
    wait_revision(reader.page, painted)
    assert values(reader, handle) != before
    assert reader.page.evaluate("() => scrollY") == scrolled, "The page scrolled under the finger."
    agree(reader, handle)


def drag_by_touch(page: Page, x: float, y: float, *, dx: float, dy: float) -> None:
    session: CDPSession = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.0), *(("touchMove", i / 4) for i in range(1, 5))):
        point = {"x": x + share * dx, "y": y + share * dy}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


@every_handle
def test_keys(reader: Reader, handle: Handle) -> None:
    reader.open(handle.page, **handle.settings)
    target = knob(reader, handle)

    def press(key: str) -> list[float]:
        painted = revision(reader.page)
        target.press(key)
        wait_revision(reader.page, painted)
        agree(reader, handle)
        return values(reader, handle)

    first = values(reader, handle)[0]
    fine = 1 if handle.page == "svd" else handle.step / 10
    if handle.page == "training":
        fine = handle.step  # measured every ten steps, and nothing lies between
    assert press("ArrowLeft")[0] == pytest.approx(first - handle.step)
    assert press("ArrowRight")[0] == pytest.approx(first)
    assert press("Shift+ArrowRight")[0] == pytest.approx(min(handle.high, first + 10 * handle.step))
    assert press("Home")[0] == handle.low
    assert press("Alt+ArrowRight")[0] == pytest.approx(handle.low + fine)
    assert press("End")[0] == handle.high
    if len(handle.parameters) == 2:
        second = values(reader, handle)[1]
        assert press("ArrowUp")[1] == pytest.approx(second + handle.step)
        assert press("Alt+ArrowDown")[1] == pytest.approx(second + handle.step - fine)


@every_handle
def test_escape_lets_go(reader: Reader, handle: Handle) -> None:
    reader.open(handle.page, **handle.settings)
    target, before, painted = knob(reader, handle), values(reader, handle), revision(reader.page)
    target.scroll_into_view_if_needed()
    x, y = centre(target)
    mouse = reader.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 40, y - 30, steps=3)
    wait_revision(reader.page, painted)
    assert values(reader, handle) != before
    reader.page.keyboard.press("Escape")
    mouse.up()
    wait_rested(reader.page)
    assert values(reader, handle) == before


@every_handle
def test_the_control_moves_the_handle(reader: Reader, handle: Handle) -> None:
    reader.open(handle.page, **handle.settings)
    for name in handle.parameters:
        place = knob(reader, handle).get_attribute("transform")
        reader.page.locator(f".explorer .slider[data-twin='{name}']").press("ArrowLeft")
        expect(knob(reader, handle)).not_to_have_attribute("transform", str(place))
    agree(reader, handle)


@every_handle
def test_a_finger_finds_it(reader: Reader, handle: Handle) -> None:
    reader.open(handle.page, **handle.settings)
    box = knob(reader, handle).locator("circle.hit").first.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 30


@pytest.mark.parametrize(
    ("page", "settings"), [("rotation", {"view": "3d"}), ("energy", {"features": 3, "neurons": 20, "rank": 2})]
)
def test_the_point_of_view_turns(reader: Reader, page: str, settings: dict[str, Any]) -> None:
    """Looking is not computing: no number changes, and the picture does."""
    reader.open(page, **settings)
    stage, target = reader.page.locator(".stage svg").last, reader.page.locator(".knob[data-handle='look']").first
    for act in ("ArrowRight", "Shift+ArrowUp", "Alt+ArrowLeft"):
        picture = stage.inner_html()
        target.press(act)
        assert stage.inner_html() != picture, act
    picture = stage.inner_html()
    target.scroll_into_view_if_needed()
    drag_by_touch(reader.page, *centre(target), dx=30, dy=10)
    expect(reader.page.locator(".stage[data-dragging]")).to_have_count(0)
    assert stage.inner_html() != picture


SLIDERS = [
    ("rotation", "shear", 0.05, 0.0),
    ("rotation", "points", 1, 80.0),
    ("energy", "strength", 0.01, 0.3),
    ("orthogonal", "n", 1, 4.0),
]


@pytest.mark.parametrize(("page", "name", "step", "start"), SLIDERS)
def test_sliders_take_coarse_and_fine_steps(reader: Reader, page: str, name: str, step: float, start: float) -> None:
    reader.open(page)
    slider = reader.page.locator(f".slider[data-twin='{name}']")
    fine = 1 if step == 1 else step / 10
    for key, by in (("ArrowRight", step), ("Shift+ArrowRight", 10 * step), ("Alt+ArrowRight", fine)):
        painted, now = revision(reader.page), float(reader.state()[name])
        slider.press(key)
        wait_revision(reader.page, painted)
        after = float(reader.state()[name])
        # A plain key is the browser's own and lands on the slider's grid.
        assert after == pytest.approx(now + by, abs=1e-9), key
    assert float(reader.state()[name]) > start


def test_a_logarithmic_slider_moves_at_its_low_end(reader: Reader) -> None:
    reader.open("parameters", rank=1)
    for expected in ("2", "3"):
        painted = revision(reader.page)
        reader.page.locator(".slider[data-twin='rank']").press("ArrowRight")
        wait_revision(reader.page, painted)
        assert reader.state()["rank"] == expected


def test_a_cell_is_edited_by_keys(reader: Reader) -> None:
    reader.open("orthogonal")
    painted = revision(reader.page)
    cell = reader.page.locator(".stage .cell-hit[tabindex='0']").first
    cell.focus()
    reader.page.keyboard.press("ArrowRight")
    reader.page.keyboard.press("Enter")
    field = reader.page.locator(".cell-field")
    field.fill("0.75")
    field.press("Enter")
    wait_revision(reader.page, painted)
    assert reader.state()["edits"] == "0:1:0.75"
    expect(reader.page.locator("output[name='is_orthogonal']")).to_have_attribute("data-value", "false")


def open_cell(reader: Reader) -> Locator:
    """The field over the first cell of the matrix, opened by its keys."""
    reader.page.locator(".stage .cell-hit[tabindex='0']").first.focus()
    reader.page.keyboard.press("Enter")
    return reader.page.locator(".cell-field")


@pytest.mark.parametrize("key", ["Escape", "Enter", "Tab", ""])
def test_a_cell_that_is_looked_at_keeps_its_value(reader: Reader, key: str) -> None:
    """The field shows six digits of it; without a key the focus goes elsewhere."""
    reader.open("orthogonal")
    field = open_cell(reader)
    if key:
        field.press(key)
    else:
        field.blur()
    expect(field).to_have_count(0)
    wait_rested(reader.page)
    assert reader.state()["edits"] == ""


def test_escape_in_a_cell_changes_nothing(reader: Reader) -> None:
    reader.open("orthogonal")
    field = open_cell(reader)
    field.fill("0.75")
    field.press("Escape")
    expect(field).to_have_count(0)
    wait_rested(reader.page)
    assert reader.state()["edits"] == ""


@pytest.mark.parametrize(
    ("typed", "kept"), [("5e-7", "0.0000005"), ("-0.0000001", "-0.0000001"), ("-1e-15", "0"), ("1000", "1000")]
)
def test_a_cell_takes_small_numbers(reader: Reader, typed: str, kept: str) -> None:
    reader.open("orthogonal")
    painted = revision(reader.page)
    field = open_cell(reader)
    field.fill(typed)
    field.press("Enter")
    wait_revision(reader.page, painted)
    assert reader.state()["edits"] == f"0:0:{kept}"
