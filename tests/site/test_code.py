"""The Python behind the figure: the real source, edited and run in place, stopped, reset, and driving the figure."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from tests.site.documents import SITE
from tests.site.driver import PAGES, PATIENCE, Reader, output, outputs, revision, set_value, wait_revision

PYTHON = SITE.parent / "py"
END = "Control+End"


def cell(reader: Reader) -> Locator:
    panel = reader.panel("code")
    panel.locator("[data-action='run']").wait_for(timeout=PATIENCE)
    return panel


def edit(panel: Locator, code: str | None = None, *, append: str = "") -> None:
    """Put other code into the editor by its keyboard, as a reader does."""
    keyboard = panel.page.keyboard
    panel.locator(".code-field, .code-rich").first.click()
    panel.locator(".code-rich").wait_for()
    keyboard.press(END)
    if code is not None:
        keyboard.press("Control+a")
    # Inserted, not typed: the editor would indent each new line by itself.
    keyboard.insert_text(append if code is None else code)


def run(panel: Locator) -> None:
    panel.locator("[data-action='run']").click()
    expect(panel.locator(".code-state")).to_have_text(re.compile(r"^(Ran in|Stopped)"), timeout=PATIENCE)


@pytest.mark.parametrize("name", PAGES)
def test_the_real_source_is_shown_and_runs(reader: Reader, name: str) -> None:
    reader.open(name)
    before = outputs(reader.page)
    panel = cell(reader)
    shown = panel.locator(".code-field").input_value()
    source = (PYTHON / "explorer" / f"{name}.py").read_text(encoding="utf-8")
    functions = re.findall(r"^def (\w+)\(", shown, re.MULTILINE)
    assert "compute" in functions
    for function in functions:
        assert f"def {function}(" in source
    bodies = [line for line in shown.splitlines() if line.startswith("    ") and line.strip()]
    assert all(line in source for line in bodies), [line for line in bodies if line not in source]
    library = panel.locator(".code-library code")
    if name == "training":  # it shows runs, and calls nothing of the library
        expect(library).to_have_count(0)
    else:
        assert "def " in (library.text_content() or "")
    painted = revision(reader.page)
    run(panel)
    expect(panel.locator(".code-state")).to_contain_text("the figure shows what this code returned")
    wait_revision(reader.page, painted)
    assert outputs(reader.page) == before


def test_the_editor_comes_on_the_first_focus(reader: Reader) -> None:
    reader.open("svd")
    panel = cell(reader)
    expect(panel.locator(".code-rich")).to_have_count(0)
    text = panel.locator(".code-field").input_value()
    panel.locator(".code-field").focus()
    panel.locator(".code-rich").wait_for()
    lines = panel.locator(".cm-line").all_text_contents()
    assert lines[:5] == text.split("\n")[:5]
    keyword = panel.locator(".cm-line span", has_text=re.compile("^import$")).first
    expect(keyword).to_be_attached()
    colours = {panel.locator(".cm-content").evaluate("node => getComputedStyle(node).color"),
               keyword.evaluate("node => getComputedStyle(node).color")}  # fmt: skip
    assert len(colours) == 2


def test_what_it_returns_drives_the_figure(reader: Reader) -> None:
    reader.open("rotation")
    panel = cell(reader)
    edit(
        panel,
        append="\nresult = compute(**{**parameters, 'shear': 1.0, 'angle': 0.0})\nprint('sheared by', result['matrix'][0, 1])\n",
    )
    painted = revision(reader.page)
    run(panel)
    wait_revision(reader.page, painted)
    expect(panel.locator(".code-output")).to_have_text("sheared by 1.0\n")
    assert output(reader.page, "is_orthogonal") is False
    expect(reader.page.locator(".summary")).to_contain_text("As your code computed it")
    set_value(reader.page, "angle", 10)
    assert output(reader.page, "is_orthogonal") is True
    expect(reader.page.locator(".summary")).not_to_contain_text("your code")
    panel.locator("[data-action='reset-code']").click()
    assert "sheared by" not in panel.locator(".cm-content").inner_text()


def test_an_error_names_its_line_and_leaves_the_figure(reader: Reader) -> None:
    reader.open("energy")
    before, painted = outputs(reader.page), revision(reader.page)
    panel = cell(reader)
    edit(panel, "a = 1\nb = [a]\nb[3]\n")
    run(panel)
    expect(panel.locator(".code-state")).to_contain_text("error in line 3; the figure is as it was")
    printed = panel.locator(".code-output").text_content() or ""
    assert "line 3" in printed
    assert "IndexError" in printed
    assert "explorer" not in printed, "Only the reader's own frames."
    assert outputs(reader.page) == before
    assert revision(reader.page) == painted
    panel.locator("[data-action='reset-code']").click()
    expect(panel.locator(".code-output")).to_be_hidden()


def test_stop_ends_a_loop_that_would_not_end(reader: Reader) -> None:
    reader.open("projection", gx=1.25)
    before = outputs(reader.page)
    panel = cell(reader)
    edit(panel, "print('on', flush=True)\nwhile True:\n    pass\n")
    panel.locator("[data-action='run']").click()
    stop = panel.locator("[data-action='stop']")
    stop.click(timeout=PATIENCE)
    expect(stop).to_be_hidden(timeout=PATIENCE)
    reader.page.locator("html[data-python='ready']").wait_for(state="attached", timeout=PATIENCE)
    expect(panel.locator("[data-action='run']")).to_be_enabled()
    assert "while True" in panel.locator(".cm-content").inner_text(), "The reader's code is gone."
    assert outputs(reader.page) == before
    assert reader.state()["gx"] == "1.25"
    set_value(reader.page, "gx", 0.5)
    edit(panel, "print(2 + 2)")
    run(panel)
    expect(panel.locator(".code-output")).to_have_text("4\n")


def test_copy(reader: Reader) -> None:
    reader.open("parameters")
    panel = cell(reader)
    text = panel.locator(".code-field").input_value()
    panel.locator("[data-action='copy-code']").click()
    expect(panel.locator(".code-state")).to_contain_text("clipboard")
    assert reader.page.evaluate("() => navigator.clipboard.readText()") == text


def test_code_of_a_link_is_shown_and_not_run(reader: Reader) -> None:
    reader.open("svd")
    painted = revision(reader.page)
    reader.follow(f"rotation.html?angle=5#code={quote('print(6 * 7)')}")
    panel = cell(reader)
    assert panel.locator(".code-field").input_value() == "print(6 * 7)"
    expect(panel.locator(".code-state")).to_contain_text("was not run")
    expect(panel.locator(".code-output")).to_be_hidden()
    run(panel)
    expect(panel.locator(".code-output")).to_have_text("42\n")
    assert painted >= 1


@pytest.mark.parametrize("name", ["warm-up", "step"])
def test_cells_of_the_first_page(reader: Reader, name: str) -> None:
    reader.follow("index.html")
    section = reader.page.locator(f"[data-cell='{name}']")
    section.scroll_into_view_if_needed()
    section.locator("[data-action='run']").click(timeout=PATIENCE)
    expect(section.locator(".code-state")).to_contain_text("Ran in", timeout=PATIENCE)
    printed = section.locator(".code-output").text_content() or ""
    assert len(re.findall(r"\d\.\d+", printed)) >= 6
