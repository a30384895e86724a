"""Writes osft-web/data/training-experiment.json: the continual-learning experiment over ten seeds.

`build.py precompute` and `check` call `precompute_training` and `is_stale`. Runs are cells in
.cache/precompute/<code>/, so that a killed precomputation continues and none runs twice.

Schema 1 (`a_share` is a number in 0..1; per-mille is a whole number in 0..1000; None is unknown):

    schema, made {code, python, numpy, system}     what made it; `code` is the hash of the sources
    protocol {every setting's default}, images {train, tune, test}, seeds [10], tuning_seeds [3], t
    steps [41]                                     the steps of every curve
    methods [names]                                the tuned methods, in order; keys of `runs`
    runs {name: entry}                             tuned methods, then the variants of the plan
        method, settings                           settings that differ from `protocol`
        metrics {average_accuracy, forgetting, learning, kept, last, backward_transfer,
                 forward_transfer: {mean, half, by_seed [10]} or None}   `half`: half a 95 % interval
        curve_mean, curve_half [task][point]       per-mille
        matrices [seed][i][j]                      right answers of images.test on task j after task i
        curves [seed][task][point]                 right answers; the tuned methods only
        diverged_at [seed]                         the step, or None
    paired [{first, second, metric: {mean, half, above}}]    first - second by seed; above: seeds > 0
    sweep {learning_rate, retained [12], methods {name: {metric: {mean [12], half [12]}}}}
    fronts {name: {method, settings, learning_rates [n], metric: {mean [n], half [n]}}}
    regimes [{name, settings, methods {name: {settings, metrics}}}]     tuned anew on the tuning images
    energy_outside {retained [5], layers 2, subspaces {name: {mean [5][2], half [5][2]}}}
    tuning {code, part, seeds, methods {name: {grid [settings], scores [per-mille], winner}}}
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder import training_cells as cells
from builder import training_plan as plan
from builder.cells import Cell, run_cells, unique
from builder.errors import DAMAGED, BuildError
from builder.training_cells import Configuration, Lookup, Winners, plain
from builder.training_work import ROOT, work

NAME = "training-experiment.json"
CACHE = ROOT / ".cache" / "precompute"

Say = Callable[[str], None]


def code_hash() -> str:
    """The hash of everything that decides a number of the file."""
    builder = [Path(__file__).with_name(name) for name in ("training_plan.py", "training_results.py")]
    return cells.hash_files([*cells.run_sources(), *builder])


def is_stale(out_dir: Path | str) -> list[str]:
    """One sentence for each way in which the data is not what today's code would write."""
    from osft.continual import DEFAULTS

    again = "run: python3 build.py precompute --training"
    try:
        data = json.loads((Path(out_dir) / NAME).read_text(encoding="utf-8"))
        made, tuned, runs = data["made"]["code"], data["tuning"]["code"], data["runs"]
        settings = {name: runs[name]["settings"] for name in DEFAULTS}
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{NAME} is missing or cannot be read; {again} --tune"]
    complaints = []
    code = code_hash()
    if made != code:
        complaints.append(f"{NAME} is older than the code that makes it; {again}")
    if tuned != code:
        complaints.append(f"The search for settings in {NAME} is older than the code; {again} --tune")
    if settings != plain(DEFAULTS):
        complaints.append(f"{NAME} was made with other settings than osft.continual.DEFAULTS; {again}")
    return complaints


def precompute_training(
    out_dir: Path | str,
    *,
    backend: str = "loky",
    workers: int = -1,
    tune: bool = False,
    scheduler: str | None = None,
    say: Say = print,
) -> None:
    """Run what the plan names and has not been run, and write the file in one step.

    `tune` also searches the grids, on the tuning images, and stops with a sentence if the winners are
    not the defaults; without it the search that the file holds is kept. Raises BuildError.
    """
    from builder.training_results import assemble
    from builder.training_weights import write_weights
    from osft.continual import DEFAULTS

    folder, code = CACHE / cells.hash_files(cells.run_sources())[:16], code_hash()
    target = Path(out_dir) / NAME

    def compute(wanted: list[Cell], what: str) -> Lookup:
        distinct = unique(wanted)
        say(f"{what}: {len(distinct)} runs")
        return Lookup(run_cells(distinct, work, folder, backend=backend, workers=workers, scheduler=scheduler))

    regime_tuning = compute(cells.regime_tuning_cells(), "Search for settings, other tasks and widths")
    if tune:
        tuning = _tuning(compute(cells.tuning_cells(), "Search for settings"), code)
        _compare_winners(tuning, DEFAULTS)
    else:
        tuning = _kept_tuning(target)
    winners = _regime_winners(regime_tuning)
    found = compute(_all_cells(winners), "Runs")
    write(target, assemble(found, winners, tuning, code))
    write_weights()
    say(f"Wrote {os.path.relpath(target)}: {target.stat().st_size / 1000:.0f} kB.")


def _regime_winners(found: Lookup) -> Winners:
    return {
        (name, method): grid[_best(found, method, [cells.tuned({**regime, **settings}) for settings in grid])[0]]
        for name, regime in plan.REGIMES
        for method, grid in plan.REGIME_GRIDS.items()
    }


def _best(found: Lookup, method: str, configurations: list[Configuration]) -> tuple[int, list[int]]:
    """The index of the best mean score on the tuning images, the first of equals, and all scores."""
    from builder.training_results import mean_score

    scores = [mean_score(found.runs(method, settings, plan.TUNING_SEEDS), method) for settings in configurations]
    return scores.index(max(scores)), [round(1000 * score) for score in scores]


def _tuning(found: Lookup, code: str) -> dict[str, Any]:
    methods = {}
    for method, grid in plan.GRIDS.items():
        winner, scores = _best(found, method, [cells.tuned(settings) for settings in grid])
        methods[method] = {"grid": grid, "scores": scores, "winner": winner}
    return {"code": code, "part": "tune", "seeds": list(plan.TUNING_SEEDS), "methods": methods}


def _compare_winners(tuning: dict[str, Any], defaults: dict[str, dict[str, Any]]) -> None:
    lines = [
        f"  {method}: {plain(entry['grid'][entry['winner']])}, and there {plain(defaults[method])}"
        for method, entry in tuning["methods"].items()
        if plain(entry["grid"][entry["winner"]]) != plain(defaults[method])
    ]
    if lines:
        raise BuildError(
            "The search has other winners than py/osft/continual/defaults.py:\n"
            + "\n".join(lines)
            + "\nWrite them there and run the same command again; the search is kept.",
            DAMAGED,
        )


def _all_cells(winners: Winners) -> list[Cell]:
    return [
        *cells.main_cells(),
        *cells.sweep_cells(),
        *cells.front_cells(),
        *cells.regime_cells(winners),
        *cells.energy_cells(),
    ]


def _kept_tuning(target: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))["tuning"]
    except (OSError, ValueError, KeyError):
        raise BuildError(f"{target.name} holds no search for settings yet; run this once with --tune.") from None
    return kept


def write(target: Path, data: Any) -> None:
    """Write compact JSON in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    partial.write_text(json.dumps(data, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")
    os.replace(partial, target)
