"""A reader who stays: one page in which Python starts once for a whole worker, led from document to document by links.

A test that needs a first visit, another device or its own storage asks for `page` or `new_context` instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.site.driver import Reader, listen

SCREEN = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def errors_of_the_reader() -> list[str]:
    """What went wrong on the shared page's console."""
    return []


@pytest.fixture(scope="session")
def shared_context(
    browser: Browser, browser_name: str, browser_context_args: dict[str, Any], errors_of_the_reader: list[str]
) -> Iterator[BrowserContext]:
    """A context with a clipboard and a touch screen."""
    permissions = ["clipboard-read", "clipboard-write"] if browser_name == "chromium" else []  # others know no such permission
    context = browser.new_context(
        **browser_context_args, viewport=SCREEN, has_touch=True, permissions=permissions, accept_downloads=True
    )

    listen(context, errors_of_the_reader)
    yield context
    context.close()


@pytest.fixture(scope="session")
def shared_reader(shared_context: BrowserContext) -> Reader:
    """The shared page, live."""
    return Reader.at_the_first_page(shared_context.new_page())


@pytest.fixture
def reader(shared_reader: Reader, errors_of_the_reader: list[str]) -> Iterator[Reader]:
    """The shared page on an ordinary screen; a stray error on its console fails the test."""
    errors_of_the_reader.clear()
    yield shared_reader
    shared_reader.page.set_viewport_size(SCREEN)
    shared_reader.page.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="none", media="screen")
    assert errors_of_the_reader == []
