"""What `build.py precompute` runs of the continual-learning experiment: every run, named.

`precompute_training` turns this plan into cells and the cells into one JSON file. All settings
that are not named here are the defaults of `osft.continual.settings.Settings`.
"""

from __future__ import annotations

from itertools import product
from typing import Any

SEEDS = tuple(range(10))
TUNING_SEEDS = (100, 101, 102)

_RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
_SHARES = (0.25, 0.5, "schedule")


def _spaced(low: float, high: float, count: int) -> tuple[float, ...]:
    """`count` learning rates, evenly spaced in the logarithm, to three significant digits."""
    return tuple(float(f"{low * (high / low) ** (i / (count - 1)):.3g}") for i in range(count))


def _grid(**knobs: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(knobs, values, strict=True)) for values in product(*knobs.values())]


#: Fifteen settings a method, so that none wins by a longer search. A block of 0 is the whole input.
GRIDS: dict[str, list[dict[str, Any]]] = {
    "full": _grid(learning_rate=_spaced(3e-5, 3e-2, 15)),
    "full_sgd": _grid(learning_rate=_spaced(1e-4, 1e-1, 15), optimizer=("sgd",)),
    "lora": _grid(learning_rate=_RATES, rank=(2, 8, 32)),
    "olora": _grid(learning_rate=_RATES, rank=(8,), penalty=(0.01, 0.1, 0.5)),
    "oft": _grid(learning_rate=_RATES, block_size=(8, 16, 0)),
    "osft": _grid(learning_rate=_RATES, retained=_SHARES),
    "osft_dense": _grid(learning_rate=_RATES, retained=_SHARES),
    "seed_block": _grid(learning_rate=_RATES, retained=_SHARES),
    "random": _grid(learning_rate=_RATES, retained=_SHARES),
    "bottom": _grid(learning_rate=_RATES, retained=_SHARES),
    "gpm": _grid(learning_rate=_RATES, energy=(0.8, 0.9, 0.97)),
    "ewc": _grid(learning_rate=_RATES, penalty=(3.0, 30.0, 300.0)),
    "l2sp": _grid(learning_rate=_RATES, penalty=(0.001, 0.01, 0.1)),
    "replay": _grid(learning_rate=_RATES, memory=(20, 50, 200)),
    "joint": _grid(learning_rate=_spaced(3e-5, 3e-2, 15)),
}

#: Runs beside the tuned ones: (name, method, settings). The first nine have the settings for which
#: tests/continual/test_results.py states what to expect; the others show what a choice costs.
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("full_7e-4", "full", {"learning_rate": 7e-4}),
    ("lora_r32", "lora", {"learning_rate": 1e-3, "rank": 32}),
    ("olora_r8", "olora", {"learning_rate": 3e-3, "rank": 8, "penalty": 0.1}),
    ("oft_b16", "oft", {"learning_rate": 1e-3, "block_size": 16}),
    ("osft_schedule", "osft", {"learning_rate": 3e-3, "retained": "schedule"}),
    ("osft_dense_schedule", "osft_dense", {"learning_rate": 1e-2, "retained": "schedule"}),
    ("gpm_97", "gpm", {"learning_rate": 3e-3, "energy": 0.97}),
    ("replay_200", "replay", {"learning_rate": 3e-3, "memory": 200}),
    ("joint_3e-3", "joint", {"learning_rate": 3e-3}),
    # The search's winner has the lowest rate of its grid; this is one step below it.
    ("oft_lower_rate", "oft", {"learning_rate": 1e-4, "block_size": 0}),
    ("replay_20", "replay", {"learning_rate": 3e-3, "memory": 20}),
    ("lora_r8", "lora", {"learning_rate": 1e-3, "rank": 8}),
    ("osft_hooks_only", "osft", {"learning_rate": 3e-3, "retained": 0.5, "reproject": False}),
    ("full_biases", "full", {"learning_rate": 3e-3, "trained": "biases"}),
    ("full_all", "full", {"learning_rate": 3e-3, "trained": "all"}),
    ("osft_dense_biases", "osft_dense", {"learning_rate": 3e-3, "retained": 0.5, "trained": "biases"}),
    ("osft_dense_all", "osft_dense", {"learning_rate": 3e-3, "retained": 0.5, "trained": "all"}),
)

SWEEP_METHODS = ("osft", "osft_dense", "random", "seed_block", "bottom")
SWEEP_RATIOS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
SWEEP_RATE = 3e-3

#: Methods along their learning rates, for what is kept at equal learning: (method, settings, rates).
FRONTS: dict[str, tuple[str, dict[str, Any], tuple[float, ...]]] = {
    "full": ("full", {}, _spaced(3e-5, 3e-2, 13)),
    "full_sgd": ("full_sgd", {"optimizer": "sgd"}, _spaced(1e-4, 1e-1, 13)),
    "oft": ("oft", {"block_size": 0}, _spaced(3e-5, 3e-2, 13)),
    "oft_b16": ("oft", {"block_size": 16}, _spaced(3e-5, 3e-2, 13)),
}

#: Other tasks and widths, each method at the best of eight settings on the tuning images.
REGIMES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("turn_5", {"angles": (0.0, 5.0, 10.0, 15.0, 20.0)}),
    ("turn_10", {"angles": (0.0, 10.0, 20.0, 30.0, 40.0)}),
    ("turn_40", {"angles": (0.0, 40.0, 80.0, 120.0, 160.0)}),
    ("width_16", {"hidden": (16, 16)}),
    ("width_32", {"hidden": (32, 32)}),
    ("width_256", {"hidden": (256, 256)}),
)
_REGIME_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
REGIME_GRIDS: dict[str, list[dict[str, Any]]] = {
    "full": _grid(learning_rate=_spaced(1e-4, 1e-2, 8)),
    "lora": _grid(learning_rate=_REGIME_RATES, rank=(8, 32)),
    "osft": _grid(learning_rate=_REGIME_RATES, retained=(0.5, "schedule")),
    "osft_dense": _grid(learning_rate=_REGIME_RATES, retained=(0.5, "schedule")),
    "random": _grid(learning_rate=_REGIME_RATES, retained=(0.5, "schedule")),
    "gpm": _grid(learning_rate=_REGIME_RATES, energy=(0.9, 0.97)),
}

#: Pairs whose difference is taken seed by seed: first minus second.
PAIRS: tuple[tuple[str, str], ...] = (
    ("osft", "full"),
    ("osft", "full_sgd"),
    ("osft", "lora"),
    ("osft", "olora"),
    ("osft", "oft"),
    ("osft", "random"),
    ("osft", "seed_block"),
    ("osft", "ewc"),
    ("osft_schedule", "full"),
    ("osft_schedule", "full_sgd"),
    ("osft_dense", "full"),
    ("osft_dense", "full_sgd"),
    ("osft_dense", "osft"),
    ("osft_dense", "random"),
    ("oft", "full"),
    ("seed_block", "full"),
    ("random", "full"),
    ("gpm", "osft_dense"),
    ("replay", "osft_dense"),
    ("joint", "replay"),
)

ENERGY_RATIOS = (0.1, 0.25, 0.5, 0.75, 0.9)
#: The seed whose trained matrices the svd page shows.
WEIGHTS_SEED = 0
