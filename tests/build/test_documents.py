"""The documents of the repository: every link inside it resolves, and what the README quotes and teaches is true."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "bench/RESULTS.md"]
DOCUMENTS.append(ROOT / "osft-web/data/NOTICE.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def anchors(path: Path) -> set[str]:
    """The fragments that a Markdown viewer makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def problems(document: Path, text: str) -> list[str]:
    found = []
    for address in LINK.findall(FENCED.sub("", text)):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (document.parent / unquote(parts.path)).resolve() if parts.path else document
        if not target.exists() or not target.is_relative_to(ROOT):
            found.append(f"{address}: there is no such file")
        elif parts.fragment and parts.fragment not in anchors(target):
            found.append(f"{address}: there is no such heading")
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_repository_resolves(document: Path) -> None:
    assert problems(document, document.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_found() -> None:
    text = "[a](docs/absent.md) [b](README.md#absent) [c](README.md#add-a-page) [d](https://example.org)\n```\n[e](absent)\n```\n"
    found = [problem.partition(":")[0] for problem in problems(ROOT / "README.md", text)]
    assert found == ["docs/absent.md", "README.md#absent"]


def test_the_readme_quotes_what_was_measured() -> None:
    quoted = re.search(r"<!-- measured -->\n(.*)<!-- /measured -->", README, re.DOTALL)
    assert quoted
    rows = [line.split(" | ") for line in quoted[1].strip().splitlines()[2:]]
    results = (ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    promises = results.partition("## Budgets and goals")[2].partition("\n## ")[0].strip().splitlines()[2:]
    # The table there has one column more, the goal.
    assert rows == [cells[:3] + cells[4:] for cells in (line.split(" | ") for line in promises)]
    assert len(rows) > 5


def example(language: str) -> str:
    """The README's worked example of a page, in one language."""
    found = re.search(rf"```{language}\n(.*?)```", README.partition("## Add a page")[2], re.DOTALL)
    assert found
    return found[1]


def test_the_worked_example_is_a_page() -> None:
    code = example("python")
    module = ModuleType("norm")
    sys.modules["norm"] = module  # a declaration asks for the module of its function
    try:
        exec(compile(code, "README.md", "exec"), module.__dict__)
        page = module.PAGE
        outputs = page.compute(**page.defaults())
    finally:
        del sys.modules["norm"]
    assert outputs["matrix"].shape == (4, 4)
    assert outputs["norm"] == pytest.approx(np.sqrt(np.sum(outputs["matrix"] ** 2)))
    assert page.as_json()["page"] == "norm"
    assert len((code + example("js")).splitlines()) < 60


def test_the_worked_example_imports_what_there_is() -> None:
    imports = re.findall(r"import \{(\w+)\} from '\.\./([^']+)'", example("js"))
    assert len(imports) == 2
    for name, path in imports:
        assert re.search(rf"export (?:async )?function {name}\b", (ROOT / "osft-web" / path).read_text(encoding="utf-8")), path


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_pinned_and_may_do_little(path: Path) -> None:
    """Actions by commit, with the version beside it; nothing by default, and only deploying may write."""
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert [line for line in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 60
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert writes <= ({"pages", "id-token"} if name == "deploy" else set())
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)
