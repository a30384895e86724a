"""On paper: the figure as it is, its numbers and the story; nothing that only a screen can do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.site.driver import PAGES, Reader, resize
from tests.site.test_state import ELSEWHERE


@pytest.mark.parametrize("name", PAGES)
def test_the_print_sheet(reader: Reader, name: str) -> None:
    reader.page.emulate_media(color_scheme="dark")
    reader.open(name, **ELSEWHERE[name])
    reader.panel("challenges")
    reader.panel("code").locator("[data-action='run']").wait_for()
    summary = reader.page.locator(".summary").text_content() or ""
    reader.page.emulate_media(media="print", color_scheme="dark")
    page = reader.page
    for gone in (
        ".site-nav",
        ".theme-toggle",
        ".python-chip",
        ".explorer .controls",
        ".explorer .tools",
        "[data-panel='take']",
        ".handles",
    ):
        for each in page.locator(gone).all():
            expect(each).to_be_hidden()
    assert page.locator("button:not(.word):visible").count() == 0
    expect(page.locator(".stage svg").first).to_be_visible()
    expect(page.locator(".summary")).to_have_text(summary)
    expect(page.locator("output[data-value]:visible").first).to_be_visible()
    # Hints and the library are open, links are spelled out, the paper is white.
    for hidden in page.locator("details > :not(summary)").all():
        expect(hidden).to_be_visible()
    link = page.locator(".story a[href^='http']").first
    spelled = link.evaluate("node => getComputedStyle(node, '::after').content")
    assert (link.get_attribute("href") or "") in spelled
    assert page.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "light"
    ink = page.evaluate("() => getComputedStyle(document.querySelector('.story p')).color")
    assert sum(int(part) for part in ink.removeprefix("rgb(").rstrip(")").split(",")) < 200


@pytest.mark.parametrize("edited", [False, True])
def test_code_is_printed_whole(reader: Reader, edited: bool) -> None:
    reader.open("parameters")
    field = reader.panel("code").locator(".code-field")
    field.wait_for()
    code = field.input_value()
    assert code.count("\n") > 60  # more than a field shows
    if edited:
        field.focus()
        reader.page.locator(".code-rich").wait_for()
        reader.page.keyboard.type("# mine: ")
        code = "# mine: " + code
    reader.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    reader.page.emulate_media(media="print")
    paper = reader.page.locator(".code-paper")
    expect(paper).to_be_visible()
    assert paper.text_content() == code
    assert paper.evaluate("node => node.scrollHeight <= node.clientHeight + 1")
    expect(reader.page.locator(".code-field, .code-rich")).to_be_hidden()


def test_the_record_of_the_challenges_is_printed(reader: Reader) -> None:
    """What was met, and when, stands on the paper; it comes from this reader's machine alone."""
    reader.open("rotation", reflect=True)
    panel = reader.panel("challenges")
    expect(panel.locator("[data-challenge='mirror']")).to_have_attribute("data-met", "yes")
    reader.page.evaluate("() => { window.print = () => document.body.setAttribute('data-printed', ''); }")
    panel.get_by_role("button", name="Print the record").click()
    expect(reader.page.locator("body[data-printed]")).to_have_count(1)
    reader.page.emulate_media(media="print")
    expect(panel.locator("[data-challenge='mirror'] .challenge-state")).to_have_text(re.compile(r"✓ met on \d{4}-\d\d-\d\d"))
    for each in panel.locator(".challenge-state, .challenge-task, .challenge-tally").all():
        expect(each).to_be_visible()
    reader.page.emulate_media(media="screen")
    panel.get_by_role("button", name="Remove this record").click()


def test_it_fits_on_the_paper(reader: Reader) -> None:
    """A4 at the sheet's margins is about 672 pixels wide; what is wider is cut off by the printer."""
    for name in PAGES:
        reader.page.emulate_media(media="screen")
        reader.open(name)
        resize(reader.page, 672, 1000)
        reader.page.emulate_media(media="print")
        assert reader.page.evaluate("() => document.documentElement.scrollWidth") <= 672, name
        wide: list[str] = reader.page.evaluate(
            """() => [...document.querySelectorAll('table, .stage svg, pre')]
              .filter((node) => node.offsetParent !== null || node.ownerSVGElement === null)
              .filter((node) => node.getBoundingClientRect().width > 680)
              .map((node) => `${node.localName} ${node.textContent.trim().slice(0, 50)}`)"""
        )
        assert wide == [], name
        reader.page.set_viewport_size({"width": 1280, "height": 900})


def test_a_pdf_of_a_page(reader: Reader) -> None:
    reader.open("svd")
    content = reader.page.pdf(format="A4")
    assert content.startswith(b"%PDF")
    assert len(content) > 20_000
