"""HF PEFT itself, where it is installed: random configs on random layers, counted, adjusted or refused alike."""

import random
import warnings
from typing import Any

import pytest

from osft import parameters as p

torch = pytest.importorskip("torch")

CONFIGS = {
    "lora": "LoraConfig",
    "dora": "LoraConfig",
    "oft": "OFTConfig",
    "boft": "BOFTConfig",
    "osf": "OSFConfig",
    "vera": "VeraConfig",
    "hra": "HRAConfig",
    "psoft": "PsoftConfig",
}


def draw_config(method: str, rng: random.Random) -> dict[str, Any]:
    """Return a config, good or bad."""
    config: dict[str, Any] = {}
    if method in ("lora", "dora", "hra", "psoft", "vera"):
        config["r"] = rng.choice([-2, 0, 1, 2, 3, 5, 8, 17, 64, 200])
    if method not in ("osf", "psoft") and rng.random() < 0.4:
        config["bias"] = rng.choice(["none", "all", f"{'lora' if method == 'dora' else method}_only"])
    if method == "lora":
        config |= {"use_dora": rng.random() < 0.3, "lora_bias": rng.random() < 0.3}
    if method == "oft":
        size = rng.randint(0, 150)
        config |= rng.choice([{"oft_block_size": size}, {"r": size, "oft_block_size": 0}, {"r": size % 4}])
        config["block_share"] = rng.random() < 0.4
    if method == "boft":
        size = rng.choice([1, 2, 3, 4, 5, 6, 8, 16])
        config |= rng.choice([{"boft_block_size": size}, {"boft_block_size": 0, "boft_block_num": size}])
        config["boft_n_butterfly_factor"] = rng.choice([0, 1, 1, 2, 2, 3, 4, 5])
    if method == "osf":
        config["effective_rank"] = rng.choice([None, rng.randint(-1, 140), rng.random(), 1.0, rng.uniform(1, 30)])
    if method == "psoft":
        config |= {key: rng.random() < 0.5 for key in ("psoft_orth", "psoft_mag_a", "psoft_mag_b")}
    return config


def count_with_peft(method: str, n: int, m: int, layer_bias: bool, config: dict[str, Any]) -> tuple[int, int] | None:
    """Return PEFT's trainable and total parameters, or None where it refuses."""
    peft = pytest.importorskip("peft")  # here, because it takes seconds, and every process collects these tests
    model = torch.nn.Sequential()
    model.add_module("layer", torch.nn.Linear(n, m, bias=layer_bias))
    settings = dict(config, target_modules=["layer"], **({"use_dora": True} if method == "dora" else {}))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adapted = peft.get_peft_model(model, getattr(peft, CONFIGS[method])(**settings))
    except (ValueError, RuntimeError, ZeroDivisionError, TypeError):
        return None
    found: tuple[int, int] = adapted.get_nb_trainable_parameters()
    return found


@pytest.mark.parametrize("method", CONFIGS)
@pytest.mark.parametrize("extension", [True, False])
def test_random_configs(method: str, extension: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only BOFT asks for the compiled extension; creating its parameters does not need it."""
    pytest.importorskip("peft")
    from peft.tuners.boft import layer as boft_layer

    monkeypatch.setattr(boft_layer, "get_fbd_cuda", lambda: object() if extension else None)
    rng = random.Random(f"{method} {extension}")
    refused = counted = 0
    for _ in range(25):
        n, m, layer_bias = rng.randint(1, 130), rng.randint(1, 130), rng.random() < 0.5
        if method == "boft":
            n = rng.choice([n, 16, 32, 48, 64, 96, 80])
        config = draw_config(method, rng)
        theirs = count_with_peft(method, n, m, layer_bias, config)
        ours_config = dict(config, cuda_extension=extension) if method == "boft" else config
        try:
            found = p.resolve(method, n, m, layer_bias=layer_bias, **ours_config)
            ours = (found.trainable, m * (n + layer_bias) + found.added)
        except ValueError:
            ours = None
        assert ours == theirs, (method, n, m, layer_bias, config)
        refused, counted = refused + (ours is None), counted + (ours is not None)
    assert counted >= 5
