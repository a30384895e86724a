"""Hypothesis strategies made from the declarations. Used by the tests of this folder."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from explorer.declare import Page, Parameter

# Sizes at which one answer takes milliseconds; the tests of the pages try the limits one by one.
MODERATE = {
    "rotation": {"points": 60},
    "orthogonal": {"n": 12, "rotations": 20, "reflections": 12},
    "energy": {"neurons": 24, "features": 40, "draws": 6},
    "projection": {"size": 7, "steps": 12},
}
EDITS = st.lists(st.tuples(st.integers(0, 63), st.integers(0, 63), st.integers(-4000, 4000)), max_size=4).map(
    lambda cells: ",".join(f"{row}:{column}:{value / 4:g}" for row, column, value in cells)
)

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-(10**30), 10**30),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["1e400", "__class__", "0x10", "１２", "١", "\x00", "a" * 5000, -0.0, 1e308, 5e-324]),
)


@st.composite
def settings_of(draw: st.DrawFn, page: Page) -> dict[str, Any]:
    """A full and valid state of a page, of moderate size."""
    known: dict[str, Any] = {}
    for parameter in page.parameters:
        known[parameter.name] = draw(_values(page, parameter, known))
    return known


def _values(page: Page, parameter: Parameter, known: dict[str, Any]) -> st.SearchStrategy[Any]:
    if parameter.kind == "flag":
        return st.booleans()
    if parameter.kind == "choice":
        return st.sampled_from([choice.value for choice in parameter.choices])
    if parameter.kind == "choices":
        return st.lists(st.sampled_from([c.value for c in parameter.choices]), min_size=1, unique=True)
    if parameter.kind == "text":
        return EDITS
    low, high = parameter.limits(known)
    high = min(high, max(low, MODERATE.get(page.name, {}).get(parameter.name, high)))
    if parameter.kind == "float":
        return st.floats(low, high)
    if parameter.kind == "divisor":
        whole = known[str(parameter.of)]
        return st.sampled_from([d for d in range(1, whole + 1) if whole % d == 0])
    return st.integers(int(low), int(high))
