"""Counts beyond the recorded ones: closed forms, invariants, adjustments, models, memory, refusals."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osft import memory
from osft import parameters as p

quick = settings(deadline=None, max_examples=100)
sides = st.integers(1, 300)


def adjusted_by_search(number: int, wanted: int) -> int:
    """Return PEFT's adjusted value the way it finds it: step by step up and down."""
    if wanted >= number:
        return number
    higher = next(value for value in range(wanted, number + 1) if number % value == 0)
    lower = next(value for value in range(wanted, 0, -1) if number % value == 0)
    return lower if wanted - lower <= higher - wanted else higher


@quick
@given(number=st.integers(1, 3000), wanted=st.integers(1, 4000))
def test_nearest_divisor(number: int, wanted: int) -> None:
    assert p.nearest_divisor(number, wanted) == adjusted_by_search(number, wanted)


@quick
@given(n=sides, m=sides, r=st.integers(1, 40))
def test_low_rank_methods(n: int, m: int, r: int) -> None:
    assert p.count("full", n, m) == m * n
    assert p.count("full", n, m, layer_bias=True) == m * n + m
    assert p.count("lora", n, m, r=r) == r * (n + m)
    assert p.count("dora", n, m, r=r) == p.count("lora", n, m, r=r, use_dora=True) == r * (n + m) + m
    assert p.count("lora", n, m, r=r, bias="all", layer_bias=True) == r * (n + m) + m
    assert p.count("lora", n, m, r=r, bias="lora_only") == r * (n + m)
    assert p.count("lora", n, m, r=r, lora_bias=True) == r * (n + m) + m
    assert p.count("vera", n, m, r=r) == r + m
    assert p.count("hra", n, m, r=r) == r * n
    if r <= min(n, m):
        assert p.count("psoft", n, m, r=r) == r * (r - 1) // 2 + 2 * r
        assert p.count("psoft", n, m, r=r, psoft_mag_a=False, psoft_mag_b=False) == r * (r - 1) // 2
        assert p.count("psoft", n, m, r=r, psoft_orth=False, psoft_mag_a=False) == r * r + r


@quick
@given(n=sides, m=sides, other=sides, block=st.integers(1, 400), share=st.booleans())
def test_oft(n: int, m: int, other: int, block: int, share: bool) -> None:
    found = p.resolve("oft", n, m, oft_block_size=block, block_share=share)
    used = p.nearest_divisor(n, block)
    assert found.config["oft_block_size"] == used
    assert found.config["r"] == n // used
    assert found.trainable == (used * (used - 1) // 2 if share else n * (used - 1) // 2)
    # The output side plays no part, and the number of blocks says the same as their size.
    assert found.trainable == p.count("oft", n, other, oft_block_size=block, block_share=share)
    assert found.trainable == p.count("oft", n, m, r=n // used, oft_block_size=0, block_share=share)
    assert any(f"adjusts it to {used}." in note for note in found.notes) == (used != block)
    if n % 2 == 0 and not share:
        assert p.count("oft", n, m, r=2, oft_block_size=0) <= p.count("oft", n, m, r=1, oft_block_size=0)


@quick
@given(blocks=st.integers(1, 12), half=st.integers(1, 6), factors=st.integers(1, 5), m=sides)
def test_boft(blocks: int, half: int, factors: int, m: int) -> None:
    size = 2 * half
    n = blocks * size * 2 ** (factors - 1)
    config = {"boft_n_butterfly_factor": factors}
    assert p.count("boft", n, m, boft_block_size=size, **config) == factors * n * size + m
    assert p.count("boft", n, m, boft_block_size=0, boft_block_num=n // size, **config) == factors * n * size + m
    assert p.count("boft", n, m, boft_block_size=size, cuda_extension=False, **config) == n * size + m


@quick
@given(n=sides, m=sides, rank=st.integers(1, 400))
def test_osf(n: int, m: int, rank: int) -> None:
    k = min(n, m)
    found = p.resolve("osf", n, m, effective_rank=rank)
    assert found.trainable == (k - min(rank, k)) * (m + n + 1)
    assert found.trainable == p.count("osft", n, m, effective_rank=float(rank + 1) - 1e-9) or rank == 1
    assert found.trainable >= p.count("osf", n, m, effective_rank=rank + 1)
    assert p.independent_directions(n, m, min(rank, k)) == (m - min(rank, k)) * (n - min(rank, k))
    if k > 1:
        assert p.count("osf", n, m) == (k - k // 2) * (m + n + 1)
    assert p.count("osf", n, m, effective_rank=1.0) == 0
    more = any("more numbers" in note for note in found.notes)
    assert more == (found.trainable > m * n)


@quick
@given(n=sides, m=sides, r=st.integers(1, 500))
def test_never_negative_and_equal_to_the_shapes(n: int, m: int, r: int) -> None:
    for method in p.METHODS:
        config: dict[str, Any] = {} if method in ("full", "oft", "boft", "osf") else {"r": r}
        try:
            found = p.resolve(method, n, m, **config)
        except ValueError:
            assert (method == "psoft" and r > min(n, m)) or (method == "boft" and n % 4) or (method == "osf" and min(n, m) == 1)
            continue
        assert found.trainable == sum(math.prod(shape) for shape in found.shapes.values()) >= 0
        assert found.buffers >= 0
        if "r" in config:
            assert found.trainable <= p.count(method, n, m, r=r + 1) if method != "psoft" or r < min(n, m) else True


@quick
@given(k=st.integers(1, 5000), fraction=st.floats(0.0, 1.0, exclude_min=True))
def test_preserved_rank_of_a_fraction(k: int, fraction: float) -> None:
    """A fraction truncates, as int() does in PEFT; what truncates to nothing is refused."""
    if int(k * fraction) == 0:
        with pytest.raises(ValueError, match="freezes no direction"):
            p.preserved_rank(fraction, k)
    else:
        assert p.preserved_rank(fraction, k) == int(k * fraction)


def test_the_papers_own_numbers() -> None:
    """OFT section 3.3: a 128 x 128 layer with 8 blocks has 960, LoRA with r = 8 has 2048. OFTv2 table 4."""
    assert p.count("oft", 128, 128, r=8, oft_block_size=0) == 960
    assert p.count("lora", 128, 128, r=8) == 2048
    assert p.count_model("llama-2-7b", "lora", r=16) == 39_976_960
    assert p.count_model("llama-2-7b", "oft", oft_block_size=32) == 17_649_664
    assert [p.count("osf", 512, 256, effective_rank=rank) for rank in (16, 128)] == [184_560, 98_432]
    assert [p.independent_directions(512, 256, rank) for rank in (16, 128)] == [119_040, 49_152]
    assert p.count("osf", 4096, 4096) == 16_779_264 > p.count("full", 4096, 4096)


@pytest.mark.parametrize(
    ("key", "total", "layers"),
    [
        ("llama-2-7b", 6_738_415_616, 224),
        ("llama-3.1-8b", 8_030_261_248, 224),
        ("mistral-7b", 7_241_732_096, 224),
        ("qwen2.5-7b", 7_615_616_512, 196),
        ("qwen3-8b", 8_190_735_360, 252),
        ("gemma-2-2b", 2_614_341_888, 182),
        ("t5-large", 737_668_096, 384),
        ("bert-base", 109_482_240, 73),
        ("vit-b-16", 86_567_656, 73),
    ],
)
def test_presets(key: str, total: int, layers: int) -> None:
    model = p.PRESETS[key]
    assert model.total == total
    assert sum(module.copies for module in model.modules) == layers
    assert p.find_preset(model.title.upper()) is model
    assert p.count_model(key, "full", "qv") == total
    assert p.count_model(model, "lora", "q_v", r=4) == p.count_model(key, "lora", "qv", r=4)
    assert p.count_model(key, "lora", "qv", r=4) < p.count_model(key, "lora", "all-linear", r=4)
    found = p.resolve_model(key, "lora", "all_linear", r=4)
    assert found.modules == layers
    assert found.trainable == sum(module.copies * 4 * (module.in_features + module.out_features) for module in model.modules)


def test_models_with_trained_biases() -> None:
    """bias="all" trains every bias of the model, bias="lora_only" those of the adapted layers."""
    none, only, every = (p.count_model("bert-base", "lora", "qv", r=5, bias=bias) for bias in ("none", "lora_only", "all"))
    assert only - none == 24 * 768
    assert every - none == 12 * (4 * 768 + 3072 + 768) + 768 + 25 * 768
    assert p.count_model("llama-2-7b", "lora", "qv", bias="all") == p.count_model("llama-2-7b", "lora", "qv")
    assert p.resolve_model("bert-base", "lora", "qv", r=5, bias="all").total == p.PRESETS["bert-base"].total + none


def test_adjustments_in_models_name_their_layers() -> None:
    notes = p.resolve_model("qwen2.5-7b", "oft", "all_linear", oft_block_size=100).notes
    assert notes == (
        "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj: oft_block_size 100 does not divide 3584; HF PEFT adjusts it to 112.",
        "down_proj: oft_block_size 100 does not divide 18944; HF PEFT adjusts it to 74.",
    )


@pytest.mark.parametrize(
    ("method", "config", "gigabytes"),
    [
        ("full", {}, 107.8),
        ("lora", {"r": 16}, 14.1),
        ("oft", {"oft_block_size": 32}, 13.8),
        ("osf", {"effective_rank": 0.75}, 66.0),
        ("osf", {}, 109.9),
    ],
)
def test_memory_of_llama(method: str, config: dict[str, Any], gigabytes: float) -> None:
    """OSFT at its default takes more memory than full fine-tuning."""
    found = p.model_memory("llama-2-7b", method, "all_linear", **config)
    assert round(found.total / 1e9, 1) == gigabytes
    assert found.total == sum(found)
    assert sum(memory.BYTES[part] for part in ("weights", "gradients", "optimizer")) == 16
    assert len(memory.ASSUMPTIONS) >= 3


def test_memory_of_a_layer() -> None:
    n, m = 512, 256
    assert p.layer_memory("full", n, m).total == 16 * n * m
    assert p.layer_memory("lora", n, m, r=16).total == 2 * n * m + 16 * 16 * (n + m)
    assert p.layer_memory("lora", n, m, r=16, layer_bias=True).base == 2 * (n * m + m)
    osf = p.layer_memory("osf", n, m, effective_rank=16)
    assert osf.buffers == 2 * (240 * (n + m + 1) + 16 * n)
    # PEFT keeps BOFT's permutation in fp32, and VeRA's and PSOFT's frozen factors.
    assert p.layer_memory("boft", n, m).buffers == 4 * n * n
    assert p.layer_memory("vera", n, m, r=8).buffers == 4 * 8 * (n + m)
    shared = p.model_memory("bert-base", "vera", "all_linear", r=8)
    assert shared.buffers == 4 * 8 * (3072 + 3072)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("lora", {"r": 0}, "r must be a positive whole number, not 0."),
    ("lora", {"r": 2.0}, "r must be a whole number, not 2.0."),
    ("lora", {"r": True}, "r must be a whole number, not True."),
    ("lora", {"r": "8"}, "r must be a whole number, not '8'."),
    ("lora", {"rank": 8}, "LoRA has no setting 'rank'"),
    ("lora", {"bias": "some"}, "bias must be one of none, all, lora_only"),
    ("lora", {"use_dora": 1}, "use_dora must be True or False, not 1."),
    ("dora", {"lora_bias": True}, "does not combine lora_bias with DoRA"),
    ("oft", {"r": 8}, "OFT takes either r"),
    ("oft", {"r": 0, "oft_block_size": 0}, "both are 0."),
    ("oft", {"oft_block_size": -4}, "oft_block_size must be at least 0, not -4."),
    ("boft", {"boft_block_size": 5}, "in_features (48) must be divisible by boft_block_size (5)."),
    ("boft", {"boft_n_butterfly_factor": 10**9}, "multiple of 2^999999999"),
    ("boft", {"boft_block_size": 3, "boft_n_butterfly_factor": 2}, "must be an even number; it is 3."),
    ("osf", {"effective_rank": 0}, "effective_rank 0 freezes no direction"),
    ("osf", {"effective_rank": math.nan}, "effective_rank must be a finite number, not nan."),
    ("osf", {"effective_rank": "half"}, "effective_rank must be a whole number, not 'half'."),
    ("psoft", {"r": 21}, "r (21) must be at most the smaller side of the layer, 20."),
    ("sft", {}, "There is no method 'sft'; the methods are full, lora, dora, vera, oft, boft, hra, psoft, osf."),
]


@pytest.mark.parametrize(("method", "config", "sentence"), REFUSED)
def test_refusals_are_sentences(method: str, config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is compared below
        p.count(method, 48, 20, **config)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("value", [0, -1, 1.5, math.inf, "12", None, 2**41, [4]])
def test_refused_sizes(value: Any) -> None:
    with pytest.raises(ValueError, match="in_features must be"):
        p.count("lora", value, 8)
    with pytest.raises(ValueError, match="out_features must be"):
        p.count("lora", 8, value)


def test_refused_models_and_targets() -> None:
    with pytest.raises(ValueError, match="There is no model 'gpt-5'; the presets are llama-2-7b"):
        p.count_model("gpt-5", "lora")
    with pytest.raises(ValueError, match="targets must be 'qv'"):
        p.count_model("bert-base", "lora", "mlp")
    with pytest.raises(ValueError, match="has no setting 'layer_bias'"):
        p.count_model("bert-base", "lora", "qv", layer_bias=True)
    with pytest.raises(ValueError, match=r"rank must be between 0 and 4, not 5\."):
        p.independent_directions(4, 6, 5)
