"""Lighthouse, every document.

Google's Lighthouse 13 with its default settings (a slow phone, simulated), on the project's own server, which sends text
compressed, as hosts on the network do. Each document is measured in a browser of its own. The least of the four scores of
the worst document is what counts. *Findings* are the audits that cost points.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench._bench import DOCUMENTS, PATIENCE, ROOT, Budget, main, served, table
from builder import precompute, tools
from builder.errors import BuildError

RUNS = 3
VERSION = "13"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FLAGS = " ".join(["--headless=new", *precompute.LAUNCH_ARGUMENTS])
FOLDER = ROOT / ".cache" / "bench" / "npm"


def installed() -> list[str]:
    """The command that runs Lighthouse on a Node that it supports; installs it below `.cache/` at first."""
    node, npm = tools.node_command(22), tools.npm_command(22)
    if node is None or npm is None:
        raise BuildError("Lighthouse needs Node 22 or newer, with npm; `python3 build.py setup` installs one.")
    script = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not script.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text("{}")
        command = [*npm, "install", "--silent", "--no-audit", "--no-fund", f"lighthouse@{VERSION}"]
        subprocess.run(command, cwd=FOLDER, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return [node, str(script)]


def inspect(command: list[str], address: str) -> dict[str, Any]:
    """One run of Lighthouse: scores, some of its times, and what cost points."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        options = ["--quiet", "--output=json", f"--output-path={path}", f"--chrome-flags={FLAGS}"]
        environment = dict(os.environ)
        if chromium := precompute.browser().get("executable_path"):
            environment["CHROME_PATH"] = chromium
        subprocess.run(
            [*command, address, *options, f"--max-wait-for-load={PATIENCE}"],
            check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=PATIENCE / 300,
        )  # fmt: skip
        report = json.loads(path.read_text(encoding="utf-8"))
    audits = report["audits"]
    lost = set()
    for category in CATEGORIES:
        enough = 0.9 if category == "performance" else 1
        for audit in (audits[ref["id"]] for ref in report["categories"][category]["auditRefs"] if ref["weight"]):
            if audit["score"] is not None and audit["score"] < enough:
                lost.add(f"{category}: {audit['title']}")
    timings = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
    return {
        "version": report["lighthouseVersion"],
        "scores": {name: round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES},
        "timings": {name: round(audits[name]["numericValue"], 3) for name in timings},
        "lost": sorted(lost),
    }


def measure(runs: int) -> dict[str, Any]:
    """Runs by document."""
    command = installed()
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in DOCUMENTS}
    with served() as root:
        for _ in range(runs):
            for name in DOCUMENTS:
                found[name].append(inspect(command, f"{root}{name}.html"))
                print(name, found[name][-1]["scores"], found[name][-1]["lost"], file=sys.stderr)
    return {"documents": found}


def score(runs: list[dict[str, Any]], category: str) -> float:
    """The median score."""
    return statistics.median(run["scores"][category] for run in runs)


def describe(found: dict[str, Any]) -> str:
    """Scores and what cost points."""
    rows, lost = [], set()
    for name, runs in found["documents"].items():
        timings = [f"{statistics.median(run['timings'][key] for run in runs):.0f}" for key in list(runs[0]["timings"])[:3]]
        rows.append([name, *(f"{score(runs, category):.0f}" for category in CATEGORIES), *timings])
        lost |= {entry for run in runs for entry in run["lost"]}
    head = ["document", *CATEGORIES, "first paint, ms", "largest paint, ms", "blocking, ms"]
    text = table(head, rows)
    version = next(iter(found["documents"].values()))[0]["version"]
    findings = "\n".join(f"- {entry}" for entry in sorted(lost)) or "- none"
    return f"{text}\n\nLighthouse {version}. Findings:\n\n{findings}"


def budgets(found: dict[str, Any]) -> list[Budget]:
    """The worst document in each category."""
    return [
        Budget(f"Lighthouse {category}, the worst document", min(score(runs, category) for runs in found["documents"].values()),
               95, 100, "", larger=True)
        for category in CATEGORIES
    ]  # fmt: skip


if __name__ == "__main__":
    main(sys.modules[__name__])
