"""What HF PEFT makes of a config on one Linear layer: shapes, silent adjustments, refusals. Called by parameters.py.

Each rule takes (in_features n, out_features m, config) and returns the trainable tensors by PEFT's own names, the
config as PEFT really uses it, the frozen numbers stored beside the layer, and notes on what was adjusted.
Checked against PEFT 0.21.2; a refusal is a ValueError, also where PEFT fails in another way.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from . import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Config = dict[str, object]
    Shapes = dict[str, tuple[int, ...]]


class Layer(NamedTuple):
    """One adapted layer as PEFT builds it."""

    config: Config
    shapes: Shapes
    buffers: int = 0
    """Frozen numbers stored for this layer beside its base weight."""
    notes: tuple[str, ...] = ()


class Method(NamedTuple):
    """A fine-tuning method: its name in print, its config keys with PEFT's defaults, and its rule."""

    title: str
    source: str
    defaults: Mapping[str, object]
    neutral: tuple[str, ...]
    """Config keys of PEFT that change training but no count."""
    rule: Callable[[int, int, Config], Layer]
    buffer_bytes: int = 4
    """Bytes of one frozen number that PEFT stores for the method: fp32, unless it keeps the model's own bf16."""


def nearest_divisor(number: int, wanted: int) -> int:
    """Return the divisor of `number` nearest to `wanted`; of two equally near, the smaller. Both are at least 1.

    Source: HF PEFT 0.21.2, `OFTLayer.adjust_oft_parameters`; wanted >= number gives number.

    >>> [nearest_divisor(48, wanted) for wanted in (5, 7, 32, 47, 96)]
    [4, 6, 24, 48, 48]
    """
    number = checks.as_integer(number, "number", 1)
    wanted = checks.as_integer(wanted, "wanted", 1)
    if wanted >= number:
        return number
    if number % wanted == 0:
        return wanted
    small = [divisor for divisor in range(1, math.isqrt(number) + 1) if number % divisor == 0]
    divisors = small + [number // divisor for divisor in small]
    return min(divisors, key=lambda divisor: (abs(divisor - wanted), divisor))


def preserved_rank(effective_rank: object, smaller: int) -> int:
    """Return how many singular triplets OSF freezes, for a layer whose smaller side is `smaller` = k.

    None: k // 2;  a float f in (0, 1]: int(k f);  anything else: int(value), at most k

    A resolved rank of 0 or less raises ValueError, as in PEFT. 1 is one direction, 1.0 is all of them.
    Source: HF PEFT 0.21.2, `OSFModel._create_and_replace`.

    >>> preserved_rank(None, 20), preserved_rank(0.25, 20), preserved_rank(1, 20), preserved_rank(1.0, 20)
    (10, 5, 1, 20)
    """
    if effective_rank is None:
        rank = smaller // 2
    elif isinstance(effective_rank, float):
        value = checks.as_real(effective_rank, "effective_rank")
        rank = int(smaller * value) if 0.0 < value <= 1.0 else int(min(value, smaller))
    else:
        rank = checks.as_integer(effective_rank, "effective_rank")
    if rank <= 0:
        raise ValueError(
            f"effective_rank {effective_rank} freezes no direction of a layer whose smaller side is {smaller}; "
            "HF PEFT asks for at least one. Use a whole number from 1, or a larger fraction."
        )
    return min(rank, smaller)


def full(n: int, m: int, config: Config) -> Layer:
    """Every entry of W is trained."""
    return Layer(config, {"weight": (m, n)})


def lora(n: int, m: int, config: Config) -> Layer:
    """W + (alpha / r) B A; DoRA adds one magnitude for each row."""
    r = _rank(config)
    shapes: Shapes = {"lora_A": (r, n), "lora_B": (m, r)}
    if checks.as_flag(config["use_dora"], "use_dora"):
        shapes["lora_magnitude_vector"] = (m,)
    if checks.as_flag(config["lora_bias"], "lora_bias"):
        if "lora_magnitude_vector" in shapes:
            raise ValueError("HF PEFT does not combine lora_bias with DoRA; set lora_bias or use_dora to False.")
        shapes["lora_B.bias"] = (m,)
    notes: tuple[str, ...] = ()
    if r > min(n, m):
        notes = (f"r = {r} is larger than the smaller side {min(n, m)}; HF PEFT accepts it, but B A has at most that rank.",)
    return Layer(config, shapes, notes=notes)


def vera(n: int, m: int, config: Config) -> Layer:
    """W + diag(lambda_b) B diag(lambda_d) A with frozen random A, B that all layers share."""
    r = _rank(config)
    return Layer(config, {"vera_lambda_d": (r,), "vera_lambda_b": (m,)}, buffers=r * (n + m))


def oft(n: int, m: int, config: Config) -> Layer:
    """W R^T with R block-diagonal; r is the number of blocks and r * oft_block_size = n."""
    r = checks.as_integer(config["r"], "r", 0)
    size = checks.as_integer(config["oft_block_size"], "oft_block_size", 0)
    if r == 0 and size == 0:
        raise ValueError("OFT needs either r (the number of blocks) or oft_block_size; both are 0.")
    if r != 0 and size != 0:
        raise ValueError(
            f"OFT takes either r (the number of blocks, here {r}) or oft_block_size (here {size}), not both: "
            f"their product is the input size. Set the other to 0; oft_block_size is 32 unless told otherwise."
        )
    key, wanted = ("r", r) if r else ("oft_block_size", size)
    used = nearest_divisor(n, wanted)
    notes: tuple[str, ...] = ()
    if used != wanted:
        notes = (f"{key} {wanted} does not divide {n}; HF PEFT adjusts it to {used}.",)
    size = n // used if r else used
    if size == 1:
        notes += ("Blocks of size 1 cannot turn: there is nothing to train and the adapter is the identity.",)
    stored = 1 if checks.as_flag(config["block_share"], "block_share") else n // size
    config = {**config, "r": n // size, "oft_block_size": size}
    return Layer(config, {"oft_R": (stored, size * (size - 1) // 2)}, notes=notes)


def boft(n: int, m: int, config: Config) -> Layer:
    """diag(s) W B^T with B a product of butterfly factors; whole b x b blocks are stored."""
    size = checks.as_integer(config["boft_block_size"], "boft_block_size", 0)
    count = checks.as_integer(config["boft_block_num"], "boft_block_num", 0)
    factors = checks.as_integer(config["boft_n_butterfly_factor"], "boft_n_butterfly_factor")
    notes: tuple[str, ...] = ()
    if size == 0 and count == 0:
        raise ValueError("BOFT needs either boft_block_size or boft_block_num; both are 0.")
    if size != 0 and count != 0:
        raise ValueError(
            f"BOFT takes either boft_block_size (here {size}) or boft_block_num (here {count}), not both: "
            "their product is the input size. Set the other to 0; boft_block_size is 4 unless told otherwise."
        )
    if not checks.as_flag(config["cuda_extension"], "cuda_extension") and factors != 1:
        notes = (f"Without its compiled CUDA extension HF PEFT uses 1 butterfly factor instead of {factors}.",)
        factors = 1
    if factors < 1:
        raise ValueError(f"boft_n_butterfly_factor must be a positive whole number, not {factors}.")
    key, given = ("boft_block_size", size) if size else ("boft_block_num", count)
    if n % given:
        raise ValueError(f"in_features ({n}) must be divisible by {key} ({given}).")
    size, count = (size, n // size) if size else (n // count, count)
    if factors > 1:
        _check_butterfly(n, size, count, factors)
    config = {**config, "boft_block_size": size, "boft_block_num": count, "boft_n_butterfly_factor": factors}
    shapes: Shapes = {"boft_R": (factors, count, size, size), "boft_s": (m, 1)}
    # PEFT keeps one n x n permutation matrix for each factor.
    return Layer(config, shapes, buffers=factors * n * n, notes=notes)


def _check_butterfly(n: int, size: int, count: int, factors: int) -> None:
    """Raise unless blocks of this size and number can be taken through this many butterfly factors."""
    # Compared as bit lengths: 2^(factors - 1) of a huge number of factors would not fit into memory.
    if factors - 1 >= count.bit_length() or count % 2 ** (factors - 1):
        raise ValueError(
            f"BOFT with {factors} butterfly factors needs a number of blocks that is a multiple of 2^{factors - 1}; "
            f"in_features ({n}) and block size {size} give {count}."
        )
    if size % 2:
        raise ValueError(f"With more than one butterfly factor the block size must be an even number; it is {size}.")


def hra(n: int, m: int, config: Config) -> Layer:
    """W times a product of r Householder reflections."""
    return Layer(config, {"hra_u": (n, _rank(config))})


def psoft(n: int, m: int, config: Config) -> Layer:
    """W + B (R - I) A with frozen top-r SVD factors and an r x r rotation R between two diagonal scalings."""
    r = _rank(config)
    if r > min(n, m):
        raise ValueError(f"r ({r}) must be at most the smaller side of the layer, {min(n, m)}.")
    shapes: Shapes = {"psoft_R": (r * (r - 1) // 2,) if checks.as_flag(config["psoft_orth"], "psoft_orth") else (r, r)}
    for key in ("psoft_mag_b", "psoft_mag_a"):
        if checks.as_flag(config[key], key):
            shapes[key.replace("psoft_mag", "psoft_R.vector")] = (r,)
    return Layer(config, shapes, buffers=r * (n + m))


def osf(n: int, m: int, config: Config) -> Layer:
    """U_high S_high V_high^T + U_low S_low V_low^T with the high part frozen (OSFT)."""
    smaller = min(n, m)
    rank = preserved_rank(config["effective_rank"], smaller)
    low = smaller - rank
    shapes: Shapes = {"U_low": (m, low), "S_low": (low,), "V_low": (low, n)}
    # PEFT keeps W, the initial low factors, and the high factor of the longer side.
    buffers = low * (m + n + 1) + rank * (max(m, n) if m != n else 0)
    notes: tuple[str, ...] = ()
    if low == 0:
        notes = (f"effective_rank {config['effective_rank']} preserves all {smaller} directions: nothing is trained.",)
    elif low * (m + n + 1) > m * n:
        notes = (f"OSF trains more numbers ({low * (m + n + 1)}) than full fine-tuning of this layer ({m * n}).",)
    return Layer({**config, "effective_rank": rank}, shapes, buffers=buffers, notes=notes)


def _rank(config: Config) -> int:
    """Return r, a positive whole number."""
    r = checks.as_integer(config["r"], "r")
    if r <= 0:
        raise ValueError(f"r must be a positive whole number, not {r}.")
    return r


_LORA = {"r": 8, "use_dora": False, "lora_bias": False, "bias": "none"}
_COMMON = ("target_modules", "init_weights")

METHODS: dict[str, Method] = {
    "full": Method("Full fine-tuning", "all of W", {}, (), full),
    "lora": Method(
        "LoRA", "Hu et al. 2021, arXiv 2106.09685", _LORA, ("lora_alpha", "lora_dropout", "use_rslora", *_COMMON), lora
    ),
    "dora": Method(
        "DoRA",
        "Liu et al. 2024, arXiv 2402.09353",
        {**_LORA, "use_dora": True},
        ("lora_alpha", "lora_dropout", "use_rslora", *_COMMON),
        lora,
    ),
    "vera": Method(
        "VeRA",
        "Kopiczko et al. 2024, arXiv 2310.11454",
        {"r": 256, "bias": "none"},
        ("vera_dropout", "d_initial", "projection_prng_key", "save_projection", *_COMMON),
        vera,
    ),
    "oft": Method(
        "OFT",
        "Qiu et al. 2023, arXiv 2306.07280",
        {"r": 0, "oft_block_size": 32, "block_share": False, "bias": "none"},
        ("coft", "eps", "module_dropout", "use_cayley_neumann", "num_cayley_neumann_terms", *_COMMON),
        oft,
    ),
    "boft": Method(
        "BOFT",
        "Liu et al. 2024, arXiv 2311.06243",
        {
            "boft_block_size": 4,
            "boft_block_num": 0,
            "boft_n_butterfly_factor": 1,
            "cuda_extension": True,
            "bias": "none",
        },
        ("boft_dropout", *_COMMON),
        boft,
    ),
    "hra": Method("HRA", "Yuan et al. 2024, arXiv 2405.17484", {"r": 8, "bias": "none"}, ("apply_GS", *_COMMON), hra),
    "psoft": Method(
        "PSOFT",
        "Wu et al. 2026, arXiv 2505.11235",
        {"r": 32, "psoft_orth": True, "psoft_mag_b": True, "psoft_mag_a": True},
        ("psoft_alpha", "psoft_dropout", "psoft_svd", "ab_svd_init", "use_cayley_neumann", *_COMMON),
        psoft,
    ),
    "osf": Method(
        "OSFT (OSF in PEFT)", "Nayak et al. 2025, arXiv 2504.07097", {"effective_rank": None}, _COMMON, osf, buffer_bytes=2
    ),
}
