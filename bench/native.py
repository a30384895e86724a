"""Python in the browser against Python on the machine.

The same calls of py/, in the page's worker and in CPython with NumPy's own BLAS on one thread, in turn. NumPy in
WebAssembly has no BLAS and half the word width for vectors, so matrix work costs several times as much; what a reader
moves is small enough not to show it. Milliseconds are of the computation alone, without message and drawing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench._bench import ROOT, Budget, fresh_browser, main, served, spread, table

RUNS = 7

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "rotation, 80 points": ("rotation", {}),
    "rotation, 2000 points": ("rotation", {"points": 2000}),
    "orthogonal, 4 x 4": ("orthogonal", {}),
    "orthogonal, 64 x 64": ("orthogonal", {"n": 64}),
    "orthogonal, 64 x 64, matrix exponential": ("orthogonal", {"n": 64, "method": "exponential"}),
    "energies, 50 neurons, 20 draws": ("energy", {}),
    "energies, 500 neurons, 20 draws": ("energy", {"neurons": 500, "features": 64}),
    "split of 6 x 6": ("svd", {}),
    "split of a 64 x 64 layer of the digits": ("svd", {"source": "digits", "layer": "1"}),
    "split of the transformer's matrix": ("svd", {"source": "transformer"}),
    "projection, 24 x 24": ("projection", {"mode": "matrix", "size": 24}),
    "parameter counts": ("parameters", {}),
}
METHODS = ("full", "lora", "oft", "osft", "seed_block")
REPEATS = 5
"""Calls in a row; the fastest counts, because the first of them fills caches that a reader's second move finds full."""

IN_BROWSER = """
async ([calls, methods, repeats]) => {
  const {kernel} = window.osft;
  const found = {};
  for (const [name, [page, parameters]] of Object.entries(calls)) {
    const times = [];
    for (let i = 0; i < repeats; i += 1) times.push((await kernel.call('compute', {page, parameters: {...parameters}})).elapsed);
    found[name] = Math.min(...times);
  }
  for (const method of methods) {
    const started = performance.now();
    await kernel.stream('train', {methods: method}, () => {}).done;
    found[`training live, ${method}`] = performance.now() - started;
  }
  return found;
}
"""
ON_THE_MACHINE = """
import json, sys, time
from explorer import bridge
calls, methods, repeats = json.load(sys.stdin)
def timed(act):
    started = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - started)
found = {}
for name, (page, parameters) in calls.items():
    arguments = json.dumps({"page": page, "parameters": parameters})
    found[name] = min(timed(lambda: bridge.invoke("compute", arguments)) for _ in range(repeats))
for method in methods:
    found[f"training live, {method}"] = timed(lambda: bridge.invoke("train", json.dumps({"methods": method})))
print(json.dumps(found))
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")


def natively() -> dict[str, float]:
    """Milliseconds by call, in a new process of this Python."""
    answer = subprocess.run(
        [sys.executable, "-c", ON_THE_MACHINE],
        input=json.dumps([CALLS, METHODS, REPEATS]),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT / "py")},
    )
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def in_browser(page: Page) -> dict[str, float]:
    """Milliseconds by call, in the page's worker."""
    found: dict[str, float] = page.evaluate(IN_BROWSER, [CALLS, METHODS, REPEATS])
    return found


def measure(runs: int) -> dict[str, Any]:
    """Both in turn, by call a list of runs."""
    times: dict[str, dict[str, list[float]]] = {"browser": {}, "native": {}}
    with served() as root, sync_playwright() as playwright, fresh_browser(playwright, service_workers="block") as context:
        page = context.pages[0]
        page.goto(f"{root}index.html")
        page.wait_for_function("() => document.documentElement.dataset.python === 'ready'", polling=100)
        for _ in range(runs):
            for where, found in (("browser", in_browser(page)), ("native", natively())):
                for name, value in found.items():
                    times[where].setdefault(name, []).append(round(value, 3))
    return {"milliseconds": times}


def ratio(found: dict[str, Any], name: str) -> list[float]:
    """The browser's time over the machine's, run by run."""
    times = found["milliseconds"]
    return [browser / native for browser, native in zip(times["browser"][name], times["native"][name], strict=True)]


def describe(found: dict[str, Any]) -> str:
    """One row a call."""
    times = found["milliseconds"]
    rows = [
        [name, spread(times["browser"][name], 2), spread(times["native"][name], 2), spread(ratio(found, name), 1)]
        for name in times["browser"]
    ]
    return table(["call", "in the browser, ms", "native, ms", "browser over native"], rows)


def budgets(found: dict[str, Any]) -> list[Budget]:
    """Nothing was promised of these ratios."""
    return []


if __name__ == "__main__":
    main(sys.modules[__name__])
