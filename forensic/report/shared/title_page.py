"""The title page: whose report it is, what it is about, and who signs."""

from datetime import datetime

from forensic.case.details import CaseDetails
from forensic.comparison.method import Method
from forensic.report.shared.catalogue import _
from forensic.report.shared.content import Fact, TitlePage
from forensic.report.shared.formats import format_moment, paragraphs, printable


def title_page(
    kind: str,
    title: str,
    report_id: str,
    created_utc: datetime,
    method: Method,
    particulars: tuple[Fact, ...],
    signatories: tuple[Fact, ...],
    reference: str = "",
) -> TitlePage:
    """The title page, with what every report states at the end of its particulars.

    Args:
        kind: of report.
        title: as a person gave it, or a default.
        report_id: unique; printed on every page.
        created_utc: when the results were computed.
        method: what computed them.
        particulars: of this kind of report.
        signatories: roles and names of those who sign.
        reference: of the case.
    """
    return TitlePage(
        kind=kind,
        title=printable(title),
        report_id=printable(report_id),
        reference=printable(reference),
        software=software(method),
        created_iso=created_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        details=(
            *particulars,
            Fact(_("Report"), printable(report_id)),
            Fact(_("Results computed"), format_moment(created_utc)),
            Fact(_("Software"), software(method)),
        ),
        signatories=signatories,
    )


def report_name(results_id: str, version: int) -> str:
    """The name of a report, which no other report has: "20260331-140512-3f9c1b, version 2"."""
    return _("{name}, version {version}", name=results_id, version=version) if version > 1 else results_id


def software(method: Method) -> str:
    """The program and its version, "forensic 0.1.0"."""
    return f"forensic {printable(method.software_version)}"


def whose_case(case: CaseDetails) -> tuple[Fact, Fact]:
    """The reference of a case, and whose it is."""
    return (
        Fact(_("Case reference"), printable(case.reference)),
        Fact(_("Laboratory"), " ".join(paragraphs(case.laboratory))),
    )


def signatories(case: CaseDetails) -> tuple[Fact, Fact]:
    """Who examined and who reviewed."""
    return Fact(_("Examiner"), printable(case.examiner)), Fact(_("Reviewer"), printable(case.reviewer))
