"""The title page."""

from dataclasses import replace

from report_factory import case

from forensic.case.details import CaseDetails
from forensic.report.case.build import build_report


def test_blank_case_details_are_left_to_fill_in():
    """A blank is an empty value, which the template draws as a line."""
    report = build_report(replace(case(), case_details=CaseDetails(title="")))
    values = {fact.label: fact.value for fact in report.title_page.details}
    assert values["Examiner"] == values["Report issued"] == ""
    assert report.title_page.title == "Forensic voice comparison"
    assert report.relevant_population == ()
