"""Training memory by rule of thumb, with its assumptions as data. Called by parameters.py and the parameters page."""

from __future__ import annotations

from typing import NamedTuple

from . import checks

# Bytes for one number, by what it is; a trained number takes the last three, 16 bytes together.
BYTES = {"frozen": 2, "weights": 2, "gradients": 2, "optimizer": 12}
ASSUMPTIONS = (
    "Mixed precision with AdamW: a trained number takes 16 bytes (bf16 weight 2, bf16 gradient 2, fp32 master copy 4, "
    "fp32 mean 4, fp32 variance 4). Training in fp32 alone takes the same 16 (4 + 4 + 8).",
    "A frozen number takes 2 bytes (bf16).",
    "Frozen tensors that HF PEFT stores beside the model are included: OSFT’s copy of the initial factors at 2 bytes a "
    "number, BOFT’s permutations and the frozen factors of VeRA and PSOFT at 4 bytes (fp32).",
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


def estimate_memory(base: int, trainable: int, buffer_bytes: int = 0, *, full: bool = False) -> Memory:
    """Estimate the bytes of weights, gradients and optimiser state.

    full 16 P;  adapter 2 P + 16 T + frozen tensors of the method

    base P and trainable T count numbers; full=True says that the base weights themselves are trained.
    Source: the usual accounting of mixed-precision AdamW (Rajbhandari et al. 2020, ZeRO, arXiv 1910.02054, section 3.1).
    The assumptions, in sentences, are ASSUMPTIONS.

    >>> estimate_memory(6738415616, 6738415616, full=True).total
    107814649856
    """
    base = checks.as_integer(base, "base", 0)
    trainable = checks.as_integer(trainable, "trainable", 0)
    buffer_bytes = checks.as_integer(buffer_bytes, "buffer_bytes", 0)
    return Memory(
        base=0 if full else BYTES["frozen"] * base,
        weights=BYTES["weights"] * trainable,
        gradients=BYTES["gradients"] * trainable,
        optimizer=BYTES["optimizer"] * trainable,
        buffers=buffer_bytes,
    )
