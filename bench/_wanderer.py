"""A reader without a plan: random acts on all pages in one tab, the same in the same order for the same seed.

Used by bench/soak.py. Acts are those of a reader: mouse, keys, buttons, links, the browser's back and forward.
"""

from __future__ import annotations

import random
import re
import statistics
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Locator, Page
from playwright.sync_api import Error as PlaywrightError

from bench._bench import PAGES, PATIENCE

SEED = 0
CODE = (
    "print(sum(range(100)))",
    "1 / 0",
    "compute(**parameters)",
    "while True:\n    pass",
    "for i in range(10**7):\n    print(i)",
    "import json\n{'a': [1, 2]}",
    "this is no code",
    "x = np.ones((2000, 2000)) @ np.ones((2000, 2000))\nprint(x.sum())",
)


class Wanderer:
    """A reader without a plan, in one tab."""

    def __init__(self, browser: Browser, root: str) -> None:
        self.root = root
        self.chance = random.Random(SEED)
        self.done: dict[str, int] = {}
        self.look_at(browser)
        self.acts: dict[Callable[[], bool], int] = {
            self.slide: 8,
            self.type: 4,
            self.drag: 5,
            self.pick: 5,
            self.press_word: 4,
            self.press_tool: 4,
            self.follow: 5,
            self.go_back: 3,
            self.go_forward: 2,
            self.change_colours: 1,
            self.resize: 1,
            self.scroll: 3,
            self.run_code: 3,
            self.stop: 3,
            self.train: 1,
            self.answer: 2,
            self.take_along: 1,
            self.check: 1,
        }

    def look_at(self, browser: Browser) -> None:
        """Go on in the first tab of this browser."""
        self.browser: Browser = browser
        self.page: Page = browser.contexts[0].pages[0]
        self.session: CDPSession = self.page.context.new_cdp_session(self.page)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def wander(self) -> None:
        """One random act; what is not there to be pressed is left alone."""
        act = self.chance.choices(list(self.acts), list(self.acts.values()))[0]
        try:
            if act():
                name = act.__name__
                self.done[name] = self.done.get(name, 0) + 1
        except PlaywrightError as error:
            # The page went on while the reader aimed: the figure was redrawn, or another document came.
            if not re.search(r"Timeout|detached|not attached|navigat|context was destroyed", str(error)):
                raise
        self.page.wait_for_timeout(self.chance.choice((0, 20, 60, 200)))

    def one_of(self, selector: str) -> Locator | None:
        """One of what is on the screen by this name."""
        found = self.page.locator(f"{selector} >> visible=true")
        count = found.count()
        return found.nth(self.chance.randrange(count)) if count else None

    def press(self, selector: str) -> bool:
        """Press one of these."""
        target = self.one_of(selector)
        if target is not None:
            target.click(timeout=1000)
        return target is not None

    def slide(self) -> bool:
        """Drag a slider to a few places."""
        target = self.one_of(".controls input[type='range']")
        if target is None:
            return False
        target.scroll_into_view_if_needed(timeout=1000)
        box = target.bounding_box(timeout=1000)
        if box is None:
            return False
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + box["width"] * self.chance.random(), y)
        self.page.mouse.down()
        for _ in range(self.chance.randint(1, 12)):
            self.page.mouse.move(box["x"] + box["width"] * self.chance.random(), y)
        self.page.mouse.up()
        return True

    def type(self) -> bool:
        """Type a number, or nonsense, into a field."""
        target = self.one_of(".controls input:is([type='number'], [type='text'])")
        if target is not None:
            target.fill(self.chance.choice(("", "0", "1", "3", "7.5", "-2", "1e9", "64")), timeout=1000)
            target.press("Enter", timeout=1000)
        return target is not None

    def drag(self) -> bool:
        """Draw the mouse over the figure, or move what has the focus by keys."""
        target = self.one_of(".stage [tabindex='0']")
        if target is not None and self.chance.random() < 0.4:
            target.focus(timeout=1000)
            for _ in range(self.chance.randint(1, 10)):
                self.page.keyboard.press(self.chance.choice(("ArrowLeft", "ArrowRight", "ArrowUp", "PageUp", "Home", "End")))
            return True
        box = self.page.locator(".stage").first.bounding_box(timeout=1000) if self.page.locator(".stage").count() else None
        if box is None:
            return False
        x, y = box["x"] + box["width"] * self.chance.random(), box["y"] + box["height"] * self.chance.random()
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for _ in range(self.chance.randint(1, 8)):
            self.page.mouse.move(x + self.chance.uniform(-90, 90), y + self.chance.uniform(-90, 90))
        self.page.mouse.up()
        return True

    def pick(self) -> bool:
        """Another choice, or the other position of a switch."""
        if self.chance.random() < 0.5:
            return self.press(".controls label:has(input:is([type='checkbox'], [type='radio']))")
        target = self.one_of(".controls select")
        count = target.locator("option").count() if target is not None else 0
        if target is not None and count:  # none, where another document has come meanwhile
            target.select_option(index=self.chance.randrange(count), timeout=1000)
        return count > 0

    def press_word(self) -> bool:
        """A word of the text that drives the figure."""
        return self.press("button.word")

    def press_tool(self) -> bool:
        """Reset, and the page's own buttons."""
        return self.press(".tools button")

    def follow(self) -> bool:
        """A link inside the site."""
        return self.press(self.chance.choice((".site-nav a", "main a[href$='.html']:not([href^='http'], [href^='lab/'])")))

    def go_back(self) -> bool:
        """As far as there is something of this site."""
        self.page.evaluate("() => { if (history.state !== undefined && history.length > 2) history.back(); }")
        self.page.wait_for_timeout(50)
        if not self.page.url.startswith(self.root):
            self.page.goto(f"{self.root}{self.chance.choice(PAGES)}.html")
        return True

    def go_forward(self) -> bool:
        """Where there is a forward."""
        self.page.evaluate("() => history.forward()")
        return True

    def change_colours(self) -> bool:
        """Light, dark, as the system has it."""
        return self.press("#theme-toggle")

    def resize(self) -> bool:
        """A phone, a tablet, a desk."""
        width, height = self.chance.choice(((360, 740), (820, 1180), (1280, 900), (1600, 1000)))
        self.page.set_viewport_size({"width": width, "height": height})
        return True

    def scroll(self) -> bool:
        """Somewhere else on the page, so that its panels appear."""
        self.page.evaluate("(share) => scrollTo(0, share * document.documentElement.scrollHeight)", self.chance.random())
        return True

    def run_code(self) -> bool:
        """Other code in a cell, mostly bad."""
        run = self.one_of("[data-action='run']:enabled")
        if run is None:
            return False
        field = run.locator("xpath=ancestor::*[.//textarea][1]").locator("textarea.code-field").first
        field.evaluate("(field, code) => { field.value = code; }", self.chance.choice(CODE), timeout=1000)
        run.click(timeout=1000)
        return True

    def stop(self) -> bool:
        """Whatever can be stopped."""
        return self.press("[data-action='stop']")

    def train(self) -> bool:
        """Start a run of the live experiment."""
        return self.press("[data-action='train']:enabled")

    def answer(self) -> bool:
        """A prediction."""
        return self.press("[data-panel='predict'] :is(label, button)")

    def take_along(self) -> bool:
        """A file of the figure or of its numbers."""
        return self.press(
            "[data-panel='take'] :is([data-action='svg'], [data-action='csv'], [data-action='copy-python'], [data-action='cite'])"
        )

    def check(self) -> bool:
        """The other route, which loads SciPy."""
        return self.press("[data-action='audit']:enabled")

    def come_to_rest(self) -> None:
        """Python answers again, whatever was left running, and the page says nothing of a failure."""
        page = self.page
        page.evaluate("() => window.osft.kernel.restart()")
        page.locator("html[data-python='ready']").wait_for(state="attached", timeout=PATIENCE)
        # By a link, so that the page and what it may have piled up stay.
        page.locator(".site-nav a[href='rotation.html']").click(timeout=PATIENCE)
        live = page.locator(".explorer[data-page='rotation'][data-source='live']:not([aria-busy])")
        live.wait_for(state="attached", timeout=PATIENCE)
        if alerts := page.locator("#notices [role='alert']").all_text_contents():
            raise RuntimeError(f"The page reports {alerts}.")

    def heap(self) -> float:
        """Megabytes of the page's JavaScript heap, after all garbage is gone."""
        self.session.send("HeapProfiler.collectGarbage")
        self.session.send("Memory.simulatePressureNotification", {"level": "critical"})
        self.page.wait_for_timeout(1500)
        self.session.send("HeapProfiler.collectGarbage")
        return round(self.session.send("Runtime.getHeapUsage")["usedSize"] / 1e6, 2)

    def processes(self) -> float:
        """Megabytes of the browser's page processes, after all garbage is gone: the median of a few readings."""
        found = []
        for _ in range(5):
            self.heap()
            told = self.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
            found.append(sum(resident(each["id"]) for each in told if each["type"] == "renderer"))
        return round(statistics.median(found), 1)


def resident(process: int) -> float:
    """Megabytes of memory that is a process's own; NaN where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return float("nan")
    return int(status.partition("RssAnon:")[2].split()[0]) / 1e3
