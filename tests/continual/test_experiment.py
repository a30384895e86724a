"""Runs as a whole: repeatable, watchable, honest about divergence, and clear about bad settings."""

from __future__ import annotations

import warnings
from itertools import islice

import numpy as np
import pytest

from osft.continual import DEFAULTS, METHODS, load_digits, make_settings, run, steps
from osft.continual.settings import check_methods

SHORT = {"steps_per_task": 20, "pretraining_epochs": 3, "angles": (0.0, 30.0, 60.0)}


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_run(method: str) -> None:
    first, second = run(method, seed=4, **SHORT), run(method, seed=4, **SHORT)
    np.testing.assert_array_equal(first.curve, second.curve)
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.diverged_at is None


def test_another_seed_gives_another_run() -> None:
    assert (run("full", seed=1, **SHORT).weights[0] != run("full", seed=2, **SHORT).weights[0]).any()


def test_steps_show_what_run_records() -> None:
    seen = list(steps("osft", seed=0, **SHORT))
    whole = run("osft", seed=0, **SHORT)
    np.testing.assert_array_equal([state.accuracy for state in seen], whole.curve)
    assert [state.step for state in seen] == [0, 10, 20, 30, 40] == whole.steps.tolist()
    assert [state.task for state in seen] == [0, 1, 1, 2, 2]
    assert whole.accuracy.shape == (3, 3)
    np.testing.assert_array_equal(whole.accuracy, whole.curve[[0, 2, 4]])
    assert whole.average_accuracy == whole.accuracy[-1].mean()
    assert whole.kept == whole.accuracy[-1, 0]


def test_a_caller_can_stop_and_start_again() -> None:
    watched = steps("full", seed=0, **SHORT)
    first = list(islice(watched, 2))
    watched.close()
    again = list(steps("full", seed=0, **SHORT))
    np.testing.assert_array_equal(first[1].accuracy, again[1].accuracy)


def test_all_methods_start_from_one_network_and_see_the_same_batches() -> None:
    starts = [run(method, seed=0, **SHORT).curve[0] for method in METHODS]
    for start in starts:
        np.testing.assert_array_equal(start, starts[0])


def test_joint_has_no_order_of_tasks() -> None:
    joint = run("joint", seed=0, **SHORT)
    assert np.isnan([joint.forgetting, joint.learning, joint.backward_transfer, joint.forward_transfer]).all()
    assert joint.curve.shape == (5, 3)
    assert 0 < joint.average_accuracy < 1


def test_given_digits_are_used() -> None:
    whole = load_digits()
    half = type(whole)(whole.images[::2], whole.labels[::2])
    ours = run("full", seed=0, digits=half, **SHORT)
    assert (ours.curve != run("full", seed=0, **SHORT).curve).any()
    same = run("full", seed=0, digits=whole, **SHORT)
    np.testing.assert_array_equal(same.curve, run("full", seed=0, **SHORT).curve)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("frozen", "oft")])
def test_divergence_is_told_and_never_raised(method: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = run(method, seed=0, learning_rate=1e8, **SHORT)
    assert found.diverged_at is not None
    assert 0 < found.diverged_at <= 40
    point = -(-found.diverged_at // 10)
    assert np.isfinite(found.curve[:point]).all()
    assert np.isnan(found.curve[point:]).all()
    assert np.isnan(found.average_accuracy)


def test_a_rotation_cannot_diverge() -> None:
    """Even at an absurd rate R stays orthogonal, so OFT's weights keep their size."""
    found = run("oft", seed=0, learning_rate=1e8, **SHORT)
    assert found.diverged_at is None
    assert np.isfinite(found.curve).all()


def test_the_last_step_of_a_diverged_run_says_so() -> None:
    seen = list(steps("full", seed=0, learning_rate=1e8, **SHORT))
    assert seen[-1].diverged_at is not None
    assert np.isnan(seen[-1].accuracy).all()
    assert len(seen) < 5


@pytest.mark.parametrize("method", ["full", "oft", "osft", "osft_dense"])
def test_single_and_double_precision_agree(method: str) -> None:
    """On average: rounding sends a single run another way, by up to 0.022 with one processor's kernels, 0.012 with another's."""
    single, double = (
        np.mean([run(method, seed=seed, dtype=dtype).average_accuracy for seed in range(3)]) for dtype in ("float32", "float64")
    )
    assert abs(single - double) < 0.02


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"retained": 1.5}, "retained"),
        ({"retained": -0.1}, "retained"),
        ({"retained": "most"}, "retained"),
        ({"retained": float("nan")}, "retained"),
        ({"retained": True}, "retained"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"learning_rate": "3e-3"}, "learning_rate"),
        ({"rank": 0}, "rank"),
        ({"rank": 2.5}, "rank"),
        ({"block_size": -1}, "block_size"),
        ({"block_size": 7}, "block_size"),
        ({"penalty": -1.0}, "penalty"),
        ({"energy": 0.0}, "energy"),
        ({"memory": 0}, "memory"),
        ({"evaluate_every": 7}, "evaluate_every"),
        ({"angles": (0.0,)}, "angles"),
        ({"hidden": ()}, "hidden"),
        ({"trained": "head"}, "trained"),
        ({"optimizer": "lion"}, "optimizer"),
        ({"part": "train"}, "part"),
        ({"dtype": "float16"}, "dtype"),
        ({"retention": 0.5}, "retention"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"seed": True}, "seed"),
    ],
)
def test_bad_settings_are_sentences_before_any_work(changes: dict, word: str) -> None:
    with pytest.raises(ValueError, match=word) as caught:
        steps("oft", **{"seed": 0, **changes})
    assert str(caught.value).endswith(".")


def test_unknown_and_missing_methods_are_sentences() -> None:
    with pytest.raises(ValueError, match="no method 'fulll'"):
        run("fulll", seed=0)
    with pytest.raises(ValueError, match="at least one"):
        check_methods([])
    with pytest.raises(ValueError, match="no method 'x'"):
        check_methods(["full", "x"])
    assert check_methods(["osft", "full", "osft"]) == ("osft", "full")


def test_every_method_has_defaults_that_are_valid() -> None:
    assert list(DEFAULTS) == list(METHODS)
    for method in METHODS:
        make_settings(method)
