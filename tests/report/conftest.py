"""The case that most tests read; lets the tests import the factory beside this file."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


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
