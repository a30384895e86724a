"""The machinery of the precomputation: cells, resuming, backends, progress, staleness."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from builder import cells
from builder import precompute_training as training
from builder.cells import Meter, cell_name, clock, run_cells, unique
from builder.errors import BuildError
from builder.training_work import work

CELLS = [{"value": i} for i in range(12)]


def square(cell: dict[str, Any]) -> dict[str, Any]:
    if cell.get("forbidden"):
        raise AssertionError("ran a finished cell")
    return {"square": cell["value"] ** 2}


def run_here(wanted: list[dict[str, Any]], folder: Path, **options: Any) -> dict[str, Any]:
    return run_cells(
        wanted, square, folder, backend=options.pop("backend", "threading"), workers=2, stream=io.StringIO(), **options
    )


def test_every_cell_is_run_and_found_by_name(tmp_path: Path) -> None:
    found = run_here(CELLS, tmp_path)
    assert {found[cell_name(cell)]["square"] for cell in CELLS} == {i * i for i in range(12)}
    assert len(list(tmp_path.glob("*.json"))) == 12
    assert not list(tmp_path.glob("*.part"))


def test_finished_cells_are_read_and_not_run(tmp_path: Path) -> None:
    run_here(CELLS[:5], tmp_path)
    path = tmp_path / f"{cell_name(CELLS[0])}.json"
    path.write_text('{"square": -1}')
    found = run_here(CELLS, tmp_path)
    assert found[cell_name(CELLS[0])] == {"square": -1}
    assert len(found) == 12


def test_a_damaged_cell_is_run_again(tmp_path: Path) -> None:
    (tmp_path / f"{cell_name(CELLS[1])}.json").write_text('{"squ')
    assert run_here(CELLS[:2], tmp_path)[cell_name(CELLS[1])] == {"square": 1}


def test_a_killed_run_keeps_what_it_finished(tmp_path: Path) -> None:
    def fail_at_seven(cell: dict[str, Any]) -> dict[str, Any]:
        if cell["value"] == 7:
            raise KeyboardInterrupt
        return {"square": cell["value"] ** 2}

    with pytest.raises(KeyboardInterrupt):
        run_cells(CELLS, fail_at_seven, tmp_path, backend="sequential", workers=1, stream=io.StringIO())
    assert len(list(tmp_path.glob("*.json"))) >= 6
    assert len(run_here(CELLS, tmp_path)) == 12


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", "multiprocessing"])
def test_any_joblib_backend_can_be_named(tmp_path: Path, backend: str) -> None:
    assert len(run_here(CELLS[:3], tmp_path, backend=backend)) == 3


def test_an_unknown_backend_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match='backend "abacus"'):
        run_here(CELLS[:1], tmp_path, backend="abacus")


def test_missing_joblib_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "joblib", None)
    with pytest.raises(BuildError, match="needs joblib"):
        run_here(CELLS[:1], tmp_path)


def test_progress_tells_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(cells.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    meter = Meter(100, 40, stream)
    for _ in range(20):
        now[0] += 3.0
        meter.add()
    assert meter.text() == "60 of 100 runs, 2 min 0 s left"
    assert "40 of 100 runs were finished before" in stream.getvalue()
    for _ in range(40):
        meter.add()
    meter.close()
    assert stream.getvalue().endswith("100 of 100 runs in 1 min 0 s\n")


def test_progress_draws_a_bar_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    meter = Meter(4, 0, stream)
    meter.add()
    meter.close()
    assert "\r███████░" in stream.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (3900, "1 h 5 min")])
def test_durations_read_like_a_person_says_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_run_as_a_cell_counts_right_answers() -> None:
    short = {"steps_per_task": 10, "pretraining_epochs": 1, "angles": [0.0, 30.0], "hidden": [16]}
    found = work({"kind": "run", "method": "full", "seed": 0, "settings": short})
    assert found["images"] == 397
    assert len(found["curve"]) == 2
    assert all(isinstance(n, int) and 0 <= n <= 397 for row in found["curve"] for n in row)
    diverged = work({"kind": "run", "method": "full", "seed": 0, "settings": {**short, "learning_rate": 1e9}})
    assert diverged["diverged_at"] is not None
    assert json.loads(json.dumps(diverged)) == diverged


def test_energy_outside_falls_with_the_ratio_and_activations_need_the_least() -> None:
    found = work({"kind": "energy", "seed": 0, "ratios": [0.1, 0.25, 0.5, 0.75, 0.9]})
    for layer in (0, 1):
        for subspace in ("weights", "activations", "random", "initial"):
            shares = [found[str(r)][subspace][layer] for r in (0.1, 0.25, 0.5, 0.75, 0.9)]
            assert shares == sorted(shares, reverse=True)
        at_half = {name: values[layer] for name, values in found["0.5"].items()}
        assert at_half["activations"] < at_half["weights"] < min(at_half["random"], at_half["initial"])


def test_missing_and_older_data_are_complained_of(tmp_path: Path) -> None:
    (only,) = training.is_stale(tmp_path)
    assert "missing" in only
    data = json.loads((Path(__file__).resolve().parents[2] / "osft-web" / "data" / training.NAME).read_text())
    (tmp_path / training.NAME).write_text(json.dumps(data))
    assert training.is_stale(tmp_path) == []
    data["made"]["code"] = "0" * 64
    data["tuning"]["code"] = "0" * 64
    data["runs"]["full"]["settings"] = {"learning_rate": 1.0}
    (tmp_path / training.NAME).write_text(json.dumps(data))
    assert len(training.is_stale(tmp_path)) == 3


def test_cells_without_repetition_keep_their_order() -> None:
    assert unique([CELLS[1], CELLS[0], dict(CELLS[1])]) == [CELLS[1], CELLS[0]]
