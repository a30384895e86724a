"""A page with a running kernel, for one test or for a whole file of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.kernel.driver import Run, opened, started


@pytest.fixture
def visit(context: BrowserContext) -> Callable[[str], Run]:
    """Open an address without waiting for Python."""
    return lambda address: opened(context, address)


@pytest.fixture
def run(context: BrowserContext) -> Run:
    """A page of its own whose Python is ready."""
    return started(context)


@pytest.fixture(scope="module")
def shared(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Run]:
    """One page for a whole file of tests."""
    errors: list[str] = []
    context = browser.new_context(**browser_context_args)
    context.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield started(context)
    context.close()
    assert errors == []
