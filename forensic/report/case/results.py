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
from forensic.report.shared.catalogue import _, ngettext, number
from forensic.report.shared.formats import format_lr, format_signed, printable
from forensic.report.shared.noted import noted
from forensic.report.shared.rows import calibration_labels


def list_results(
    comparisons: Sequence[Issued | Refused], inputs: ReportInputs, pages: Mapping[str, str]
) -> tuple[tuple[ResultRow, ...], tuple[ResultRow, ...], str]:
    """The table of results, or its most telling part; the other rows; and a note on what was left out.

    Args:
        comparisons: all of them.
        inputs: of the report.
        pages: ids of the pages that comparisons have, by label.
    """
    table = _Table(comparisons, pages)
    groups = by_questioned(comparisons)
    rows = [row for group in groups for row in table.rows(group)]
    note = ""
    shown = rows
    most = inputs.limits.results
    if len(rows) > most:
        each = max(1, most // len(groups))
        shown = [row for group in groups for row in table.most_telling(group, each)][:most]
        note = ngettext(
            "This table gives {shown} of {all} comparisons: for each questioned recording the one with the highest LR, "
            "as far as there is room. All are in {files}.",
            "This table gives {shown} of {all} comparisons: for each questioned recording the {n} with the highest LR, "
            "as far as there is room. All are in {files}.",
            each,
            shown=number(sum(row.comparisons for row in shown)),
            all=number(len(comparisons)),
            files=inputs.all_results,
        )
    there = set(shown)
    others = [row for row in rows if row not in there] if len(shown) < len(rows) else []
    return tuple(shown), tuple(others[: inputs.limits.results_on_screen]), note


def has_both(inputs: ReportInputs) -> bool:
    """Whether any LR rests on both models."""
    return not inputs.comparisons["fused_score"].is_null().all()


def second_reading(inputs: ReportInputs) -> str:
    """What LRs have to do with the second model, and why comparisons lack it; empty without one."""
    if inputs.method.second is None:
        return ""
    name = printable(inputs.method.second.identity.name)
    lacking = inputs.comparisons.filter(
        pl.col("score").is_not_null(), pl.col("second_score").is_null(), pl.col("second_problem").is_not_null()
    )
    if not has_both(inputs):
        text = _(
            "No LR rests on the second model, {name}: the reference population has no embeddings of it for these LRs.",
            name=name,
        )
    else:
        text = _(
            "An LR rests on the LSTM network and {name} together where “Each alone” has two LRs, that of the network "
            "first: on the sum of both scores, calibrated on the people whom both embedded. All other LRs rest on the "
            "LSTM network alone.",
            name=name,
        )
    if lacking.is_empty():
        return text
    reasons = " ".join(printable(noted(each)) for each in lacking["second_problem"].unique(maintain_order=True).head(3))
    without = ngettext(
        "{n} comparison has no second score:",
        "{n} comparisons have no second score:",
        lacking.height,
    )
    return f"{text} {without} {reasons}"


class _Table:
    """Makes rows of comparisons."""

    def __init__(self, comparisons: Sequence[Issued | Refused], pages: Mapping[str, str]) -> None:
        self._labels = calibration_labels(each.calibration_id for each in issued_of(comparisons))
        self._known = count_known(comparisons)
        self._pages = pages

    def rows(self, group: Sequence[Issued | Refused]) -> list[ResultRow]:
        """The comparisons of one questioned recording or channel: one row each, or one for all."""
        refused = refused_of(group)
        is_one_reason = len({comparison.reason for comparison in refused}) == 1
        if is_one_reason and 1 < self._known == len(refused) == len(group) == count_known(group):
            return [self._joint_row(refused)]
        return [self._row(comparison) for comparison in group]

    def most_telling(self, group: Sequence[Issued | Refused], number: int) -> list[ResultRow]:
        """The highest LRs of a questioned recording; where there is no LR at all, a row that says why."""
        return self.rows(highest(group, number)) or self.rows(group)[:1]

    def _joint_row(self, refused: Sequence[Refused]) -> ResultRow:
        return replace(
            self._row(refused[0]),
            known=name_known([comparison.suspect_label for comparison in refused], len(refused)),
            comparisons=len(refused),
        )

    def _row(self, comparison: Issued | Refused) -> ResultRow:
        row = ResultRow(
            questioned=comparison.questioned,
            questioned_name=comparison.questioned_name,
            twins=", ".join(comparison.twins),
            known=comparison.known,
        )
        if isinstance(comparison, Refused):
            return replace(row, reason=comparison.reason)
        return replace(
            row,
            alone=_alone(comparison),
            log10_lr=format_signed(comparison.log10_lr),
            lr=comparison.lr_text,
            interval=comparison.interval_text,
            verbal=comparison.brief_verbal,
            unbounded=format_lr(comparison.unbounded) if comparison.is_bounded else "",
            calibration=self._labels[comparison.calibration_id],
            page=self._pages.get(comparison.label, ""),
        )


def _alone(comparison: Issued) -> str:
    """What each model says alone."""
    if comparison.first_log10_lr is None:
        return ""
    second = comparison.second_log10_lr
    return f"{format_lr(comparison.first_log10_lr)}, {_('none') if second is None else format_lr(second)}"
