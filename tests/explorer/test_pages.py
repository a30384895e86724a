"""What holds for every page: its declaration, its answers to anything, its other route, its script."""

from __future__ import annotations

import contextlib
import io
import json
import os
import py_compile
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import precompute_pages
from explorer import surface
from explorer.declare import InvalidParameter, Page
from tests.explorer.strategies import JUNK, settings_of

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = {
    "rotation": "distance_original distance_transformed distance_preserved angle_error determinant "
    "orthogonality_error is_orthogonal",
    "orthogonal": "determinant orthogonality_error is_orthogonal norm_error angle_error "
    "preserves_norm preserves_angles condition_number eigenvalues",
    "energy": " ".join(
        f"{name}_{part}"
        for name in ("original", "oft", "random", "lora")
        for part in ("energy", "change", "low", "high", "verdict")
    ),
    "svd": "singular_values energy_kept reconstruction_error trainable_parameters independent_directions full_parameters",
    "projection": "projection_x projection_y safe_x safe_y reduction dot_with_critical "
    + " ".join(f"{name}_{part}" for name in ("block", "two_sided", "factors") for part in ("norm", "left_leak", "right_leak")),
    "parameters": " ".join(
        f"{name}{part}"
        for name in ("full", "lora", "dora", "oft", "oft_shared", "boft", "osft", "vera", "osft_directions", "oft_seed")
        for part in ("", "_percent", "_memory")
    ),
    "training": " ".join(
        f"{name}_{part}{end}"
        for name in ("full", "lora", "oft", "osft")
        for part in ("average_accuracy", "forgetting", "learning")
        for end in ("", "_low", "_high")
    ),
}
DEFAULTS = {
    "rotation": {"angle": 45, "points": 80, "shear": 0, "scale": 1, "reflect": False, "seed": 42},
    "orthogonal": {"n": 4, "method": "haar", "block": 2, "strength": 0.5, "terms": 5, "seed": 0, "edits": ""},
    "energy": {
        "neurons": 50,
        "features": 8,
        "strength": 0.3,
        "rank": 4,
        "measure": "mhe",
        "s": 1,
        "side": "input",
        "draws": 20,
        "seed": 0,
    },
    "svd": {"source": "toy", "rank": 2, "scale": "linear", "seed": 0},
    "projection": {"gx": 0.5, "gy": 0.8, "cx": 1.0, "cy": 0.5, "mode": "vector", "rank": 1, "optimizer": "sgd", "seed": 0},
    "parameters": {
        "in_features": 512,
        "out_features": 256,
        "rank": 16,
        "block_size": 32,
        "preserved_rank": 128,
        "model": "none",
        "targets": "q_v",
    },
    "training": {"methods": ("full", "lora", "oft", "osft"), "metric": "accuracy", "seed": "mean"},
}
each_page = pytest.mark.parametrize("page_name", surface.PAGES)
EXAMPLES = int(os.environ.get("OSFT_EXAMPLES", "40"))
"""How many states of each page are tried in passing; OSFT_EXAMPLES=10000 is for a quiet hour."""
quick = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_outputs(page: Page, known: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Exactly the declared outputs, of the declared kinds, finite unless the note says otherwise."""
    declared = {output.name: output for output in page.outputs_at(known)}
    assert set(outputs) == set(declared)
    for name, value in outputs.items():
        kind = declared[name].kind
        if kind in ("vector", "matrix"):
            assert isinstance(value, np.ndarray), name
            assert value.dtype == np.float64, name
            assert value.ndim == (1 if kind == "vector" else 2), name
        else:
            assert type(value) is {"float": float, "int": int, "flag": bool, "text": str}[kind], name
        if kind != "text" and "Infinity" not in declared[name].note:
            assert np.isfinite(value).all(), f"{name} = {value} at {known}"


def attempt(action: Callable[[], Any]) -> tuple[Any, InvalidParameter | None]:
    """What an action gives, or the refusal; any other exception is a failure."""
    try:
        return action(), None
    except InvalidParameter as error:
        return None, error


@each_page
def test_contract_names_and_defaults(page_name: str) -> None:
    page = surface.find(page_name)
    names = [output.name for output in page.outputs]
    assert len(names) == len(set(names))
    assert set(CONTRACT[page.name].split()) <= set(names)
    known = page.defaults()
    assert {name: known[name] for name in DEFAULTS[page.name]} == DEFAULTS[page.name]


@each_page
def test_declarations_are_sound(page_name: str) -> None:
    page = surface.find(page_name)
    earlier: set[str] = set()
    for parameter in page.parameters:
        referred = set(parameter.shown_when or {}) | {parameter.of} - {None}
        for bound in (parameter.low, parameter.high):
            referred |= set(re.findall(r"[a-z_]+", str(bound))) & {p.name for p in page.parameters}
        assert referred <= earlier, f"{parameter.name} refers to a parameter declared after it"
        assert parameter.name not in earlier
        assert parameter.label
        earlier.add(parameter.name)
    for output in page.outputs:
        assert output.label
        assert set(output.shown_when or {}) <= earlier


@each_page
def test_defaults_give_what_is_declared(page_name: str) -> None:
    page = surface.find(page_name)
    known = page.defaults()
    check_outputs(page, known, page.compute())
    check_outputs(page, known, page.compute(**known))


@each_page
@quick
@given(data=st.data())
def test_any_valid_state_has_finite_outputs(page_name: str, data: st.DataObject) -> None:
    page = surface.find(page_name)
    given_state = data.draw(settings_of(page))
    outputs, refusal = attempt(lambda: page.compute(**given_state))
    # Only the size of an edited cell is beyond what a pattern can say.
    assert refusal is None or refusal.field == "edits"
    if refusal is None:
        check_outputs(page, page.validate(given_state), outputs)


@each_page
@quick
@given(data=st.data())
def test_junk_is_refused_with_a_sentence(page_name: str, data: st.DataObject) -> None:
    page = surface.find(page_name)
    name = data.draw(st.sampled_from([p.name for p in page.parameters] + ["no_such_name", "__init__"]))
    value = data.draw(JUNK)
    _, refusal = attempt(lambda: page.validate({name: value}))
    if refusal is not None:
        assert refusal.field == name
        assert str(refusal).endswith(".")
        assert len(str(refusal)) < 1000


@each_page
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_other_route_agrees(page_name: str, data: st.DataObject) -> None:
    page = surface.find(page_name)
    given_state = data.draw(settings_of(page))
    outputs, refusal = attempt(lambda: page.compute(**given_state))
    if refusal is not None:
        return
    answer = page.audit(given_state)
    declared = {output.name: output for output in page.outputs}
    for name, value in outputs.items():
        difference = answer.get(f"{name}_difference")
        if difference is None:
            continue
        assert answer[f"{name}_route"]
        scale = float(np.abs(value).max(initial=0.0)) if declared[name].kind != "text" else 0.0
        if name == "condition_number" and (scale > 1e6 or not np.isfinite(scale)):
            continue  # the smallest singular value is rounding there, by either route
        # SciPy's subspace_angles takes an arcsine near 90°, where that has half its digits.
        tolerance = 1e-7 if name.endswith("_turn") else 1e-8
        assert difference <= tolerance * max(1.0, scale), f"{name}: {difference} at {given_state}"


@each_page
def test_every_number_has_another_route(page_name: str) -> None:
    page = surface.find(page_name)
    known = page.defaults()
    answer = page.audit({})
    without = {o.name for o in page.outputs_at(known) if f"{o.name}_difference" not in answer and not o.hidden}
    assert without <= {"notes", "memory_assumptions", "original_verdict", "draws_used"}
    assert max(v for name, v in answer.items() if name.endswith("_difference")) < 1e-9


def test_an_audit_can_fail() -> None:
    from explorer.audits import svd as audit

    page = surface.find("svd")
    outputs = page.compute()
    outputs["energy_kept"] += 1e-6
    assert audit.audit(page.defaults(), outputs)["energy_kept_difference"] == pytest.approx(1e-6, rel=1e-3)


def test_committed_data_is_what_py_computes() -> None:
    assert precompute_pages.is_stale(ROOT / "osft-web" / "data") == []


def test_precompute_writes_each_page_and_notices_a_change(tmp_path: Path) -> None:
    precompute_pages.precompute_pages(tmp_path)
    assert precompute_pages.is_stale(tmp_path) == []
    target = tmp_path / "svd.json"
    data = json.loads(target.read_text())
    data["result"]["energy_kept"] += 1e-6
    target.write_text(json.dumps(data))
    assert precompute_pages.is_stale(tmp_path) == ["svd.json differs from what py/ computes at result.energy_kept."]
    target.write_text("{")
    assert precompute_pages.is_stale(tmp_path) == ["svd.json is missing or cannot be read."]


@each_page
def test_the_script_prints_the_page(page_name: str, tmp_path: Path) -> None:
    page = surface.find(page_name)
    other = {
        "rotation": {"angle": 211.0, "shear": -0.7, "reflect": True, "view": "3d"},
        "orthogonal": {"n": 6, "method": "givens", "seed": 3, "edits": "0:1:0.5"},
        "energy": {"features": 3, "side": "output", "draws": 3},
        "svd": {"source": "random", "rank": 9, "seed": 2},
        "projection": {"mode": "matrix", "optimizer": "adam", "rank": 2, "seed": 5, "size": 4},
        "parameters": {"model": "t5-large", "targets": "all_linear"},
        "training": {"metric": "tasks", "step": 130, "seed": "4"},
    }[page.name]
    program = tmp_path / "state.py"
    program.write_text(str(surface.script(page.name, other)["script"]), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "py")},
    )
    printed, outputs = json.loads(run.stdout), page.compute(**other)
    assert list(printed) == list(outputs)
    for name, value in outputs.items():
        if isinstance(value, str):
            assert printed[name] == value
        else:
            np.testing.assert_allclose(printed[name], value, rtol=1e-12, atol=1e-12, err_msg=name)


@each_page
def test_the_cell_is_the_source_and_runs(page_name: str) -> None:
    page = surface.find(page_name)
    shown = surface.source(page.name)
    module = (ROOT / "py" / "explorer" / f"{page.name}.py").read_text(encoding="utf-8")
    for line in str(shown["code"]).splitlines():
        if line and not line.startswith(("from ", "import ", "compute(**")):
            assert line in module
    printed = io.StringIO()
    steps = surface.run_cell(page.name, {}, str(shown["code"]))
    with contextlib.redirect_stdout(printed):
        while True:
            try:
                next(steps)
            except StopIteration as end:
                answer = end.value
                break
    assert printed.getvalue() == ""
    assert answer["drives"] is True
    assert answer["failed"] is False
    for name, value in page.compute().items():
        np.testing.assert_array_equal(answer[name], value)


def test_sources_show_the_library() -> None:
    shown = str(surface.source("orthogonal")["library"])
    assert "def cayley(" in shown
    assert "def haar(" in shown


ASK = """
from explorer import surface
print(surface.compute("orthogonal", {})["determinant"])
try:
    print(surface.source("orthogonal")["code"].count("def compute("), surface.source("svd")["library"].count("def split("))
except ValueError as error:
    print(error)
"""


def in_another_python(path: Path) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    return run.stdout.splitlines()


def test_sources_are_read_from_a_zip_and_missed_with_a_sentence(tmp_path: Path) -> None:
    determinant = str(surface.compute("orthogonal", {})["determinant"])
    archive = tmp_path / "py.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for source in (ROOT / "py").rglob("*.py"):
            packed.write(source, source.relative_to(ROOT / "py"))
    assert in_another_python(archive) == [determinant, "1 1"]

    compiled = tmp_path / "compiled"
    for source in (ROOT / "py").rglob("*.py"):
        target = compiled / source.relative_to(ROOT / "py").with_suffix(".pyc")
        target.parent.mkdir(parents=True, exist_ok=True)
        py_compile.compile(str(source), str(target))
    sentence = "The source text of explorer.orthogonal is not part of this copy; its functions work."
    assert in_another_python(compiled) == [determinant, sentence]


def test_archive_holds_parameters_and_outputs() -> None:
    with np.load(io.BytesIO(surface.archive("rotation", {"angle": 90})["bytes"])) as archive:
        assert archive["parameter_angle"] == 90
        np.testing.assert_allclose(archive["matrix"], [[0, -1], [1, 0]], atol=1e-15)


@each_page
def test_publication_figures(page_name: str) -> None:
    page = surface.find(page_name)
    pytest.importorskip("matplotlib")
    text = surface.publication_figure(page.name, {}, "svg")["bytes"].decode()
    assert text.startswith("<?xml")
    assert text.count("<path") + text.count("<use") > 10


def drawing(page_name: str, given_state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The publication figure of a state, not yet in a file, and the outputs that it shows."""
    matplotlib_figure = pytest.importorskip("matplotlib.figure")
    from explorer import publication

    page = surface.find(page_name)
    figure, outputs = matplotlib_figure.Figure(), page.compute(**given_state)
    publication.DRAW[page_name](figure, page.validate(given_state), outputs)
    return figure, outputs


def test_the_publication_figure_of_each_task_shows_each_task() -> None:
    figure, outputs = drawing("training", {"metric": "tasks", "methods": "lora,osft"})
    plots = [axes for axes in figure.axes if axes.get_title()]
    names = ["First learned: Upright", "Turned 20°", "Turned 40°", "Turned 60°", "Turned 80°"]
    assert [axes.get_title() for axes in plots] == names
    for task, axes in enumerate(plots):
        for line, name in zip(axes.lines, ("lora", "osft"), strict=False):
            np.testing.assert_array_equal(line.get_ydata(), outputs[f"{name}_tasks"][:, 3 * task])
    (legend,) = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert [text.get_text() for text in legend.get_texts()] == ["LoRA", "OSFT"]


@pytest.mark.parametrize(("measure", "named"), [("mhe", "hyperspherical energy"), ("mean_abs_cosine", "mean |cosine|")])
def test_the_publication_figure_names_its_measure(measure: str, named: str) -> None:
    figure, _ = drawing("energy", {"measure": measure})
    assert figure.axes[0].get_ylabel() == f"Change of the {named}, %"


def test_a_publication_figure_is_the_same_each_time() -> None:
    pytest.importorskip("matplotlib")
    first, second = (surface.publication_figure("svd", {}, "svg")["bytes"] for _ in range(2))
    assert first == second
    image = surface.publication_figure("svd", {}, "png")["bytes"]
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InvalidParameter, match="svg or png"):
        surface.publication_figure("svd", {}, "pdf")


def test_only_listed_names_can_be_called() -> None:
    assert set(surface.SURFACE) == {"compute", "audit", "source", "script", "run_cell", "train", "publication_figure", "archive"}
    for name in ("__init__", "declare", "../rotation", "bridge", "", "rotation.compute"):
        with pytest.raises(InvalidParameter):
            surface.compute(name, {})
