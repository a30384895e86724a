"""Draws the social cards: each page's publication figure at its defaults, with the page's name above it.

Called by `build.py precompute --figures`. The numbers are those of py/, the drawing Matplotlib's; a
card is what a link to the page shows elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = (12.0, 6.3)
"""Inches at 100 dots: 1200 x 630, what link previews show whole."""

NAMES = {
    "rotation": "Rotation",
    "orthogonal": "Orthogonal matrices",
    "energy": "Hyperspherical energy",
    "svd": "Critical and safe",
    "projection": "Projection",
    "parameters": "Parameter counts",
    "training": "Forgetting",
}
SITE = "Down the Orthogonal Rabbit Hole"


def precompute_cards(folder: Path, log: Callable[[str], None]) -> None:
    """Write `<page>.png` for every page, and `index.png`, which shows the training page's figure."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from explorer import publication, surface

    folder.mkdir(parents=True, exist_ok=True)
    for card, page, title in [*((name, name, title) for name, title in NAMES.items()), ("index", "training", SITE)]:
        declared = surface.find(page)
        known = declared.defaults()
        with rc_context({**publication.STYLE, "font.size": 15, "savefig.facecolor": "#fdfcf9", "axes.facecolor": "#fdfcf9"}):
            whole = Figure(figsize=SIZE, facecolor="#fdfcf9")
            parts: Any = whole.subfigures(2, 1, height_ratios=[1, 5])
            top, below = parts
            for part in (top, below):
                part.set_facecolor("#fdfcf9")
            top.text(0.04, 0.35, title, fontsize=30, family="serif", color="#211e1a", va="center")
            if card != "index":
                top.text(0.96, 0.35, SITE, fontsize=15, family="serif", style="italic", color="#6d675e", va="center", ha="right")
            draw: Callable[[Any, Any, Any], None] = publication.DRAW[page]
            draw(below, known, declared.compute(**known))
            whole.savefig(folder / f"{card}.png", dpi=100, metadata={"Software": None})
        log(f"{card}.png drawn")
