"""A report as one HTML page that works without a network, and that page as PDF."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensic.errors import ReportError
from forensic.report.case import figures
from forensic.report.case.case_report import CaseReport
from forensic.report.case.explanation_figure import draw_explanation
from forensic.report.links.content import LinkReport
from forensic.report.links.figure import draw_graph
from forensic.report.validation import figures as validation_figures
from forensic.report.validation.content import ValidationReport
from forensic.storage.atomic import written_whole
from forensic.storage.shipped import shipped
from forensic.storage.tables import write_text

if TYPE_CHECKING:
    import jinja2


def render_html(report: CaseReport) -> str:
    """The report as one self-contained HTML page: styles and plots inside, no script, nothing to fetch."""
    return _page("case_report.html.j2", report, draw_all(report))


def render_validation_html(report: ValidationReport) -> str:
    """A validation report, likewise."""
    plots = report.plots
    drawn = {}
    if plots is not None:
        drawn = {
            "tippett": validation_figures.draw_tippett(plots.tippett),
            "det": validation_figures.draw_det(plots.det),
            "pav": validation_figures.draw_pav(plots.pav),
            "ece": validation_figures.draw_ece(plots.ece),
        }
        if plots.zoo is not None:
            drawn["zoo"] = validation_figures.draw_zoo(plots.zoo)
    return _page("validation_report.html.j2", report, drawn)


def render_link_html(report: LinkReport) -> str:
    """A report of links, likewise."""
    return _page("link_report.html.j2", report, {"graph": draw_graph(report.graph)} if report.graph else {})


def _page(template: str, report: CaseReport | ValidationReport | LinkReport, drawn: Mapping[str, str]) -> str:
    from markupsafe import Markup

    try:
        styles = (shipped("templates") / "report.css").read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(f"The report's style is missing: {error}.", "Install the program again.") from error
    # Both are ours: the style is a file that ships, and figures.py escapes what it draws.
    plots = {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704
    return environment(escape=True).get_template(template).render(report=report, styles=Markup(styles), plots=plots)  # noqa: S704


def environment(*, escape: bool) -> "jinja2.Environment":
    """Where templates are rendered: a name that is missing is an error.

    Args:
        escape: whether values are made harmless in HTML.

    Raises:
        ReportError: if the templates are missing.
    """
    import jinja2

    folder = shipped("templates")
    if not folder.is_dir():
        raise ReportError(f"There is no folder of templates at {folder}.", "Install the program again.")
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=escape,  # noqa: S701 - the caller says what it renders
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def draw_all(report: CaseReport) -> dict[str, str]:
    """Every plot of the report as SVG, by name."""
    plots = {plot.name: figures.draw_forest(plot) for plot in report.forest}
    plots |= {plot.name: figures.draw_matrix(plot) for plot in report.matrices}
    plots |= {each.plot.name: draw_explanation(each.plot) for each in report.explanations if each.plot is not None}
    for calibration in report.calibrations:
        if calibration.scores is not None:
            plots[calibration.scores.name] = figures.draw_scores(calibration.scores)
        if calibration.tippett is not None:
            plots[calibration.tippett.name] = figures.draw_tippett(calibration.tippett)
    return plots | {plot.name: figures.draw_waveform(plot) for plot in report.waveforms}


def render_pdf(html: str) -> bytes:
    """The page as PDF, with all typefaces inside; the same page gives the same bytes.

    Args:
        html: from ``render_html``.

    Raises:
        ReportError: if Pango is missing, or the page asks for anything outside itself.
    """
    try:
        import weasyprint
    except OSError as error:  # its bindings load the library on import
        raise ReportError(
            "The PDF cannot be made: the library Pango is missing.",
            "Install it (Debian, Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0), "
            "or use the HTML report, which holds the same.",
        ) from error
    fetcher = _NoFetcher()
    document = weasyprint.HTML(string=html, url_fetcher=fetcher)
    pdf: bytes = document.write_pdf(pdf_tags=True)  # tags: its headings and tables can be read aloud
    if fetcher.refused:
        raise ReportError(
            f"The report asks for something outside itself: {fetcher.refused[0]}.",
            "Take the reference out of the template.",
        )
    return pdf


def write_report(folder: Path, html: str) -> tuple[Path, Path]:
    """Write a page as ``report.html`` and ``report.pdf``, each whole or not at all.

    Args:
        folder: that takes both.
        html: as any of the functions above gives it.

    Returns:
        Where they lie.

    Raises:
        ReportError: as in ``render_pdf``; the HTML is there then.
    """
    page, pdf = folder / "report.html", folder / "report.pdf"
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
        raise ValueError(f"The report fetches nothing, and so not {url}.")
