"""Writes osft-web/data/<page>.json: each page's declaration and its result at the defaults.

Called by build.py (precompute, check) and by the tests; needs NumPy, unlike the rest of the build.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

from builder.errors import BuildError

ROOT = Path(__file__).resolve().parent.parent
EXPERIMENT = ROOT / "osft-web" / "data" / "training-experiment.json"
RUNS = ROOT / "py" / "explorer" / "training_data.json"
MISSING = f"{EXPERIMENT.name} is missing; run: python3 build.py precompute --training"
RELATIVE = 1e-9
"""Results are compared to this: another NumPy or processor may round differently."""


def precompute_pages(out_dir: Path | str) -> None:
    """Write the pages' files, each in one step, so that a reader never meets half of one."""
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if not EXPERIMENT.exists():
        raise BuildError(MISSING)
    _write(RUNS, runs_of_the_page())
    for name, data in _all_pages():
        _write(folder / f"{name}.json", data)


def is_stale(out_dir: Path | str) -> list[str]:
    """One sentence for each file that is missing or is not what today's py/ computes."""
    complaints = []
    if not EXPERIMENT.exists():
        return [MISSING]
    if not RUNS.exists() or json.loads(RUNS.read_text(encoding="utf-8")) != runs_of_the_page():
        complaints.append(f"{RUNS.name} is not what {EXPERIMENT.name} says.")
    for name, expected in _all_pages():
        path = Path(out_dir) / f"{name}.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            complaints.append(f"{path.name} is missing or cannot be read.")
            continue
        expected = json.loads(json.dumps(expected))
        where = _difference(expected, found, "")
        if where is not None:
            place = where or "the top"
            complaints.append(f"{path.name} differs from what py/ computes at {place}.")
    return complaints


def runs_of_the_page() -> dict[str, Any]:
    """What the training page's Python needs of the experiment; it travels inside py/."""
    experiment = json.loads(EXPERIMENT.read_text(encoding="utf-8"))
    return {
        "schema": 1,
        "code": experiment["made"]["code"],
        "images": experiment["images"]["test"],
        "steps": experiment["steps"],
        "t": experiment["t"],
        "curves": {name: experiment["runs"][name]["curves"] for name in experiment["methods"]},
        "sweep": experiment["sweep"],
        "fronts": experiment["fronts"],
    }


def _write(target: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return
    partial = target.with_suffix(".json.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, target)


def _all_pages() -> list[tuple[str, dict[str, Any]]]:
    if str(ROOT / "py") not in sys.path:
        sys.path.insert(0, str(ROOT / "py"))
    from explorer.declare import plain
    from explorer.surface import PAGES, find

    pages = []
    for name in PAGES:
        page = find(name)
        pages.append((name, {**page.as_json(), "result": plain(page.compute())}))
    return pages


def _difference(expected: Any, found: Any, where: str) -> str | None:
    """The first place at which two JSON values differ, or None."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            return where
        pairs = [(f"{where}.{key}".lstrip("."), expected[key], found[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return where
        both = zip(expected, found, strict=True)
        pairs = [(f"{where}[{i}]", left, right) for i, (left, right) in enumerate(both)]
    elif type(expected) is float and isinstance(found, (int, float)):
        close = math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=1e-12)
        return None if close else where
    else:
        return None if type(expected) is type(found) and expected == found else where
    for place, left, right in pairs:
        at = _difference(left, right, place)
        if at is not None:
            return at
    return None
