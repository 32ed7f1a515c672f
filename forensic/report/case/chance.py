"""What chance alone would give where many comparisons are made."""

from collections import Counter
from collections.abc import Mapping, Sequence

from forensic.likelihood_ratio.chance import expected_by_chance
from forensic.records import Calibration
from forensic.report.case.comparisons import Issued
from forensic.report.shared.content import ChanceRow
from forensic.report.shared.rows import chance_row


def chance(issued: Sequence[Issued], calibrations: Mapping[str, Calibration]) -> tuple[ChanceRow, ...]:
    """How many LRs of a size misleading evidence alone would give, if every comparison were of two people."""
    uses = Counter(comparison.calibration_id for comparison in issued)
    rows = []
    for threshold in (0, 1, 2, 3):
        expected = expected_by_chance(uses, calibrations, threshold)
        found = sum(comparison.log10_lr >= threshold for comparison in issued)
        rows.append(chance_row(threshold, expected, found))
    return tuple(rows)
