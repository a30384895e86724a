"""From page to page: Python keeps running, the browser's own buttons work, and anything unusual is left to the browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.site.driver import EXPLORER, PAGES, PATIENCE, SAVES_DATA, Reader, frames, open_live


def test_python_runs_on_through_the_whole_site(reader: Reader) -> None:
    page = reader.page
    reader.open("rotation")
    page.evaluate("""() => {
      window.stayed = true;
      window.states = [];
      new MutationObserver(() => window.states.push(document.documentElement.dataset.python))
        .observe(document.documentElement, {attributes: true, attributeFilter: ['data-python']});
    }""")
    for name in (*PAGES[1:], "index", *PAGES[:1]):
        page.locator(f".site-nav a[href='{name}.html'], .site-title[href='{name}.html']").first.click()
        page.locator(f"body.page-{name}").wait_for(state="attached")
        if name in PAGES:
            page.locator(f"{EXPLORER}[data-page='{name}'][data-source='live']").wait_for(state="attached", timeout=PATIENCE)
            expect(page.locator(".site-nav a[aria-current='page']")).to_have_attribute("href", f"{name}.html")
        assert page.evaluate("() => window.stayed") is True, "The document was loaded anew."
        assert page.evaluate("() => scrollY") == 0
    # Idle loading speaks up too; what counts is that Python never stops being ready.
    assert set(page.evaluate("() => window.states")) <= {"ready"}


def test_the_title_and_the_address_go_along(reader: Reader) -> None:
    reader.open("svd")
    reader.page.get_by_role("link", name="Projection →").click()
    expect(reader.page).to_have_title(re.compile("Projection"))
    expect(reader.page).to_have_url(re.compile(r"/projection\.html$"))
    reader.page.go_back()
    expect(reader.page).to_have_title(re.compile("Critical and safe"))
    reader.page.go_forward()
    expect(reader.page).to_have_title(re.compile("Projection"))


def names_asked_for(page: Page) -> list[str]:
    """The names of the files that the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(re.sub(r".*/|\?.*", "", request.url)))
    return asked


def test_the_other_pages_are_read_while_the_reader_reads(page: Page) -> None:
    asked = names_asked_for(page)
    last = re.compile(r"/pages/training\.js")
    with page.expect_response(last, timeout=PATIENCE):
        open_live(page, "svd.html?nosw=1")
    page.locator(".notice-close").click()
    for name in PAGES:
        page.locator(f".site-nav a[href='{name}.html']").click()
        Reader(page).wait_live(name)
    for name in PAGES:
        for suffix in ("html", "json", "js"):
            count = asked.count(f"{name}.{suffix}")
            # The document that was opened has been read by the browser, which keeps none for the site.
            assert count == (2 if (name, suffix) == ("svd", "html") else 1), f"{name}.{suffix} was fetched {count} times."


def test_a_link_that_the_pointer_rests_on_is_ready_at_the_click(page: Page) -> None:
    """A reader who saves data is given what he asks for; that may be a moment before he does."""
    page.clock.install()
    page.add_init_script(SAVES_DATA)
    asked = names_asked_for(page)
    open_live(page, "svd.html?nosw=1")
    page.clock.fast_forward(10_000)
    page.mouse.move(0, 0)
    assert asked.count("training.html") == 0
    link = page.get_by_role("link", name="5. Projection")
    with page.expect_response(re.compile(r"data/projection\.json")):
        link.hover()
    assert page.url.endswith("svd.html?nosw=1")
    for _ in range(2):  # what a page is made of is kept for the visit
        link.click()
        Reader(page).wait_live("projection")
        page.get_by_role("link", name="4. Critical and safe").click()
        Reader(page).wait_live("svd")
    for name in ("projection.html", "projection.json", "projection.js"):
        assert asked.count(name) == 1, f"{name} was fetched {asked.count(name)} times."


@pytest.mark.expects_console_errors
def test_what_could_not_be_reached_is_asked_for_again(page: Page) -> None:
    page.add_init_script(SAVES_DATA)
    open_live(page, "svd.html?nosw=1")
    page.mouse.move(0, 0)
    refuse = re.compile(r"/404\.html$")
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.route(refuse, lambda route: route.abort())
    page.evaluate("""() => {
      const link = Object.assign(document.createElement('a'), {href: '404.html', textContent: 'Elsewhere'});
      document.querySelector('.site-nav a').before(link);
    }""")
    link = page.get_by_role("link", name="Elsewhere")
    with page.expect_event("requestfailed"):
        link.hover()
    page.unroute(refuse)
    link.click()
    expect(page).to_have_url(re.compile(r"/404\.html$"))
    expect(page.locator("body.page-404")).to_be_attached()
    assert len(failed) == 1


def test_a_place_inside_another_page(reader: Reader) -> None:
    reader.open("svd")
    reader.panel("take")  # the last above the footer
    reader.page.locator("footer a[href='index.html#library']").click()
    expect(reader.page.locator("#library")).to_be_in_viewport()
    expect(reader.page).to_have_url(re.compile(r"/index\.html#library$"))


def test_a_new_tab_is_the_browser_s(reader: Reader) -> None:
    reader.open("svd")
    with reader.page.context.expect_page() as opened:
        reader.page.get_by_role("link", name="5. Projection").click(modifiers=["Control"])
    expect(opened.value.locator("h1")).to_have_text("Projection")
    opened.value.close()
    assert "svd.html" in reader.page.url


def test_leaving_in_the_middle_of_a_drag_or_a_turn(reader: Reader) -> None:
    """What a page was doing ends with it: no error, no late figure of another page."""
    reader.open("rotation")
    reader.page.locator("[data-action='play']").click()
    reader.open("svd")
    before = reader.page.locator(".summary").text_content()
    frames(reader.page, 2)
    assert reader.page.locator(".summary").text_content() == before
    reader.open("training", step=0)
    reader.page.locator(".transport .play").click()
    reader.open("energy")
    expect(reader.page).to_have_url(re.compile(r"/energy\.html$"))


def test_a_page_that_was_left_changes_nothing(reader: Reader) -> None:
    """Whatever of it still moves: the address is the next page's."""
    reader.open("orthogonal")
    button = reader.page.locator("[data-action='shuffle']").element_handle()
    reader.open("svd")
    button.evaluate("button => button.click()")
    frames(reader.page, 2)
    expect(reader.page).to_have_url(re.compile(r"/svd\.html$"))


def test_every_door_of_the_first_page(reader: Reader) -> None:
    reader.follow("index.html")
    doors = reader.page.locator(".door h3 a")
    assert doors.count() == len(PAGES)
    for index, name in enumerate(PAGES):
        reader.follow("index.html")
        doors.nth(index).click()
        reader.page.locator(f"{EXPLORER}[data-page='{name}']").wait_for(state="attached")


def test_nothing_of_a_page_is_kept_when_it_is_left(reader: Reader) -> None:
    """A reader who goes round and round does not fill the memory; the editor listens to more than its own document."""
    session = reader.page.context.new_cdp_session(reader.page)
    session.send("Performance.enable")

    def nodes_after_a_round() -> float:
        for name in ("rotation", "svd", "training"):
            reader.open(name)
            for panel in reader.page.locator("[data-panel]").all():
                panel.scroll_into_view_if_needed()
            reader.panel("code").locator("textarea").focus()
            reader.panel("code").locator(".cm-content").wait_for(timeout=PATIENCE)
        reader.open("parameters")
        session.send("HeapProfiler.collectGarbage")
        return next(each["value"] for each in session.send("Performance.getMetrics")["metrics"] if each["name"] == "Nodes")

    first = nodes_after_a_round()
    assert max(nodes_after_a_round() for _ in range(2)) < 1.2 * first
    session.detach()


def test_code_that_is_left_running_ends(reader: Reader) -> None:
    """Its Stop is gone with its page, and the next page needs Python."""
    reader.open("rotation")
    panel = reader.panel("code")
    panel.locator("textarea").evaluate("(field) => { field.value = 'while True: pass'; }")
    panel.locator("[data-action='run']").click()
    panel.locator("[data-action='stop']").wait_for(timeout=PATIENCE)
    reader.open("svd")
