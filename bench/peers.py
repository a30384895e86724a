"""Beside what a reader would use instead: the rotation figure in a notebook, and drawn by Matplotlib.

*JupyterLite* is `build.py lab`, with SciPy at hand, and a notebook of one cell that does what the original's first two do: it
imports NumPy, Matplotlib and SciPy's statistics, and draws a hundred points, their rotation and both together, with titles,
grids, a legend and a tight layout. Here an ipywidgets slider turns them. The cell is run as soon as the notebook takes keys.
*Matplotlib worker* is the same drawing in a bare module worker with stock Pyodide, without a notebook. *This site* is
the page rotation. Each round starts a new browser with an empty profile for each of them in turn, waits for the first
figure that can be moved, and then presses an arrow key on the slider again and again (asks the worker, where there is no
slider): the time is from the key to the new picture.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench._bench import PATIENCE, ROOT, Budget, fresh_browser, main, rotated, served, spread, table
from bench.interaction import PROBE
from builder import lab
from builder.site import Places

RUNS = 5
STEPS = 12
WARM = 2
"""Steps that are not counted: the first ones import and cache."""
NAMES = ("JupyterLite", "Matplotlib worker", "this site")
NOTEBOOK = "rotation.ipynb"
LOCK = "lab/static/pyodide/pyodide-lock.json"

DRAWING = """
import numpy as np
import matplotlib
matplotlib.use("Agg") if WORKER else None
import matplotlib.pyplot as plt

cloud = np.random.default_rng(42).normal(size=(100, 2))

def rotation_figure(angle):
    turn = np.radians(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    before, after = ("Original", cloud, "tab:blue"), ("Transformed", cloud @ matrix.T, "orange")
    drawings = {"Original data": [before], "After the rotation": [after], "Rotation preserves structure": [before, after]}
    figure, panels = plt.subplots(1, 3, figsize=(15, 5))
    for panel, (title, clouds) in zip(panels, drawings.items()):
        for label, points, color in clouds:
            panel.scatter(*points.T, alpha=0.6, color=color, label=label)
        panel.set(title=title, xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
        panel.grid(True, alpha=0.3)
    panels[2].legend()
    figure.tight_layout()
    return figure
"""
CELL = f"""WORKER = False
{DRAWING}
import ipywidgets
import scipy.stats

def show(angle):
    rotation_figure(angle)
    plt.show()

ipywidgets.interact(show, angle=ipywidgets.IntSlider(45, 0, 360));"""
WORKER = f"""
import {{loadPyodide}} from './generated/runtime/pyodide.mjs';
const pyodide = await loadPyodide({{packages: ['numpy', 'matplotlib']}});
const png = pyodide.runPython({
    json.dumps(
        "WORKER = True"
        + DRAWING
        + '''
import io
def png(angle):
    file = io.BytesIO()
    figure = rotation_figure(angle)
    figure.savefig(file, format="png", bbox_inches="tight")
    plt.close(figure)
    return file.getvalue()
png
'''
    )
});
onmessage = ({{data}}) => {{
  const proxy = png(data);
  const bytes = proxy.toJs();
  proxy.destroy();
  postMessage(bytes, [bytes.buffer]);
}};
postMessage(null);
"""
SCRIPT = """
const worker = new Worker('drawing-worker.js', {type: 'module'});
const answer = () => new Promise((resolve) => { worker.onmessage = ({data}) => resolve(data); });
const image = document.querySelector('img');
window.step = async (angle) => {
  const started = performance.now();
  const bytes = answer();
  worker.postMessage(angle);
  image.src = URL.createObjectURL(new Blob([await bytes], {type: 'image/png'}));
  await image.decode();
  return performance.now() - started;
};
await answer();
await step(45);
window.firstFigure = performance.now();
"""
PAGE = '<!doctype html><title>drawing</title><img alt=""><script type="module" src="drawing.js"></script>'

WATCH_NOTEBOOK = """
let pressed = 0;
window.steps = [];
addEventListener('keydown', (event) => { if (event.key === 'ArrowRight') pressed = performance.now(); }, {capture: true});
let shown = '';
new MutationObserver(() => {
  const image = document.querySelector('.jp-OutputArea-output img');
  if (!image || image.src === shown) return;
  shown = image.src;
  image.decode().then(() => {
    if (!window.firstFigure && document.querySelector('.widget-slider')) window.firstFigure = performance.now();
    else if (pressed) window.steps.push(performance.now() - pressed);
    pressed = 0;
  }, () => {});
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
"""


def files() -> dict[str, str | Path]:
    """The notebook with JupyterLite's listing of it, SciPy for its Python, and the bare page."""
    cell = {"cell_type": "code", "id": "rotation", "execution_count": None, "metadata": {}, "outputs": [], "source": CELL}
    notebook = {"cells": [cell], "metadata": {"kernelspec": lab.KERNEL_SPEC}, "nbformat": 4, "nbformat_minor": 5}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lab").mkdir()
        (folder / NOTEBOOK).write_text(json.dumps(notebook), encoding="utf-8")
        lab.add_contents(folder / "lab", [folder / NOTEBOOK])
        paths = (f"lab/files/{NOTEBOOK}", "lab/api/contents/all.json")
        found = {path: (folder / path).read_text(encoding="utf-8") for path in paths}
    return {**found, **scipy(), "drawing.html": PAGE, "drawing.js": SCRIPT, "drawing-worker.js": WORKER}


def scipy() -> dict[str, str | Path]:
    """What the lab's Python needs to import SciPy: the site's own wheel, and its entry in the lab's lock."""
    places = Places.of(ROOT)
    folder = places.generated / "runtime"
    entry = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]["scipy"]
    lock = json.loads((places.site / LOCK).read_text(encoding="utf-8"))
    lock["packages"]["scipy"] = entry
    return {LOCK: json.dumps(lock), str(Path(LOCK).with_name(entry["file_name"])): folder / entry["file_name"]}


def notebook(page: Page, root: str) -> tuple[float, list[float]]:
    """The first figure and each step in JupyterLite."""
    page.add_init_script(WATCH_NOTEBOOK)
    page.goto(f"{root}lab/notebooks/index.html?path={NOTEBOOK}")
    cell = page.locator(".jp-Notebook .jp-CodeCell").first
    cell.wait_for()
    asked = page.locator(".jp-CodeCell .jp-InputPrompt", has_text="*")
    done = page.locator(".jp-OutputArea-output img")
    while not (asked.count() or done.count()):
        cell.locator(".jp-InputPrompt").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(250)
    page.wait_for_function("() => window.firstFigure", polling=50)
    handle = page.locator(".widget-slider .noUi-handle").first
    handle.focus()
    for number in range(STEPS):
        handle.press("ArrowRight")
        page.wait_for_function("(count) => window.steps.length > count", arg=number, polling=50)
        page.wait_for_timeout(200)
    return page.evaluate("() => window.firstFigure"), page.evaluate("() => window.steps")


def worker(page: Page, root: str) -> tuple[float, list[float]]:
    """The first figure and each step of the bare worker."""
    page.goto(f"{root}drawing.html")
    page.wait_for_function("() => window.firstFigure", polling=50)
    steps = [page.evaluate("(angle) => window.step(angle)", 46 + number) for number in range(STEPS)]
    return page.evaluate("() => window.firstFigure"), steps


def ours(page: Page, root: str) -> tuple[float, list[float]]:
    """The first live figure and each step of the page rotation."""
    page.add_init_script(path=PROBE)
    page.goto(f"{root}rotation.html")
    page.locator(".explorer[data-source='live']").wait_for(state="attached")
    page.wait_for_function("() => probe.live", polling=50)
    slider = page.locator(".explorer .slider[data-twin='angle']")
    slider.focus()
    page.evaluate("() => { probe.start(); }")
    for _ in range(STEPS):
        slider.press("ArrowRight")
        page.wait_for_timeout(200)
    noted = page.evaluate("() => probe.noted()")
    return noted["live"], [one["painted"] - one["event"] for one in noted["answers"]]


def measure(runs: int) -> dict[str, Any]:
    """For each a list of rounds: the first figure, and the median step."""
    ways = dict(zip(NAMES, (notebook, worker, ours), strict=True))
    found: dict[str, dict[str, list[Any]]] = {name: {"first": [], "steps": []} for name in NAMES}
    with served(files(), lab=True) as root, sync_playwright() as playwright:
        for run in range(runs):
            for name in rotated(NAMES, run):
                with fresh_browser(playwright, viewport={"width": 1280, "height": 900}) as context:
                    context.set_default_timeout(PATIENCE)
                    first, steps = ways[name](context.pages[0], root)
                found[name]["first"].append(round(first))
                found[name]["steps"].append([round(step, 1) for step in steps])
                print(name, round(first), [round(step) for step in steps], file=sys.stderr)
    return {"milliseconds": found}


def medians(found: dict[str, Any], name: str) -> list[float]:
    """Each round's median step, without the first ones."""
    return [statistics.median(steps[WARM:]) for steps in found["milliseconds"][name]["steps"]]


def describe(found: dict[str, Any]) -> str:
    """One row a product, and how many times longer than here it takes."""
    times, rows = found["milliseconds"], []
    for name in NAMES:
        first = [theirs / ours for theirs, ours in zip(times[name]["first"], times["this site"]["first"], strict=True)]
        steps = [theirs / ours for theirs, ours in zip(medians(found, name), medians(found, "this site"), strict=True)]
        rows.append([name, spread(times[name]["first"]), spread(first, 1), spread(medians(found, name), 1), spread(steps, 1)])
    return table(["", "first figure to move, ms", "over this site", "one step, ms", "over this site"], rows)


def budgets(found: dict[str, Any]) -> list[Budget]:
    """This site over JupyterLite, round by round."""
    times = found["milliseconds"]
    first = [ours / theirs for ours, theirs in zip(times["this site"]["first"], times["JupyterLite"]["first"], strict=True)]
    steps = [ours / theirs for ours, theirs in zip(medians(found, "this site"), medians(found, "JupyterLite"), strict=True)]
    return [
        Budget("first live result over JupyterLite's", statistics.median(first), 1 / 12, 1 / 20, "x"),
        Budget("a slider's step, painted, over JupyterLite's", statistics.median(steps), 1 / 20, 1 / 30, "x"),
    ]


if __name__ == "__main__":
    main(sys.modules[__name__])
