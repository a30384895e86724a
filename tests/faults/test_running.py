"""Python and readers' code while they run: death, endless loops, floods, memory, errors. F10 to F14, F17, F25, F27, F28."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from explorer import surface
from tests.faults.conftest import DEADLY, ENDLESS_LOOP, FLOOD, OUT_OF_MEMORY, Sabotage, is_live, notice, press
from tests.faults.saboteur import sabotaged
from tests.site.driver import EXPLORER, PATIENCE, open_live, output, python_workers, revision, set_value, wait_live, wait_revision

CELL = "[data-panel='code']"
MARKUP = "<img src=x onerror=window.hit=1>"


def run(page: Page, code: str) -> tuple[str, str]:
    """Run this code in the page's cell; the line that says how it went, and what was printed."""
    start(page, code)
    expect(page.locator(f"{CELL} [data-action='run']")).to_be_enabled()
    return said(page), page.locator(f"{CELL} .code-output").text_content() or ""


def start(page: Page, code: str) -> None:
    """Put this code into the cell and press Run."""
    field = page.locator(f"{CELL} textarea")
    field.evaluate("(field, code) => { field.value = code; }", code)
    page.locator(f"{CELL} [data-action='run']").click()


def said(page: Page) -> str:
    """The line under the cell."""
    return page.locator(f"{CELL} .code-state").text_content() or ""


def open_cell(page: Page) -> None:
    """Scroll to the cell, which mounts it."""
    page.locator(CELL).scroll_into_view_if_needed()
    page.locator(f"{CELL} [data-action='run']").wait_for(timeout=PATIENCE)


@pytest.fixture(scope="module")
def shared(browser: Browser, own_site: Path) -> Iterator[Page]:
    """One live page for the code that leaves Python alive."""
    with sabotaged(own_site) as server:
        context = browser.new_context(base_url=server.url)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        open_live(page, "rotation.html?points=9")
        open_cell(page)
        yield page
        context.close()


def test_more_memory_than_a_tab_gets(shared: Page) -> None:
    """F12: an ordinary error with its numbers, and Python goes on."""
    line, printed = run(shared, OUT_OF_MEMORY)
    assert line == "Stopped by an error in line 1; the figure is as it was."
    assert re.search(r"MemoryError: Unable to allocate [\d.]+ \w?i?B", printed)
    assert run(shared, "1 + 1")[1] == "2\n"


def test_a_flood_of_output_is_cut_and_says_so(shared: Page) -> None:
    """F14."""
    line, printed = run(shared, FLOOD)
    assert line.startswith("Ran in")
    assert printed.startswith("tea 1\ntea 2\n")
    assert len(printed) < 10_100
    assert printed.endswith("[only the first 10000 characters are shown]\n")


@pytest.mark.parametrize(
    "code",
    [
        f"print({MARKUP!r})",
        f"raise ValueError({MARKUP!r})",
        f"{{{MARKUP!r}: 1}}",
        f"type({MARKUP!r}, (), {{}})",
        f"exec(compile('1/0', {MARKUP!r}, 'exec'))",
        f"{{**compute(**parameters), {MARKUP!r}: 1}}",
        f"compute({MARKUP!r})",
        f"import importlib; importlib.import_module({MARKUP!r})",
    ],
)
def test_what_code_prints_or_names_is_text(shared: Page, code: str) -> None:
    """F25."""
    run(shared, code)
    assert shared.locator("img[src='x']").count() == 0
    assert shared.evaluate("() => window.hit") is None


@pytest.mark.parametrize(
    "code",
    [
        "osft.orthogonal.haar(-1, seed=0)",
        "osft.orthogonal.nearest(np.full((3, 3), np.nan))",
        "osft.orthogonal.exponential(np.ones((2, 3)))",
        "osft.orthogonal.cayley(np.ones((3, 3)))",
        "osft.orthogonal.householder(np.zeros((1, 3)))",
        "osft.subspace.split(np.ones((3, 4)), 9)",
        "osft.parameters.count('oft', 8, 8, r=3, oft_block_size=3)",
        "compute(points=1)",
        "compute(angle=float('nan'))",
    ],
)
def test_what_the_mathematics_refuses_it_refuses_in_the_same_words(shared: Page, code: str) -> None:
    """F17: singular, not orthogonal, not square, rank too large: the sentence of CPython, and the figure stays."""
    before = revision(shared)
    line, printed = run(shared, code)
    here = io.StringIO()
    steps = surface.run_cell(page="rotation", parameters={"points": 9}, code=code)
    with contextlib.redirect_stdout(here):
        for _ in steps:
            pass
    assert printed == here.getvalue()
    assert "Error: " in printed or "InvalidParameter: " in printed
    assert line == "Stopped by an error in line 1; the figure is as it was."
    assert revision(shared) == before


@pytest.mark.parametrize(
    "code",
    [
        "import js\njs.fetch(ADDRESS)",
        "from js import XMLHttpRequest\nr = XMLHttpRequest.new()\nr.open('GET', ADDRESS, False)\nr.send()",
        "from js import WebSocket\nWebSocket.new(ADDRESS.replace('http', 'ws'))",
        "from js import importScripts\nimportScripts(ADDRESS)",
        "import js\njs.eval('fetch(\"' + ADDRESS + '\")')",
        "import js\njs.Object.constructor(f'fetch(\"{ADDRESS}\")')()",
        "import js\njs.setTimeout(f'fetch(\"{ADDRESS}\")', 0)",
        "from pyodide.code import run_js\nrun_js(f'fetch(\"{ADDRESS}\")')",
        "from pyodide.code import run_js\nrun_js(f'import(\"{ADDRESS}\")')",
        "from pyodide.http import open_url\nopen_url(ADDRESS)",
        "from pyodide.http import pyfetch\npyfetch(ADDRESS).send(None)",
        "import urllib.request\nurllib.request.urlopen(ADDRESS)",
        "import http.client\nhttp.client.HTTPConnection('127.0.0.1', PORT).request('GET', '/')",
        "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1)",
        "import pyodide_js\npyodide_js.loadPackage(ADDRESS + 'x-1-py3-none-any.whl')\nraise RuntimeError('asked')",
        "import pyodide_js\npyodide_js.runPython\npyodide_js._api.loadBinaryFile(ADDRESS)\nraise RuntimeError('asked')",
    ],
)
@pytest.mark.expects_console_errors
def test_shared_code_cannot_reach_the_network(shared: Page, own_site: Path, code: str) -> None:
    """F28: it ends in an error that is shown, and no other host hears of it."""
    with sabotaged(own_site) as foreign:
        given = f"ADDRESS, PORT = {foreign.url!r}, {foreign.port}\n{code}"
        line, printed = run(shared, given)
        assert line.startswith("Stopped by an error"), printed
        assert re.search(r"^[\w.]*(Error|Exception)\b", printed, re.MULTILINE), printed
        assert run(shared, "1 + 1")[1] == "2\n"
        assert foreign.asked == []


# How many workers have been ended, and how many by the press of a button: what happens while the press is handled
# comes before anything else can, also before the next frame.
COUNT_ENDED = """
window.ended = 0;
const {terminate} = Worker.prototype;
Worker.prototype.terminate = function () {
  window.ended += 1;
  terminate.call(this);
};
let before = 0;
addEventListener('click', () => { before = window.ended; }, {capture: true});
addEventListener('click', () => { window.endedByPress = window.ended - before; });
"""


def test_code_that_came_by_link_is_shown_and_stop_ends_it(sabotage: Sabotage) -> None:
    """F27, F13: not run by itself; after ten seconds it is said that it may never end; Stop ends it within the press."""
    page = sabotage.page(None, COUNT_ENDED)
    page.clock.install()
    open_live(page, sabotage.url(f"rotation.html?angle=30#code={quote(ENDLESS_LOOP)}"))
    open_cell(page)
    assert page.locator(f"{CELL} textarea").input_value() == ENDLESS_LOOP
    assert said(page) == "This code came with a link and was not run. Read it, then press Run."
    stop = page.locator(f"{CELL} [data-action='stop']")
    assert not stop.is_visible()
    shown = output(page, "distance_original")
    page.locator(f"{CELL} [data-action='run']").click()
    stop.wait_for()
    expect(page.locator(f"{CELL} .code-seconds")).to_have_text(re.compile(r"[1-9]\d* s"))
    page.clock.run_for(10_000)
    expect(page.locator(f"{CELL} .code-state")).to_contain_text("Still running after 10 seconds. Stop ends it")
    page.locator(".controls [name='angle']").fill("60")  # asked while Python is busy: computed when it is back
    stop.click()
    assert page.evaluate("() => window.endedByPress") == 1
    expect(page.locator(f"{CELL} .code-state")).to_contain_text("Stopped. Python")
    expect(page.locator(f"{CELL} .code-seconds")).to_have_count(0)
    assert not stop.is_visible()
    expect(page.locator(f"{CELL} .code-state")).to_contain_text("your code and the figure are as they were")
    is_live(page)
    assert page.locator(f"{CELL} textarea").input_value() == ENDLESS_LOOP
    assert output(page, "distance_original") == shown
    expect(page).to_have_url(re.compile("angle=60"))
    assert run(page, "print(angle)")[1] == "60.0\n"


def while_python_starts(sabotage: Sabotage, address: str, *scripts: str) -> tuple[Page, Callable[[], None]]:
    """A page whose Python does not come until the function is called."""
    held: list[Route] = []
    page = sabotage.page(None, *scripts)
    page.route("**/generated/runtime/**", lambda route: held.append(route))
    page.goto(sabotage.url(address))

    def release() -> None:
        page.route("**/generated/runtime/**", lambda route: route.continue_())
        for route in held:
            route.continue_()
        page.locator("html[data-python='ready']").wait_for(state="attached")

    return page, release


def test_stop_while_python_starts_is_no_less_a_stop(sabotage: Sabotage) -> None:
    """F13: code that waits for Python does not begin after it was stopped, and Python comes no later for it."""
    page, release = while_python_starts(sabotage, "index.html?nosw=1", COUNT_ENDED)
    cell = page.locator("[data-cell='warm-up']")
    cell.scroll_into_view_if_needed()
    start, stop, line = (cell.locator(each) for each in ("[data-action='run']", "[data-action='stop']", ".code-state"))
    start.click()
    stop.click()
    assert page.evaluate("() => window.endedByPress") == 0
    expect(line).to_have_text("Stopped before it ran; your code is as it was.")
    expect(stop).to_be_hidden()
    release()
    expect(start).to_be_enabled()
    expect(line).to_have_text("Stopped before it ran; your code is as it was.")
    expect(cell.locator(".code-output")).to_be_hidden()
    start.click()
    expect(line).to_have_text(re.compile("^Ran in"))


def test_a_training_that_waits_for_python_can_be_stopped(sabotage: Sabotage) -> None:
    """F13: the same for the live run, which can then be started again."""
    page, release = while_python_starts(sabotage, "training.html?nosw=1")
    panel = page.locator("[data-panel='live']")
    panel.scroll_into_view_if_needed()
    panel.locator("[data-action='train']").click()
    expect(panel.locator(".live-state")).to_have_text("Waiting for Python …")
    panel.locator("[data-action='stop-training']").click()
    expect(panel.locator(".live-state")).to_have_text("Stopped before it began.")
    release()
    expect(panel.locator("[data-action='train']")).to_be_enabled()
    expect(panel.locator(".live-state")).to_have_text("Stopped before it began.")
    panel.locator("[data-action='train']").click()
    expect(panel.locator(".live-state")).to_have_text(re.compile(r"^Done in [\d.]+ s\."), timeout=3 * PATIENCE)


@pytest.mark.expects_console_errors
def test_a_dead_interpreter_is_started_again_once_by_itself(sabotage: Sabotage) -> None:
    """F11: with the reader's settings; a second death within a minute asks first."""
    page = sabotage.page("svd.html?rank=3&seed=7")
    wait_live(page)
    open_cell(page)
    set_value(page, "rank", 4)
    kept = output(page, "energy_kept")
    line, _ = run(page, DEADLY)
    assert line.startswith("Python stopped (")
    assert line.endswith("and starts again by itself.")
    is_live(page)
    assert output(page, "energy_kept") == kept
    expect(page).to_have_url(re.compile(r"rank=4\b"))
    run(page, DEADLY)
    line_ = notice(page, "OSFT-E23")
    expect(line_).to_contain_text("Python stopped twice within a minute")
    expect(line_).to_contain_text("Your settings are kept.")
    expect(page.locator("#python-chip")).to_have_text("Python is not running")
    assert output(page, "energy_kept") == kept, "the last good figure stays"
    press(line_, "Restart Python")
    is_live(page)
    set_value(page, "rank", 3)
    assert output(page, "energy_kept") < kept


@pytest.mark.expects_console_errors
def test_a_worker_that_crashes_is_replaced(sabotage: Sabotage) -> None:
    """F10: an error outside Python, as the browser tells it."""
    page = sabotage.page("rotation.html?angle=30")
    wait_live(page)
    before = revision(page)
    python_workers(page)[0].evaluate("() => { setTimeout(() => { throw new Error('crashed'); }); }")
    line = notice(page, "OSFT-E22")
    expect(line).to_contain_text("Python stopped")
    expect(line).to_contain_text("starts again by itself. Your settings are kept.")
    wait_revision(page, before)
    is_live(page)
    line.get_by_role("button", name="Close this message").click()
    expect(page.locator(".notice-line")).to_have_text([])
    assert "angle=30" in page.url


def test_a_computation_that_does_not_end_has_a_limit(sabotage: Sabotage) -> None:
    """F13: what a control asks for may take thirty seconds of seen time."""
    page = sabotage.page()
    page.clock.install()
    open_live(page, sabotage.url("rotation.html"))
    python_workers(page)[0].evaluate("() => { setTimeout(() => { for (;;); }); }")
    before = revision(page)
    page.locator(".controls [name='angle']").fill("30")
    expect(page.locator(EXPLORER)).to_have_attribute("aria-busy", "true")
    page.clock.run_for(31_000)
    line = notice(page, "OSFT-E21")
    expect(line).to_contain_text(
        "The computation took longer than 30 seconds and was stopped. Python starts again by itself. Your settings"
    )
    page.clock.resume()
    wait_revision(page, before)
    is_live(page)
    expect(page).to_have_url(re.compile(r"angle=30\b"))


@pytest.mark.expects_console_errors
def test_data_that_waits_for_the_network_holds_up_nothing_else(sabotage: Sabotage) -> None:
    """F6, F13: a control that needs a file is at work until that comes; the others are answered meanwhile."""
    page = sabotage.page(None, service_workers="block")
    page.clock.install()
    open_live(page, sabotage.url("svd.html"))
    page.context.set_offline(True)
    sabotage.server.stop()
    source = page.locator(".controls [name='source']")
    source.select_option("transformer")
    expect(page.locator(EXPLORER)).to_have_attribute("aria-busy", "true")
    page.clock.run_for(40_000)
    assert page.locator(".notice[data-code='OSFT-E21']").count() == 0
    before = revision(page)
    source.select_option("toy")
    wait_revision(page, before)
    page.clock.resume()
    sabotage.server.start()
    page.context.set_offline(False)
    before = revision(page)
    source.select_option("transformer")
    wait_revision(page, before)
    is_live(page)


def test_a_run_that_diverges_says_where(sabotage: Sabotage) -> None:
    """F18: the curve ends there, and the text names the step and the reason."""
    page = sabotage.page("training.html")
    wait_live(page)
    panel = page.locator("[data-panel='live']")
    panel.scroll_into_view_if_needed()
    declared = json.loads((sabotage.site / "data" / "training.json").read_text(encoding="utf-8"))["live"]["parameters"]
    largest = next(each["high"] for each in declared if each["name"] == "learning_rate")
    rate = panel.locator("[name='learning_rate']")
    rate.fill(str(largest))
    rate.press("Enter")
    panel.locator("[data-action='train']").click()
    expect(panel.locator(".live-state")).to_contain_text(re.compile(r"Done in .* diverged at step \d+"), timeout=3 * PATIENCE)
