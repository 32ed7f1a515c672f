"""A report of links as a page."""

from forensic.report.links.content import LinkReport
from forensic.report.links.figure import draw_all
from forensic.report.shared.render import render_page


def render_link_html(report: LinkReport, own: str = "") -> str:
    """A report of links as one self-contained HTML page.

    Args:
        report: its content.
        own: folder of templates of one's own; empty for none.
    """
    return render_page("link_report.html.j2", report, draw_all(report.graph), own)
