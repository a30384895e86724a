"""Driving the kernel of a page from Python: open it, run a script beside it, read the built tiers.

Used by the tests of tests/kernel, tests/wasm and tests/faults.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

Run = Callable[..., Any]

# Helpers for the scripts of the tests: `settle` makes an outcome of a promise, errors included.
PRELUDE = """
const {kernel} = window.osft;
const settle = (promise) => promise.then(
  (value) => ({value}),
  ({name, code, message, field, traceback}) => ({name, code, message, field, traceback}),
);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const until = async (test) => { while (!test()) await pause(10); };
const cell = (code, onStep = () => {}) => kernel.stream('run_cell', {page: 'rotation', parameters: {}, code}, onStep);
const say = async (code) => { let text = ''; await cell(code, (step) => { text += step.text; }).done; return text; };
"""

KEEP_WORKERS = """
window.workers = [];
window.Worker = class extends Worker {
  constructor(script, options) {
    super(script, options);
    if (options.name !== 'python') return;
    window.workers.push(this);
    this.addEventListener('message', ({data}) => { this.isReady ||= data.type === 'ready'; });
  }
};
"""


def opened(context: BrowserContext, address: str) -> Run:
    """Open an address; gives how to run a script there, with the helpers of PRELUDE."""
    page: Page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(KEEP_WORKERS)
    page.goto(address)

    def run(script: str, *arguments: Any) -> Any:
        return page.evaluate(f"async (given) => {{ {PRELUDE} {script} }}", list(arguments))

    run.page = page  # type: ignore[attr-defined]
    return run


def started(context: BrowserContext, address: str = "index.html") -> Run:
    """The same, once Python is ready."""
    run = opened(context, address)
    assert run("return (await window.osft.ready).state;") == "ready"
    return run


def packed_files(pack: Path) -> dict[str, bytes]:
    """The files of a pack by their path, as osft-web/kernel/pack.js reads them."""
    body = gzip.decompress(pack.read_bytes())
    (length,) = struct.unpack_from("<I", body)
    offset, files = 4 + length, {}
    for path, size in json.loads(body[4:offset]):
        files[path] = body[offset : offset + size]
        offset += size
    return files


def built_tiers(site_folder: Path) -> list[str]:
    """The ways to start that this build has."""
    manifest = json.loads((site_folder / "generated" / "manifest.json").read_text(encoding="utf-8"))
    return list(manifest["boot"]["tiers"])
