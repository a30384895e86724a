"""The same calls in this Python and in the browser's: equal to 1e-12, on every tier.

The two share the sources of py/ and of NumPy, but not the linear algebra library, the C library's
functions or the order of sums, so equality to the last bit cannot be had. Numbers are compared
relative to the largest number of their output, and absolutely below 1: a residual such as an
orthogonality error is itself rounding, of a computation with numbers near 1.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from explorer import surface
from explorer.declare import Page, Parameter
from tests.kernel.driver import Run, built_tiers, started

TIERS = ("stock", "fast", "snapshot")
TOLERANCE = 1e-12
SAMPLES = 6
LARGEST = 48
"""Sizes are drawn up to this, so that a sample takes milliseconds in the browser too."""

COMPUTE = """
const [page, settings] = given;
const plain = ({shape, values}) => ({shape, values: Array.from(values)});
const found = [];
for (const parameters of settings) {
  const {outputs} = await kernel.call('compute', {page, parameters});
  found.push(Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value?.values ? plain(value) : value])));
}
return found;
"""


@pytest.fixture(scope="module", params=TIERS)
def tier(
    request: pytest.FixtureRequest, browser: Browser, browser_context_args: dict[str, Any], site_folder: Path
) -> Iterator[Run]:
    """A page whose Python was started this way."""
    if request.param not in built_tiers(site_folder):
        pytest.skip(f"this build has no tier {request.param}")
    context = browser.new_context(**browser_context_args)
    run = started(context, f"index.html?tier={request.param}")
    assert run("return kernel.status.tier;") == request.param
    yield run
    context.close()


def draw(parameter: Parameter, known: dict[str, Any], source: random.Random) -> Any:
    """A value of a parameter that its declaration allows."""
    if parameter.kind == "flag":
        return source.random() < 0.5
    if parameter.kind == "choice":
        return source.choice([choice.value for choice in parameter.choices])
    if parameter.kind in ("choices", "text"):
        return parameter.usual(known)
    low, high = parameter.limits(known)
    if parameter.kind == "divisor":
        return source.choice([n for n in range(1, int(high) + 1) if int(high) % n == 0])
    if parameter.kind == "float":
        return source.uniform(low, high)
    return source.randint(int(low), int(min(high, max(low, LARGEST))))


def settings(page: Page) -> list[dict[str, Any]]:
    """The defaults, and some settings that nobody chose."""
    source = random.Random(page.name)
    found: list[dict[str, Any]] = [{}]
    for _ in range(SAMPLES):
        known: dict[str, Any] = {}
        for parameter in page.parameters:
            known[parameter.name] = draw(parameter, known, source)
        found.append(page.validate(known))
    return found


def difference(ours: Any, theirs: Any) -> float:
    """The largest difference, relative to the largest number but at least 1; infinite where the kinds differ."""
    if isinstance(ours, str) or isinstance(theirs, str) or isinstance(ours, (bool, np.bool_)):
        return 0.0 if ours == theirs and isinstance(theirs, (str, bool)) else float("inf")
    if isinstance(theirs, dict):
        if list(np.shape(ours)) != theirs["shape"]:
            return float("inf")
        theirs = theirs["values"]
    mine, other = np.asarray(ours, float).reshape(-1), np.asarray(theirs, float).reshape(-1)
    if mine.shape != other.shape or not np.array_equal(np.isfinite(mine), np.isfinite(other)):
        return float("inf")
    finite = np.isfinite(mine)
    if not np.array_equal(mine[~finite], other[~finite], equal_nan=True):
        return float("inf")
    scale = max(1.0, float(np.abs(mine[finite]).max(initial=0.0)))
    return float(np.abs(mine[finite] - other[finite]).max(initial=0.0)) / scale


@pytest.mark.parametrize("name", surface.PAGES)
def test_pages_compute_the_same(tier: Run, name: str) -> None:
    page = surface.find(name)
    asked = settings(page)
    theirs = tier(COMPUTE, name, asked)
    wrong = []
    for parameters, answer in zip(asked, theirs, strict=True):
        ours = page.compute(**parameters)
        assert list(answer) == list(ours)
        for output, value in ours.items():
            found = difference(value, answer[output])
            if found > TOLERANCE:
                wrong.append(f"{output} differs by {found:.1e} at {parameters}")
    assert not wrong, "\n".join(wrong)
