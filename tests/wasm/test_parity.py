"""Whichever way Python was started, it is the same Python: results to the bit, library, documentation.

With the Python that runs the tests it shares the sources of py/ and of NumPy, but not the linear
algebra library, the C library's functions or the order of sums, so equality to the last bit cannot be
had, but to 1e-12. Numbers are compared relative to the largest number of their output, and absolutely
below 1: a residual such as an orthogonality error is itself rounding, of a computation with numbers near 1.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from builder import runtime_lean
from builder.runtime_pack import module_name
from explorer import surface
from explorer.declare import Page, Parameter
from tests.kernel.driver import Run, built_tiers, started

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


@pytest.fixture(scope="module")
def starts(browser: Browser, browser_context_args: dict[str, Any], site_folder: Path) -> Iterator[dict[str, Run]]:
    """One page for each tier of the build, whose Python was started this way."""
    contexts = []
    runs = {}
    for tier in built_tiers(site_folder):
        contexts.append(browser.new_context(**browser_context_args))
        runs[tier] = started(contexts[-1], f"index.html?tier={tier}")
        assert runs[tier]("return kernel.status.tier;") == tier
    yield runs
    for context in contexts:
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


def same(found: dict[str, Any]) -> None:
    """Every tier gave what stock Pyodide gave."""
    stock = found.pop("stock")
    for tier, result in found.items():
        assert result == stock, tier


def test_the_build_has_every_tier(starts: dict[str, Run]) -> None:
    assert set(starts) == {"stock", "fast", "snapshot"}


@pytest.mark.parametrize("name", surface.PAGES)
def test_pages_compute_the_same(starts: dict[str, Run], name: str) -> None:
    """To the bit on every tier, and as here to the tolerance."""
    page = surface.find(name)
    asked = settings(page)
    theirs = {tier: run(COMPUTE, name, asked) for tier, run in starts.items()}
    wrong = []
    for parameters, answer in zip(asked, theirs["stock"], strict=True):
        ours = page.compute(**parameters)
        assert list(answer) == list(ours)
        for output, value in ours.items():
            found = difference(value, answer[output])
            if found > TOLERANCE:
                wrong.append(f"{output} differs by {found:.1e} at {parameters}")
    assert not wrong, "\n".join(wrong)
    same(theirs)


def test_every_module_of_the_library_is_there(starts: dict[str, Run]) -> None:
    code = """
import sys, importlib.util, pkgutil, numpy
names = [name for name in sorted(sys.stdlib_module_names) if importlib.util.find_spec(name)]
names += sorted(module.name for module in pkgutil.walk_packages(numpy.__path__, "numpy.", onerror=lambda name: None))
for start in range(0, len(names), 200): print(" ".join(names[start:start + 200]))
"""
    found = {tier: run("return say(given[0]);", code) for tier, run in starts.items()}
    assert len(found["stock"].split()) > 400
    same(found)


def test_what_a_start_goes_without_is_whole_when_asked_for(starts: dict[str, Run]) -> None:
    """Each module has every name, and Pyodide's changes of it stay."""
    modules = sorted(module_name(f"{path}c") for path in runtime_lean.sources())
    code = f"""
import asyncio, importlib, logging, pickle, signal, socket, traceback, zlib, _colorize
for name in {modules}:
    names = [other for other in dir(importlib.import_module(name)) if not other.startswith("__")]
    print(name, len(names), zlib.crc32(" ".join(names).encode()))
print(asyncio.run.__wrapped__ is asyncio.runners.run, isinstance(asyncio.get_running_loop(), asyncio.AbstractEventLoop))
print(signal.SIGINT.name, socket.AF_INET.name, logging.getLevelName(10), pickle.loads(pickle.dumps([1, "tea"])))
print(repr(_colorize.get_theme(force_color=True).traceback.type), repr(_colorize.get_theme().traceback.type))
try:
    1 / 0
except ZeroDivisionError as error:
    print(traceback.format_exception_only(error), traceback.format_exception_only(error, colorize=True))
"""
    found = {tier: run("return say(given[0]);", code).splitlines() for tier, run in starts.items()}
    assert "ZeroDivisionError" in found["stock"][-1]
    same(found)


@pytest.mark.parametrize(
    "module",
    [
        "numpy",
        "numpy.linalg",
        "numpy.random",
        "numpy.fft",
        "numpy.ma",
        "numpy.polynomial",
        "json",
        "inspect",
        "dataclasses",
        "random",
    ],
)
def test_documentation_is_complete(starts: dict[str, Run], module: str) -> None:
    code = f"""
import importlib, zlib
def documented(value):
    yield getattr(value, "__doc__", None)
    if isinstance(value, type):
        for name, inner in sorted(vars(value).items()):
            if callable(inner): yield name + (getattr(inner, "__doc__", None) or "")
module = importlib.import_module("{module}")
for name, value in sorted(vars(module).items()):
    if not name.startswith("_") and type(value).__name__ != "module":
        text = chr(10).join(filter(None, documented(value)))
        print(name, len(text), zlib.crc32(text.encode()))
"""
    found = {tier: run("return say(given[0]);", code).splitlines() for tier, run in starts.items()}
    assert len(found["stock"]) > 5
    same(found)


@pytest.mark.parametrize("package", ["scipy", "matplotlib"])
def test_packages_load_with_progress(starts: dict[str, Run], package: str) -> None:
    for tier, run in starts.items():
        seen = run(
            """
            const [feature] = given;
            const seen = [];
            const note = (status) => { if (status.feature === feature) seen.push([status.state, status.loaded, status.total]); };
            const forget = kernel.onStatus(note);
            await kernel.load(feature);
            forget();
            await kernel.load(feature);
            return {seen, after: [kernel.status.state, kernel.status.feature]};
            """,
            package,
        )
        assert seen["after"] == ["ready", ""], tier
        assert seen["seen"], tier
        assert all(state == "ready" and loaded <= total for state, loaded, total in seen["seen"]), tier
        assert seen["seen"][-1][2] > 5_000_000, tier
        assert package in run("return say(given[0]);", f"import {package}; print({package}.__name__)"), tier


def test_chance_is_new_in_every_worker(starts: dict[str, Run]) -> None:
    code = "import random, numpy; print(random.random(), numpy.random.rand(), numpy.random.default_rng().random())"
    for tier, run in starts.items():
        first = run("return say(given[0]);", code).split()
        run("await kernel.stop();")
        second = run("return say(given[0]);", code).split()
        assert len(first) == 3, (tier, first)
        assert not set(first) & set(second), tier
