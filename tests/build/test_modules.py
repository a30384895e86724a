"""One module out of D3's: only what is used, in its own scopes, and it answers what the packages answer."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from builder import tools
from builder.errors import DAMAGED, BuildError
from builder.modules import USED, join_modules
from builder.site import Places
from builder.sources import Fetch
from builder.vendor import Cache, Lock

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).parent / "node_d3.mjs"

ONE = """\
// d3-one, Copyright One
import { gone as g, other } from 'd3-absent';

// Says what it does.
function first(start, unused, ...more) {
  // unused: a comment
  return a + start.unused + more; // not unused
}

const a = 1,
    b = `${a} // no comment`;

/* eslint-disable */
const unused = other;

export { first, b as text, g as scaleTime, unused };
"""
TWO = """\
// d3-two, Copyright Two
import { first as z, unused } from 'd3-one';
// Based on another's.
// Copyright Three
class Point extends Object {
  get a() {
    return [...list];
  }
}
var list;
function* unneeded() {}
make({
  list: [3]
});
function make(given) {
  list = given.list;
}
Point.prototype.again = function() {
  return z;
};
unneeded.prototype = unused;
export { Point, unneeded, z as again };
"""


def test_a_joined_module_has_what_is_used_and_what_that_leads_to() -> None:
    joined = join_modules({"d3-one": ONE, "d3-two": TWO}, {"Point", "again", "text", "scaleTime"})
    assert joined == (
        "// Parts of the packages named below; their licences are in licences/, beside this file.\n"
        "// d3-one, Copyright One\n"
        "const d3_one = (() => {\n"
        "const {gone: g} = {};\n"
        "function first(start, unused, ...more) {\nreturn a + start.unused + more;\n}\n"
        "const a = 1,\nb = `${a} // no comment`;\n"
        "return {first, scaleTime: g, text: b};\n"
        "})();\n"
        "// d3-two, Copyright Two\n"
        "const d3_two = (() => {\n"
        "const {first: z} = d3_one;\n"
        "// Based on another's.\n// Copyright Three\n"
        "class Point extends Object {\nget a() {\nreturn [...list];\n}\n}\n"
        "var list;\n"
        "make({\nlist: [3]\n});\n"
        "function make(given) {\nlist = given.list;\n}\n"
        "Point.prototype.again = function() {\nreturn z;\n};\n"
        "return {Point, again: z};\n"
        "})();\n"
        "export const {scaleTime, text} = d3_one;\n"
        "export const {Point, again} = d3_two;\n"
    )


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_each_of_several_variables_brings_their_statement(name: str) -> None:
    several = "var a = [1, 2],\n    b,\n    c = a, d;\n"
    assert several.replace("    ", "") in join_modules({"d3-one": f"// notice\n{several}export {{ {name} as x }};\n"}, {"x"})


def test_a_module_that_nothing_used_leads_to_is_left_out() -> None:
    joined = join_modules({"d3-one": ONE, "d3-two": TWO}, {"text"})
    assert "d3_two" not in joined
    assert "first" not in joined


@pytest.mark.parametrize(
    "statement",
    [
        "import a from 'b';",
        "import * as a from 'b';",
        'import{a}from"b";',
        "import 'b';",
        "export default function() {\n}",
        "export function a() {\n}",
        "export * from 'b';",
        "const a=1;function b(){return a}",
        "const {a} = b;",
        "function a() { return 1; }",
        "function a() {\n  return 1;\n} function b() {\n}",
        "async function a() {\n}",
        "a = 1;",
        "a.b = 1;",
        "if (a) {\n  b();\n}",
        "const a = import('b');",
        "/* several\n   lines */",
        "const a = `\n  text`;",
        "const a = 'te\\\n  xt';",
        "const a = 1",
    ],
)
def test_a_statement_of_another_form_is_refused(statement: str) -> None:
    join_modules({"d3-odd": "// notice\nconst x = 1;\nexport { x };\n"}, {"x"})
    with pytest.raises(BuildError, match=r"^d3-odd has .*; see builder/modules\.py\.$") as refusal:
        join_modules({"d3-odd": f"// notice\nconst x = 1;\n{statement}\nexport {{ x }};\n"}, {"x"})
    assert refusal.value.status == DAMAGED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("const x = 1;\nexport { x };\n", "does not begin with a comment that says whose it is"),
        ("// notice\nconst x = 1;\n", "does not export what it declares"),
        ("// notice\nconst y = 1;\nexport { x };\n", "does not export what it declares"),
        ("// notice\nconst x = 1;\nexport { x };\nx();\n", r"has a statement of a form that is not known: x\(\);"),
    ],
)
def test_a_module_of_another_form_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BuildError, match=f"^d3-odd {sentence}"):
        join_modules({"d3-odd": text}, {"x"})


def test_a_name_that_no_module_exports_is_refused() -> None:
    with pytest.raises(BuildError, match="None of d3-one exports area, line; see USED"):
        join_modules({"d3-one": ONE}, {"text", "line", "area"})


@pytest.mark.parametrize(
    "modules", [{"d3-two": TWO, "d3-one": ONE}, {"d3-one": ONE.replace("export { first, ", "export { "), "d3-two": TWO}]
)
def test_an_import_of_what_is_not_there_is_refused(modules: dict[str, str]) -> None:
    with pytest.raises(BuildError, match="d3-two imports first of d3-one, which lacks it or comes later"):
        join_modules(modules, {"again"})


@pytest.fixture(scope="module")
def d3(site_folder: Path) -> dict[str, str]:
    """D3's packages, as the lock names them."""
    places = Places.of(ROOT)
    files = [file for file in Lock.read(places.lock).files if file.to.startswith("sources/")]
    cache = Cache(places.cache)
    Fetch(Lock.read(places.lock), cache, print).complete(files)
    return {file.package: cache.path(file.sha256).read_text(encoding="utf-8") for file in files}


def test_d3_answers_what_its_packages_answer(d3: dict[str, str], site_folder: Path, tmp_path: Path) -> None:
    built = (site_folder / "generated" / "vendor" / "d3.js").read_text(encoding="utf-8")
    assert built == join_modules(d3)
    (tmp_path / "d3.mjs").write_text(built, encoding="utf-8")
    for name, text in {**without_values(d3), **d3}.items():
        folder = tmp_path / "node_modules" / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"exports": "./index.mjs"}')
        (folder / "index.mjs").write_text(text, encoding="utf-8")
    expected = answers(*(tmp_path / "node_modules" / name / "index.mjs" for name in d3))
    assert len(expected) > 5000
    assert answers(tmp_path / "d3.mjs") == expected


def without_values(modules: dict[str, str]) -> dict[str, str]:
    """The modules that these import and that are not among them, with undefined for every name."""
    names: dict[str, set[str]] = {}
    for text in modules.values():
        for imported, source in re.findall(r"^import \{ (.*) \} from '(.*)';$", text, re.MULTILINE):
            names.setdefault(source, set()).update(name.partition(" as ")[0] for name in imported.split(", "))
    return {source: "".join(f"export const {name} = undefined;\n" for name in sorted(names[source])) for source in names}


def answers(*places: Path) -> list[str]:
    """What these modules answer to the cases, a line each."""
    node = tools.node_command()
    assert node is not None, "Node is part of the extra [test]"
    command = [node, str(CASES), *(place.as_uri() for place in places)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout.splitlines()


def test_d3_comes_with_its_notices_and_without_the_rest(d3: dict[str, str]) -> None:
    joined = join_modules(d3)
    assert re.findall(r"^// https://d3js\.org/(\S+)/ v\S+ Copyright \d{4}-\d{4} Mike Bostock$", joined, re.MULTILINE) == [*d3]
    exported = re.findall(r"^export const \{(.*)\} = ", joined, re.MULTILINE)
    assert {name for names in exported for name in names.split(", ")} == USED
    for name in ("quickselect", "scaleTime", "timeSecond", "cubehelix", "CatmullRom"):
        assert any(name in text for text in d3.values())
        assert name not in joined
    assert len(joined) < sum(map(len, d3.values())) / 4
