"""The errors a person sees: one sentence that says what, where and what to do, and an exit status.

Raised anywhere in builder/, printed once by builder/cli.py. Nothing else is shown for them.
"""

DAMAGED = 1
"""Exit status: a file is not what it should be (wrong hash, stale data, a fault in the site)."""

IMPOSSIBLE = 2
"""Exit status: the machine does not allow it (no network, no space, no right to write, wrong call)."""


class BuildError(Exception):
    """A failure that has been understood; `str(error)` is what the person reads."""

    def __init__(self, sentence: str, status: int = IMPOSSIBLE) -> None:
        super().__init__(sentence)
        self.status = status
