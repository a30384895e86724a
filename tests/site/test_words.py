"""Words in the text drive the figure, and pressing them again brings back what was before."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Locator, expect

from tests.site.documents import document
from tests.site.driver import PAGES, Reader, outputs, revision, wait_painted, wait_revision


def drivers(name: str) -> list[str]:
    """The settings of the words of a document, in order."""
    return [each["data-set"] for each in document(f"{name}.html").all("button") if "word" in each.classes and each["data-set"]]


def press(reader: Reader, word: Locator) -> None:
    before = revision(reader.page)
    word.click()
    wait_revision(reader.page, before)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_words_that_drive(name: str) -> None:
    assert len(drivers(name)) >= 3


@pytest.mark.parametrize("name", PAGES)
def test_words_set_the_figure_and_take_it_back(reader: Reader, name: str) -> None:
    reader.open(name)
    words = reader.page.locator(".story .word[data-set]")
    for index, settings in enumerate(drivers(name)):
        word = words.nth(index)
        state, numbers = reader.state(), outputs(reader.page)
        expect(word).to_have_attribute("aria-pressed", "false")
        press(reader, word)
        expect(word).to_have_attribute("aria-pressed", "true")
        now = reader.state()
        for key, wanted in parse_qsl(settings, keep_blank_values=True):
            if key in now:
                assert same(now[key], wanted), f"{settings}: {key} is {now[key]}"
        press(reader, word)
        expect(word).to_have_attribute("aria-pressed", "false")
        assert reader.state() == state, settings
        assert outputs(reader.page) == numbers, settings


def same(shown: object, wanted: str) -> bool:
    if isinstance(shown, bool):
        return shown is (wanted in ("on", "1", "true"))
    try:
        return float(str(shown)) == float(wanted)
    except ValueError:
        return str(shown) == wanted


def test_a_word_goes_back_through_another(reader: Reader) -> None:
    reader.open("rotation", angle=10)
    first, second = (reader.page.locator(f".word[data-set^='angle={angle}&']") for angle in (90, 213))
    press(reader, first)
    press(reader, second)
    expect(first).to_have_attribute("aria-pressed", "false")
    press(reader, second)
    expect(first).to_have_attribute("aria-pressed", "true")
    press(reader, first)
    assert reader.state()["angle"] == "10"


@pytest.mark.parametrize("name", PAGES)
def test_words_stand_still_where_the_reader_jumped_to(reader: Reader, name: str) -> None:
    """What is made above them when it comes near has its room, so that no press goes beside a word."""
    reader.open(name)
    for panel in ("predict", "challenges"):
        reader.page.locator(f"[data-panel='{panel}'][data-mounted]").wait_for(state="attached")
    word = reader.page.locator(".story .word[data-set]").last
    places = word.evaluate(JUMP)
    assert max(places) - min(places) < 1
    places = reader.page.locator("footer a").first.evaluate(JUMP)
    assert max(places) - min(places) < 4, "A link in the footer moved under the press."


JUMP = """async (word) => {
  word.scrollIntoView({block: 'center'});
  const places = [];
  for (let frame = 0; frame < 30; frame += 1) {
    places.push(word.getBoundingClientRect().top);
    await new Promise(requestAnimationFrame);
  }
  return places;
}"""


def test_a_word_lets_go_when_a_control_is_moved(reader: Reader) -> None:
    reader.open("rotation")
    word = reader.page.locator(".word[data-set^='angle=90&']")
    press(reader, word)
    before = revision(reader.page)
    reader.page.locator(".slider[data-twin='angle']").press("ArrowRight")
    wait_revision(reader.page, before)
    expect(word).to_have_attribute("aria-pressed", "false")
    press(reader, word)
    assert reader.state()["angle"] == "90"
    press(reader, word)
    assert reader.state()["angle"] == "91"


def test_a_word_starts_the_animation_and_stops_it(reader: Reader) -> None:
    reader.open("rotation")
    word = reader.page.locator(".word[data-run='play']")
    button = reader.page.locator("[data-action='play']")
    word.click()
    reader.page.locator(".explorer").scroll_into_view_if_needed()
    expect(button).to_have_text("Pause")
    wait_painted(reader.page, revision(reader.page))
    word.click()
    expect(button).to_have_text("Turn once")
