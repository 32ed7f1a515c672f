"""What chance alone would give where many comparisons are made."""

from collections import Counter
from collections.abc import Mapping, Sequence

from forensic.records import Calibration
from forensic.report.content.case_report import ChanceRow
from forensic.report.content.comparisons import Issued
from forensic.report.formats import share_of


def chance(issued: Sequence[Issued], calibrations: Mapping[str, Calibration]) -> tuple[ChanceRow, ...]:
    """How many LRs of a size misleading evidence alone would give, if every comparison were of two people."""
    uses = Counter(comparison.calibration_id for comparison in issued)
    rows = []
    for threshold in (0, 1, 2, 3):
        expected = sum(
            number * share_of(calibrations[key].different_speaker_log10_lr >= threshold) for key, number in uses.items()
        )
        found = sum(comparison.log10_lr >= threshold for comparison in issued)
        rows.append(ChanceRow(f"{10**threshold:,}", _expected(expected), f"{found:,}"))
    return tuple(rows)


def _expected(number: float) -> str:
    if number < 0.1:  # noqa: PLR2004
        return "less than 0.1"
    return f"{number:,.{1 if number < 10 else 0}f}"  # noqa: PLR2004
