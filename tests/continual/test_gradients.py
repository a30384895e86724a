"""Every gradient of the experiment against central differences and, where it is installed, PyTorch."""

from __future__ import annotations

import importlib
from itertools import product
from typing import Any

import numpy as np
import pytest

from osft.continual.methods.lora import Lora, OLora
from osft.continual.methods.oft import Oft
from osft.continual.methods.osft import Osft
from osft.continual.network import Network, activations, gradients, initial_network
from osft.continual.settings import make_settings
from osft.continual.trainer import observe

SIZES = (12, 10, 9, 5)


class Recorder:
    """An optimiser that takes no step and remembers the gradient it was given."""

    def __init__(self, *_: object) -> None:
        self.gradient: Any = None

    def step(self, gradient: Any) -> Any:
        self.gradient = gradient.copy()
        return np.zeros_like(gradient)


@pytest.fixture
def batch() -> tuple[Network, Any, Any]:
    rng = np.random.default_rng(3)
    network = initial_network(SIZES, 1, "float64")
    for bias in network.biases:
        bias += 0.1 * rng.standard_normal(bias.shape)
    return network, rng.standard_normal((17, SIZES[0])), rng.integers(0, SIZES[-1], 17)


def loss_of(network: Network, images: Any, labels: Any) -> float:
    return gradients(network, images, labels)[0]


def central(function: Any, array: Any, h: float = 1e-6) -> Any:
    """Central differences of a scalar function with respect to every entry of `array`, in place."""
    slopes = np.empty_like(array)
    for where in np.ndindex(array.shape):
        kept = array[where]
        array[where] = kept + h
        up = function()
        array[where] = kept - h
        down = function()
        array[where] = kept
        slopes[where] = (up - down) / (2 * h)
    return slopes


def relative(found: Any, expected: Any) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_backpropagation_agrees_with_central_differences(batch: Any) -> None:
    network, images, labels = batch
    _, for_weights, for_biases = gradients(network, images, labels)
    for array, found in zip([*network.weights, *network.biases], [*for_weights, *for_biases], strict=True):
        assert relative(found, central(lambda: loss_of(network, images, labels), array)) < 1e-5


def test_loss_of_a_confident_mistake_is_finite_and_exact(batch: Any) -> None:
    network, images, _ = batch
    network.weights[-1] *= 0
    network.biases[-1][:] = [1000.0, 0, 0, 0, 0]
    assert loss_of(network, images, np.full(17, 1)) == pytest.approx(1000.0)


def test_oft_gradient_agrees_with_central_differences() -> None:
    rng = np.random.default_rng(0)
    weights, gradient = rng.standard_normal((6, 8)), rng.standard_normal((6, 8))
    rule, record = oft_at(weights, rng)

    def linear() -> float:
        rule._rotate()
        return float((merged(rule) * gradient).sum())

    q = rule.q
    found = record_oft(rule, record, gradient)
    h = 1e-6
    for block, i, j in product(range(2), range(4), range(4)):
        if i >= j:
            continue
        values = []
        for sign in (1, -1):
            q[block, i, j] += sign * h
            q[block, j, i] -= sign * h
            values.append(linear())
            q[block, i, j] -= sign * h
            q[block, j, i] += sign * h
        slope = (values[0] - values[1]) / (2 * h)
        assert found[block, i, j] == pytest.approx(slope, rel=1e-6, abs=1e-8)
        assert found[block, j, i] == -found[block, i, j]


def oft_at(weights: Any, rng: Any) -> tuple[Oft, Recorder]:
    """An OFT rule with blocks of 4 at a rotation that is not the identity."""
    rule = Oft(weights.copy(), make_settings("oft", block_size=4), rng)
    rule.begin(1, 4)
    q = 0.3 * rng.standard_normal(rule.q.shape)
    rule.q[:] = q - q.transpose(0, 2, 1)
    rule._rotate()
    record = Recorder()
    rule.adam = record
    return rule, record


def record_oft(rule: Oft, record: Recorder, gradient: Any) -> Any:
    rule.update(gradient.copy())
    return record.gradient


def merged(rule: Oft) -> Any:
    return np.concatenate([b @ r for b, r in zip(rule.base, rule.r, strict=True)], axis=1)


def test_fisher_is_the_mean_squared_gradient_over_the_networks_own_labels(batch: Any) -> None:
    network, images, _ = batch
    images = images[:5]
    logits = activations(network, images)[-1]
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    expected = [np.zeros_like(w) for w in network.hidden]
    for i in range(5):
        for label in range(SIZES[-1]):
            _, for_weights, _ = gradients(network, images[i : i + 1], np.array([label]))
            for total, g in zip(expected, for_weights, strict=False):
                total += probabilities[i, label] * g**2 / 5
    for seen, fisher in zip(observe(network, images), expected, strict=True):
        np.testing.assert_allclose(seen.fisher, fisher, rtol=1e-10, atol=1e-16)


def torch() -> Any:
    return importlib.import_module("torch") if pytest.importorskip("torch") else None


def as_parameter(array: Any) -> Any:
    return torch().tensor(array, requires_grad=True)


def test_backpropagation_agrees_with_autograd(batch: Any) -> None:
    t = torch()
    network, images, labels = batch
    weights, biases = [as_parameter(w) for w in network.weights], [as_parameter(b) for b in network.biases]
    x = t.tensor(images)
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        x = t.nn.functional.linear(x, w, b)
        x = t.relu(x) if i < 2 else x
    loss = t.nn.functional.cross_entropy(x, t.tensor(labels))
    loss.backward()
    found, for_weights, for_biases = gradients(network, images, labels)
    assert found == pytest.approx(loss.item(), rel=1e-12)
    for p, g in zip(weights + biases, for_weights + for_biases, strict=True):
        np.testing.assert_allclose(g, p.grad.numpy(), rtol=0, atol=1e-12)


def test_oft_gradient_agrees_with_autograd() -> None:
    t = torch()
    rng = np.random.default_rng(1)
    weights, gradient = rng.standard_normal((6, 8)), rng.standard_normal((6, 8))
    rule, record = oft_at(weights, rng)
    upper = as_parameter(rule.q)
    q = t.triu(upper, 1) - t.triu(upper, 1).transpose(1, 2)
    eye = t.eye(4, dtype=t.float64)
    r = (eye - q) @ t.linalg.inv(eye + q)
    turned = t.tensor(weights) @ t.block_diag(*r)
    (turned * t.tensor(gradient)).sum().backward()
    expected = np.triu(upper.grad.numpy(), 1)
    np.testing.assert_allclose(np.triu(record_oft(rule, record, gradient), 1), expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(merged(rule), turned.detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(9, 6), (6, 9), (7, 7)])
def test_osft_gradients_agree_with_autograd(shape: tuple[int, int]) -> None:
    t = torch()
    rng = np.random.default_rng(2)
    weights, gradient = rng.standard_normal(shape), rng.standard_normal(shape)
    rule = Osft(weights.copy(), make_settings("osft", retained=0.5), rng)
    rule.begin(1, 4)
    records = [Recorder(), Recorder(), Recorder()]
    rule.optimizers = records  # type: ignore[assignment]
    u, s, vt = (as_parameter(f) for f in (rule.u, rule.s, rule.vt))
    ((t.tensor(rule.high) + (u * s) @ vt) * t.tensor(gradient)).sum().backward()
    left, right = t.tensor(rule.left), t.tensor(rule.right)
    rule.update(gradient.copy())
    for record, expected in zip(records, (left @ u.grad, s.grad, vt.grad @ right), strict=True):
        np.testing.assert_allclose(record.gradient, expected.numpy(), rtol=0, atol=1e-12)


def test_lora_gradients_agree_with_autograd() -> None:
    t = torch()
    rng = np.random.default_rng(4)
    rule = Lora(rng.standard_normal((6, 5)), make_settings("lora", rank=2), rng)
    rule.begin(1, 4)
    rule.b[:] = rng.standard_normal(rule.b.shape)
    gradient = rng.standard_normal((6, 5))
    records = rule.adam_a, rule.adam_b = Recorder(), Recorder()  # type: ignore[assignment]
    a, b = as_parameter(rule.a), as_parameter(rule.b)
    ((t.tensor(rule.base) + 2 * b @ a) * t.tensor(gradient)).sum().backward()
    rule.update(gradient.copy())
    for record, p in zip(records, (a, b), strict=True):
        np.testing.assert_allclose(record.gradient, p.grad.numpy(), rtol=0, atol=1e-12)


def test_olora_penalty_agrees_with_autograd() -> None:
    t = torch()
    rng = np.random.default_rng(5)
    rule = OLora(rng.standard_normal((6, 5)), make_settings("olora", rank=2, penalty=0.3), rng)
    rule.earlier = rng.standard_normal((4, 5))
    rule.begin(2, 4)
    a = as_parameter(rule.a)
    (0.3 * (a @ t.tensor(rule.earlier).T).abs().sum()).backward()
    found = np.zeros_like(rule.a)
    rule.add_penalty(found)
    np.testing.assert_allclose(found, a.grad.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_optimisers_take_torchs_steps(name: str) -> None:
    t = torch()
    from osft.continual.optimizers import make_optimizer

    rng = np.random.default_rng(6)
    value = rng.standard_normal((4, 3))
    p = as_parameter(value.copy())
    theirs = t.optim.Adam([p], lr=0.01) if name == "adam" else t.optim.SGD([p], lr=0.01, momentum=0.9)
    ours = make_optimizer(name, value, 0.01)
    for _ in range(30):
        gradient = rng.standard_normal(value.shape) * 10 ** rng.uniform(-6, 3, value.shape)
        p.grad = t.tensor(gradient)
        theirs.step()
        value += ours.step(gradient)
        np.testing.assert_allclose(value, p.detach().numpy(), rtol=1e-12, atol=1e-12)
