"""Random use of all pages, and 100 restarts of Python: what the console says and what the memory does.

A reader without a plan moves sliders, drags in the figures, types, picks, presses words, links and buttons, goes back and
forward, runs, breaks and stops code, trains and stops, changes colours and the size of the window; the same things in the
same order for the same seed. Python must come back every time. Memory is that of the browser's page processes, which the
workers and their WebAssembly belong to, and the JavaScript heap of the page after a collection; both are read at rest,
with a Python that was just started, because what readers load (SciPy, a spare worker) is no growth. Left out is the
partition in which a browser that is watched keeps the body of every answer for the watcher (sixty fetches of 2.6 MB, thrown
away by the page, leave 255 MB there). `--minutes 60` is the whole hour.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from playwright.sync_api import sync_playwright

from bench._bench import Budget, main, served, table
from bench._wanderer import Wanderer
from builder import precompute

RUNS = 5
UNIT = "minutes"
RESTARTS = 100
READINGS = 12
"""How often memory is read in the time, and while Python restarts."""
GROWTH = 1.1


def measure(runs: int) -> dict[str, Any]:
    """So many minutes of random use, then the restarts, in one tab; the errors of its console all the while."""
    errors: list[str] = []
    with served() as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**precompute.browser())
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        page = context.new_page()
        page.goto(f"{root}rotation.html")
        wanderer = Wanderer(browser, page, root)
        wanderer.come_to_rest()
        used = []
        started = time.monotonic()
        for reading in range(READINGS + 1):
            while time.monotonic() - started < 60 * runs * reading / READINGS:
                wanderer.wander()
            wanderer.come_to_rest()
            used.append({"minute": round((time.monotonic() - started) / 60, 1), **wanderer.memory()})
            print(used[-1], sum(wanderer.done.values()), errors, file=sys.stderr, flush=True)
        restarts = []
        for number in range(RESTARTS + 1):
            if number:
                page.evaluate("async () => { await window.osft.kernel.stop(); }")
                page.evaluate("() => window.osft.kernel.call('compute', {page: 'rotation', parameters: {}})")
            if number % (RESTARTS // 10) == 0:
                restarts.append({"restarts": number, **wanderer.memory()})
                print(restarts[-1], file=sys.stderr, flush=True)
        browser.close()
    return {"errors": errors, "acts": wanderer.done, "used": used, "restarts": restarts}


def growth(readings: list[dict[str, float]], what: str) -> float:
    """The median of the last three readings over that of the first three after the start."""
    values = [reading[what] for reading in readings[1:]]
    return statistics.median(values[-3:]) / statistics.median(values[:3])


def describe(found: dict[str, Any]) -> str:
    """What was done, and the memory over time and over restarts."""
    acts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(found["acts"].items()))
    first = table(
        ["after, minutes", "page processes, MB", "page heap, MB"],
        [[each["minute"], each["processes"], each["heap"]] for each in found["used"]],
    )
    second = table(
        ["after, restarts", "page processes, MB", "page heap, MB"],
        [[each["restarts"], each["processes"], each["heap"]] for each in found["restarts"]],
    )
    said = (
        f"{len(found['errors'])} errors on the console: {'; '.join(sorted(set(found['errors'])))}"
        if found["errors"]
        else ("No error on the console.")
    )
    return f"{said} What was done, and how often: {acts}.\n\n{first}\n\n{second}"


def budgets(found: dict[str, Any]) -> list[Budget]:
    """Silence and no growth. In the first quarter every page, panel and the editor come for the first time."""
    later = found["used"][READINGS // 4 :]
    return [
        Budget("errors on the console in random use", len(found["errors"]), 0, 0, ""),
        Budget("memory at the end of random use, over that after a quarter", growth(later, "processes"), GROWTH, 1, "x"),
        Budget("heap of the page at the end of random use, over that after a quarter", growth(later, "heap"), GROWTH, 1, "x"),
        Budget("memory after 100 restarts, over the first thirty", growth(found["restarts"], "processes"), GROWTH, 1, "x"),
    ]


if __name__ == "__main__":
    main(sys.modules[__name__])
