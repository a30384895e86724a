"""Everything a run can be told, its defaults for each method, and the sentences for bad values.

`experiment.py`, `live.py` and the precomputation all validate here and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any

from .defaults import DEFAULTS

SCHEDULE = "schedule"
#: Inputs of the network: 8x8 images.
PIXELS = 64


@dataclass(frozen=True)
class Settings:
    """Settings of one run; those that a method does not use are ignored by it."""

    learning_rate: float = 3e-3
    #: Share of the singular directions that is kept, or "schedule": t / (T + 1) before task t of T.
    retained: float | str = 0.5
    #: LoRA's rank; its scale alpha / rank is always 2.
    rank: int = 32
    #: Weight of the penalty of olora, ewc and l2sp.
    penalty: float = 0.1
    #: OFT's block; 0 is one block for the whole input.
    block_size: int = 16
    #: GPM: share of the activation energy that the protected subspace must hold.
    energy: float = 0.97
    #: Replay: images kept of every earlier task; a batch has as many old images as new ones.
    memory: int = 200
    #: OSFT: project the factors after each step too, as mini_trainer does and HF PEFT does not.
    reproject: bool = True
    #: What else is trained beside the hidden matrices: "hidden", "biases" or "all".
    trained: str = "hidden"
    optimizer: str = "adam"

    angles: tuple[float, ...] = (0.0, 20.0, 40.0, 60.0, 80.0)
    hidden: tuple[int, ...] = (128, 128)
    steps_per_task: int = 100
    batch_size: int = 32
    evaluate_every: int = 10
    pretraining_epochs: int = 40
    part: str = "test"
    dtype: str = "float32"


_CHOICES = {
    "trained": ("hidden", "biases", "all"),
    "optimizer": ("adam", "sgd"),
    "part": ("tune", "test"),
    "dtype": ("float32", "float64"),
}
_WHOLE = {
    "rank": 1,
    "block_size": 0,
    "memory": 1,
    "steps_per_task": 1,
    "batch_size": 1,
    "evaluate_every": 1,
    "pretraining_epochs": 0,
}


def make_settings(method: str, **changes: Any) -> Settings:
    """The method's default settings with `changes`.

    Raises ValueError with a sentence for an unknown method or setting, or a value out of range.
    """
    if method not in DEFAULTS:
        raise ValueError(f"There is no method {method!r}. The methods are: {', '.join(DEFAULTS)}.")
    known = {field.name for field in fields(Settings)}
    for name in changes:
        if name not in known:
            raise ValueError(f"There is no setting {name!r}. The settings are: {_list(known)}.")
    # Lists become tuples, so that settings can be the key of a cache.
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
    settings = replace(Settings(), **{**DEFAULTS[method], **given})
    _validate(settings)
    if method == "oft":
        _check_block(settings)
    return settings


def check_methods(methods: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The methods without repetition; ValueError when there is none, or one is unknown."""
    if not methods:
        raise ValueError("No method is chosen. Choose at least one to train.")
    for method in methods:
        if method not in DEFAULTS:
            raise ValueError(f"There is no method {method!r}. The methods are: {', '.join(DEFAULTS)}.")
    return tuple(dict.fromkeys(methods))


def check_seed(seed: int) -> int:
    """The seed itself; ValueError unless it is a whole number, 0 or more."""
    if not _is_whole(seed) or seed < 0:
        raise ValueError(f"seed is {seed!r}; it must be a whole number, 0 or more.")
    return int(seed)


def _validate(settings: Settings) -> None:
    check_positive("learning_rate", settings.learning_rate)
    check_retained(settings.retained)
    for name, low in _WHOLE.items():
        value = getattr(settings, name)
        if not _is_whole(value) or value < low:
            raise ValueError(f"{name} is {value!r}; it must be a whole number, {low} or more.")
    for name, choices in _CHOICES.items():
        if getattr(settings, name) not in choices:
            raise ValueError(f"{name} is {getattr(settings, name)!r}; it must be one of {_list(choices)}.")
    if not (_is_number(settings.penalty) and settings.penalty >= 0):
        raise ValueError(f"penalty is {settings.penalty!r}; it must be a number, 0 or more.")
    if not (_is_number(settings.energy) and 0 < settings.energy <= 1):
        raise ValueError(f"energy is {settings.energy!r}; it must be above 0 and at most 1.")
    if len(settings.angles) < 2 or not all(_is_number(a) for a in settings.angles):
        raise ValueError(f"angles is {settings.angles!r}; it must be two numbers or more.")
    if not settings.hidden or any(not _is_whole(n) or n < 1 for n in settings.hidden):
        raise ValueError(f"hidden is {settings.hidden!r}; it must be one width or more, each >= 1.")
    if settings.steps_per_task % settings.evaluate_every:
        raise ValueError(
            f"evaluate_every is {settings.evaluate_every}; it must divide steps_per_task, which is {settings.steps_per_task}."
        )


def _check_block(settings: Settings) -> None:
    for inputs in (PIXELS, *settings.hidden[:-1]):
        if settings.block_size and inputs % settings.block_size:
            raise ValueError(
                f"block_size is {settings.block_size}; it must divide the {inputs} inputs of a hidden layer, or be 0."
            )


def check_positive(name: str, value: Any) -> None:
    """ValueError unless `value` is a finite number above 0."""
    if not (_is_number(value) and value > 0):
        raise ValueError(f"{name} is {value!r}; it must be a finite number above 0.")


def check_retained(value: Any) -> None:
    """ValueError unless `value` is a number in 0..1, or "schedule"."""
    if value != SCHEDULE and not (_is_number(value) and 0 <= value <= 1):
        raise ValueError(f'retained is {value!r}; it must be between 0 and 1, or "{SCHEDULE}".')


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _list(names: Any) -> str:
    return ", ".join(sorted(names))
