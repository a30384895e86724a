"""Counts, adjustments and refusals equal those that HF PEFT made: every recorded row, no exception."""

from typing import Any

import pytest

from osft.parameters import count, count_model, resolve, resolve_model

MODELS = {
    "Llama-2-7B": "llama-2-7b",
    "Llama-3.1-8B": "llama-3.1-8b",
    "Mistral-7B-v0.1": "mistral-7b",
    "Qwen2.5-7B": "qwen2.5-7b",
    "BERT-base (encoder with pooler)": "bert-base",
    "ViT-B/16 (1000-class head)": "vit-b-16",
    "T5-large": "t5-large",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "lora_r16": {"r": 16},
    "dora_r16": {"r": 16},
    "vera_r256": {"r": 256},
    "oft_b32": {"oft_block_size": 32},
    "oft_b32_share": {"oft_block_size": 32, "block_share": True},
    "osf_default": {},
    "osf_0.75": {"effective_rank": 0.75},
}


def config_of(case: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a recorded row, with the state of PEFT's extension where it matters."""
    config = dict(case["config"], layer_bias=case["bias"])
    if "cuda_extension" in case:
        config["cuda_extension"] = case["cuda_extension"]
    return config


def check(case: dict[str, Any]) -> None:
    """Compare one recorded row: the count, the total, the adjusted config, and that adjustments are said."""
    config = config_of(case)
    if "error" in case:
        with pytest.raises(ValueError, match=r"^[A-Za-z`].*\.$"):
            count(case["method"], case["in"], case["out"], **config)
        return
    found = resolve(case["method"], case["in"], case["out"], **config)
    assert count(case["method"], case["in"], case["out"], **config) == case["trainable"]
    assert found.trainable == case["trainable"]
    base = case["in"] * case["out"] + (case["out"] if case["bias"] else 0)
    assert base + found.added == case["all_params"]
    if case.get("warnings"):
        assert found.notes
    for key, value in case.get("resolved", {}).items():
        check_resolved(found, key, value)


def check_resolved(found: Any, key: str, value: Any) -> None:
    """Compare one entry of what PEFT resolved."""
    ours = {
        "r_blocks": lambda: found.config["r"],
        "block_size": lambda: found.config["oft_block_size"],
        "weight_shape": lambda: list(found.shapes["oft_R"]),
        "boft_R_shape": lambda: list(found.shapes["boft_R"]),
        "boft_s_shape": lambda: list(found.shapes["boft_s"]),
        "effective_rank": lambda: found.config["effective_rank"],
        "trainable_rank": lambda: found.shapes["S_low"][0],
        "U_low": lambda: list(found.shapes["U_low"]),
        "V_low": lambda: list(found.shapes["V_low"]),
        "extra_buffer_elements": lambda: found.buffers,
        "stores_U_high": lambda: found.out_features > found.in_features,
        "stores_V_high": lambda: found.out_features < found.in_features,
    }[key]
    assert ours() == value, key


def test_layer_counts(layer_count: dict[str, Any]) -> None:
    check(layer_count)


def test_edge_cases(edge_case: dict[str, Any]) -> None:
    check(edge_case)


def test_models(model_case: tuple[dict[str, Any], str]) -> None:
    model, key = model_case
    setting, targets = split_key(key)
    preset = MODELS[model["model"]]
    method, config = setting.split("_")[0], SETTINGS[setting]
    expected = model["peft"][key]
    found = resolve_model(preset, method, targets, **config)
    assert count_model(preset, method, targets, **config) == expected["trainable"]
    assert found.trainable == expected["trainable"]
    assert found.total == expected["all_params"]
    assert found.modules == expected["n_modules"]
    assert found.preset.total == model["total_params"]
    assert found.buffers == expected.get("extra_buffer_elements", found.buffers)
    shapes: dict[tuple[int, int], int] = {}
    for module in found.preset.modules:
        side = (module.in_features, module.out_features)
        shapes[side] = shapes.get(side, 0) + module.copies
    assert shapes == {(n, m): number for n, m, number in model["all_linear_shapes_in_out_count"]}


def split_key(key: str) -> tuple[str, str]:
    """Split "oft_b32_all_linear" into its setting and its targets."""
    for targets in ("qv", "all_linear"):
        if key.endswith(f"_{targets}"):
            return key.removesuffix(f"_{targets}"), targets
    raise AssertionError(key)
