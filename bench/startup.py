"""From navigation to the first live result.

The page rotation, on each way of starting Python, against a bare page whose module worker loads stock Pyodide with
`loadPyodide({packages: ['numpy']})` and factorises one matrix. Every run is a new browser process with an empty profile;
the second visit starts the browser again with the profile of the first, in which the reader stayed for fifteen seconds: by
then browsers have kept what they keep of compiled code. All take turns on one server, and what counts is the ratio to
the bare worker of the same round. Milliseconds are from navigation to the frame with the first live figure (for the
bare worker: to the first result in the page).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from bench._bench import PATIENCE, Budget, fresh_browser, main, rotated, served, spread, table, tiers

RUNS = 7
VISITS = 2
STAY = 15_000
"""Milliseconds that a reader stays."""
PAGE = "rotation"

BARE_WORKER = """
import {loadPyodide} from './generated/runtime/pyodide.mjs';
const pyodide = await loadPyodide({packages: ['numpy']});
const numpy = pyodide.pyimport('numpy');
postMessage(numpy.linalg.svd(numpy.eye(8)).S.toJs()[0]);
"""
BARE_PAGE = '<!doctype html><title>bare</title><script type="module" src="bare.js"></script>'
BARE_SCRIPT = """
const worker = new Worker('bare-worker.js', {type: 'module'});
worker.onmessage = () => { window.firstResult = performance.now(); };
"""
BARE = {"bare.html": BARE_PAGE, "bare.js": BARE_SCRIPT, "bare-worker.js": BARE_WORKER}
NOTE_FIRST_LIVE = """
new MutationObserver((_, observer) => {
  if (window.firstResult || !document.querySelector('[data-source="live"]')) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstResult = performance.now(); });
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-source']});
"""
NUMBERS = {"fast": (0.45, 0.25, 0.45, 0.3), "snapshot": (0.45, 0.25, 0.45, 0.3)}
"""For each tier: budget and goal of the first visit, and of the second, over the bare worker's."""


def visit(playwright: Playwright, profile: str, address: str) -> float:
    """Start the browser and go there; milliseconds until the first result."""
    with fresh_browser(playwright, profile) as context:
        page = context.pages[0]
        page.add_init_script(NOTE_FIRST_LIVE)
        page.goto(address)
        page.wait_for_function("() => window.firstResult", timeout=PATIENCE, polling=100)
        elapsed = float(page.evaluate("() => window.firstResult"))
        page.wait_for_timeout(STAY)
        return elapsed


def measure(runs: int) -> dict[str, Any]:
    """Times by configuration: a list for each run, of its visits in the same profile."""
    times: dict[str, list[list[float]]] = {name: [] for name in ["bare", *tiers()]}
    with served(BARE) as root, sync_playwright() as playwright:
        addresses = {name: f"{root}{PAGE}.html?tier={name}" for name in tiers()} | {"bare": f"{root}bare.html"}
        for run in range(runs):
            for name in rotated(list(times), run):
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                    times[name].append([visit(playwright, profile, addresses[name]) for _ in range(VISITS)])
            print(f"run {run + 1}: " + "  ".join(f"{name} {times[name][-1][0]:.0f}" for name in times), file=sys.stderr)
    return {"milliseconds": times}


def ratios(times: dict[str, list[list[float]]], name: str, number: int) -> list[float]:
    """Each run's time over the bare worker's in the same round."""
    return [run[number] / bare[number] for run, bare in zip(times[name], times["bare"], strict=True)]


def describe(found: dict[str, Any]) -> str:
    """Medians, ranges and ratios."""
    times = found["milliseconds"]
    rows = [
        [name, number + 1, spread([run[number] for run in times[name]]), spread(ratios(times, name, number), 3)]
        for name in times
        for number in range(VISITS)
    ]
    return table(["way of starting", "visit", "ms", "over the bare worker"], rows)


def budgets(found: dict[str, Any]) -> list[Budget]:
    """Both visits of each way of starting."""
    times = found["milliseconds"]
    kept = []
    for name in times:
        if name in NUMBERS:
            first, first_goal, second, second_goal = NUMBERS[name]
            what = f"to the first live result, {name}, over stock Pyodide"
            kept.append(Budget(what, statistics.median(ratios(times, name, 0)), first, first_goal, "x"))
            kept.append(Budget(f"{what}, second visit", statistics.median(ratios(times, name, 1)), second, second_goal, "x"))
    return kept


if __name__ == "__main__":
    main(sys.modules[__name__])
