"""The vocabulary of a page: its parameters, its outputs, and the check between them.

Every page module declares one `Page`; the controls, the URL, the validation on both sides
and the documentation derive from it. JavaScript reads the same declaration as JSON.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
else:
    Array = np.ndarray  # a start has no time for numpy.typing
Value = float | int | bool | str | Array
Outputs = dict[str, Value]
Bound = float | list[str] | Mapping[str, Any] | None
"""A number; names of parameters, of which the smallest value counts; or
{"by": name of a choice, "values": {choice: bound}}."""

Condition = Mapping[str, Sequence[Any]] | None
"""Names of parameters and, for each, the values at which something is shown; None: always."""

SEED_LIMIT = 2**32 - 1
LONGEST_TEXT = 2000


class InvalidParameter(ValueError):  # noqa: N818 - reads as what it is: raise InvalidParameter
    """A parameter outside its declaration; `field` names it, the text says what to do."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Choice(NamedTuple):
    """One entry of a `choice`: the value of the URL and the words the reader sees."""

    value: str | int
    label: str


def choices(labels: Mapping[str, str]) -> tuple[Choice, ...]:
    """Choices from {value: label}."""
    return tuple(Choice(value, label) for value, label in labels.items())


class Parameter(NamedTuple):
    """One setting of a page; its name is the Python keyword, the control and the URL key.

    `kind`: int, float, flag, choice, seed, divisor (an int that divides the parameter `of`),
    choices (a set, comma-separated), text (a short string that matches `pattern` whole).
    `default`: a value, or {"half_of": [names]}: half the smallest of them, rounded down.
    A parameter refers only to parameters declared before it.
    """

    name: str
    label: str
    kind: str
    default: Any
    low: Bound = None
    high: Bound = None
    step: float | None = None
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    scale: str = "linear"
    shown_when: Condition = None
    note: str = ""
    of: str | None = None
    pattern: str | None = None

    @property
    def bounds(self) -> tuple[Bound, Bound]:
        """What limits it below and above: as declared, or by its kind."""
        if self.kind == "seed":
            return 0, SEED_LIMIT
        if self.kind == "divisor":
            return 1, [str(self.of)]
        return self.low, self.high

    def as_json(self) -> dict[str, Any]:
        """The declaration as plain data; what is not declared is left out."""
        entry: dict[str, Any] = {"name": self.name, "label": self.label, "kind": self.kind}
        entry["default"] = self.default
        low, high = self.bounds
        given = {
            "low": low,
            "high": high,
            "step": self.step,
            "of": self.of,
            "pattern": self.pattern,
            "shown_when": self.shown_when,
        }
        entry.update({key: value for key, value in given.items() if value is not None})
        if self.choices:
            entry["choices"] = [{"value": c.value, "label": c.label} for c in self.choices]
        entry["unit"] = self.unit
        entry["scale"] = self.scale
        entry["note"] = self.note
        return entry

    def in_force(self, known: Mapping[str, Any]) -> bool:
        """Whether the control is shown, and so counts, at the settings declared before it."""
        return holds(self.shown_when, known)

    def limits(self, known: Mapping[str, Any]) -> tuple[float, float]:
        """The smallest and the largest value allowed at the settings declared before it."""
        low, high = (_resolve(bound, known) for bound in self.bounds)
        return (-math.inf if low is None else low, math.inf if high is None else high)

    def usual(self, known: Mapping[str, Any]) -> Any:
        """The default, fitted to the settings declared before it."""
        value = self.default
        if isinstance(value, Mapping):
            value = int(min(known[name] for name in value["half_of"])) // 2
        return self.fit(self.read(value), known)

    def fit(self, value: Any, known: Mapping[str, Any]) -> Any:
        """The nearest allowed number; of two divisors as near, the smaller."""
        if self.kind in ("flag", "choice", "choices", "text"):
            return value
        low, high = self.limits(known)
        value = min(max(value, low), high)
        if self.kind == "divisor":
            return nearest_divisor(int(value), known[str(self.of)])
        return float(value) if self.kind == "float" else int(value)

    def check(self, value: Any, known: Mapping[str, Any]) -> Any:
        """The value in its own type, or `InvalidParameter`."""
        value = self.read(value)
        if self.kind in ("flag", "choice", "choices", "text"):
            return value
        low, high = self.limits(known)
        if not low <= value <= high:
            raise self.refuse(f"must be {_range(low, high, self.unit)}; {_show(value)} was given")
        if self.kind == "divisor" and known[str(self.of)] % value:
            whole = known[str(self.of)]
            allowed = ", ".join(str(d) for d in range(1, whole + 1) if whole % d == 0)
            raise self.refuse(f"must divide {whole}; choose one of {allowed}")
        return value

    def read(self, value: Any) -> Any:
        """The value in its own type, whatever its range."""
        if self.kind == "flag":
            if isinstance(value, (bool, np.bool_)):
                return bool(value)
            raise self.refuse("is either on or off: give true or false")
        if self.kind == "choice":
            return self._choose(value)
        if self.kind == "choices":
            return self._choose_several(value)
        if self.kind == "text":
            return self._match(value)
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
            raise self.refuse(f"must be a number; {_show(value)} was given")
        if isinstance(value, (float, np.floating)) and not math.isfinite(value):
            raise self.refuse("must be a finite number: not NaN, not infinity")
        if self.kind == "float":
            try:
                return float(value) + 0.0
            except OverflowError:
                raise self.refuse("is too large for a number; choose a smaller one") from None
        if isinstance(value, (float, np.floating)) and not float(value).is_integer():
            raise self.refuse(f"must be a whole number; {_show(value)} was given")
        return int(value)

    def refuse(self, reason: str) -> InvalidParameter:
        """The error for this parameter: `Label (name) reason.`"""
        sentence = f"{self.label} ({self.name}) {reason}".rstrip(".")
        return InvalidParameter(self.name, f"{sentence}.")

    def _choose(self, value: Any) -> str | int:
        for choice in self.choices:
            if not isinstance(value, bool) and str(choice.value) == str(value):
                return choice.value
        allowed = ", ".join(str(choice.value) for choice in self.choices)
        raise self.refuse(f"must be one of {allowed}; {_show(value)} was given")

    def _choose_several(self, value: Any) -> tuple[str | int, ...]:
        names = [n for n in value.split(",") if n.strip()] if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)):
            raise self.refuse("must be a list of names separated by commas")
        wanted = {self._choose(name.strip() if isinstance(name, str) else name) for name in names}
        if not wanted:
            raise self.refuse("needs at least one of its choices")
        return tuple(c.value for c in self.choices if c.value in wanted)

    def _match(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise self.refuse(f"must be a text of at most {LONGEST_TEXT} characters")
        if value and self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            raise self.refuse(f"cannot be read: {self.note}")
        return value


class Output(NamedTuple):
    """One result of a page: float, int, flag, text, vector or matrix.

    `digits` is how many significant digits are shown; with `percent` a share is shown as so many
    hundredths, and its value stays the share. A hidden output is for drawing only. With
    `shown_when`, as for a parameter, the output is given at those settings alone.
    """

    name: str
    label: str
    kind: str
    unit: str = ""
    digits: int = 4
    note: str = ""
    hidden: bool = False
    shown_when: Condition = None
    percent: bool = False

    def as_json(self) -> dict[str, Any]:
        """The declaration as plain data."""
        entry: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "unit": self.unit,
            "digits": self.digits,
            "note": self.note,
            "hidden": self.hidden,
        }
        if self.percent:
            entry["percent"] = True
        if self.shown_when is not None:
            entry["shown_when"] = self.shown_when
        return entry


def drawn(name: str, kind: str, note: str, shown_when: Condition = None) -> Output:
    """An output that is drawn and exported, and not listed beside the figure."""
    label = name.replace("_", " ").capitalize()
    return Output(name, label, kind, note=note, hidden=True, shown_when=shown_when)


def holds(condition: Condition, known: Mapping[str, Any]) -> bool:
    """Whether something with this condition is shown; of a set, one value on the list is enough."""
    for name, allowed in (condition or {}).items():
        values = known[name] if isinstance(known[name], tuple) else (known[name],)
        if not any(value in allowed for value in values):
            return False
    return True


def validate(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter with an allowed value, in the order of declaration.

    A missing one takes its default, fitted to the others. One that is given but not in force
    (its control is hidden) is fitted too; one in force must be allowed as it is.
    Raises `InvalidParameter`.
    """
    unknown = set(given).difference(p.name for p in parameters)
    if unknown:
        name = min(str(each) for each in unknown)
        names = ", ".join(p.name for p in parameters)
        raise InvalidParameter(name, f"{name[:40]} is not a parameter here; they are {names}.")
    known: dict[str, Any] = {}
    for p in parameters:
        if p.name not in given:
            known[p.name] = p.usual(known)
        elif p.in_force(known):
            known[p.name] = p.check(given[p.name], known)
        else:
            known[p.name] = p.fit(p.read(given[p.name]), known)
    return known


def validated(
    parameters: Sequence[Parameter],
) -> Callable[[Callable[..., Outputs]], Callable[..., Outputs]]:
    """Lets a page function be called with any of its parameters; all of them are checked first."""

    def wrap(function: Callable[..., Outputs]) -> Callable[..., Outputs]:
        @functools.wraps(function)
        def checked(**given: Any) -> Outputs:
            return function(**validate(parameters, given))

        return checked

    return wrap


class Page(NamedTuple):
    """One page: what it takes, what it gives, and the pure function between.

    `live`: the settings of the page's live run, where it has one.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    compute: Callable[..., Outputs]
    live: tuple[Parameter, ...] = ()

    def validate(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See `validate`."""
        return validate(self.parameters, given)

    def outputs_at(self, known: Mapping[str, Any]) -> list[Output]:
        """The outputs that are given at these settings."""
        return [output for output in self.outputs if holds(output.shown_when, known)]

    def defaults(self) -> dict[str, Any]:
        """The settings of a page that has just been opened."""
        return validate(self.parameters, {})

    def audit(self, given: Mapping[str, Any]) -> Outputs:
        """Per output, the largest difference to an independent route, and that route's name."""
        from importlib import import_module

        known = self.validate(given)
        module = import_module(f"explorer.audits.{self.name}")
        differences: Outputs = module.audit(known, self.compute(**known))
        return differences

    def as_json(self) -> dict[str, Any]:
        """What JavaScript needs to build the controls and to check a value as Python does."""
        entry: dict[str, Any] = {
            "schema": 1,
            "page": self.name,
            "title": self.title,
            "parameters": [p.as_json() for p in self.parameters],
            "outputs": [o.as_json() for o in self.outputs],
            "defaults": plain(self.defaults()),
        }
        if self.live:
            entry["live"] = {
                "parameters": [p.as_json() for p in self.live],
                "defaults": plain(validate(self.live, {})),
            }
        return entry


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON carries them: tensors as {shape, values}, non-finite numbers as words."""
    return {name: _plain(value) for name, value in values.items()}


def nearest_divisor(value: int, whole: int) -> int:
    """The divisor of `whole` nearest to `value`; ties go down, as in HF PEFT."""
    divisors = (each for each in range(1, whole + 1) if whole % each == 0)
    return min(divisors, key=lambda each: (abs(each - value), each))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        flat = [_plain(float(number)) for number in value.ravel()]
        return {"shape": list(value.shape), "values": flat}
    if isinstance(value, tuple):
        return ",".join(str(each) for each in value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value


def _resolve(bound: Bound, known: Mapping[str, Any]) -> float | None:
    if isinstance(bound, list):
        return float(min(known[name] for name in bound))
    if isinstance(bound, Mapping):
        return _resolve(bound["values"][str(known[bound["by"]])], known)
    return bound


def _range(low: float, high: float, unit: str) -> str:
    suffix = unit if unit in ("", "°", "%") else f" {unit}"
    if low == high:
        return f"{_show(low)}{suffix} here"
    return f"from {_show(low)} to {_show(high)}{suffix}"


def _show(value: Any) -> str:
    """A short form of anything at all; never the whole of a hostile text."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a number of more than 18 digits"
    if isinstance(value, (float, np.number)):
        return f"{float(value):.15g}"
    if isinstance(value, str):
        return f"“{value[:40]}”" if value else "nothing"
    return "something that is neither a number nor a text"
