"""What could not be examined, why, and what would help; and the files that are not recordings."""

from typing import Any

import polars as pl

from forensic.case.store import SKIPPED, UNREADABLE
from forensic.report.case.evidence import in_order, why_unreadable
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _, ngettext
from forensic.report.shared.content import FailureRow
from forensic.report.shared.formats import printable
from forensic.report.shared.labels import channel_label
from forensic.report.shared.noted import noted
from forensic.report.shared.rows import failure_row


def list_failures(
    inputs: ReportInputs, exhibits: Exhibits
) -> tuple[tuple[FailureRow, ...], tuple[FailureRow, ...], str]:
    """Failures, skipped files, and a note on what was left out of either."""
    unreadable = [
        FailureRow(
            label, exhibits.name(label), noted("read"), why_unreadable(row), printable(noted(row["remedy"] or ""))
        )
        for label, row in exhibits.rows
        if row["status"] == UNREADABLE
    ]
    failures = unreadable + [_failure(row, exhibits) for row in in_order(inputs.failures, exhibits)]
    skipped = [
        FailureRow(
            "",
            exhibits.relative(row["path"], row["side"]),
            "",
            printable(noted(row["reason"] or "") or _("Not an audio file.")),
            printable(noted(row["remedy"] or "")),
        )
        for row in exhibits.files.filter(pl.col("status") == SKIPPED).sort("path").iter_rows(named=True)
    ]
    most = inputs.limits.failures
    notes = []
    if (left := len(failures) - most) > 0:
        notes.append(
            ngettext(
                "{n} further failure is in the tables of the case.",
                "{n} further failures are in the tables of the case.",
                left,
            )
        )
    if (left := len(skipped) - most) > 0:
        notes.append(
            ngettext(
                "{n} further skipped file is in the tables of the case.",
                "{n} further skipped files are in the tables of the case.",
                left,
            )
        )
    return tuple(failures[:most]), tuple(skipped[:most]), " ".join(notes)


def _failure(row: dict[str, Any], exhibits: Exhibits) -> FailureRow:
    label = exhibits.label(row["sha256"])
    return failure_row(channel_label(label, row["channel"] or 0), exhibits.name(label), row)
