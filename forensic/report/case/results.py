"""The table of results: one row per comparison, with its LR or with the reason why there is none.

If a questioned recording has no LR with any known speaker, always for the same reason, one row says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

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
from forensic.report.shared.formats import format_lr, format_number, format_signed, plural, printable
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


def second_reading(inputs: ReportInputs) -> str:
    """What the second score is, and why comparisons have none; empty without a second model."""
    if inputs.method.second is None:
        return ""
    lacking = inputs.comparisons.filter(
        pl.col("score").is_not_null(), pl.col("second_score").is_null(), pl.col("second_problem").is_not_null()
    )
    text = (
        f"The second score is the cosine of the embeddings of {printable(inputs.method.second.identity.name)}, a model "
        "beside the LSTM network. It is not calibrated either, and no LR rests on it."
    )
    if lacking.is_empty():
        return text
    reasons = " ".join(map(printable, lacking["second_problem"].unique(maintain_order=True).head(3)))
    return f"{text} {plural(lacking.height, 'comparison')} with a score have no second score: {reasons}"


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
    return replace(
        _row(refused[0], {}),
        known=name_known([comparison.suspect_label for comparison in refused], len(refused)),
        score=_range([comparison.score for comparison in refused]),
        second_score=_range([comparison.second_score for comparison in refused]),
        comparisons=len(refused),
    )


def _range(scores: Sequence[float | None]) -> str:
    """The lowest and the highest of some scores; empty if there is none."""
    there = [score for score in scores if score is not None]
    return " to ".join(dict.fromkeys(format_number(end, 3) for end in (min(there), max(there)))) if there else ""


def _row(comparison: Issued | Refused, labels: Mapping[str, str]) -> ResultRow:
    row = ResultRow(
        questioned=comparison.questioned,
        questioned_name=comparison.questioned_name,
        known=comparison.known,
        score=_range([comparison.score]),
        second_score=_range([comparison.second_score]),
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
