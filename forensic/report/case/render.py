"""A case report as a page."""

from forensic.progress import Watch, unwatched
from forensic.report.case.case_report import CaseReport
from forensic.report.case.figures import draw_all
from forensic.report.shared.render import render_page


def render_case_html(report: CaseReport, own: str = "", watch: Watch = unwatched) -> str:
    """A case report as one self-contained HTML page.

    Args:
        report: its content.
        own: folder of templates of one's own; empty for none.
        watch: called with how many plots are drawn, and how many there are.
    """
    return render_page("case_report.html.j2", report, draw_all(report, watch), own)
