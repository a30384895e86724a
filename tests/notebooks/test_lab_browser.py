"""The built lab in a Chromium that can reach this site and nothing else: both notebooks run to their last cell.

`build.py lab` is optional and asks a package index, so these tests step aside where it has not been run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from builder import lab
from builder.site import has_lab

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300_000
STATE = """() => {
  const {content, context} = window.jupyterapp.shell.currentWidget;
  const cells = content.model.sharedModel.cells.map((cell) => cell.toJSON()).filter((cell) => cell.cell_type === 'code');
  return {cells, kernel: context.sessionContext.kernelDisplayStatus};
}"""


@pytest.fixture
def outside(context: BrowserContext, site: str) -> list[str]:
    """What the pages ask of other hosts; nothing is answered."""
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    context.route(lambda url: url.startswith("http") and not url.startswith(site), refuse)
    return asked


def state_of(page: Page) -> dict[str, Any]:
    answer: dict[str, Any] = page.evaluate(STATE)
    return answer


def wait_for(page: Page, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The notebook's state once it is so, or when patience has ended."""
    for _ in range(PATIENCE // 1000):
        if done(state_of(page)):
            break
        page.wait_for_timeout(1000)
    return state_of(page)


def counts(state: dict[str, Any]) -> list[int | None]:
    return [cell["execution_count"] for cell in state["cells"]]


def said(cells: list[dict[str, Any]]) -> str:
    pieces = [output.get("text", "") for cell in cells for output in cell["outputs"] if output["output_type"] == "stream"]
    return "".join("".join(piece) for piece in pieces)


@pytest.mark.skipif(not has_lab(ROOT / "osft-web"), reason="the lab is not built; `python3 build.py lab` does it")
@pytest.mark.parametrize("name", lab.NOTEBOOKS)
def test_a_notebook_runs_to_its_end_without_a_network(page: Page, outside: list[str], name: str) -> None:
    page.goto(f"lab/notebooks/index.html?path={name}")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=PATIENCE)
    wait_for(page, lambda state: state["kernel"] == "idle")  # what is asked before its Python is up can be lost
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    page.get_by_role("menuitem", name="Clear Outputs of All Cells", exact=True).click()  # those it was kept with
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    state = wait_for(page, lambda state: state["kernel"] == "idle" and None not in counts(state))
    assert counts(state) == list(range(1, len(state["cells"]) + 1)), "every cell once, from the top"
    outputs = [output for cell in state["cells"] for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"] == []
    text = said(state["cells"])
    assert "no PyTorch" in text
    assert "with PyTorch, which is not installed here (it does not run in a browser)" in text
    assert "PEFT is not installed" in text
    assert "ipywidgets is not installed" not in text
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert outside == []


@pytest.mark.parametrize("there", [True, False])
def test_the_site_links_to_the_lab_where_it_is(page: Page, there: bool) -> None:
    """The manifest says so: a site without the lab has no dead link."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=json.dumps({**response.json(), "lab": there}))

    page.route("**/generated/manifest.json*", answer)
    page.goto("index.html")
    expect(page.locator("html[data-python='ready']")).to_be_attached(timeout=PATIENCE)
    link = page.locator("[data-lab] a")
    if there:
        expect(link).to_have_attribute("href", "lab/index.html")
    else:
        page.wait_for_timeout(1000)
        expect(link).to_have_count(0)


def test_the_build_says_whether_the_lab_is_there(site_folder: Path) -> None:
    manifest = json.loads((site_folder / "generated" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["lab"] == has_lab(site_folder)
