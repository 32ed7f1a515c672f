"""The report as HTML and PDF."""

import builtins
import re
import shutil
import socket
import subprocess
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from report_factory import FORBIDDEN, case, empty_case, large_case, without_lr

from forensic.case.details import CaseDetails, Question
from forensic.errors import ReportError
from forensic.report.case.build import build_report
from forensic.report.case.render import render_case_html
from forensic.report.shared.render import render_pdf

VOID = {"meta", "br", "input", "image"}


class Page(HTMLParser):
    """Text, tags and links of a page, and whether its elements nest."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.ids, self.words, self.open = set(), [], [], [], []
        self.scripts = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note the tag, its links and its id."""
        self.tags.add(tag)
        self.scripts += tag == "script"
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"href", "src", "xlink:href"}:
                self.links.append(value)
            if name == "id":
                self.ids.append(value)

    def handle_startendtag(self, tag, attrs):
        """An element that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        """What was opened last is closed first."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Text that a reader sees."""
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        """All of it, on one line."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def html(report):
    """Its page."""
    return render_case_html(report)


@pytest.fixture(scope="module")
def page(html):
    """Its page, parsed."""
    return Page(html)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Any attempt to connect fails the test."""

    def refuse(*_):
        raise AssertionError("the report asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def text_of(pdf, tmp_path):
    """The text of a PDF, and its number of pages."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout.decode()
    return " ".join(text.split()), text.count("\f")


def test_every_result_is_on_the_page(report, page):
    """Each comparison's labels and numbers."""
    for row in report.results:
        assert row.known in page.text
        assert (row.lr or row.reason) in page.text
        assert row.interval in page.text


def test_foreign_text_is_never_markup(page):
    """A script in a file name is text; so is a template's syntax."""
    assert page.scripts == 2
    assert r'call "><script>alert(1)</script>\n.wav' in page.text
    assert "{{ 7*7 }}" in page.text
    assert "S2 O'Hara <b>" in page.text


def test_markup_in_the_case_details_is_text():
    """A person may write < and & in case.toml."""
    details = CaseDetails(title="<i>T</i>", laboratory="A & B", h1="<h1>", questions=(Question("<img src=x>"),))
    page = Page(render_case_html(build_report(replace(empty_case(), case_details=details))))
    assert page.tags.isdisjoint({"i", "img"})
    assert page.scripts == 2
    assert "<img src=x>" in page.text
    assert "A & B" in page.text


def test_the_page_asks_for_nothing_outside_itself(html, page):
    """No script, no style sheet, no font, no picture from elsewhere."""
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in page.links)
    assert page.tags.isdisjoint({"link", "iframe", "object", "img"})
    assert not re.search(r"@import|url\((?!#)|\bfetch\(|XMLHttpRequest|import\(|<script[^>]*\bsrc", html)


def test_every_link_leads_somewhere_and_no_id_is_used_twice(page):
    """The contents, the cross-references, and what plots use."""
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_never_says_what_an_lr_is_not(report):
    """The template's own words obey the same rule as the content's; the name of a setting is none of them."""
    said = replace(report, method=replace(report.method, settings=()))
    assert not FORBIDDEN.search(Page(render_case_html(said)).text)


@pytest.mark.parametrize("make", [case, empty_case, lambda: without_lr(case())])
def test_no_page_shows_a_missing_value(make):
    """No NaN, None, null or undefined."""
    text = Page(render_case_html(build_report(make()))).text
    assert not re.search(r"\b(nan|NaN|None|null|undefined|inf)\b", text)


def test_an_empty_case_is_a_whole_report():
    """Every section stands, each saying that there is nothing."""
    page = Page(render_case_html(build_report(empty_case())))
    for words in (
        "No comparison was made.",
        "No recording was received.",
        "No speech was found in any recording.",
        "No LR was issued, so no calibration was used.",
        "Every recording was examined.",
    ):
        assert words in page.text


def test_the_same_report_gives_the_same_page(report, html):
    """Down to the last byte."""
    assert render_case_html(report) == html


def test_the_pdf_holds_what_the_page_holds(report, html, tmp_path):
    """Findings, items, headers with id and page numbers, foreign names; no box runs off."""
    text, pages = text_of(render_pdf(html), tmp_path)
    assert 8 < pages < 25
    assert f"page 1 of {pages}" in text
    assert text.index("A likelihood ratio (LR) is not the probability") < text.index(f"page 1 of {pages}")
    assert f"page {pages} of {pages}" in text
    assert text.count(f"Report {report.title_page.report_id}") >= pages
    assert "The evidence is about" in text
    for item in report.items:
        assert item.sha256[:40] in text
    assert r"<script>alert(1)</script>\n.wav" in text


def test_the_same_page_gives_the_same_pdf():
    """An archive can compare bytes."""
    html = render_case_html(build_report(empty_case()))
    assert render_pdf(html) == render_pdf(html)


@pytest.mark.parametrize("address", ["https://example.org/a.png", "file:///etc/hostname", "data:text/css,p{}"])
def test_the_pdf_fetches_nothing(address):
    """Neither from the network nor from the disk."""
    with pytest.raises(ReportError, match="outside itself"):
        render_pdf(f'<img src="{address}">')


def test_what_is_for_the_screen_is_not_on_paper(tmp_path):
    """Folding, filters and the rows for which paper has no room."""
    text, _ = text_of(render_pdf("<p>both <!--screen--><b>screen\nonly</b><!--/screen-->again"), tmp_path)
    assert text.split() == ["both", "again"]


def test_a_missing_pango_names_the_command_that_installs_it(monkeypatch):
    """WeasyPrint loads the library on import and raises OSError."""
    original = builtins.__import__

    def broken(name, *arguments, **keywords):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return original(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(ReportError, match=r"apt-get install libpango-1\.0-0 libpangoft2-1\.0-0"):
        render_pdf("<p>")


def test_a_missing_template_is_an_error_with_a_remedy(monkeypatch, tmp_path, report):
    """A broken installation says so."""
    monkeypatch.setattr("forensic.report.shared.render.shipped", lambda _: tmp_path)
    with pytest.raises(ReportError, match="Install the program again"):
        render_case_html(report)


@pytest.mark.slow
@pytest.mark.parametrize(("questioned", "suspects", "most"), [(13, 6, 20), (60, 20, 30), (100, 100, 40)])
def test_a_case_of_any_size_has_few_pages_and_renders_in_well_under_a_minute(tmp_path, questioned, suspects, most):
    """Up to ten thousand comparisons: bounded in pages and time."""
    inputs = large_case(questioned, suspects)
    start = time.process_time()
    html = render_case_html(build_report(inputs))
    text, pages = text_of(render_pdf(html), tmp_path)
    assert time.process_time() - start < 60
    assert pages <= most
    assert f"{questioned * suspects:,} comparisons" in text
    assert text.index("A likelihood ratio (LR) is not the probability") < text.index(f"page 1 of {pages}")
