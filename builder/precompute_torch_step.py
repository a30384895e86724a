"""Records what a small OSFT run gives in PyTorch, for the first page, where there is no PyTorch.

Run by hand with `python -m builder.precompute_torch_step`; it needs torch 2.13.0 and writes
osft-web/data/torch-step.json. The page shows `train_in_torch` itself beside a cell that does the same in NumPy.
"""

# PyTorch's own functions carry no types where the step calls them.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "osft-web" / "data" / "torch-step.json"
VERSION = "2.13.0"
SEED, STEPS, SHOWN = 0, 20, (1, 2, 5, 10, 20)
RELATIVE = 1e-9
"""Agreement asked of two machines: rounding alone differs, but Adam divides by small numbers in its first steps."""
ROUNDING = 1e-12


# The page shows the source of this function, so it stands alone.
def train_in_torch(reproject: bool, steps: int = 20, seed: int = 0) -> list[tuple[float, float]]:
    """Loss before each step, and the share of the update on the critical direction after it."""
    import numpy as np
    import torch

    rng = np.random.default_rng(seed)
    W = torch.tensor([[2.0, 0.5, 0.0], [0.0, 1.5, 0.1], [0.0, 0.0, 0.2]], dtype=torch.float64)
    X = torch.from_numpy(rng.standard_normal((5, 3)))
    Y = torch.from_numpy(rng.standard_normal((5, 3)))

    U, S, Vt = torch.linalg.svd(W)  # once per task; the first triplet is frozen
    P_out = torch.eye(3) - U[:, :1] @ U[:, :1].T
    P_in = torch.eye(3) - Vt[:1].T @ Vt[:1]
    u, s, vt = (torch.nn.Parameter(factor.clone()) for factor in (U[:, 1:], S[1:], Vt[1:]))
    u.register_hook(lambda gradient: P_out @ gradient)
    vt.register_hook(lambda gradient: gradient @ P_in)
    optimizer = torch.optim.Adam([u, s, vt], lr=0.1)

    history = []
    for _ in range(steps):
        weight = (U[:, :1] * S[:1]) @ Vt[:1] + (u * s) @ vt
        loss = torch.nn.functional.mse_loss(X @ weight.T, Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            if reproject:
                u.copy_(P_out @ u)
                vt.copy_(vt @ P_in)
            change = (U[:, :1] * S[:1]) @ Vt[:1] + (u * s) @ vt - W
            leak = max((U[:, :1].T @ change).norm(), (change @ Vt[:1].T).norm()) / change.norm()
        history.append((loss.item(), leak.item()))
    return history


def record() -> dict[str, Any]:
    """The record as it is shipped: loss and leak at the steps in SHOWN, with and without re-projection."""
    import numpy as np
    import torch

    runs = {}
    for name, reproject in (("reprojected", True), ("hooks_only", False)):
        history = train_in_torch(reproject, STEPS, SEED)
        runs[name] = [{"step": step, "loss": history[step - 1][0], "leak": history[step - 1][1]} for step in SHOWN]
    return {
        "schema": 1,
        "title": "Twenty steps of OSFT on a 3 x 3 layer, in PyTorch",
        "seed": SEED,
        "versions": {
            "torch": torch.__version__.partition("+")[0],
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "runs": runs,
    }


def is_stale(target: Path = TARGET) -> list[str]:
    """One sentence for each number of the shipped record that this machine's PyTorch does not reproduce."""
    found, expected = json.loads(target.read_text(encoding="utf-8")), record()
    complaints = []
    for name, steps in expected["runs"].items():
        for ours, theirs in zip(steps, found["runs"][name], strict=True):
            for key, value in ours.items():
                if abs(value - theirs[key]) > RELATIVE * abs(value) + ROUNDING:
                    complaints.append(f"{name}, step {ours['step']}: {key} is {theirs[key]!r} in the record, {value!r} here.")
    return complaints


def main() -> int:
    """Write the record; the exit status."""
    try:
        import torch
    except ImportError:
        print(f"precompute_torch_step: PyTorch is missing. Install torch=={VERSION} and run it again.", file=sys.stderr)
        return 1
    if torch.__version__.partition("+")[0] != VERSION:
        print(f"precompute_torch_step: this is torch {torch.__version__}; the record is made with {VERSION}.", file=sys.stderr)
        return 1
    partial = TARGET.with_suffix(".json.part")
    partial.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
    os.replace(partial, TARGET)
    print(f"Wrote {TARGET.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
