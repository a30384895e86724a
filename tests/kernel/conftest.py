"""A page with a running kernel, and its errors as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

Run = Callable[..., Any]

# Helpers for the scripts of the tests: `settle` makes an outcome of a promise, errors included.
PRELUDE = """
const {kernel} = window.osft;
const settle = (promise) => promise.then(
  (value) => ({value}),
  ({name, code, message, field, traceback}) => ({name, code, message, field, traceback}),
);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const until = async (test) => { while (!test()) await pause(10); };
const cell = (code, onStep = () => {}) => kernel.stream('run_cell', {page: 'rotation', parameters: {}, code}, onStep);
const say = async (code) => { let text = ''; await cell(code, (step) => { text += step.text; }).done; return text; };
"""

KEEP_WORKERS = """
window.workers = [];
window.Worker = class extends Worker {
  constructor(...given) { super(...given); window.workers.push(this); }
};
"""


@pytest.fixture(scope="session")
def tiers(site_folder: Path) -> list[str]:
    """The ways to start that this build has."""
    manifest = json.loads((site_folder / "generated" / "manifest.json").read_text(encoding="utf-8"))
    return list(manifest["boot"]["tiers"])


def opened(context: BrowserContext, address: str) -> Run:
    """Open an address; gives how to run a script there, with the helpers of PRELUDE."""
    page: Page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(KEEP_WORKERS)
    page.goto(address)

    def run(script: str, *arguments: Any) -> Any:
        return page.evaluate(f"async (given) => {{ {PRELUDE} {script} }}", list(arguments))

    run.page = page  # type: ignore[attr-defined]
    return run


def started(context: BrowserContext, address: str = "index.html") -> Run:
    """The same, once Python is ready."""
    run = opened(context, address)
    assert run("return (await window.osft.ready).state;") == "ready"
    return run


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
