"""The training page against the experiment's own file, loops over its counts, and a live run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

from explorer import surface, training
from explorer.declare import InvalidParameter
from explorer.training import METHODS, QUANTILE, RATIOS, SEEDS, UNORDERED, compute, measure_runs
from osft.continual import metrics

DATA = Path(__file__).resolve().parents[2] / "osft-web" / "data" / "training-experiment.json"


@pytest.fixture(scope="module")
def experiment() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return data


def test_the_page_knows_the_experiments_methods_seeds_and_sweep(experiment: dict[str, Any]) -> None:
    assert set(METHODS) == set(experiment["methods"])
    assert experiment["seeds"] == list(range(SEEDS))
    assert [float(ratio) for ratio in RATIOS] == experiment["sweep"]["retained"]
    assert set(training.SWEPT) == set(experiment["sweep"]["methods"])
    assert set(training.FRONTS) == set(experiment["fronts"])
    assert experiment["steps"][-1] == training.LAST_STEP
    assert student.ppf(0.975, SEEDS - 1) == pytest.approx(QUANTILE, rel=1e-12)


def test_at_the_end_it_shows_the_experiments_results(experiment: dict[str, Any]) -> None:
    outputs = compute()
    for name in METHODS:
        for measure in training.measured(name):
            found = experiment["runs"][name]["metrics"][measure]
            assert outputs[f"{name}_{measure}"] == pytest.approx(found["mean"], abs=6e-5)
            half = outputs[f"{name}_{measure}_high"] - outputs[f"{name}_{measure}"]
            assert half == pytest.approx(found["half"], abs=6e-5)
            assert outputs[f"{name}_{measure}"] - outputs[f"{name}_{measure}_low"] == pytest.approx(half, abs=1e-12)
    for seed in (0, 7):
        single = compute(seed=str(seed))
        for name in METHODS:
            for measure in training.measured(name):
                value = experiment["runs"][name]["metrics"][measure]["by_seed"][seed]
                for end in ("", "_low", "_high"):
                    assert single[f"{name}_{measure}{end}"] == pytest.approx(value, abs=6e-5)


def test_joint_training_has_no_forgetting(experiment: dict[str, Any]) -> None:
    outputs = compute(methods="joint,osft", metric="forgetting")
    assert not any(name.startswith("joint_forgetting") for name in outputs)
    assert "joint_curve" not in outputs
    assert outputs["osft_curve"].shape == (41, 3)
    assert UNORDERED == ("joint",)


@pytest.mark.parametrize("step", [0, 10, 94, 100, 110, 250, 400])
def test_measures_in_the_middle_by_their_definitions(experiment: dict[str, Any], step: int) -> None:
    outputs = compute(step=step, seed="3")
    point = round(step / 10)
    task = math.ceil(point / 10)
    assert outputs["task"] == task
    for name in ("full", "osft", "gpm"):
        run = experiment["runs"][name]["curves"][3]
        rows = [[counts[p] / experiment["images"]["test"] for counts in run] for p in [*range(0, 10 * task, 10), point]]
        last = rows[-1]
        falls = [max(rows[i][j] for i in range(j, task)) - last[j] for j in range(task)]
        assert outputs[f"{name}_average_accuracy"] == pytest.approx(sum(last) / 5, abs=1e-12)
        assert outputs[f"{name}_forgetting"] == pytest.approx(sum(falls) / len(falls) if falls else 0, abs=1e-12)
        own = [rows[j][j] for j in range(1, task + 1)]
        assert outputs[f"{name}_learning"] == pytest.approx(sum(own) / len(own) if own else 0, abs=1e-12)


def test_measures_are_those_of_the_experiments_code() -> None:
    """Random accuracies, so that every maximum is somewhere else."""
    tasks = np.random.default_rng(0).random((2, 3, 5, 41))
    found = measure_runs(tasks)
    for point in range(1, 41):
        task = -(-point // 10)
        matrix = np.stack([*(tasks[1, 2, :, 10 * k] for k in range(task)), tasks[1, 2, :, point]])
        for measure in ("average_accuracy", "forgetting", "learning"):
            assert found[measure][1, 2, point] == pytest.approx(getattr(metrics, measure)(matrix), abs=1e-12)


def test_curves_pass_through_the_numbers_beside_them() -> None:
    for metric, measure in (("accuracy", "average_accuracy"), ("forgetting", "forgetting")):
        outputs = compute(metric=metric, step=170)
        assert outputs["steps"][17] == 170
        for end, column in (("", 0), ("_low", 1), ("_high", 2)):
            assert outputs[f"lora_{measure}{end}"] == pytest.approx(outputs["lora_curve"][17, column], abs=1e-14)
    each = compute(metric="tasks")["osft_tasks"]
    assert each.shape == (41, 15)
    assert each[:, ::3].mean(axis=1) == pytest.approx(compute()["osft_curve"][:, 0], abs=1e-12)


def test_a_slider_walks_along_the_front(experiment: dict[str, Any]) -> None:
    for place, ratio in enumerate(RATIOS):
        outputs = compute(retained=ratio)
        for name in training.SWEPT:
            series = experiment["sweep"]["methods"][name]
            for measure in ("average_accuracy", "learning", "kept", "forgetting"):
                assert outputs[f"retained_{name}_{measure}"] == series[measure]["mean"][place]
            assert outputs[f"front_{name}"][place, 0] == series["learning"]["mean"][place]
            assert outputs[f"front_{name}"][place, 2] == series["kept"]["mean"][place]


def test_only_chosen_methods_are_drawn_and_all_are_told() -> None:
    outputs = compute(methods="full")
    assert "osft_curve" not in outputs
    assert "osft_average_accuracy" in outputs
    with pytest.raises(InvalidParameter, match="at least one"):
        compute(methods="")
    with pytest.raises(InvalidParameter, match="must be one of"):
        compute(methods="full,nonsense")


def test_a_live_run_tells_of_every_evaluation() -> None:
    steps = list(surface.SURFACE["train"](methods="osft", retained=0.25, learning_rate=3e-3, seed=1))
    assert {step["stage"] for step in steps} == {"pretraining", "training", "done"}
    shares = [step["progress"] for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    trained = [step for step in steps if step["method"] == "osft"]
    assert [step["step"] for step in trained] == list(range(0, 121, 10))
    assert trained[0]["accuracy"][0] > 0.8
    assert trained[-1]["learning"] > trained[0]["accuracy"][1:].mean()


def test_a_live_run_that_diverges_says_so() -> None:
    steps = list(surface.SURFACE["train"](methods="full", learning_rate=10.0))
    told = [step["message"] for step in steps if step["message"]]
    assert len(told) == 1
    assert "diverged" in told[0]
    assert all(np.isfinite(value).all() for step in steps for value in step.values() if not isinstance(value, str))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"retained": 1.5}, "retained"),
        ({"methods": ""}, "methods"),
        ({"methods": "gpm"}, "methods"),
        ({"seed": -1}, "seed"),
        ({"steps": 5}, "steps"),
    ],
)
def test_a_live_run_refuses_before_it_begins(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        surface.SURFACE["train"](**settings)
    assert caught.value.field == field
