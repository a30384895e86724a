"""The whole state is in the address: a link brings it back exactly; reset, seed, and the buttons that belong to a page."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.site.documents import data
from tests.site.driver import PAGES, Reader, outputs, revision, set_value, wait_revision

ELSEWHERE: dict[str, dict[str, Any]] = {
    "rotation": {"angle": 211.5, "points": 33, "shear": -0.75, "scale": 1.7, "reflect": True, "seed": 9},
    "orthogonal": {"n": 6, "method": "block", "block": 3, "seed": 5, "edits": "0:1:0.25,2:2:-1"},
    "energy": {"neurons": 40, "features": 12, "strength": 0.45, "rank": 3, "s": 2, "side": "output", "draws": 7, "seed": 11},
    "svd": {"source": "random", "rank": 9, "scale": "log", "seed": 3},
    "projection": {"mode": "matrix", "size": 6, "rank": 2, "optimizer": "adam", "steps": 4, "seed": 8},
    "parameters": {"in_features": 3072, "out_features": 768, "rank": 8, "block_size": 48, "preserved_rank": 300},
    "training": {"methods": "lora,osft,gpm", "metric": "forgetting", "retained": "0.7", "step": 230, "seed": "3"},
}
every_page = pytest.mark.parametrize("name", PAGES)
SEEDED = [name for name in PAGES if any(each["kind"] == "seed" for each in data(name)["parameters"])]


@every_page
def test_a_copied_link_brings_the_whole_state_back(reader: Reader, name: str) -> None:
    reader.open(name)
    before = outputs(reader.page)
    reader.open(name, **ELSEWHERE[name])
    there, numbers = reader.state(), outputs(reader.page)
    assert numbers != before
    reader.panel("take").locator("[data-action='copy-link']").click()
    expect(reader.page.locator(".take-state")).to_contain_text("clipboard")
    link = urlsplit(reader.page.evaluate("() => navigator.clipboard.readText()"))
    query = parse_qs(link.query, keep_blank_values=True)
    # Every parameter is in it, also those at their defaults: a default may change, the link must not.
    assert set(query) == {parameter["name"] for parameter in data(name)["parameters"]}
    reader.open("rotation", angle=1)
    reader.follow(f"{link.path.rsplit('/', 1)[-1]}?{link.query}")
    reader.wait_live(name)
    assert reader.state() == there
    assert outputs(reader.page) == numbers


@every_page
def test_the_address_follows_and_reset_empties_it(reader: Reader, name: str) -> None:
    reader.open(name)
    start, numbers = reader.state(), outputs(reader.page)
    reader.open(name, **ELSEWHERE[name])
    for key in ELSEWHERE[name]:
        expect(reader.page).to_have_url(re.compile(rf"[?&]{key}="))
    painted = revision(reader.page)
    reader.page.locator("[data-action='reset']").click()
    wait_revision(reader.page, painted)
    expect(reader.page).to_have_url(re.compile(rf"{name}\.html$"))
    assert reader.state() == start
    assert outputs(reader.page) == numbers


def test_the_opening_s_number_is_kept_where_the_default_is_another(reader: Reader) -> None:
    """A default that follows other parameters is another when they are: what the opening had must then be in the address."""
    reader.open("parameters")
    opening = reader.state()["preserved_rank"]
    set_value(reader.page, "out_features", 512)
    assert reader.state()["preserved_rank"] != opening
    expect(reader.page).to_have_url(re.compile(r"\?out_features=512$"))
    set_value(reader.page, "preserved_rank", opening)
    expect(reader.page).to_have_url(re.compile(rf"\?out_features=512&preserved_rank={opening}$"))
    painted = revision(reader.page)
    reader.page.locator("[data-action='reset']").click()
    wait_revision(reader.page, painted)
    expect(reader.page).to_have_url(re.compile(r"parameters\.html$"))


@every_page
def test_back_and_forward(reader: Reader, name: str) -> None:
    reader.open(name, **ELSEWHERE[name])
    there = reader.state()
    reader.open("rotation" if name != "rotation" else "svd")
    reader.page.go_back()
    reader.wait_live(name)
    assert reader.state() == there


@pytest.mark.parametrize("name", SEEDED)
def test_the_seed_is_shown_shared_and_followed_by_the_next(reader: Reader, name: str) -> None:
    shown = {"projection": {"mode": "matrix", "size": 6}}.get(name, {})
    reader.open(name, **shown)
    seed = int(reader.state()["seed"])
    painted, numbers = revision(reader.page), outputs(reader.page)
    reader.page.locator(".explorer .control-seed button").click()
    wait_revision(reader.page, painted)
    assert reader.state()["seed"] == str(seed + 1)
    expect(reader.page).to_have_url(re.compile(rf"seed={seed + 1}\b"))
    assert outputs(reader.page) != numbers
    set_value(reader.page, "seed", seed)
    assert outputs(reader.page) == numbers


ACTIONS = [
    ("orthogonal", "shuffle", {"edits": "0:0:2"}, {"seed": "1", "edits": ""}),
    ("orthogonal", "pardon", {"edits": "0:0:2"}, {"pardon": True}),
    ("energy", "sphere", {}, {"features": "3"}),
    ("energy", "other-side", {}, {"side": "output"}),
    ("svd", "regenerate", {}, {"seed": "1"}),
]


@pytest.mark.parametrize(("name", "action", "before", "after"), ACTIONS)
def test_a_page_s_own_buttons(reader: Reader, name: str, action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    reader.open(name, **before)
    painted = revision(reader.page)
    button = reader.page.locator(f"[data-action='{action}']")
    button.click()
    wait_revision(reader.page, painted)
    state = reader.state()
    assert {key: state[key] for key in after} == after
    if action == "pardon":
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(reader.page.locator("output[name='is_orthogonal']")).to_have_attribute("data-value", "true")


def test_the_figure_says_that_it_waits(reader: Reader) -> None:
    """Before Python is ready a link's settings are in the controls, and the figure says that it shows others."""
    page = reader.page.context.new_page()
    page.route("**/generated/runtime/**", lambda route: None)
    page.goto("rotation.html?angle=200&nosw=1")
    expect(page.locator(".summary")).to_contain_text("The figure shows the opening settings until Python is ready.")
    expect(page.locator(".controls [name='angle']")).to_have_value("200")
    page.goto("rotation.html?nosw=1")
    expect(page.locator(".summary")).to_contain_text("Turned by 45 degrees")
    expect(page.locator(".summary")).not_to_contain_text("until Python is ready")
    page.close()
