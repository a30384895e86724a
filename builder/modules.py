"""Makes third-party JavaScript loadable by plain relative URLs: no bundler, no import map.

Called by builder/site.py. D3's modules become one file, because each would be a request before the first
figure, and of them only what figures use; CodeMirror's stay apart and import each other by relative path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Set
from dataclasses import dataclass, field

from builder.errors import DAMAGED, BuildError

_NAME = r"[A-Za-z_$][\w$]*"
_MENTION = re.compile(rf"(?:(?<![\w$.])|(?<=\.\.\.)){_NAME}")
_AT_THE_MARGIN = re.compile(r"^(?=[^\s)\]}])", re.MULTILINE)
_COMMENT = re.compile(r"//.*|/\*.*\*/")
_COMMENT_INSIDE = re.compile(r"^ +//.*\n| //[^\"'`/\n]*$", re.MULTILINE)
_IMPORT = re.compile(r"import \{ ([^{}]*) \} from '([^']+)';")
_EXPORT = re.compile(r"export \{ ([^{}]*) \};")
_FUNCTION = re.compile(rf"function\*? ({_NAME})\((.*)\) \{{(?:\n(?: .*)?)*\n?\}}")
_CLASS = re.compile(rf"class ({_NAME})(?: extends {_NAME})? \{{(?:\n(?: .*)?)*\n?\}}")
_VARIABLES = re.compile(rf"(?:const|let|var) ({_NAME})(?: = (?s:.+))?;")
_LINE_OF_VARIABLES = re.compile(rf"^(?:\S| {{4}}{_NAME}(?: = |[,;])).*", re.MULTILINE)
_FURTHER_VARIABLE = re.compile(rf"(?:^ {{4}}|, )({_NAME})(?= = |[,;])")
_ADDITION = re.compile(rf"\(?({_NAME})\.prototype\b(?s:.+);")
_CALL = re.compile(rf"{_NAME}\((?s:.*)\);")
_BARE_SPECIFIER = re.compile(r"""^((?:import|export)\b[^;'"]*?\bfrom\s*|import\s*)(["'])([^."'/][^"']*)\2""", re.MULTILINE)

USED = frozenset({"area", "line", "scaleLinear", "scaleLog", "ticks"})
"""What the figures import of D3. None of it needs d3-time, d3-time-format or, for numbers, d3-color: those do not come."""

_HEAD = "// Parts of the packages named below; their licences are in licences/, beside this file.\n"


@dataclass(frozen=True)
class _Statement:
    """`names` is what it declares or adds to (a call has none); `mentions` is every name that it may need."""

    text: str
    names: Set[str]
    mentions: Set[str]


@dataclass
class _Module:
    """A module taken apart. `imports`: own name -> (module, its name); `exports`: name for others -> own name."""

    notice: str
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    statements: list[_Statement] = field(default_factory=list)
    exports: dict[str, str] = field(default_factory=dict)

    def needed(self, offered: Set[str]) -> Set[str]:
        """Every name that these exports, and the calls, lead to."""
        needed: set[str] = set()
        found = {self.exports[name] for name in offered}.union(*(each.mentions for each in self.statements if not each.names))
        while found:
            needed |= found
            found = set[str]().union(*(each.mentions for each in self.statements if each.names & found)) - needed
        return needed


def join_modules(modules: dict[str, str], used: Set[str] = USED) -> str:
    """One ES module out of several that import each other by name: it exports what is used, and has what that needs.

    `modules` is in order of dependence. Each becomes a function of its own scope, called once, without
    comments and without what nothing used leads to; one that nothing leads to is left out. What is imported
    from a module that is not given stays undefined: a scale between colours, or lists, throws without d3-color.
    """
    parsed = {name: _taken_apart(name, text) for name, text in modules.items()}
    asked: dict[str, set[str]] = {name: {*(used & module.exports.keys())} for name, module in parsed.items()}
    if absent := sorted(used - set[str]().union(*asked.values())):
        raise BuildError(f"None of {', '.join(modules)} exports {', '.join(absent)}; see USED in builder/modules.py.", DAMAGED)
    parts = [f"export const {{{', '.join(sorted(names))}}} = {_variable(name)};\n" for name, names in asked.items() if names]
    for name, module in reversed(parsed.items()):  # when a module's turn comes, all that is asked of it is known
        offered = asked.pop(name)
        if not offered:
            continue
        needed = module.needed(offered)
        for source, theirs in (origin for own, origin in module.imports.items() if own in needed):
            if source in asked and theirs in parsed[source].exports:
                asked[source].add(theirs)
            elif source in parsed:
                raise BuildError(f"{name} imports {theirs} of {source}, which lacks it or comes later.", DAMAGED)
        parts.insert(0, _as_function(name, module, needed, offered, parsed.keys()))
    return _HEAD + "".join(parts)


def _as_function(name: str, module: _Module, needed: Set[str], offered: Set[str], given: Set[str]) -> str:
    """What is needed of a module, as a function that is called and answers what the module offers."""
    bindings: dict[str, list[str]] = {}
    for own, (source, theirs) in module.imports.items():
        if own in needed:
            bindings.setdefault(_variable(source) if source in given else "{}", []).append(_renaming(theirs, own))
    lines = [f"const {{{', '.join(names)}}} = {origin};\n" for origin, names in bindings.items()]
    lines += [each.text for each in module.statements if not each.names or each.names & needed]
    returned = ", ".join(_renaming(theirs, module.exports[theirs]) for theirs in sorted(offered))
    return f"{module.notice}const {_variable(name)} = (() => {{\n{''.join(lines)}return {{{returned}}};\n}})();\n"


def _taken_apart(name: str, text: str) -> _Module:
    """A module in the form of D3's packages: whose it is, imports, statements that begin at the margin, one export."""
    notice, _, rest = text.partition("\n")
    if not notice.startswith("//"):
        raise BuildError(f"{name} does not begin with a comment that says whose it is; see builder/modules.py.", DAMAGED)
    if any(line.count("`") % 2 or line.endswith("\\") for line in rest.splitlines()):
        raise BuildError(f"{name} has a text of several lines, which would lose its spaces; see builder/modules.py.", DAMAGED)
    module, comment = _Module(f"{notice}\n"), ""
    for part in _AT_THE_MARGIN.split(_COMMENT_INSIDE.sub("", rest)):
        statement = part.strip()
        if _COMMENT.fullmatch(statement):
            comment += f"{statement}\n"
            continue
        if statement and (module.exports or not _add(module, statement, comment if "Copyright" in comment else "")):
            first = statement.partition("\n")[0]
            raise BuildError(f"{name} has a statement of a form that is not known: {first}; see builder/modules.py.", DAMAGED)
        comment = ""
    declared = module.imports.keys() | set[str]().union(*(each.names for each in module.statements))
    if not module.exports or not declared.issuperset(module.exports.values()):
        raise BuildError(f"{name} does not export what it declares, in its last line; see builder/modules.py.", DAMAGED)
    return module


def _add(module: _Module, statement: str, comment: str) -> bool:
    """Put a statement where it belongs in the module; whether its form is a known one."""
    shadowed: set[str] = set()
    names: set[str] = set()
    if found := _IMPORT.fullmatch(statement):
        module.imports |= {own: (found[2], theirs) for theirs, own in _pairs(found[1])}
        return True
    if found := _EXPORT.fullmatch(statement):
        module.exports |= {theirs: own for own, theirs in _pairs(found[1])}
        return True
    if found := _FUNCTION.fullmatch(statement):
        names = {found[1]}
        if not re.search("[=:]", found[2]):  # no defaults: every name is a parameter, and nothing else inside
            shadowed = set(_MENTION.findall(found[2]))
    elif found := _CLASS.fullmatch(statement) or _ADDITION.fullmatch(statement):
        names = {found[1]}
    elif found := _VARIABLES.fullmatch(statement):
        names = {found[1]}.union(*map(_FURTHER_VARIABLE.findall, _LINE_OF_VARIABLES.findall(statement)))
    elif not _CALL.fullmatch(statement):
        return False
    text = re.sub(r"\n\s+", "\n", statement)
    mentions = set(_MENTION.findall(text)) - shadowed
    module.statements.append(_Statement(f"{comment}{text}\n", names, mentions))
    return "import" not in mentions


def _pairs(names: str) -> list[tuple[str, str]]:
    """`a as b, c` -> [("a", "b"), ("c", "c")]."""
    split = [name.strip().partition(" as ") for name in names.split(",")]
    return [(inner, outer or inner) for inner, _, outer in split]


def _variable(name: str) -> str:
    return name.replace("-", "_")


def _renaming(key: str, variable: str) -> str:
    return key if key == variable else f"{key}: {variable}"


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
