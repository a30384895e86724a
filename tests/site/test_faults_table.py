"""docs/faults.md and the README name tests and codes; here is checked that these exist and that none is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from tests.site.documents import SITE

ROOT = SITE.parent
TABLE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def codes_that_are_shown() -> set[int]:
    """The number of every code in the site's own scripts and documents."""
    return codes_in([*SITE.glob("*.html"), *(file for folder in ("kernel", "shell") for file in (SITE / folder).rglob("*.js"))])


def codes_of_the_readme() -> set[int]:
    """The codes of the first column of its table, ranges and lists written out."""
    found: set[int] = set()
    for row in re.findall(r"^\| (OSFT-E[^|]+)\|", README, re.MULTILINE):
        for first, _, last in re.findall(r"E(\d\d)( to E(\d\d))?", row):
            found |= set(range(int(first), int(last or first) + 1))
    return found


def codes_in(files: Iterable[Path]) -> set[int]:
    """The number of every code in these files."""
    return {int(number) for file in files for number in re.findall(r"OSFT-E(\d\d)\b", file.read_text(encoding="utf-8"))}


def test_every_fault_has_a_row() -> None:
    rows = " ".join(re.findall(r"^\| (F[^|]+)\|", TABLE, re.MULTILINE))
    named = {int(number) for number in re.findall(r"F(\d+)", rows)}
    for first, last in re.findall(r"F(\d+) to F(\d+)", rows):
        named |= set(range(int(first), int(last) + 1))
    assert named == set(range(1, 46))


def test_every_test_of_the_table_exists() -> None:
    missing, count = [], 0
    for row in TABLE.splitlines():
        file = ""
        for path, name in re.findall(r"`(tests/[\w/]+\.py)?::(test_\w+)`", row):
            file = path or file
            count += 1
            module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            if name not in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}:
                missing.append(f"{file}::{name}")
    assert missing == []
    assert count > 50


def test_every_code_is_explained_and_no_other() -> None:
    shown, explained = codes_that_are_shown(), codes_of_the_readme()
    assert shown - explained == set()
    assert {code for row in re.findall(r"E(\d\d)\b", TABLE) if (code := int(row)) not in shown} == set()
    # A range may reach over numbers that are free, but it begins and ends with one that is shown.
    ends = {
        int(number) for row in re.findall(r"^\| (OSFT-E[^|]+)\|", README, re.MULTILINE) for number in re.findall(r"E(\d\d)", row)
    }
    assert ends - shown == set()


def test_every_code_is_caused_by_a_test() -> None:
    caused = codes_in(file for file in (ROOT / "tests").rglob("test_*.py"))
    assert codes_that_are_shown() - caused == set()


def test_every_sentence_of_the_kernel_has_a_cause() -> None:
    """A code of the table of sentences is raised somewhere: by the kernel's scripts or by Python's end of the protocol."""
    table = SITE / "kernel" / "errors.js"
    scripts = [file for file in (SITE / "kernel").glob("*.js") if file != table]
    assert codes_in([table]) == codes_in([*scripts, ROOT / "py" / "explorer" / "bridge.py"])
