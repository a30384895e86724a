"""Count trainable parameters exactly as HF PEFT does, for one layer or a whole model.

Called by the parameters and svd pages, memory.py, the command line and the notebooks. Rules by method are in
peft_rules.py, models in presets.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from . import checks
from .memory import Memory, estimate_memory
from .peft_rules import METHODS, Layer, Method, nearest_divisor, preserved_rank
from .presets import PRESETS, Module, Preset, find_preset, find_targets, target_modules

if TYPE_CHECKING:
    from .peft_rules import Config, Shapes

__all__ = [
    "METHODS",
    "PRESETS",
    "Module",
    "Preset",
    "Resolved",
    "ResolvedModel",
    "count",
    "count_model",
    "find_method",
    "find_preset",
    "find_targets",
    "independent_directions",
    "layer_memory",
    "model_memory",
    "nearest_divisor",
    "preserved_rank",
    "resolve",
    "resolve_model",
    "target_modules",
]

LARGEST = 2**40
_ALIASES = {"osft": "osf", "full fine-tuning": "full"}


class Resolved(NamedTuple):
    """A method on one layer, as PEFT really builds it."""

    method: str
    in_features: int
    out_features: int
    config: Config
    """Every config key that matters, with PEFT's defaults filled in and its adjustments made."""
    shapes: Shapes
    """Trainable tensors by PEFT's names."""
    trainable: int
    added: int
    """How many of the trainable numbers are new, beside the layer's own."""
    buffers: int
    """Frozen numbers that the method stores beside the layer; METHODS says how many bytes each takes."""
    notes: tuple[str, ...]
    """What was adjusted or is worth knowing, in sentences."""


class ResolvedModel(NamedTuple):
    """A method on the target layers of a model."""

    method: str
    preset: Preset
    targets: str
    modules: int
    """How many layers are adapted."""
    layers: tuple[tuple[Module, Resolved], ...]
    trainable: int
    total: int
    """Parameters of the model with its adapter, PEFT's all_params."""
    buffers: int
    notes: tuple[str, ...]


def count(method: str, in_features: int, out_features: int, *, layer_bias: bool = False, **config: object) -> int:
    """Return the number of trainable parameters that HF PEFT reports for one Linear(in_features -> out_features).

    With n = in_features, m = out_features, k = min(m, n):
    full mn;  lora r(n + m);  dora r(n + m) + m;  vera r + m;  oft (n/b) b(b-1)/2, shared b(b-1)/2;
    boft f n b + m;  hra r n;  psoft r(r-1)/2 (r^2 without psoft_orth) + r per magnitude vector;
    osf (k - rho)(m + n + 1), rho = effective_rank

    config keys and defaults are PEFT's: r, use_dora, lora_bias, oft_block_size, block_share, boft_block_size,
    boft_block_num, boft_n_butterfly_factor, effective_rank, psoft_orth, psoft_mag_a, psoft_mag_b, bias.
    layer_bias=True says that the layer has a bias, which full fine-tuning and bias="all" train too.
    cuda_extension=False counts BOFT as PEFT does without its compiled extension. Block sizes that do not divide
    are adjusted as PEFT adjusts them, and `resolve` says so. What PEFT refuses, unknown methods and unknown keys
    raise ValueError.
    Source: HF PEFT 0.21.2; papers in METHODS.
    Invariant: never negative; equals the sum of sizes in `resolve(...).shapes` and of trained biases.

    >>> count("lora", 4096, 4096, r=16)
    131072
    >>> count("oft", 128, 128, r=8, oft_block_size=0)
    960
    >>> count("osf", 512, 256)
    98432
    """
    return _resolve(method, in_features, out_features, layer_bias, config).trainable


def resolve(method: str, in_features: int, out_features: int, *, layer_bias: bool = False, **config: object) -> Resolved:
    """Return what HF PEFT makes of a config on one layer: the adjusted config, shapes, counts and notes.

    Arguments as for `count`.

    >>> resolved = resolve("oft", 48, 20, oft_block_size=5)
    >>> resolved.config["oft_block_size"], resolved.shapes, resolved.trainable
    (4, {'oft_R': (12, 6)}, 72)
    >>> resolved.notes
    ('oft_block_size 5 does not divide 48; HF PEFT adjusts it to 4.',)
    """
    return _resolve(method, in_features, out_features, layer_bias, config)


def _resolve(method: object, in_features: object, out_features: object, layer_bias: object, config: Config) -> Resolved:
    """Return what HF PEFT makes of a config on one layer, every argument still to be checked."""
    key, rules = find_method(method)
    n = checks.as_integer(in_features, "in_features", 1, LARGEST)
    m = checks.as_integer(out_features, "out_features", 1, LARGEST)
    layer_bias = checks.as_flag(layer_bias, "layer_bias")
    layer: Layer = rules.rule(n, m, _fill(key, rules, config))
    added = sum(math.prod(shape) for shape in layer.shapes.values())
    trainable = added
    trains_bias = layer.config.get("bias", "none") != "none" or key == "full"
    if layer_bias and trains_bias:
        trainable += m
    return Resolved(
        method=key,
        in_features=n,
        out_features=m,
        config=layer.config,
        shapes=layer.shapes,
        trainable=trainable,
        added=0 if key == "full" else added,
        buffers=layer.buffers,
        notes=layer.notes,
    )


def count_model(preset: str | Preset, method: str, targets: str = "all_linear", **config: object) -> int:
    """Return the number of trainable parameters that HF PEFT reports for a whole model.

    The sum of `count` over the target layers; "full" trains every parameter of the model whatever the targets

    preset: a key of PRESETS or its title; targets "qv" (query and value projections) or "all_linear" (every
    Linear layer but the output head of a language model); config as for `count`. Unknown names raise ValueError.
    Source: HF PEFT 0.21.2 on models built from their configs.

    >>> count_model("llama-2-7b", "lora", "all_linear", r=16)
    39976960
    >>> count_model("llama-2-7b", "oft", "qv", oft_block_size=32)
    4063232
    """
    return resolve_model(preset, method, targets, **config).trainable


def resolve_model(preset: str | Preset, method: str, targets: str = "all_linear", **config: object) -> ResolvedModel:
    """Return what HF PEFT makes of a config on a whole model; arguments as for `count_model`."""
    model = find_preset(preset)
    key, rules = find_method(method)
    wanted = find_targets(targets)
    _fill(key, rules, config)
    chosen = target_modules(model, wanted)
    layers = tuple((module, _resolve(key, module.in_features, module.out_features, module.bias, config)) for module in chosen)
    added = sum(module.copies * layer.added for module, layer in layers)
    trainable = sum(module.copies * layer.trainable for module, layer in layers)
    buffers = sum(module.copies * layer.buffers for module, layer in layers)
    if key == "full":
        trainable = model.total
    elif config.get("bias") == "all":
        trainable = added + model.biases
    if key == "vera":
        # One frozen pair A [r, widest input], B [widest output, r] serves all layers.
        r = checks.as_integer(layers[0][1].config["r"], "r")
        buffers = r * (max(m.in_features for m in chosen) + max(m.out_features for m in chosen))
    return ResolvedModel(
        method=key,
        preset=model,
        targets=wanted,
        modules=sum(module.copies for module in chosen),
        layers=layers,
        trainable=trainable,
        total=model.total + added,
        buffers=buffers,
        notes=_model_notes(layers),
    )


def _model_notes(layers: tuple[tuple[Module, Resolved], ...]) -> tuple[str, ...]:
    """Return each note once, after the names of the modules it concerns."""
    names: dict[str, list[str]] = {}
    for module, layer in layers:
        for note in layer.notes:
            names.setdefault(note, []).append(module.name)
    return tuple(f"{', '.join(modules)}: {note}" for note, modules in names.items())


def independent_directions(in_features: int, out_features: int, rank: int) -> int:
    """Return in how many independent directions OSFT can move W with `rank` triplets preserved.

    (m - rank)(n - rank): W changes within U_high^perp x V_high^perp

    rank 0..min(m, n). Source: the rank of the Jacobian of W in the trainable factors under both projections.
    Invariant: at most mn, and less than what PEFT reports, (k - rank)(m + n + 1), unless both are 0.

    >>> independent_directions(4, 6, 2)
    8
    """
    n = checks.as_integer(in_features, "in_features", 1, LARGEST)
    m = checks.as_integer(out_features, "out_features", 1, LARGEST)
    rank = checks.as_integer(rank, "rank", 0, min(m, n))
    return (m - rank) * (n - rank)


def layer_memory(method: str, in_features: int, out_features: int, *, layer_bias: bool = False, **config: object) -> Memory:
    """Estimate training memory of one layer; arguments as for `count`, assumptions in osft.memory."""
    layer = _resolve(method, in_features, out_features, layer_bias, config)
    weights = layer.out_features * (layer.in_features + layer_bias)
    width = METHODS[layer.method].buffer_bytes
    return estimate_memory(weights, layer.trainable, width * layer.buffers, full=layer.method == "full")


def model_memory(preset: str | Preset, method: str, targets: str = "all_linear", **config: object) -> Memory:
    """Estimate training memory of a model; arguments as for `count_model`, assumptions in osft.memory.

    >>> round(model_memory("llama-2-7b", "lora", r=16).total / 1e9, 1)
    14.1
    """
    model = resolve_model(preset, method, targets, **config)
    width = METHODS[model.method].buffer_bytes
    return estimate_memory(model.preset.total, model.trainable, width * model.buffers, full=model.method == "full")


def find_method(name: object) -> tuple[str, Method]:
    """Return the key and the rules of a method, whatever its case; an unknown name raises ValueError."""
    wanted = str(name).strip().lower()
    key = _ALIASES.get(wanted, wanted)
    if key not in METHODS:
        raise ValueError(f"There is no method {name!r}; the methods are {', '.join(METHODS)}.")
    return key, METHODS[key]


def _fill(key: str, rules: Method, config: Config) -> Config:
    """Return the config with defaults; refuse keys that PEFT's config of this method does not have."""
    filled = dict(rules.defaults)
    for name, value in config.items():
        if name in rules.defaults:
            filled[name] = value
        elif name not in rules.neutral:
            known = ", ".join([*rules.defaults, *rules.neutral]) or "none"
            raise ValueError(f"{rules.title} has no setting {name!r}; its settings are: {known}.")
    biases = ("none", "all", f"{'lora' if key == 'dora' else key}_only")
    if "bias" in filled and filled["bias"] not in biases:
        raise ValueError(f"bias must be one of {', '.join(biases)}, not {filled['bias']!r}.")
    return filled
