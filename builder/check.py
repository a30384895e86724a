"""Looks the built site over: is everything there, unchanged, self-contained and up to date?

Called by builder/cli.py (`check`) and by tests/build. Reads only. Each fault is one sentence.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder import notices
from builder.site import Places, differences, fingerprint, has_lab, listing, read_manifest, site_files
from builder.vendor import Lock

PAGES = ("index", "rotation", "orthogonal", "energy", "svd", "projection", "parameters", "training")

LOADED = {
    ("script", "src"), ("link", "href"), ("img", "src"), ("img", "srcset"), ("source", "src"), ("source", "srcset"),
    ("iframe", "src"), ("video", "src"), ("audio", "src"), ("embed", "src"), ("object", "data"), ("use", "href"),
    ("image", "href"), ("input", "src"), ("form", "action"), ("video", "poster"), ("track", "src"),
}  # fmt: skip
"""What a browser fetches without being asked; the rest may point anywhere."""

NOT_LOADED = {"canonical", "alternate", "author", "license", "me"}
STYLE_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
SCRIPT_URL = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\bfetch\s*\(\s*|\bWorker\s*\(\s*|\bsrc\s*=\s*)["'`]((?:[a-z]+:)?//[^"'`]+)""",
    re.IGNORECASE,
)


@dataclass
class Document:
    """What matters here of one HTML file."""

    name: str
    policy: str | None = None
    before_policy: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    inline_scripts: list[str] = field(default_factory=list)
    inline_styles: int = 0
    handlers: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Document(name)
        self._in_script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        document, given = self.document, {name: value or "" for name, value in attributes}
        if tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            document.policy = document.policy or given.get("content", "")
        elif document.policy is None and tag not in ("html", "head") and not (tag == "meta" and "charset" in given):
            document.before_policy.append(tag)
        if identifier := given.get("id"):
            document.anchors.add(identifier)
        document.inline_styles += "style" in given or tag == "style"
        document.handlers += [name for name in given if name.startswith("on")]
        if tag == "script" and "src" not in given and given.get("type", "module") in ("module", "text/javascript", ""):
            self._in_script = True
            document.inline_scripts.append("")
        for name, value in given.items():
            if (tag, name) in LOADED and not (tag == "link" and given.get("rel") in NOT_LOADED):
                parts = [part.split()[0] for part in value.split(",") if part.strip()] if name == "srcset" else [value]
                document.loads += parts
            elif (tag, name) in (("a", "href"), ("area", "href")):
                document.links.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.document.inline_scripts[-1] += data


def read_document(path: Path) -> Document:
    """The document's policy, what it loads, where it links."""
    reader = _Reader(path.name)
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader.document


def check(places: Places) -> list[str]:
    """Every fault of the built site, except stale data; none if it is as it should be."""
    documents = {path.name: read_document(path) for path in sorted(places.site.glob("*.html"))}
    return [
        *_built(places),
        *_notices(places),
        *(f"osft-web/{page}.html is missing." for page in PAGES if f"{page}.html" not in documents),
        *_policies(documents),
        *_addresses(places, documents),
        *_scripts_and_styles(places.site),
    ]


def _built(places: Places) -> Iterator[str]:
    manifest = read_manifest(places.generated)
    if manifest is None:
        yield "osft-web/generated/ is missing or of another version; run `python3 build.py`."
        return
    for sentence in differences(places.generated, manifest["files"]):
        yield f"osft-web/generated/{sentence}"
    if manifest.get("inputs") != fingerprint(places):
        yield "osft-web/generated/ was built from other sources than these; run `python3 build.py`."
    elif manifest["site"] != listing(places.site, site_files(places.site)):
        yield "osft-web/generated/manifest.json does not list today's pages; run `python3 build.py`."
    elif manifest.get("lab") != has_lab(places.site):
        yield "osft-web/lab/ has come or gone since the last build, so the link to it is wrong; run `python3 build.py`."


def _notices(places: Places) -> Iterator[str]:
    if notices.is_stale(places.root, Lock.read(places.lock)):
        yield "THIRD_PARTY.md is not what vendor.lock.json says; run `python3 build.py lock --notices`."


def _policies(documents: dict[str, Document]) -> Iterator[str]:
    policies = {name: document.policy for name, document in documents.items() if document.policy is not None}
    reference = next(iter(policies.values()), "")
    for name, document in documents.items():
        if document.policy is None:
            yield f"{name} has no Content-Security-Policy."
            continue
        if document.before_policy:
            yield f"{name}: <{document.before_policy[0]}> comes before the Content-Security-Policy, which then does not bind it."
        if document.policy != reference:
            yield f"{name} has another Content-Security-Policy than {next(iter(policies))}."
        for script in document.inline_scripts:
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            if f"'sha256-{digest}'" not in document.policy:
                yield f"{name}: an inline script is not allowed by the Content-Security-Policy; its hash is sha256-{digest}."
        if document.inline_styles:
            yield f"{name} has inline styles, which the Content-Security-Policy forbids."
        for handler in document.handlers:
            yield f"{name} has an inline {handler} handler, which the Content-Security-Policy forbids."


def _addresses(places: Places, documents: dict[str, Document]) -> Iterator[str]:
    for name, document in documents.items():
        for address in document.loads:
            if not address.startswith("data:") and (problem := _local_problem(places.site, name, address, documents)):
                yield f"{name} loads {address}, {problem}."
        for address in document.links:
            parts = urlsplit(address)
            if not parts.scheme and not parts.netloc and (problem := _local_problem(places.site, name, address, documents)):
                yield f"{name} links to {address}, {problem}."


def _local_problem(site: Path, base: str, address: str, documents: dict[str, Document]) -> str | None:
    """What is wrong with an address inside the site, or None."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return "which is on another host"
    if parts.path.startswith("/"):
        return "which works only at the root of a host; write it relative"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path))) if parts.path else base
    target = site / path
    if path.startswith(".."):
        return "which is outside the site"
    if target.is_dir():
        target, path = target / "index.html", posixpath.normpath(f"{path}/index.html")
    if not target.is_file():
        return "which does not exist"
    if parts.fragment and path in documents and unquote(parts.fragment) not in documents[path].anchors:
        return f"where nothing has the id {parts.fragment}"
    return None


def _scripts_and_styles(site: Path) -> Iterator[str]:
    for path in site_files(site):
        if not path.endswith((".js", ".mjs", ".css")):
            continue
        text = (site / path).read_text(encoding="utf-8")
        if path.endswith(".css"):
            for found in STYLE_URL.finditer(text):
                address = found[1] or found[2]
                if not address.startswith(("data:", "#")) and (problem := _local_problem(site, path, address, {})):
                    yield f"{path} loads {address}, {problem}."
        else:
            for found in SCRIPT_URL.finditer(text):
                yield f"{path} loads {found[1]}, which is on another host."
