"""The command line prints what the functions compute, and ends bad input with a sentence and status 2."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osft import energy, orthogonal, subspace
from osft import parameters as p
from osft.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must succeed and return what it printed."""
    assert main(list(arguments)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail and return its sentence."""
    try:
        status: Any = main(list(arguments))
    except SystemExit as stop:
        status = stop.code
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith("osft: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Write a weight matrix, a gradient, and files that cannot be used."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "weights": rng.standard_normal((6, 5)),
        "gradient": rng.standard_normal((6, 5)),
        "square": rng.standard_normal((4, 4)),
        "twins": [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]],
        "vector": np.arange(3.0),
        "broken": np.full((2, 2), np.nan),
        "objects": np.array([{"a": 1}], dtype=object),
    }
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=name == "objects")
    (tmp_path / "text.npy").write_text("no array")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.savez(tmp_path / "archive.npz", a=np.eye(2), b=np.eye(2))
    return {path.stem: str(path) for path in tmp_path.iterdir()} | {"folder": str(tmp_path)}


def test_count_a_layer(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "count", "lora", "--in", "4096", "--out", "4096", "--r", "16")
    assert "trainable parameters    131,072  (0.7812 % of full fine-tuning, 16,777,216)" in text
    data = json.loads(
        run(capsys, "count", "oft", "--in", "48", "--out", "20", "--oft_block_size", "5", "--block-share", "--json")
    )
    assert data["trainable"] == p.count("oft", 48, 20, oft_block_size=5, block_share=True)
    assert data["config"] == {"r": 12, "oft_block_size": 4, "block_share": True, "bias": "none"}
    assert data["notes"] == ["oft_block_size 5 does not divide 48; HF PEFT adjusts it to 4."]
    assert data["memory_bytes"]["total"] == p.layer_memory("oft", 48, 20, oft_block_size=5, block_share=True).total


@pytest.mark.parametrize(("given", "rank"), [("8", 8), ("0.5", 0.5), ("1.0", 1.0), ("1", 1), ("none", None), ("1e6", 1e6)])
def test_effective_rank_keeps_its_type(capsys: pytest.CaptureFixture[str], given: str, rank: Any) -> None:
    data = json.loads(run(capsys, "count", "osft", "--in", "48", "--out", "20", "--effective-rank", given, "--json"))
    assert data["trainable"] == p.count("osf", 48, 20, effective_rank=rank)
    assert data["independent_directions"] == p.independent_directions(48, 20, data["config"]["effective_rank"])


def test_count_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert "5,117,509,632" in run(capsys, "count", "osf", "--model", "llama-2-7b", "--targets", "all_linear")
    data = json.loads(run(capsys, "count", "lora", "--model", "Llama-2-7B", "--targets", "qv", "--r", "16", "--json"))
    assert data["trainable"] == 8_388_608
    assert sum(layer["copies"] * layer["trainable_each"] for layer in data["layers"]) == data["trainable"]
    assert json.loads(run(capsys, "count", "full", "--model", "t5-large", "--json"))["percent"] == 100.0


@pytest.mark.parametrize("method", p.METHODS)
def test_every_method_counts_and_helps(capsys: pytest.CaptureFixture[str], method: str) -> None:
    data = json.loads(run(capsys, "count", method, "--in", "64", "--out", "64", "--json"))
    assert data["trainable"] == p.count(method, 64, 64)
    with pytest.raises(SystemExit) as stop:
        main(["count", method, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for name in p.METHODS[method].defaults:
        if (method, name) != ("dora", "use_dora"):
            assert f"--{name.replace('_', '-')}" in text


def test_leak(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    weights, gradient = np.load(files["weights"]), np.load(files["gradient"])
    expected = subspace.explain(subspace.split(weights, 2), gradient)
    data = json.loads(run(capsys, "leak", files["weights"], files["gradient"], "--rank", "2", "--json"))
    assert list(data["projections"]) == ["full", "block", "two_sided", "factors"]
    for name, row in data["projections"].items():
        effect = getattr(expected, name)
        assert row["left_leak"] == effect.leak.left
        assert row["right_leak"] == effect.leak.right
        assert row["norm_kept"] == effect.norm_kept
        assert row["left_turn"] == effect.left_turn
        assert row["directions"] == effect.directions
    text = run(capsys, "leak", files["weights"], files["gradient"], "--rank", "2")
    assert "weights 6 x 5, 2 of 5 singular triplets preserved" in text


def test_energy(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    data = json.loads(run(capsys, "energy", files["weights"], "--s", "2", "--json"))
    assert data["energy"] == energy.hyperspherical_energy(np.load(files["weights"]), 2)
    assert data["mean_absolute_cosine"] == energy.mean_absolute_cosine(np.load(files["weights"]))
    twins = json.loads(run(capsys, "energy", files["twins"], "--json"))
    assert twins["energy"] == "Infinity"
    assert twins["duplicate_directions"] == [[0, 1], [2, 3]]
    assert "rows point the same way: 0 and 1, and 1 more" in run(capsys, "energy", files["twins"])


def test_orthogonal(capsys: pytest.CaptureFixture[str], files: dict[str, str], tmp_path: Path) -> None:
    out = str(tmp_path / "nearest.npy")
    data = json.loads(run(capsys, "orthogonal", files["square"], "--json", "--nearest", out))
    expected = orthogonal.measure(np.load(files["square"]))
    assert data["is_orthogonal"] is False
    assert data["determinant"] == expected.determinant
    assert data["eigenvalues"] == [[value.real, value.imag] for value in expected.eigenvalues]
    assert (np.load(out) == orthogonal.nearest(np.load(files["square"]))).all()
    assert json.loads(run(capsys, "orthogonal", out, "--json"))["is_orthogonal"] is True
    assert "orthogonal        yes" in run(capsys, "orthogonal", out)


def test_bad_input_ends_with_a_sentence(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    cases = {
        (): "The following arguments are required: COMMAND",
        ("sum",): "invalid choice",
        ("count",): "METHOD",
        ("count", "lora"): "Give the layer with --in and --out",
        ("count", "lora", "--in", "4"): "Give the layer with --in and --out",
        ("count", "lora", "--in", "x", "--out", "4"): "invalid int value: 'x'",
        ("count", "lora", "--in", "0", "--out", "4"): "in_features must be",
        ("count", "lora", "--in", "4", "--out", "4", "--rank", "2"): "--rank",
        ("count", "lora", "--in", "4", "--out", "4", "--targets", "qv"): "give --model too",
        ("count", "lora", "--in", "4", "--out", "4", "--model", "bert-base"): "not both",
        ("count", "lora", "--model", "bert"): "There is no model 'bert'",
        ("count", "lora", "--model", "bert-base", "--targets", "k"): "targets must be 'qv'",
        ("count", "oft", "--in", "8", "--out", "8", "--r", "2"): "OFT takes either r",
        ("count", "osf", "--in", "8", "--out", "8", "--effective-rank", "half"): "use a whole number such as 8",
        ("leak", files["weights"], files["gradient"]): "--rank",
        ("leak", files["weights"], files["square"], "--rank", "2"): "gradient has shape (4, 4)",
        ("leak", files["weights"], files["gradient"], "--rank", "6"): "rank must be between 0 and 5, not 6.",
        ("energy", "missing.npy"): "missing.npy cannot be read: No such file or directory.",
        ("energy", files["folder"]): "cannot be read",
        ("energy", files["text"]): "is not a NumPy .npy file of numbers",
        ("energy", files["empty"]): "is not a NumPy .npy file of numbers",
        ("energy", files["objects"]): "is not a NumPy .npy file of numbers",
        ("energy", files["archive"]): "is an archive of several arrays",
        ("energy", files["vector"]): "must have 2 dimensions, not 1",
        ("energy", files["broken"]): "must hold finite numbers; it has nan at (0, 0).",
        ("energy", files["weights"], "--s", "-1"): "s must be at least 0.0",
        ("energy", files["weights"], "--s", "nan"): "s must be a finite number",
        ("orthogonal", files["weights"]): "must be square",
        ("orthogonal", files["square"], "--nearest", f"{files['folder']}/no/where.npy"): "cannot be written",
    }
    for arguments, sentence in cases.items():
        assert sentence in fail(capsys, *arguments), arguments


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["count", "--help"], ["leak", "--help"], ["energy", "--help"], ["orthogonal", "--help"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
        assert "usage: osft" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == "osft 1.0.0\n"
