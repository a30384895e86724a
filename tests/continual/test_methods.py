"""What each method keeps and what it does not, measured over a whole task on real digits."""

from __future__ import annotations

import numpy as np
import pytest

from osft.continual import METHODS, run
from osft.continual.methods.base import Observed
from osft.continual.methods.gpm import grow_basis
from osft.continual.methods.penalties import Ewc
from osft.continual.settings import make_settings
from osft.energy import hyperspherical_energy
from tests.continual.tasks import OneTask, make_trainer, train_one_task

norm = np.linalg.norm


def leaks(result: OneTask, kept: int) -> tuple[float, float]:
    """|U_h' dW| / |dW| and |dW V_h| / |dW|."""
    u, v = result.basis(kept)
    return float(norm(u.T @ result.change) / norm(result.change)), float(norm(result.change @ v) / norm(result.change))


@pytest.mark.parametrize(("dtype", "bar"), [("float64", 1e-10), ("float32", 1e-5)])
@pytest.mark.parametrize("method", ["osft", "osft_dense"])
def test_osft_never_leaves_its_subspace(method: str, dtype: str, bar: float) -> None:
    for result in train_one_task(method, retained=0.5, learning_rate=3e-3, dtype=dtype):
        left, right = leaks(result, min(result.before.shape) // 2)
        assert left < bar
        assert right < bar
        assert norm(result.change) > 0.05 * norm(result.before)


def test_projected_gradients_alone_do_not_keep_adam_inside() -> None:
    for result in train_one_task("osft", retained=0.5, learning_rate=3e-3, reproject=False):
        left, right = leaks(result, min(result.before.shape) // 2)
        assert left > 0.01
        assert right > 0.01


def test_projected_gradients_alone_keep_sgd_inside() -> None:
    for result in train_one_task("osft", retained=0.5, learning_rate=3e-3, reproject=False, optimizer="sgd"):
        u, v = result.basis(min(result.before.shape) // 2)
        assert norm(u.T @ result.change) < 1e-10
        assert norm(result.change @ v) < 1e-10
        assert norm(result.change) > 0.01


def test_seed_block_protects_the_block_and_nothing_else() -> None:
    for result in train_one_task("seed_block", retained=0.5, learning_rate=3e-3):
        u, v = result.basis(min(result.before.shape) // 2)
        assert norm(u.T @ result.change @ v) / norm(result.change) < 1e-10
        assert norm(u.T @ result.change) / norm(result.change) > 0.1


def test_bottom_and_random_protect_another_subspace() -> None:
    for method in ("bottom", "random"):
        for result in train_one_task(method, retained=0.5, learning_rate=3e-3):
            left, _ = leaks(result, min(result.before.shape) // 2)
            assert left > 0.1


@pytest.mark.parametrize(("dtype", "bar"), [("float64", 1e-10), ("float32", 1e-5)])
@pytest.mark.parametrize("block_size", [16, 0])
def test_oft_keeps_spectrum_and_energy_over_all_tasks(dtype: str, bar: float, block_size: int) -> None:
    trainer = make_trainer("oft", dtype=dtype, block_size=block_size)
    before = [w.astype(np.float64) for w in trainer.network.hidden]
    for task in range(1, 5):
        trainer.begin(task)
        trainer.advance(100)
        trainer.finish()
    for old, new in zip(before, trainer.network.hidden, strict=True):
        now = new.astype(np.float64)
        s, t = (np.linalg.svd(w, compute_uv=False) for w in (old, now))
        assert abs(s - t).max() / s.max() < bar
        assert abs(hyperspherical_energy(now) / hyperspherical_energy(old) - 1) < bar
        assert norm(now - old) / norm(old) > 0.05


def test_lora_changes_at_most_its_rank() -> None:
    for result in train_one_task("lora", rank=8):
        s = np.linalg.svd(result.change, compute_uv=False)
        assert s[8] / s[0] < 1e-10
        assert s[7] / s[0] > 1e-6


def test_olora_keeps_adapters_apart() -> None:
    def overlap(method: str) -> float:
        trainer = make_trainer(method, learning_rate=3e-3, rank=8)
        found = []
        kept: list[list[np.ndarray]] = [[] for _ in trainer.rules]
        for task in (1, 2):
            trainer.begin(task)
            trainer.advance(100)
            trainer.finish()
            for rule, earlier in zip(trainer.rules, kept, strict=True):
                found += [norm(rule.a @ a.T) / (norm(rule.a) * norm(a)) for a in earlier]
                earlier.append(rule.a.copy())
        return float(np.mean(found))

    assert overlap("olora") < overlap("lora") / 5


def test_gpm_leaves_old_inputs_alone() -> None:
    for result in train_one_task("gpm", energy=0.9):
        basis = result.rule.basis[:, : round(norm(result.rule.basis) ** 2)]
        first = grown_before_the_task(result)
        assert norm(result.change @ first) / norm(result.change) < 1e-10
        assert norm(basis.T @ basis - np.eye(basis.shape[1])) < 1e-10
        assert norm(result.change) > 0.01


def grown_before_the_task(result: OneTask) -> np.ndarray:
    """The part of the basis that was there when the task began: the null space of I - M M'."""
    values, vectors = np.linalg.eigh(result.rule.right)
    return vectors[:, values < 0.5]


def test_gpm_basis_holds_the_asked_energy_with_the_fewest_directions() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((200, 20)) * np.geomspace(10, 0.1, 20)
    basis = grow_basis(np.zeros((20, 0)), inputs, 0.95)
    share = norm(inputs @ basis) ** 2 / norm(inputs) ** 2
    fewer = norm(inputs @ basis[:, :-1]) ** 2 / norm(inputs) ** 2
    assert fewer < 0.95 <= share + 1e-12
    other = rng.standard_normal((200, 20))
    grown = grow_basis(basis, other, 0.95)
    np.testing.assert_allclose(grown.T @ grown, np.eye(grown.shape[1]), atol=1e-12)
    np.testing.assert_allclose(grown @ (grown.T @ basis), basis, atol=1e-12)
    assert grow_basis(np.eye(20), other, 0.95).shape == (20, 20)


def test_ewc_adds_the_gradient_of_its_penalty() -> None:
    """lambda * sum_t F_t (W - W_t) over two tasks, as central differences of the penalty give it."""
    rng = np.random.default_rng(0)
    rule = Ewc(rng.standard_normal((4, 3)), make_settings("ewc", penalty=7.0), rng)
    anchors = []
    for _ in range(2):
        fisher = rng.uniform(size=(4, 3))
        rule.end(Observed(np.zeros((1, 3)), fisher))
        anchors.append((fisher, rule.weights.copy()))
        rule.weights += rng.standard_normal((4, 3))

    def penalty(weights: np.ndarray) -> float:
        return sum(float(3.5 * (f * (weights - w) ** 2).sum()) for f, w in anchors)

    rule.begin(3, 4)
    before, gradient = rule.weights.copy(), np.zeros((4, 3))
    rule.update(gradient)
    for where in np.ndindex(4, 3):
        step = np.zeros((4, 3))
        step[where] = 1e-5
        slope = (penalty(before + step) - penalty(before - step)) / 2e-5
        assert gradient[where] == pytest.approx(slope, rel=1e-6)


def test_ewc_moves_less_in_what_the_old_task_is_sensitive_to() -> None:
    fisher = [rule.fisher.copy() for rule in make_trainer("ewc").rules]
    moved = []
    for method, penalty in (("full", 0.0), ("ewc", 30.0), ("ewc", 3000.0)):
        results = train_one_task(method, learning_rate=3e-3, penalty=penalty)
        moved.append(sum(float((f * r.change**2).sum()) for f, r in zip(fisher, results, strict=True)))
    assert moved[0] > moved[1] > moved[2] > 0


def test_l2sp_stays_near_its_start() -> None:
    free = train_one_task("full", learning_rate=3e-3)
    for a, b in zip(train_one_task("l2sp", learning_rate=3e-3, penalty=1.0), free, strict=True):
        assert 0 < norm(a.change) < 0.5 * norm(b.change)


@pytest.mark.parametrize("method", ["osft", "osft_dense", "random", "bottom"])
def test_everything_retained_is_frozen(method: str) -> None:
    frozen = run("frozen", seed=0)
    kept = run(method, seed=0, retained=1.0, learning_rate=3e-3)
    for a, b in zip(kept.weights, frozen.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(kept.curve, frozen.curve)


def test_everything_retained_does_not_freeze_the_block_projection() -> None:
    """It leaves the layer with more outputs than inputs free: its left side is not spanned."""
    wide, square = train_one_task("seed_block", retained=1.0, learning_rate=3e-3)
    assert abs(wide.change).max() > 0.05
    assert abs(square.change).max() < 1e-10


@pytest.mark.parametrize("method", ["osft_dense", "random", "bottom", "seed_block"])
def test_nothing_retained_is_full_exactly(method: str) -> None:
    full = run("full", seed=1, learning_rate=3e-3)
    free = run(method, seed=1, learning_rate=3e-3, retained=0.0)
    for a, b in zip(free.weights, full.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(free.curve, full.curve)


def test_head_and_biases_are_frozen_unless_told_otherwise() -> None:
    for method in METHODS:
        trainer = make_trainer(method, dtype="float32")
        head, biases = trainer.network.weights[-1].copy(), [b.copy() for b in trainer.network.biases]
        trainer.begin(1)
        trainer.advance(5)
        np.testing.assert_array_equal(trainer.network.weights[-1], head)
        for now, then in zip(trainer.network.biases, biases, strict=True):
            np.testing.assert_array_equal(now, then)
    for trained in ("biases", "all"):
        trainer = make_trainer("osft_dense", trained=trained)
        head, bias = trainer.network.weights[-1].copy(), trainer.network.biases[0].copy()
        trainer.begin(1)
        trainer.advance(5)
        assert (trainer.network.biases[0] != bias).any()
        assert (trainer.network.weights[-1] != head).any() == (trained == "all")
