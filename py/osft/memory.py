"""Training memory by rule of thumb, with its assumptions as data. Called by parameters.py and the parameters page."""

from __future__ import annotations

from typing import NamedTuple

from . import checks

FROZEN_BYTES = 2
TRAINABLE_BYTES = {"weight (bf16)": 2, "gradient (bf16)": 2, "master copy (fp32)": 4, "AdamW mean (fp32)": 4, "AdamW variance (fp32)": 4}
ASSUMPTIONS = (
    "Mixed precision with AdamW: a trained number takes 16 bytes (bf16 weight 2, bf16 gradient 2, fp32 master copy 4, "
    "fp32 mean 4, fp32 variance 4). Training in fp32 alone takes the same 16 (4 + 4 + 8).",
    "A frozen number takes 2 bytes (bf16).",
    "Frozen tensors that the method stores beside the model are included, 2 bytes a number.",
    "Activations, temporary buffers and the framework itself are not included.",
)


class Memory(NamedTuple):
    """Bytes by part; total is their sum."""

    base: int
    """Frozen weights of the model."""
    weights: int
    """Trained numbers, in bf16."""
    gradients: int
    optimizer: int
    """Master copy and the two moments."""
    buffers: int
    """Frozen tensors of the method itself."""

    @property
    def total(self) -> int:
        """All parts together, bytes."""
        return sum(self)


def estimate_memory(base: int, trainable: int, buffers: int = 0, *, full: bool = False) -> Memory:
    """Estimate the bytes of weights, gradients and optimiser state.

    full 16 P;  adapter 2 P + 16 T + 2 (frozen numbers of the method)

    base P and trainable T count numbers; full=True says that the base weights themselves are trained.
    Source: the usual accounting of mixed-precision AdamW (Rajbhandari et al. 2020, ZeRO, arXiv 1910.02054, section 3.1).
    The assumptions, in sentences, are ASSUMPTIONS.

    >>> estimate_memory(6738415616, 6738415616, full=True).total
    107814649856
    """
    base = checks.as_integer(base, "base", 0)
    trainable = checks.as_integer(trainable, "trainable", 0)
    buffers = checks.as_integer(buffers, "buffers", 0)
    return Memory(
        base=0 if full else FROZEN_BYTES * base,
        weights=2 * trainable,
        gradients=2 * trainable,
        optimizer=12 * trainable,
        buffers=FROZEN_BYTES * buffers,
    )
