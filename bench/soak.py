"""Random use of all pages, and 100 restarts of Python: what the console says and what the memory does.

A reader without a plan moves sliders, drags in the figures, types, picks, presses words, links and buttons, goes back and
forward, runs, breaks and stops code, trains and stops, changes colours and the size of the window; the same things in the
same order for the same seed. Python must come back every time. Memory is that of the browser's page processes, which the
workers and their WebAssembly belong to, and the JavaScript heap of the page after a collection; both are read at rest,
with a Python that was just started, because what readers load (SciPy, a spare worker) is no growth. A browser that is
watched keeps every answer of the network for the watcher, so before the processes are read the watcher leaves and comes
back; because each time a part of the watcher stays in the page, that is done twice only, after a quarter of the time and at
its end, and before and after the restarts. `--minutes 60` is the whole hour.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright, sync_playwright

from bench._bench import Budget, main, served, table
from bench._wanderer import Wanderer
from builder import precompute

RUNS = 5
UNIT = "minutes"
RESTARTS = 100
READINGS = 12
"""How often the heap is read in the time, and while Python restarts."""
GROWTH = 1.1


@contextlib.contextmanager
def browser_of_its_own(playwright: Playwright) -> Iterator[str]:
    """A browser that runs on while nobody watches; the address at which it can be watched."""
    chromium = precompute.browser().get("executable_path", playwright.chromium.executable_path)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = [*precompute.LAUNCH_ARGUMENTS, "--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([chromium, *arguments, "about:blank"], env={**os.environ, "HOME": profile}, **quiet)
        try:
            port = Path(profile) / "DevToolsActivePort"
            while not (port.is_file() and port.read_text()):
                if process.poll() is not None:
                    raise RuntimeError(f"The browser ended with status {process.returncode}.")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
        finally:
            process.terminate()
            process.wait()


def watch(playwright: Playwright, address: str, errors: list[str]) -> Browser:
    """The browser there, and from now on what its tab says of errors."""
    browser = playwright.chromium.connect_over_cdp(address)
    context = browser.contexts[0]
    context.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    return browser


def measure(runs: int) -> dict[str, Any]:
    """So many minutes of random use, then the restarts, in one tab; the errors of its console all the while."""
    errors: list[str] = []
    with served() as root, sync_playwright() as playwright, browser_of_its_own(playwright) as address:
        wanderer = Wanderer(watch(playwright, address, errors), root)
        wanderer.page.goto(f"{root}rotation.html")

        def reading(*, whole: bool) -> dict[str, float]:
            if whole:
                wanderer.browser.close()  # the connection alone
                wanderer.look_at(watch(playwright, address, errors))
            return {"heap": wanderer.heap(), **({"processes": wanderer.processes()} if whole else {})}

        wanderer.come_to_rest()
        used = []
        started = time.monotonic()
        for number in range(READINGS + 1):
            while time.monotonic() - started < 60 * runs * number / READINGS:
                wanderer.wander()
            wanderer.come_to_rest()
            used.append(
                {"minute": round((time.monotonic() - started) / 60, 1), **reading(whole=number in (READINGS // 4, READINGS))}
            )
            print(used[-1], sum(wanderer.done.values()), errors, file=sys.stderr, flush=True)
        restarts = []
        for number in range(RESTARTS + 1):
            if number:
                wanderer.page.evaluate("async () => { await window.osft.kernel.stop(); }")
                wanderer.page.evaluate("() => window.osft.kernel.call('compute', {page: 'rotation', parameters: {}})")
            if number % (RESTARTS // 10) == 0:
                restarts.append({"restarts": number, **reading(whole=number in (0, RESTARTS))})
                print(restarts[-1], file=sys.stderr, flush=True)
    return {"errors": errors, "acts": wanderer.done, "used": used, "restarts": restarts}


def growth(readings: list[dict[str, float]]) -> float:
    """Of the heap: the median of the last three readings over that of the first three."""
    values = [reading["heap"] for reading in readings]
    return statistics.median(values[-3:]) / statistics.median(values[:3])


def grown(readings: list[dict[str, float]]) -> float:
    """Of the processes: the last reading over the first."""
    values = [reading["processes"] for reading in readings if "processes" in reading]
    return values[-1] / values[0]


def describe(found: dict[str, Any]) -> str:
    """What was done, and the memory over time and over restarts."""
    acts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(found["acts"].items()))
    first = table(
        ["after, minutes", "page processes, MB", "page heap, MB"],
        [[each["minute"], each.get("processes", ""), each["heap"]] for each in found["used"]],
    )
    second = table(
        ["after, restarts", "page processes, MB", "page heap, MB"],
        [[each["restarts"], each.get("processes", ""), each["heap"]] for each in found["restarts"]],
    )
    said = (
        f"{len(found['errors'])} errors on the console: {'; '.join(sorted(set(found['errors'])))}"
        if found["errors"]
        else ("No error on the console.")
    )
    return f"{said} What was done, and how often: {acts}.\n\n{first}\n\n{second}"


def budgets(found: dict[str, Any]) -> list[Budget]:
    """Silence and no growth. In the first quarter every page, panel and the editor come for the first time."""
    later = found["used"][READINGS // 4 + 1 :]
    return [
        Budget("errors on the console in random use", len(found["errors"]), 0, 0, ""),
        Budget("memory at the end of random use, over that after a quarter", grown(found["used"]), GROWTH, 1, "x"),
        Budget("heap of the page at the end of random use, over that after a quarter", growth(later), GROWTH, 1, "x"),
        Budget("memory after 100 restarts, over that before", grown(found["restarts"]), GROWTH, 1, "x"),
    ]


if __name__ == "__main__":
    main(sys.modules[__name__])
