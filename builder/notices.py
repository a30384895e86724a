"""Writes THIRD_PARTY.md: what the site ships that others made, under which licence, from where.

Called by builder/cli.py (`lock`) and builder/check.py. Made from vendor.lock.json alone; the data has
a notice of its own.
"""

from __future__ import annotations

from pathlib import Path

from builder.vendor import Lock

HEAD = """\
# Third-party software, fonts and data

Made from `vendor.lock.json` by `python3 build.py lock --notices`; do not edit. The lock also has the size and the
sha256 of every file. The site's own code is under the MIT licence (`LICENSE`). Packages in Python wheels carry
their licence texts inside; those of the JavaScript libraries and fonts are in `osft-web/generated/vendor/licences/`.

| name | version | licence | origin | what the site ships |
|---|---|---|---|---|
"""

DATA = """
## Data

The trained weights and data sets that the site ships, with their origin and licence:
[`osft-web/data/NOTICE.md`](osft-web/data/NOTICE.md).
"""


def render(lock: Lock) -> str:
    """The text of THIRD_PARTY.md."""
    rows = []
    for package in lock.packages:
        shipped = [
            entry["path"].rpartition("/")[2] for entry in package["files"] if not entry["to"].startswith("vendor/licences/")
        ]
        files = ", ".join(f"`{name}`" for name in shipped)
        rows.append(f"| {package['name']} | {package['version']} | {package['licence']} | <{package['homepage']}> | {files} |\n")
    return HEAD + "".join(rows) + DATA


def write(root: Path, lock: Lock) -> None:
    """Write THIRD_PARTY.md."""
    (root / "THIRD_PARTY.md").write_text(render(lock), encoding="utf-8", newline="\n")


def is_stale(root: Path, lock: Lock) -> bool:
    """Whether THIRD_PARTY.md says something else than the lock."""
    try:
        return (root / "THIRD_PARTY.md").read_text(encoding="utf-8") != render(lock)
    except OSError:
        return True
