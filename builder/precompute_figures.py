"""Writes each page's opening figure, outputs and controls into its document, as a browser draws them.

Called by `build.py precompute --figures`, which needs Playwright and a Chromium from the project's .venv.
With the figure in the HTML a reader sees true numbers at once: before Python, and without JavaScript.
The drawing is the page's own, from the committed data; Python is kept from loading, so nothing is live.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.serve import serving

WIDTH = 1280
"""The width at which the figure is drawn; its SVG scales to the reader's width until the script redraws it."""

PICTURE = (420, 262)
"""The size of a page's picture on the index: as many of its figure's drawings as fit, without handles. Small, for the
sake of its words."""
LARGER = dict.fromkeys(("rotation", "orthogonal", "parameters"), (640, 400))
"""Of pages whose figure says less when it is arranged for so little room."""

FITTING = """
(height) => {
  const stage = document.querySelector('.stage');
  for (const other of stage.querySelectorAll('.time, .panel-note')) other.hidden = true;
  [...stage.querySelectorAll('.panel')].reverse().forEach((panel, after, { length }) => {
    panel.hidden = after < length - 1 && panel.getBoundingClientRect().bottom - stage.getBoundingClientRect().top > height;
  });
  return stage.querySelector('.panels').getBoundingClientRect().height;
}
"""

BOOLEAN = re.compile(r' (hidden|disabled|selected|checked|readonly)=""')
"""Attributes that a document writes without a value; a browser gives them back with an empty one."""

SETTLE = 800
"""Milliseconds in which a loaded page has filled its numbers and laid its figure out anew."""

SECTION = re.compile(r'(<section class="explorer"[^>]*>\n?)(.*?)(\n? *</section>)', re.DOTALL)
NUMBER = re.compile(r"(<data\b[^>]*\bdata-number=\"[^\"]+\"[^>]*>)(.*?)(</data>)", re.DOTALL)

SNAPSHOT = """
() => {
  const explorer = document.querySelector('.explorer');
  const copy = explorer.cloneNode(true);
  const originals = explorer.querySelectorAll('input, select, canvas');
  copy.querySelectorAll('input, select, canvas').forEach((node, index) => {
    const original = originals[index];
    if (node.localName === 'canvas') {
      const image = document.createElement('img');
      image.src = original.toDataURL('image/png');
      image.alt = '';
      image.width = original.clientWidth;
      image.height = original.clientHeight;
      node.replaceWith(image);
    } else if (node.localName === 'select') {
      for (const option of node.options) option.toggleAttribute('selected', option.value === original.value);
    } else if (node.type === 'checkbox' || node.type === 'radio') {
      node.toggleAttribute('checked', original.checked);
    } else {
      node.setAttribute('value', original.value);
    }
  });
  // Without a script nothing answers, so nothing pretends to: the script puts live controls in their place.
  for (const control of copy.querySelectorAll('input, select, button')) control.toggleAttribute('disabled', true);
  for (const styled of copy.querySelectorAll('[style]')) styled.removeAttribute('style');
  copy.querySelector('.stage')?.removeAttribute('data-drawn'); // as the document has it, which the styles go by
  copy.querySelectorAll('[tabindex], [role="slider"]').forEach((node) => node.setAttribute('tabindex', '-1'));
  return copy.innerHTML;
}
"""


def _numbers(page: Any) -> list[str]:
    """The texts of every `data-number` of a document, in order, as the page's own script wrote them."""
    texts: list[str] = page.evaluate("() => [...document.querySelectorAll('data[data-number]')].map((node) => node.textContent)")
    return texts


def picture(page: Any, size: tuple[int, int]) -> str:
    """The first drawings of the figure that the browser page shows, as a stand-alone SVG of this size."""
    width, height = size
    page.set_viewport_size({"width": width + 100, "height": 900})
    shown = page.evaluate("() => document.querySelector('.stage').clientWidth")
    page.set_viewport_size({"width": width + 100 + (width - 32 - shown), "height": 900})
    page.wait_for_timeout(SETTLE)
    tall = round(page.evaluate(FITTING, height - 32)) + 32
    drawing: str = page.evaluate(
        "async () => { const {stageToSvg} = await import('./figures/export.js');"
        " return stageToSvg(document.querySelector('.stage'), {title: document.querySelector('h1').textContent}); }"
    )
    page.set_viewport_size({"width": WIDTH, "height": 900})
    room = (max(height, tall) * width // height, max(height, tall))
    corner = ((width - room[0]) // 2, (tall - room[1]) // 2)
    view = f'viewBox="{corner[0]} {corner[1]} {room[0]} {room[1]}"'
    paper = f'<rect x="{corner[0]}" y="{corner[1]}" width="{room[0]}" height="{room[1]}"'
    framed = re.sub(r'viewBox="[^"]*"', view, drawing, count=1)
    framed = re.sub(r'<rect width="[^"]*" height="[^"]*"', paper, framed, count=1)
    framed = re.sub(r'(<svg[^>]*?) width="[^"]*"', rf'\1 width="{width}"', framed, count=1)
    return re.sub(r'(<svg[^>]*?) height="[^"]*"', rf'\1 height="{height}"', framed, count=1) + "\n"


def drawn_document(page: Any, address: str, name: str, text: str) -> str:
    """The text of a document with its figure and numbers as this browser page draws them now."""
    page.goto(f"{address}{name}.html", wait_until="load")
    if SECTION.search(text):
        page.wait_for_selector("[data-panel='predict'][data-mounted]", state="attached")  # after the figure and the outputs
        inner = re.sub(r"\s*\n\s*", " ", BOOLEAN.sub(r" \1", page.evaluate(SNAPSHOT))).strip()
        text = SECTION.sub(lambda found: f"{found[1].rstrip()}\n      {inner}\n    </section>", text, count=1)
    page.wait_for_timeout(SETTLE)
    values = iter(_numbers(page))
    return NUMBER.sub(lambda found: f"{found[1]}{next(values, found[2])}{found[3]}", text)


def _written(file: Path, before: str, after: str, log: Callable[[str], None]) -> list[str]:
    """The file's name if it had to be written anew."""
    if after == before:
        return []
    file.write_text(after, encoding="utf-8", newline="\n")
    log(f"{file.name} redrawn")
    return [file.name]


def precompute_figures(site: Path, launch: dict[str, Any], log: Callable[[str], None]) -> list[str]:
    """Redraw every document of the site in place; the names of those that changed.

    `launch` is what Playwright's Chromium is started with. Raises Playwright's own error when a page
    does not draw.
    """
    from playwright.sync_api import sync_playwright

    changed = []
    with serving(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch)
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, bypass_csp=True, reduced_motion="reduce")
        page.route("**/generated/runtime/**", lambda route: route.abort())
        for document in sorted(site.glob("*.html")):
            before = document.read_text(encoding="utf-8")
            after = drawn_document(page, address, document.stem, before)
            changed += _written(document, before, after, log)
            if SECTION.search(before):
                file = site / "data" / "pictures" / f"{document.stem}.svg"
                file.parent.mkdir(exist_ok=True)
                drawing = picture(page, LARGER.get(document.stem, PICTURE))
                changed += _written(file, file.read_text(encoding="utf-8") if file.exists() else "", drawing, log)
        browser.close()
    return changed
