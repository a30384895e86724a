"""The copy for a public address: absolute cards, a sitemap, a manifest that fits, the plain site untouched."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from builder.errors import BuildError
from builder.publish import publish
from builder.site import differences, listing, site_files

ADDRESS = "https://example.org/lessons/osft"


def test_copy_is_bound_to_its_address(site_folder: Path, tmp_path: Path) -> None:
    plain = (site_folder / "svd.html").read_text(encoding="utf-8")
    documents = publish(site_folder, tmp_path / "site", ADDRESS)
    copy = tmp_path / "site"
    assert documents == len(list(site_folder.glob("*.html"))) - 1
    text = (copy / "svd.html").read_text(encoding="utf-8")
    assert '<meta property="og:image" content="https://example.org/lessons/osft/cards/svd.png">' in text
    assert re.sub(r"https://example\.org/lessons/osft/", "", text) == plain
    assert (site_folder / "svd.html").read_text(encoding="utf-8") == plain
    places = [element.text for element in ElementTree.parse(copy / "sitemap.xml").getroot().iter() if element.tag.endswith("loc")]
    assert places.count("https://example.org/lessons/osft/") == 1
    assert "https://example.org/lessons/osft/training.html" in places
    assert not any("404" in str(place) for place in places)


def test_manifest_of_the_copy_lists_the_copy(site_folder: Path, tmp_path: Path) -> None:
    publish(site_folder, tmp_path / "site", ADDRESS)
    copy = tmp_path / "site"
    manifest = json.loads((copy / "generated" / "manifest.json").read_text(encoding="utf-8"))
    plain = json.loads((site_folder / "generated" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["site"] == listing(copy, site_files(copy))
    assert differences(copy / "generated", manifest["files"]) == []
    assert manifest["build"] != plain["build"]


@pytest.mark.parametrize("address", ["example.org", "file:///site", "https://", ""])
def test_an_address_that_is_none_is_refused(site_folder: Path, tmp_path: Path, address: str) -> None:
    with pytest.raises(BuildError, match="no public address"):
        publish(site_folder, tmp_path / "site", address)
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_left_alone(site_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with pytest.raises(BuildError, match="exists"):
        publish(site_folder, tmp_path / "site", ADDRESS)
