"""Time on the figures: play, pause, step and scrub; at rest off the screen, and where motion is not wanted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.site.driver import Reader, frames, revision, wait_painted, wait_rested, wait_revision


def angle(reader: Reader) -> float:
    return float(reader.state()["angle"])


def play_button(reader: Reader) -> Locator:
    return reader.page.locator("[data-action='play']")


def test_the_cloud_turns_once_and_can_be_paused(reader: Reader) -> None:
    reader.open("rotation", angle=30)
    button = play_button(reader)
    button.click()
    expect(button).to_have_text("Pause")
    wait_painted(reader.page, revision(reader.page))
    button.click()
    expect(button).to_have_text("Turn once")
    wait_rested(reader.page)
    stopped = angle(reader)
    assert stopped != 30
    frames(reader.page, 10)
    assert angle(reader) == stopped
    expect(reader.page).to_have_url(re.compile(rf"angle={stopped:g}\b"))


def test_whoever_takes_hold_stops_the_turn(reader: Reader) -> None:
    reader.open("rotation")
    play_button(reader).click()
    wait_painted(reader.page, revision(reader.page))
    field = reader.page.locator(".controls [name='angle']")
    field.fill("77")
    field.press("Enter")
    expect(play_button(reader)).to_have_text("Turn once")
    wait_rested(reader.page)
    assert angle(reader) == 77


def test_two_presses_make_no_second_loop(reader: Reader) -> None:
    """Pressed three times it plays; pressed a fourth time nothing goes on turning."""
    reader.open("rotation")
    for _ in range(4):
        play_button(reader).click()
    expect(play_button(reader)).to_have_text("Turn once")
    frames(reader.page, 5)
    at = angle(reader)
    frames(reader.page, 10)
    assert angle(reader) == at


@pytest.mark.parametrize(
    ("page", "moving", "button"), [("rotation", "angle", "[data-action='play']"), ("training", "step", ".transport .play")]
)
def test_it_rests_off_the_screen(reader: Reader, page: str, moving: str, button: str) -> None:
    reader.open(page)
    play = reader.page.locator(button)
    play.click()
    wait_painted(reader.page, revision(reader.page))
    reader.page.locator("#sources").scroll_into_view_if_needed()
    expect(reader.page.locator(".explorer .stage")).not_to_be_in_viewport()
    frames(reader.page, 5)  # the browser tells of what left the screen in a frame or two
    resting = float(reader.state()[moving])
    frames(reader.page, 15)
    assert float(reader.state()[moving]) == resting
    reader.page.locator(".explorer .stage").scroll_into_view_if_needed()
    expect(reader.page.locator(f".controls [name='{moving}']")).not_to_have_value(f"{resting:g}")
    play.click()


def test_reduced_motion_takes_a_step_instead(reader: Reader) -> None:
    reader.page.emulate_media(reduced_motion="reduce")
    reader.open("rotation", angle=10)
    painted = revision(reader.page)
    play_button(reader).click()
    wait_revision(reader.page, painted)
    assert angle(reader) == 55
    frames(reader.page, 10)
    assert angle(reader) == 55
    expect(play_button(reader)).to_have_text("Turn once")


def test_nothing_moves_by_itself(reader: Reader) -> None:
    """No animation or transition of the style sheets runs where motion is not wanted."""
    reader.page.emulate_media(reduced_motion="reduce")
    reader.open("training")
    running = reader.page.evaluate("() => document.getAnimations().length")
    assert running == 0


def step(reader: Reader) -> int:
    return int(reader.state()["step"])


def test_training_plays_from_the_start_and_pauses(reader: Reader) -> None:
    reader.open("training")
    play = reader.page.locator(".transport .play")
    expect(play).to_have_attribute("aria-label", "Play")
    play.click()
    expect(play).to_have_attribute("aria-label", "Pause")
    expect(reader.page.locator(".controls [name='step']")).not_to_have_value("400")
    wait_painted(reader.page, revision(reader.page))
    play.click()
    expect(play).to_have_attribute("aria-label", "Play")
    wait_rested(reader.page)
    stopped = step(reader)
    frames(reader.page, 20)
    assert step(reader) == stopped < 400
    expect(reader.page.locator(".explorer .transport-words")).to_contain_text(f"step {stopped}")


def test_training_steps_and_scrubs(reader: Reader) -> None:
    reader.open("training", step=200)
    for label, expected in (("One step on", 210), ("One step back", 200), ("One step back", 190)):
        painted = revision(reader.page)
        reader.page.get_by_role("button", name=label).click()
        wait_revision(reader.page, painted)
        assert step(reader) == expected
    scrubber = reader.page.locator(".explorer .scrubber")
    for key, expected in (("Home", 0), ("End", 400), ("ArrowLeft", 390)):
        painted = revision(reader.page)
        scrubber.press(key)
        wait_revision(reader.page, painted)
        assert step(reader) == expected
    assert "390" in (scrubber.get_attribute("aria-valuetext") or "")


def test_training_takes_steps_under_reduced_motion(reader: Reader) -> None:
    reader.page.emulate_media(reduced_motion="reduce")
    reader.open("training", step=100)
    painted = revision(reader.page)
    reader.page.locator(".transport .play").click()
    wait_revision(reader.page, painted)
    assert step(reader) == 110
    frames(reader.page, 10)
    assert step(reader) == 110
