"""Predict, then look; three challenges a page: judged by what Python computes, never by what is stored."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.site.documents import document
from tests.site.driver import PAGES, Reader, frames, revision, set_value, wait_rested, wait_revision
from tests.site.test_state import ELSEWHERE

every_page = pytest.mark.parametrize("name", PAGES)

# For each challenge a state that meets it. None is met where the page opens.
MET: dict[str, dict[str, dict[str, Any]]] = {
    "rotation": {
        "mirror": {"reflect": True},
        "area": {"shear": 1.5},
        "coincidence": {"scale": 1.45, "shear": -0.1},
    },
    "orthogonal": {
        "reflection": {"n": 5, "seed": 0},
        "pardoned": {"edits": "0:0:9", "pardon": True},
        "series": {"method": "neumann", "strength": 0.5, "terms": 6},
    },
    "energy": {
        "loud-lora": {"features": 3, "neurons": 20, "rank": 1, "strength": 1.2},
        "quiet-random": {"features": 128, "neurons": 200, "strength": 0.8},
        "two-measures": {"measure": "mean_abs_cosine"},
    },
    "svd": {
        "most-with-fewest": {"rank": 4},
        "noise": {"source": "random", "rank": 20},
        "more-than-full": {"source": "random", "rank": 3},
    },
    "projection": {
        "all-lost": {"gx": 1.5, "gy": 0.75},
        "untouched": {"gx": -0.5, "gy": 1},
        "adam": {"mode": "matrix", "size": 8, "rank": 3, "optimizer": "adam"},
    },
    "parameters": {
        "oft-below-lora": {"rank": 8, "block_size": 16},
        "osft-saves": {"in_features": 1024, "out_features": 1024, "preserved_rank": 1000},
        "over-full": {"rank": 256},
    },
    "training": {
        "still-learns": {"retained": "0.7"},
        "better": {"methods": "osft,replay"},
        "one-run": {"seed": "0"},
    },
}


def met(page: Page) -> set[str]:
    found: list[str] = page.locator("[data-challenge][data-met='yes']").evaluate_all(
        "nodes => nodes.map((node) => node.dataset.challenge)"
    )
    return set(found)


@every_page
def test_challenges(reader: Reader, name: str) -> None:
    reader.open(name)
    panel = reader.panel("challenges")
    assert panel.locator("[data-challenge]").evaluate_all("nodes => nodes.map((node) => node.dataset.challenge)") == list(
        MET[name]
    )
    panel.get_by_role("button", name="Remove this record").click()
    painted = revision(reader.page)
    reader.page.locator("[data-action='reset']").click()
    wait_revision(reader.page, painted)
    assert met(reader.page) == set(), "A challenge that is met where the page opens asks for nothing."
    done: set[str] = set()
    for challenge, settings in MET[name].items():
        reader.open(name, **settings)
        reader.panel("challenges")
        done.add(challenge)
        assert met(reader.page) == done
    expect(panel.locator(".challenge-tally")).to_contain_text("3 of 3 met")
    hint = panel.locator("details").first
    expect(hint.locator("p")).to_be_hidden()
    hint.locator("summary").click()
    expect(hint.locator("p")).to_be_visible()
    panel.get_by_role("button", name="Remove this record").click()
    assert met(reader.page) == set()


def test_a_challenge_is_met_while_the_reader_moves(reader: Reader) -> None:
    reader.open("rotation")
    reader.panel("challenges").get_by_role("button", name="Remove this record").click()
    set_value(reader.page, "reflect", True)
    assert met(reader.page) == {"mirror"}
    set_value(reader.page, "reflect", False)
    assert met(reader.page) == {"mirror"}
    reader.page.locator("[data-panel='challenges']").get_by_role("button", name="Remove this record").click()


def test_a_challenge_is_met_before_the_reader_has_come_to_it(reader: Reader) -> None:
    reader.open("rotation")
    panel = reader.page.locator("[data-panel='challenges'][data-mounted]")
    panel.get_by_role("button", name="Remove this record").evaluate("button => button.click()")
    reader.page.evaluate("() => scrollTo(0, 0)")
    set_value(reader.page, "reflect", True)
    set_value(reader.page, "reflect", False)
    assert reader.page.evaluate("() => scrollY") < 600
    assert met(reader.page) == {"mirror"}
    reader.panel("challenges").get_by_role("button", name="Remove this record").click()


@every_page
def test_prediction(reader: Reader, name: str) -> None:
    """Whatever is answered, what is right is computed: exactly one of the answers."""
    reader.open(name)
    panel = reader.panel("predict")
    verdict = panel.locator(".predict-verdict")
    expect(verdict).to_be_hidden()
    opening = reader.state()
    right = []
    options = panel.locator(".predict-option label").all_text_contents()
    assert len(options) >= 3
    for option in options:
        panel.get_by_label(option, exact=True).check()
        panel.get_by_role("button", name="Compute it").click()
        expect(verdict).to_contain_text(re.compile(rf"You predicted (it\.|“{re.escape(option)}”)"))
        if verdict.get_attribute("data-right") == "yes":
            right.append(option)
            continue
        expect(verdict).to_have_attribute("data-right", "no")
    assert len(right) == 1
    # The figure shows what decided, which it did not when the page was opened, and the sentence its numbers.
    assert reader.state() != opening
    assert re.search(r"\d", verdict.text_content() or "")


@every_page
def test_the_figure_beside_the_answer_is_the_one_that_was_judged(reader: Reader, name: str) -> None:
    """From wherever the reader asks: what the question does not name is as at the opening."""
    shown = []
    for settings in ({}, ELSEWHERE[name]):
        reader.open(name, **settings)
        panel = reader.panel("predict")
        panel.get_by_role("radio").first.check()
        panel.get_by_role("button", name="Compute it").click()
        expect(panel.locator(".predict-verdict")).to_contain_text("You predicted")
        wait_rested(reader.page)
        shown.append(reader.state())
    assert shown[0] == shown[1]


def test_an_answer_that_comes_late_leaves_the_next_page_alone(page: Page) -> None:
    held: list[Route] = []
    page.route("**/generated/runtime/**", lambda route: held.append(route))
    page.goto("rotation.html?nosw=1")
    panel = page.locator("[data-panel='predict']")
    panel.get_by_label("It grows").check()
    panel.get_by_role("button", name="Compute it").click()
    expect(panel.locator(".predict-verdict")).to_have_text("Computing …")
    reader = Reader(page)
    reader.follow("svd.html")
    page.route("**/generated/runtime/**", lambda route: route.continue_())
    for route in held:
        route.continue_()
    reader.wait_live("svd")
    page.evaluate("() => window.osft.kernel.call('compute', {page: 'svd', parameters: {}})")  # it comes after the late one
    frames(page, 2)
    expect(page).to_have_url(re.compile(r"/svd\.html$"))


@every_page
def test_the_question_comes_before_the_text_that_answers_it(name: str) -> None:
    (story,) = document(f"{name}.html").all("article")
    sections = list(story.all("section"))
    assert sections[0]["data-panel"] == "predict"
    assert sections[1]["id"] == "notice"


def test_nothing_is_revealed_before_an_answer(page: Page) -> None:
    page.route("**/generated/runtime/**", lambda route: None)
    page.goto("rotation.html?nosw=1")
    panel = page.locator("[data-panel='predict']")
    panel.scroll_into_view_if_needed()
    button = panel.get_by_role("button", name="Compute it")
    expect(button).to_be_disabled()
    expect(panel.locator(".predict-verdict")).to_be_hidden()
    panel.get_by_label("It grows").check()
    expect(button).to_be_enabled()
    # The answer is kept on the reader's machine, and is still only an answer.
    page.reload()
    panel.scroll_into_view_if_needed()
    expect(panel.get_by_label("It grows")).to_be_checked()
    expect(panel.locator(".predict-verdict")).to_be_hidden()
