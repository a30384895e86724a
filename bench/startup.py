"""Measures how long Python takes from a cold start, tier by tier, against stock Pyodide in a bare worker.

Run as `python bench/startup.py --runs 7` after `python3 build.py`. Every run is a fresh browser with
an empty profile; the tiers take turns, so that a busy moment hits all of them, and what counts is
the ratio to the bare worker of the same round. Milliseconds are from navigation to the first live
figure painted (for the bare worker: to the first result of NumPy in the page).
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import shutil
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from builder.serve import Handler  # noqa: E402

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

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
NOTE_FIRST_LIVE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-source="live"]')) return;
  window.firstResult = performance.now();
  observer.disconnect();
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-source']});
"""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """A copy of the built site with the bare page beside it, on a port of its own."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        shutil.copytree(ROOT / "osft-web", site)
        (site / "bare.html").write_text(BARE_PAGE)
        (site / "bare.js").write_text(BARE_SCRIPT)
        (site / "bare-worker.js").write_text(BARE_WORKER)
        Handler.quiet = True
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def visit(context: BrowserContext, address: str) -> float:
    """One navigation; milliseconds until the first result."""
    page = context.new_page()
    page.add_init_script(NOTE_FIRST_LIVE)
    page.goto("about:blank")
    page.wait_for_timeout(1200)
    page.goto(address)
    page.wait_for_function("() => window.firstResult", timeout=120_000, polling=100)
    elapsed = float(page.evaluate("() => window.firstResult"))
    page.close()
    return elapsed


def measure(runs: int, visits: int, page: str, tiers: list[str], chromium: str | None) -> dict[str, list[list[float]]]:
    """Times by configuration: a list for each run, of its visits in the same profile."""
    times: dict[str, list[list[float]]] = {name: [] for name in ["bare", *tiers]}
    with served() as root, sync_playwright() as playwright:
        addresses = {"bare": f"{root}bare.html"} | {tier: f"{root}{page}.html?tier={tier}" for tier in tiers}
        for run in range(runs):
            names = list(addresses)
            for name in names[run % len(names) :] + names[: run % len(names)]:
                found = []
                with tempfile.TemporaryDirectory() as profile:
                    for _ in range(visits):
                        context = playwright.chromium.launch_persistent_context(
                            profile, executable_path=chromium, args=FLAGS, bypass_csp=True
                        )
                        found.append(visit(context, addresses[name]))
                        context.close()
                times[name].append(found)
            print(f"run {run + 1}: " + "  ".join(f"{name} {times[name][-1][0]:.0f}" for name in names), file=sys.stderr)
    return times


def report(times: dict[str, list[list[float]]]) -> str:
    """A table of medians, ranges and ratios, in Markdown."""
    lines = ["| configuration | visit | ms: median (range) | ratio to bare: median (range) |", "|---|---|---|---|"]
    for name, runs in times.items():
        for index in range(len(runs[0])):
            values = [run[index] for run in runs]
            ratios = [run[index] / bare[index] for run, bare in zip(runs, times["bare"], strict=True)]
            lines.append(
                f"| {name} | {index + 1} | {statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f}) "
                f"| {statistics.median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f}) |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--visits", type=int, default=1, help="visits in the same profile; the second finds a warm cache")
    parser.add_argument("--page", default="rotation")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="a browser other than Playwright's own")
    parser.add_argument("--tiers", nargs="*")
    parser.add_argument("--json", type=Path, help="also write the raw times here")
    options = parser.parse_args()
    boot = json.loads((ROOT / "osft-web/generated/manifest.json").read_text())["boot"]
    times = measure(options.runs, options.visits, options.page, options.tiers or list(boot["tiers"]), options.chromium)
    print(report(times))
    if options.json:
        options.json.write_text(json.dumps(times))


if __name__ == "__main__":
    main()
