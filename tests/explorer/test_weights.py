"""The real weights of the svd page: whole, of known origin, and what their sources say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from builder.precompute_transformer import is_stale
from explorer import weights
from explorer.declare import Array
from osft.continual import run
from osft.continual.settings import Settings
from osft.continual.trainer import pretrain

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "osft-web" / "data"


@pytest.mark.parametrize("name", weights.NAMES)
def test_every_matrix_loads(name: str) -> None:
    matrix = weights.load(name)
    assert matrix.dtype == np.float64
    assert matrix.shape == {"t": (384, 384), "1": (128, 64), "2": (128, 128)}[name[0] if name[0] == "t" else name[7]]
    assert np.isfinite(matrix).all()
    assert matrix.std() > 0.01


def test_digits_are_the_experiments_network() -> None:
    """Float16 rounds to one part in 2,048; on another processor training in float32 rounds differently."""
    seed = weights.about("digits-1-full")["seed"]
    for layer, matrix in enumerate(pretrain(seed, Settings()).hidden, start=1):
        assert distance(weights.load(f"digits-{layer}-pretrained"), matrix) < 0.005
    for layer, matrix in enumerate(run("full", seed=seed).weights, start=1):
        assert distance(weights.load(f"digits-{layer}-full"), matrix) < 0.05
    # OSFT trains factors with Adam, which depends on the basis; where singular values are close, another
    # processor's SVD takes another basis of the same subspace and the path is another. What was learned is alike:
    # with OpenBLAS's kernels for five kinds of processor, of which three differ, the cosine was 0.63 at least; with another
    # rate or cut it was 0.46 at most.
    for layer, matrix in enumerate(run("osft", seed=seed).weights, start=1):
        before = weights.load(f"digits-{layer}-pretrained")
        stored, fresh = weights.load(f"digits-{layer}-osft") - before, matrix - before
        assert np.vdot(stored, fresh) > 0.55 * np.linalg.norm(stored) * np.linalg.norm(fresh)


def distance(stored: Array, fresh: Array) -> float:
    """How far a stored matrix is from one that was trained now, over the norm of that."""
    return float(np.linalg.norm(stored - fresh) / np.linalg.norm(fresh))


def test_training_writes_into_the_top_of_the_spectrum() -> None:
    before, after = (np.linalg.svd(weights.load(f"digits-2-{stage}"), compute_uv=False) for stage in ("initial", "pretrained"))
    assert after[0] > 1.3 * before[0]
    assert abs(after[-30:] - before[-30:]).max() < 0.3 * before[0]


def test_osft_moves_less_of_the_top_directions_than_full() -> None:
    u, _, vt = np.linalg.svd(weights.load("digits-2-pretrained"))
    for u_top, v_top in ((u[:, :10], vt[:10].T),):
        change = {stage: weights.load(f"digits-2-{stage}") - weights.load("digits-2-pretrained") for stage in ("full", "osft")}
        leak = {stage: np.linalg.norm(u_top.T @ c @ v_top) for stage, c in change.items()}
        assert leak["osft"] < leak["full"] / 2


def test_transformer_has_the_recorded_spectrum() -> None:
    spectra = json.loads((DATA / "spectra.json").read_text(encoding="utf-8"))
    shipped = next(m for m in spectra["matrices"] if m["name"] == spectra["shipped"]["name"])
    found = np.linalg.svd(weights.load("transformer"), compute_uv=False)
    # Rounding to float16 moves a singular value by at most the norm of the rounding error.
    bound = np.linalg.norm(weights.load("transformer")) * 2**-11
    np.testing.assert_allclose(found, shipped["singular_values"], rtol=0, atol=bound)


def test_spectra_are_those_of_every_attention_and_mlp_matrix() -> None:
    spectra = json.loads((DATA / "spectra.json").read_text(encoding="utf-8"))
    assert len(spectra["matrices"]) == 36
    assert {(m["layer"], m["part"]) for m in spectra["matrices"]} == {
        (layer, part) for layer in range(6) for part in ("query", "key", "value", "attention_output", "mlp_in", "mlp_out")
    }
    for matrix in spectra["matrices"]:
        values = matrix["singular_values"]
        assert len(values) == min(matrix["shape"]) == 384
        assert values == sorted(values, reverse=True)
        assert values[-1] > 0
    assert spectra["licence"] == "Apache-2.0"
    assert is_stale(DATA) == []


def test_hashes_are_those_of_the_files_and_the_notice_tells_them() -> None:
    notice = (DATA / "NOTICE.md").read_text(encoding="utf-8")
    transformer = weights.about("transformer")
    assert hashlib.sha256((DATA / transformer["file"]).read_bytes()).hexdigest() == transformer["sha256"]
    assert transformer["sha256"] in notice
    digits = weights.about("digits-2-full")
    assert hashlib.sha256((ROOT / "py/explorer/weights" / digits["file"]).read_bytes()).hexdigest() == digits["sha256"]
    assert hashlib.sha256((ROOT / "py/osft/continual/digits8.bin").read_bytes()).hexdigest() in notice


def test_missing_unknown_and_damaged_weights_are_sentences(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no weights named 'bert'"):
        weights.load("bert")
    monkeypatch.setattr(weights, "_REPOSITORY", tmp_path)
    with pytest.raises(ValueError, match=r"transformer\.bin are not here"):
        weights.load("transformer")
    (tmp_path / "transformer.bin").write_bytes(bytes(100))
    with pytest.raises(ValueError, match="damaged: it has 100 bytes instead of 294912"):
        weights.load("transformer")


def test_weights_load_from_a_zip(tmp_path: Path) -> None:
    """As in the browser, where py/ is one zip file."""
    import subprocess
    import sys
    import zipfile

    with zipfile.ZipFile(tmp_path / "py.zip", "w") as archive:
        for path in sorted((ROOT / "py").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(ROOT / "py"))
    code = (
        "import sys; sys.path.insert(0, 'py.zip')\n"
        "from explorer import weights\nfrom osft.continual import load_digits, run\n"
        "assert 'py.zip' in weights.__file__\n"
        "print(weights.load('digits-2-osft').shape, len(load_digits().labels))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "(128, 128) 1797", done.stderr
