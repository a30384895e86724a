"""The tests of the mathematics, run by the browser's own Python, on every tier.

Node starts the vendored Pyodide as the browser does; pytest and Hypothesis are this environment's,
pure Python both. What compares with other libraries (test_oracle_*) or starts programs stays outside.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from builder import tools
from builder.runtime_node import Job, NodeError
from builder.runtime_snapshot import KERNEL, NODE

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "hypothesis", "sortedcontainers", "attr")
LOOSE = ("py", "_hypothesis_pytestplugin", "_hypothesis_globals", "_hypothesis_ftz_detector")


def site_packages() -> dict[str, str]:
    """Where this environment has pytest, Hypothesis and what they stand on: place in Pyodide -> folder."""
    found = {}
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            found[f"/tools/{name}"] = str(Path(spec.origin).parent)
    return found


@pytest.mark.parametrize("tier", ["stock", "fast", "snapshot"])
def test_the_mathematics_holds_inside(site_folder: Path, tmp_path: Path, tier: str) -> None:
    generated = site_folder / "generated"
    boot = json.loads((generated / "manifest.json").read_text(encoding="utf-8"))["boot"]
    start = boot["tiers"].get(tier)
    assert start is not None, f"this build has no tier {tier}"
    node = tools.node_command(NODE)
    assert node is not None, "Node 24 is part of the extra [test]"

    loose = tmp_path / "tools"
    loose.mkdir()
    for name in LOOSE:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        (loose / f"{name}.py").write_bytes(Path(spec.origin).read_bytes())
    (loose / "inside_settings.py").write_bytes((Path(__file__).parent / "inside" / "inside_settings.py").read_bytes())

    packs = [*start["packs"], *boot["features"]["stdlib"]["packs"].get(tier, [])]
    task: dict[str, Any] = {
        "kernel": str(KERNEL),
        "whole": boot["lock"],
        "packages": start["packages"],
        "packs": [str(generated / path) for path in packs],
        "snapshot": str(generated / start["snapshot"]) if start["snapshot"] else "",
        "header": start["header"],
        "mounts": {
            "/tests": str(ROOT / "tests" / "maths"),
            "/loose": str(loose),
            **({"/lib/py": str(ROOT / "py")} if start["packages"] else {}),
            **site_packages(),
        },
        "path": ["/lib/py", "/loose", "/tools"],
        "arguments": [
            "-q", "-c", "/dev/null", "--rootdir", "/tests", "--import-mode=importlib", "--capture=sys",
            "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:threadexception", "-p", "inside_settings",
            "-p", "_hypothesis_pytestplugin",
            "--ignore-glob=/tests/*oracle*", "--tb=short", "/tests",
        ],
    }  # fmt: skip
    job = Job(node, generated / "runtime", boot["lock"])
    try:
        said = job.run(str(Path(__file__).with_name("node_pytest.mjs")), task)
    except NodeError as error:
        pytest.fail(str(error))
    assert "passed" in said.splitlines()[-1]
    assert "failed" not in said.splitlines()[-1]
