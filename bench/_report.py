"""Writes bench/RESULTS.md from bench/results.json: every promise with how far it is, then what each measurement found.
The README quotes the promises; that table is written here too.

Called by bench/_bench.py after each measurement; `python -m bench._report` writes it again.
"""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

from bench._bench import RESULTS, ROOT, Budget, table

README = ROOT / "README.md"
QUOTED = re.compile(r"(<!-- measured -->\n).*(<!-- /measured -->\n)", re.DOTALL)

ORDER = ("first_paint", "startup", "interaction", "page_to_page", "stop", "bytes", "lighthouse", "native", "peers", "soak")
INTRODUCTION = """# What was measured

`make bench` measures everything again and writes this file; `python3 build.py bench NAME` measures one part. The raw
numbers are in [results.json](results.json). Times depend on the machine and on what else it does: what is compared was
measured in turn in the same run, so **compare ratios, not milliseconds**. Numbers are the median, and the range in
brackets, unless a table says otherwise. *Load* is the mean number of processes that wanted a core when the measurement
began and when it ended: above the number of cores the machine was busy with other work, and milliseconds, also those
from an event to a frame, are longer than the site's own. No test asserts a time; bytes and requests are tests
(`tests/site/test_budgets.py`).
"""


def write() -> None:
    """Write the report of everything that has been measured."""
    results = json.loads(RESULTS.read_text())
    measured: dict[str, Any] = results["measurements"]
    parts, promises = [], []
    for name in (*ORDER, *sorted(set(measured) - set(ORDER))):
        if name not in measured:
            continue
        module, entry = importlib.import_module(f"bench.{name}"), measured[name]
        load = " to ".join(str(value) for value in entry["load"])
        facts = f"*{entry['date']}, {entry['runs']} {getattr(module, 'UNIT', 'runs')}, load of the machine {load}.*"
        explained = (module.__doc__ or "").strip().split("\n\n", 1)
        heading = explained[0].splitlines()[0].rstrip(".")
        about = " ".join(explained[1].split()) if len(explained) > 1 else ""
        parts.append(f"## {heading}\n\n{about}\n\n{facts}\n\n{module.describe(entry['found'])}\n")
        promises += [(promise, load) for promise in module.budgets(entry["found"])]
    if missing := [name for name in ORDER if name not in measured]:
        parts.append(f"## Not measured\n\nNo result is kept of: {', '.join(missing)}.\n")
    facts = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    text = "\n".join([INTRODUCTION, f"Machine: {facts}.\n", "## Budgets and goals\n", promised(promises), "", *parts])
    RESULTS.with_name("RESULTS.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    README.write_text(QUOTED.sub(lambda found: f"{found[1]}{quoted(promises)}\n{found[2]}", readme), encoding="utf-8")


def quoted(promises: list[tuple[Budget, str]]) -> str:
    """What the README says of the promises: measured, and the budget, with a miss in bold."""
    rows = [[each.what, _number(each.measured, each), _kept(each, each.budget), load] for each, load in promises]
    return table(["what", "measured", "budget", "load"], rows)


def promised(promises: list[tuple[Budget, str]]) -> str:
    """One row a promise: what was measured, the budget, the goal, how far each is, and how busy the machine was."""
    rows = [
        [each.what, _number(each.measured, each), _kept(each, each.budget), _kept(each, each.goal), load]
        for each, load in promises
    ]
    return table(["what", "measured", "budget", "goal", "load"], rows)


def _kept(promise: Budget, limit: float) -> str:
    ratio = promise.measured / limit if limit else 0.0
    word = "met" if promise.met(limit) else "**missed**"
    return f"{_number(limit, promise)}: {word}, {ratio:.2f} of it"


def _number(value: float, promise: Budget) -> str:
    return f"{value:.3g} {promise.unit}".strip() if abs(value) < 100 else f"{value:.0f} {promise.unit}".strip()


if __name__ == "__main__":
    write()
