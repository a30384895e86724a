"""What is left of the table of codes: a Python that comes whole and does not work, and pages whose own code fails. F1, F3, F10.

The server publishes other files that are whole by its manifest, as a host does that was built from something broken.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from builder.runtime_pack import pack
from tests.faults.conftest import Sabotage, is_live, is_readable, notice, press
from tests.kernel.driver import packed_files
from tests.site.driver import EXPLORER, output, revision, set_value, wait_revision

pytestmark = pytest.mark.expects_console_errors

START, PYTHON, GLUE = (f"runtime/{name}" for name in ("start.pack", "python.pack", "pyodide.asm.mjs"))
CURIOUSER = "raise ZeroDivisionError('curiouser')"
NEVER = "export default () => new Promise(() => {});"
WITH_A_NUMBER = "export default () => { throw new DOMException('no room for it', 'QuotaExceededError'); };"
"""The browser's own exceptions have a code, too, which is none of the site's."""


def publish(
    sabotage: Sabotage, files: dict[str, bytes], change: Callable[[dict[str, Any]], object] = lambda manifest: None
) -> None:
    """Let the server have these files in the place of its own, and a manifest that says so."""
    sabotage.server.heal()
    manifest = json.loads((sabotage.site / "generated" / "manifest.json").read_text(encoding="utf-8"))
    for path, content in files.items():
        manifest["files"][path] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        sabotage.server.replaced(f"/{path}", content)
    change(manifest)
    sabotage.server.replaced("/generated/manifest.json", json.dumps(manifest))


def repacked(sabotage: Sabotage, path: str, change: Callable[[str, bytes], bytes | None]) -> dict[str, bytes]:
    """One pack of the site in which some files are others; a file changed to None is left out."""
    files = packed_files(sabotage.site / "generated" / path)
    changed = {name: change(name, content) for name, content in files.items()}
    assert changed != files
    return {path: pack({name: content for name, content in changed.items() if content is not None})}


def without(module: str) -> Callable[[str, bytes], bytes | None]:
    """Leave out a module."""
    return lambda name, content: None if f"/{module}/" in name or f"/{module}." in name else content


def instead(module: str, source: str) -> Callable[[str, bytes], bytes | None]:
    """Let a module of explorer have this source, which no compiled copy precedes."""

    def change(name: str, content: bytes) -> bytes | None:
        if f"/explorer/__pycache__/{module}." in name:
            return None
        return source.encode() if name.endswith(f"/explorer/{module}.py") else content

    return change


def opened(sabotage: Sabotage, address: str) -> Page:
    """A page that keeps no copy, so that what is published next is what it gets."""
    return sabotage.page(address, service_workers="block")


def keeps_its_figure(page: Page) -> None:
    """Text, figure and numbers are those of the document."""
    is_readable(page)
    expect(page.locator(EXPLORER)).to_have_attribute("data-source", "precomputed")


def test_python_comes_and_does_not_start(sabotage: Sabotage) -> None:
    """E09, E10, E11: each is said in turn as the host mends one and breaks the next, until Try again brings the page."""
    publish(sabotage, repacked(sabotage, START, without("encodings")))
    page = sabotage.page(None, service_workers="block")
    page.clock.install()
    page.goto(sabotage.url("rotation.html?angle=30&tier=fast"))
    line = notice(page, "OSFT-E09")
    expect(line).to_contain_text("Python could not be started (")
    expect(line).to_contain_text("The text, the formulas and the first figures stay usable.")
    keeps_its_figure(page)

    publish(sabotage, {GLUE: WITH_A_NUMBER.encode()})
    press(line, "Try again")
    line = notice(page, "OSFT-E09")
    expect(line).to_contain_text("Python could not be started (no room for it).")

    publish(sabotage, {GLUE: NEVER.encode()})
    press(line, "Try again")
    expect(page.locator("#python-chip")).to_contain_text("Starting Python")
    page.clock.run_for(62_000)
    line = notice(page, "OSFT-E09")
    expect(line).to_contain_text("Python could not be started (nothing happened for 60 seconds).")
    keeps_its_figure(page)

    publish(sabotage, repacked(sabotage, START, without("numpy")))
    press(line, "Try again")
    line = notice(page, "OSFT-E10")
    expect(line).to_contain_text("Python started, but NumPy is missing or damaged (ModuleNotFoundError: No module named 'numpy')")
    expect(line).to_contain_text("The text, the formulas and the first figures stay usable.")
    keeps_its_figure(page)

    publish(sabotage, repacked(sabotage, PYTHON, instead("bridge", CURIOUSER)))
    press(line, "Try again")
    line = notice(page, "OSFT-E11")
    expect(line).to_contain_text("Python started, but the explorer's own code did not (ZeroDivisionError: curiouser).")
    expect(line).to_contain_text("The text, the formulas and the first figures stay usable.")
    keeps_its_figure(page)

    sabotage.server.heal()
    press(line, "Try again")
    is_live(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")


def test_a_package_that_does_not_come_or_does_not_work(sabotage: Sabotage) -> None:
    """E12: "Check it" says so, its code folded away; the figure goes on, and the check works once the host has mended it."""
    scipy = next((sabotage.site / "generated" / "runtime").glob("scipy-*.whl")).name
    page = opened(sabotage, "rotation.html?angle=30")
    is_live(page)
    sabotage.server.missing(scipy)
    check, state = open_check(page)
    check.click()
    expect(state).to_contain_text(f"The check could not run: This copy of the site is incomplete: {scipy} is missing")
    expect(state.locator("details:not([open]) summary")).to_have_text("Details (OSFT-E02)")

    publish(sabotage, {f"runtime/{scipy}": wheel("scipy", CURIOUSER)})
    page.reload()
    is_live(page)
    check, state = open_check(page)
    check.click()
    expect(state).to_contain_text(
        "The check could not run: An additional package could not be loaded (ZeroDivisionError: curiouser). "
        "Everything that does not need it goes on working."
    )
    expect(state.locator("details:not([open]) summary")).to_have_text("Details (OSFT-E12)")
    set_value(page, "angle", 60)
    assert output(page, "determinant") == 1
    is_live(page)
    expect(page).to_have_url(re.compile("angle=60"))

    sabotage.server.heal()
    page.reload()
    is_live(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("60")
    check, state = open_check(page)
    check.click()
    expect(state).to_contain_text("outputs recomputed")
    expect(state.locator("details")).to_have_count(0)


def open_check(page: Page) -> tuple[Locator, Locator]:
    """The button "Check it" and the line under it."""
    panel = page.locator("[data-panel='audit']")
    panel.scroll_into_view_if_needed()
    return panel.locator("[data-action='audit']"), panel.locator(".audit-state")


def wheel(package: str, source: str) -> bytes:
    """A wheel of one module."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(f"{package}/__init__.py", source)
        archive.writestr(f"{package}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        archive.writestr(f"{package}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return body.getvalue()


def test_a_part_of_the_library_is_not_there(sabotage: Sabotage) -> None:
    """E13: also with the whole library; what needs it keeps its figure, the other pages are live."""
    publish(sabotage, repacked(sabotage, START, without("pkgutil")))
    page = opened(sabotage, "training.html?tier=fast")
    line = notice(page, "OSFT-E13")
    expect(line).to_contain_text("These settings could not be computed, and the figure is as it was.")
    expect(line).to_contain_text("A part of Python's library is not there (No module named 'pkgutil').")
    expect(line).to_contain_text("Everything that does not need it goes on working.")
    keeps_its_figure(page)
    page.locator(".site-nav a[href='rotation.html']").click()
    page.locator(f"{EXPLORER}[data-page='rotation'][data-source='live']").wait_for(state="attached")
    is_live(page)
    page.go_back()
    line = notice(page, "OSFT-E13")
    sabotage.server.heal()
    press(line, "Reload")
    is_live(page)


def test_a_recorded_interpreter_that_computes_something_else(sabotage: Sabotage) -> None:
    """E15: found by the whole proof, after the figure is live; Python starts from its files by itself, settings kept."""

    def change(manifest: dict[str, Any]) -> None:
        start = manifest["boot"]["tiers"]["snapshot"]
        start["fingerprint"] = start["fingerprint"].split()[0] + " 00000000"

    publish(sabotage, {}, change)
    page = opened(sabotage, "rotation.html?angle=30&tier=snapshot")
    line = notice(page, "OSFT-E15")
    expect(line).to_contain_text("The recorded interpreter does not compute what it should (")
    expect(line).to_contain_text("where 00000000 is right). Python is starting again from its files. Your settings are kept.")
    is_live(page)
    assert page.evaluate("() => osft.kernel.status.tier") == "fast"
    assert line.get_by_role("button").all_text_contents() == ["×"], "nothing is left to do"
    expect(page.locator(".controls [name='angle']")).to_have_value("30")


@pytest.mark.parametrize(
    ("error", "code", "words", "buttons"),
    [
        (CURIOUSER, "OSFT-E31", "ZeroDivisionError: curiouser. Python goes on running.", []),
        (
            "raise MemoryError('Unable to allocate 8.00 GiB')",
            "OSFT-E25",
            "This needs more memory than a browser tab gets (Unable to allocate 8.00 GiB). Choose a smaller size. Python goes on",
            ["Restart Python"],
        ),
    ],
)
def test_the_mathematics_of_a_page_fails(sabotage: Sabotage, error: str, code: str, words: str, buttons: list[str]) -> None:
    """E31, E25: an error that nobody foresaw is told with its traceback; Python goes on for the other pages."""
    publish(sabotage, repacked(sabotage, PYTHON, instead("rotation", error)))
    page = opened(sabotage, "rotation.html?angle=30&tier=fast")
    line = notice(page, code)
    expect(line).to_contain_text("These settings could not be computed, and the figure is as it was.")
    expect(line).to_contain_text(words)
    assert line.get_by_role("button").all_text_contents() == [*buttons, "×"]
    assert "Traceback" in (page.locator("#notices details pre").text_content() or "")
    keeps_its_figure(page)
    page.locator(".site-nav a[href='svd.html']").click()
    page.locator(f"{EXPLORER}[data-page='svd'][data-source='live']").wait_for(state="attached")
    is_live(page)
    sabotage.server.heal()
    page.go_back()
    page.reload()
    is_live(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")


def test_an_error_that_cannot_be_told(sabotage: Sabotage) -> None:
    """E22 without a fatal error: Python has not even the memory to say what happened, and is started again by itself."""
    source = (packed_files(sabotage.site / "generated" / PYTHON))["/lib/py/explorer/bridge.py"].decode()
    speechless = f"{source}\n\ndef _failure(key, error):\n    raise MemoryError\n"
    publish(sabotage, repacked(sabotage, PYTHON, instead("bridge", speechless)))
    page = opened(sabotage, "rotation.html?angle=30&tier=fast")
    is_live(page)
    before = revision(page)
    page.evaluate("() => { osft.kernel.call('nonsense', {}).catch(() => {}); }")
    line = notice(page, "OSFT-E22")
    expect(line).to_contain_text("Python stopped (MemoryError) and starts again by itself. Your settings are kept.")
    wait_revision(page, before)
    is_live(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")


def test_the_drawing_of_a_page_fails(sabotage: Sabotage) -> None:
    """E45: what Python computed cannot be drawn; the figure of the document and its numbers stay."""
    script = (sabotage.site / "pages" / "rotation.js").read_text(encoding="utf-8")
    opening = "function draw(stage, outputs, state, view) {\n"
    assert script.count(opening) == 1
    broken = script.replace(opening, f"{opening}  if (state.angle === 30) throw new TypeError('curiouser');\n")
    sabotage.server.replaced("/pages/rotation.js", broken)
    page = opened(sabotage, "rotation.html?angle=30")
    line = notice(page, "OSFT-E45")
    expect(line).to_contain_text("What Python computed could not be drawn. The text and the other pages work; reload to try")
    assert "TypeError: curiouser" in (page.locator("#notices details pre").text_content() or "")
    keeps_its_figure(page)
    sabotage.server.heal()
    press(line, "Reload")
    is_live(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")
