"""Files that are missing, damaged, slow, stalled or of the wrong type, before Python is up: F1 to F6, F8 to F10, F45."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.faults.conftest import Sabotage, is_live, is_readable, notice, press
from tests.site.driver import EXPLORER

pytestmark = pytest.mark.expects_console_errors

WEB_PAGE = "<!doctype html><title>Not found</title><h1>Not found</h1>"
START = "/start.pack"
WASM = "/pyodide.asm.wasm"
GLUE = "/pyodide.asm.mjs"
SNAPSHOT = "/snapshot.pack"
MANIFEST = "/generated/manifest.json"


@pytest.mark.parametrize(
    ("fault", "file", "code", "words"),
    [
        ("missing", MANIFEST, "OSFT-E01", "has no Python in it (generated/manifest.json: the server answered 404)"),
        ("web page", MANIFEST, "OSFT-E01", "has no Python in it (generated/manifest.json cannot be read"),
        ("missing", START, "OSFT-E02", "start.pack is missing (the server answered 404)"),
        ("web page", START, "OSFT-E02", "start.pack is missing (the server answered with a web page in its place)"),
        ("missing", WASM, "OSFT-E02", "pyodide.asm.wasm is missing"),
        ("missing", GLUE, "OSFT-E02", "pyodide.asm.mjs is missing"),
        ("text/plain", GLUE, "OSFT-E03", "pyodide.asm.mjs must come as text/javascript and comes as text/plain"),
        ("damaged", START, "OSFT-E04", "start.pack has another SHA-256"),
        ("damaged", WASM, "OSFT-E04", "pyodide.asm.wasm has another SHA-256"),
        ("damaged", GLUE, "OSFT-E04", "pyodide.asm.mjs has another SHA-256"),
        ("empty", START, "OSFT-E04", "start.pack has 0 of"),
        ("cut", WASM, "OSFT-E06", "pyodide.asm.wasm broke off after"),
    ],
)
def test_a_file_of_the_start_is_not_as_it_should_be(sabotage: Sabotage, fault: str, file: str, code: str, words: str) -> None:
    """F1, F2, F3, F45."""
    server = sabotage.server
    {
        "missing": lambda: server.missing(file),
        "web page": lambda: server.replaced(file, WEB_PAGE, "text/html"),
        "text/plain": lambda: server.typed(file, "text/plain"),
        "damaged": lambda: server.damaged(file),
        "empty": lambda: server.replaced(file, ""),
        "cut": lambda: server.cut(file),
    }[fault]()
    page = sabotage.page("svd.html?rank=3&seed=7&tier=fast")
    line = notice(page, code)
    expect(line).to_contain_text(words)
    expect(line).to_contain_text("stay usable")
    expect(page.locator("html")).to_have_attribute("data-python", "failed")
    is_readable(page)
    assert page.url.endswith("?rank=3&seed=7&tier=fast")
    assert line.get_by_role("button", name="Try again").is_visible()


def test_try_again_brings_the_page_back_with_its_settings(sabotage: Sabotage) -> None:
    sabotage.server.missing(START)
    page = sabotage.page("svd.html?rank=3&seed=7&tier=fast")
    press(notice(page, "OSFT-E02"), "Try again")
    line = notice(page, "OSFT-E02")  # still missing: said again
    sabotage.server.heal()
    press(line, "Try again")
    is_live(page)
    assert page.url.endswith("?rank=3&seed=7&tier=fast")
    assert page.locator(".controls [name='rank']").input_value() == "3"


@pytest.mark.parametrize(("fault", "code", "words"), [("damaged", "OSFT-E04", "numpy-"), ("missing", "OSFT-E02", "numpy-")])
def test_numpy_as_a_wheel(sabotage: Sabotage, fault: str, code: str, words: str) -> None:
    """F1, F2 on a host that was built without Node: stock Pyodide and its wheels."""
    wheel = next((sabotage.site / "generated" / "runtime").glob("numpy-*.whl")).name
    getattr(sabotage.server, fault)(wheel)
    page = sabotage.page("rotation.html?tier=stock")
    expect(notice(page, code)).to_contain_text(words)
    is_readable(page)


def test_a_file_damaged_once_is_fetched_past_the_cache(sabotage: Sabotage) -> None:
    """F1: what a proxy damaged once costs a second download and no word."""
    sabotage.server.damaged(START, times=1)
    page = sabotage.page("rotation.html?tier=fast")
    is_live(page)
    assert sum(START in path for path in sabotage.server.asked) == 2
    assert page.locator(".notice").count() == 0


@pytest.mark.parametrize("fault", ["missing", "damaged"])
def test_a_recorded_interpreter_that_cannot_be_used_is_done_without(sabotage: Sabotage, fault: str) -> None:
    """F1, F2: the snapshot saves time and nothing else."""
    getattr(sabotage.server, fault)("snapshot.pack")
    page = sabotage.page("rotation.html?tier=snapshot")
    is_live(page)
    assert page.locator(".notice").count() == 0


def test_a_start_that_can_choose_nothing_any_more_ends(sabotage: Sabotage) -> None:
    """F1, F2: a recorded interpreter does not come, and then the list of files neither: it is said, once."""
    server = sabotage.server
    server.stalled(SNAPSHOT)
    page = sabotage.page(None, service_workers="block")
    page.goto(sabotage.url("rotation.html?tier=snapshot"))
    expect(page.locator("#python-chip")).to_contain_text("MB of")
    before, held = len(server.asked), server.released
    server.heal()
    server.missing(SNAPSHOT)
    server.missing(MANIFEST)
    held.set()
    expect(notice(page, "OSFT-E01")).to_contain_text("generated/manifest.json: the server answered 404")
    asked = [path for path in server.asked[before:] if MANIFEST in path]
    server.heal()
    press(notice(page, "OSFT-E01"), "Try again")
    is_live(page)
    assert len(asked) == 1


def test_wasm_under_another_type_works_all_the_same(sabotage: Sabotage) -> None:
    """F3, F45: bytes are bytes; only scripts depend on their type."""
    sabotage.server.typed(WASM, "application/octet-stream")
    is_live(sabotage.page("rotation.html"))


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("refused", "OSFT-E40", "rotation.json) could not be reached"),
        ("missing", "OSFT-E41", "rotation.json) is missing (status 404)"),
        ("damaged", "OSFT-E42", "rotation.json) is damaged"),
        ("newer", "OSFT-E43", "made by another version"),
    ],
)
def test_the_data_of_one_page_cannot_be_used(sabotage: Sabotage, fault: str, code: str, words: str) -> None:
    """F4, F5: the text stays, the other pages work, and Reload mends it once the host has."""
    server, file = sabotage.server, "/data/rotation.json"
    {
        "refused": lambda: server.refused(file),
        "missing": lambda: server.missing(file),
        "damaged": lambda: server.replaced(file, "{oops"),
        "newer": lambda: server.replaced(file, '{"schema": 99}'),
    }[fault]()
    page = sabotage.page("rotation.html?angle=30")
    line = notice(page, code)
    expect(line).to_contain_text(words)
    expect(line).to_contain_text("The text and the other pages work")
    assert len(page.locator("article.story").inner_text()) > 1000
    page.locator(".site-nav a[href='svd.html']").click()
    # The document that is left has a figure, too: what follows is of the next one.
    page.locator(f"{EXPLORER}[data-page='svd']").wait_for(state="attached")
    is_readable(page)
    assert page.locator(".notice").count() == 0, "what was said of the other page has gone with it"
    page.go_back()
    line = notice(page, code)
    server.heal()
    press(line, "Reload")
    is_readable(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")


def test_data_damaged_once_is_fetched_past_the_cache(sabotage: Sabotage) -> None:
    """F4."""
    sabotage.server.replaced("/data/rotation.json", '{"schema"', times=1)
    page = sabotage.page("rotation.html")
    is_readable(page)
    assert page.locator(".notice").count() == 0


@pytest.mark.parametrize("script", ["/pages/rotation.js", "/figures/plane.js", "/generated/vendor/d3.js"])
def test_a_script_of_the_page_is_missing(sabotage: Sabotage, script: str) -> None:
    sabotage.server.missing(script)
    page = sabotage.page("rotation.html?angle=30")
    line = notice(page, "OSFT-E44")
    expect(line).to_contain_text("A part of this page did not load. The text and the other pages work")
    sabotage.server.heal()
    press(line, "Reload")
    is_readable(page)


@pytest.mark.parametrize("script", ["/shell/boot.js", "/shell/status.js", "/kernel/client.js", "/kernel/errors.js"])
@pytest.mark.parametrize("fault", ["missing", "broken"])
def test_the_shell_itself_is_missing(sabotage: Sabotage, script: str, fault: str) -> None:
    """Nobody is left to say it but the document."""
    sabotage.server.missing(script) if fault == "missing" else sabotage.server.replaced(script, "export const = 1")
    page = sabotage.page("rotation.html?angle=30")
    line = page.get_by_role("alert").filter(has_text="A part of this page did not load (OSFT-E46)")
    line.wait_for()
    assert len(page.locator("article.story").inner_text()) > 1000
    assert page.locator(".stage svg").count() > 0, "the document brings its first figure"
    sabotage.server.heal()
    line.get_by_role("button", name="Reload").click()
    is_readable(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")
    assert not line.is_visible()


@pytest.mark.parametrize("content", ["throw new Error('broken')", "this is no script", None])
def test_the_worker_does_not_start(sabotage: Sabotage, content: str | None) -> None:
    """F10 at the start: the browser's own error is empty, so the page says it in its own words."""
    file = "/kernel/worker.js"
    sabotage.server.missing(file) if content is None else sabotage.server.replaced(file, content)
    page = sabotage.page("rotation.html")
    line = notice(page, "OSFT-E08")
    expect(line).to_contain_text("The Python worker could not be started")
    is_readable(page)
    sabotage.server.heal()
    press(line, "Try again")
    is_live(page)


def loaded_megabytes(told: str) -> float:
    """The moving number of the chip, by its text."""
    found = re.search(r"([\d.]+) (kB|MB) of [\d.]+ MB", told)
    return float(found[1]) * {"kB": 1e-3, "MB": 1}[found[2]] if found else -1


def test_offline_before_the_first_visit_ends(sabotage: Sabotage) -> None:
    """F6: it waits as long as it takes, says how far it came, and goes on from there. So does a script that is there already,
    and that a browser asks for once more when it imports it."""
    server = sabotage.server
    server.stalled(WASM)
    server.held("/pyodide.mjs", after=1)
    page = sabotage.page()
    page.clock.install()
    page.goto(sabotage.url("svd.html?rank=3"))
    expect(page.locator("#python-chip")).to_contain_text(re.compile(r"Fetching Python: \d.* of \d.* MB"))
    page.context.set_offline(True)
    page.evaluate(
        "() => new Promise((heard) => { if (navigator.onLine) addEventListener('offline', heard); else setTimeout(heard, 100); })"
    )
    server.stop()  # the browser's own switch does not reach what a worker is fetching
    server.heal()
    line = notice(page, "OSFT-E16")
    expect(line).to_contain_text(re.compile(r"You are offline. [\d.]+ MB of [\d.]+ MB of Python have come. It goes on by itself"))
    expect(page.locator("#python-chip")).to_contain_text(re.compile(r"Waiting for the network: [\d.]+ MB of [\d.]+ MB"))
    is_readable(page)
    page.clock.run_for(120_000)
    expect(line).to_be_visible()
    page.clock.resume()
    before = len(server.asked)
    server.start()
    page.context.set_offline(False)
    is_live(page)
    assert page.locator(".notice").count() == 0
    resumed = [path for path in server.asked[before:] if WASM in path]
    assert len(resumed) == 1


def test_a_slow_network(sabotage: Sabotage) -> None:
    """F8: the count of bytes moves for minutes, the time left is told, and reading needs none of it."""
    sabotage.server.bytes_per_second = 100_000
    page = sabotage.page()
    page.clock.install()
    page.goto(sabotage.url("svd.html?rank=3"))
    is_readable(page)
    chip = page.locator("#python-chip")
    expect(chip).to_contain_text(re.compile(r"of [\d.]+ MB, about \d+ min left"))
    seen = chip.text_content() or ""
    expect(chip).not_to_contain_text(seen.partition(" of ")[0])
    assert loaded_megabytes(chip.text_content() or "") > loaded_megabytes(seen) >= 0
    for _ in range(8):
        page.clock.run_for(10_000)
        seen = chip.text_content() or ""  # from here on a byte has to come: two jumps without one would be a stall
        expect(chip).not_to_contain_text(seen.partition(" of ")[0])
    assert page.locator(".notice").count() == 0
    page.clock.resume()
    sabotage.server.bytes_per_second = None
    is_live(page)


CHIP = """document.addEventListener('DOMContentLoaded', () => {
  const chip = document.getElementById('python-chip');
  window.told = [];
  new MutationObserver(() => told.push(chip.textContent)).observe(chip, {childList: true, characterData: true, subtree: true});
})"""


def test_progress_is_told_in_bytes(sabotage: Sabotage) -> None:
    """While the largest file is on its way the chip says how much has come of how much."""
    sabotage.server.bytes_per_second = 6e6
    page = sabotage.page("parameters.html?nosw=1", CHIP)
    is_live(page)
    expect(page.locator("#python-chip")).to_have_text("Python is ready")
    told = page.evaluate("() => told")
    assert sum(loaded_megabytes(text) >= 0 for text in told) >= 2, told


VISIBILITY = "(state) => Object.defineProperty(document, 'visibilityState', {get: () => state, configurable: true})"


def test_a_server_that_stalls(sabotage: Sabotage) -> None:
    """F9, F38: after twenty seconds without a byte in which the page was seen; a tab behind others or asleep has time."""
    sabotage.server.stalled(START)
    page = sabotage.page()
    page.clock.install()
    page.goto(sabotage.url("rotation.html?tier=fast"))
    expect(page.locator("#python-chip")).to_contain_text("MB of")
    page.clock.run_for(10_000)
    page.evaluate(VISIBILITY, "hidden")
    page.clock.run_for(300_000)
    page.evaluate(VISIBILITY, "visible")
    page.clock.fast_forward(3_600_000)  # as after a lid was closed: the time has passed, and nothing ran
    page.clock.run_for(2_000)
    assert page.locator(".notice").count() == 0
    page.clock.run_for(10_000)
    line = notice(page, "OSFT-E05")
    expect(line).to_contain_text(re.compile(r"The download stalled: no byte came for 20 seconds, after [\d.]+ of [\d.]+ MB"))
    is_readable(page)
    sabotage.server.heal()
    press(line, "Try again")
    page.clock.resume()
    is_live(page)


def test_a_second_precomputed_state_is_not_needed(sabotage: Sabotage) -> None:
    """Without Python a moved control keeps its value, says nothing false, and is computed when Python comes."""
    sabotage.server.missing(START)
    page = sabotage.page("rotation.html?tier=fast")
    line = notice(page, "OSFT-E02")
    page.locator(".controls [name='angle']").fill("90")
    page.locator(".controls [name='angle']").press("Enter")
    expect(page).to_have_url(re.compile(r"angle=90"))
    shipped = json.loads((sabotage.site / "data" / "rotation.json").read_text(encoding="utf-8"))["result"]
    shown = page.locator("output[name='distance_original']").get_attribute("data-value")
    assert float(shown or "nan") == shipped["distance_original"]
    assert page.locator(EXPLORER).get_attribute("data-source") == "precomputed"
    sabotage.server.heal()
    press(line, "Try again")
    is_live(page)
