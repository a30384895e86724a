"""By keyboard alone: everything is reached in a sensible order, seen while it is held, worked, and left again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.site.documents import DOCUMENTS
from tests.site.driver import PAGES, PATIENCE, Reader, output, revision, wait_revision
from tests.site.test_accessibility import visit

every_document = pytest.mark.parametrize("name", [document.removesuffix(".html") for document in DOCUMENTS])
every_page = pytest.mark.parametrize("name", PAGES)

# What has the focus, where it is in the document's order, and how the browser marks it.
FOCUSED = """() => {
  let node = document.activeElement;
  const inEditor = Boolean(node.shadowRoot);
  if (inEditor) node = node.shadowRoot.activeElement ?? node;
  const host = inEditor ? document.activeElement : node;
  const every = [...document.querySelectorAll('*')];
  const ring = inEditor ? node.closest('.cm-editor') : node.querySelector?.('.knob-focus') ?? node;
  const style = getComputedStyle(ring);
  const box = ring.getBoundingClientRect();
  // A ring outside its element is not seen where an element around it, as large as itself, clips what stands out.
  function clipped(node, {outlineStyle, outlineOffset, outlineWidth}) {
    if (outlineStyle === 'none' || parseFloat(outlineOffset) + parseFloat(outlineWidth) <= 0) return false;
    const inner = node.getBoundingClientRect();
    for (let one = node.parentNode; one; one = one.host ?? one.parentNode) {
      if (!(one instanceof Element) || one === document.documentElement || one === document.body) continue;
      if (getComputedStyle(one).overflowX === 'visible') continue;
      const outer = one.getBoundingClientRect();
      const free = [inner.left - outer.left, inner.top - outer.top, outer.right - inner.right, outer.bottom - inner.bottom];
      if (free.every((room) => room < 2)) return true;
    }
    return false;
  }
  return {
    tag: node.localName, role: node.getAttribute('role'), place: every.indexOf(host),
    name: node.getAttribute('aria-label') || node.labels?.[0]?.textContent || node.textContent.trim().slice(0, 40),
    part: host.closest('[data-panel]')?.dataset.panel ?? (host.closest('.stage') ? 'figure'
      : host.closest('.controls') ? 'controls' : host.closest('.tools') ? 'tools'
      : host.closest('header.site-header') ? 'header' : host.closest('main') ? 'main' : host.localName),
    parameter: host.closest('[data-parameter]')?.dataset.parameter ?? '',
    ring: !clipped(ring, style) && ((style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)
      || (style.stroke !== 'none' && parseFloat(style.strokeWidth) >= 2)),
    onScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


def walk(page: Page, key: str = "Tab", limit: int = 300) -> list[dict[str, Any]]:
    """Press a key until the focus leaves the document or has come round; what had it, in turn."""
    if key == "Tab":
        page.locator(".site-title").focus()
        page.keyboard.press("Shift+Tab")
    else:
        page.locator("footer a").last.focus()
    steps: list[dict[str, Any]] = [page.evaluate(FOCUSED)]
    for _ in range(limit):
        page.keyboard.press(key)
        step: dict[str, Any] = page.evaluate(FOCUSED)
        if step["tag"] in ("body", "html") or step["place"] == steps[0]["place"]:
            return steps
        steps.append(step)
    raise AssertionError(f"After {limit} steps the focus has not left the page; it is at {steps[-3:]}.")


@every_document
def test_a_walk_through_the_document(reader: Reader, name: str) -> None:
    visit(reader, name)
    steps = walk(reader.page)
    places = [step["place"] for step in steps]
    assert places == sorted(places), "The order of the keys is not that of the document."
    assert steps[0]["name"] == "Skip to the content"
    for step in steps:
        assert step["ring"], f"No visible focus on {step}"
        assert step["onScreen"], f"Off the screen: {step}"
        assert step["name"], f"Nameless: {step}"
    focusable = reader.page.locator(
        "button:not([disabled]):visible, a[href]:visible, input:not([disabled]):visible, select:visible, summary:visible,"
        " [role='slider']:visible"
    ).count()
    radios = reader.page.locator("input[type='radio']").count()
    assert len(steps) >= focusable - max(0, radios - 1)
    if name not in PAGES:
        return
    parts = [step["part"] for step in steps]
    first = {
        part: parts.index(part)
        for part in ("figure", "controls", "tools", "predict", "code", "audit", "challenges", "take")
        if part in parts
    }
    assert {"controls", "tools", "predict", "code", "audit", "challenges", "take"} <= set(first)
    assert list(first.values()) == sorted(first.values())
    reached = {step["parameter"] for step in steps}
    shown = reader.page.locator(".explorer .control:not([hidden])").evaluate_all(
        "nodes => nodes.map((node) => node.dataset.parameter)"
    )
    assert set(shown) <= reached
    handles = reader.page.locator(".stage [role='slider'][tabindex='0']").count()
    assert sum(step["role"] == "slider" for step in steps) >= handles


def test_backwards_is_the_same_way_back(reader: Reader) -> None:
    visit(reader, "projection")
    forwards = [step["place"] for step in walk(reader.page)]
    backwards = [step["place"] for step in walk(reader.page, "Shift+Tab")]
    assert backwards[::-1] == forwards


def test_the_skip_link_leads_to_the_content(reader: Reader) -> None:
    reader.open("svd")
    reader.page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); }")
    skip = reader.page.locator(".skip")
    skip.focus()
    expect(skip).to_be_in_viewport()
    skip.press("Enter")
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate(FOCUSED)["part"] in ("figure", "main", "controls")


def test_following_a_link_takes_the_focus_along(reader: Reader) -> None:
    """A screen reader goes on at the new page's heading, not at the top of the window."""
    reader.open("svd")
    link = reader.page.get_by_role("link", name="5. Projection")
    link.focus()
    link.press("Enter")
    expect(reader.page.locator("h1")).to_be_focused()
    expect(reader.page.locator("h1")).to_have_text("Projection")
    assert "Projection" in reader.page.title()


def test_the_editor_is_no_trap(reader: Reader) -> None:
    """Tab passes by; once something is typed it indents, and Escape, then Tab goes on. The editor says so in its name."""
    reader.open("svd")
    field = reader.panel("code").locator(".code-field")
    field.focus(timeout=PATIENCE)
    reader.page.locator(".code-rich").wait_for()
    assert "Escape, then Tab" in str(reader.page.evaluate(FOCUSED)["name"])
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate(FOCUSED)["name"] == "Run"
    reader.page.keyboard.press("Shift+Tab")
    reader.page.keyboard.press("Control+Home")
    reader.page.keyboard.type("# ")
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate(FOCUSED)["role"] == "textbox"
    reader.page.keyboard.press("Escape")
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate(FOCUSED)["name"] == "Run"
    reader.page.keyboard.press("Shift+Tab")
    assert reader.page.evaluate(FOCUSED)["role"] == "textbox"
    reader.page.keyboard.press("Control+End")
    reader.page.keyboard.press("Control+Enter")
    expect(reader.panel("code").locator(".code-state")).to_have_text(re.compile(r"^(Ran|Stopped)"), timeout=PATIENCE)


def test_a_whole_lesson_by_keyboard(reader: Reader) -> None:
    """Predict, look, move, check and take along without ever pointing."""
    reader.open("projection")
    page, keyboard = reader.page, reader.page.keyboard
    reader.panel("predict").get_by_role("radio").first.focus()
    keyboard.press("Space")
    keyboard.press("ArrowDown")
    keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["name"] == "Compute it"
    keyboard.press("Enter")
    expect(page.locator(".predict-verdict")).to_contain_text("predicted", timeout=PATIENCE)
    choice = page.locator(".controls select[name='mode']")
    choice.focus()
    painted = revision(page)
    choice.press("ArrowUp")
    wait_revision(page, painted)
    assert reader.state()["mode"] == "vector"
    before = output(page, "reduction")
    knob = page.locator(".knob[data-handle='gradient']")
    knob.focus()
    painted = revision(page)
    knob.press("Shift+ArrowUp")
    wait_revision(page, painted)
    assert output(page, "reduction") != before
    word = page.locator(".word[data-set]").first
    word.focus()
    painted = revision(page)
    word.press("Enter")
    wait_revision(page, painted)
    expect(word).to_have_attribute("aria-pressed", "true")
    check = reader.panel("audit").locator("[data-action='audit']")
    check.focus()
    check.press("Enter")
    expect(page.locator(".audit-state")).to_contain_text("recomputed", timeout=PATIENCE)
    with page.expect_download() as waiting:
        svg = reader.panel("take").locator("[data-action='svg']")
        svg.focus()
        svg.press("Space")
    assert waiting.value.suggested_filename == "projection.svg"


@every_page
def test_a_message_can_be_closed_by_keyboard(reader: Reader, name: str) -> None:
    reader.open(name, nonsense=1)
    close = reader.page.locator(".notice-close")
    close.focus()
    close.press("Enter")
    expect(reader.page.locator(".notice")).to_have_count(0)


# Presses a key so many times; whether the number beside the slider has changed by then.
KEYS = """(slider, count) => {
  const field = document.querySelector(`.controls [name='${slider.dataset.twin}']`);
  const before = field.value;
  for (let i = 0; i < count; i += 1) {
    slider.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true, cancelable: true}));
  }
  return field.value !== before;
}"""


def test_slider_and_figure_move_in_one_frame_after_a_key(reader: Reader) -> None:
    reader.open("rotation", angle=30)
    page = reader.page
    slider = page.locator(".explorer .slider[data-twin='angle']")
    painted = revision(page)
    assert not slider.evaluate(KEYS, 1), "What changes at the key holds back the answer until that is on the screen."
    wait_revision(page, painted)
    assert revision(page) == painted + 1, "A key is one question."
    assert page.locator(".controls [name='angle']").input_value() == "31"
    slider.evaluate(KEYS, 3)  # a busy page hears of them at once
    wait_revision(page, painted + 1)
    assert reader.state()["angle"] == "34"


def test_a_slider_does_not_wait_for_a_long_computation(reader: Reader) -> None:
    reader.open("energy", neurons=500, features=64, draws=60)
    page = reader.page
    slider = page.locator(".explorer .slider[data-twin='strength']")
    moved = """async (slider) => {
      const field = document.querySelector(".controls [name='strength']");
      const before = field.value;
      slider.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true, cancelable: true}));
      for (let i = 0; field.value === before && i < 600; i += 1) await new Promise(requestAnimationFrame);
      return slider.closest('.explorer').dataset.asked !== undefined;
    }"""
    painted = revision(page)
    assert slider.evaluate(moved), "The slider stood still until Python had answered."
    wait_revision(page, painted)
