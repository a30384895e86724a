"""Puts a finished folder in the place of an old one, so that no moment has half of each.

Called by builder/site.py. Linux and macOS can exchange two folders in one step; elsewhere two
renames do, and `recover` finishes or undoes what was interrupted between them.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2
RENAME_SWAP = 2


def exchange(one: Path, other: Path) -> bool:
    """Exchange two existing folders atomically; False where the system cannot."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(os.fsencode(one), os.fsencode(other), RENAME_SWAP) == 0)
        return bool(library.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)
    except (AttributeError, OSError, TypeError):
        return False


def put_in_place(new: Path, current: Path) -> None:
    """`current` becomes what `new` is, and `new` is gone."""
    if not current.exists():
        os.rename(new, current)
        return
    if exchange(new, current):
        shutil.rmtree(new)
        return
    old = current.with_name(f"{current.name}.old.{os.getpid()}")
    os.rename(current, old)
    os.rename(new, current)
    shutil.rmtree(old)


def recover(current: Path) -> None:
    """Undo an interrupted `put_in_place` and remove leftovers. Only for the holder of the build lock."""
    olds = sorted(current.parent.glob(f"{current.name}.old.*"))
    if olds and not current.exists():
        os.rename(olds.pop(), current)
    for leftover in [*olds, *current.parent.glob(f"{current.name}.new.*")]:
        shutil.rmtree(leftover, ignore_errors=True)
