"""The training page by plain loops over the counts of right answers, and SciPy's t-distribution."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from explorer.audits.compare import LOOP, compare
from explorer.declare import Outputs
from explorer.training import METHODS, UNORDERED, load_data

STATISTICS = "plain loop, SciPy’s t-distribution"


def audit(known: dict[str, Any], outputs: Outputs) -> Outputs:
    """Accuracy matrices are built run by run, and the measures from their definitions."""
    data = load_data()
    steps, images = data["steps"], data["images"]
    point = min(range(len(steps)), key=lambda p: abs(steps[p] - known["step"]))
    expected: dict[str, tuple[Any, str]] = {"steps": (steps, LOOP)}
    for name, runs in data["curves"].items():
        if name not in METHODS:
            continue
        chosen = runs if known["seed"] == "mean" else [runs[int(known["seed"])]]
        matrices = [accuracy_matrix(run, point, images) for run in chosen]
        for measure, function in MEASURES.items():
            if name in UNORDERED and measure != "average_accuracy":
                continue
            values = [function(matrix) for matrix in matrices]
            for end, value in zip(("", "_low", "_high"), interval(values), strict=True):
                expected[f"{name}_{measure}{end}"] = (value, STATISTICS)
        if name in known["methods"]:
            add_curves(expected, name, chosen, known["metric"], images)
    tasks = len(next(iter(data["curves"].values()))[0])
    width = (len(steps) - 1) // (tasks - 1)
    expected["task"] = (math.ceil(point / width), LOOP)
    at = [str(ratio).removesuffix(".0") for ratio in data["sweep"]["retained"]].index(known["retained"])
    for name, series in data["sweep"]["methods"].items():
        for measure in ("average_accuracy", "learning", "kept", "forgetting"):
            expected[f"retained_{name}_{measure}"] = (series[measure]["mean"][at], "the file")
    return compare(outputs, expected)


def accuracy_matrix(run: list[list[int]], point: int, images: int) -> list[list[float]]:
    """Rows after each finished task, then the present one."""
    width = (len(run[0]) - 1) // (len(run) - 1)
    last = math.ceil(point / width)
    points = [*(k * width for k in range(last)), point]
    return [[task[p] / images for task in run] for p in points]


def average_accuracy(matrix: list[list[float]]) -> float:
    """Of the last row."""
    return math.fsum(matrix[-1]) / len(matrix[-1])


def forgetting(matrix: list[list[float]]) -> float:
    """Mean fall of earlier tasks from the best row since they were learned."""
    last = len(matrix) - 1
    falls = [max(matrix[i][j] for i in range(j, last)) - matrix[last][j] for j in range(last)]
    return math.fsum(falls) / len(falls) if falls else 0.0


def learning(matrix: list[list[float]]) -> float:
    """Mean of the diagonal after its first entry."""
    own = [matrix[j][j] for j in range(1, len(matrix))]
    return math.fsum(own) / len(own) if own else 0.0


MEASURES = {"average_accuracy": average_accuracy, "forgetting": forgetting, "learning": learning}


def interval(values: list[float]) -> tuple[float, float, float]:
    """Mean with its 95 % t-interval; of one value, itself."""
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return mean, mean, mean
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = quantile(count - 1) * spread / math.sqrt(count)
    return mean, mean - half, mean + half


@lru_cache(maxsize=4)
def quantile(freedom: int) -> float:
    """97.5 % of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def add_curves(expected: dict[str, tuple[Any, str]], name: str, runs: list[Any], metric: str, images: int) -> None:
    """The drawn curves of one method."""
    points = range(len(runs[0][0]))
    function = forgetting if metric == "forgetting" else average_accuracy
    if not (name in UNORDERED and metric == "forgetting"):
        curve = [interval([function(accuracy_matrix(run, p, images)) for run in runs]) for p in points]
        expected[f"{name}_curve"] = (curve, STATISTICS)
    if metric == "tasks":
        rows = [
            [end for task in range(len(runs[0])) for end in interval([run[task][p] / images for run in runs])] for p in points
        ]
        expected[f"{name}_tasks"] = (rows, STATISTICS)
