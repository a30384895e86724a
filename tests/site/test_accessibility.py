"""For everyone: no complaint from axe in either theme at three widths; names, order, one live summary; zoom; forced colours."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.site.documents import DOCUMENTS
from tests.site.driver import PAGES, PATIENCE, Reader, frames, resize

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""The rules that look at colours, which are all that the themes differ in."""
THEMES: dict[Any, dict[str, Any]] = {
    "light": {"runOnly": RULES, "resultTypes": ["violations"]},
    "dark": {"runOnly": {"type": "rule", "values": OF_COLOUR}, "resultTypes": ["violations"]},
}
"""What axe is asked in each theme."""
WIDTHS = (375, 768, 1280)
PANELS = ("predict", "code", "audit", "challenges", "take", "live")
every_page = pytest.mark.parametrize("name", PAGES)


def visit(reader: Reader, name: str) -> None:
    """Go to a document and let everything on it appear."""
    if name in PAGES:
        reader.open(name)
    else:
        reader.follow(f"{name}.html")
    for panel in reader.page.locator("[data-panel]").all():
        panel.scroll_into_view_if_needed()
        if panel.get_attribute("data-panel") in PANELS:
            expect(panel).to_have_attribute("data-mounted", "yes", timeout=PATIENCE)
    for editor in reader.page.locator("[data-panel='code'], [data-panel='cell']").all():
        editor.scroll_into_view_if_needed()
        editor.locator("[data-action='run']").wait_for(timeout=PATIENCE)
    reader.page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")


@pytest.fixture(scope="module", params=[document.removesuffix(".html") for document in DOCUMENTS])
def document(request: pytest.FixtureRequest, shared_reader: Reader, errors_of_the_reader: list[str]) -> str:
    """A document on which everything has appeared, for all tests that only look at it: its name."""
    name = str(request.param)
    errors_of_the_reader.clear()
    visit(shared_reader, name)
    assert errors_of_the_reader == []
    return name


def complaints(reader: Reader, theme: Any, *parts: str) -> list[str]:
    """What axe says in this theme of these parts of the document, or of all of it."""
    reader.page.emulate_media(color_scheme=theme)
    if not reader.page.evaluate("() => 'axe' in window"):  # it stays when the reader follows a link
        reader.page.evaluate(Axe().axe_script)
    asked = [[[part] for part in parts] or [["html"]], THEMES[theme]]
    found = reader.page.evaluate("async ([include, options]) => (await axe.run({include}, options)).violations", asked)
    return [f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}" for rule in found for node in rule["nodes"]]


def test_axe(reader: Reader, document: str) -> None:
    for width, theme in itertools.product(WIDTHS, THEMES):
        resize(reader.page, width, 900)
        assert complaints(reader, theme) == [], f"{theme}, {width} pixels wide"


OTHER_STATES = [
    ("rotation", {"view": "3d"}),
    ("orthogonal", {"n": 20, "method": "neumann"}),
    ("energy", {"features": 3, "neurons": 20, "rank": 2}),
    ("svd", {"scale": "log", "rank": 3}),
    ("projection", {"mode": "matrix", "size": 8, "rank": 3}),
    ("parameters", {"model": "llama-2-7b"}),
    ("training", {"metric": "tasks", "methods": "lora,osft,gpm,replay,joint"}),
    ("training", {"metric": "front"}),
]


@pytest.mark.parametrize(("name", "settings"), OTHER_STATES)
def test_axe_in_other_states(reader: Reader, name: str, settings: dict[str, Any]) -> None:
    """The parts that these states change; the rest of the document is as it was."""
    reader.open(name, **settings)
    predict = reader.panel("predict")
    predict.get_by_role("radio").first.check()
    predict.get_by_role("button", name="Compute it").click()
    expect(reader.page.locator(".predict-verdict")).to_be_visible(timeout=PATIENCE)
    for theme in THEMES:
        assert complaints(reader, theme, "[data-panel='predict']") == [], f"{theme}, after a prediction"
    reader.open(name, **settings)
    tables = reader.page.locator(".matrices > summary:visible")
    if tables.count():
        tables.click()
    code = reader.panel("code").locator(".code-field")
    code.click(timeout=PATIENCE)
    reader.page.locator(".code-rich").wait_for()
    for theme in THEMES:
        assert complaints(reader, theme, ".explorer", "[data-panel='predict']", "[data-panel='code']") == [], theme


def test_landmarks_and_the_order_of_headings(reader: Reader, document: str) -> None:
    page = reader.page
    for role in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(1)
    levels = page.locator("h1, h2, h3, h4").evaluate_all("nodes => nodes.map((node) => Number(node.localName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    names = page.locator("[role='region'], section[aria-label]").evaluate_all(
        "nodes => nodes.map((node) => node.getAttribute('aria-label'))"
    )
    assert all(names), "A region without a name."


@every_page
def test_the_figure_has_a_name_and_one_live_summary_with_its_numbers(reader: Reader, name: str) -> None:
    reader.open(name)
    explorer = reader.page.get_by_role("region", name=re.compile("figure and controls$"))
    expect(explorer).to_have_count(1)
    live = explorer.locator("[aria-live='polite']:not(.field-error)")
    expect(live).to_have_count(1)
    expect(live).to_have_class(re.compile("summary"))
    assert re.search(r"\d", live.text_content() or "")
    for drawing in explorer.locator("[role='img']").all():
        assert len(drawing.get_attribute("aria-label") or "") >= 3
    for handle in explorer.locator(".stage [role='slider']").all():
        for attribute in ("aria-label", "aria-valuetext", "aria-valuenow"):
            assert handle.get_attribute(attribute), attribute
    for control in explorer.locator(".controls :is(input, select):visible").all():
        name_of = control.evaluate("node => node.labels?.[0]?.textContent || node.getAttribute('aria-label')")
        assert name_of


@every_page
def test_what_is_read_comes_in_the_order_of_the_screen(reader: Reader, name: str) -> None:
    """Figure, summary, controls, numbers, story: the same in the document and, on a phone, from top to bottom."""
    reader.page.set_viewport_size({"width": 375, "height": 900})
    reader.open(name)
    parts = reader.page.locator(
        ".explorer .stage, .explorer .summary, .explorer .controls, .explorer .tools, .explorer .outputs, .story"
    )
    tops = parts.evaluate_all("nodes => nodes.map((node) => Math.round(node.getBoundingClientRect().top))")
    assert len(tops) == 6
    assert tops == sorted(tops)


def test_nothing_is_wider_than_the_screen(reader: Reader, document: str) -> None:
    """From a small phone, which is also 200 % of a small window, up to a wide screen; nothing scrolls two ways."""
    for width in (320, 360, 375, 640, 768, 1280, 1920):
        resize(reader.page, width, 800)
        wide: int = reader.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} pixels of content in {width}: {widest(reader, width)}"


def widest(reader: Reader, width: int) -> list[str]:
    found: list[str] = reader.page.evaluate(
        """(width) => [...document.querySelectorAll('main *, header *, footer *')]
          .filter((node) => node.getBoundingClientRect().right > width + 1 && !node.closest('.scroll-x, pre, .site-nav, svg'))
          .map((node) => `${node.localName}.${node.className}`).slice(0, 8)""",
        width,
    )
    return found


def test_text_at_twice_its_size(reader: Reader, document: str) -> None:
    """Larger letters alone, as a reader sets them in the browser: nothing overflows or is cut."""
    reader.page.set_viewport_size({"width": 1280, "height": 900})
    reader.page.evaluate("() => document.documentElement.style.setProperty('font-size', '212.5%')")
    frames(reader.page, 2)  # the figure is drawn anew
    wide: int = reader.page.evaluate("() => document.documentElement.scrollWidth")
    cut: list[str] = reader.page.evaluate(
        """() => [...document.querySelectorAll('button, .control-label, .output dt, .output dd, h1, h2, p')]
          .filter((node) => node.offsetParent && getComputedStyle(node).overflow !== 'visible')
          .filter((node) => node.scrollWidth > node.clientWidth + 2)
          .map((node) => node.textContent.slice(0, 60))"""
    )
    reader.page.evaluate("() => document.documentElement.removeAttribute('style')")
    assert wide <= 1280, widest(reader, 1280)
    assert cut == []


@every_page
def test_forced_colours(reader: Reader, name: str) -> None:
    """The system's own colours: marks and controls are still there, and different series differ by shape or dash."""
    reader.page.emulate_media(forced_colors="active")
    reader.open(name)
    invisible: list[str] = reader.page.evaluate(INVISIBLE)
    assert invisible == []
    lost: list[str] = reader.page.evaluate(LOST)
    assert lost == []


# Texts in the colour of the ground that a browser lays behind them in forced colours.
LOST = """() => {
  const probe = document.body.appendChild(document.createElement('p'));
  probe.style.setProperty('color', 'Canvas');
  const ground = getComputedStyle(probe).color;
  probe.remove();
  return [...document.querySelectorAll('body *')]
    .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) && node.checkVisibility())
    .filter((node) => !(node instanceof SVGElement) && getComputedStyle(node).color === ground)
    .map((node) => node.outerHTML.slice(0, 120));
}"""


# Marks whose fill and stroke are both the background's colour, transparent or none.
INVISIBLE = """() => {
  const paper = getComputedStyle(document.body).backgroundColor === 'rgba(0, 0, 0, 0)'
    ? getComputedStyle(document.documentElement).backgroundColor : getComputedStyle(document.body).backgroundColor;
  const seen = (colour) => colour !== 'none' && colour !== paper && !/^rgba\\(.*, 0\\)$/.test(colour) && colour !== 'transparent';
  return [...document.querySelectorAll('.stage svg .marks *, .stage svg g[role="img"] :is(path, rect, circle, text)')]
    .filter((node) => node instanceof SVGGeometryElement || node instanceof SVGTextElement)
    .filter((node) => !node.matches('.hit, .hit-line, .cell-hit, .gridline, .sphere-disc') && node.getBBox().width > 0)
    .filter((node) => { const style = getComputedStyle(node); return !seen(style.fill) && !seen(style.stroke); })
    .map((node) => node.outerHTML.slice(0, 120));
}"""


def test_touch_targets(reader: Reader, document: str) -> None:
    """What is pressed is at least 24 pixels each way, links within sentences apart (WCAG 2.5.8)."""
    resize(reader.page, 375, 900)
    small: list[str] = reader.page.evaluate(
        """() => [...document.querySelectorAll(
            'button:not(.word), summary, select, input:not([type=radio], [type=checkbox]), nav a')]
          .filter((node) => node.offsetParent && !node.disabled)
          .map((node) => [node, node.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)
          .map(([node, box]) => `${node.outerHTML.slice(0, 90)} ${Math.round(box.width)} x ${Math.round(box.height)}`)"""
    )
    assert small == []
