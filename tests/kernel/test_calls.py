"""Calls, newest-wins channels and streams against the real worker."""

from __future__ import annotations

import pytest

from tests.kernel.driver import Run


@pytest.fixture
def run(shared: Run) -> Run:
    """One page for all tests here; none of them ends its worker."""
    return shared


def test_answers_belong_to_their_questions(run: Run) -> None:
    found = run("""
        const angles = [...Array(40).keys()].map((index) => index * 9);
        const answers = await Promise.all(angles.map((angle) => kernel.call('compute', {page: 'rotation', parameters: {angle}})));
        return answers.map(({outputs}, index) => {
          const turn = angles[index] * Math.PI / 180;
          return Math.abs(outputs.matrix.values[0] - Math.cos(turn)) + Math.abs(outputs.matrix.values[2] - Math.sin(turn));
        });
    """)
    assert len(found) == 40
    assert max(found) < 1e-15


def test_the_newest_question_wins(run: Run) -> None:
    found = run("""
        const channel = kernel.latest('test');
        const ask = (angle) => channel.ask('compute', {page: 'rotation', parameters: {angle}});
        const answers = await Promise.all([...Array(30).keys()].map(ask));
        return answers.map((answer) => answer && Math.round(Math.acos(answer.outputs.matrix.values[0]) * 180 / Math.PI));
    """)
    assert found == [0] + [None] * 28 + [29]


def test_a_channel_goes_on_after_an_error(run: Run) -> None:
    found = run("""
        const channel = kernel.latest('test');
        const ask = (angle) => settle(channel.ask('compute', {page: 'rotation', parameters: {angle}}));
        const outcomes = await Promise.all([ask(4000), ask(1), ask(5000)]);
        const after = await ask(2);
        return [...outcomes, after].map((outcome) => outcome.code ?? (outcome.value ? 'answer' : null));
    """)
    assert found == ["OSFT-E30", None, "OSFT-E30", "answer"]


def test_channels_do_not_hold_each_other_up(run: Run) -> None:
    assert run("""
        const ask = (name) => kernel.latest(name).ask('compute', {page: 'rotation', parameters: {}});
        const answers = await Promise.all(['a', 'b', 'c', 'a', 'b', 'c'].map(ask));
        return answers.every(Boolean);
    """)


@pytest.mark.parametrize(
    ("call", "code", "field"),
    [
        ("kernel.call('nonsense', {})", "OSFT-E26", ""),
        ("kernel.call('__import__', {name: 'os'})", "OSFT-E26", ""),
        ("kernel.call('compute', {page: 'rabbit', parameters: {}})", "OSFT-E30", "page"),
        ("kernel.call('compute', {page: 'rotation', parameters: {angle: 361}})", "OSFT-E30", "angle"),
        ("kernel.call('compute', {page: 'rotation', parameters: {angle: NaN}})", "OSFT-E30", "angle"),
        ("kernel.call('compute', {page: 'rotation', parameters: {points: 2.5}})", "OSFT-E30", "points"),
        ("kernel.call('compute', {page: 'rotation', parameters: {nonsense: 1}})", "OSFT-E30", "nonsense"),
        ("kernel.call('compute', {page: 'rotation', wonder: 1})", "OSFT-E31", ""),
        ("kernel.call('compute', {page: 'rotation', parameters: {angle: [[[[1]]]]}})", "OSFT-E28", ""),
        ("kernel.call('compute', {page: () => 1})", "OSFT-E28", ""),
        ("kernel.stream('nonsense', {}, () => {}).done", "OSFT-E26", ""),
    ],
)
def test_errors_have_one_shape(run: Run, call: str, code: str, field: str) -> None:
    outcome = run(f"return settle({call});")
    assert outcome["name"] == "KernelError"
    assert outcome["code"] == code
    assert outcome["field"] == field
    assert len(outcome["message"]) > 10
    assert run("return (await kernel.call('compute', {page: 'rotation', parameters: {}})).outputs.determinant;") == 1


def test_a_stream_lets_other_calls_through(run: Run) -> None:
    found = run("""
        const steps = [];
        const stream = kernel.stream('train', {seed: 0}, (step) => steps.push(step.elapsed));
        await until(() => steps.length >= 2);
        const calls = [];
        for (const angle of [90, 180, 270]) {
          const before = steps.length;
          const {outputs} = await kernel.call('compute', {page: 'rotation', parameters: {angle}});
          calls.push({determinant: outputs.determinant, waited: steps.length - before});
        }
        stream.cancel();
        const between = steps.length;
        const outcome = await settle(stream.done);
        await pause(300);
        return {code: outcome.code, calls, between, after: steps.length};
    """)
    assert found["code"] == "OSFT-E20"
    assert all(abs(call["determinant"] - 1) < 1e-15 for call in found["calls"])
    # Steps that had come while the page was held up are counted too, so one call in three has to show it.
    assert min(call["waited"] for call in found["calls"]) <= 2
    assert found["after"] == found["between"]


def test_what_is_printed_comes_while_the_code_runs(run: Run) -> None:
    found = run("""
        const texts = [];
        const stream = cell(
          'import time\\nfor i in range(3):\\n    print("tea", i)\\n    time.sleep(0.2)',
          (step) => { if (step.text) texts.push([step.text, kernel.status.state]); });
        await stream.done;
        return texts;
    """)
    assert "".join(text for text, _ in found) == "tea 0\ntea 1\ntea 2\n"
    assert len(found) >= 2


def test_a_flood_of_output_is_cut(run: Run) -> None:
    found = run("""
        let messages = 0; let text = '';
        await cell('for i in range(200000): print(i)', (step) => { messages += step.text ? 1 : 0; text += step.text; }).done;
        return {messages, length: text.length, end: text.slice(-60)};
    """)
    assert found["length"] < 10_200
    assert found["messages"] < 100
    assert "only the first 10000 characters" in found["end"]


def test_more_memory_than_there_is_is_an_ordinary_error(run: Run) -> None:
    # Nothing is written to it, so the machine itself gives no memory away.
    assert "MemoryError" in run("return say('[np.empty(10**8) for _ in range(20)]');")
    assert run("return kernel.status.state;") == "ready"
