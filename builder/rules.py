"""The project's own rules, which no linter knows: what the site's scripts never call, what no file says.

Called by builder/develop.py (`lint`). A rule is a pattern, the files it holds for, and the reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {"", "generated", "lab", "node_modules", "build", "dist", "__pycache__"}
TEXT = {".py", ".js", ".mjs", ".html", ".css", ".md", ".json", ".toml", ".yml", ".yaml", ".cff", ".svg", ".ipynb", ""}
SCRIPTS = {".js"}
# "" is a hidden folder: nothing stands before its first full stop.


@dataclass(frozen=True)
class Rule:
    """Files with one of these suffixes, under one of these folders, do not match the pattern."""

    pattern: re.Pattern[str]
    suffixes: set[str]
    folders: tuple[str, ...]
    reason: str


def _words(*parts: str) -> str:
    """A pattern put together here, so that this file does not break its own rules."""
    return "".join(parts)


RULES = (
    Rule(
        re.compile(r"\.(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bdocument\.write|createContextualFragment|\bsrcdoc\b"),
        SCRIPTS,
        ("osft-web",),
        "text from a link, a cell or a file must never become markup; use textContent",
    ),
    Rule(re.compile(r"\beval\(|\bnew Function\("), SCRIPTS, ("osft-web",), "the Content-Security-Policy forbids it"),
    Rule(re.compile(r"\bMath\.random\b"), SCRIPTS, ("osft-web",), "what is drawn comes from a seed that the reader sees"),
    Rule(
        re.compile(r"setAttribute\(\s*['\"]style['\"]|\.style\.cssText"),
        SCRIPTS,
        ("osft-web",),
        "the Content-Security-Policy forbids inline styles; set a property or a class",
    ),
    Rule(
        re.compile(_words(r"registry\.npm", r"js|\bpypi", r"\.org|files\.python", r"hosted")),
        TEXT,
        ("",),
        "whoever builds uses the package registry that their own tools are set up for",
    ),
    Rule(re.compile(_words(r"\bTO", r"DO\b|\bFIX", r"ME\b")), TEXT, ("",), "finish it, or leave it out"),
    Rule(
        re.compile(_words(r"(?<![\w.])/(?:ro", r"ot|wo", r"rk|home/\w+)/")),
        TEXT,
        ("",),
        "a path of one machine means nothing on another",
    ),
)


def _own_files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name.partition(".")[0] not in SKIPPED_FOLDERS]
        yield from (Path(folder) / name for name in names)


def violations(root: Path) -> Iterator[str]:
    """One line for each place that breaks a rule: file, line number, what was found, why not."""
    for path in sorted(_own_files(root)):
        relative = path.relative_to(root)
        rules = [rule for rule in RULES if path.suffix in rule.suffixes and relative.as_posix().startswith(rule.folders)]
        if not rules:
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for rule in rules:
            for number, line in enumerate(lines, 1):
                if found := rule.pattern.search(line):
                    yield f"{relative.as_posix()}:{number}: {found[0]}: {rule.reason}"
