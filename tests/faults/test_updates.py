"""A new build on the server while tabs are open. F29, F31."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.faults.conftest import Sabotage, is_live, notice, press, settle
from tests.faults.visits import CHECK_NOW, SERVED_BY, build_of, first_visit, two_tabs
from tests.site.driver import EXPLORER, SAVES_DATA


def test_a_new_build_is_offered_and_never_forced(sabotage: Sabotage) -> None:
    """F29, F31: both tabs are told; each goes on with the build it was opened with until its reader says otherwise."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    one, other = two_tabs(server, context)
    old, new_site = (
        build_of(sabotage.site),
        sabotage.rebuilt(
            rotation_html=lambda text: text.replace("<h1>", "<h1>Anew: "),
            svd_html=lambda text: text.replace("<h1>", "<h1>Anew: "),
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
    other.locator(".site-nav a[href='svd.html']").click()
    other.locator(f"{EXPLORER}[data-page='svd'][data-source='live']").wait_for(state="attached")
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
    other.locator(".site-nav a[href='rotation.html']").click()
    other.locator(f"{EXPLORER}[data-page='rotation'][data-source='live']").wait_for(state="attached")
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
    server.folder = sabotage.rebuilt(rotation_html=lambda text: text.replace("<h1>", "<h1>Anew: "))
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
        server.folder = sabotage.rebuilt(rotation_html=lambda text, heading=heading: text.replace("<h1>", f"<h1>{heading}: "))
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
        rotation_html=lambda text: text.replace("<h1>", "<h1>Anew: "),
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
        tab.locator(".site-nav a[href='svd.html']").click()
        tab.locator(f"{EXPLORER}[data-page='svd'][data-source='live']").wait_for(state="attached")
        assert sorted(said) == (["the new page", "the new worker"] if of_new else [])


@pytest.mark.expects_console_errors
def test_a_reader_who_saves_data_is_asked_before_anything_is_fetched(sabotage: Sabotage) -> None:
    """F31: without the offer the copy of an earlier day would be shown for good."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    first_visit(server, context).close()
    server.folder = sabotage.rebuilt(rotation_html=lambda text: text.replace("<h1>", "<h1>Anew: "))
    context.add_init_script(SAVES_DATA)
    before = len(server.asked)
    page = context.new_page()
    page.clock.install()
    page.goto(server.url + "rotation.html")
    is_live(page)
    settle(page)
    line = notice(page, "OSFT-E60")
    assert not [path for path in server.asked[before:] if path.startswith(("/pages/", "/data/", "/rotation.html"))]
    # What does not come is offered again.
    server.missing("/rotation.html")
    press(line, "Update")
    line = notice(page, "OSFT-E60")
    server.heal()
    press(line, "Update")
    expect(page.locator("h1")).to_contain_text("Anew")
    is_live(page)


@pytest.mark.expects_console_errors
def test_a_copy_in_which_python_does_not_start_can_be_left(sabotage: Sabotage) -> None:
    """F29: a new build is offered there, too, for it may be the one that mends it."""
    server = sabotage.another_server(cache_control="max-age=600")
    context = sabotage.context()
    first_visit(server, context).close()
    server.folder = sabotage.rebuilt(rotation_html=lambda text: text.replace("<h1>", "<h1>Anew: "))
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
    sabotage.server.folder = sabotage.rebuilt(rotation_html=lambda text: text.replace("<h1>", "<h1>Anew: "))
    sabotage.server.heal()
    press(line, "Try again")
    line = notice(page, "OSFT-E14")
    expect(line).to_contain_text("This site was published anew since the page was opened.")
    press(line, "Reload")
    expect(page.locator("h1")).to_contain_text("Anew")
    is_live(page)
    expect(page.locator(".controls [name='angle']")).to_have_value("30")
