"""Light and dark: by the system's preference, by the reader's choice, and by the address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect


def ground(page: Page) -> str:
    colour: str = page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    return colour


@pytest.fixture
def quiet_page(new_context: Callable[..., BrowserContext]) -> Page:
    """A page without Python: colours need none."""
    page = new_context(color_scheme="light").new_page()
    page.route("**/generated/runtime/**", lambda route: None)
    return page


def test_preference(quiet_page: Page) -> None:
    quiet_page.goto("404.html")
    light = ground(quiet_page)
    quiet_page.emulate_media(color_scheme="dark")
    dark = ground(quiet_page)
    assert light != dark
    expect(quiet_page.locator("#theme-toggle")).to_have_attribute("aria-label", "Use the light theme")


def test_choice_beats_preference_and_is_kept(quiet_page: Page) -> None:
    quiet_page.goto("svd.html")
    light = ground(quiet_page)
    toggle = quiet_page.locator("#theme-toggle")
    toggle.click()
    dark = ground(quiet_page)
    assert dark != light
    quiet_page.goto("index.html")
    assert ground(quiet_page) == dark
    expect(toggle).to_have_attribute("aria-label", "Use the light theme")
    quiet_page.emulate_media(color_scheme="dark")
    toggle.click()
    assert ground(quiet_page) == light
    quiet_page.reload()
    assert ground(quiet_page) == light


def test_the_address_decides_for_its_page(quiet_page: Page) -> None:
    quiet_page.goto("svd.html")
    light = ground(quiet_page)
    quiet_page.goto("svd.html?theme=dark")
    assert ground(quiet_page) != light


def test_the_figure_is_drawn_in_the_theme(quiet_page: Page) -> None:
    """A canvas holds pixels, not classes: it is painted anew."""
    quiet_page.goto("svd.html")
    cell = quiet_page.locator(".stage .cell-positive").first
    cell.wait_for()
    light = cell.evaluate("node => getComputedStyle(node).fill")
    quiet_page.locator("#theme-toggle").click()
    assert cell.evaluate("node => getComputedStyle(node).fill") != light
