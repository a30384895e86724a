"""What a first visit may cost: bytes and requests. Times are measured by bench/, never asserted."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from bench.bytes import sizes, visit
from builder import preloads

PAGES = ("rotation", "orthogonal", "energy", "svd", "projection", "parameters", "training")
DOCUMENTS = ("index", *PAGES)

BEFORE_PYTHON = 150_000
"""Bytes with gzip of a document with its styles, scripts and data."""
FIRST_RESULT = 7_800_000
"""Bytes with gzip of all that is fetched until the figure is live, on the accelerated runtime."""
QUIET = 200
"""Milliseconds after the live figure in which what was asked for before it has come."""
REQUESTS = {"page": 60, "Python": 17, "fonts": 5}
"""Each script is a file of its own; they are all named in the document's head and fetched at once."""


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_first_visit_keeps_to_its_budget(page: Page, site: str, site_folder: Path, document: str) -> None:
    asked = visit(page, site, f"{document}.html?tier=fast", idle=QUIET)["first"]
    found = sizes(site_folder, asked, brotli=False)
    assert 0 < found["page"]["gzip"] <= BEFORE_PYTHON
    assert found["page"]["gzip"] < found["all"]["gzip"] <= FIRST_RESULT
    for kind, most in REQUESTS.items():
        assert found.get(kind, {"requests": 0})["requests"] <= most, kind

    assert sorted(set(asked)) == sorted(asked), "a file was fetched twice"
    others = [other for other in PAGES if other != document]
    foreign = {f"{place}/{other}{suffix}" for other in others for place, suffix in (("pages", ".js"), ("data", ".json"))}
    assert foreign.isdisjoint(asked), "a file of another page was fetched"


def test_every_script_is_announced_by_its_document(site_folder: Path) -> None:
    assert preloads.outdated(site_folder) == [], "`python3 build.py precompute` writes the links anew"


def test_a_document_announces_what_it_imports(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "start.js").write_text("import {a} from './a.js';\nimport('./later.js');\n")
    (tmp_path / "a.js").write_text("export {\n  b,\n} from './b.js';\n/** @type {import('./types.js').T} */\n")
    (tmp_path / "b.js").write_text("import '../" + tmp_path.name + "/c.js';\n")
    (tmp_path / "c.js").write_text("")
    (tmp_path / "pages" / "one.js").write_text("import {a} from '../a.js';\n")
    head = '<head>\n  <link rel="modulepreload" href="gone.js">\n  <script type="module" src="start.js"></script>\n</head>\n'
    (tmp_path / "one.html").write_text(head)
    (tmp_path / "two.html").write_text("<head>\n</head>\n")

    assert preloads.write(tmp_path) == ["one.html"]
    assert preloads.LINK.findall((tmp_path / "one.html").read_text()) == [
        *(f'  <link rel="modulepreload" href="{name}">\n' for name in ("a.js", "b.js", "c.js")),
        '  <link rel="modulepreload" href="pages/one.js">\n',
    ]
    assert preloads.outdated(tmp_path) == []


def test_what_moves_things_waits_in_a_template(tmp_path: Path) -> None:
    for name, text in {
        "first.js": "import './a.js';\n",
        "last.js": "import './a.js';\nimport './b.js';\n",
        "a.js": "",
        "b.js": "",
    }.items():
        (tmp_path / name).write_text(text)
    first, last = (f'<script type="module" src="{name}.js"></script>\n' for name in ("first", "last"))
    (tmp_path / "one.html").write_text(f"<head>\n  {first}  <template>\n    {last}  </template>\n</head>\n")

    preloads.write(tmp_path)
    assert (tmp_path / "one.html").read_text() == (
        f'<head>\n  <link rel="modulepreload" href="a.js">\n  {first}  <template>\n'
        f'    <link rel="modulepreload" href="b.js">\n    {last}  </template>\n</head>\n'
    )
