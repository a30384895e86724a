"""Without a network after the first visit, and a service worker that is broken. F7, F32."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.faults.conftest import Sabotage, is_live, notice, press, settle
from tests.faults.visits import CHECK_NOW, begin_check, build_of, cut_off, first_visit, go_to, later_visit, until
from tests.site.driver import PAGES, output, set_value

ROOT = Path(__file__).resolve().parents[2]
KEPT_WHEELS = """async () => {
  const [name] = (await caches.keys()).filter((name) => name.startsWith('osft-build'));
  const kept = await (await caches.open(name)).keys();
  return kept.map(({url}) => url).filter((url) => url.includes('/scipy-'));
}"""
UNCHANGED = re.compile(r"\.(pack|js|css)\b")
"""What a build is made of, without the wasm, which is too large for a private window's cache."""
IS_GIVEN = "(address) => fetch(address).then(({ok}) => ok, () => false)"
ASKED_FOR = """() => new Promise((resolve) => {
  const names = (list) => list.getEntries().map(({name}) => name.split('/').at(-1).split('?')[0]);
  new PerformanceObserver((list) => resolve(names(list))).observe({type: 'resource', buffered: true});
})"""
"""The names of the files in the order in which they were asked for."""
NOBODY_IN_CHARGE = "async () => !(await navigator.serviceWorker.getRegistrations()).length"


def never_enough() -> str:
    """On a busy machine the page's scripts do not wait for those of Python's start any longer; here they do."""
    start = (ROOT / "osft-web" / "shell" / "start.js").read_text(encoding="utf-8")
    [enough] = re.findall(r"^const ENOUGH = (\d+);$", start, re.MULTILINE)
    return f"""(() => {{
      const later = window.setTimeout.bind(window);
      window.setTimeout = (act, delay, ...rest) => later(act, delay === {enough} ? 60_000 : delay, ...rest);
    }})()"""


def check_it(page: Page) -> None:
    """Let SciPy recompute the page's outputs."""
    expect(begin_check(page)).to_contain_text("outputs recomputed")


@pytest.mark.expects_console_errors
def test_every_page_is_live_without_a_network(sabotage: Sabotage) -> None:
    """F7: on a host like GitHub Pages. A new tab, all documents in turn, and plain words for what is not there."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    first_visit(server, context).close()
    cut_off(server, context)

    page = context.new_page()
    page.goto(server.url + "index.html")
    expect(page.locator("html")).to_have_attribute("data-python", "ready")
    settle(page)
    expect(page.locator("#offline-badge")).to_have_text(
        f"Offline copy, build {build_of(sabotage.site)}. Everything here works without a network."
    )
    for name in PAGES:
        go_to(page, name)
        assert page.locator(".notice").count() == 0
    # What is no page of the site says so; and by its address, too, with settings.
    page.goto(server.url + "nowhere.html")
    expect(page.locator("h1")).to_have_text("No such page")
    page.goto(server.url + "svd.html?rank=3")
    is_live(page)
    kept = output(page, "energy_kept")
    set_value(page, "rank", 4)
    assert output(page, "energy_kept") > kept

    # SciPy and Matplotlib come when they are first asked for, so they are not in the copy: without a network that is said,
    # and what asked for them goes on when it is back. A cell that waits for one can be stopped.
    take, code = (page.locator(f"[data-panel='{name}']") for name in ("take", "code"))
    state = begin_check(page)
    expect(state).to_contain_text("SciPy is not in the offline copy, and there is no network.")
    expect(state).to_contain_text(re.compile(r"0 B of [\d.]+ MB have come; it goes on by itself when the network is back"))
    set_value(page, "rank", 2)
    assert output(page, "energy_kept") < kept
    code.scroll_into_view_if_needed()
    code.locator("textarea").evaluate("(field) => { field.value = 'import scipy'; }")
    code.locator("[data-action='run']").click()
    code.locator("[data-action='stop']").click()
    expect(code.locator("[data-action='run']")).to_be_enabled()
    is_live(page)
    server.start()
    context.set_offline(False)
    expect(page.locator("#offline-badge")).to_have_count(0)
    begin_check(page)
    expect(state).to_contain_text("outputs recomputed")

    # The server alone is out of reach: SciPy is in the copy from now on, and Matplotlib is not.
    server.stop()
    take.scroll_into_view_if_needed()
    take.locator("[data-action='publication-svg']").click()
    expect(take.locator(".take-state")).to_contain_text("The server cannot be reached")
    expect(take.locator(".take-state")).to_contain_text("Matplotlib is not in the offline copy before it has been loaded once")
    cut_off(server, context)
    page.goto(server.url + "rotation.html")
    is_live(page)
    check_it(page)


def test_a_later_visit_asks_for_what_python_starts_from_first(sabotage: Sabotage) -> None:
    """A service worker answers one request after the other, and the page has some forty scripts."""
    server = sabotage.another_server(cache_control="max-age=600")
    page = later_visit(server, sabotage.context(never_enough()))
    names = page.evaluate(ASKED_FOR)
    assert names.index("fetcher.js") < names.index("boot.js")
    assert names.index("worker.js") < names.index("rotation.js")


@pytest.mark.expects_console_errors
def test_a_host_that_wants_to_be_asked_each_time(sabotage: Sabotage) -> None:
    """F7 where edits must be seen at once, as with build.py serve: while its build is the one that is kept, so is the rest.

    SciPy is kept once it has come, by its version: such a host may give a tab a newer build than the one that keeps it.
    """
    context = sabotage.context()
    page = first_visit(sabotage.server, context)
    before = len(sabotage.server.asked)
    page.goto(sabotage.url("svd.html"))
    is_live(page)
    assert sabotage.server.asked[before : before + 2] == ["/svd.html", "/generated/manifest.json"]
    assert not [path for path in sabotage.server.asked[before:] if UNCHANGED.search(path)]
    check_it(page)
    page.close()
    before = len(sabotage.server.asked)
    cut_off(sabotage.server, context)
    page = context.new_page()
    page.goto(sabotage.url("projection.html"))
    is_live(page)
    settle(page)
    expect(page.locator("#offline-badge")).to_contain_text("Offline copy")
    check_it(page)
    assert sabotage.server.asked[before:] == []
    [kept] = page.evaluate(KEPT_WHEELS)
    assert page.evaluate(IS_GIVEN, kept) is True
    assert page.evaluate(IS_GIVEN, kept.replace("?v=", "?v=0")) is False


@pytest.mark.expects_console_errors
def test_what_is_kept_while_it_comes_is_counted(sabotage: Sabotage) -> None:
    """F9: a service worker hands on what has come; else a slow line would look like one that stalls."""
    server = sabotage.another_server(cache_control="max-age=600")
    page = later_visit(server, sabotage.context())
    scipy = next((server.folder / "generated" / "runtime").glob("scipy-*.whl")).name
    server.stalled(scipy)
    state = begin_check(page)
    half = re.compile(r"\b([5-9]|1\d)\.\d+ MB of")
    expect(state).to_contain_text(half, timeout=15_000)  # before it counts as stalled
    server.heal()
    expect(state).to_contain_text("outputs recomputed")


BROKEN_WORKER = "self.addEventListener('fetch', (event) => event.respondWith(new Response('broken', {status: 500})));\n"


def way_out() -> str:
    """The script that docs/faults.md gives to hosts."""
    found = re.search(r"```js\n(.*?)```", (ROOT / "docs" / "faults.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.expects_console_errors
def test_a_broken_service_worker_is_got_rid_of(sabotage: Sabotage) -> None:
    """F32: the host puts the script of docs/faults.md in its place; whoever comes back has the site again."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    page = first_visit(server, context)
    server.folder = sabotage.rebuilt(**{"service-worker_js": lambda text: BROKEN_WORKER + text})
    page.evaluate(CHECK_NOW)
    press(notice(page, "OSFT-E60"), "Update")
    expect(page.locator("body")).to_have_text("broken")
    server.replaced("/service-worker.js", way_out())
    page.reload()
    until(page, NOBODY_IN_CHARGE)
    page.reload()
    is_live(page)
    assert page.evaluate("() => caches.keys()") == []
    # With a sound one in its place the next visit is kept again.
    server.heal()
    server.folder = sabotage.site
    page.goto("about:blank")
    page.goto(server.url + "svd.html")
    is_live(page)
    settle(page)
    expect(page.locator("html")).to_have_attribute("data-offline", "ready")


@pytest.mark.expects_console_errors
@pytest.mark.parametrize("fault", ["missing", "no script"])
def test_a_service_worker_that_does_not_come_is_done_without(sabotage: Sabotage, fault: str) -> None:
    """F32: the copy is an extra, so its absence is no news."""
    file = "/service-worker.js"
    sabotage.server.missing(file) if fault == "missing" else sabotage.server.replaced(file, "this is no script")
    page = sabotage.page()
    page.clock.install()
    page.goto(sabotage.url("rotation.html"))
    is_live(page)
    settle(page)
    expect(page.locator("html")).to_have_attribute("data-offline", "none")
    assert page.locator(".notice").count() == 0


def test_a_reader_can_have_everything_removed(sabotage: Sabotage) -> None:
    """F32: ?nosw is answered by the server alone, and takes worker and copies away."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    page = first_visit(server, context)
    before = len(server.asked)
    page.goto(server.url + "rotation.html?nosw")
    expect(notice(page, "OSFT-E61")).to_contain_text("What this site had kept on this machine for offline use was removed.")
    is_live(page)
    assert any(path.startswith("/rotation.html") for path in server.asked[before:])
    until(page, NOBODY_IN_CHARGE)
    assert page.evaluate("() => caches.keys()") == []


def test_everything_of_a_visit_without_copies_is_of_one_build(sabotage: Sabotage) -> None:
    """F32: to a service worker the workers of ?nosw are clients like any other."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    page = first_visit(server, context)
    server.folder = sabotage.rebuilt(
        kernel__worker_js=lambda text: f"{text}\nconsole.info('the new worker');\n",
        kernel__fetcher_js=lambda text: f"{text}\nconsole.info('the new fetcher');\n",
    )
    context.new_cdp_session(page).send("Network.clearBrowserCache")
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    page.goto(server.url + "rotation.html?nosw")
    is_live(page)
    assert {"the new worker", "the new fetcher"} <= set(said)
