"""The project's own rules hold, and a breach of each is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.rules import violations

ROOT = Path(__file__).resolve().parents[2]

BREACHES = {
    "osft-web/shell/a.js": ["node.inner" + "HTML = text", "node.insertAdjacent" + "HTML('x', y)", "document.wri" + "te(x)"],
    "osft-web/pages/b.js": ["ev" + "al(text)", "new Func" + "tion('x')", "Math.ran" + "dom()", "a.setAttribute('sty" + "le', x)"],
    "py/osft/c.py": ["# TO" + "DO later", 'open("/ro' + 'ot/x")'],
    "docs/d.md": ["pip install -i https://py" + "pi.org/simple", "see /wo" + "rk/x"],
}


def test_the_project_keeps_its_rules() -> None:
    assert list(violations(ROOT)) == []


@pytest.mark.parametrize(("path", "line"), [(path, line) for path, lines in BREACHES.items() for line in lines])
def test_each_breach_is_found_and_placed(tmp_path: Path, path: str, line: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(f"first line\n{line}\n")
    found = list(violations(tmp_path))
    assert len(found) == 1
    assert found[0].startswith(f"{path}:2: ")


@pytest.mark.parametrize("path", ["osft-web/generated/a.js", "osft-web/generated.new.1/a.js", ".cache/a.js", "node_modules/a.js"])
def test_what_others_wrote_is_left_out(tmp_path: Path, path: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("Math.ran" + "dom()\n")
    assert list(violations(tmp_path)) == []
