"""From Stop to the end of what ran, and to a Python that answers again.

The training page trains; then the worker is ended in the middle of a step and the page's figure is computed by a new
one. A *spare* is a second, started worker, which the page keeps while it trains. Without one the new worker starts from
what the page has kept: nothing is fetched again. *Cancel* is the page's own Stop button: the run ends between two steps
and the same worker goes on, so that what ran has ended when the next answer comes. *Press* is the Stop button of a code
cell in an endless loop: from the press to the cell that says so.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench._bench import Budget, fresh_browser, main, rotated, served, spread, table

RUNS = 7
WAYS = ("spare", "no spare", "cancel")

STOP = """
async (way) => {
  const {kernel} = window.osft;
  kernel.spare(way === 'spare');
  await kernel.ready;
  if (way === 'spare') await new Promise((resolve) => setTimeout(resolve, 12000));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  let steps = 0;
  const stream = kernel.stream('train', {}, () => { steps += 1; });
  const ended = stream.done.then(() => 'done', (error) => error.code);
  while (steps < 5) await new Promise((resolve) => setTimeout(resolve, 20));
  const started = performance.now();
  if (way === 'cancel') stream.cancel();
  else await kernel.stop();
  await kernel.call('compute', {page: 'rotation', parameters: {}});
  const elapsed = performance.now() - started;
  kernel.spare(false);
  return [elapsed, await ended];
}
"""
PRESS = """
() => new Promise((resolve) => {
  const panel = document.querySelector("[data-panel='code']");
  const state = panel.querySelector('.code-state');
  panel.querySelector("[data-action='stop']").click();
  const pressed = performance.now();
  const look = () => {
    if (state.textContent.startsWith('Stopped')) requestAnimationFrame(() => resolve(performance.now() - pressed));
    else setTimeout(look, 1);
  };
  look();
})
"""


def stop(page: Page, way: str) -> float:
    """Train, stop, compute; milliseconds from Stop to the answer."""
    elapsed, code = page.evaluate(STOP, way)
    if code != "OSFT-E20":
        raise RuntimeError(f"The training was not stopped but ended with {code}.")
    return float(elapsed)


def press(page: Page) -> float:
    """Run an endless loop in the cell, press Stop; milliseconds from the press to the frame in which the cell says so."""
    cell = page.locator("[data-panel='code']")
    cell.locator("textarea.code-field").evaluate("(field) => { field.value = 'while True: pass'; }")
    cell.locator("[data-action='run']").click()
    cell.locator("[data-action='stop']").wait_for()
    page.wait_for_timeout(500)
    return float(page.evaluate(PRESS))


def measure(runs: int) -> dict[str, Any]:
    """Milliseconds from Stop to an answer, for each way."""
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    with served() as root, sync_playwright() as playwright, fresh_browser(playwright, service_workers="block") as context:
        page = context.pages[0]
        page.goto(f"{root}training.html")
        page.wait_for_function("() => document.documentElement.dataset.python === 'ready'", polling=100)
        page.wait_for_timeout(3000)
        for run in range(runs):
            for way in rotated(WAYS, run):
                times[way].append(stop(page, way))
        page.locator("[data-panel='code']").scroll_into_view_if_needed()
        presses = [press(page) for _ in range(runs)]
    return {"milliseconds": times, "press": presses}


def describe(found: dict[str, Any]) -> str:
    """One row a way of stopping."""
    rows = [[way, spread(found["milliseconds"][way])] for way in WAYS]
    if found.get("press"):
        rows.append(["press, to “Stopped”", spread(found["press"])])
    return table(["way", "to the next answer, ms"], rows)


def budgets(found: dict[str, Any]) -> list[Budget]:
    """With and without a spare, and how long what ran goes on."""
    median = {way: statistics.median(values) for way, values in found["milliseconds"].items()}
    return [
        Budget("Stop to Python usable, with a spare", median["spare"], 1000, 50, "ms"),
        Budget("Stop to Python usable, without a spare", median["no spare"], 1000, 500, "ms"),
        Budget("Stop to the end of a training step", median["cancel"], 300, 50, "ms"),
        *(
            [Budget("Stop to the end of a loop in a cell", statistics.median(found["press"]), 300, 50, "ms")]
            if "press" in found
            else []
        ),
    ]


if __name__ == "__main__":
    main(sys.modules[__name__])
