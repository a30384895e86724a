"""Makes a copy of the built site for one public address: absolute links for cards, and a sitemap.

Called by `build.py publish`. Link previews and sitemaps take absolute addresses alone, and the plain
site knows none, so that it works under any path; only the copy is bound to its address.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape

from builder.errors import BuildError
from builder.site import read_manifest, write_manifest

CARD = re.compile(r'(<meta property="og:image" content=")([^"]+)(">)')
LEFT_OUT = ("generated.*",)


def check_address(address: str) -> str:
    """The address with a final slash. Raises `BuildError` for one that no reader could open."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BuildError(f"{address} is no public address; give one such as https://example.org/osft/.")
    return address if address.endswith("/") else address + "/"


def sitemap(documents: list[str], address: str) -> str:
    """The sitemap of these documents, the first page under the address itself."""
    places = [address if name == "index.html" else urljoin(address, name) for name in documents]
    rows = "".join(f"  <url><loc>{escape(place)}</loc></url>\n" for place in places)
    opening = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{opening}{rows}</urlset>\n"


def publish(site: Path, folder: Path, address: str) -> int:
    """Write the copy and answer how many documents it has. Raises `BuildError`."""
    address = check_address(address)
    if folder.exists():
        raise BuildError(f"{folder} exists; name a folder that does not, or remove it first.")
    manifest = read_manifest(site / "generated")
    if manifest is None:
        raise BuildError("The site is not built; run python3 build.py first.")
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(site, partial, ignore=shutil.ignore_patterns(*LEFT_OUT))
    documents = sorted(path.name for path in partial.glob("*.html") if path.name != "404.html")
    for name in documents:
        path = partial / name
        text = path.read_text(encoding="utf-8")
        path.write_text(CARD.sub(lambda found: found[1] + urljoin(address, found[2]) + found[3], text), encoding="utf-8")
    (partial / "sitemap.xml").write_text(sitemap(documents, address), encoding="utf-8")
    (partial / "robots.txt").write_text(f"Sitemap: {urljoin(address, 'sitemap.xml')}\n", encoding="utf-8")
    # The service worker checks every file by the manifest, so the copy has one of its own.
    write_manifest(partial, partial / "generated", manifest)
    partial.rename(folder)
    return len(documents)
