"""From finished runs to the numbers of training-experiment.json: means, intervals, differences.

Called by precompute_training and by the tests that read the file. Needs NumPy and SciPy.
"""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder import training_cells as cells
from builder import training_plan as plan
from builder.cells import Result
from builder.training_cells import Lookup, Winners, plain
from osft.continual import DEFAULTS, Settings, metrics
from osft.continual.digits import TEST, TRAIN, TUNE

Floats = NDArray[np.float64]

METRICS = ("average_accuracy", "forgetting", "learning", "kept", "last", "backward_transfer", "forward_transfer")
#: Of joint training these mean nothing: it has no order of tasks.
_NEEDS_ORDER = ("forgetting", "learning", "backward_transfer", "forward_transfer")


def assemble(found: Lookup, winners: Winners, tuning: dict[str, Any], code: str) -> dict[str, Any]:
    """The whole content of training-experiment.json; its schema is in precompute_training."""

    def entry(method: str, settings: dict[str, Any], *, curves: bool) -> dict[str, Any]:
        return describe(method, plain(settings), found.runs(method, settings, plan.SEEDS), curves=curves)

    runs = {method: entry(method, settings, curves=True) for method, settings in DEFAULTS.items()}
    for name, method, settings in plan.VARIANTS:
        runs[name] = entry(method, settings, curves=False)
    protocol = asdict(Settings())
    steps = protocol["steps_per_task"] * (len(protocol["angles"]) - 1)
    energies = [found.energy(seed) for seed in plan.SEEDS]

    def energy(subspace: str) -> dict[str, Any]:
        values = np.array([[e[str(r)][subspace] for r in plan.ENERGY_RATIOS] for e in energies])
        return {
            "mean": np.round(values.mean(axis=0), 4).tolist(),
            "half": np.round(half_width(values), 4).tolist(),
        }

    return {
        "schema": 1,
        "made": {
            "code": code,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "system": f"{platform.system()} {platform.machine()}",
        },
        "protocol": plain(protocol),
        "images": {"train": TRAIN, "tune": TUNE, "test": TEST},
        "seeds": list(plan.SEEDS),
        "tuning_seeds": list(plan.TUNING_SEEDS),
        "t": round(t_quantile(len(plan.SEEDS)), 4),
        "steps": list(range(0, steps + 1, protocol["evaluate_every"])),
        "methods": list(DEFAULTS),
        "runs": runs,
        "paired": [{"first": a, "second": b, **difference(runs[a], runs[b])} for a, b in plan.PAIRS],
        "sweep": {
            "learning_rate": plan.SWEEP_RATE,
            "retained": list(plan.SWEEP_RATIOS),
            "methods": {
                method: series([found.runs(method, cells.sweep_settings(r), plan.SEEDS) for r in plan.SWEEP_RATIOS], method)
                for method in plan.SWEEP_METHODS
            },
        },
        "fronts": {
            name: {
                "method": method,
                "settings": settings,
                "learning_rates": list(rates),
                **series([found.runs(method, cells.front_settings(settings, rate), plan.SEEDS) for rate in rates], method),
            }
            for name, (method, settings, rates) in plan.FRONTS.items()
        },
        "regimes": [
            {
                "name": name,
                "settings": plain(regime),
                "methods": {
                    method: {
                        "settings": plain(winners[name, method]),
                        "metrics": summarise(
                            found.runs(method, cells.regime_settings(regime, winners[name, method]), plan.SEEDS), method
                        ),
                    }
                    for method in plan.REGIME_GRIDS
                },
            }
            for name, regime in plan.REGIMES
        ],
        "energy_outside": {
            "retained": list(plan.ENERGY_RATIOS),
            "layers": 2,
            "subspaces": {name: energy(name) for name in energies[0][str(plan.ENERGY_RATIOS[0])]},
        },
        "tuning": tuning,
    }


def t_quantile(count: int) -> float:
    """The factor of a two-sided 95 % t-interval over `count` runs, t_{0.975, count - 1}."""
    from scipy.stats import t

    return float(t.ppf(0.975, count - 1))


def half_width(values: Floats) -> Floats:
    """Half the 95 % t-interval of the mean over the first axis."""
    count = values.shape[0]
    half: Floats = t_quantile(count) * values.std(axis=0, ddof=1) / np.sqrt(count)
    return half


def measures(result: Result, method: str) -> dict[str, float]:
    """Every metric of one run; NaN where it has none."""
    curve = np.array(result["curve"], dtype=np.float64) / result["images"]
    tasks = curve.shape[1]
    matrix = curve[:: (len(curve) - 1) // (tasks - 1)]
    initial = np.array(result["initial"]) / result["images"]
    found = {
        "average_accuracy": metrics.average_accuracy(matrix),
        "forgetting": metrics.forgetting(matrix),
        "learning": metrics.learning(matrix),
        "kept": float(matrix[-1, 0]),
        "last": float(matrix[-1, -1]),
        "backward_transfer": metrics.backward_transfer(matrix),
        "forward_transfer": metrics.forward_transfer(matrix, initial),
    }
    if method == "joint":
        found.update(dict.fromkeys(_NEEDS_ORDER, float("nan")))
    return found


def summarise(results: list[Result], method: str) -> dict[str, Any]:
    """Each metric's mean, half width and value by seed; None for one without, or if a run diverged."""
    if any(result["diverged_at"] is not None for result in results):
        return dict.fromkeys(METRICS)
    by_seed = [measures(result, method) for result in results]
    summary: dict[str, Any] = {}
    for name in METRICS:
        values = np.array([found[name] for found in by_seed])
        if np.isnan(values).any():
            summary[name] = None
            continue
        summary[name] = {
            "mean": rounded(values.mean()),
            "half": rounded(float(half_width(values))),
            "by_seed": [rounded(value) for value in values],
        }
    return summary


def describe(method: str, settings: dict[str, Any], results: list[Result], *, curves: bool) -> dict[str, Any]:
    """A whole entry of `runs`: settings, metrics, curves with bands, and counts of right answers."""
    counts = np.array([result["curve"] for result in results])
    share = counts / results[0]["images"]
    every = (counts.shape[1] - 1) // (counts.shape[2] - 1)
    entry = {
        "method": method,
        "settings": settings,
        "metrics": summarise(results, method),
        "curve_mean": per_mille(share.mean(axis=0).T),
        "curve_half": per_mille(half_width(share).T),
        "matrices": counts[:, ::every].tolist(),
        "diverged_at": [result["diverged_at"] for result in results],
    }
    if curves:
        entry["curves"] = counts.transpose(0, 2, 1).tolist()
    return entry


def difference(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """First minus second, seed by seed: mean, half width and how many seeds are above 0."""
    found: dict[str, Any] = {}
    for name in ("average_accuracy", "forgetting", "learning", "kept"):
        a, b = first["metrics"][name], second["metrics"][name]
        if a is None or b is None:
            found[name] = None
            continue
        gaps = np.array(a["by_seed"]) - np.array(b["by_seed"])
        found[name] = {"mean": rounded(gaps.mean()), "half": rounded(float(half_width(gaps))), "above": int((gaps > 0).sum())}
    return found


def series(groups: list[list[Result]], method: str) -> dict[str, Any]:
    """Mean and half width of the front's metrics along a sweep; `groups` has the seeds of each value."""
    summaries = [summarise(group, method) for group in groups]
    return {
        name: {
            "mean": [None if s[name] is None else s[name]["mean"] for s in summaries],
            "half": [None if s[name] is None else s[name]["half"] for s in summaries],
        }
        for name in ("average_accuracy", "forgetting", "learning", "kept", "last")
    }


def mean_score(results: list[Result], method: str) -> float:
    """Mean average accuracy; a run that diverged counts as 0."""
    scores = [measures(result, method)["average_accuracy"] if result["diverged_at"] is None else 0.0 for result in results]
    return float(np.mean(scores))


def per_mille(values: Floats) -> list[Any]:
    """Whole thousandths, as nested lists; None where there is no number."""
    flat = [None if np.isnan(v) else round(1000 * float(v)) for v in values.ravel()]
    width = values.shape[-1]
    return [flat[i : i + width] for i in range(0, len(flat), width)]


def rounded(value: float) -> float:
    """Four decimals: the images of a test set are 397, so the fifth says nothing."""
    return round(float(value), 4)
