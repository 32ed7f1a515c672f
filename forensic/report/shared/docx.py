"""A report as a Word document, for laboratories that edit their reports: made from the same page as the PDF.

Headings, paragraphs, lists, tables and plots become Word's own; plots are pictures, since Word cannot edit ours anyway.
Links, folding and the layout of pages are left out. Needs the package python-docx (the extra ``docx``).
"""

import io
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, TypeAlias

from forensic.errors import ReportError
from forensic.report.shared.render import on_paper

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

Rows: TypeAlias = list[list[list[tuple[str, bool, bool]]]]
"""Of a table: the cells of each row as runs of text, each perhaps bold or small."""

_SPACES = re.compile(r"\s+")
_HEADINGS = {"h1": 0, "h2": 1, "h3": 2}
_BOLD, _UNREAD = frozenset({"b", "th", "dt"}), frozenset({"head", "script", "style", "title", "nav"})
_BLOCKS = frozenset({"p", "li", "td", "th", "dt", "dd", "figcaption", *_HEADINGS})
_SMALL = frozenset({"note", "hash", "file", "meaning", "line", "item-note", "exhibit", "ends"})
_LINES = frozenset(
    {"hash", "file", "meaning", "line", "item-note", "exhibit", "ends"}
)  # spans that are lines of their own
_TEXT_WIDTH_CM = 17.0
_WIDEST_WORD, _WIDEST_TEXT = 24, 32
"""Characters beyond which a word, or a line of a cell, does not make its column wider."""
_VOID = frozenset({"meta", "br", "input", "img", "link", "hr"})


def render_docx(html: str, pictures: Mapping[str, bytes]) -> bytes:
    """The page as a Word document (``.docx``).

    Args:
        html: from ``render_page``.
        pictures: PNG of every plot, by its name.

    Raises:
        ReportError: if python-docx is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise ReportError(
            "A Word document needs the package python-docx, which is not installed.",
            "Install it with `pip install 'forensic[docx]'`, or leave out --format docx.",
        ) from error
    from docx.shared import Cm, Pt

    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.0)
    section.top_margin = section.bottom_margin = Cm(1.9)
    document.styles["Normal"].font.size = Pt(10)
    document.styles["Normal"].font.name = "Arial"
    writer = _Writer(document, pictures)
    writer.feed(on_paper(html))
    writer.close()
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


class _Writer(HTMLParser):
    """Adds what it reads to a document."""

    def __init__(self, document: "Document", pictures: Mapping[str, bytes]) -> None:
        super().__init__(convert_charrefs=True)
        self._document, self._pictures = document, pictures
        self._open: list[tuple[str, frozenset[str]]] = []
        self._block: Paragraph | None = None
        self._rows: Rows | None = None  # of the table that is open
        self._heads = 0  # how many of them are its head
        self._paged: int | None = None  # its column of page numbers, which Word does not know

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a row or a cell; a plot becomes its picture."""
        attributes = dict(attrs)
        if tag == "br":
            self._add("\n")
        if tag in _VOID:
            return
        self._open.append((tag, frozenset((attributes.get("class") or "").split())))
        if self._is_unread():
            return
        if tag == "svg":
            self._picture(attributes.get("id") or "")
        elif tag == "table":
            self._rows, self._heads, self._paged = [], 0, None
        elif tag == "span" and _LINES & self._open[-1][1]:
            self._add("\n")
        elif self._rows is not None:
            self._begin_in_table(tag, self._rows)
        elif tag in _BLOCKS:
            self._begin(tag)

    def _begin_in_table(self, tag: str, rows: Rows) -> None:
        if tag == "tr":
            rows.append([])
            self._heads += any(each == "thead" for each, _ in self._open)
        elif tag in {"td", "th"} and rows:
            rows[-1].append([])
        elif tag == "a" and rows and "page-of" in self._open[-1][1]:
            self._paged = len(rows[-1]) - 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content, as plots have them."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a block; a table is made when all of it is there."""
        if tag in _VOID:
            return
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "table" and self._rows is not None:
            self._table([[cell for at, cell in enumerate(row) if at != self._paged] for row in self._rows])
            self._rows = None
        elif tag in _BLOCKS - {"dt"} and self._rows is None:
            self._block = None

    def handle_data(self, data: str) -> None:
        """Text of the block or cell that is open."""
        if not self._is_unread():
            self._add(_SPACES.sub(" ", data))

    def _is_unread(self) -> bool:
        tags = [tag for tag, _ in self._open]
        return not _UNREAD.isdisjoint(tags) or "svg" in tags[:-1]

    def _begin(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._block = self._document.add_heading(level=_HEADINGS[tag])
        elif tag == "li":
            is_numbered = [each for each, _ in self._open if each in {"ol", "ul"}][-1:] == ["ol"]
            self._block = self._document.add_paragraph(style="List Number" if is_numbered else "List Bullet")
        elif tag == "dd" and self._block is not None:  # on the line of its term
            self._add(": ")
        else:
            self._block = self._document.add_paragraph(style="Caption" if tag == "figcaption" else None)

    def _add(self, text: str) -> None:
        is_bold = any(tag in _BOLD for tag, _ in self._open)
        is_small = any(_SMALL & classes for _, classes in self._open)
        if self._rows is not None:
            if self._rows and self._rows[-1]:
                self._rows[-1][-1].append((text, is_bold, is_small))
        elif self._block is not None:
            _run(self._block, text, is_bold, is_small)

    def _picture(self, name: str) -> None:
        from docx.shared import Cm

        if name in self._pictures:
            picture = self._document.add_picture(io.BytesIO(self._pictures[name]))
            widest = Cm(_TEXT_WIDTH_CM)
            if picture.width > widest:
                picture.height = round(picture.height * widest / picture.width)
                picture.width = widest

    def _table(self, rows: Rows) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Cm

        columns = max((len(row) for row in rows), default=0)
        if not columns:
            return
        table = self._document.add_table(rows=len(rows), cols=columns, style="Light List Accent 1")
        table.autofit = False
        if not self._heads:
            look = table._tblPr.find(qn("w:tblLook"))  # noqa: SLF001 - python-docx has no name for it
            look.set(qn("w:firstRow"), "0")
            look.set(qn("w:val"), "0480")
        widths = [Cm(_TEXT_WIDTH_CM * share) for share in _shares(rows, columns)]
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        for number, (cells, row) in enumerate(zip(table.rows, rows, strict=True)):
            cells._tr.get_or_add_trPr().append(_element("cantSplit"))  # noqa: SLF001
            if number < self._heads:
                cells._tr.get_or_add_trPr().append(_element("tblHeader"))  # noqa: SLF001 - repeated on each page
            for cell, width in zip(cells.cells, widths, strict=True):
                cell.width = width
            for cell, runs in zip(cells.cells, row, strict=False):
                for text, is_bold, is_small in _tidy(runs):
                    _run(cell.paragraphs[0], text, is_bold, is_small, size=7 if is_small else 8)
            if 0 < len(row) < columns:
                cells.cells[len(row) - 1].merge(cells.cells[columns - 1])
        self._document.add_paragraph()


def _shares(rows: Rows, columns: int) -> list[float]:
    """How much of the width each column gets: enough for its longest word, and more for longer texts."""
    weights = []
    for column in range(columns):
        texts = [_text(row[column]) for row in rows if len(row) == columns]
        word = max((len(word) for text in texts for word in text.split()), default=1)
        longest = max((len(line) for text in texts for line in text.splitlines()), default=1)
        weights.append(max(min(word, _WIDEST_WORD), min(longest, _WIDEST_TEXT)) + 6)
    return [weight / sum(weights) for weight in weights]


def _text(cell: Sequence[tuple[str, bool, bool]]) -> str:
    return "".join(text for text, _, _ in cell).strip()


def _element(name: str) -> Any:
    from docx.oxml import OxmlElement

    return OxmlElement(f"w:{name}")


def _tidy(runs: Sequence[tuple[str, bool, bool]]) -> list[tuple[str, bool, bool]]:
    """Runs of a cell without blank ones at either end."""
    kept = [place for place, (text, _, _) in enumerate(runs) if text.strip()]
    return list(runs[kept[0] : kept[-1] + 1]) if kept else []


def _run(paragraph: Any, text: str, is_bold: bool, is_small: bool, size: int = 0) -> None:
    from docx.shared import Pt

    run = paragraph.add_run(text)
    run.bold = is_bold or None
    if size or is_small:
        run.font.size = Pt(size or 8)
