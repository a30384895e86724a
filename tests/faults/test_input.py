"""What a reader or a link may give: fields, addresses, code in a link. F15, F16, F25, F26."""

from __future__ import annotations

import importlib
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.faults.conftest import Sabotage, notice
from tests.faults.hostile import VISIT, queries
from tests.site.driver import EXPLORER, PAGES, Reader, output, outputs, revision, wait_live, wait_rested, wait_revision

MARKUP = "<img src=x onerror=window.hit=1>"
HOSTILE = int(os.environ.get("OSFT_HOSTILE_URLS", "130"))
"""How many hostile addresses each page is given; more than these few only where each is to be answered."""


def declaration(site: Path, page: str) -> dict[str, Any]:
    """What the page's data says of its parameters."""
    found: dict[str, Any] = json.loads((site / "data" / f"{page}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", PAGES)
def test_hostile_addresses_never_reach_python(reader: Reader, own_site: Path, name: str) -> None:
    """F26: whatever the address says, what is asked for is declared, the page stays live, and nothing becomes markup."""
    reader.open(name)
    page = reader.page
    page.evaluate("() => { window.states = []; }")
    declared = importlib.import_module(f"explorer.{name}").PAGE
    hostile = list(queries(declaration(own_site, name)["parameters"], HOSTILE, seed=1))
    assert page.evaluate(VISIT, [name, hostile, False, HOSTILE > 130]) == []
    assert page.evaluate(VISIT, [name, hostile[:: max(1, HOSTILE // 12)], True, False]) == []
    states = page.evaluate("() => window.states")
    assert len(states) >= HOSTILE
    for state in states:
        declared.validate(state)
    # Still alive: the defaults are what they were.
    page.evaluate("() => { history.pushState(null, '', location.pathname); dispatchEvent(new PopStateEvent('popstate')); }")
    wait_rested(page)
    before = revision(page)
    page.locator("[data-action='reset']").click()
    wait_revision(page, before)
    shipped = declaration(own_site, name)["result"]
    for key, shown in outputs(page).items():
        if isinstance(shipped[key], (int, float)) and not isinstance(shipped[key], bool):
            assert shown == pytest.approx(shipped[key], rel=1e-9, abs=1e-9), key
    assert page.locator("#notices [role='alert']").count() == 0


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("rotation.html?angle=banana", True),
        ("rotation.html?points=1e99&seed=-1", True),
        (f"rotation.html?angle={quote(MARKUP)}", True),
        (f"orthogonal.html?edits={quote(MARKUP)}", True),
        (f"orthogonal.html?method={quote(MARKUP)}&n={quote(MARKUP)}", True),
        (f"training.html?methods={quote(MARKUP)}", True),
        (f"svd.html?{quote(MARKUP)}=1", True),
        ("rotation.html?__proto__=1&constructor=2", True),
        (f"rotation.html?theme={quote(MARKUP)}&hide={quote(MARKUP)}&embed={quote(MARKUP)}", False),
        ("rotation.html?tier=constructor", False),
        (f"rotation.html?tier={quote(MARKUP)}", False),
        ("rotation.html?angle=90#%E0%A4%A", False),
        ("rotation.html#code=%E0%A4%A", False),
        (f"rotation.html#{quote(MARKUP)}", False),
    ],
)
def test_a_damaged_link_opens_the_page_and_says_so(reader: Reader, address: str, told: bool) -> None:
    """F26: unknown keys are left out, values fitted, and one quiet line says it."""
    page = reader.page.context.new_page()
    page.goto(address)
    page.locator(".stage[data-drawn='']").wait_for()  # by the page's script, which has read the address by then
    if told:
        expect(notice(page, "OSFT-E50")).to_contain_text("The link held")
    if "tier" in address:
        wait_live(page)
    assert page.locator("img[src='x']").count() == 0
    assert page.evaluate("() => window.hit") is None
    assert page.locator(".notice").count() == int(told)
    page.close()


def test_code_of_a_link_becomes_text_alone(sabotage: Sabotage) -> None:
    """F25, F27: shown as it is, in the plain field and in the editor."""
    page = sabotage.page(f"rotation.html#code={quote('# ' + MARKUP)}")
    wait_live(page)
    page.locator("[data-panel='code']").scroll_into_view_if_needed()
    field = page.locator("[data-panel='code'] textarea")
    assert field.input_value() == f"# {MARKUP}"
    field.focus()
    expect(page.locator("[data-panel='code'] .cm-line")).to_have_text(f"# {MARKUP}")
    assert page.locator("img[src='x']").count() == 0
    assert page.evaluate("() => window.hit") is None


FIELDS = {
    "rotation.html": [
        ("points", "1000000000", "2000", "Points goes from 2 to 2000; 2000 is used."),
        ("points", "-0", "2", "Points goes from 2 to 2000; 2 is used."),
        ("points", "2.5", "3", "Points is a whole number; 3 is used."),
        ("points", "1e-400", "2", "Points goes from 2 to 2000; 2 is used."),
        ("angle", "-1e308", "0", "Angle goes from 0 to 360; 0 is used."),
        ("angle", "1e999", "360", "Angle is not a number; 360 was kept."),
        ("angle", "e", "360", "Angle is not a number; 360 was kept."),
        ("seed", "-1", "0", "Seed goes from 0 to 4,294,967,295; 0 is used."),
    ],
    "svd.html": [("rank", "7", "6", "6 is used."), ("rank", "1e9", "6", "6 is used.")],
    "energy.html?features=3": [("rank", "4", "3", "LoRA rank goes from 1 to 3; 3 is used.")],
    "orthogonal.html": [("edits", "0:0:x", "0:0:x", "the last text was kept.")],  # there to be mended
}


@pytest.mark.parametrize("address", FIELDS)
def test_a_field_says_what_it_takes(reader: Reader, address: str) -> None:
    """F15, F16: the nearest allowed value is taken or the last one kept, and the field says so until the next change."""
    reader.follow(address)
    page = reader.page
    wait_live(page)
    for name, typed, value, words in FIELDS[address]:
        before = revision(page)
        field = page.locator(f".controls [name='{name}']")
        field.focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        error = page.locator(f".controls [data-parameter='{name}'] .field-error")
        expect(error).to_contain_text(words)
        expect(field).to_have_attribute("aria-invalid", "true")
        assert error.get_attribute("id") in (field.get_attribute("aria-describedby") or "")
        wait_revision(page, before)
        expect(error).to_contain_text(words)  # it does not vanish with the answer, which comes in milliseconds
        field.blur()
        expect(field).to_have_value(value)
        assert "NaN" not in page.locator(".outputs").inner_text()


def test_an_emptied_field_keeps_the_last_figure(reader: Reader) -> None:
    """F15."""
    reader.open("rotation", angle=30)
    page = reader.page
    shown = output(page, "distance_transformed")
    field = page.locator(".controls [name='angle']")
    field.fill("")
    expect(page.locator("[data-parameter='angle'] .field-error")).to_have_text("Angle is empty; 30 was kept.")
    assert output(page, "distance_transformed") == shown
    field.fill("60")
    expect(page.locator("[data-parameter='angle'] .field-error")).to_be_hidden()
    expect(page).to_have_url(re.compile("angle=60"))


def test_going_back_to_a_damaged_address_says_so_too(sabotage: Sabotage) -> None:
    """F26 in an open page: by the browser's own buttons."""
    page = sabotage.page("rotation.html?angle=banana")
    wait_live(page)
    notice(page, "OSFT-E50")
    page.locator(".site-nav a[href='svd.html']").click()
    page.locator(f"{EXPLORER}[data-page='svd'][data-source='live']").wait_for(state="attached")
    assert page.locator(".notice").count() == 0
    page.go_back()
    notice(page, "OSFT-E50")
    assert page.locator(".controls [name='angle']").input_value() == "45"
