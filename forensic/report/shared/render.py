"""A report as one HTML page that works without a network, and that page as PDF."""

import base64
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensic.errors import ReportError
from forensic.memory import rare_collection
from forensic.report.shared.catalogue import _, language, signs
from forensic.storage.atomic import written_whole
from forensic.storage.inert import inert
from forensic.storage.shipped import shipped
from forensic.storage.tables import write_text

if TYPE_CHECKING:
    import jinja2

_SCREEN_ONLY = re.compile("<!--screen-->.*?<!--/screen-->", re.DOTALL)
_PICTURE = "data:image/png;base64,"
_WIDTH = re.compile(r'<svg [^>]*?style="(width: [0-9.]+%)"')
_KEPT = "\n\t\u00ad"  # soft hyphens break long names


def render_page(template: str, report: object, plots: Mapping[str, str], own: str = "") -> str:
    """A report as one self-contained HTML page: styles, plots and the script inside, nothing to fetch.

    What is between ``<!--screen-->`` and ``<!--/screen-->`` is for the screen alone: the PDF leaves it out.

    Args:
        template: file of the kind of report.
        report: its content.
        plots: SVG by name.
        own: folder whose files replace the program's templates, style and script; empty for none.

    Raises:
        ReportError: if a template or the style is missing, or a template of one's own cannot be used.
    """
    import jinja2
    from markupsafe import Markup

    try:
        styles, script = (_template_file(f"report.{kind}", own).read_text(encoding="utf-8") for kind in ("css", "js"))
        styles += _edges()
        logo = _logo(own)
    except OSError as error:
        raise ReportError(f"The report's style or script is missing: {error}.", "Install the program again.") from error
    # All are safe: style and script are files of the package, and the plots' text is escaped where they are drawn.
    drawn = {name: Markup(svg) for name, svg in plots.items()}  # noqa: S704
    values = {
        "report": report,
        "styles": Markup(styles),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "policy": content_policy(f"\n{styles}\n", f"\n{script}\n", plots.values()),
        "plots": drawn,
        "logo": logo,
        "language": language(),
        "words": {"fold": _("Fold or unfold"), "filter": _("Filter:"), "million": _("million"), "signs": signs()},
    }
    try:
        return environment(escape=True, own=own).get_template(template).render(values)
    except jinja2.TemplateError as error:
        if not own:
            raise
        raise ReportError(
            f"A template in {own} cannot be used: {error}.", "Compare it with the program's template of that name."
        ) from error


def content_policy(styles: str, script: str, plots: Iterable[str]) -> str:
    """A Content-Security-Policy under which a page can do nothing but show itself.

    Nothing is fetched, and no style and no script count but the page's own, named by their hashes.

    Args:
        styles: text of the style element.
        script: text of the script element.
        plots: SVG, whose root has its width in a style of its own.
    """
    widths = sorted({found[1] for svg in plots if (found := _WIDTH.match(svg))})
    allowed = [_hash(styles), *(["'unsafe-hashes'"] if widths else []), *map(_hash, widths)]
    return (
        f"default-src 'none'; style-src {' '.join(allowed)}; script-src {_hash(script)}; "
        "img-src data:; media-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    """A source that a Content-Security-Policy allows."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _finalized(value: object) -> object:
    """The last net: no control or format character of a text gets into a page."""
    return inert(value, _KEPT) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _edges() -> str:
    """The words at the edge of every page, as style."""
    page = _("page {page} of {pages}", page='" counter(page) "', pages='" counter(pages) "')
    initials = f"{_('Initials:')} ____________"
    return f'\n@page {{ @bottom-center {{ content: "{initials}" }} @bottom-right {{ content: "{page}" }} }}'


def _template_file(name: str, own: str) -> Path:
    """A file of the templates: one's own if there is one, else the program's."""
    mine = Path(own) / name
    return mine if own and mine.is_file() else shipped("templates") / name


def _logo(own: str) -> str:
    """The logo in a folder of one's own, as an address that holds the picture; empty where there is none."""
    path = Path(own) / "logo.png"
    return _PICTURE + base64.b64encode(path.read_bytes()).decode() if own and path.is_file() else ""


def environment(*, escape: bool, own: str = "") -> "jinja2.Environment":
    """The environment in which templates are rendered; a missing name is an error.

    Args:
        escape: whether values are escaped for HTML.
        own: folder that is looked into before the program's; empty for none.

    Raises:
        ReportError: if the templates are missing.
    """
    import jinja2

    folder = shipped("templates")
    if not folder.is_dir():
        raise ReportError(f"There is no folder of templates at {folder}.", "Install the program again.")
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([own, folder] if own else [folder]),
        autoescape=escape,  # noqa: S701 - the caller knows what it renders
        undefined=jinja2.StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["_"] = _
    return made


def on_paper(html: str) -> str:
    """The page without what is for the screen alone."""
    return _SCREEN_ONLY.sub("", html)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that travels inside a PDF.

    Attributes:
        name: of the file.
        content: its bytes.
        created: when it was made.
    """

    name: str
    content: bytes
    created: datetime


def render_pdf(html: str, attached: Attached | None = None) -> bytes:
    """The page as PDF/A-3u, with all typefaces inside; the same page and file give the same bytes.

    Args:
        html: from ``render_page``.
        attached: the data behind the page, which travel with it; None for none.

    Raises:
        ReportError: if Pango is missing, or the page refers to anything outside itself.
    """
    try:
        import weasyprint
    except OSError as error:  # its bindings load the library on import
        raise ReportError(
            "The PDF cannot be made: the library Pango is missing.",
            "Install it (Debian, Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0), "
            "or use the HTML report, which has the same content.",
        ) from error
    fetcher = _NoFetcher()
    document = weasyprint.HTML(string=on_paper(html), url_fetcher=fetcher)
    files = []
    if attached is not None:
        times = {"created": attached.created, "modified": attached.created}
        content = io.BytesIO(attached.content)
        files = [weasyprint.Attachment(file_obj=content, name=attached.name, relationship="Data", **times)]
    # PDF/A-3u can be read as long as anybody keeps files; with tags, its headings and tables can be read aloud.
    with rare_collection():
        pdf: bytes = document.write_pdf(pdf_variant="pdf/a-3u", pdf_tags=True, attachments=files)
    if fetcher.refused:
        raise ReportError(
            f"The page refers to something outside itself: {fetcher.refused[0]}.",
            "Remove the reference from the template.",
        )
    return pdf


def write_report(folder: Path, html: str, results: Attached, name: str = "report") -> tuple[Path, Path]:
    """Write a page as HTML and as PDF, each whole or not at all.

    Args:
        folder: where both are written.
        html: from ``render_page``.
        results: the data behind the page, which the PDF carries inside.
        name: of both files, without what their kinds add.

    Returns:
        Paths of the two files.

    Raises:
        ReportError: as in ``render_pdf``; the HTML is written before.
    """
    page, pdf = folder / f"{name}.html", folder / f"{name}.pdf"
    write_text(page, html)
    with written_whole(pdf) as file:
        file.write(render_pdf(html, results))
    return page, pdf


class _NoFetcher:
    """Refuses every address, local files too, and remembers which; a picture that is inside the page is no address."""

    _fail_on_errors = False  # an attribute that newer versions of WeasyPrint look for

    def __init__(self) -> None:
        self.refused: list[str] = []

    def __call__(self, url: str, *_: Any, **__: Any) -> Any:
        if url.startswith(_PICTURE):
            from weasyprint.urls import URLFetcherResponse

            picture = base64.b64decode(url.removeprefix(_PICTURE), validate=True)
            return URLFetcherResponse(url, picture, {"Content-Type": "image/png"})
        self.refused.append(url)
        raise ValueError(f"A report fetches nothing: {url} is refused.")
