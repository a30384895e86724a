"""Stop, death, restart, the spare worker, and messages that nobody should send."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.kernel.driver import Run

DEADLY = {
    "exit": "import os; os._exit(1)",
    "nesting": "import json; json.loads('[' * 100000)",
}


def test_stop_ends_an_endless_loop(run: Run) -> None:
    found = run("""
        const before = kernel.status.state;
        let running = false;
        const stream = cell('while True: pass', () => { running = true; });
        await until(() => running);
        await pause(100);
        const waiting = kernel.call('compute', {page: 'rotation', parameters: {}});
        await pause(100);
        const stopping = kernel.stop();
        const outcome = await settle(stream.done);
        const other = await settle(waiting);
        const during = document.documentElement.dataset.python;
        await stopping;
        const {outputs} = await kernel.call('compute', {page: 'rotation', parameters: {}});
        return {before, code: outcome.code, other: other.code, during, after: kernel.status, determinant: outputs.determinant};
    """)
    assert (found["before"], found["during"], found["after"]["state"]) == ("ready", "booting", "ready")
    assert (found["code"], found["other"]) == ("OSFT-E20", "OSFT-E20")
    assert found["after"]["code"] == ""
    assert found["determinant"] == 1


def test_stop_while_starting_starts_once_more(run: Run) -> None:
    assert (
        run("""
        const first = kernel.stop();
        const second = kernel.stop();
        await Promise.all([first, second]);
        await kernel.call('compute', {page: 'rotation', parameters: {}});
        return kernel.status.state;
    """)
        == "ready"
    )


def test_whoever_asks_in_the_moment_of_a_stop_is_answered_by_the_next(run: Run) -> None:
    found = run("""
        const asked = settle(kernel.call('compute', {page: 'rotation', parameters: {}}));
        kernel.stop();
        return asked;
    """)
    assert found["value"]["outputs"]["determinant"] == 1


def test_a_restart_downloads_nothing(run: Run) -> None:
    found = run("""
        const files = () => performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/generated/')).length;
        await kernel.load('stdlib');
        const before = files();
        await kernel.stop();
        return [before, files()];
    """)
    assert found[0] == found[1] > 3


@pytest.mark.expects_console_errors
@pytest.mark.parametrize("way", DEADLY)
def test_a_dead_interpreter_is_replaced_once(run: Run, way: str) -> None:
    found = run(
        """
        const [code] = given;
        const states = [];
        kernel.onStatus(({state, code}) => states.push([state, code]));
        const first = await settle(cell(code).done);
        const alive = await kernel.call('compute', {page: 'rotation', parameters: {}});
        const mended = kernel.status;
        const second = await settle(cell(code).done);
        await until(() => kernel.status.state === 'failed');
        const failed = kernel.status;
        const refused = await settle(kernel.ready);
        const again = await kernel.restart();
        const {outputs} = await kernel.call('compute', {page: 'rotation', parameters: {}});
        return {first, mended, second, failed, refused, again, states, determinant: outputs.determinant};
        """,
        DEADLY[way],
    )
    assert found["first"]["code"] == found["second"]["code"] == "OSFT-E22"
    assert found["mended"]["state"] == "ready"
    assert ["booting", "OSFT-E22"] in found["states"]
    assert found["failed"]["code"] == "OSFT-E23"
    assert "twice within a minute" in found["failed"]["message"]
    assert found["again"]["state"] == "ready"
    assert found["determinant"] == 1


@pytest.mark.expects_console_errors
def test_a_crashed_worker_is_replaced(run: Run) -> None:
    code, state, workers = run("""
        window.workers[0].onerror(new ErrorEvent('error', {message: 'crashed'}));
        const code = kernel.status.code;
        await kernel.call('compute', {page: 'rotation', parameters: {}});
        return [code, kernel.status.state, window.workers.length];
    """)
    assert [code, state, workers] == ["OSFT-E22", "ready", 2]


def test_a_spare_takes_over_at_once(run: Run) -> None:
    found = run("""
        kernel.spare(true);
        await until(() => window.workers[1]?.isReady);
        let running = false;
        const stream = cell('while True: pass', () => { running = true; });
        await until(() => running);
        await kernel.stop();
        const outcome = await settle(stream.done);
        const {outputs} = await kernel.call('compute', {page: 'rotation', parameters: {}});
        await until(() => window.workers.length === 3);
        kernel.spare(false);
        return {code: outcome.code, determinant: outputs.determinant, state: kernel.status.state};
    """)
    assert found == {"code": "OSFT-E20", "determinant": 1, "state": "ready"}


def test_messages_that_nobody_sends_change_nothing(run: Run) -> None:
    found = run("""
        const [worker] = window.workers;
        const replies = [];
        worker.addEventListener('message', ({data}) => replies.push(data));
        for (const message of [null, 0, 'call', [], {}, {type: 'nonsense', id: 70001}, {type: 'call', id: 70002},
          {type: 'call', id: 70003, name: 3, arguments: {}}, {type: 'stream', id: 70004, name: {}, arguments: null},
          {type: 'cancel', id: 70005}, {type: 'cancel'}, {type: 'install', id: 70006}, {type: 'file'}, {type: 'boot'}]) {
          worker.postMessage(message);
        }
        // Late, doubled, unknown and malformed replies.
        const values = new Float64Array(1);
        for (const data of [null, 1, {}, {type: 'nonsense'}, {type: 'answer', id: 1, key: 'never', header: null, values},
          {type: 'answer', id: 70007, key: 'x', header: {fields: [], texts: {}, length: 0, done: true}, values},
          {type: 'error', id: 70008, error: {}}, {type: 'done', id: 70009}, {type: 'text', id: 70010, text: 'x'}]) {
          worker.onmessage(new MessageEvent('message', {data}));
        }
        const {outputs} = await kernel.call('compute', {page: 'rotation', parameters: {}});
        return {state: kernel.status.state, determinant: outputs.determinant,
          refused: replies.filter(({type}) => type === 'error').map(({id}) => id)};
    """)
    assert found["state"] == "ready"
    assert found["determinant"] == 1
    assert {70001, 70002, 70003, 70006} <= set(found["refused"])


def test_hidden_time_does_not_count(context: BrowserContext) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto("index.html")
    page.evaluate("""async () => {
        const {watchdog} = await import(new URL('kernel/watchdog.js', document.baseURI).href);
        Object.defineProperty(document, 'visibilityState', {get: () => window.visibility, configurable: true});
        window.expired = 0;
        window.dog = watchdog(20, () => { window.expired += 1; });
    }""")

    def expired_after(seconds: int, visibility: str) -> int:
        page.evaluate("(visibility) => { window.visibility = visibility; }", visibility)
        page.clock.run_for(seconds * 1000)
        return int(page.evaluate("() => window.expired"))

    assert expired_after(300, "hidden") == 0
    assert expired_after(15, "visible") == 0
    assert expired_after(300, "hidden") == 0
    page.evaluate("() => window.dog.touch()")
    assert expired_after(15, "visible") == 0
    assert expired_after(10, "visible") == 1
    assert expired_after(60, "visible") == 1
