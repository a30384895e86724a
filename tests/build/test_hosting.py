"""The built site on other people's servers: Python's own, under a sub-path, from a copied folder."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from builder.modules import USED
from builder.serve import serving

LIVE = 60_000


@pytest.fixture
def under_a_sub_path(site_folder: Path, tmp_path: Path) -> Iterator[str]:
    """The site at `/some/where/`, as a page of a larger host; nothing at the root."""
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "where").symlink_to(site_folder, target_is_directory=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output readable."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/some/where/"
    server.shutdown()
    server.server_close()


def becomes_live(page: Page, url: str) -> set[str]:
    """Wait until Python has answered; every address that was asked for."""
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    page.goto(url + "rotation.html")
    expect(page.locator("html")).to_have_attribute("data-python", "ready", timeout=LIVE)
    expect(page.locator("section[data-page=rotation]")).to_have_attribute("data-source", "live", timeout=LIVE)
    return {address for address in asked if not address.startswith(("blob:", "data:"))}


def test_under_a_sub_path_every_request_stays_below_it(page: Page, under_a_sub_path: str) -> None:
    asked = becomes_live(page, under_a_sub_path)
    assert {address for address in asked if not address.startswith(under_a_sub_path)} == set()


def test_on_pythons_own_server(page: Page, plain_site: str) -> None:
    asked = becomes_live(page, plain_site)
    assert {address for address in asked if not address.startswith(plain_site)} == set()


def test_a_copied_folder_is_the_whole_site(page: Page, site_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(site_folder, copy)
    with serving(copy) as url:
        becomes_live(page, url)


def test_the_libraries_load_as_modules_and_leave_no_global(page: Page, site: str) -> None:
    page.goto(site + "rotation.html")
    answer = page.evaluate(
        """async () => {
            const before = Object.keys(globalThis).length;
            const d3 = await import(new URL('generated/vendor/d3.js', location.href).href);
            return {
                names: Object.keys(d3),
                globals: Object.keys(globalThis).length - before,
                ticks: d3.ticks(0, 1, 4),
                decades: d3.scaleLog([1, 1000], [0, 300]).ticks(3),
                middle: d3.scaleLinear([0, 10], [0, 300])(5),
                text: d3.scaleLinear().tickFormat(10, ',.1f')(1234567),
                line: d3.line()([[0, 0], [1, 2]]),
                area: d3.area()([[0, 1], [1, 2]]),
            };
        }"""
    )
    assert answer == {
        "names": sorted(USED),
        "globals": 0,
        "ticks": [0, 0.2, 0.4, 0.6, 0.8, 1],
        "decades": [1, 10, 100, 1000],
        "middle": 150,
        "text": "1,234,567.0",
        "line": "M0,0L1,2",
        "area": "M0,1L1,2L1,0L0,0Z",
    }


def test_the_editor_loads_without_an_import_map(page: Page, site: str) -> None:
    page.goto(site + "rotation.html")
    answer = page.evaluate(
        """async () => {
            const load = (name) => import(new URL(`generated/vendor/codemirror/${name}.js`, location.href).href);
            const names = ['state', 'view', 'language', 'commands', 'lang-python', 'autocomplete', 'search', 'lint'];
            const [state, view, language, , python] = await Promise.all(names.map(load));
            const doc = 'def f(x):\\n    return x';
            const editor = new view.EditorView({ doc, extensions: [python.python()], parent: document.body });
            const tree = language.syntaxTree(editor.state).toString();
            editor.dispatch({ changes: { from: 0, insert: '# ' } });
            return { tree, text: editor.state.doc.toString(), same: editor.state instanceof state.EditorState };
        }"""
    )
    assert answer["tree"].startswith("Script(FunctionDefinition(def,VariableName,ParamList")
    assert answer["text"].startswith("# def f(x):")
    assert answer["same"], "every module uses one copy of @codemirror/state"


def test_the_project_serves_every_built_file_with_its_size(site: str, site_folder: Path) -> None:
    import urllib.request

    manifest = json.loads((site_folder / "generated" / "manifest.json").read_text())
    listed = {f"generated/{path}": facts for path, facts in manifest["files"].items()} | manifest["site"]
    for path, facts in listed.items():
        with urllib.request.urlopen(urllib.request.Request(site + path, method="HEAD")) as answer:
            assert int(answer.headers["Content-Length"]) == facts["bytes"], path
