"""From navigation to the first figure painted, without Python.

Every document in a new browser process with an empty profile, on a local server. *First paint* is the browser's own first
contentful paint; *figure* is the frame in which the explorer's figure was there (of the start page: its first paint);
*shift* is the browser's layout shift score until the figure was live, 0 if nothing moved.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from bench._bench import DOCUMENTS, Budget, fresh_browser, main, rotated, served, spread, table

RUNS = 7

NOTE_PAINTS = """
const paints = window.paints = {first: 0, figure: 0, shift: 0};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.name === 'first-contentful-paint') paints.first = entry.startTime;
}).observe({type: 'paint', buffered: true});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) paints.shift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
const drawn = new MutationObserver(() => {
  if (!document.querySelector('.explorer .stage svg, .explorer .stage canvas')) return;
  drawn.disconnect();
  requestAnimationFrame(() => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => { paints.figure = performance.now(); };
    port2.postMessage(0);
  });
});
drawn.observe(document, {subtree: true, childList: true});
"""


def visit(context: BrowserContext, address: str, *, figure: bool) -> dict[str, float]:
    """Go there; what was painted when."""
    page = context.new_page()
    page.add_init_script(NOTE_PAINTS)
    page.goto(address)
    page.wait_for_function(f"() => paints.first && (paints.figure || {str(not figure).lower()})", polling=50)
    page.wait_for_function("() => document.documentElement.dataset.python === 'ready'", polling=100)
    page.wait_for_timeout(200)
    found: dict[str, float] = page.evaluate("() => paints")
    page.close()
    # The figure is written into the document: it cannot be seen before the first paint of all.
    return {**found, "figure": max(found["figure"], found["first"])}


def measure(runs: int) -> dict[str, Any]:
    """What was painted when, by document, a list of runs."""
    times: dict[str, list[dict[str, float]]] = {name: [] for name in DOCUMENTS}
    with served() as root, sync_playwright() as playwright:
        for run in range(runs):
            for name in rotated(DOCUMENTS, run):
                with fresh_browser(playwright, service_workers="block") as context:
                    times[name].append(visit(context, f"{root}{name}.html", figure=name != "index"))
    return {"milliseconds": times}


def describe(found: dict[str, Any]) -> str:
    """One row a document."""
    rows = [
        [name, *(spread([run[key] for run in runs]) for key in ("first", "figure")), spread([run["shift"] for run in runs], 3)]
        for name, runs in found["milliseconds"].items()
    ]
    return table(["document", "first paint, ms", "figure, ms", "shift"], rows)


def budgets(found: dict[str, Any]) -> list[Budget]:
    """The slowest page's median."""
    slowest = max(statistics.median(run["figure"] for run in runs) for runs in found["milliseconds"].values())
    return [Budget("first figure painted, the slowest of eight documents", slowest, 300, 150, "ms")]


if __name__ == "__main__":
    main(sys.modules[__name__])
