"""What PDF/A-3u asks of a report (ISO 19005-3), as far as its file can be read for it; no validator is at hand."""

import io
from datetime import UTC, datetime

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from report_factory import empty_case

from forensic.report.case.build import build_report
from forensic.report.case.render import render_case_html
from forensic.report.shared.render import Attached, render_pdf

DATA = b'{"schema_version": 1}'


@pytest.fixture(scope="module")
def root():
    """The catalogue of a report with its data."""
    attached = Attached("results.json", DATA, datetime(2026, 11, 28, tzinfo=UTC))
    pdf = PdfFileReader(io.BytesIO(render_pdf(render_case_html(build_report(empty_case())), attached)))
    assert not pdf.encrypted
    assert "/ID" in pdf.trailer
    return pdf.root


@pytest.fixture(scope="module")
def page(root):
    """The first page."""
    return root["/Pages"]["/Kids"][0]


def test_it_says_so(root):
    metadata = root["/Metadata"].data.decode()
    assert "<pdfaid:part>3<" in metadata or 'pdfaid:part="3"' in metadata
    assert "<pdfaid:conformance>U<" in metadata or 'pdfaid:conformance="U"' in metadata
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"


def test_its_colours_are_those_of_a_profile_inside(root):
    intent = root["/OutputIntents"][0]
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"]["/N"] == 3
    assert len(intent["/DestOutputProfile"].data) > 1000


def test_every_typeface_is_inside_and_every_letter_is_a_known_character(page):
    fonts = page["/Resources"]["/Font"]
    assert fonts
    for name in fonts:
        font = fonts[name]
        assert (font["/Subtype"], font["/Encoding"]) == ("/Type0", "/Identity-H")
        assert b"beginbf" in font["/ToUnicode"].data
        shape = font["/DescendantFonts"][0]
        assert "/FontFile2" in shape["/FontDescriptor"] or "/FontFile3" in shape["/FontDescriptor"]
        assert shape["/Subtype"] != "/CIDFontType2" or shape["/CIDToGIDMap"] == "/Identity"


def test_it_starts_nothing_and_its_links_are_printed(root, page):
    assert not {"/OpenAction", "/AA"} & set(root)
    assert "/AA" not in page
    notes = page.get("/Annots", [])
    for place in range(len(notes)):
        assert notes[place]["/F"] & 0b111 == 0b100


def test_its_data_are_attached_with_their_kind_and_date(root):
    attached = root["/AF"][0]
    assert attached["/AFRelationship"] == "/Data"
    assert attached["/UF"] == "results.json"
    file = attached["/EF"]["/F"]
    assert file.data == DATA
    assert file["/Subtype"] == "/application/json"
    assert "/ModDate" in file["/Params"]
