"""The methods by name: each a rule for one weight matrix, all of the shape of `base.Method`."""

from __future__ import annotations

from .base import Method, Observed
from .full import Full
from .gpm import Gpm
from .lora import Lora, OLora
from .oft import Oft
from .osft import Osft
from .penalties import Ewc, L2Sp
from .subspace import Bottom, OsftDense, Random, SeedBlock

#: replay and joint are full fine-tuning on other batches: see experiment.Trainer.
METHODS: dict[str, type[Method]] = {
    "frozen": Method,
    "full": Full,
    "full_sgd": Full,
    "lora": Lora,
    "olora": OLora,
    "oft": Oft,
    "osft": Osft,
    "osft_dense": OsftDense,
    "seed_block": SeedBlock,
    "random": Random,
    "bottom": Bottom,
    "gpm": Gpm,
    "ewc": Ewc,
    "l2sp": L2Sp,
    "replay": Full,
    "joint": Full,
}

__all__ = ["METHODS", "Method", "Observed"]
