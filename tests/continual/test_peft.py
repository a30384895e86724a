"""OSFT in NumPy against HF PEFT's own layer, hooks and torch's Adam, on real digits."""

from __future__ import annotations

import numpy as np
import pytest

from osft.continual.methods.osft import Osft
from tests.continual.tasks import make_trainer

torch = pytest.importorskip("torch")

STEPS = 60


def make_model(trainer) -> torch.nn.Module:
    """The same network, its hidden layers wrapped by PEFT at half the rank."""
    peft = pytest.importorskip("peft")  # here, because it takes seconds, and every process collects this test
    sizes = [w.shape for w in trainer.network.weights]
    layers = [torch.nn.Linear(n, m).double() for m, n in sizes]
    for layer, w, b in zip(layers, trainer.network.weights, trainer.network.biases, strict=True):
        layer.weight.data, layer.bias.data = torch.tensor(w), torch.tensor(b)
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    return peft.get_peft_model(model, peft.OSFConfig(target_modules=["0", "2"], effective_rank=0.5))


def adopt_factors(rule: Osft, layer) -> None:
    """Start from PEFT's factors: its decomposition is in float32, and singular vectors have no sign."""
    m, n = rule.weights.shape
    name = layer.active_adapters[0]
    factors = layer.osf_svd_params[name]
    rule.u, rule.s, rule.vt = (factors[key].detach().numpy().copy() for key in ("U_low", "S_low", "V_low"))
    rule.high = rule.weights - (rule.u * rule.s) @ rule.vt
    # PEFT projects with whichever half of a square factor is smaller to store.
    if m > n:
        high = layer._osf_U_high[name].numpy()
        rule.left = np.eye(m) - high @ high.T
    else:
        rule.left = rule.u @ rule.u.T
    rule.right = rule.vt.T @ rule.vt
    rule.optimizers = [rule.optimizer(factor) for factor in (rule.u, rule.s, rule.vt)]


def test_hooks_and_adam_give_pefts_weights() -> None:
    trainer = make_trainer("osft", retained=0.5, learning_rate=3e-3, reproject=False)
    model = make_model(trainer)
    trainer.begin(1)
    layers = [module for module in model.modules() if hasattr(module, "osf_svd_params")]
    for rule, layer in zip(trainer.rules, layers, strict=True):
        assert layer.effective_rank[layer.active_adapters[0]] == min(rule.weights.shape) // 2
        adopt_factors(rule, layer)
    adam = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    before = [w.copy() for w in trainer.network.hidden]
    for index in trainer._index[:STEPS]:
        adam.zero_grad()
        logits = model(torch.tensor(trainer.tasks.images[1][index]))
        torch.nn.functional.cross_entropy(logits, torch.tensor(trainer.tasks.labels[index])).backward()
        adam.step()
    trainer.advance(STEPS)
    for layer, ours, old in zip(layers, trainer.network.hidden, before, strict=True):
        theirs = layer.get_base_layer().weight + layer.get_delta_weight(layer.active_adapters[0])
        assert abs(theirs.detach().numpy() - ours).max() < 1e-10
        assert abs(ours - old).max() > 0.05
