"""osft: the mathematics of orthogonal fine-tuning (OFT) and orthogonal subspace fine-tuning (OSFT).

NumPy in, NumPy out. Weights are [out, in], a neuron is a row, everything is float64 unless told otherwise,
and a bad argument raises ValueError with a sentence. Its parts, osft.orthogonal, osft.energy, osft.subspace,
osft.parameters and osft.continual, are imported when they are first named.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import continual, energy, orthogonal, parameters, subspace

__version__ = "1.0.0"
__all__ = ["continual", "energy", "orthogonal", "parameters", "subspace"]


def __getattr__(name: str) -> ModuleType:
    """Import a part on first use, so that `import osft` stays quick in the browser (PEP 562)."""
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
