"""What chance alone would give where many comparisons are made."""

from forensic.report.shared.content import ChanceRow
from forensic.report.shared.formats import format_lr


def chance_row(log10_lr: float, expected: float, found: int) -> ChanceRow:
    """How many LRs of at least this size are expected if every comparison is of two people, and how many there are."""
    return ChanceRow(format_lr(log10_lr).removesuffix(".0"), _expected(expected), f"{found:,}")


def _expected(number: float) -> str:
    """An expected number of LRs: "less than 0.1", "2.4", "12"."""
    if number < 0.1:  # noqa: PLR2004
        return "less than 0.1"
    return f"{number:,.{1 if number < 10 else 0}f}"  # noqa: PLR2004
