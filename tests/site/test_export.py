"""Take it along: every file, link and script holds the state on the screen and its numbers, and stands on its own."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Download, expect

from tests.site.documents import SITE, data
from tests.site.driver import PAGES, PATIENCE, Reader, outputs
from tests.site.test_outputs import numbers
from tests.site.test_state import ELSEWHERE

SVG = "{http://www.w3.org/2000/svg}"
PNG = b"\x89PNG\r\n\x1a\n"
every_page = pytest.mark.parametrize("name", PAGES)


def save(reader: Reader, action: str, into: Path) -> Path:
    """Press a button of the panel and keep what it downloads."""
    with reader.page.expect_download(timeout=PATIENCE) as waiting:
        reader.panel("take").locator(f"[data-action='{action}']").click()
    download: Download = waiting.value
    path = into / download.suggested_filename
    download.save_as(path)
    return path


def copied(reader: Reader, action: str) -> str:
    """Press a button of the panel and read the clipboard."""
    reader.page.evaluate("() => navigator.clipboard.writeText('nothing yet')")
    panel = reader.panel("take")
    panel.locator(f"[data-action='{action}']").click()
    expect(panel.locator(".take-state")).to_contain_text("clipboard")
    text: str = reader.page.evaluate("() => navigator.clipboard.readText()")
    assert text != "nothing yet"
    return text


def png_size(content: bytes) -> tuple[int, int]:
    assert content.startswith(PNG)
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def stands_alone(svg: str) -> ElementTree.Element:
    """The parsed SVG; it refers to nothing outside itself and keeps no class of ours."""
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute.split("}")[-1] in ("href", "src"):
                assert value.startswith(("#", "data:")), value
            assert not re.search(r"url\((?!['\"]?(#|data:))", value), value
            assert "var(" not in value, f"{attribute}={value}: a colour that only our style sheet knows"
        assert element.tag != f"{SVG}script"
    return root


@every_page
def test_svg_and_png(reader: Reader, name: str, tmp_path: Path) -> None:
    reader.open(name, **ELSEWHERE[name])
    root = stands_alone(save(reader, "svg", tmp_path).read_text(encoding="utf-8"))
    assert (root.findtext(f"{SVG}title") or "").strip()
    assert root.findtext(f"{SVG}desc") == reader.page.locator(".explorer .summary").text_content()
    marks = [element for element in root.iter() if element.tag.removeprefix(SVG) in ("path", "rect", "circle", "text", "image")]
    assert len(marks) > 20
    width, height = png_size(save(reader, "png", tmp_path).read_bytes())
    assert width == pytest.approx(2 * float(root.attrib["width"]), abs=4)
    assert height == pytest.approx(2 * float(root.attrib["height"]), abs=4)


@every_page
def test_publication_figures(reader: Reader, name: str, tmp_path: Path) -> None:
    reader.open(name)
    root = stands_alone(save(reader, "publication-svg", tmp_path).read_text(encoding="utf-8"))
    assert len(list(root.iter(f"{SVG}path"))) > 10
    content = save(reader, "publication-png", tmp_path).read_bytes()
    assert min(png_size(content)) >= 600
    assert len(content) > 10_000


def read_csv(text: str) -> tuple[dict[str, str], dict[str, list[float | str]]]:
    """Parameters, and outputs as lists, of the long form."""
    parameters: dict[str, str] = {}
    found: dict[str, list[float | str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["kind"] == "parameter":
            parameters[row["name"]] = row["value"]
        else:
            try:
                value: float | str = float(row["value"])
            except ValueError:
                value = row["value"]
            found.setdefault(row["name"], []).append(value)
    return parameters, found


def plain(value: Any) -> list[float | str]:
    """A shown value as the files have it: numbers as floats, flags and texts as text."""
    return [float(each) if isinstance(each, (int, float)) and not isinstance(each, bool)
            else str(each).lower() if isinstance(each, bool) else each for each in numbers(value)]  # fmt: skip


@every_page
def test_csv_json_and_npz_hold_the_numbers_on_the_screen(reader: Reader, name: str, tmp_path: Path) -> None:
    reader.open(name, **ELSEWHERE[name])
    shown = {key: value for key, value in outputs(reader.page).items() if not key.startswith("live_")}
    parameters, table = read_csv(save(reader, "csv", tmp_path).read_text(encoding="utf-8"))
    as_json = json.loads(save(reader, "json", tmp_path).read_text(encoding="utf-8"))
    with zipfile.ZipFile(save(reader, "npz", tmp_path)) as archive:
        assert archive.testzip() is None
    arrays = np.load(tmp_path / f"{name}.npz", allow_pickle=False)
    assert as_json["page"] == name
    assert as_json["source"] == "live"
    assert set(as_json["parameters"]) == set(parameters) == {each["name"] for each in data(name)["parameters"]}
    for key, value in shown.items():
        assert table[key] == plain(value), key
        assert plain(as_json["outputs"][key]) == plain(value), key
        stored = arrays[f"outputs/{key}"] if f"outputs/{key}" in arrays else arrays[key]
        held = stored.ravel().tolist()
        assert plain(held) == plain(value), key
    # What is only drawn is in the files as well.
    drawn = [each["name"] for each in data(name)["outputs"] if each["hidden"] and each["name"] in as_json["outputs"]]
    for key in drawn:
        assert plain(as_json["outputs"][key]) == table[key], key


def test_the_files_hold_the_settings_of_their_numbers(reader: Reader, tmp_path: Path) -> None:
    """Before Python is ready the figure shows the opening settings, whatever the controls say."""
    page = reader.page.context.new_page()
    page.route("**/generated/runtime/**", lambda route: None)
    page.goto("rotation.html?angle=200&nosw=1")
    expect(page.locator(".controls [name='angle']")).to_have_value("200")
    waiting = Reader(page)
    parameters, table = read_csv(save(waiting, "csv", tmp_path).read_text(encoding="utf-8"))
    as_json = json.loads(save(waiting, "json", tmp_path).read_text(encoding="utf-8"))
    page.close()
    shipped = data("rotation")
    assert float(parameters["angle"]) == as_json["parameters"]["angle"] == shipped["defaults"]["angle"]
    assert float(parse_qs(urlsplit(as_json["link"]).query)["angle"][0]) == shipped["defaults"]["angle"]
    assert table["determinant"] == [as_json["outputs"]["determinant"]] == [shipped["result"]["determinant"]]


@every_page
def test_copied_python_computes_the_page_s_numbers(reader: Reader, name: str, tmp_path: Path) -> None:
    """In CPython, beside py/: the same numbers to 1e-12."""
    for settings in ({}, ELSEWHERE[name]):
        reader.open(name, **settings)
        shown = {key: value for key, value in outputs(reader.page).items() if not key.startswith("live_")}
        script = tmp_path / f"{name}.py"
        script.write_text(copied(reader, "copy-python"), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=tmp_path,
            env={"PYTHONPATH": str(SITE.parent / "py"), "PATH": ""},
        )  # fmt: skip
        printed = json.loads(done.stdout)
        for key, value in shown.items():
            for here, there in zip(plain(value), plain(flat(printed[key])), strict=True):
                if isinstance(here, float):
                    assert there == pytest.approx(here, rel=1e-12, abs=1e-12), f"{key} at {settings}"
                else:
                    assert there == here, f"{key} at {settings}"


def flat(value: Any) -> Any:
    """Nested lists as one list."""
    if isinstance(value, list):
        return [each for part in value for each in (flat(part) if isinstance(part, list) else [part])]
    return value


@every_page
def test_embed_code(reader: Reader, name: str) -> None:
    reader.open(name, **ELSEWHERE[name])
    frame = ElementTree.fromstring(copied(reader, "copy-embed").replace(">", "/>", 1).removesuffix("</iframe>"))
    assert frame.tag == "iframe"
    assert frame.attrib["title"]
    query = parse_qs(urlsplit(frame.attrib["src"]).query, keep_blank_values=True)
    assert query["embed"] == ["1"]
    assert set(query) - {"embed"} == {each["name"] for each in data(name)["parameters"]}


@every_page
def test_citation(reader: Reader, name: str) -> None:
    reader.open(name)
    panel = reader.panel("take")
    panel.locator("[data-action='cite']").click()
    entry = panel.locator(".citation").text_content() or ""
    fields = dict(re.findall(r"^  (\w+) += \{(.*)\},?$", entry, re.MULTILINE))
    assert re.match(r"@\w+\{\w+,\n", entry)
    assert entry.count("{") == entry.count("}")
    assert {"title", "author", "year", "howpublished"} <= set(fields)
    assert re.fullmatch(r"\d{4}", fields["year"])
    panel.locator("[data-action='cite']").click()
    expect(panel.locator(".citation")).to_be_hidden()


def test_loading_is_told_in_bytes(reader: Reader) -> None:
    """What a feature needs is loaded when it is first used, and the panel says how much has come."""
    page = reader.page.context.new_page()
    page.goto("projection.html?nosw=1")
    page.locator(".explorer[data-source='live']").wait_for(state="attached", timeout=PATIENCE)
    told: list[str] = []
    page.expose_function("tell", lambda text: told.append(text))
    page.locator("[data-panel='audit']").scroll_into_view_if_needed()
    page.locator("[data-action='audit']").wait_for()
    page.evaluate("""() => new MutationObserver(() => window.tell(document.querySelector('.audit-state').textContent))
        .observe(document.querySelector('.audit-state'), {childList: true, characterData: true, subtree: true})""")
    page.locator("[data-action='audit']").click()
    expect(page.locator(".audit-state")).to_contain_text("outputs recomputed", timeout=PATIENCE)
    assert any(re.search(r"\d[\d.]* [kM]?B of \d[\d.]* MB", text) for text in told), told
    page.close()
