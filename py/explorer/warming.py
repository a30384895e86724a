"""Practice while nobody waits. Called turn by turn by osft-web/kernel/worker.js in the reader's idle time.

A WebAssembly engine optimises what has run for a while, and once there is enough of it the browser keeps it for the
next visit: so the first drag is as quick as the tenth, another page opens at once, and the next start is shorter.
"""

from __future__ import annotations

import contextlib
import itertools
import time

from explorer.surface import PAGES, find

TURN = 0.025
"""Seconds of one turn: what a reader who comes back in the middle of it may have to wait."""
ROUNDS = 10
"""Turns of each page: two seconds together, by when an engine has optimised what runs most."""

_turns = itertools.chain.from_iterable(itertools.repeat(PAGES, ROUNDS))

_seeds = itertools.count()


def warm() -> bool:
    """Compute figures of one page for the length of a turn; false when every page has had its turns."""
    page = next(_turns, None)
    if page is None:
        return False
    end = time.perf_counter() + TURN
    with contextlib.suppress(Exception):  # whoever opens that page is told
        one = find(page)
        given = one.defaults()
        one.compute(**given)
        while time.perf_counter() < end:
            one.compute(**given | ({"seed": next(_seeds)} if "seed" in given else {}))
    return True
