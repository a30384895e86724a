"""Every page comes alive: a true figure at once, Python's answer in its place, every control answered."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.site.driver import EXPLORER, PAGES, Reader, output, outputs, revision, set_value, wait_live, wait_revision

SITE = Path(__file__).resolve().parents[2] / "osft-web"

# For each page: a control, the value it is given, and an output that must then differ from before.
CHANGES = [
    ("rotation", "angle", 137, "determinant", False),
    ("rotation", "points", 7, "distance_original", False),
    ("rotation", "shear", 1.5, "angle_error", True),
    ("rotation", "scale", 2, "determinant", True),
    ("rotation", "reflect", True, "determinant", True),
    ("rotation", "seed", 7, "distance_original", True),
    ("orthogonal", "n", 9, "orthogonality_error", True),
    ("orthogonal", "method", "neumann", "is_orthogonal", True),
    ("orthogonal", "seed", 3, "orthogonality_error", True),
    ("energy", "neurons", 12, "original_energy", True),
    ("energy", "features", 3, "original_energy", True),
    ("energy", "strength", 0.9, "lora_change", True),
    ("energy", "rank", 1, "lora_change", True),
    ("energy", "measure", "mean_abs_cosine", "original_energy", True),
    ("energy", "s", 2, "original_energy", True),
    ("energy", "side", "output", "oft_verdict", True),
    ("energy", "draws", 3, "random_change", True),
    ("energy", "seed", 5, "original_energy", True),
    ("svd", "source", "random", "full_parameters", True),
    ("svd", "rank", 4, "energy_kept", True),
    ("svd", "scale", "log", "energy_kept", False),
    ("svd", "seed", 9, "energy_kept", True),
    ("projection", "gx", -1.5, "reduction", True),
    ("projection", "gy", -0.25, "safe_x", True),
    ("projection", "cx", -0.5, "reduction", True),
    ("projection", "cy", 1.75, "projection_y", True),
    ("parameters", "in_features", 768, "oft", True),
    ("parameters", "out_features", 768, "lora", True),
    ("parameters", "rank", 4, "lora", True),
    ("parameters", "block_size", 64, "oft", True),
    ("parameters", "preserved_rank", 200, "osft", True),
    ("parameters", "model", "llama-2-7b", "full", True),
]


@pytest.mark.parametrize("name", PAGES)
def test_a_true_figure_at_once_and_python_s_in_its_place(page: Page, name: str) -> None:
    held: list[Route] = []
    page.route("**/generated/runtime/**", lambda route: held.append(route))
    page.goto(f"{name}.html")
    explorer = page.locator(EXPLORER)
    assert explorer.get_attribute("data-page") == name
    page.locator(".outputs output[data-value], .outputs-table output[data-value]").first.wait_for(state="attached")
    assert explorer.get_attribute("data-source") == "precomputed"
    shipped = json.loads((SITE / "data" / f"{name}.json").read_text(encoding="utf-8"))["result"]
    for key, shown in outputs(page).items():
        assert _same(shown, shipped[key]), key

    page.route("**/generated/runtime/**", lambda route: route.continue_())
    for route in held:
        route.continue_()
    page.evaluate("() => window.osft.ready")
    wait_live(page)
    assert revision(page) >= 1
    assert (page.locator(".summary").text_content() or "").strip()
    assert page.locator(".stage svg").count() >= 1


def _same(shown: Any, shipped: Any) -> bool:
    if isinstance(shipped, dict):
        return bool(shown == shipped["values"])
    return bool(shown == shipped)


@pytest.mark.parametrize("name", PAGES)
def test_every_control_changes_the_outputs(reader: Reader, name: str) -> None:
    reader.open(name)
    page = reader.page
    for _, control, value, result, differs in (change for change in CHANGES if change[0] == name):
        before = output(page, result)
        set_value(page, control, value)
        after = output(page, result)
        assert (_text(after) != _text(before)) is differs, f"{control} = {value}: {result} went from {before} to {after}"
        expect(page).to_have_url(re.compile(rf"[?&]{control}="))
        earlier = revision(page)
        page.locator("[data-action='reset']").click()
        wait_revision(page, earlier)


def _text(value: Any) -> str:
    """Rounding apart: the determinant of a rotation is 1 at every angle."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("name", PAGES)
def test_reset_returns_to_the_defaults(reader: Reader, name: str) -> None:
    reader.open(name)
    page = reader.page
    start = outputs(page)
    control = page.locator(".controls .slider:visible").first
    if control.count():
        before = revision(page)
        control.press("ArrowRight")
        wait_revision(page, before)
    before = revision(page)
    page.locator("[data-action='reset']").click()
    wait_revision(page, before)
    assert outputs(page) == start
