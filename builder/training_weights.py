"""Writes py/explorer/weights/digits.bin: the hidden matrices of one network of the experiment.

Called by precompute_training. The svd page shows them before and after training, as `digits`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from threadpoolctl import threadpool_limits

from builder import training_plan as plan
from builder.precompute_transformer import update_index
from osft.continual import Settings, run
from osft.continual.digits import CLASSES
from osft.continual.settings import PIXELS
from osft.continual.trainer import pretrain

FOLDER = Path(__file__).resolve().parent.parent / "py" / "explorer" / "weights"


def write_weights(folder: Path = FOLDER) -> None:
    """After pretraining, and after the later tasks by `full` and by `osft`, rounded to float16."""
    settings, seed = Settings(), plan.WEIGHTS_SEED
    with threadpool_limits(1):  # as in the workers: on matrices this small more threads only wait
        stages = {
            "pretrained": tuple(pretrain(seed, settings).hidden),
            **{method: run(method, seed=seed).weights for method in ("full", "osft")},
        }
    raw = b""
    matrices = {}
    for stage, weights in stages.items():
        for layer, matrix in enumerate(weights, start=1):
            matrices[f"digits-{layer}-{stage}"] = {"shape": list(matrix.shape), "offset": len(raw)}
            raw += matrix.astype("<f2").tobytes()
    (folder / "digits.bin").write_bytes(raw)
    update_index(
        "digits",
        {
            "file": "digits.bin",
            "bytes": len(raw),
            "sha256": hashlib.sha256(raw).hexdigest(),
            "origin": "hidden weights of the network of osft.continual, rounded to float16",
            "licence": "MIT",
            "seed": seed,
            "sizes": [PIXELS, *settings.hidden, CLASSES],
            "matrices": matrices,
        },
    )
