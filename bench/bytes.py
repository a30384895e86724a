"""What crosses the network, by document.

A first visit in an empty profile, until Python is ready and the figure live. Everything that was asked for is
counted raw, with gzip (level 6) and with brotli (quality 11 for what does not change, as a host with stored brotli would
send it). *Page* is HTML, CSS, scripts and the page's data; *fonts* and pictures are apart; *Python* is the runtime, NumPy
and py/, with the scripts that run in a worker. What is fetched after the first live result is *later*, but for the
copy for offline use.
"""

from __future__ import annotations

import functools
import gzip
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, sync_playwright

from bench._bench import DOCUMENTS, PATIENCE, ROOT, Budget, main, manifest, served, table, tiers
from builder import precompute, tools
from builder.site import Places

RUNS = 1
IDLE = 2000
BROTLI = """
const {brotliCompressSync} = require('node:zlib'), {readFileSync} = require('node:fs');
console.log(brotliCompressSync(readFileSync(process.argv[1])).length);
"""
NOTE_LIVE = """
new MutationObserver((_, observer) => {
  const {python} = document.documentElement.dataset;
  if (python !== 'ready' || document.querySelector(".explorer[data-page]:not([data-source='live'])")) return;
  window.live = performance.timeOrigin + performance.now();
  observer.disconnect();
}).observe(document, {subtree: true, attributes: true, attributeFilter: ['data-python', 'data-source']});
"""
IN_A_WORKER = ("worker", "runtime", "pack", "confine", "snapshot", "fetcher", "supply", "download", "shelf", "tier")
PYTHON = (
    "generated/runtime/",
    "generated/py.zip",
    "generated/manifest.json",
    *(f"kernel/{name}.js" for name in IN_A_WORKER),
)
FONTS, PICTURES = (".woff2",), (".svg", ".png", ".ico")


def kind(path: str) -> str:
    """What a file of the site is counted as."""
    if path.startswith(PYTHON):
        return "Python"
    if path.endswith(FONTS):
        return "fonts"
    return "pictures" if path.endswith(PICTURES) else "page"


def visit(page: Page, root: str, address: str, idle: int = IDLE) -> dict[str, list[str]]:
    """Open a document until its figure is live; the files asked for until then, and in the idle time after."""
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    page.context.on("requestfinished", note)
    page.add_init_script(NOTE_LIVE)
    page.goto(f"{root}{address}")
    page.locator("html[data-python='ready']").wait_for(state="attached")
    if page.locator(".explorer[data-page]").count():
        page.locator(".explorer[data-source='live']").wait_for(state="attached")
    page.wait_for_timeout(idle)
    page.context.remove_listener("requestfinished", note)
    live, tier = page.evaluate("() => [window.live, osft.kernel.status.tier]")
    features = manifest()["boot"]["features"].values()
    idle_time = {f"generated/{path}" for one in features for path in one["packs"].get(tier, ())}
    found: dict[str, list[str]] = {"first": [], "later": []}
    for request in asked:
        if request.service_worker or "?fresh=" in request.url:
            continue  # the copy for offline use, which is made when nothing else is to be done
        url = request.url.partition("?")[0]
        if url.startswith(root):
            path = urllib.parse.unquote(url[len(root) :]) or "index.html"
            # The rest of the library is asked for once Python is ready, which a busy machine may see before the figure.
            when = "first" if request.timing["startTime"] < live and path not in idle_time else "later"
            # The worker imports two scripts that the page has fetched and checked: they come from the browser's cache.
            if not (path.endswith(".mjs") and path in found["first"]):
                found[when].append(path)
    return found


@functools.cache
def gzipped(site: Path, path: str) -> int:
    """The bytes of a file as a host that compresses would send it."""
    raw = (site / path).read_bytes()
    return min(len(raw), len(gzip.compress(raw, 6)))


def sizes(site: Path, paths: list[str], *, brotli: bool = True) -> dict[str, dict[str, int]]:
    """Raw, gzip and brotli bytes, and the number of requests, by kind and together."""
    found: dict[str, dict[str, int]] = {}
    for path in paths:
        raw = (site / path).stat().st_size
        for group in (kind(path), "all"):
            entry = found.setdefault(group, {"requests": 0, "raw": 0, "gzip": 0, "brotli": 0})
            entry["requests"] += 1
            entry["raw"] += raw
            entry["gzip"] += gzipped(site, path)
            entry["brotli"] += brotlied(site, path) if brotli else raw
    return found


@functools.cache
def brotlied(site: Path, path: str) -> int:
    """The same with brotli, by Node's zlib; the file as it is without a Node."""
    raw, node = site / path, tools.node_command()
    if node is None:
        return raw.stat().st_size
    command = [node, "-e", BROTLI, str(raw)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return min(raw.stat().st_size, int(answer.stdout))


def measure(runs: int) -> dict[str, Any]:
    """For each tier and document what was asked for; one run is enough, bytes do not vary."""
    found: dict[str, Any] = {}
    site = Places.of(ROOT).site
    with served() as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**precompute.browser())
        for tier in tiers():
            for name in DOCUMENTS if tier == "fast" else ("rotation",):
                context = browser.new_context(bypass_csp=True)
                context.set_default_timeout(PATIENCE)
                asked = visit(context.new_page(), root, f"{name}.html?tier={tier}")
                found[f"{name}, {tier}"] = {
                    "first": sizes(site, asked["first"]),
                    "later": sizes(site, asked["later"], brotli=False),
                }
                context.close()
        browser.close()
    return {"documents": found, "runs": runs}


def describe(found: dict[str, Any]) -> str:
    """Before Python, and to the first live result."""
    rows = []
    for name, one in found["documents"].items():
        first = one["first"]
        page, fonts = first["page"], first.get("fonts", {"gzip": 0})
        rows.append([
            name, page["requests"], *(kilobytes(page[way]) for way in ("raw", "gzip", "brotli")), kilobytes(fonts["gzip"]),
            first["all"]["requests"], *(megabytes(first["all"][way]) for way in ("raw", "gzip", "brotli")),
            megabytes(one["later"].get("all", {"gzip": 0})["gzip"]),
        ])  # fmt: skip
    head = ["document, tier", "page: requests", "raw, kB", "gzip", "brotli", "fonts, kB",
            "to live: requests", "raw, MB", "gzip", "brotli", "later, gzip, MB"]  # fmt: skip
    return table(head, rows)


def kilobytes(count: int) -> str:
    """Thousands of bytes."""
    return f"{count / 1e3:.1f}"


def megabytes(count: int) -> str:
    """Millions of bytes."""
    return f"{count / 1e6:.2f}"


def budgets(found: dict[str, Any]) -> list[Budget]:
    """The heaviest document on the accelerated runtime."""
    first = [one["first"] for name, one in found["documents"].items() if name.endswith(", fast")]
    return [
        Budget("gzip bytes before Python, the heaviest document", max(one["page"]["gzip"] for one in first) / 1e3, 150, 80, "kB"),
        Budget("gzip bytes to the first live result, the heaviest", max(one["all"]["gzip"] for one in first) / 1e6, 7.8, 7, "MB"),
    ]


if __name__ == "__main__":
    main(sys.modules[__name__])
