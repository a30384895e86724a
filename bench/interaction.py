"""From the hand to the figure, under a real mouse.

Chromium's own input pipeline is driven: eight seconds after the page was live the pointer goes down on the slider's thumb
or on the figure's handle, moves back and forth and goes up. For each answer of Python, four moments: the hand moved, the
event reached the page, the DOM had the new figure, the frame with it had been painted. A browser hands out ordinary
pointer events just before a frame; the page listens for those that come when the hand moves. *Updates a second* and
*dropped frames* are of the main thread during the whole drag. Where one computation takes longer than a frame, *lag* is the
95th percentile of the time from event to DOM over the answer's own computation: newest wins with one call in flight and one
waiting, so it is the rest of the call in flight and its own, about 2 at most. Keys are pressed one by one.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, sync_playwright

from bench._bench import Budget, fresh_browser, main, percentile, served, table

RUNS = 3
FRAME = 1000 / 60
KEYS = 60
LOOK = 8000
"""Milliseconds that a reader looks at a page before taking hold of it."""
SCREEN = {"width": 1280, "height": 900}
THUMB = 22
"""Pixels that a slider's thumb is wide, and two to spare: half of it at either end of the slider moves no value."""
PROBE = Path(__file__).with_name("probe.js")


@dataclass(frozen=True)
class Drag:
    """What is moved: a slider by the name of its parameter, or a handle of the figure by its key."""

    address: str
    slider: str = ""
    handle: str = ""
    share: tuple[float, float] = (0, 1)
    """Of the way that a slider's thumb has."""
    steps: int = 90
    seconds: float = 3
    reach: float = 60
    """How far a handle is moved to either side, in pixels."""
    keys: bool = False
    default: bool = True

    @property
    def name(self) -> str:
        """How it is called in the tables."""
        return f"{self.address.replace('.html', '')}, {self.slider or 'handle ' + self.handle}"


# One slider of each page at its defaults for ten seconds; then handles; then sizes that do not fit a frame.
# Orthogonal: by Cayley, because a random matrix has no parameter that moves. A stroke has as many steps as there are values.
DRAGS = (
    Drag("rotation.html", slider="angle", steps=180, seconds=10, keys=True),
    Drag("orthogonal.html?method=cayley", slider="strength", steps=40, seconds=10, keys=True),
    Drag("energy.html", slider="strength", steps=110, seconds=10, keys=True),
    Drag("svd.html", slider="rank", steps=6, seconds=10, keys=True),
    Drag("projection.html", slider="gx", steps=180, seconds=10, keys=True),
    Drag("parameters.html", slider="rank", share=(0.45, 1), steps=40, seconds=10, keys=True),
    Drag("training.html", slider="step", steps=40, seconds=10, keys=True),
    Drag("rotation.html", handle="angle"),
    Drag("svd.html", handle="cut", steps=6, reach=300),
    Drag("projection.html", handle="gradient"),
    Drag("rotation.html?points=2000", slider="angle", default=False),
    Drag("orthogonal.html?n=64&method=exponential", slider="strength", default=False),
    Drag("energy.html?neurons=500&features=64", slider="strength", default=False),
    Drag("energy.html?neurons=500&features=64", slider="features", default=False),
    Drag("svd.html?source=transformer", slider="rank", default=False),
    Drag("svd.html?source=digits&layer=2", slider="rank", default=False),
    Drag("projection.html?mode=matrix&size=24", slider="rank", steps=24, default=False),
)


def slide(page: Page, drag: Drag) -> dict[str, Any]:
    """Drag for the given time and then let go; what the probe noted."""
    target = thumb(page, drag) if drag.slider else page.locator(f".stage .knob[data-handle='{drag.handle}']").first
    target.scroll_into_view_if_needed()
    box = (target if drag.slider else page.locator(".stage svg").first).bounding_box()
    assert box is not None
    low, high = (box["x"] + THUMB / 2 + part * (box["width"] - THUMB) for part in drag.share)
    if drag.slider:
        start, middle = (low + high) / 2, box["y"] + box["height"] / 2
    else:
        own = target.bounding_box()
        assert own is not None
        start, middle = own["x"] + own["width"] / 2, own["y"] + own["height"] / 2
        low, high = max(low, start - drag.reach), min(high, start + drag.reach)
    page.mouse.move(start, middle)
    page.mouse.down()
    page.mouse.move(high, middle, steps=10)
    page.evaluate("() => { probe.start(true); }")
    end = time.monotonic() + drag.seconds
    while time.monotonic() < end:
        page.mouse.move(low, middle, steps=drag.steps)
        page.mouse.move(high, middle, steps=drag.steps)
    noted = take(page)
    page.mouse.up()
    return noted


def press(page: Page, drag: Drag) -> dict[str, Any]:
    """Press an arrow key on the slider again and again, waiting for each answer."""
    slider = thumb(page, drag)
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    page.evaluate("() => { probe.start(); }")
    for number in range(KEYS):
        page.keyboard.press("ArrowRight" if number % 12 < 6 else "ArrowLeft")
        page.wait_for_timeout(40)
    return take(page)


def thumb(page: Page, drag: Drag) -> Locator:
    """The slider of a parameter."""
    return page.locator(f".explorer .slider[data-twin='{drag.slider}']").first


def take(page: Page) -> dict[str, Any]:
    """Stop noting; what was noted, as small numbers."""
    page.evaluate("() => probe.stop()")
    page.wait_for_timeout(1500)  # the last answers are still on their way
    probe = page.evaluate("() => probe.noted()")
    frames, answers = probe["frames"], probe["answers"]
    steps = [later - earlier for earlier, later in itertools.pairwise(frames)]
    return {
        "dom": [round(one["dom"] - one["event"], 1) for one in answers],
        "painted": [round(one["painted"] - one["event"], 1) for one in answers],
        "hand": [round(one["painted"] - one["hand"], 1) for one in answers],
        "elapsed": [round(one["elapsed"], 1) for one in answers],
        "asked": probe["asked"],
        "superseded": probe["superseded"],
        "events": probe["events"],
        "seconds": round((frames[-1] - frames[0]) / 1000, 2) if frames else 0,
        "frames": len(frames),
        "dropped": sum(max(0, round(step / FRAME) - 1) for step in steps),
    }


def measure(runs: int) -> dict[str, Any]:
    """For each thing that moves a list of runs; keys apart."""
    drags: dict[str, Any] = {drag.name: {"drag": asdict(drag), "runs": [], "keys": []} for drag in DRAGS}
    with served() as root, sync_playwright() as playwright:
        for _ in range(runs):
            for drag in DRAGS:
                with fresh_browser(playwright, service_workers="block", viewport=SCREEN) as context:
                    page = context.pages[0]
                    page.add_init_script(path=PROBE)
                    page.goto(f"{root}{drag.address}")
                    page.locator(".explorer[data-source='live']").wait_for(state="attached")
                    page.wait_for_timeout(LOOK)
                    drags[drag.name]["runs"].append(slide(page, drag))
                    if drag.keys:
                        drags[drag.name]["keys"].append(press(page, drag))
                print(drag.name, drags[drag.name]["runs"][-1]["dropped"], file=sys.stderr)
    return {"drags": drags}


def pooled(runs: list[dict[str, Any]], key: str) -> list[float]:
    """The values of all runs, or a zero where there are none."""
    return [value for run in runs for value in run[key]] or [float("nan")]


def describe(found: dict[str, Any]) -> str:
    """Small figures first, then keys, then sizes that do not fit a frame."""
    small, keys, large = [], [], []
    for name, one in found["drags"].items():
        runs = one["runs"]
        shared = [name, *(halves(pooled(runs, key)) for key in ("dom", "painted", "hand"))]
        if one["drag"]["default"]:
            small.append([*shared, f"{updates(runs):.1f}", f"{100 * dropped(runs):.1f} %"])
        else:
            computation = statistics.median(pooled(runs, "elapsed"))
            large.append([*shared, f"{computation:.1f}", f"{lag(runs):.1f}" if lag(runs) else "fits a frame"])
        if one["keys"]:
            keys.append([name, *(halves(pooled(one["keys"], key)) for key in ("dom", "painted", "hand"))])
    moments = [f"{way}, ms, p50 / p95" for way in ("event to DOM", "event to paint", "hand to paint")]
    return "\n\n".join(
        [
            table(["dragged", *moments, "updates a second", "dropped frames"], small),
            table(["keys", *moments], keys),
            table(["large", *moments, "one computation, ms", "lag"], large),
        ]
    )


def halves(values: list[float]) -> str:
    """Median and 95th percentile."""
    return f"{statistics.median(values):.1f} / {percentile(values, 0.95):.1f}"


def updates(runs: list[dict[str, Any]]) -> float:
    """New figures a second, in the median run."""
    return statistics.median(len(run["dom"]) / run["seconds"] for run in runs)


def dropped(runs: list[dict[str, Any]]) -> float:
    """The share of frames that the main thread missed, in the median run."""
    return statistics.median(run["dropped"] / (run["frames"] + run["dropped"]) for run in runs)


def lag(runs: list[dict[str, Any]]) -> float:
    """From event to DOM, in the answer's own computations, at the 95th percentile; 0 for what fits a frame."""
    own = pooled(runs, "elapsed")
    shares = [dom / elapsed for dom, elapsed in zip(pooled(runs, "dom"), own, strict=True) if elapsed]
    return percentile(shares, 0.95) if statistics.median(own) > FRAME else 0.0


def budgets(found: dict[str, Any]) -> list[Budget]:
    """The worst page at its defaults."""
    usual = [one["runs"] for one in found["drags"].values() if one["drag"]["default"] and one["drag"]["slider"]]
    large = [one["runs"] for one in found["drags"].values() if not one["drag"]["default"]] or [[]]
    worst = {key: max(percentile(pooled(runs, key), 0.95) for runs in usual) for key in ("dom", "painted")}
    return [
        Budget("event to DOM, p95, the slowest of seven pages", worst["dom"], 8, 4, "ms"),
        Budget("event to paint, p95, the slowest of seven pages", worst["painted"], 25, 20, "ms"),
        Budget(
            "updates a second over ten seconds, the slowest page", min(updates(runs) for runs in usual), 59, 60, "", larger=True
        ),
        Budget("dropped frames, the worst page", 100 * max(dropped(runs) for runs in usual), 1, 0.5, "%"),
        Budget("event to DOM in computations, p95, the worst large size", max(lag(runs) for runs in large if runs), 2, 1.5, ""),
    ]


if __name__ == "__main__":
    main(sys.modules[__name__])
