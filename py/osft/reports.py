"""What each command of the command line computes and prints. Called by cli.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import checks
from .energy import duplicate_directions, expected_absolute_cosine, hyperspherical_energy, mean_absolute_cosine
from .memory import ASSUMPTIONS, Memory
from .orthogonal import measure, nearest
from .parameters import (
    count,
    independent_directions,
    layer_memory,
    model_memory,
    resolve,
    resolve_model,
)
from .peft_rules import METHODS
from .subspace import explain, split

if TYPE_CHECKING:
    import argparse

    from .checks import Array

PROJECTION_TITLES = {
    "full": "no projection",
    "block": "block (as printed)",
    "two_sided": "two-sided",
    "factors": "factors (HF PEFT)",
}


class Report(NamedTuple):
    """A command's answer: data for --json, lines for people."""

    data: dict[str, object]
    lines: list[str]


def count_report(options: argparse.Namespace) -> Report:
    """Count the parameters of a method on a layer or a model."""
    config = {name[4:]: value for name, value in vars(options).items() if name.startswith("set_")}
    if options.model is not None:
        if options.in_features is not None or options.out_features is not None or options.layer_bias:
            raise ValueError("Give either --model or a layer with --in and --out, not both.")
        return _model_report(options.model, options.method, options.targets or "all_linear", config)
    if options.targets is not None:
        raise ValueError("--targets chooses layers of a model; give --model too.")
    if options.in_features is None or options.out_features is None:
        raise ValueError("Give the layer with --in and --out, or a model with --model.")
    return _layer_report(options.method, options.in_features, options.out_features, options.layer_bias, config)


def _layer_report(method: str, n: int, m: int, layer_bias: bool, config: dict[str, object]) -> Report:
    layer = resolve(method, n, m, layer_bias=layer_bias, **config)
    full = count("full", n, m, layer_bias=layer_bias)
    memory = layer_memory(method, n, m, layer_bias=layer_bias, **config)
    data: dict[str, object] = {
        "method": layer.method,
        "in_features": n,
        "out_features": m,
        "config": layer.config,
        "trainable": layer.trainable,
        "full": full,
        "percent": 100.0 * layer.trainable / full,
        "shapes": layer.shapes,
        "buffers": layer.buffers,
    }
    lines = [
        f"{METHODS[layer.method].title} on Linear({n} -> {m})",
        *_count_lines(layer.trainable, full),
        *(f"  {name:<22}{' x '.join(str(side) for side in shape)}" for name, shape in layer.shapes.items()),
    ]
    if layer.method == "osf":
        rank = checks.as_integer(layer.config["effective_rank"], "effective_rank")
        data["independent_directions"] = independent_directions(n, m, rank)
        lines.append(f"independent directions  {data['independent_directions']:,}")
    return _with_memory(data, lines, memory, layer.notes)


def _model_report(preset: str, method: str, targets: str, config: dict[str, object]) -> Report:
    model = resolve_model(preset, method, targets, **config)
    memory = model_memory(preset, method, targets, **config)
    data: dict[str, object] = {
        "method": model.method,
        "model": model.preset.key,
        "targets": model.targets,
        "modules": model.modules,
        "trainable": model.trainable,
        "full": model.preset.total,
        "percent": 100.0 * model.trainable / model.preset.total,
        "buffers": model.buffers,
        "layers": [
            {
                "name": module.name,
                "in_features": module.in_features,
                "out_features": module.out_features,
                "copies": module.copies,
                "trainable_each": layer.trainable,
            }
            for module, layer in model.layers
        ],
    }
    lines = [
        f"{METHODS[model.method].title} on {model.preset.title}, {model.targets}: {model.modules} layers",
        *_count_lines(model.trainable, model.preset.total),
    ]
    if model.method != "full":
        lines += [
            f"  {module.name:<24}{module.in_features:>6} -> {module.out_features:<6} x {module.copies:<4}"
            f"{layer.trainable:>14,} each"
            for module, layer in model.layers
        ]
    return _with_memory(data, lines, memory, model.notes)


def _count_lines(trainable: int, full: int) -> list[str]:
    return [f"trainable parameters    {trainable:,}  ({100.0 * trainable / full:.4g} % of full fine-tuning, {full:,})"]


def _with_memory(data: dict[str, object], lines: list[str], memory: Memory, notes: tuple[str, ...]) -> Report:
    """Add the memory estimate with its assumptions, and the notes."""
    data["memory_bytes"] = {**memory._asdict(), "total": memory.total}
    data["memory_assumptions"] = list(ASSUMPTIONS)
    data["notes"] = list(notes)
    lines.append(f"memory for training     {_size(memory.total)}, without activations")
    lines += [f"note: {note}" for note in notes]
    return Report(data, lines)


def leak_report(options: argparse.Namespace) -> Report:
    """Compare the projections of a gradient by what they leak."""
    weights, gradient = load_matrix(options.weights), load_matrix(options.gradient)
    parts = split(weights, options.rank)
    found = explain(parts, gradient, relative_step=options.relative_step)
    rows: dict[str, dict[str, object]] = {}
    lines = [
        f"weights {weights.shape[0]} x {weights.shape[1]}, {parts.rank} of {min(weights.shape)} singular triplets preserved",
        f"{'':<20}{'norm':>11}{'left leak':>12}{'right leak':>12}{'directions':>12}{'turn':>11}",
    ]
    for name, title in PROJECTION_TITLES.items():
        effect = getattr(found, name)
        turn = max(effect.left_turn, effect.right_turn)
        rows[name] = {
            "norm": effect.leak.norm,
            "left_leak": effect.leak.left,
            "right_leak": effect.leak.right,
            "block_leak": effect.leak.block,
            "norm_kept": effect.norm_kept,
            "directions": effect.directions,
            "left_turn": effect.left_turn,
            "right_turn": effect.right_turn,
            "statement": effect.protection.statement,
        }
        lines.append(
            f"{title:<20}{effect.leak.norm:>11.4g}{effect.leak.left:>12.3g}{effect.leak.right:>12.3g}"
            f"{effect.directions:>12,}{math.degrees(turn):>9.3g} deg"
        )
    lines += [
        "left leak: norm of U_high^T dW; right leak: norm of dW V_high; turn: of the preserved subspace",
        f"after a step of {options.relative_step:g} times the norm of the weights.",
        f"block: {found.block.protection.statement}",
        f"factors: {found.factors.protection.statement}",
    ]
    data: dict[str, object] = {"rank": parts.rank, "relative_step": found.relative_step, "projections": rows}
    return Report(data, lines)


def energy_report(options: argparse.Namespace) -> Report:
    """Compute the energy of a weight matrix and the mean |cosine| beside it."""
    weights = load_matrix(options.weights)
    total = hyperspherical_energy(weights, options.s)
    mean = hyperspherical_energy(weights, options.s, mean=True)
    cosine, expected = mean_absolute_cosine(weights), expected_absolute_cosine(weights.shape[1])
    duplicates = duplicate_directions(weights) if math.isinf(total) else []
    data: dict[str, object] = {
        "neurons": weights.shape[0],
        "features": weights.shape[1],
        "s": options.s,
        "energy": total,
        "energy_mean": mean,
        "mean_absolute_cosine": cosine,
        "expected_absolute_cosine": expected,
        "duplicate_directions": duplicates,
    }
    lines = [
        f"{weights.shape[0]} neurons (rows) with {weights.shape[1]} features",
        f"hyperspherical energy, s = {options.s:g}    {total:.12g} over ordered pairs, {mean:.12g} per pair",
        f"mean |cosine|                    {cosine:.6g} (independent directions: {expected:.6g})",
    ]
    if duplicates:
        first, second = duplicates[0]
        lines.append(
            f"note: the energy is infinite because rows point the same way: {first} and {second}"
            + (f", and {len(duplicates) - 1} more pairs." if len(duplicates) > 1 else ".")
        )
    return Report(data, lines)


def orthogonal_report(options: argparse.Namespace) -> Report:
    """Measure a matrix; on request, write the nearest orthogonal one."""
    matrix = load_matrix(options.matrix)
    found = measure(matrix, seed=options.seed, tolerance=options.tolerance)
    data: dict[str, object] = {
        name: [[value.real, value.imag] for value in entry.tolist()] if name == "eigenvalues" else entry
        for name, entry in found._asdict().items()
    }
    yes = {True: "yes", False: "no"}
    lines = [
        f"{matrix.shape[0]} x {matrix.shape[0]} matrix, tolerance {found.tolerance:.3g}",
        f"orthogonal        {yes[found.is_orthogonal]:<5}||Q^T Q - I|| = {found.orthogonality_error:.3g}",
        f"rotation          {yes[found.is_rotation]:<5}determinant = {found.determinant:.12g}",
        f"keeps lengths     {yes[found.preserves_norm]:<5}largest relative change {found.norm_error:.3g}",
        f"keeps angles      {yes[found.preserves_angles]:<5}largest change {found.angle_error:.3g} rad",
        f"condition number  {found.condition_number:.12g}",
        f"eigenvalues       at most {found.eigenvalue_error:.3g} off the unit circle",
    ]
    if options.nearest is not None:
        closest = nearest(matrix)
        data["distance_to_nearest"] = float(np.linalg.norm(closest - matrix))
        try:
            np.save(options.nearest, closest)
        except OSError as error:
            raise ValueError(f"{options.nearest} cannot be written: {error.strerror or error}.") from None
        lines.append(f"nearest orthogonal matrix at distance {data['distance_to_nearest']:.6g}, written to {options.nearest}")
    return Report(data, lines)


def load_matrix(path: str) -> Array:
    """Read a finite matrix from a .npy file; anything else raises ValueError with a sentence. Never unpickles."""
    try:
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, EOFError):
        raise ValueError(f"{path} is not a NumPy .npy file of numbers. Write one with numpy.save.") from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path} is an archive of several arrays; a .npy file with one matrix is needed.")
    return checks.as_matrix(array, path)


def _size(number: int) -> str:
    """Return a number of bytes with a decimal unit."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000.0:
            return f"{value:.4g} {unit}"
        value /= 1000.0
    return f"{value:.4g} TB"
