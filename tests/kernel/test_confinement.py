"""What readers' code cannot do: reach the network, the page, or JavaScript's evaluator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kernel.driver import Run


@pytest.fixture
def run(shared: Run) -> Run:
    """One page for all tests here."""
    return shared


@pytest.mark.parametrize(
    "code",
    [
        "from js import fetch",
        "from js import XMLHttpRequest",
        "from js import postMessage",
        "from js import WebSocket",
        "from js import indexedDB",
        "from js import self",
        "from js import globalThis",
        "from js import eval",
        "import js; js.Object.constructor('return 1')()",
        "import js; js.Object.constructor.constructor('return fetch')()",
        "import js; js.setTimeout('x = 1', 0)",
        "from pyodide.code import run_js; run_js('1 + 1')",
        "from pyodide.http import open_url; open_url('index.html')",
        "import urllib.request; urllib.request.urlopen('https://example.org')",
        "import socket; socket.create_connection(('127.0.0.1', 80), 1)",
        "import subprocess; subprocess.run(['ls'])",
        "import threading; threading.Thread(target=print).start()",
    ],
)
def test_ways_out_are_closed(run: Run, code: str) -> None:
    text = run("return say(given[0]);", code)
    assert "Error" in text or "Exception" in text, text


@pytest.mark.expects_console_errors
def test_the_policy_binds_the_worker(visit: Callable[[str], Run]) -> None:
    """Without the second wall: the same attempts with a worker's own global scope in hand."""
    found = visit("index.html")("""
        const source = `
          const attempts = {
            'foreign fetch': () => fetch('https://example.org/'),
            'evaluation': async () => new Function('return 1')(),
            'data script': () => import('data:text/javascript,export default 1'),
            'foreign script': () => import('https://example.org/x.js'),
          };
          for (const [name, attempt] of Object.entries(attempts)) {
            try { await attempt(); postMessage([name, 'allowed']); } catch (error) { postMessage([name, error.name]); }
          }
          postMessage(null);`;
        const worker = new Worker(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})), {type: 'module'});
        const outcomes = {};
        await new Promise((resolve) => {
          worker.onmessage = ({data}) => { if (data) outcomes[data[0]] = data[1]; else resolve(); };
        });
        worker.terminate();
        return outcomes;
    """)
    assert found == {
        "foreign fetch": "TypeError",
        "evaluation": "EvalError",
        "data script": "TypeError",
        "foreign script": "TypeError",
    }


def test_readers_code_leaves_the_explorer_as_it_was(run: Run) -> None:
    run("""return say(`
import sys, builtins, numpy, osft, explorer.bridge
numpy.linalg.svd = None
builtins.print = None
explorer.bridge.SURFACE = {}
sys.path.clear()
`);""")
    assert abs(run("return (await kernel.call('compute', {page: 'svd', parameters: {}})).outputs.energy_kept;")) > 0
