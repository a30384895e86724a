"""What a reader meets in every document: headings in order, links that lead somewhere, numbers that are the data's."""

from __future__ import annotations

import itertools
import math
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.site.documents import DOCUMENTS, SITE, Element, data, document

SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}
every_document = pytest.mark.parametrize("name", DOCUMENTS)


def links(name: str) -> list[str]:
    """The addresses of a document's links, in order."""
    return [element["href"] for element in document(name).all("a") if "href" in element.attributes]


def is_external(address: str) -> bool:
    return bool(urlsplit(address).scheme or urlsplit(address).netloc)


@every_document
def test_headings_are_in_order(name: str) -> None:
    levels = [int(element.tag[1]) for element in document(name).all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    for before, after in itertools.pairwise(levels):
        assert after <= before + 1, f"An h{after} follows an h{before}."


@every_document
def test_no_id_is_used_twice(name: str) -> None:
    identifiers = [element["id"] for element in document(name).all() if "id" in element.attributes]
    assert sorted(identifiers) == sorted(set(identifiers))


@every_document
def test_internal_links_lead_somewhere(name: str) -> None:
    for address in links(name):
        if is_external(address):
            continue
        parts = urlsplit(address)
        target = parts.path or name
        assert (SITE / target).is_file(), f"{address} leads to no file of the site."
        if target not in DOCUMENTS:
            continue
        if parts.fragment:
            identifiers = {element["id"] for element in document(target).all()}
            assert parts.fragment in identifiers, f"{address}: {target} has no such place."
        if parts.query:
            parameters = {each["name"]: each for each in data(target.removesuffix(".html"))["parameters"]}
            for key, (value,) in parse_qs(parts.query, strict_parsing=True).items():
                assert key in parameters, f"{address}: the page has no parameter {key}."
                choices = [str(choice["value"]) for choice in parameters[key].get("choices") or []]
                assert not choices or value in choices, f"{address}: {key} cannot be {value}."


@every_document
def test_external_links_are_addresses_over_https(name: str) -> None:
    for address in links(name):
        if not is_external(address):
            continue
        parts = urlsplit(address)
        assert parts.scheme == "https", address
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), address
        assert not re.search(r"\s|//", address.removeprefix("https://")), address


def test_every_paper_that_is_linked_is_in_the_library_of_sources() -> None:
    sources = (SITE.parent / "docs" / "sources.md").read_text(encoding="utf-8")
    papers = {address for name in DOCUMENTS for address in links(name) if re.search(r"//(arxiv|doi)\.org/", address)}
    assert papers
    assert [address for address in sorted(papers) if address not in sources] == []


@every_document
def test_nothing_comes_from_elsewhere_and_nothing_is_styled_in_place(name: str) -> None:
    for element in document(name).all():
        assert "style" not in element.attributes, f"<{element.tag}> has a style of its own."
        assert not [key for key in element.attributes if key.startswith("on")], f"<{element.tag}> has a handler."
        address = element["src"] or (element["href"] if element.tag == "link" else "")
        assert not is_external(address) or address.startswith("data:image/"), f"<{element.tag}> loads {address}."


@every_document
def test_pictures_say_what_they_show_and_keep_their_place(name: str) -> None:
    for picture in document(name).all("img"):
        assert "alt" in picture.attributes
        if picture.inside("div", "stage") is None:  # a figure's own canvas, which its summary describes
            assert len(picture["alt"]) >= 40
        assert picture["width"].isdigit()
        assert picture["height"].isdigit()


@every_document
def test_tables_have_a_caption_and_scopes_and_can_be_scrolled(name: str) -> None:
    for table in document(name).all("table"):
        if table.inside("section", "explorer"):  # written by the page's script, and tested with it
            continue
        assert next(table.all("caption"), None) is not None, table.text[:60]
        for header in table.all("th"):
            assert header["scope"] in ("col", "row", "colgroup", "rowgroup"), header.text
        around = next((found for tag in ("section", "div") if (found := table.inside(tag, "scroll-x"))), None)
        assert around is not None, table.text[:60]
        assert around["tabindex"] == "0"
        assert around["aria-label"]
        assert around.tag == "section" or around["role"] == "region"


@every_document
def test_asides_quote_and_name_the_chapter(name: str) -> None:
    for aside in document(name).all("aside"):
        if "wonderland" not in aside.classes:
            continue
        assert next(aside.all("blockquote", "q"), None) is not None
        cite = next(aside.all("cite"))
        assert re.search(r"(Wonderland|Looking-Glass).*, chapter\u00a0[IVX]+$", cite.text), cite.text


def frame(name: str) -> str:
    """A document without what differs by design: its title, descriptions, preloads, body class and content."""
    text = (SITE / name).read_text(encoding="utf-8")
    text = re.sub(r"<main .*</main>", "", text, flags=re.DOTALL)
    text = re.sub(r"<title>.*?</title>", "", text)
    own = re.escape(name.removesuffix(".html"))
    # Each document announces the scripts that its own page imports, and its data.
    text = re.sub(
        rf'\n *<link rel="(?:modulepreload" href="[^"]*"(?: fetchpriority="low")?|preload" href="data/{own}\.json"[^>]*)>',
        "",
        text,
    )
    text = re.sub(r'<body class="[^"]*">', "", text)
    return re.sub(r'(<meta (?:name="description"|property="og:(?:title|description|image)")) content="[^"]*"', r"\1", text)


@every_document
def test_the_frame_is_the_same_in_all_documents(name: str) -> None:
    assert frame(name) == frame("index.html")


def lookup(path: str) -> object:
    """The value that a `data-number` names."""
    file, *keys = path.split(".")
    value = data(file)
    for key in keys:
        value = value[int(key)] if isinstance(value, list) else (value or {}).get(key)
    return value


def read(text: str) -> float:
    """A number as the pages write it: 1,234.5, −0.3, 1.2 × 10⁻¹⁶, 14.1 GB."""
    match = re.fullmatch(r"(−?[\d,]*\.?\d+)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?: (\w+))?", text.strip())
    assert match is not None, f"{text!r} is not a number."
    mantissa, power, unit = match.groups()
    value = float(mantissa.replace(",", "").replace("−", "-"))
    return value * 10.0 ** int((power or "0").translate(SUPERSCRIPT)) * BYTES.get(unit or "B", math.nan)


def shown_numbers(name: str) -> list[Element]:
    return [element for element in document(name).all() if "data-number" in element.attributes]


@every_document
def test_numbers_in_the_text_are_the_data_s(name: str) -> None:
    for element in shown_numbers(name):
        path = element["data-number"]
        value = lookup(path)
        assert isinstance(value, (int, float)), f"{path}: there is no such number."
        value = value * 100 if "data-percent" in element.attributes else value
        digits = 2 if element["data-unit"] == "bytes" else int(element["data-digits"] or 3)
        # Half a unit in the last digit shown; `formatNumber` keeps one digit fewer beside a power of ten.
        tolerance = 0.5 * 10 ** (1 - digits + ("× 10" in element.text))
        assert math.isclose(read(element.text), value, rel_tol=1.001 * tolerance, abs_tol=0), (
            f"{path}: {element.text}, not {value}."
        )
