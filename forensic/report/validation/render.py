"""A validation report as a page."""

from forensic.report.shared.render import render_page
from forensic.report.validation.content import ValidationReport
from forensic.report.validation.figures import draw_all


def render_validation_html(report: ValidationReport) -> str:
    """A validation report as one self-contained HTML page."""
    return render_page("validation_report.html.j2", report, draw_all(report.plots))
