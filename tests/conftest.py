"""What every test may ask for: the built site on a server, a Chromium, and a watch on its console.

The site is built once for all workers of a run (the build holds a lock) and served by each.
"""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from builder import develop
from builder.precompute import LAUNCH_ARGUMENTS
from builder.serve import serving
from builder.site import Places, build
from tests.site.driver import listen

# Small matrices gain nothing from threads, and two test processes on two cores lose by them. Read when NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
LONGEST = (
    "notebooks/test_lab_browser",
    "faults/test_offline",
    "faults/test_updates",
    "faults/test_loading",
    "site/test_accessibility",
    "faults/test_browser",
    "faults/test_codes",
    "notebooks/test_run",
    "site/test_export",
    "wasm/test_parity",
    "faults/test_input",
    "faults/test_running",
    "site/test_live",
    "wasm/test_tiers",
    "kernel/test_lifecycle",
    "site/test_start",
    "site/test_budgets",
    "site/test_keyboard",
    "wasm/test_maths_inside",
    "site/test_outputs",
)
"""The files that take half a minute or more. Two processes that begin with them end together."""
WATCHED = tuple(ROOT / "tests" / name for name in ("site", "faults", "kernel", "wasm"))


OF_THE_WINDOW = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup")
"""Lists below the address field, each a document with a process: of every window of a headless Chromium, which nobody sees.
Without them opening a page takes less than half of the processor's time."""
SPARE = "SpareRendererForSitePerProcess"
"""A process kept at hand for the next site: a test that opens one page would start two and use one."""
PLAYWRIGHTS = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""What Playwright switches off itself, said again: of two such switches a Chromium hears the last."""
ONCE = "--js-flags=--liftoff-only"
"""Python is compiled once, quickly: most pages of tests are closed before a second, thorough compilation has paid for itself.
It saves a sixth of the processor's time of a start."""


@pytest.hookimpl(trylast=True)  # pytest itself reorders them by their fixtures
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In one of several processes, the longest files first. In a browser, a second try."""
    for item in items:
        if any(folder in item.path.parents for folder in WATCHED):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if hasattr(config, "workerinput"):
        order = {ROOT / "tests" / f"{name}.py": place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: order.get(item.path, len(order)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was seen once in a thousand runs is told as a failure is: nobody may be able to bring it about again."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at the first try: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


@pytest.fixture(scope="session")
def site_folder() -> Path:
    """`osft-web/`, built."""
    places = Places.of(ROOT)
    build(places, print)
    return places.site


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    """The URL of the site on the project's own server, with a final slash."""
    with serving(site_folder) as url:
        yield url


@pytest.fixture(scope="session")
def plain_site(site_folder: Path) -> Iterator[str]:
    """The same on Python's `http.server`, as `python3 -m http.server` serves it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output readable."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site_folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def chromium_path() -> str | None:
    """The Chromium to start, or None for the one that Playwright brought."""
    found = develop.find_chromium()
    if found is None:
        pytest.fail("There is no Chromium; `python3 build.py setup` finds or installs one.")
    return found or None


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_name: str, request: pytest.FixtureRequest
) -> dict[str, Any]:
    """How pytest-playwright starts the browser. Firefox and WebKit are Playwright's own, and know none of the switches."""
    if browser_name != "chromium":
        return browser_type_launch_args
    chromium_path = request.getfixturevalue("chromium_path")
    path = {"executable_path": chromium_path} if chromium_path else {}
    features = f"--disable-features={','.join([*PLAYWRIGHTS, *OF_THE_WINDOW, SPARE])}"
    args = [*browser_type_launch_args.get("args", []), *LAUNCH_ARGUMENTS, features, ONCE]
    return {**browser_type_launch_args, **path, "args": args}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], site: str) -> dict[str, Any]:
    """`page.goto("rotation.html")` means the served site."""
    return {**browser_context_args, "base_url": site}


@pytest.fixture
def console_errors() -> list[str]:
    """The console errors and page errors of this test's contexts so far."""
    return []


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext], console_errors: list[str]) -> Callable[..., BrowserContext]:
    """pytest-playwright's maker of contexts, with an ear on each: `context` and `page` come from it too."""

    def watched(**options: Any) -> BrowserContext:
        context = new_context(**options)
        listen(context, console_errors)
        return context

    return watched


@pytest.fixture(autouse=True)
def nothing_on_the_console(request: pytest.FixtureRequest) -> Iterator[None]:
    """In the tests of a page a stray error fails the test, unless it sabotages the page on purpose."""
    watched = "new_context" in request.fixturenames and any(folder in request.path.parents for folder in WATCHED)
    errors: list[str] = request.getfixturevalue("console_errors") if watched else []
    yield
    if request.node.get_closest_marker("expects_console_errors") is None:
        assert errors == []
