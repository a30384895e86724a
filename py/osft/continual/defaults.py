"""The settings that each method is run with unless told otherwise: the winners of the grid search.

`build.py precompute --tune` runs the search (grids in builder/training_plan.py) and says where
this table differs from its winners. Kept apart from settings.py so that a change of winner does
not make the runs of the search look like those of other code.
"""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, dict[str, Any]] = {
    "frozen": {},
    "full": {"learning_rate": 5.79e-4},
    "full_sgd": {"learning_rate": 5.18e-3, "optimizer": "sgd"},
    "lora": {"learning_rate": 1e-3, "rank": 32},
    "olora": {"learning_rate": 3e-3, "rank": 8, "penalty": 0.1},
    "oft": {"learning_rate": 3e-4, "block_size": 0},
    "osft": {"learning_rate": 3e-3, "retained": "schedule"},
    "osft_dense": {"learning_rate": 1e-2, "retained": "schedule"},
    "seed_block": {"learning_rate": 1e-3, "retained": "schedule"},
    "random": {"learning_rate": 1e-3, "retained": "schedule"},
    "bottom": {"learning_rate": 1e-3, "retained": 0.25},
    "gpm": {"learning_rate": 3e-3, "energy": 0.9},
    "ewc": {"learning_rate": 1e-2, "penalty": 30.0},
    "l2sp": {"learning_rate": 1e-3, "penalty": 0.01},
    "replay": {"learning_rate": 3e-3, "memory": 200},
    "joint": {"learning_rate": 6.83e-3},
}
