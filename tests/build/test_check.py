"""`build.py check` finds what is wrong with a site, and says it in sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import notices
from builder.check import PAGES, check, read_document
from builder.site import Places
from builder.vendor import Lock

from .conftest import Project

POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"


def document(head: str = "", body: str = "", policy: str = POLICY, before: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{before}'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>x</title>{head}</head>'
        f'<body><main id="content">{body}</main></body></html>\n'
    )


@pytest.fixture
def sound(project: Project) -> Project:
    """A built project without a fault."""
    for page in PAGES:
        (project.root / "osft-web" / f"{page}.html").write_text(document('<script type="module" src="pages/a.js"></script>'))
    notices.write(project.root, Lock.read(project.root / "vendor.lock.json"))
    assert project.run().returncode == 0
    assert complaints(project) == []
    return project


def complaints(project: Project) -> list[str]:
    return check(Places.of(project.root))


def test_a_sound_site_passes(sound: Project) -> None:
    answer = sound.run("check", "--no-data")
    assert answer.returncode == 0, answer.stdout
    assert "whole, self-contained and up to date" in answer.stdout


FAULTS = {
    "a script of another host": (document('<script src="https://example.org/x.js"></script>'), "is on another host"),
    "a picture without a scheme": (document(body='<img src="//example.org/x.png" alt="">'), "is on another host"),
    "a srcset": (document(body='<img srcset="pages/a.js 1x, https://example.org/b.png 2x" alt="">'), "is on another host"),
    "a font": (document('<link rel="preload" href="https://example.org/f.woff2">'), "is on another host"),
    "an address from the root": (document('<link rel="icon" href="/icon.svg">'), "write it relative"),
    "a missing file": (document('<link rel="icon" href="icon.svg">'), "does not exist"),
    "a link to nowhere": (document(body='<a href="nowhere.html">x</a>'), "does not exist"),
    "a link to no id": (document(body='<a href="svd.html#nothing">x</a>'), "has the id nothing"),
    "a link out of the site": (document(body='<a href="../README.md">x</a>'), "outside the site"),
    "no policy": ("<!doctype html><title>x</title>", "no Content-Security-Policy"),
    "another policy": (document(policy="default-src *"), "another Content-Security-Policy"),
    "a late policy": (document(before='<script src="pages/a.js"></script>'), "before the Content-Security-Policy"),
    "an inline script": (document(body="<script>alert(1)</script>"), "inline script is not allowed"),
    "an inline style": (document(body='<p style="color:red">x</p>'), "inline styles"),
    "a handler": (document(body='<button onclick="x()">x</button>'), "inline onclick handler"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_document_is_told_once(sound: Project, fault: str) -> None:
    content, words = FAULTS[fault]
    (sound.root / "osft-web" / "svd.html").write_text(content)
    sound.run()
    sentences = complaints(sound)
    assert len(sentences) == 1, sentences
    assert sentences[0].startswith("svd.html")
    assert words in sentences[0]
    assert sound.run("check", "--no-data").returncode == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pages/a.js", 'import x from "https://example.org/x.js";', "another host"),
        ("pages/a.js", "const x = await import('//example.org/x.js');", "another host"),
        ("pages/a.js", "fetch(`https://example.org/x`);", "another host"),
        ("styles.css", "@import 'https://example.org/x.css';", "another host"),
        ("styles.css", "a{background:url(https://example.org/x.png)}", "another host"),
        ("styles.css", "a{background:url(missing.png)}", "does not exist"),
    ],
)  # fmt: skip
def test_scripts_and_styles_load_nothing_from_elsewhere(sound: Project, name: str, content: str, words: str) -> None:
    (sound.root / "osft-web" / name).write_text(content)
    sound.run()
    sentences = complaints(sound)
    assert len(sentences) == 1, sentences
    assert sentences[0].startswith(name)
    assert words in sentences[0]


@pytest.mark.parametrize("text", ["// see https://example.org", 'const svg = "http://www.w3.org/2000/svg";', "<a>"])
def test_an_address_that_is_only_mentioned_is_no_fault(sound: Project, text: str) -> None:
    (sound.root / "osft-web" / "pages" / "a.js").write_text(text)
    (sound.root / "osft-web" / "svd.html").write_text(document(body='<a href="https://example.org/paper">paper</a>'))
    sound.run()
    assert complaints(sound) == []


def test_an_edited_a_missing_and_a_stray_built_file(sound: Project) -> None:
    (sound.generated / "vendor" / "d3.js").write_text("edited")
    (sound.generated / "py.zip").unlink()
    (sound.generated / "stray.js").write_text("")
    sentences = complaints(sound)
    assert len(sentences) == 3
    assert any("d3.js is not what was built: expected sha256" in sentence for sentence in sentences)
    assert "osft-web/generated/py.zip is missing." in sentences
    assert "osft-web/generated/stray.js is not in the manifest." in sentences


def test_a_missing_page_and_a_missing_build(sound: Project) -> None:
    (sound.root / "osft-web" / "energy.html").unlink()
    assert "osft-web/energy.html is missing." in complaints(sound)
    sound.run("clean")
    assert any("run `python3 build.py`" in sentence for sentence in complaints(sound))


def test_sources_that_are_newer_than_the_build(sound: Project) -> None:
    (sound.root / "py" / "osft" / "new.py").write_text("x = 1\n")
    assert complaints(sound) == ["osft-web/generated/ was built from other sources than these; run `python3 build.py`."]


def test_a_lab_that_came_or_went_after_the_build(sound: Project) -> None:
    """The front page links to the notebooks by what the manifest says; a build brings both in step."""
    lab = sound.root / "osft-web" / "lab"
    lab.mkdir()
    (lab / "index.html").write_text("<!doctype html>")
    for change in (lambda: None, lambda: (lab / "index.html").unlink()):
        change()
        assert complaints(sound) == [
            "osft-web/lab/ has come or gone since the last build, so the link to it is wrong; run `python3 build.py`."
        ]
        sound.run()
        assert complaints(sound) == []


def test_notices_that_are_out_of_date(sound: Project) -> None:
    (sound.root / "THIRD_PARTY.md").write_text("old")
    assert len(complaints(sound)) == 1
    assert sound.run("lock", "--notices").returncode == 0
    assert complaints(sound) == []


def test_the_reader_of_documents(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text(document('<link rel="canonical" href="https://example.org/">', '<p id="a">&lt;script src=x&gt;</p>'))
    found = read_document(page)
    assert found.loads == []
    assert found.anchors == {"content", "a"}
    assert found.policy == POLICY
