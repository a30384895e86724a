"""Whichever way Python was started, it is the same Python: results to the bit, library, documentation."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from builder.runtime_pack import pack
from explorer import surface
from tests.kernel.driver import Run, built_tiers, opened, packed_files, started
from tests.wasm.test_parity import COMPUTE, settings

Open = Callable[[str], Run]


@pytest.fixture(scope="module")
def starts(browser: Browser, browser_context_args: dict[str, Any], site_folder: Path) -> Iterator[dict[str, Run]]:
    """One page for each tier of the build."""
    contexts = []
    runs = {}
    for tier in built_tiers(site_folder):
        contexts.append(browser.new_context(**browser_context_args))
        runs[tier] = started(contexts[-1], f"index.html?tier={tier}")
    yield runs
    for context in contexts:
        context.close()


def same(found: dict[str, Any]) -> None:
    """Every tier gave what stock Pyodide gave."""
    stock = found.pop("stock")
    for tier, result in found.items():
        assert result == stock, tier


def test_the_build_has_every_tier(site_folder: Path) -> None:
    assert set(built_tiers(site_folder)) == {"stock", "fast", "snapshot"}


@pytest.mark.parametrize("name", surface.PAGES)
def test_results_are_the_same_to_the_bit(starts: dict[str, Run], name: str) -> None:
    asked = settings(surface.find(name))
    same({tier: run(COMPUTE, name, asked) for tier, run in starts.items()})


def test_every_module_of_the_library_is_there(starts: dict[str, Run]) -> None:
    code = """
import sys, importlib.util, pkgutil, numpy
names = [name for name in sorted(sys.stdlib_module_names) if importlib.util.find_spec(name)]
names += sorted(module.name for module in pkgutil.walk_packages(numpy.__path__, "numpy.", onerror=lambda name: None))
for start in range(0, len(names), 200): print(" ".join(names[start:start + 200]))
"""
    found = {tier: run("return say(given[0]);", code) for tier, run in starts.items()}
    assert len(found["stock"].split()) > 400
    same(found)


@pytest.mark.parametrize(
    "module",
    [
        "numpy",
        "numpy.linalg",
        "numpy.random",
        "numpy.fft",
        "numpy.ma",
        "numpy.polynomial",
        "json",
        "inspect",
        "dataclasses",
        "random",
    ],
)
def test_documentation_is_complete(starts: dict[str, Run], module: str) -> None:
    code = f"""
import importlib, zlib
def documented(value):
    yield getattr(value, "__doc__", None)
    if isinstance(value, type):
        for name, inner in sorted(vars(value).items()):
            if callable(inner): yield name + (getattr(inner, "__doc__", None) or "")
module = importlib.import_module("{module}")
for name, value in sorted(vars(module).items()):
    if not name.startswith("_") and type(value).__name__ != "module":
        text = chr(10).join(filter(None, documented(value)))
        print(name, len(text), zlib.crc32(text.encode()))
"""
    found = {tier: run("return say(given[0]);", code).splitlines() for tier, run in starts.items()}
    assert len(found["stock"]) > 5
    same(found)


@pytest.mark.parametrize("package", ["scipy", "matplotlib"])
def test_packages_load_with_progress(starts: dict[str, Run], package: str) -> None:
    for tier, run in starts.items():
        seen = run(
            """
            const [feature] = given;
            const seen = [];
            const note = (status) => { if (status.feature === feature) seen.push([status.state, status.loaded, status.total]); };
            const forget = kernel.onStatus(note);
            await kernel.load(feature);
            forget();
            await kernel.load(feature);
            return {seen, after: [kernel.status.state, kernel.status.feature]};
            """,
            package,
        )
        assert seen["after"] == ["ready", ""], tier
        assert seen["seen"], tier
        assert all(state == "ready" and loaded <= total for state, loaded, total in seen["seen"]), tier
        assert seen["seen"][-1][2] > 5_000_000, tier
        assert package in run("return say(given[0]);", f"import {package}; print({package}.__name__)"), tier


def test_chance_is_new_in_every_worker(starts: dict[str, Run]) -> None:
    code = "import random, numpy; print(random.random(), numpy.random.rand(), numpy.random.default_rng().random())"
    for tier, run in starts.items():
        first = run("return say(given[0]);", code).split()
        run("await kernel.stop();")
        second = run("return say(given[0]);", code).split()
        assert len(first) == 3
        assert not set(first) & set(second), tier


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
    files = packed_files(site_folder / "generated/runtime/snapshot.pack")
    record = json.loads(files["record.json"])
    record["firstSlot"] -= 1
    content = pack(files | {"record.json": json.dumps(record).encode()})
    altered(page, site_folder, lambda manifest: None, {"runtime/snapshot.pack": content})


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
            osft.kernel.onStatus(({state, tier}) => { if (state === 'ready' && tier === 'fast') resolve(); });
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
