"""The table of results: one row per comparison, with its LR or with the reason why there is none.

If a questioned recording has no LR with any known speaker, always for the same reason, one row says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from forensic.report.case.case_report import ResultRow
from forensic.report.case.comparisons import (
    Issued,
    Refused,
    by_questioned,
    count_known,
    highest,
    issued_of,
    name_known,
    refused_of,
)
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.formats import format_lr, format_number, format_signed
from forensic.report.shared.rows import calibration_labels


def list_results(comparisons: Sequence[Issued | Refused], inputs: ReportInputs) -> tuple[tuple[ResultRow, ...], str]:
    """The table of results, or its most telling part, and a note on what was left out."""
    labels = calibration_labels(each.calibration_id for each in issued_of(comparisons))
    known = count_known(comparisons)
    groups = by_questioned(comparisons)
    rows = [row for group in groups for row in _rows(group, known, labels)]
    note = ""
    most = inputs.limits.results
    if len(rows) > most:
        each = max(1, most // len(groups))
        rows = [row for group in groups for row in _most_telling(group, each, known, labels)][:most]
        note = (
            f"This table gives {sum(row.comparisons for row in rows):,} of {len(comparisons):,} comparisons: for each "
            f"questioned recording the {'one' if each == 1 else each} with the highest LR, as far as there is room. "
            f"All are in {inputs.all_results}."
        )
    return tuple(rows), note


def _rows(group: Sequence[Issued | Refused], known: int, labels: Mapping[str, str]) -> list[ResultRow]:
    """The comparisons of one questioned recording or channel: one row each, or one for all."""
    refused = refused_of(group)
    is_one_reason = len({comparison.reason for comparison in refused}) == 1
    if is_one_reason and 1 < known == len(refused) == len(group) == count_known(group):
        return [_joint_row(refused)]
    return [_row(comparison, labels) for comparison in group]


def _most_telling(
    group: Sequence[Issued | Refused], number: int, known: int, labels: Mapping[str, str]
) -> list[ResultRow]:
    """The highest LRs of a questioned recording; where there is no LR at all, a row that says why."""
    return _rows(highest(group, number), known, labels) or _rows(group, known, labels)[:1]


def _joint_row(refused: Sequence[Refused]) -> ResultRow:
    scores = [comparison.score for comparison in refused if comparison.score is not None]
    ends = dict.fromkeys(format_number(end, 3) for end in (min(scores), max(scores))) if scores else ()
    return replace(
        _row(refused[0], {}),
        known=name_known([comparison.suspect_label for comparison in refused], len(refused)),
        score=" to ".join(ends),
        comparisons=len(refused),
    )


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
        interval=comparison.interval_text,
        verbal=comparison.verbal,
        unbounded=format_lr(comparison.unbounded) if comparison.is_bounded else "",
        calibration=labels[comparison.calibration_id],
    )
