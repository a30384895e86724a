"""The parameters page against formulas written out here and counts reported by HF PEFT."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.declare import InvalidParameter
from explorer.parameters import METHODS, compute

# What HF PEFT 0.21.2 reports: LoRA r = 16 on query and value, on all linear layers; OFT b = 32 on the
# same; OSF with half the directions preserved on all linear layers.
REPORTED = {
    "llama-2-7b": (8_388_608, 39_976_960, 4_063_232, 17_649_664, 5_117_509_632),
    "llama-3.1-8b": (6_815_744, 41_943_040, 4_063_232, 19_300_352, 4_865_753_088),
    "mistral-7b": (6_815_744, 41_943_040, 4_063_232, 19_300_352, 4_865_753_088),
    "qwen2.5-7b": (5_046_272, 40_370_176, 3_110_912, 17_554_432, 4_169_403_392),
    "t5-large": (4_718_592, 17_301_504, 2_285_568, 8_380_416, 553_844_736),
    "bert-base": (589_824, 2_678_784, 285_696, 1_297_536, 64_318_848),
    "vit-b-16": (589_824, 2_682_496, 285_696, 1_297_536, 64_407_936),
}


@settings(max_examples=150, deadline=None)
@given(n=st.integers(1, 1_000_000), m=st.integers(1, 1_000_000), rank=st.integers(1, 65_536), data=st.data())
def test_one_layer_by_formula(n: int, m: int, rank: int, data: st.DataObject) -> None:
    k = min(n, m)
    kept = data.draw(st.integers(0, k))
    asked = data.draw(st.integers(1, n))
    outputs = compute(in_features=n, out_features=m, rank=rank, block_size=asked, preserved_rank=kept)
    b = outputs["block_size_used"]
    assert n % b == 0
    for nearer in range(abs(b - asked)):
        assert n % (asked + nearer)
        assert asked - nearer < 1 or n % (asked - nearer)
    expected = {
        "full": m * n,
        "lora": rank * (n + m),
        "dora": rank * (n + m) + m,
        "vera": rank + m,
        "oft": n * (b - 1) // 2,
        "oft_shared": b * (b - 1) // 2,
        "boft": n * b + m,
        "osft": (k - kept) * (m + n + 1),
        "osft_directions": (m - kept) * (n - kept),
        "oft_seed": rank**2,
    }
    assert {name: outputs[name] for name in expected} == expected
    for name in METHODS:
        assert outputs[f"{name}_percent"] == pytest.approx(100 * expected[name] / (m * n), rel=1e-14)
        assert 0 <= outputs[f"{name}_memory"] < 2**53
    # 2 bytes a frozen number, 16 a trained one, and what the method stores beside the layer.
    base = 2 * m * n
    stored = (k - kept) * (m + n + 1) + (kept * max(m, n) if m != n else 0)
    assert outputs["full_memory"] == 16 * m * n
    assert outputs["lora_memory"] == base + 16 * expected["lora"]
    assert outputs["oft_memory"] == base + 16 * expected["oft"]
    assert outputs["osft_memory"] == base + 16 * expected["osft"] + 2 * stored
    assert outputs["vera_memory"] == base + 16 * expected["vera"] + 4 * rank * (n + m)
    assert outputs["peft_refuses_osft"] is (kept == 0)
    assert ("adjusts it" in outputs["notes"]) is (b != asked)


def test_the_tutorials_claims_at_its_own_setting() -> None:
    outputs = compute(preserved_rank=16)
    assert outputs["oft_seed"] == 256
    assert outputs["oft"] == 7_936
    assert outputs["lora"] == 12_288
    assert outputs["osft"] == 184_560
    assert outputs["osft_percent"] > 140
    assert compute()["osft"] == 98_432
    assert compute()["osft_directions"] == 49_152


def test_a_block_that_does_not_divide_is_adjusted_as_in_peft() -> None:
    for asked, used in ((5, 4), (7, 6), (32, 24), (47, 48)):
        outputs = compute(in_features=48, out_features=20, block_size=asked)
        assert outputs["block_size_used"] == used
        assert f"adjusts it to {used}" in outputs["notes"]


@pytest.mark.parametrize("model", REPORTED)
def test_models_as_reported_by_peft(model: str) -> None:
    lora, lora_all, oft, oft_all, osft = REPORTED[model]
    few, every = compute(model=model), compute(model=model, targets="all_linear")
    assert (few["lora"], few["oft"]) == (lora, oft)
    assert (every["lora"], every["oft"], every["osft"]) == (lora_all, oft_all, osft)
    assert every["full"] > every["osft_directions"]
    assert math.isclose(every["full_percent"], 100)


@pytest.mark.parametrize(("model", "widest"), [("llama-2-7b", 11_008), ("t5-large", 4_096), ("bert-base", 3_072)])
def test_the_block_of_a_model_is_limited_by_its_own_layers(model: str, widest: int) -> None:
    """The single layer's width is hidden there: it neither refuses a block nor changes the count."""
    block = compute(model=model, targets="all_linear", block_size=1024)
    assert block["oft"] > compute(model=model, targets="all_linear")["oft"]
    assert compute(model=model, targets="all_linear", block_size=1024, in_features=8) == block
    assert compute(model=model, in_features=8) == compute(model=model)
    compute(model=model, targets="all_linear", block_size=widest)
    with pytest.raises(InvalidParameter, match="OFT block size"):
        compute(model=model, targets="all_linear", block_size=widest + 1)
    with pytest.raises(InvalidParameter, match="from 1 to 512"):
        compute(block_size=513)


def test_memory_of_half_preserved_beside_full_fine_tuning() -> None:
    """Between four fifths and slightly more than all of it, as the front page says; more only where it names the model."""
    every = {model: compute(model=model, targets="all_linear") for model in REPORTED}
    shares = {model: each["osft_memory"] / each["full_memory"] for model, each in every.items()}
    assert 0.785 < min(shares.values()) < 0.85
    assert 1.0 < shares["llama-2-7b"] == max(shares.values()) < 1.025
    assert max(shares["llama-3.1-8b"], shares["mistral-7b"], shares["qwen2.5-7b"]) < 0.95


def test_memory_of_a_whole_model() -> None:
    """16 bytes a trained number, 2 a frozen one: at its default OSFT takes more than full fine-tuning here."""
    outputs = compute(model="llama-2-7b", targets="all_linear")
    total = 6_738_415_616
    assert outputs["full_memory"] == 16 * total
    assert outputs["lora_memory"] == 2 * total + 16 * 39_976_960
    assert outputs["osft_memory"] > outputs["full_memory"]
    assert outputs["adapted_layers"] == 224
    assert "Activations" in outputs["memory_assumptions"]


def test_the_share_follows_the_layers() -> None:
    quarter = compute(model="bert-base", preserved_share=0.25)
    # 24 square layers of 768: 576 directions trained in each.
    assert quarter["osft"] == 24 * 576 * (768 + 768 + 1)
    assert quarter["osft_directions"] == 24 * 576**2
    none = compute(model="bert-base", preserved_share=0)
    assert none["peft_refuses_osft"] is True
    assert none["osft"] == 24 * 768 * 1537
