"""Names in each document's head the scripts that it will import, so that all are fetched at once.

Called by builder/precompute.py and by a test. Without these links a browser learns of a module only when the one that
imports it has come: five or six journeys in a row. Imports that are made later, on demand, are not named. The text and
its styles can be read before any script has come, so scripts stand with the last one of the document, which a template
keeps until there is something to see; but for those of the first, which starts Python.
"""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r"""^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"](\.[^'"]+)['"]""", re.MULTILINE)
SIDE_EFFECT = re.compile(r"""^\s*import\s*['"](\.[^'"]+)['"]""", re.MULTILINE)
SCRIPT = re.compile(r'^( *)<script type="module" src="([^"]+)"', re.MULTILINE)
LINK = re.compile(r'^ *<link rel="modulepreload" href="[^"]*"[^>]*>\n', re.MULTILINE)


def imported(site: Path, entries: list[str]) -> list[str]:
    """The modules that these import, directly or not, without themselves; paths below the site, nearest first."""
    found, waiting = list(entries), list(entries)
    while waiting:
        path = waiting.pop(0)
        if not (site / path).exists():  # a library that the build has not brought yet; it imports nothing
            continue
        text = (site / path).read_text(encoding="utf-8")
        for name in [*IMPORT.findall(text), *SIDE_EFFECT.findall(text)]:
            target = ((site / path).parent / name).resolve().relative_to(site.resolve()).as_posix()
            if target not in found:
                found.append(target)
                waiting.append(target)
    return found


def linked(site: Path, document: Path) -> str:
    """The text of a document with a link for each module that it needs before its figure can move."""
    text = document.read_text(encoding="utf-8")
    tags = list(SCRIPT.finditer(text))
    if not tags:
        return text
    scripts = [tag[2] for tag in tags]
    module = f"pages/{document.stem}.js"
    entries = [*scripts, *([module] if (site / module).exists() else [])]
    wanted = [path for path in imported(site, entries) if path not in scripts]
    urgent = [path for path in imported(site, scripts[:1]) if path not in scripts]
    later = [path for path in wanted if path not in urgent]
    text = LINK.sub("", text)
    for tag, paths in ((tags[0], urgent), (tags[-1], later)):
        links = "".join(f'{tag[1]}<link rel="modulepreload" href="{path}">\n' for path in paths)
        text = text.replace(tag[0], links + tag[0], 1)
    return text


def outdated(site: Path) -> list[str]:
    """The documents whose links are not those of today's modules."""
    return [path.name for path in sorted(site.glob("*.html")) if linked(site, path) != path.read_text(encoding="utf-8")]


def write(site: Path) -> list[str]:
    """Write the links anew; the names of the documents that changed."""
    changed = outdated(site)
    for name in changed:
        (site / name).write_text(linked(site, site / name), encoding="utf-8", newline="\n")
    return changed
