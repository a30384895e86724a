"""Writes osft-web/data/index.json: the numbers that the first page's text takes from py/.

Called by `build.py precompute` and, through `is_stale`, by `build.py check` and the tests. Run alone:
`python -m builder.precompute_index`. What the text says of the energy page and of the experiment is copied from
their own data beside it, so that the first page loads one small file.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "osft-web" / "data" / "index.json"
RELATIVE, ROUNDING = 1e-9, 1e-12
"""Agreement asked of two machines; ROUNDING is for the leaks that are 0 but for rounding."""

WEIGHTS = [[2.0, 0.5, 0.0], [0.0, 1.5, 0.1], [0.0, 0.0, 0.2]]
GRADIENT = [[0.10, -0.20, 0.05], [0.05, 0.10, -0.10], [-0.20, 0.00, 0.20]]
"""The toy layer and gradient of the original's NumPy warm-up."""

LAYER = {"in_features": 512, "out_features": 256}
MODEL = "llama-2-7b"
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "full": ("full", {}),
    "lora": ("lora", {"r": 16}),
    "oft": ("oft", {"oft_block_size": 32}),
    "osft": ("osf", {}),
    "osft_three_quarters": ("osf", {"effective_rank": 0.75}),
}
"""Name in the text -> PEFT's method and config; OSF's default keeps half of the directions."""


METHODS = (
    "full",
    "full_sgd",
    "lora",
    "olora",
    "oft",
    "osft",
    "osft_dense",
    "seed_block",
    "random",
    "bottom",
    "gpm",
    "ewc",
    "replay",
    "joint",
)
EXTRA_RUNS = ("oft_lower_rate", "osft_hooks_only", "osft_dense_all")
PAIRS = (("osft", "full"), ("osft", "full_sgd"), ("osft", "lora"), ("osft", "olora"), ("osft", "oft"), ("osft", "random"))
REGIMES = {"narrow": "width_16", "easy": "turn_5"}
"""Settings in which the methods come close to each other, by the name the text gives them."""
METRICS = ("average_accuracy", "forgetting", "learning", "kept")
HIGH_RATIO = 0.9
CONTROL_RATIO = 0.5
"""Retained fraction at which the text compares the kept subspaces, all at one learning rate."""


def numbers(folder: Path = TARGET.parent) -> dict[str, Any]:
    """Everything in index.json, computed now; `folder` has the data of the pages."""
    if str(ROOT / "py") not in sys.path:
        sys.path.insert(0, str(ROOT / "py"))
    return {
        "schema": 1,
        "warm_up": _warm_up(),
        "layer": _layer(),
        "model": _model(),
        "energy": _energy(_read(folder / "energy.json")),
        "experiment": _experiment(_read(folder / "training-experiment.json")),
    }


def _read(path: Path) -> dict[str, Any] | None:
    """A data file, or None while it has not been made."""
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _warm_up() -> dict[str, Any]:
    """What each projection of the toy gradient leaves on the critical direction."""
    from osft import subspace

    split = subspace.split(WEIGHTS, 1)
    steps = {
        "gradient": GRADIENT,
        "block": subspace.project_block(GRADIENT, split),
        "two_sided": subspace.project_two_sided(GRADIENT, split),
    }
    leaks = {name: subspace.leak(step, split)._asdict() for name, step in steps.items()}
    norm = leaks["gradient"]["norm"]
    return {name: {**leak, "removed": 1 - leak["norm"] / norm, "left_share": leak["left"] / norm} for name, leak in leaks.items()}


def _layer() -> dict[str, Any]:
    """Trainable parameters of one layer, as PEFT counts them, and their share of full fine-tuning."""
    from osft import parameters

    n, m = LAYER["in_features"], LAYER["out_features"]
    counts = {name: parameters.count(method, n, m, **config) for name, (method, config) in CONFIGS.items()}
    full = counts["full"]
    found: dict[str, Any] = {name: {"parameters": count, "share": count / full} for name, count in counts.items()}
    found["osft"]["directions"] = parameters.independent_directions(n, m, min(n, m) // 2)
    for name, count in (
        ("osft_rank_16", parameters.count("osf", n, m, effective_rank=16)),
        ("oft_block_16", parameters.count("oft", n, m, oft_block_size=16)),
        ("oft_shared", parameters.count("oft", n, m, oft_block_size=16, block_share=True)),
    ):
        found[name] = {"parameters": count, "share": count / full}
    return found


def _model() -> dict[str, Any]:
    """Trainable parameters and memory of a whole model, all linear layers adapted."""
    from osft import parameters

    found: dict[str, Any] = {}
    for name, (method, config) in CONFIGS.items():
        count = parameters.count_model(MODEL, method, "all_linear", **config)
        memory = parameters.model_memory(MODEL, method, "all_linear", **config)
        found[name] = {"parameters": count, "memory": memory.total}
    modules = parameters.target_modules(parameters.find_preset(MODEL), "all_linear")
    adapted = sum(module.copies * module.in_features * module.out_features for module in modules)
    found["osft"]["share_of_adapted"] = found["osft"]["parameters"] / adapted
    return found


def _energy(page: dict[str, Any] | None) -> dict[str, Any] | None:
    """The relative changes of hyperspherical energy at the energy page's defaults: 5th and 95th percentile of the draws."""
    if page is None:
        return None
    settings = {name: page["defaults"][name] for name in ("neurons", "features", "strength", "rank", "draws")}
    ends = ("low", "high")
    return settings | {name: {end: page["result"][f"{name}_{end}"] for end in ends} for name in ("oft", "lora", "random")}


def _experiment(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """Means and half widths of the tuned methods, and the control: which subspace is kept."""
    if data is None:
        return None
    runs = {name: data["runs"][name]["metrics"] for name in (*METHODS, *EXTRA_RUNS)}
    found: dict[str, Any] = {
        name: {metric: _mean_and_half(metrics[metric]) for metric in METRICS} for name, metrics in runs.items()
    }
    sweep = data["sweep"]
    at, start = sweep["retained"].index(CONTROL_RATIO), sweep["retained"].index(0.0)
    kept = {name: sweep["methods"][name]["forgetting"]["mean"] for name in ("osft_dense", "random", "bottom")}
    found["control"] = {"nothing": kept["osft_dense"][start], **{name: means[at] for name, means in kept.items()}}
    # One learning rate and one retained fraction; the two runs of a pair differ in nothing else.
    average = {name: sweep["methods"][name]["average_accuracy"]["mean"][at] for name in ("osft", "osft_dense")}
    found["reprojection"] = {"with": average["osft"], "without": found.pop("osft_hooks_only")["average_accuracy"]["mean"]}
    found["head"] = {"frozen": average["osft_dense"], "trained": found.pop("osft_dense_all")["average_accuracy"]["mean"]}
    found["paired"] = {
        f"{entry['first']}_{entry['second']}": {metric: entry[metric] for metric in ("average_accuracy", "forgetting")}
        for entry in data["paired"]
        if (entry["first"], entry["second"]) in PAIRS
    }
    regimes = {entry["name"]: entry["methods"] for entry in data["regimes"]}
    found["regimes"] = {
        name: {method: regimes[regime][method]["metrics"]["average_accuracy"]["mean"] for method in ("full", "osft")}
        for name, regime in REGIMES.items()
    }
    outside = data["energy_outside"]
    half = outside["retained"].index(CONTROL_RATIO)
    found["outside"] = {name: outside["subspaces"][name]["mean"][half][0] for name in ("weights", "activations", "random")}
    ratio = sweep["retained"].index(HIGH_RATIO)
    found["high_ratio"] = {
        name: sweep["methods"]["osft"][name]["mean"][ratio] for name in ("average_accuracy", "learning", "kept")
    }
    found["seeds"] = len(data["seeds"])
    found["images"] = data["images"]
    return found


def _mean_and_half(metric: dict[str, Any] | None) -> dict[str, float] | None:
    return None if metric is None else {"mean": metric["mean"], "half": metric["half"]}


def write(target: Path = TARGET) -> None:
    """Write the file in one step, so that a reader never meets half of it."""
    partial = target.with_suffix(".json.part")
    partial.write_text(json.dumps(numbers(target.parent), indent=1) + "\n", encoding="utf-8")
    os.replace(partial, target)


def is_stale(target: Path = TARGET) -> list[str]:
    """One sentence for each number that is missing or is not what today's py/ computes."""
    try:
        found = json.loads(target.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [f"{target.name} is missing or cannot be read."]
    return list(_differences(numbers(target.parent), found, target.stem))


def _differences(expected: Any, found: Any, where: str) -> list[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            return [f"{where} has other names than what py/ computes."]
        return [line for key in expected for line in _differences(expected[key], found[key], f"{where}.{key}")]
    if isinstance(expected, float) and isinstance(found, (int, float)):
        same = math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=ROUNDING)
    else:
        same = expected == found
    return [] if same else [f"{where} is {found!r}; py/ computes {expected!r}."]


if __name__ == "__main__":
    write()
    print(f"Wrote {TARGET.relative_to(ROOT)}.")
