"""The browser's smaller experiment: what a reader's page relies on."""

from __future__ import annotations

import numpy as np
import pytest

from osft.continual import LIVE_METHODS, METHODS, live


@pytest.fixture(scope="module")
def messages() -> list[dict]:
    return list(live(seed=0))


def last(messages: list[dict], method: str) -> dict:
    return [m for m in messages if m["method"] == method][-1]


def test_messages_have_one_shape_and_finite_numbers(messages: list[dict]) -> None:
    for message in messages:
        assert list(message) == list(messages[0])
        assert {key: type(value) for key, value in message.items()} == {k: type(v) for k, v in messages[0].items()}
        assert message["accuracy"].shape == (3,)
        assert message["accuracy"].dtype == np.float64
        assert np.isfinite([v for v in message.values() if isinstance(v, float)]).all()


def test_progress_grows_to_one(messages: list[dict]) -> None:
    progress = [m["progress"] for m in messages]
    assert progress == sorted(progress)
    assert progress[0] > 0
    assert progress[-1] == 1.0
    assert [m["stage"] for m in messages] == ["pretraining"] * 25 + ["training"] * 65 + ["done"]


def test_curves_of_all_methods_grow_side_by_side(messages: list[dict]) -> None:
    training = [m for m in messages if m["stage"] == "training"]
    for i in range(0, len(training), 5):
        assert tuple(m["method"] for m in training[i : i + 5]) == LIVE_METHODS
        assert {m["step"] for m in training[i : i + 5]} == {2 * i}


def test_metrics_in_the_end_are_those_of_the_accuracies(messages: list[dict]) -> None:
    for method in LIVE_METHODS:
        own = {m["step"]: m["accuracy"] for m in messages if m["method"] == method}
        final = last(messages, method)
        assert final["step"] == final["steps"] == 120
        assert final["average_accuracy"] == pytest.approx(own[120].mean())
        assert final["learning"] == pytest.approx((own[60][1] + own[120][2]) / 2)
        falls = max(own[0][0], own[60][0]) - own[120][0], own[60][1] - own[120][1]
        assert final["forgetting"] == pytest.approx(np.mean(falls))


def test_osft_keeps_more_than_full_fine_tuning() -> None:
    gaps = []
    for seed in range(5):
        found = list(live(("full", "osft"), seed=seed, retained=0.5))
        gaps.append(last(found, "osft")["accuracy"][0] - last(found, "full")["accuracy"][0])
    assert min(gaps) > 0
    assert np.mean(gaps) > 0.15


def test_retention_trades_learning_for_keeping() -> None:
    kept, learned = [], []
    for retained in (0.0, 0.25, 1.0):
        final = last(list(live(("osft",), seed=0, retained=retained)), "osft")
        kept.append(final["accuracy"][0])
        learned.append(final["learning"])
    assert kept == sorted(kept)
    assert learned == sorted(learned, reverse=True)
    assert final["forgetting"] == 0.0


def test_every_method_can_be_raced() -> None:
    methods = tuple(m for m in METHODS if m != "joint")
    final = list(live(methods, seed=1))[-1]
    assert final["stage"] == "done"


def test_divergence_ends_that_curve_with_a_sentence_and_the_others_go_on() -> None:
    found = list(live(("full", "oft"), learning_rate=1e6, seed=0))
    full = last(found, "full")
    assert full["diverged_at"] > 0
    assert (
        full["message"]
        == f"full diverged at step {full['diverged_at']}: the learning rate 1e+06 is too large for it. Its curve ends there."
    )
    assert last(found, "oft")["step"] == 120
    assert found[-1]["stage"] == "done"


def test_all_diverging_still_ends() -> None:
    found = list(live(("full", "osft"), learning_rate=1e8, seed=0))
    assert found[-1]["stage"] == "done"
    assert found[-1]["progress"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"methods": ()}, "No method"),
        ({"methods": ("full", "nope")}, "nope"),
        ({"methods": ("joint",)}, "joint"),
        ({"retained": 2.0}, "retained"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"seed": -3}, "seed"),
    ],
)
def test_bad_settings_are_sentences_before_the_first_message(arguments: dict, word: str) -> None:
    with pytest.raises(ValueError, match=word) as caught:
        live(**arguments)
    assert str(caught.value).endswith(".")
