"""The title page: whose report it is, on what, and who signs."""

from forensic.comparison.method import Method
from forensic.report.case.case_report import Fact
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.formats import format_day, format_moment, paragraphs, printable


def software(method: Method) -> str:
    """The program and its version, "forensic 0.1.0"."""
    return f"forensic {printable(method.software_version)}"


def details(inputs: ReportInputs) -> tuple[Fact, ...]:
    """The particulars of the case and of the report."""
    case = inputs.case_details
    return (
        Fact("Case reference", printable(case.reference)),
        Fact("Laboratory", " ".join(paragraphs(case.laboratory))),
        Fact("Customer", " ".join(paragraphs(case.customer))),
        *signatories(inputs),
        Fact("Items received", format_day(case.received)),
        Fact("Report issued", format_day(case.issued)),
        Fact("Report", printable(inputs.comparison_id)),
        Fact("Comparison", printable(inputs.comparison_id)),
        Fact("Results computed", format_moment(inputs.created_utc)),
        Fact("Software", software(inputs.method)),
    )


def signatories(inputs: ReportInputs) -> tuple[Fact, ...]:
    """Who examined and who reviewed."""
    return (
        Fact("Examiner", printable(inputs.case_details.examiner)),
        Fact("Reviewer", printable(inputs.case_details.reviewer)),
    )
