"""The cells of the continual-learning experiment: the plan as a list of runs, and their results.

precompute_training asks for them and finds their results again here; training_work runs one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builder import training_plan as plan
from builder.cells import Cell, Result, cell_name
from builder.training_work import ROOT

Configuration = dict[str, Any]
#: The best configuration of (regime, method).
Winners = dict[tuple[str, str], Configuration]

_CONTINUAL = ROOT / "py" / "osft" / "continual"
#: No number depends on these: the defaults are written beside the results and compared.
_NOT_HASHED = ("__init__.py", "live.py", "defaults.py")
#: Where only the ends of tasks are wanted.
_COARSE = {"evaluate_every": 100}


def hash_files(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents, the same with either kind of line ending."""
    total = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        if path.suffix == ".py":
            content = content.replace(b"\r\n", b"\n")
        total.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    return total.hexdigest()


def run_sources() -> list[Path]:
    """Every file that decides what a run gives: the experiment, its digits, and how a cell is run."""
    files = [path for path in sorted(_CONTINUAL.rglob("*")) if path.suffix in (".py", ".bin")]
    files = [path for path in files if path.parent != _CONTINUAL or path.name not in _NOT_HASHED]
    return [*files, Path(__file__).with_name("training_work.py")]


def plain(value: Any) -> Any:
    """What JSON makes of a value: tuples become lists."""
    return json.loads(json.dumps(value))


class Lookup:
    """Results by what was run."""

    def __init__(self, results: dict[str, Result]) -> None:
        self._results = results

    def runs(self, method: str, settings: Configuration, seeds: tuple[int, ...]) -> list[Result]:
        """The results of one configuration, a seed each."""
        return [self._results[cell_name(run_cell(method, settings, seed))] for seed in seeds]

    def energy(self, seed: int) -> Result:
        """The result of `energy_outside` for a seed."""
        return self._results[cell_name(_energy_cell(seed))]


def run_cell(method: str, settings: Configuration, seed: int) -> Cell:
    """One run with all settings that differ from the class's defaults."""
    return {"kind": "run", "method": method, "seed": seed, "settings": plain(settings)}


def main_cells() -> list[Cell]:
    """Every method at its tuned settings, and the variants."""
    from osft.continual import DEFAULTS

    named = [*DEFAULTS.items(), *((method, settings) for _, method, settings in plan.VARIANTS)]
    # Seeds outside, methods inside: all methods of a seed start from one pretrained network.
    return [run_cell(method, settings, seed) for seed in plan.SEEDS for method, settings in named]


def sweep_settings(retained: float) -> Configuration:
    """A method of the retention sweep at one retained fraction."""
    return {"learning_rate": plan.SWEEP_RATE, "retained": retained, **_COARSE}


def sweep_cells() -> list[Cell]:
    """The retained fraction from 0 to 1."""
    return [
        run_cell(method, sweep_settings(retained), seed)
        for seed in plan.SEEDS
        for method in plan.SWEEP_METHODS
        for retained in plan.SWEEP_RATIOS
    ]


def front_cells() -> list[Cell]:
    """Methods along their learning rates."""
    return [
        run_cell(method, front_settings(settings, rate), seed)
        for seed in plan.SEEDS
        for method, settings, rates in plan.FRONTS.values()
        for rate in rates
    ]


def front_settings(settings: Configuration, rate: float) -> Configuration:
    """A method at one learning rate of its front."""
    return {**settings, "learning_rate": rate, **_COARSE}


def _energy_cell(seed: int) -> Cell:
    return {"kind": "energy", "seed": seed, "ratios": list(plan.ENERGY_RATIOS)}


def energy_cells() -> list[Cell]:
    """What old inputs use outside the protected subspaces."""
    return [_energy_cell(seed) for seed in plan.SEEDS]


def tuned(settings: Configuration) -> Configuration:
    """The same configuration judged on the tuning images."""
    return {**settings, **_COARSE, "part": "tune"}


def tuning_cells() -> list[Cell]:
    """The search over every grid."""
    return [
        run_cell(method, tuned(settings), seed)
        for seed in plan.TUNING_SEEDS
        for method, grid in plan.GRIDS.items()
        for settings in grid
    ]


def regime_tuning_cells() -> list[Cell]:
    """The smaller search under other tasks and widths."""
    return [
        run_cell(method, tuned({**regime, **settings}), seed)
        for _, regime in plan.REGIMES
        for seed in plan.TUNING_SEEDS
        for method, grid in plan.REGIME_GRIDS.items()
        for settings in grid
    ]


def regime_cells(winners: Winners) -> list[Cell]:
    """The winners of that search on the images to report on."""
    return [
        run_cell(method, regime_settings(regime, winners[name, method]), seed)
        for name, regime in plan.REGIMES
        for seed in plan.SEEDS
        for method in plan.REGIME_GRIDS
    ]


def regime_settings(regime: Configuration, winner: Configuration) -> Configuration:
    """A method at its winning settings under other tasks or another width."""
    return {**regime, **winner, **_COARSE}
