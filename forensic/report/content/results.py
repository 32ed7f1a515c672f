"""The table of results: one row a comparison, with its LR or with the reason why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from forensic.report.content.case_report import ResultRow
from forensic.report.content.comparisons import Issued, Refused, by_questioned, highest, issued_of
from forensic.report.content.inputs import ReportInputs
from forensic.report.formats import format_lr, format_number, format_range, format_signed


def list_results(comparisons: Sequence[Issued | Refused], inputs: ReportInputs) -> tuple[tuple[ResultRow, ...], str]:
    """The table of results, or its most telling part, and a note on what was left out."""
    labels = calibration_labels(issued_of(comparisons))
    chosen, note = comparisons, ""
    most = inputs.limits.results
    if len(comparisons) > most:
        groups = by_questioned(comparisons)
        each = max(1, most // len(groups))
        chosen = [comparison for group in groups for comparison in highest(group, each) or group[:1]][:most]
        note = (
            f"This table gives {len(chosen):,} of {len(comparisons):,} comparisons: for each questioned "
            f"recording the {'one' if each == 1 else each} with the highest LR, as far as there is room. "
            f"All are in {inputs.all_results}."
        )
    return tuple(_row(comparison, labels) for comparison in chosen), note


def calibration_labels(issued: Sequence[Issued]) -> dict[str, str]:
    """Labels "C1", "C2", ... by the id of a calibration, in the order of use."""
    used = dict.fromkeys(comparison.calibration_id for comparison in issued)
    return {key: f"C{n}" for n, key in enumerate(used, 1)}


def _row(comparison: Issued | Refused, labels: Mapping[str, str]) -> ResultRow:
    row = ResultRow(
        questioned=comparison.questioned,
        questioned_name=comparison.questioned_name,
        known=comparison.known,
        score=format_number(comparison.score, 3) if comparison.score is not None else "",
    )
    if isinstance(comparison, Refused):
        return replace(row, reason=comparison.reason)
    return replace(
        row,
        log10_lr=format_signed(comparison.log10_lr),
        lr=format_lr(comparison.log10_lr),
        interval=format_range(comparison.low, comparison.high),
        verbal=comparison.verbal,
        unbounded=format_lr(comparison.unbounded) if comparison.is_bounded else "",
        calibration=labels[comparison.calibration_id],
    )
