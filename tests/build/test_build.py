"""What a build writes: everything, the same every time, and nothing when nothing has changed."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import pytest

from builder import precompute
from builder.errors import BuildError
from builder.modules import relink
from builder.site import Places
from builder.vendor import sha256_of

from .conftest import Project


def test_the_first_build_writes_what_the_manifest_lists(project: Project) -> None:
    answer = project.run()
    assert answer.returncode == 0, answer.stderr
    manifest = json.loads((project.generated / "manifest.json").read_text())
    built = project.built()
    assert set(manifest["files"]) == set(built) - {"manifest.json"}
    for path, facts in manifest["files"].items():
        assert facts == {"bytes": len(built[path]), "sha256": sha256_of(project.generated / path)}
    assert set(manifest["site"]) == {"index.html", "pages/a.js"}
    assert {"py.zip", "vendor/d3.js", "vendor/codemirror/view.js", "vendor/fonts/a.woff2"} <= set(built)
    assert len(manifest["build"]) == 12
    assert project.leftovers() == []


def test_a_second_build_changes_no_byte_and_touches_no_file(project: Project) -> None:
    assert project.run().returncode == 0
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in project.generated.rglob("*")}
    answer = project.run()
    assert answer.returncode == 0
    assert "up to date" in answer.stdout
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in project.generated.rglob("*")} == before


def test_two_copies_elsewhere_and_later_build_the_same_bytes(project: Project, tmp_path: Path) -> None:
    project.run()
    other = Project(tmp_path / "a longer path" / "copy", project.remote)
    shutil.copytree(project.root, other.root, ignore=shutil.ignore_patterns("generated", "__pycache__"))
    for path in sorted(other.root.rglob("*.py"), reverse=True):
        path.touch()
        path.chmod(0o600)
    time.sleep(0.01)
    assert other.run("--force").returncode == 0
    assert other.built() == project.built()


def test_a_change_in_python_changes_the_archive_and_the_build_alone(project: Project) -> None:
    project.run()
    before = project.built()
    (project.root / "py" / "osft" / "new.py").write_text("x = 1\n")
    project.run()
    after = project.built()
    assert {path for path in after if after[path] != before.get(path)} == {"py.zip", "manifest.json"}
    assert json.loads(after["manifest.json"])["build"] != json.loads(before["manifest.json"])["build"]


def test_the_precache_list_follows_an_edited_page(project: Project) -> None:
    project.run()
    page = project.root / "osft-web" / "index.html"
    page.write_text("<!doctype html><title>another</title>\n")
    project.run()
    manifest = json.loads((project.generated / "manifest.json").read_text())
    assert manifest["site"]["index.html"]["sha256"] == sha256_of(page)


@pytest.mark.parametrize("spoil", ["edited", "removed", "added"])
def test_a_built_file_that_was_changed_by_hand_is_built_again(project: Project, spoil: str) -> None:
    project.run()
    before = project.built()
    target = project.generated / "vendor" / "d3.js"
    if spoil == "edited":
        target.write_bytes(target.read_bytes()[:-2] + b"!\n")
    elif spoil == "removed":
        target.unlink()
    else:
        target.with_name("stray.js").write_text("stray")
    assert "Built" in project.run().stdout
    assert project.built() == before


def test_caches_and_hidden_files_are_no_part_of_the_archive(project: Project) -> None:
    project.run()
    before = project.built()
    for stray in ("py/osft/__pycache__/a.cpython-311.pyc", "py/osft/.hidden", "py/osft.egg-info/PKG-INFO"):
        (project.root / stray).parent.mkdir(parents=True, exist_ok=True)
        (project.root / stray).write_text("stray")
    assert "up to date" in project.run().stdout
    assert project.built() == before


def test_clean_removes_what_was_built_and_keeps_the_downloads(project: Project) -> None:
    project.run()
    assert project.run("clean").returncode == 0
    assert not project.generated.exists()
    assert any(project.cache.iterdir())
    shutil.rmtree(project.remote)
    assert project.run().returncode == 0
    assert project.run("clean", "--all").returncode == 0
    assert not project.cache.exists()


def test_a_shared_cache_serves_several_copies(project: Project, tmp_path: Path) -> None:
    shared = {**project.environment(), "OSFT_CACHE": str(tmp_path / "shared")}
    assert project.run(env=shared).returncode == 0
    assert not project.cache.exists()
    project.run("clean")
    shutil.rmtree(project.remote)
    assert project.run(env=shared).returncode == 0


def test_two_builds_at_once_wait_for_each_other(project: Project) -> None:
    import subprocess

    both = [
        subprocess.Popen(project.command(), env=project.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert project.leftovers() == []
    assert "up to date" in project.run().stdout


def test_an_older_interpreter_gets_one_sentence(project: Project) -> None:
    import subprocess
    import sys

    pretend = "import sys, runpy; sys.version_info = (3, 10, 4); runpy.run_path('build.py', run_name='__main__')"
    answer = subprocess.run([sys.executable, "-c", pretend], cwd=project.root, capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr.strip() == "build.py needs Python 3.11 or newer; this is Python 3.10."


def test_figures_need_a_browser_and_say_so_before_anything_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(precompute, "find_spec", lambda name: None)
    with pytest.raises(BuildError, match=r"`python3 build\.py setup` brings what drives it"):
        precompute.run(Places.of(tmp_path), argparse.Namespace(figures=True), print)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import { a } from '@x/state';", "import { a } from './state.js';"),
        ('import elt from "crelt";', 'import elt from "../crelt.js";'),
        ("export { a, b } from '@x/state';", "export { a, b } from './state.js';"),
        ("export * from '@x/state'", "export * from './state.js'"),
        ("import '@x/state';", "import './state.js';"),
        ("import {\n  a,\n  b\n} from '@x/state';", "import {\n  a,\n  b\n} from './state.js';"),
        ("import { a } from './near.js';", "import { a } from './near.js';"),
        ("  const text = \"import { a } from 'crelt'\";", "  const text = \"import { a } from 'crelt'\";"),
        ("// import it from 'crelt'", "// import it from 'crelt'"),
    ],
)
def test_bare_module_names_become_relative_addresses(before: str, after: str) -> None:
    assert relink(before, "vendor/editor/view.js", {"@x/state": "vendor/editor/state.js", "crelt": "vendor/crelt.js"}) == after


def test_a_module_that_the_lock_does_not_name_is_refused() -> None:
    with pytest.raises(BuildError, match="imports unknown"):
        relink("import a from 'unknown';", "vendor/a.js", {})
