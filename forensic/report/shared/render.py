"""A report as one HTML page that works without a network, and that page as PDF."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensic.errors import ReportError
from forensic.storage.atomic import written_whole
from forensic.storage.shipped import shipped
from forensic.storage.tables import write_text

if TYPE_CHECKING:
    import jinja2


def render_page(template: str, report: object, plots: Mapping[str, str]) -> str:
    """A report as one self-contained HTML page: styles and plots inside, no script, nothing to fetch.

    Args:
        template: file of the kind of report.
        report: its content.
        plots: SVG by name.

    Raises:
        ReportError: if a template or the style is missing.
    """
    from markupsafe import Markup

    try:
        styles = (shipped("templates") / "report.css").read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(f"The report's style is missing: {error}.", "Install the program again.") from error
    # Both are safe: the style is a file of the package, and the plots' text is escaped where they are drawn.
    drawn = {name: Markup(svg) for name, svg in plots.items()}  # noqa: S704
    return environment(escape=True).get_template(template).render(report=report, styles=Markup(styles), plots=drawn)  # noqa: S704


def environment(*, escape: bool) -> "jinja2.Environment":
    """The environment in which templates are rendered; a missing name is an error.

    Args:
        escape: whether values are escaped for HTML.

    Raises:
        ReportError: if the templates are missing.
    """
    import jinja2

    folder = shipped("templates")
    if not folder.is_dir():
        raise ReportError(f"There is no folder of templates at {folder}.", "Install the program again.")
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=escape,  # noqa: S701 - the caller knows what it renders
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_pdf(html: str) -> bytes:
    """The page as PDF, with all typefaces inside; the same page gives the same bytes.

    Args:
        html: from ``render_page``.

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
    document = weasyprint.HTML(string=html, url_fetcher=fetcher)
    pdf: bytes = document.write_pdf(pdf_tags=True)  # tags: its headings and tables can be read aloud
    if fetcher.refused:
        raise ReportError(
            f"The page refers to something outside itself: {fetcher.refused[0]}.",
            "Remove the reference from the template.",
        )
    return pdf


def write_report(folder: Path, html: str, name: str = "report") -> tuple[Path, Path]:
    """Write a page as HTML and as PDF, each whole or not at all.

    Args:
        folder: where both are written.
        html: from ``render_page``.
        name: of both files, without what their kinds add.

    Returns:
        Paths of the two files.

    Raises:
        ReportError: as in ``render_pdf``; the HTML is written before.
    """
    page, pdf = folder / f"{name}.html", folder / f"{name}.pdf"
    write_text(page, html)
    with written_whole(pdf) as file:
        file.write(render_pdf(html))
    return page, pdf


class _NoFetcher:
    """Refuses every address, local files too, and remembers which."""

    _fail_on_errors = False  # an attribute that newer versions of WeasyPrint look for

    def __init__(self) -> None:
        self.refused: list[str] = []

    def __call__(self, url: str, *_: Any, **__: Any) -> Any:
        self.refused.append(url)
        raise ValueError(f"A report fetches nothing: {url} is refused.")
