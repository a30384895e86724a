"""Which way Python is started: by its snapshot where the network is fast, by another where the snapshot is in doubt."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.kernel.driver import opened, started


def serve(page: Page, pattern: str, content: bytes) -> None:
    """Answer requests for a file of this pattern with these bytes."""
    page.route(pattern, lambda route: route.fulfill(body=content, content_type="application/octet-stream"))


def altered(
    page: Page, site_folder: Path, change: Callable[[dict[str, Any]], None], files: dict[str, bytes] | None = None
) -> None:
    """Serve a changed manifest, and files in the place of the built ones with their right hashes."""
    manifest = json.loads((site_folder / "generated" / "manifest.json").read_text(encoding="utf-8"))
    for path, content in (files or {}).items():
        manifest["files"][path] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        serve(page, f"**/{path}?*", content)
    change(manifest)
    page.route("**/generated/manifest.json", lambda route: route.fulfill(json=manifest))


def missing(page: Page, site_folder: Path) -> None:
    """The snapshot is not on the server."""
    page.route("**/snapshot.pack?*", lambda route: route.fulfill(status=404, body="no"))


def damaged(page: Page, site_folder: Path) -> None:
    """One byte of the snapshot is wrong."""
    content = bytearray((site_folder / "generated/runtime/snapshot.pack").read_bytes())
    content[random.Random(1).randrange(1000, len(content))] ^= 1
    serve(page, "**/snapshot.pack?*", bytes(content))


def other_engine(page: Page, site_folder: Path) -> None:
    """The snapshot expects a function table of another length."""
    body = gzip.decompress((site_folder / "generated/runtime/snapshot.pack").read_bytes())
    one_less = re.compile(rb'(?<="firstSlot":)( *\d+)')
    body, found = one_less.subn(lambda slot: str(int(slot[0]) - 1).rjust(len(slot[0])).encode(), body)
    assert found == 1
    altered(page, site_folder, lambda manifest: None, {"runtime/snapshot.pack": gzip.compress(body, 1)})


def other_pyodide(page: Page, site_folder: Path) -> None:
    """The snapshot belongs to another build of Pyodide."""

    def change(manifest: dict[str, Any]) -> None:
        header = manifest["boot"]["tiers"]["snapshot"]["header"]
        manifest["boot"]["tiers"]["snapshot"]["header"] = header[:30] + ("A" if header[30] != "A" else "B") + header[31:]

    altered(page, site_folder, change)


def wrong_at_once(page: Page, site_folder: Path) -> None:
    """The restored interpreter computes something else, as the quick check sees."""
    altered(page, site_folder, lambda manifest: manifest["boot"]["tiers"]["snapshot"].update(fingerprint="00000000 00000000"))


@pytest.mark.expects_console_errors
@pytest.mark.parametrize("fault", [missing, damaged, other_engine, other_pyodide, wrong_at_once])
def test_a_snapshot_in_doubt_is_not_used(context: BrowserContext, site_folder: Path, fault: Callable[[Page, Path], None]) -> None:
    page = context.new_page()
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text) if message.type == "info" else None)
    fault(page, site_folder)
    page.goto("index.html?tier=snapshot")
    status = page.evaluate("() => window.osft.ready")
    assert (status["state"], status["tier"]) == ("ready", "fast")
    told = [line for line in lines if "snapshot" in line]
    assert len(told) == 1
    determinant = "async () => (await osft.kernel.call('compute', {page: 'rotation', parameters: {}})).outputs.determinant"
    assert page.evaluate(determinant) == 1


def test_an_interpreter_found_wrong_later_is_replaced(context: BrowserContext, site_folder: Path) -> None:
    page = context.new_page()

    def change(manifest: dict[str, Any]) -> None:
        start = manifest["boot"]["tiers"]["snapshot"]
        start["fingerprint"] = start["fingerprint"].split()[0] + " 00000000"

    altered(page, site_folder, change)
    page.goto("rotation.html?tier=snapshot")
    page.evaluate(
        """() => new Promise((resolve) => {
            const look = ({state, tier}) => { if (state === 'ready' && tier === 'fast') resolve(); };
            osft.kernel.onStatus(look);
            look(osft.kernel.status);
        })"""
    )
    page.locator(".explorer[data-source='live']").wait_for(state="attached")


def test_the_second_visit_finds_the_snapshot_at_hand(context: BrowserContext) -> None:
    first = started(context, "index.html?tier=snapshot")
    first("""
        const shelf = async () => (await (await caches.open('osft-snapshot')).keys()).length;
        while (!(await shelf())) await pause(50);
    """)
    page = context.new_page()
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/snapshot.pack*", refuse)
    page.goto("index.html")
    status = page.evaluate("() => window.osft.ready")
    assert (status["state"], status["tier"]) == ("ready", "snapshot")
    assert asked == []


def test_a_damaged_snapshot_is_not_kept(context: BrowserContext) -> None:
    first = started(context, "index.html?tier=snapshot")
    kept = """
        const {url, response} = await (async () => {
          for (;;) {
            const shelf = await caches.open('osft-snapshot');
            const [request] = await shelf.keys();
            if (request) return {url: request.url, response: await shelf.match(request)};
            await pause(50);
          }
        })();
        const bytes = new Uint8Array(await response.arrayBuffer());
    """
    damaged = first(
        f"{kept} bytes[9000] ^= 1; await (await caches.open('osft-snapshot')).put(url, new Response(bytes)); return bytes[9000];"
    )
    second = started(context, "index.html?tier=snapshot")
    assert second("return [kernel.status.state, kernel.status.tier];") == ["ready", "snapshot"]
    mended = second(f"for (;;) {{ {kept} if (bytes[9000] !== given[0]) return bytes[9000]; await pause(50); }}", damaged)
    assert mended == damaged ^ 1


@pytest.mark.parametrize(
    ("connection", "rate", "chosen"),
    [
        ({}, 50e6, "snapshot"),
        ({}, 1e6, "fast"),
        ({"saveData": True}, 50e6, "fast"),
        ({"type": "cellular"}, 50e6, "fast"),
        ({"effectiveType": "3g"}, 50e6, "fast"),
        ({"effectiveType": "4g", "type": "wifi"}, 50e6, "snapshot"),
    ],
)
def test_the_snapshot_is_for_fast_networks(context: BrowserContext, connection: dict[str, Any], rate: float, chosen: str) -> None:
    run = opened(context, "404.html")
    found = run(
        """
        const [connection, rate] = given;
        const script = (name) => import(new URL(`kernel/${name}.js`, document.baseURI).href);
        const [{chooseTier}, {isThrifty}] = await Promise.all([script("tier"), script("material")]);
        Object.defineProperty(navigator, 'connection', {get: () => connection});
        performance.getEntriesByName = () => [{transferSize: 18300, encodedBodySize: 18000}];
        let started = 0;
        const supply = {
          get: () => { started ||= performance.now(); return pause(5); },
          reached: (bytes) => pause(1000 * bytes / rate),
          count: () => ({loaded: rate * (performance.now() - started) / 1000}),
        };
        const [loader, snapshot] = ['a', 'd'].map((path) => ({url: new URL(path, document.baseURI).href, bytes: 1, sha256: ''}));
        const tiers = ['stock', 'fast', 'snapshot'];
        const choice = {tiers, start: [loader], snapshot, asked: '', careful: false, thrifty: isThrifty()};
        return chooseTier(choice, supply);
        """,
        connection,
        rate,
    )
    assert found == chosen
