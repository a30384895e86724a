"""The first page: its cells run and agree with its numbers, and its sentences with the experiment."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import re

import pytest

from builder import precompute_index, precompute_torch_step
from tests.site.documents import SITE, Element, data, document

PAGES = ("rotation", "orthogonal", "energy", "svd", "projection", "parameters", "training")


@pytest.fixture(scope="module")
def index() -> Element:
    return document("index.html")


def cell(index: Element, name: str) -> str:
    """The code of one of the page's two cells."""
    (found,) = [each for each in index.all("section") if each["data-cell"] == name]
    return next(found.all("pre")).text


def printed(code: str) -> list[list[float]]:
    """What code prints: the numbers of each line that has any."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "cell", "exec"), {"__name__": "__main__"})
    lines = [re.findall(r"-?\d+(?:\.\d+)?", line) for line in out.getvalue().splitlines()]
    return [[float(number) for number in line] for line in lines if line]


def test_the_numbers_are_what_py_computes() -> None:
    assert precompute_index.is_stale() == []


def test_the_warm_up_prints_the_numbers_of_the_text(index: Element) -> None:
    _, *rows = printed(cell(index, "warm-up"))
    expected = data("index")["warm_up"]
    for row, name in zip(rows, ("gradient", "block", "two_sided"), strict=True):
        leak = expected[name]
        assert row == pytest.approx([leak["norm"], leak["left"], leak["right"]], abs=5.1e-5)


@pytest.mark.parametrize(("reproject", "name"), [(True, "reprojected"), (False, "hooks_only")])
def test_the_numpy_step_prints_what_pytorch_did(index: Element, reproject: bool, name: str) -> None:
    code = cell(index, "step")
    assert "reproject = True" in code
    rows = printed(code.replace("reproject = True", f"reproject = {reproject}"))
    expected = [[step["step"], step["loss"], step["leak"]] for step in data("torch-step")["runs"][name]]
    for row, known in zip(rows, expected, strict=True):
        assert row[0] == known[0]
        assert row[1] == pytest.approx(known[1], abs=5.1e-7)
        assert row[2] == pytest.approx(known[2], abs=5.1e-5)


def test_only_re_projection_keeps_adam_in_the_subspace() -> None:
    runs = data("torch-step")["runs"]
    assert max(step["leak"] for step in runs["reprojected"]) < 1e-12
    assert min(step["leak"] for step in runs["hooks_only"]) > 0.01


def test_the_pytorch_function_shown_is_the_one_that_was_recorded(index: Element) -> None:
    source = (SITE.parent / "builder" / "precompute_torch_step.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    (shown,) = [pre.text for pre in index.all("pre") if "def train_in_torch" in pre.text]
    assert shown == ast.get_source_segment(source, functions["train_in_torch"])
    recorded = data("torch-step")["versions"]["torch"]
    assert recorded == precompute_torch_step.VERSION
    assert f"Recorded with PyTorch {recorded}" in index.text


def test_pytorch_still_gives_the_record() -> None:
    pytest.importorskip("torch")
    assert precompute_torch_step.is_stale() == []


def test_our_experiment_is_typed_nowhere(index: Element) -> None:
    rows = [row for row in index.find("own-experiment").all("tr") if next(row.all("td"), None)]
    assert len(rows) >= 4
    for row in rows:
        cells = list(row.all("td"))
        assert len(cells) == 4
        for each in cells:
            numbers = [number["data-number"] for number in each.all("data")]
            assert [path.startswith("index.experiment.") for path in numbers] == [True, True]
            typed = "".join(text for text in each.content if isinstance(text, str))
            assert typed.strip() == "±"


def test_seven_doors_lead_to_the_seven_pages(index: Element) -> None:
    doors = [item for item in index.all("li") if "door" in item.classes]
    assert [next(door.all("a"))["href"] for door in doors] == [f"{page}.html" for page in PAGES]
    assert [next(door.all("img"))["src"] for door in doors] == [f"data/pictures/{page}.svg" for page in PAGES]


def test_every_source_of_the_library_can_be_opened(index: Element) -> None:
    for entry in index.find("library").all("li"):
        assert entry["id"].startswith("ref-")
        assert next(entry.all("a"), None) is not None, entry.text
    cited = {link["href"][1:] for link in index.all("a") if link["href"].startswith("#ref-")}
    assert cited <= {entry["id"] for entry in index.find("library").all("li")}


def front(name: str) -> list[tuple[float, float]]:
    """What is learned and kept along one of page 7's lines, from the most learned down."""
    tensor = data("training")["result"][f"front_{name}"]
    width = tensor["shape"][1]
    rows = [tensor["values"][i : i + width] for i in range(0, len(tensor["values"]), width)]
    best = max(range(len(rows)), key=lambda i: rows[i][0])
    side = rows[best:] if name == "osft" else rows[best::-1]
    return [(row[0], row[2]) for row in side]


def at(line: list[tuple[float, float]], learned: float) -> float:
    """What is kept where so much is learned, between the two nearest points."""
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        if x1 <= learned <= x0:
            return y0 + (y1 - y0) * (learned - x0) / (x1 - x0)
    raise AssertionError(f"The line does not reach {learned}.")


def mean(method: str, metric: str) -> float:
    value: float = data("index")["experiment"][method][metric]["mean"]
    return value


def test_the_experiment_says_what_the_text_says_of_it() -> None:
    """Sentences of the page that would be wrong with other data; a failure means: rewrite the sentence."""
    found = data("index")["experiment"]
    # "OFT forgot more than full fine-tuning did", "it forgot most of the tuned methods"
    assert mean("oft", "forgetting") > mean("full", "forgetting")
    tuned = ("full", "lora", "olora", "oft", "osft", "osft_dense", "gpm", "replay")
    assert max(tuned, key=lambda method: mean(method, "forgetting")) == "oft"
    # "Methods that may look at old data do better"; "training on all tasks at once sets the mark"
    assert mean("joint", "average_accuracy") > max(mean("gpm", "average_accuracy"), mean("replay", "average_accuracy"))
    assert min(mean("gpm", "average_accuracy"), mean("replay", "average_accuracy")) > mean("osft", "average_accuracy")
    # Page 7: "Where new tasks are learned well, OSFT's line runs above full fine-tuning's …, with Adam or SGD, and OFT's
    # runs below"
    lines = {name: front(name) for name in ("osft", "full", "full_sgd", "oft")}
    for learned in (0.85, 0.9, 0.93):
        osft, adam, sgd, oft = (at(lines[name], learned) for name in lines)
        assert osft > max(adam, sgd)
        assert min(adam, sgd) > oft
    # The control: strongest half, random half, weakest half or nothing
    control = found["control"]
    assert control["osft_dense"] < 0.5 * control["random"] < 0.5 * min(control["bottom"], control["nothing"])
    # "With SGD it is better"; "OSFT stays ahead of that, by less"; "reduced: from … (… with SGD) to …"
    assert mean("full", "forgetting") > mean("full_sgd", "forgetting") > mean("osft", "forgetting")
    assert mean("osft", "average_accuracy") > mean("full_sgd", "average_accuracy") > mean("full", "average_accuracy")
    # "which it had mastered"; the picture: "OSFT ends highest of the four"
    assert max(("full", "lora", "oft", "osft"), key=lambda method: mean(method, "average_accuracy")) == "osft"
    # "trained and unprotected, they undo most of the protection", measured from full fine-tuning
    head = found["head"]
    assert head["frozen"] - head["trained"] > 0.5 * (head["frozen"] - mean("full", "average_accuracy"))
    # "it made little difference": less than the interval of either
    between = abs(found["reprojection"]["with"] - found["reprojection"]["without"])
    assert between < found["osft"]["average_accuracy"]["half"]
