"""The Content-Security-Policy, tried from the page and from the worker; nothing is ever asked of another host."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Request

from tests.faults.conftest import Sabotage
from tests.faults.saboteur import Saboteur
from tests.site.documents import DOCUMENTS, SITE
from tests.site.driver import PAGES, python_workers, wait_live

# What each way out does in a page, and the directive that stops it. `address` is another origin.
# The attempts run in a timer, because what a test evaluates itself is not bound by the policy.
FROM_THE_PAGE = {
    "fetch": ("fetch(address)", "connect-src"),
    "XMLHttpRequest": ("const r = new XMLHttpRequest(); r.open('GET', address); r.send()", "connect-src"),
    "WebSocket": ("new WebSocket(address.replace('http', 'ws'))", "connect-src"),
    "EventSource": ("new EventSource(address)", "connect-src"),
    "beacon": ("navigator.sendBeacon(address, 'x')", "connect-src"),
    "eval": ("eval('window.hit = 1')", "script-src"),
    "Function": ("new Function('window.hit = 1')()", "script-src"),
    "timer with text": ("setTimeout('window.hit = 1', 0)", "script-src"),
    "inline script": ("add('script', {textContent: 'window.hit = 1'})", "script-src-elem"),
    "data: script": ("add('script', {src: 'data:text/javascript,window.hit=1'})", "script-src-elem"),
    "foreign script": ("add('script', {src: address + 'x.js'})", "script-src-elem"),
    "foreign module": ("add('script', {type: 'module', src: address + 'x.js'})", "script-src-elem"),
    "import of data:": ("import('data:text/javascript,window.hit=1')", "script-src-elem"),
    "foreign import": ("import(address + 'x.js')", "script-src-elem"),
    "inline handler": ("const a = add('p', {}); a.setAttribute('onclick', 'window.hit = 1'); a.click()", "script-src-attr"),
    "handler of markup": ("document.body.append(parse('<img src=x onerror=\"window.hit = 1\">'))", "script-src-attr"),
    "javascript: link": ("add('a', {href: 'javascript:window.hit = 1'}).click()", "script-src-elem"),
    "foreign image": ("add('img', {src: address + 'x.png'})", "img-src"),
    "foreign background": ("add('p', {textContent: 'x'}).style.backgroundImage = `url(${address}x.png)`", "img-src"),
    "foreign style sheet": ("add('link', {rel: 'stylesheet', href: address + 'x.css'})", "style-src-elem"),
    "inline style": ("add('style', {textContent: 'body {color: red}'})", "style-src-elem"),
    "foreign font": ("new FontFace('x', `url(${address}x.woff2)`).load()", "font-src"),
    "foreign frame": ("add('iframe', {src: address})", "frame-src"),
    "foreign object": ("add('object', {data: address})", "object-src"),
    "foreign media": ("add('audio', {src: address + 'x.mp3'}).load()", "media-src"),
    "form": ("const f = add('form', {action: address, method: 'post'}); f.submit()", "form-action"),
    "base": ("document.head.append(Object.assign(document.createElement('base'), {href: address}))", "base-uri"),
    "data: worker": ("new Worker('data:text/javascript,fetch(1)')", "worker-src"),
}

ATTEMPT = """([source, address]) => new Promise((resolve) => {
  const parse = (markup) => new DOMParser().parseFromString(markup, 'text/html').body.firstChild;
  const add = (tag, properties) => {
    const node = Object.assign(document.createElement(tag), properties);
    document.body.append(node);
    return node;
  };
  window.hit = 0;
  let violated = '';
  const end = () => resolve({violated, hit: window.hit, base: document.baseURI});
  document.addEventListener('securitypolicyviolation', ({effectiveDirective}) => {
    violated = effectiveDirective;
    setTimeout(end, 50);
  }, {once: true});
  setTimeout(end, 10_000);
  const script = window.attempts[source];
  setTimeout(() => {
    try { Promise.resolve(script({address, add, parse})).catch(() => {}); } catch { /* the event tells */ }
  });
})"""

# The same for whoever holds the worker's own global scope, which readers' code does not.
FROM_THE_WORKER = {
    "fetch": "fetch(address)",
    "XMLHttpRequest": "new XMLHttpRequest().open('GET', address)",
    "WebSocket": "new WebSocket(address.replace('http', 'ws'))",
    "EventSource": "new EventSource(address)",
    "importScripts": "importScripts(address + 'x.js')",
    "foreign import": "import(address + 'x.js')",
    "import of data:": "import('data:text/javascript,0')",
    "import of blob:": "import(URL.createObjectURL(new Blob(['fetch(1)'], {type: 'text/javascript'})))",
    "eval": "eval('1')",
    "Function": "new Function('1')()",
    "Function of a function": "(() => {}).constructor('1')()",
    "generator function": "(function* () {}).constructor('1')().next()",
    "worker of its own": "new Worker(URL.createObjectURL(new Blob(['fetch(1)'])))",
    "storage of the site": "caches.keys()",
    "database": "indexedDB.open('x')",
    "another page": "new BroadcastChannel('x').postMessage(1)",
}


def attempts(sources: dict[str, str], given: str) -> str:
    """The attempts as functions that are in the page from the start."""
    functions = ", ".join(f"{name!r}: ({given}) => {{ {source} }}" for name, source in sources.items())
    return f"globalThis.attempts = {{{functions}}};"


@pytest.fixture
def foreign(sabotage: Sabotage) -> Saboteur:
    """Another origin that listens."""
    server = sabotage.another_server()
    server.headers["Access-Control-Allow-Origin"] = "*"
    return server


@pytest.mark.expects_console_errors
def test_nothing_gets_out_of_the_page(sabotage: Sabotage, foreign: Saboteur) -> None:
    page = sabotage.page()
    page.add_init_script(attempts({name: source for name, (source, _) in FROM_THE_PAGE.items()}, "{address, add, parse}"))
    found: dict[str, Any] = {}
    page.goto(sabotage.url("404.html"))
    for name in FROM_THE_PAGE:
        found[name] = page.evaluate(ATTEMPT, [name, foreign.url])
    assert {name: outcome["violated"] for name, outcome in found.items()} == {
        name: directive for name, (_, directive) in FROM_THE_PAGE.items()
    }
    assert [name for name, outcome in found.items() if outcome["hit"]] == []
    assert {outcome["base"] for outcome in found.values()} == {sabotage.url("404.html")}
    assert foreign.asked == []


@pytest.mark.expects_console_errors
def test_nothing_gets_out_of_the_worker(sabotage: Sabotage, foreign: Saboteur) -> None:
    page = sabotage.page("rotation.html")
    wait_live(page)
    worker = python_workers(page)[0]
    worker.evaluate(f"() => {{ {attempts(FROM_THE_WORKER, 'address').replace('{ ', '{ return ')} }}")
    found = worker.evaluate(
        """async (address) => {
            const outcomes = {};
            for (const [name, attempt] of Object.entries(attempts)) {
              outcomes[name] = await new Promise((resolve) => setTimeout(async () => {
                try { await attempt(address); resolve('allowed'); } catch (error) { resolve(error.name); }
              }));
            }
            return outcomes;
        }""",
        foreign.url,
    )
    assert {name for name, outcome in found.items() if outcome not in ("TypeError", "EvalError", "ReferenceError")} == set(), (
        found
    )
    assert foreign.asked == []


def test_every_document_has_the_same_strict_policy() -> None:
    """First in the head, so that nothing is parsed before it."""
    policies = set()
    for name in DOCUMENTS:
        text = (SITE / name).read_text(encoding="utf-8")
        found = re.search(
            r'<head>\s*<meta charset="utf-8">\s*<meta http-equiv="Content-Security-Policy" content="([^"]+)">', text
        )
        assert found, name
        policies.add(found[1])
    assert len(policies) == 1
    policy = dict(part.split(" ", 1) for part in policies.pop().split("; "))
    assert policy["default-src"] == policy["connect-src"] == policy["style-src"] == policy["font-src"] == "'self'"
    assert re.fullmatch(r"'self' 'wasm-unsafe-eval' 'sha256-[\w+/=]+'", policy["script-src"])
    assert policy["worker-src"] == "'self' blob:"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["object-src"] == policy["base-uri"] == policy["form-action"] == "'none'"


def test_no_page_asks_another_host_for_anything(sabotage: Sabotage) -> None:
    """All documents in one visit, each read to its end, so that every panel is there."""
    asked: set[str] = set()

    def note(request: Request) -> None:
        if not request.url.startswith(("blob:", "data:")):
            asked.add(request.url)

    page = sabotage.page()
    page.context.on("request", note)
    page.goto(sabotage.url("index.html"))
    for name in PAGES:
        page.locator(f".site-nav a[href='{name}.html']").click()
        page.locator(f".explorer[data-page='{name}'][data-source='live']").wait_for(state="attached")
        read_to_the_end(page)
    assert len(asked) > 60
    assert {address for address in asked if not address.startswith(sabotage.server.url)} == set()


def read_to_the_end(page: Page) -> None:
    """Bring every panel near the screen."""
    for panel in page.locator("[data-panel]").all():
        panel.scroll_into_view_if_needed()
        panel.locator(":scope > *").first.wait_for(state="attached")
