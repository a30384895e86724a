"""A new build on the server while tabs are open. F9, F29, F31, F33."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.faults.conftest import Sabotage, is_live, notice, press, settle
from tests.faults.visits import CHECK_NOW, SERVED_BY, begin_check, build_of, cut_off, first_visit, go_to, headed, two_tabs, until
from tests.site.driver import SAVES_DATA

IN_CHARGE = """async (build) => (await navigator.serviceWorker.getRegistration()).active.scriptURL.endsWith(build)"""
BEGUN = "(build) => caches.has(`osft-build-${build}`)"
LOOKED_FOR = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  const done = new Promise((resolve) => {
    registration.addEventListener('updatefound', () => {
      registration.installing.addEventListener('statechange', ({target}) => resolve(target.state));
    });
  });
  await registration.update();
  return done;
}"""
"""What the browser does by itself after a while, until the script that it found is installed or given up."""


def test_a_new_build_is_offered_and_never_forced(sabotage: Sabotage) -> None:
    """F29, F31: both tabs are told; each goes on with the build it was opened with until its reader says otherwise."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    one, other = two_tabs(server, context)
    old, new_site = (
        build_of(sabotage.site),
        sabotage.rebuilt(
            rotation_html=headed("Anew"),
            svd_html=headed("Anew"),
            kernel__worker_js=lambda text: f"{text}\nconsole.info('the new worker');\n",
        ),
    )
    new = build_of(new_site)
    server.folder = new_site
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    for tab in (one, other):
        tab.evaluate(CHECK_NOW)
        expect(notice(tab, "OSFT-E60")).to_contain_text("A new version of this site is ready.")
    # Nothing has changed for either, also where a new worker is started or another document is opened in it.
    other.evaluate("() => window.osft.kernel.stop()")
    is_live(other)
    go_to(other, "svd")
    assert not (other.locator("h1").text_content() or "").startswith("Anew")
    assert "the new worker" not in said
    assert other.evaluate(SERVED_BY)["mine"] == old

    press(notice(one, "OSFT-E60"), "Update")
    expect(one.locator("h1")).to_contain_text("Anew")
    is_live(one)
    assert one.evaluate(SERVED_BY)["mine"] == new
    assert "the new worker" in said
    # The other tab is of the old build still, whatever it asks for.
    said.clear()
    other.evaluate("() => window.osft.kernel.stop()")
    is_live(other)
    go_to(other, "rotation")
    assert not (other.locator("h1").text_content() or "").startswith("Anew")
    assert "the new worker" not in said
    found = other.evaluate(SERVED_BY)
    assert (found["mine"], found["active"]) == (old, new)

    press(notice(other, "OSFT-E60"), "Update")
    expect(other.locator("h1")).to_contain_text("Anew")
    is_live(other)
    assert other.evaluate(SERVED_BY)["mine"] == new


def test_an_update_in_a_tab_that_no_worker_answers(sabotage: Sabotage) -> None:
    """F31: of two tabs of a first visit neither is given to the new worker; a press on Update is not lost on them."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    one, other = (context.new_page() for _ in range(2))
    for tab in (one, other):
        tab.clock.install()
        tab.goto(server.url + "rotation.html")
        is_live(tab)
    for tab in (one, other):
        settle(tab)
        expect(tab.locator("html")).to_have_attribute("data-offline", "ready")
    other.reload()
    is_live(other)
    settle(other)
    expect(other.locator("html")).to_have_attribute("data-offline", "ready")
    assert [tab.evaluate("() => Boolean(navigator.serviceWorker.controller)") for tab in (one, other)] == [False, True]
    server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    one.evaluate(CHECK_NOW)
    press(notice(one, "OSFT-E60"), "Update")
    expect(one.locator("h1")).to_contain_text("Anew")
    is_live(one)
    assert one.evaluate(SERVED_BY)["mine"] == build_of(server.folder)
    assert other.evaluate(SERVED_BY)["mine"] == build_of(sabotage.site)
    # The other tab hears of it when the new build is in charge already.
    other.evaluate(CHECK_NOW)
    press(notice(other, "OSFT-E60"), "Update")
    expect(other.locator("h1")).to_contain_text("Anew")


def test_an_update_that_was_overtaken_by_the_next(sabotage: Sabotage) -> None:
    """F31: what is let in is the newest build, not the one that was offered first."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    one, other = two_tabs(server, context)
    for tab, heading in ((one, "Second"), (other, "Third")):
        server.folder = sabotage.rebuilt(rotation_html=headed(heading))
        tab.evaluate(CHECK_NOW)
        notice(tab, "OSFT-E60")
    press(notice(one, "OSFT-E60"), "Update")
    expect(one.locator("h1")).to_contain_text("Third")
    is_live(one)
    assert one.evaluate(SERVED_BY)["mine"] == build_of(server.folder)


def test_an_edit_is_seen_in_the_next_tab_and_in_no_other(sabotage: Sabotage) -> None:
    """F31 on a host that wants to be asked each time: nobody has to let the new build in, and no tab is of two builds."""
    context = sabotage.context()
    old, new = two_tabs(sabotage.server, context)
    sabotage.server.folder = sabotage.rebuilt(
        rotation_html=headed("Anew"),
        pages__svd_js=lambda text: f"{text}\nconsole.info('the new page');\n",
        kernel__worker_js=lambda text: f"{text}\nconsole.info('the new worker');\n",
    )
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    new.reload()
    expect(new.locator("h1")).to_contain_text("Anew")
    is_live(new)
    assert said == ["the new worker"]
    builds = [tab.evaluate(SERVED_BY)["mine"] for tab in (old, new)]
    assert builds == [build_of(sabotage.site), build_of(sabotage.server.folder)]
    # A browser ends a service worker that has nothing to do, and begins it anew when it is asked.
    for tab, of_new in ((old, False), (new, True)):
        browser = context.new_cdp_session(tab)
        browser.send("ServiceWorker.enable")
        browser.send("ServiceWorker.stopAllWorkers")
        said.clear()
        tab.evaluate("() => window.osft.kernel.stop()")
        go_to(tab, "svd")
        assert sorted(text for text in said if text.startswith("the new")) == (
            ["the new page", "the new worker"] if of_new else []
        )


@pytest.mark.expects_console_errors
def test_a_tab_that_has_the_new_build_is_not_offered_it(sabotage: Sabotage) -> None:
    """F31 on a host that wants to be asked each time: what its next tab showed is what it keeps; the others are told."""
    context = sabotage.context()
    old = first_visit(sabotage.server, context)
    sabotage.server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    new = first_visit(sabotage.server, context)
    expect(new.locator("h1")).to_contain_text("Anew")
    until(new, IN_CHARGE, build_of(sabotage.server.folder))
    assert new.evaluate(SERVED_BY)["active"] == build_of(sabotage.server.folder)
    assert new.locator(".notice").count() == 0
    old.evaluate(CHECK_NOW)
    notice(old, "OSFT-E60")
    go_to(old, "svd")
    assert old.evaluate(SERVED_BY)["mine"] == build_of(sabotage.site)
    assert len(old.evaluate(SERVED_BY)["caches"]) == 2
    cut_off(sabotage.server, context)
    new.reload()
    expect(new.locator("h1")).to_contain_text("Anew")
    is_live(new)


def test_going_back_to_a_site_that_was_published_anew(sabotage: Sabotage) -> None:
    """F31: of a document in its history a browser does not ask whether it has changed."""
    page = first_visit(sabotage.server, sabotage.context())
    page.goto("about:blank")
    sabotage.server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    page.go_back()
    expect(page.locator("h1")).to_contain_text("Anew")
    is_live(page)
    assert page.evaluate(SERVED_BY)["mine"] == build_of(sabotage.server.folder)


@pytest.mark.expects_console_errors
def test_a_host_that_does_not_say_which_build_it_has(sabotage: Sabotage) -> None:
    """F9: what is kept is used when the list of files does not come in three seconds."""
    context = sabotage.context()
    first_visit(sabotage.server, context).close()
    sabotage.server.stalled("/generated/manifest.json")
    page = context.new_page()
    page.goto(sabotage.url("rotation.html"))
    is_live(page)


@pytest.mark.expects_console_errors
def test_a_changed_service_worker_costs_no_copy(sabotage: Sabotage) -> None:
    """F31: a browser looks by itself whether the script has changed, and installs it under the address of the build before."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    page = first_visit(server, context)
    server.folder = sabotage.rebuilt(**{"service-worker_js": lambda text: f"{text}\n// It has changed.\n"})
    page.evaluate(LOOKED_FOR)
    assert f"/generated/manifest.json?fresh={build_of(sabotage.site)}" in server.asked
    cut_off(server, context)
    page.reload()
    is_live(page)
    go_to(page, "svd")


@pytest.mark.expects_console_errors
def test_a_build_that_comes_while_another_is_let_in(sabotage: Sabotage) -> None:
    """F31: what is half kept is not taken for the copy of a build that nobody needs any more."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    one, other = two_tabs(server, context)
    server.folder = sabotage.rebuilt(rotation_html=headed("Second"))
    one.evaluate(CHECK_NOW)
    line = notice(one, "OSFT-E60")
    server.folder = sabotage.rebuilt(rotation_html=headed("Third"), svd_html=headed("Third"))
    server.bytes_per_second = 20_000
    other.evaluate(CHECK_NOW)
    until(other, BEGUN, build_of(server.folder))
    expect(other.locator("html")).to_have_attribute("data-offline", "saving")
    press(line, "Update")
    expect(one.locator("h1")).to_contain_text("Second")
    expect(other.locator("html")).to_have_attribute("data-offline", "saving")
    server.bytes_per_second = None
    press(notice(other, "OSFT-E60"), "Update")
    expect(other.locator("h1")).to_contain_text("Third")
    is_live(other)
    cut_off(server, context)
    other.reload()
    expect(other.locator("h1")).to_contain_text("Third")
    is_live(other)


@pytest.mark.expects_console_errors
def test_an_update_while_another_tab_loads(sabotage: Sabotage) -> None:
    """F31: a browser lets a service worker in when the one before has nothing to do; the package comes all the same."""
    server = sabotage.another_server(cache_control="max-age=600")
    one, other = two_tabs(server, sabotage.context())
    server.stalled(next((server.folder / "generated" / "runtime").glob("scipy-*.whl")).name)
    state = begin_check(other)
    expect(state).to_contain_text(re.compile(r"\d MB of"))
    server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    one.evaluate(CHECK_NOW)
    press(notice(one, "OSFT-E60"), "Update")
    expect(one.locator("h1")).to_contain_text("Anew")
    server.heal()
    expect(state).to_contain_text("outputs recomputed")
    assert other.evaluate(SERVED_BY)["mine"] == build_of(sabotage.site)


NO_ROOM_FOR_NOTES = """
const put = Cache.prototype.put;
Cache.prototype.put = function (address, response) {
  if (String(address).endsWith('/notes')) return Promise.reject(new DOMException('full', 'QuotaExceededError'));
  return put.call(this, address, response);
};
"""


def test_no_room_to_note_whose_tab_it_is(sabotage: Sabotage) -> None:
    """F31, F33: then it is known for as long as the service worker goes on."""
    server = sabotage.another_server(sabotage.rebuilt(**{"service-worker_js": lambda text: NO_ROOM_FOR_NOTES + text}))
    context = sabotage.context()
    first_visit(server, context)
    server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    page = context.new_page()
    page.goto(server.url + "rotation.html")
    expect(page.locator("h1")).to_contain_text("Anew")
    is_live(page)


@pytest.mark.expects_console_errors
def test_a_reader_who_saves_data_is_asked_before_anything_is_fetched(sabotage: Sabotage) -> None:
    """F31: without the offer the copy of an earlier day would be shown for good."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    first_visit(server, context).close()
    server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    context.add_init_script(SAVES_DATA)
    before = len(server.asked)
    page = context.new_page()
    page.clock.install()
    page.goto(server.url + "rotation.html")
    is_live(page)
    settle(page)
    line = notice(page, "OSFT-E60")
    assert not [path for path in server.asked[before:] if path.startswith(("/pages/", "/data/", "/rotation.html"))]
    # What does not come is offered again, and may be a later one by then.
    server.missing("/rotation.html")
    press(line, "Update")
    line = notice(page, "OSFT-E60")
    server.heal()
    server.folder = sabotage.rebuilt(rotation_html=headed("Third"))
    press(line, "Update")
    expect(page.locator("h1")).to_contain_text("Third")
    is_live(page)


@pytest.mark.expects_console_errors
def test_a_copy_in_which_python_does_not_start_can_be_left(sabotage: Sabotage) -> None:
    """F29: a new build is offered there, too, for it may be the one that mends it."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    first_visit(server, context).close()
    server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    page = context.new_page()
    page.clock.install()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(server.url + "rotation.html")
    notice(page, "OSFT-E07")
    settle(page)
    press(notice(page, "OSFT-E60"), "Update")
    expect(page.locator("h1")).to_contain_text("Anew")


@pytest.mark.expects_console_errors
def test_a_host_that_mends_its_site_while_a_page_is_open(sabotage: Sabotage) -> None:
    """F31 before anything is kept: the scripts of the open page are not mixed with a Python of another build."""
    sabotage.server.missing("/start.pack")
    page = sabotage.page("rotation.html?angle=30&tier=fast")
    line = notice(page, "OSFT-E02")
    sabotage.server.folder = sabotage.rebuilt(rotation_html=headed("Anew"))
    sabotage.server.heal()
    press(line, "Try again")
    line = notice(page, "OSFT-E14")
    expect(line).to_contain_text("This site was published anew since the page was opened.")
    press(line, "Reload")
    expect(page.locator("h1")).to_contain_text("Anew")
    is_live(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")
