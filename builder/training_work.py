"""Runs one cell of the continual-learning experiment; what a worker process imports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from builder.cells import Cell, Result

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT / "py") not in sys.path:  # a worker imports this module in a process of its own
    sys.path.insert(0, str(ROOT / "py"))


def work(cell: Cell) -> Result:
    """What a worker does with a cell; counts of right answers are exact where shares are not."""
    import numpy as np

    from osft.continual import run
    from osft.continual.analysis import energy_outside
    from osft.continual.digits import CLASSES, make_tasks
    from osft.continual.network import initial_network
    from osft.continual.settings import PIXELS, Settings
    from osft.continual.trainer import pretrain

    seed = cell["seed"]
    if cell["kind"] == "energy":
        settings = Settings()
        network, untrained = pretrain(seed, settings), initial_network((PIXELS, *settings.hidden, CLASSES), seed)
        images = make_tasks(seed, settings.angles[:1]).images[0]
        return {str(r): energy_outside(network, untrained, images, r, seed) for r in cell["ratios"]}
    chosen: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in cell["settings"].items()}
    finished = run(cell["method"], seed=seed, **chosen)
    images = len(make_tasks(seed, (0.0,), finished.settings.part).held_out_labels)
    counts = np.where(np.isnan(finished.curve), 0, np.rint(finished.curve * images)).astype(int)
    return {
        "curve": counts.tolist(),
        "initial": np.rint(finished.initial * images).astype(int).tolist(),
        "images": images,
        "diverged_at": finished.diverged_at,
    }
