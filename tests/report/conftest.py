"""The case that most tests read."""

import pytest


@pytest.fixture(scope="session")
def inputs():
    """A case with everything that a report must cope with."""
    from report_factory import case

    return case()


@pytest.fixture(scope="session")
def report(inputs):
    """Its report."""
    from forensic.report.case.build import build_report

    return build_report(inputs)
