"""Hands HF PEFT's recorded results to the tests, one case at a time. vectors/README.md says how they were made."""

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "peft_0.21.2.json").read_text(encoding="utf-8"))

CASES = {
    "layer_count": VECTORS["layer_counts"],
    "edge_case": VECTORS["edge_cases"],
    "osf_case": VECTORS["osf_gradients"],
    "cayley_case": VECTORS["cayley"],
    "coft_case": VECTORS["coft"],
    "boft_case": VECTORS["boft"],
    "energy_case": VECTORS["energies"],
    "model_case": [(model, key) for model in VECTORS["models"] for key in model["peft"]],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that names one of the cases every one of them."""
    for name, cases in CASES.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, cases, ids=[label(case) for case in cases])


def label(case: Any) -> str:
    """Return a readable name of a case."""
    if isinstance(case, tuple):
        return f"{case[0]['model']}-{case[1]}"
    if "id" in case:
        return str(case["id"])
    settings = ",".join(f"{key}={value}" for key, value in case["config"].items())
    return f"{case['method']}-{case['in']}-{case['out']}-{settings}"
