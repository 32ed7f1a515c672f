"""What could not be examined, and why."""

from collections.abc import Mapping
from typing import Any

from forensic.report.shared.content import FailureRow
from forensic.report.shared.formats import printable


def failure_row(label: str, name: str, row: Mapping[str, Any]) -> FailureRow:
    """A row of the table ``failures`` as a report prints it.

    Args:
        label: of the recording or the channel.
        name: of the file.
        row: with step, problem and remedy.
    """
    step, problem, remedy = (printable(row[key] or "") for key in ("step", "problem", "remedy"))
    return FailureRow(label, printable(name), step, problem, remedy)
