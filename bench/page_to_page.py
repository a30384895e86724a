"""From a click on a link to the next page's live figure.

One visit: Python has started once, and the links at the top lead through the seven pages in turn, again and again. The
time is from the click to the frame with the page's first figure (shipped data), and with the one that Python computed.
The first way round also fetches each page's files; later ones find them in the browser's cache.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench._bench import PAGES, Budget, fresh_browser, main, served, spread, table

RUNS = 7

NOTE_HOP = """
window.hop = null;
addEventListener('click', (event) => {
  if (event.target.closest('.site-nav a')) window.hop = {clicked: performance.now(), first: 0, live: 0};
}, {capture: true});
new MutationObserver(() => {
  const explorer = document.querySelector('.explorer');
  if (!window.hop || !explorer || explorer.dataset.page !== window.wanted) return;
  const note = (key) => {
    if (window.hop[key]) return;
    window.hop[key] = -1;
    const hop = window.hop;
    requestAnimationFrame(() => {
      const {port1, port2} = new MessageChannel();
      port1.onmessage = () => { hop[key] = performance.now() - hop.clicked; };
      port2.postMessage(0);
    });
  };
  if (explorer.querySelector('.stage svg, .stage canvas')) note('first');
  if (explorer.dataset.source === 'live') note('live');
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-source']});
"""


def hop(page: Page, name: str) -> dict[str, float]:
    """Click on the link to that page; milliseconds to its first and to its live figure."""
    page.evaluate("(name) => { window.wanted = name; }", name)
    page.locator(f".site-nav a[href='{name}.html']").click()
    page.wait_for_function("() => window.hop && window.hop.first > 0 && window.hop.live > 0", polling=50)
    found: dict[str, float] = page.evaluate("() => window.hop")
    page.wait_for_timeout(300)
    return {key: found[key] for key in ("first", "live")}


def measure(runs: int) -> dict[str, Any]:
    """For each page a list of hops to it, the first of which fetched its files."""
    times: dict[str, list[dict[str, float]]] = {name: [] for name in PAGES}
    with served() as root, sync_playwright() as playwright, fresh_browser(playwright, service_workers="block") as context:
        page = context.pages[0]
        page.add_init_script(NOTE_HOP)
        page.goto(f"{root}index.html")
        page.wait_for_function("() => document.documentElement.dataset.python === 'ready'", polling=100)
        page.wait_for_timeout(3000)
        for _ in range(runs + 1):
            for name in PAGES:
                times[name].append(hop(page, name))
    return {"milliseconds": times}


def describe(found: dict[str, Any]) -> str:
    """One row a page."""
    rows = []
    for name, (first, *later) in found["milliseconds"].items():
        shown = [spread([run[key] for run in later]) for key in ("first", "live")]
        rows.append([name, f"{first['first']:.0f}", f"{first['live']:.0f}", *shown])
    head = ["to the page", "first time: a figure, ms", "first time: live, ms", "later: a figure, ms", "later: live, ms"]
    return table(head, rows)


def budgets(found: dict[str, Any]) -> list[Budget]:
    """The slowest page, the first way round and later."""
    pages = found["milliseconds"].values()
    later = max(statistics.median(run["live"] for run in runs[1:]) for runs in pages)
    first = statistics.median(runs[0]["live"] for runs in pages)
    return [
        Budget("page to page, to a live figure, the slowest page", later, 100, 50, "ms"),
        Budget("page to page for the first time, the median of seven pages", first, 100, 50, "ms"),
    ]


if __name__ == "__main__":
    main(sys.modules[__name__])
