"""What every measurement shares: a served copy of the site, the browser, statistics, and where results are kept.

Imported by the files of this folder. A measurement has RUNS (of UNIT, where they are no runs), `measure(runs)`, which
returns plain data, `describe(found)`, which writes it as Markdown, and `budgets(found)`, which compares it with what was
promised.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from playwright.sync_api import BrowserContext, Playwright

from builder import precompute
from builder.serve import serving
from builder.site import Places

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results.json"
PAGES = ("rotation", "orthogonal", "energy", "svd", "projection", "parameters", "training")
DOCUMENTS = ("index", *PAGES)
SETTLE = 1200
"""Milliseconds that a new browser is left alone, so that its own start is not measured."""
PATIENCE = 90_000


@dataclass(frozen=True)
class Budget:
    """One promise: smaller is better, unless `larger` says otherwise."""

    what: str
    measured: float
    budget: float
    goal: float
    unit: str
    larger: bool = False

    def met(self, limit: float) -> bool:
        """Whether the measured value keeps to this limit."""
        return self.measured >= limit if self.larger else self.measured <= limit


@contextlib.contextmanager
def served(extra: dict[str, str | Path] | None = None, *, lab: bool = False) -> Iterator[str]:
    """A copy of the built site, which no edit can change meanwhile, with these texts and files beside it; its URL."""
    source = Places.of(ROOT).site
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        shutil.copytree(source, site, ignore=shutil.ignore_patterns("lab", "lab.new.*", "generated.*"))
        if lab:
            shutil.copytree(source / "lab", site / "lab")
        for name, content in (extra or {}).items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, site / name)
            else:
                (site / name).write_text(content, encoding="utf-8")
        with serving(site) as url:
            yield url


@contextlib.contextmanager
def fresh_browser(playwright: Playwright, profile: str | None = None, **options: Any) -> Iterator[BrowserContext]:
    """A browser process of its own, with an empty profile unless one is given, after it has settled."""
    with contextlib.ExitStack() as stack:
        folder = profile or stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        context = playwright.chromium.launch_persistent_context(folder, bypass_csp=True, **precompute.browser(), **options)
        stack.callback(context.close)
        context.set_default_timeout(PATIENCE)
        page = context.pages[0] if context.pages else context.new_page()
        page.goto("about:blank")
        page.wait_for_timeout(SETTLE)
        yield context


def manifest() -> dict[str, Any]:
    """What the build says of itself."""
    found: dict[str, Any] = json.loads((Places.of(ROOT).generated / "manifest.json").read_text())
    return found


def tiers() -> list[str]:
    """The accelerated ways of starting that this build has, best last."""
    return [name for name in manifest()["boot"]["tiers"] if name != "stock"]


def rotated(names: Sequence[str], run: int) -> list[str]:
    """The same names with another one first, so that a busy moment does not always hit the same."""
    start = run % len(names)
    return [*names[start:], *names[:start]]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median and range, as `12 (10-15)`."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def compact(text: str) -> str:
    """The same JSON with a list of numbers on one line."""
    return re.sub(r"\[[-+.\deE,\s]+\]", lambda found: " ".join(found[0].split()), text)


def load() -> float:
    """The mean number of processes that wanted a core in the last minute; NaN where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def machine() -> dict[str, str]:
    """What the numbers depend on."""
    chromium = precompute.browser().get("executable_path", "")
    versions = {"Python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    versions["cores"] = str(os.cpu_count())
    if chromium:
        answer = subprocess.run([chromium, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        versions["browser"] = answer.stdout.strip()
    versions["Pyodide"] = str(manifest().get("pyodide", ""))
    return {name: value for name, value in versions.items() if value}


def main(module: ModuleType) -> None:
    """Run one measurement from the command line; keep what it found and write the report anew."""
    assert module.__file__ is not None
    name = Path(module.__file__).stem
    parser = argparse.ArgumentParser(description=(module.__doc__ or name).splitlines()[0])
    unit = getattr(module, "UNIT", "runs")
    parser.add_argument(
        f"--{unit}", dest="runs", type=int, default=module.RUNS, help=f"how much is measured ({module.RUNS} {unit})"
    )
    options = parser.parse_args()
    before, started = load(), time.monotonic()
    found = module.measure(options.runs)
    entry = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "runs": options.runs,
        "load": [round(before, 1), round(load(), 1)],
        "seconds": round(time.monotonic() - started),
        "found": found,
    }
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results["machine"] = machine()
    results.setdefault("measurements", {})[name] = entry
    RESULTS.write_text(compact(json.dumps(results, indent=1)) + "\n", encoding="utf-8")
    print(module.describe(found))
    from bench import _report

    _report.write()
    print(f"bench/RESULTS.md has it; {entry['seconds']} s, load {before:.1f} to {load():.1f}.", file=sys.stderr)
