"""The report of a linking as a page."""

from forensic.comparison.outcomes import LinkOutcome
from forensic.report.links.build import build_link_report
from forensic.report.links.content import LinkReport
from forensic.report.links.figure import draw_all
from forensic.report.shared.catalogue import speaking
from forensic.report.shared.render import render_page


def render_links(outcome: LinkOutcome, version: int = 1) -> str:
    """The report of a linking as a page, in the language that ``case.toml`` asks for.

    Args:
        outcome: with its id.
        version: of the report; the linking itself makes the first.
    """
    with speaking(outcome.case_details.language, outcome.case_details.templates):
        return render_link_html(build_link_report(outcome, version), outcome.case_details.templates)


def render_link_html(report: LinkReport, own: str = "") -> str:
    """A report of links as one self-contained HTML page.

    Args:
        report: its content.
        own: folder of templates of one's own; empty for none.
    """
    return render_page("link_report.html.j2", report, draw_all(report.graph), own)
