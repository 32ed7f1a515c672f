"""Rows of the evidence tables, as the chapters ask for them."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from forensic.errors import ReportError
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _
from forensic.report.shared.formats import printable
from forensic.report.shared.labels import channel_label
from forensic.report.shared.noted import noted


def check_one_examination(inputs: ReportInputs) -> None:
    """All evidence comes from one model and one set of settings.

    Raises:
        ReportError: if it does not.
    """
    keys = ["model_sha256", "settings_sha256"]
    frames = (inputs.recordings, inputs.quality, inputs.segments, inputs.failures)
    if pl.concat([frame.select(keys) for frame in frames]).n_unique() > 1:
        raise ReportError(
            "The evidence comes from more than one model or more than one set of settings.",
            "Report on the rows of one model and one set of settings.",
        )


def contents_of(frame: pl.DataFrame) -> frozenset[str]:
    """SHA-256 of every recording in a table."""
    return frozenset(frame["sha256"].drop_nulls().to_list())


def rows_by(frame: pl.DataFrame, *keys: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Rows by their values in the key columns; a key without rows has an empty list."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    columns = [name for name in frame.columns if name != "embedding"]
    for row in frame.select(columns).iter_rows(named=True):
        groups[tuple(row[key] for key in keys)].append(row)
    return groups


def in_order(frame: pl.DataFrame, exhibits: Exhibits) -> list[dict[str, Any]]:
    """Rows of the exhibits, in their order; rows of other files of the case are no part of this report."""
    ours = [row for row in frame.iter_rows(named=True) if exhibits.same_content(row["sha256"])]
    return sorted(
        ours,
        key=lambda row: (exhibits.order[exhibits.label(row["sha256"])], row["channel"] or 0, row.get("turn") or 0),
    )


def label_of(row: Mapping[str, Any], exhibits: Exhibits) -> str:
    """What the report calls the channel, or the speaker in it, that a row of the evidence is about."""
    return channel_label(
        exhibits.label(row["sha256"]), row["channel"], row["turn"], row["speakers"], row["speaker_name"]
    )


def why_unreadable(file: Mapping[str, Any]) -> str:
    """Why a file could not be read, from its row."""
    return printable(noted(file["reason"] or "") or _("The file could not be read."))
