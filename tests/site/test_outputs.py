"""Every promised output is on its page, in full precision; and "Check it" finds the same numbers by another route."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.site.documents import data
from tests.site.driver import PAGES, PATIENCE, Reader, outputs
from tests.site.test_state import ELSEWHERE

METHODS = ("full", "lora", "dora", "oft", "oft_shared", "boft", "osft", "vera", "osft_directions", "oft_seed")
UPDATES = ("original", "oft", "random", "lora")
FORMS = ("block", "two_sided", "factors")
RUNS = ("full", "lora", "oft", "osft")
PROMISED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "rotation": ({}, ["distance_original", "distance_transformed", "distance_preserved", "angle_error", "determinant",
                      "orthogonality_error", "is_orthogonal"]),
    "orthogonal": ({}, ["determinant", "orthogonality_error", "is_orthogonal", "norm_error", "angle_error", "preserves_norm",
                        "preserves_angles", "condition_number", "eigenvalues"]),
    "energy": ({}, [f"{name}_{what}" for name in UPDATES for what in ("energy", "change", "low", "high", "verdict")]),
    "svd": ({}, ["singular_values", "energy_kept", "reconstruction_error", "trainable_parameters", "independent_directions",
                 "full_parameters"]),
    "projection": ({}, ["projection_x", "projection_y", "safe_x", "safe_y", "reduction", "dot_with_critical"]),
    "projection, matrix": (
        {"mode": "matrix"},
        [f"{name}_{what}" for name in FORMS for what in ("norm", "left_leak", "right_leak")],
    ),
    "parameters": ({}, [*METHODS, *(f"{name}_{what}" for name in METHODS for what in ("percent", "memory"))]),
    "training": ({}, [f"{name}_{what}{end}" for name in RUNS for what in ("average_accuracy", "forgetting", "learning")
                      for end in ("", "_low", "_high")]),
}  # fmt: skip


MATRICES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "orthogonal": ({"n": 5, "method": "cayley"}, ["matrix", "gram"]),
    "orthogonal, drawn without numbers": ({"n": 40}, ["matrix", "gram"]),
    "svd": ({}, ["weights", "weights_high", "weights_low"]),
    "projection": (
        {"mode": "matrix", "size": 4},
        ["gradient_rotated", "block_rotated", "two_sided_rotated", "factors_rotated"],
    ),
}

CELLS = """(region) => [...region.querySelectorAll('tbody tr')].map((row) =>
  [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent.replace('−', '-'))))"""
ANSWER = """async ([page, parameters]) => {
  const {outputs} = await window.osft.kernel.call('compute', {page, parameters});
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) =>
    [name, value.values ? {shape: value.shape, values: Array.from(value.values)} : value]));
}"""


@pytest.mark.parametrize("case", MATRICES)
def test_heat_maps_are_tables_too(reader: Reader, case: str) -> None:
    """Every number of a heat map can be read, also where the map is drawn on a canvas without numbers."""
    settings, names = MATRICES[case]
    page = case.split(",")[0]
    reader.open(page, **settings)
    reader.page.get_by_text("The matrices as tables").click()
    answer = reader.page.evaluate(ANSWER, [page, settings])
    for name in names:
        region = reader.page.locator(f".matrices [data-matrix='{name}']")
        assert region.get_attribute("aria-label")
        known = answer[name]
        expect(region.locator("tbody tr")).to_have_count(known["shape"][0])
        shown = region.evaluate(CELLS)
        assert [len(shown), len(shown[0])] == known["shape"]
        assert [cell for row in shown for cell in row] == pytest.approx(known["values"], abs=5.1e-5)


def test_no_table_of_matrices_without_matrices(reader: Reader) -> None:
    reader.open("projection")
    expect(reader.page.locator(".matrices")).to_be_hidden()


@pytest.mark.parametrize("case", PROMISED)
def test_promised_outputs(reader: Reader, case: str) -> None:
    settings, names = PROMISED[case]
    page = case.split(",")[0]
    reader.open(page, **settings)
    kinds = {each["name"]: each["kind"] for each in data(page)["outputs"]}
    for name in names:
        shown = reader.page.locator(f".explorer output[name='{name}']")
        assert shown.count() == 1, name
        assert (shown.text_content() or "").strip(), name
        text = shown.get_attribute("data-value") or ""
        if kinds[name] == "flag":
            assert text in ("true", "false"), name
        elif kinds[name] in ("vector", "matrix"):
            assert all(isinstance(each, (int, float)) for each in json.loads(text)), name
        elif kinds[name] != "text":
            assert math.isfinite(float(text)), name
            digits = re.sub(r"^-?0*\.?0*|e.*$|[.-]", "", text)
            assert float(text).is_integer() or len(digits) == 17, f"{name}: {text} has {len(digits)} digits"


def numbers(value: Any) -> list[Any]:
    """A value of the data file or of a data-value, as a flat list."""
    if isinstance(value, dict):
        value = value["values"]
    return list(value) if isinstance(value, list) else [value]


@pytest.mark.parametrize(("seed", "bands"), [("mean", 1), ("3", 0)])
def test_a_single_run_is_promised_no_interval(reader: Reader, seed: str, bands: int) -> None:
    reader.open("training", seed=seed)
    curves = reader.page.locator(".stage [role='img'][aria-label*='against the training step']")
    expect(curves).to_have_count(1)
    assert (curves.get_attribute("aria-label") or "").count("with 95 % bands") == bands
    caption = reader.page.locator(".outputs-table caption").first
    expect(caption).to_have_text(re.compile("interval of the mean; a single run has none and stands three times$"))
    low, value, high = (
        reader.page.locator(f"output[name='osft_average_accuracy{end}']").get_attribute("data-value")
        for end in ("_low", "", "_high")
    )
    assert (low == value == high) is (bands == 0)


@pytest.mark.parametrize("name", PAGES)
def test_the_browser_s_python_computes_what_ships(reader: Reader, name: str) -> None:
    """CPython made the data file; here the same outputs come from Python in the browser."""
    reader.open(name)
    shipped = data(name)["result"]
    shown = outputs(reader.page)
    assert len(shown) >= 6
    for key, value in shown.items():
        if key.startswith("live_"):
            continue
        for here, there in zip(numbers(value), numbers(shipped[key]), strict=True):
            if isinstance(there, float):
                assert here == pytest.approx(there, rel=1e-9, abs=1e-12), key
            else:
                assert here == there, key


@pytest.mark.parametrize("name", PAGES)
def test_check_it(reader: Reader, name: str) -> None:
    for settings in ({}, ELSEWHERE[name]):
        reader.open(name, **settings)
        panel = reader.panel("audit")
        panel.locator("[data-action='audit']").click()
        expect(panel.locator(".audit-state")).to_contain_text("outputs recomputed", timeout=PATIENCE)
        rows = panel.locator("tbody tr")
        assert rows.count() >= 4
        for row in rows.all():
            label, route, difference = row.locator("th, td").all_text_contents()
            assert route.strip(), label
            value = float(row.locator("[data-value]").get_attribute("data-value") or "nan")
            assert value < 1e-9, f"{name}, {settings}, {label}: {difference}"
