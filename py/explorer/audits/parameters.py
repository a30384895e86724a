"""The parameters page by the sizes of the tensors that each method trains, added up one by one."""

from __future__ import annotations

import math
from typing import Any

from explorer.audits.compare import CLOSED, LOOP, compare
from explorer.declare import Outputs
from explorer.parameters import METHODS
from osft.parameters import find_preset, target_modules

SIZES = "sizes of the tensors"


def audit(known: dict[str, Any], outputs: Outputs) -> Outputs:
    """Shapes as HF PEFT builds them; block sizes found by trying every divisor."""
    from scipy.special import comb

    rank, model = known["rank"], known["model"]
    if model == "none":
        layers = [(known["in_features"], known["out_features"], 1, known["preserved_rank"])]
        total = known["in_features"] * known["out_features"]
    else:
        preset = find_preset(model)
        layers = [
            (m.in_features, m.out_features, m.copies, math.floor(min(m.in_features, m.out_features) * known["preserved_share"]))
            for m in target_modules(preset, known["targets"])
        ]
        total = preset.total
    trained, stored = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0)
    trained["full"] = total
    for n, m, copies, kept in layers:
        block = divisor(n, known["block_size"])
        per_block, smaller = comb(block, 2, exact=True), min(n, m)
        shapes = {
            "lora": [(rank, n), (m, rank)],
            "dora": [(rank, n), (m, rank), (m,)],
            "vera": [(rank,), (m,)],
            "oft": [(n // block, per_block)],
            "oft_shared": [(1, per_block)],
            "boft": [(n // block, block, block), (m,)],
            "osft": [(m, smaller - kept), (smaller - kept,), (smaller - kept, n)],
            "osft_directions": [(m - kept, n - kept)],
            "oft_seed": [(rank, rank)],
        }
        for name, tensors in shapes.items():
            trained[name] += copies * sum(math.prod(tensor) for tensor in tensors)
        wide = (m, kept) if m > n else (n, kept) if n > m else (0,)
        stored["osft"] += copies * sum(math.prod(t) for t in [*shapes["osft"], wide])
        stored["boft"] += copies * n * n
    if model == "none":
        stored["vera"] = rank * (layers[0][0] + layers[0][1])
    else:
        stored["vera"] = rank * (max(n for n, *_ in layers) + max(m for _, m, *_ in layers))
    expected: dict[str, tuple[Any, str]] = {}
    for name in METHODS:
        expected[name] = (trained[name], SIZES)
        expected[f"{name}_percent"] = (trained[name] / total * 100, CLOSED)
        frozen = 0 if name == "full" else 2 * total
        beside = stored[name] * (2 if name == "osft" else 4)
        expected[f"{name}_memory"] = (frozen + beside + (2 + 2 + 4 + 4 + 4) * trained[name], CLOSED)
    if model == "none":
        expected["block_size_used"] = (divisor(layers[0][0], known["block_size"]), LOOP)
    expected["peft_refuses_osft"] = (any(kept == 0 for *_, kept in layers), CLOSED)
    expected["adapted_layers"] = (sum(copies for _, _, copies, _ in layers), LOOP)
    return compare(outputs, expected)


def divisor(whole: int, wanted: int) -> int:
    """The divisor nearest to the wanted one; of two as near, the smaller."""
    small = [d for d in range(1, math.isqrt(whole) + 1) if whole % d == 0]
    return min({*small, *(whole // d for d in small)}, key=lambda d: (abs(d - wanted), d))
