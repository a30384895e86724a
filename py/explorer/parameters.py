"""Page 6, The Caterpillar's Abacus: how many numbers each method trains, and in how much memory.

Called by explorer.surface and by readers; pages/parameters.js draws what it returns.
"""

from __future__ import annotations

from typing import Any

from explorer.declare import Output, Outputs, Page, Parameter, choices, validated
from osft.memory import ASSUMPTIONS, estimate_memory
from osft.parameters import METHODS as PEFT_METHODS
from osft.parameters import (
    PRESETS,
    find_preset,
    independent_directions,
    nearest_divisor,
    resolve,
    resolve_model,
    target_modules,
)

LAYER = {"model": ["none"]}
MODEL = {"model": list(PRESETS)}
# The largest input of an adapted layer of each model: in_features is hidden there and limits nothing.
WIDEST = {key: max(each.in_features for each in target_modules(preset, "all_linear")) for key, preset in PRESETS.items()}

PARAMETERS = (
    Parameter(
        "model",
        "Model",
        "choice",
        "none",
        choices=choices({"none": "None: one layer", **{key: preset.title for key, preset in PRESETS.items()}}),
    ),
    Parameter(
        "targets",
        "Layers",
        "choice",
        "q_v",
        shown_when=MODEL,
        choices=choices({"q_v": "Query and value", "all_linear": "All linear"}),
    ),
    Parameter("in_features", "Input features", "int", 512, 1, 1_000_000, step=1, scale="log", shown_when=LAYER),
    Parameter("out_features", "Output features", "int", 256, 1, 1_000_000, step=1, scale="log", shown_when=LAYER),
    Parameter("rank", "Rank", "int", 16, 1, 65_536, step=1, scale="log", note="Of LoRA, DoRA and VeRA."),
    Parameter(
        "block_size",
        "OFT block size",
        "int",
        32,
        1,
        {"by": "model", "values": {"none": ["in_features"], **WIDEST}},
        step=1,
        scale="log",
        note="Adjusted to the nearest divisor of a layer’s input features.",
    ),
    Parameter(
        "preserved_rank",
        "OSFT preserved rank",
        "int",
        {"half_of": ["in_features", "out_features"]},
        0,
        ["in_features", "out_features"],
        step=1,
        shown_when=LAYER,
        note="HF PEFT’s effective_rank: the frozen directions.",
    ),
    Parameter(
        "preserved_share",
        "OSFT preserved share",
        "float",
        0.5,
        0,
        1,
        step=0.05,
        shown_when=MODEL,
        note="Of the smaller side of each layer, rounded down.",
    ),
)

METHODS = {
    "full": ("Full fine-tuning", "Every weight."),
    "lora": ("LoRA", "r (n + m)."),
    "dora": ("DoRA", "r (n + m) + m."),
    "oft": ("OFT", "n (b − 1)/2: whatever the output width."),
    "oft_shared": ("OFT, shared block", "b (b − 1)/2 for each layer."),
    "boft": ("BOFT", "n b + m for one butterfly factor; block size as for OFT."),
    "osft": ("OSFT", "(k − ρ)(m + n + 1), as HF PEFT reports; ρ is the preserved rank."),
    "vera": ("VeRA", "r + m; its random matrices are frozen."),
    "osft_directions": (
        "OSFT, independent directions",
        "(m − ρ)(n − ρ): in how many directions OSFT can move W. Memory as if only so many numbers were trained.",
    ),
    "oft_seed": (
        "The tutorial’s simplification of OFT",
        "Rank squared for each layer: shown because the tutorial printed it. No method here trains so many.",
    ),
}

OUTPUTS = (
    *(Output(name, title, "int", note=note) for name, (title, note) in METHODS.items()),
    *(
        Output(f"{name}_percent", f"{title}, share", "float", unit="%", digits=3, note="Of what full fine-tuning trains.")
        for name, (title, _) in METHODS.items()
    ),
    *(
        Output(
            f"{name}_memory",
            f"{title}, memory",
            "int",
            unit="bytes",
            note="Weights, gradients and optimiser state; see the assumptions.",
        )
        for name, (title, _) in METHODS.items()
    ),
    Output(
        "block_size_used",
        "Block size used",
        "int",
        shown_when=LAYER,
        note="The nearest divisor of the input features; of two as near, the smaller.",
    ),
    Output(
        "peft_refuses_osft",
        "HF PEFT refuses this preserved rank",
        "flag",
        note="It wants one preserved direction at least; the formula is shown all the same.",
    ),
    Output("adapted_layers", "Adapted layers", "int"),
    Output("notes", "Adjustments", "text", note="What HF PEFT changes or refuses."),
    Output("memory_assumptions", "Memory assumptions", "text"),
)

Layers = list[tuple[int, int, int]]
"""Input features, output features and how many of such layers."""


def count_osft(layers: Layers, ranks: list[int]) -> tuple[int, int, int, list[str]]:
    """OSFT's trained numbers, its independent directions, the bytes it freezes beside W, and notes.

    HF PEFT's own count where it accepts the rank; at rank 0, which it refuses, the formula.
    """
    trained = directions = stored = 0
    notes: list[str] = []
    for (n, m, number), rank in zip(layers, ranks, strict=True):
        directions += number * independent_directions(n, m, rank)
        if rank > 0:
            layer = resolve("osf", n, m, effective_rank=rank)
            trained += number * layer.trainable
            stored += number * layer.buffers * PEFT_METHODS["osf"].buffer_bytes
            notes += layer.notes if len(layers) == 1 else ()
        else:
            trained += number * min(n, m) * (m + n + 1)
            stored += number * min(n, m) * (m + n + 1) * PEFT_METHODS["osf"].buffer_bytes
    return trained, directions, stored, notes


def count_methods(
    layers: Layers, model: str, targets: str, rank: int, block: int
) -> tuple[dict[str, int], dict[str, int], list[str]]:
    """By method: trained numbers, bytes frozen beside the weights; and PEFT's notes."""
    configs: dict[str, tuple[str, dict[str, Any]]] = {
        "lora": ("lora", {"r": rank}),
        "dora": ("dora", {"r": rank}),
        "oft": ("oft", {"oft_block_size": block}),
        "oft_shared": ("oft", {"oft_block_size": block, "block_share": True}),
        "vera": ("vera", {"r": rank}),
    }
    trained: dict[str, int] = {}
    stored: dict[str, int] = {}
    notes: list[str] = []
    for name, (method, config) in configs.items():
        width = PEFT_METHODS[method].buffer_bytes
        if model == "none":
            n, m, _ = layers[0]
            layer = resolve(method, n, m, **config)
            trained[name], stored[name] = layer.trainable, width * layer.buffers
            notes += layer.notes
        else:
            whole = resolve_model(model, method, targets, **config)
            trained[name], stored[name] = whole.trainable, width * whole.buffers
            notes += whole.notes
    # HF PEFT refuses a BOFT block that does not divide; here it is adjusted as for OFT.
    trained["boft"] = stored["boft"] = 0
    for n, m, number in layers:
        layer = resolve("boft", n, m, boft_block_size=nearest_divisor(n, block))
        trained["boft"] += number * layer.trainable
        stored["boft"] += number * layer.buffers * PEFT_METHODS["boft"].buffer_bytes
    return trained, stored, list(dict.fromkeys(notes))


@validated(PARAMETERS)
def compute(
    *,
    model: str,
    targets: str,
    in_features: int,
    out_features: int,
    rank: int,
    block_size: int,
    preserved_rank: int,
    preserved_share: float,
) -> Outputs:
    """Count for one layer, or for the target layers of a model; then memory by rule of thumb."""
    if model == "none":
        layers = [(in_features, out_features, 1)]
        ranks = [preserved_rank]
        full = in_features * out_features
    else:
        preset = find_preset(model)
        modules = target_modules(preset, targets)
        layers = [(each.in_features, each.out_features, each.copies) for each in modules]
        ranks = [int(min(n, m) * preserved_share) for n, m, _ in layers]
        full = preset.total
    trained, stored, notes = count_methods(layers, model, targets, rank, block_size)
    trained["osft"], trained["osft_directions"], stored["osft"], more = count_osft(layers, ranks)
    notes += more
    number = sum(each for _, _, each in layers)
    trained["full"], trained["oft_seed"] = full, rank * rank * number
    refused = min(ranks) == 0
    if refused:
        notes.append("HF PEFT refuses to preserve no direction at all; OSFT is counted by formula.")
    if any(nearest_divisor(n, block_size) != block_size for n, _, _ in layers):
        notes.append("BOFT’s block size is adjusted in the same way; HF PEFT itself would refuse it.")
    memory = {name: estimate_memory(full, trained[name], stored.get(name, 0), full=name == "full").total for name in METHODS}
    outputs: Outputs = {name: trained[name] for name in METHODS}
    outputs.update({f"{name}_percent": 100 * trained[name] / full for name in METHODS})
    outputs.update({f"{name}_memory": memory[name] for name in METHODS})
    if model == "none":
        outputs["block_size_used"] = nearest_divisor(in_features, block_size)
    return {
        **outputs,
        "peft_refuses_osft": refused,
        "adapted_layers": number,
        "notes": " ".join(notes),
        "memory_assumptions": " ".join(ASSUMPTIONS),
    }


PAGE = Page("parameters", "The Caterpillar’s Abacus", PARAMETERS, OUTPUTS, compute)
