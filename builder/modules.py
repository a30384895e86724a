"""Makes third-party JavaScript loadable by plain relative URLs: no bundler, no import map.

Called by builder/site.py. D3's modules become one file, because each would be a request before the
first figure; CodeMirror's stay apart and import each other by relative path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Set

from builder.errors import DAMAGED, BuildError

_LEADING_IMPORT = re.compile(r'\s*import\{([^}]*)\}from"([^"]+)";')
_OTHER_IMPORT = re.compile(r"(?:^|[;}])\s*import\b|\bimport\s*\(")
_FINAL_EXPORT = re.compile(r"export\{([^}]*)\};\s*$")
_BARE_SPECIFIER = re.compile(r"""^((?:import|export)\b[^;'"]*?\bfrom\s*|import\s*)(["'])([^."'/][^"']*)\2""", re.MULTILINE)

USED = frozenset({"area", "line", "scaleLinear", "scaleLog", "ticks"})
"""What the figures import of D3. None of it needs d3-time, d3-time-format or, for numbers, d3-color: those do not come."""


def _pairs(names: str) -> list[tuple[str, str]]:
    """`a as b,c` -> [("a", "b"), ("c", "c")]."""
    split = [name.strip().partition(" as ") for name in names.split(",") if name.strip()]
    return [(inner, outer or inner) for inner, _, outer in split]


def join_modules(modules: dict[str, str], used: Set[str] = USED) -> str:
    """One ES module out of several minified ones that import each other by name; it exports what is used.

    `modules` is in order of dependence. Each becomes a function of its own scope, called once; what
    it imports from a module that is not given stays undefined.
    """
    offered: dict[str, str] = {}
    parts: list[str] = []
    for name, text in modules.items():
        comment = text[: text.index("\n") + 1] if text.startswith("//") else ""
        body = text[len(comment) :]
        bindings = []
        while found := _LEADING_IMPORT.match(body):
            source = _variable(found[2]) if found[2] in modules else "{}"
            bindings.append(f"const {{{','.join(_renaming(pair) for pair in _pairs(found[1]))}}}={source};")
            body = body[found.end() :]
        exported = _FINAL_EXPORT.search(body)
        if exported is None or _OTHER_IMPORT.search(body):
            raise BuildError(f"{name} is not a minified ES module of the known form; see builder/modules.py.", DAMAGED)
        body = body[: exported.start()].rstrip().removesuffix(";")
        returned = ",".join(_renaming((outer, inner)) for inner, outer in _pairs(exported[1]))
        parts.append(f"{comment}const {_variable(name)}=(()=>{{{''.join(bindings)}{body};return{{{returned}}}}})();\n")
        for _, outer in _pairs(exported[1]):
            if outer in used:
                offered[outer] = _variable(name)
    for variable in dict.fromkeys(offered.values()):
        names = sorted(outer for outer, owner in offered.items() if owner == variable)
        parts.append(f"export const {{{','.join(names)}}}={variable};\n")
    return "".join(parts)


def _variable(name: str) -> str:
    return name.replace("-", "_")


def _renaming(pair: tuple[str, str]) -> str:
    key, variable = pair
    return key if key == variable else f"{key}:{variable}"


def relink(text: str, here: str, places: dict[str, str]) -> str:
    """Replace bare module names by relative URLs.

    `here` is the place of the file itself, `places` the place of every package's entry module.
    """

    def replacement(found: re.Match[str]) -> str:
        try:
            target = places[found[3]]
        except KeyError:
            raise BuildError(f"{here} imports {found[3]}, which vendor.lock.json does not name.", DAMAGED) from None
        url = posixpath.relpath(target, posixpath.dirname(here))
        return f"{found[1]}{found[2]}{url if url.startswith('.') else './' + url}{found[2]}"

    return _BARE_SPECIFIER.sub(replacement, text)


def types_of(*packages: str) -> str:
    """A declaration file that forwards to the packages' own types, which the lint tools install."""
    return "".join(f'export * from "{package}";\n' for package in packages)
