"""Page 7, Growing Without Forgetting: what real continual-learning runs kept and learned.

Called by explorer.surface and by readers; pages/training.js draws what it returns. The runs are
those of osft.continual, precomputed by builder/precompute_training.py; nothing is made up here.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Generator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from explorer.declare import (
    Array,
    Choice,
    Condition,
    InvalidParameter,
    Output,
    Outputs,
    Page,
    Parameter,
    choices,
    drawn,
    validate,
    validated,
)

METHODS = {
    "full": "Full fine-tuning",
    "full_sgd": "Full fine-tuning, SGD",
    "lora": "LoRA",
    "olora": "O-LoRA",
    "oft": "OFT",
    "osft": "OSFT",
    "osft_dense": "OSFT dense (our simplification)",
    "seed_block": "Block formula (the original’s)",
    "random": "Random directions (control)",
    "bottom": "Smallest directions (control)",
    "gpm": "GPM (looks at old activations)",
    "ewc": "EWC",
    "l2sp": "L2-SP",
    "replay": "Replay (keeps old images)",
    "frozen": "Frozen after the first task",
    "joint": "All tasks at once (joint)",
}
UNORDERED = ("joint",)  # it has no order of tasks, so forgetting and learning mean nothing for it
SWEPT = ("osft", "osft_dense", "random", "seed_block", "bottom")
FRONTS = {
    "full": "Full fine-tuning",
    "full_sgd": "Full fine-tuning, SGD",
    "oft": "OFT, one block",
    "oft_b16": "OFT, blocks of 16",
}
RATIOS = ("0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "1")
LAST_STEP = 400
SEEDS = 10
QUANTILE = 2.262157162798205  # Student’s t, 97.5 %, for ten runs: 9 degrees of freedom

PARAMETERS = (
    Parameter("methods", "Methods", "choices", "full,lora,oft,osft", choices=choices(METHODS)),
    Parameter(
        "metric",
        "Show",
        "choice",
        "accuracy",
        choices=choices(
            {
                "accuracy": "Average accuracy",
                "forgetting": "Forgetting",
                "tasks": "Each task",
                "front": "Kept and learned",
            }
        ),
    ),
    Parameter(
        "retained",
        "Retained fraction",
        "choice",
        "0.5",
        choices=tuple(Choice(ratio, ratio) for ratio in RATIOS),
        note="Of the singular directions, in the sweep.",
    ),
    Parameter(
        "step", "Step", "int", LAST_STEP, 0, LAST_STEP, step=10, note="100 steps a task; the nearest measured step counts."
    ),
    Parameter(
        "seed",
        "Seed",
        "choice",
        "mean",
        choices=(
            Choice("mean", f"Mean of {SEEDS} runs"),
            *(Choice(str(seed), f"Run {seed}") for seed in range(SEEDS)),
        ),
    ),
)

# The smaller experiment that runs in the browser; osft.continual.live says what each means.
LIVE_METHODS = ("full", "lora", "oft", "osft", "seed_block")
LIVE = (
    Parameter(
        "methods",
        "Methods",
        "choices",
        ",".join(LIVE_METHODS),
        choices=tuple(Choice(name, METHODS[name]) for name in LIVE_METHODS),
    ),
    Parameter("retained", "Retained fraction", "float", 0.25, 0, 1, step=0.05),
    Parameter(
        "learning_rate",
        "Learning rate",
        "float",
        0.003,
        1e-5,
        10,
        scale="log",
        note="The same for all methods; a large one diverges, and its curve then ends.",
    ),
    Parameter("seed", "Seed", "seed", 0),
)

MEASURES = {
    "average_accuracy": ("average accuracy", "Mean accuracy over all five tasks."),
    "forgetting": ("forgetting", "Mean fall of each earlier task from its best accuracy."),
    "learning": ("learning", "Mean accuracy on each new task right after training on it; 0 before the first."),
}


def measured(method: str) -> list[str]:
    """The measures that mean something for a method."""
    return ["average_accuracy"] if method in UNORDERED else list(MEASURES)


def when_drawn(method: str) -> Condition:
    """A curve is given for the chosen methods, of a measure that they have."""
    if method in UNORDERED:
        return {"methods": [method], "metric": ["accuracy", "tasks", "front"]}
    return {"methods": [method]}


OUTPUTS = (
    *(
        Output(
            f"{name}_{measure}{end}",
            f"{title}: {MEASURES[measure][0]}{words}",
            "float",
            percent=True,
            digits=3,
            note=MEASURES[measure][1] if not end else "Of the 95 % interval of the mean.",
        )
        for name, title in METHODS.items()
        for measure in measured(name)
        for end, words in (("", ""), ("_low", ", low end"), ("_high", ", high end"))
    ),
    *(
        Output(
            f"retained_{name}_{measure}",
            f"{METHODS[name]} at this fraction: {words}",
            "float",
            percent=True,
            digits=3,
            note="In the sweep: one learning rate for all.",
        )
        for name in SWEPT
        for measure, words in (
            ("average_accuracy", "average accuracy"),
            ("learning", "learning"),
            ("kept", "kept of the first task"),
            ("forgetting", "forgetting"),
        )
    ),
    Output("task", "Task under way", "int", note="0 is the one learned first, upright digits."),
    drawn("steps", "vector", "Steps at which all tasks were measured."),
    *(
        drawn(
            f"{name}_curve",
            "matrix",
            "Mean, low and high end of the shown measure (average accuracy, or forgetting), a row a step.",
            when_drawn(name),
        )
        for name in METHODS
    ),
    *(
        drawn(
            f"{name}_tasks",
            "matrix",
            "Mean, low and high end of the accuracy on each task in turn, a row a step.",
            {"methods": [name], "metric": ["tasks"]},
        )
        for name in METHODS
    ),
    drawn("front_retained", "vector", "Retained fractions of the sweep."),
    *(
        drawn(
            f"front_{name}",
            "matrix",
            "A row a setting: learning, half its interval, kept of the first task, half its "
            "interval, average accuracy, half its interval.",
        )
        for name in (*SWEPT, *FRONTS)
    ),
    *(drawn(f"front_{name}_learning_rates", "vector", "Settings along this front.") for name in FRONTS),
)


class Runs(NamedTuple):
    """The precomputed runs; arrays are [method, seed, ...] in the order of METHODS."""

    steps: Array
    tasks: Array
    """Accuracy [method, seed, task, point]."""
    measures: dict[str, Array]
    """Each of MEASURES, [method, seed, point]."""
    fronts: Outputs
    """What is drawn of the sweep and of the learning rates."""
    sweep: dict[str, Any]


def load_data() -> dict[str, Any]:
    """The file that builder/precompute_pages.py makes from training-experiment.json."""
    try:
        text = pkgutil.get_data("explorer", "training_data.json")
    except OSError:
        text = None
    if text is None:
        sentence = "This copy is incomplete: explorer/training_data.json is missing. Build it again."
        raise InvalidParameter("methods", sentence)
    data: dict[str, Any] = json.loads(text)
    return data


@lru_cache(maxsize=1)
def load_runs() -> Runs:
    """The runs that ship with the explorer."""
    data = load_data()
    tasks = np.array([data["curves"][name] for name in METHODS]) / data["images"]
    return Runs(
        steps=np.array(data["steps"], dtype=np.float64),
        tasks=tasks,
        measures=measure_runs(tasks),
        fronts=draw_fronts(data["sweep"], data["fronts"]),
        sweep=data["sweep"],
    )


def measure_runs(tasks: Array) -> dict[str, Array]:
    """The measures of osft.continual.metrics at every point of every run.

    While task k is under way the accuracy matrix has the rows after tasks 0 to k − 1, and the
    present one as its last row.
    """
    count, points = tasks.shape[-2:]
    every = (points - 1) // (count - 1)
    forgetting = np.zeros((*tasks.shape[:-2], points))
    learning = np.zeros_like(forgetting)
    ends = tasks[..., ::every]
    for k in range(1, count):
        now = slice((k - 1) * every + 1, k * every + 1)
        present = tasks[..., now]
        best = np.stack([ends[..., j, j:k].max(axis=-1) for j in range(k)], axis=-1)
        forgetting[..., now] = (best[..., None] - present[..., :k, :]).mean(axis=-2)
        done = sum((ends[..., j, j] for j in range(1, k)), np.zeros(tasks.shape[:-2]))
        learning[..., now] = (done[..., None] + present[..., k, :]) / k
    return {
        "average_accuracy": tasks.mean(axis=-2),
        "forgetting": forgetting,
        "learning": learning,
    }


def interval(values: Array, seed: str) -> Array:
    """Mean, low and high end over the seeds, [seed, ...] -> [3, ...]; of one run, its value."""
    if seed != "mean":
        return np.stack([values[int(seed)]] * 3)
    mean = values.mean(axis=0)
    half = QUANTILE * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.stack([mean, mean - half, mean + half])


def front(series: dict[str, Any]) -> Array:
    """Learning, kept and average accuracy along a sweep, each with half its interval."""
    names = ("learning", "kept", "average_accuracy")
    columns = [series[name][part] for name in names for part in ("mean", "half")]
    return np.array([[np.nan if value is None else value for value in c] for c in columns]).T


def draw_fronts(sweep: dict[str, Any], fronts: dict[str, Any]) -> Outputs:
    """The hidden outputs of the picture that sets what is kept against what is learned."""
    drawn: Outputs = {"front_retained": np.array(sweep["retained"], dtype=np.float64)}
    for name in SWEPT:
        drawn[f"front_{name}"] = front(sweep["methods"][name])
    for name in FRONTS:
        drawn[f"front_{name}"] = front(fronts[name])
        rates = np.array(fronts[name]["learning_rates"], dtype=np.float64)
        drawn[f"front_{name}_learning_rates"] = rates
    return drawn


@validated(PARAMETERS)
def compute(*, methods: tuple[str, ...], metric: str, retained: str, step: int, seed: str) -> Outputs:
    """The measures of every method at a step, curves of the chosen ones, and the sweep."""
    runs = load_runs()
    point = int(np.abs(runs.steps - step).argmin())
    every = (len(runs.steps) - 1) // (runs.tasks.shape[2] - 1)
    outputs: Outputs = {}
    for measure, values in runs.measures.items():
        ends = interval(values[..., point].T, seed).tolist()
        for i, name in enumerate(METHODS):
            if measure in measured(name):
                outputs[f"{name}_{measure}"] = ends[0][i]
                outputs[f"{name}_{measure}_low"] = ends[1][i]
                outputs[f"{name}_{measure}_high"] = ends[2][i]
    at = RATIOS.index(retained)
    for name in SWEPT:
        for measure in ("average_accuracy", "learning", "kept", "forgetting"):
            outputs[f"retained_{name}_{measure}"] = runs.sweep["methods"][name][measure]["mean"][at]
    outputs["task"] = -(-point // every)
    outputs["steps"] = runs.steps
    for i, name in enumerate(METHODS):
        if name not in methods:
            continue
        shown = "forgetting" if metric == "forgetting" else "average_accuracy"
        if shown in measured(name):
            outputs[f"{name}_curve"] = interval(runs.measures[shown][i], seed).T
        if metric == "tasks":
            each = interval(runs.tasks[i], seed)
            outputs[f"{name}_tasks"] = each.transpose(2, 1, 0).reshape(len(runs.steps), -1)
    outputs.update(runs.fronts)
    return outputs


def train(**settings: Any) -> Generator[dict[str, Any], None, None]:
    """Train the smaller experiment, one message an evaluation; see osft.continual.live."""
    from osft.continual import live

    known = validate(LIVE, settings)
    return live(known.pop("methods"), **known)


PAGE = Page("training", "Growing Without Forgetting", PARAMETERS, OUTPUTS, compute, live=LIVE)
