"""The committed notebooks: paired with their sources, run from them, whole, and small."""

from __future__ import annotations

import ast
import base64
import json
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

from notebooks.render import SOURCES, fingerprint

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "maths" / "vectors" / "peft_0.21.2.json"
LARGEST_PICTURE, LARGEST_NOTEBOOK = 45_000, 600_000

pytestmark = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def committed(source: Path) -> Any:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_source_and_notebook_hold_the_same_cells(source: Path) -> None:
    written, run = jupytext.read(source), committed(source)
    assert [(cell.cell_type, cell.source) for cell in run.cells] == [(cell.cell_type, cell.source) for cell in written.cells]


def test_outputs_were_made_by_these_cells(source: Path) -> None:
    notebook = committed(source)
    assert notebook.metadata["osft"]["code_sha256"] == fingerprint(notebook), "Run notebooks/render.py and commit what it writes."
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1)), "The cells were not run once each, from the top."


def test_fingerprint_sees_a_changed_cell(source: Path) -> None:
    notebook = committed(source)
    code_cells(notebook)[-1].source += "\n"
    assert fingerprint(notebook) != notebook.metadata["osft"]["code_sha256"]


def test_outputs_hold_no_error_and_no_warning(source: Path) -> None:
    outputs = [output for cell in code_cells(committed(source)) for output in cell.outputs]
    assert len(outputs) > 15
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]


def test_every_computing_cell_shows_something(source: Path) -> None:
    """A picture or a printed line: an empty output would be a cell that was never run, or proves nothing."""
    silent = [cell.source.splitlines()[0] for cell in code_cells(committed(source)) if not cell.outputs]
    assert silent == ["import matplotlib.pyplot as plt"]


def test_the_notebook_is_small(source: Path) -> None:
    path = source.with_suffix(".ipynb")
    assert path.stat().st_size < LARGEST_NOTEBOOK
    pictures = [
        len(base64.b64decode(output.data["image/png"]))
        for cell in code_cells(committed(source))
        for output in cell.outputs
        if output.output_type == "display_data" and "image/png" in output.data
    ]
    assert len(pictures) >= 5
    assert max(pictures) < LARGEST_PICTURE


def test_the_run_had_pytorch(source: Path) -> None:
    """Readers without PyTorch see what its cells print; so it must have been there."""
    first = code_cells(committed(source))[0].outputs[0].text
    assert "PyTorch 2.13.0" in first


def test_recorded_answers_of_peft_are_its_answers(source: Path) -> None:
    """The table that stands in for PEFT, where it is missing, against what PEFT itself computed."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    tables = [
        ast.literal_eval(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "RECORDED"
    ]
    if source.stem != "orthogonal_fine_tuning_tutorial":
        assert tables == []
        return
    asked = [row for row in json.loads(VECTORS.read_text())["layer_counts"] if (row["in"], row["out"]) == (512, 256)]
    for method, config, recorded in tables[0]:
        wanted = {"r": 0, **config} if method == "oft" else config
        answers = [row["trainable"] for row in asked if row["method"].lower() == method and row["config"] == wanted]
        assert answers == [recorded], (method, config)
