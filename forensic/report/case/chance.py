"""What chance alone would give where many comparisons are made."""

from collections import Counter
from collections.abc import Mapping, Sequence

from forensic.likelihood_ratio.chance import expected_by_chance
from forensic.records import Calibration
from forensic.report.case.case_report import ChanceRow
from forensic.report.case.comparisons import Issued


def chance(issued: Sequence[Issued], calibrations: Mapping[str, Calibration]) -> tuple[ChanceRow, ...]:
    """How many LRs of a size misleading evidence alone would give, if every comparison were of two people."""
    uses = Counter(comparison.calibration_id for comparison in issued)
    rows = []
    for threshold in (0, 1, 2, 3):
        expected = expected_by_chance(uses, calibrations, threshold)
        found = sum(comparison.log10_lr >= threshold for comparison in issued)
        rows.append(ChanceRow(f"{10**threshold:,}", format_expected(expected), f"{found:,}"))
    return tuple(rows)


def format_expected(number: float) -> str:
    """An expected number of LRs: "less than 0.1", "2.4", "12"."""
    if number < 0.1:  # noqa: PLR2004
        return "less than 0.1"
    return f"{number:,.{1 if number < 10 else 0}f}"  # noqa: PLR2004
