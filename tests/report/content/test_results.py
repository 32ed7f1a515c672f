"""The table of results."""

from dataclasses import replace

import polars as pl

from forensic.case import store
from forensic.report.content.build import build_report
from forensic.report.formats import format_lr


def test_every_comparison_appears_with_its_value(inputs, report):
    """One row each: an LR with its interval, or no LR with its reason."""
    assert len(report.results) == inputs.comparisons.height
    issued = inputs.comparisons.filter(pl.col("status") == store.STATUS_LR)
    expected = sorted(format_lr(value) for value in issued["log10_lr"])
    assert sorted(row.lr for row in report.results if row.lr) == expected
    for row in report.results:
        assert bool(row.lr) != bool(row.reason)
        assert all([row.interval, row.log10_lr, row.verbal, row.calibration, row.score]) or row.reason


def test_a_recording_that_could_not_be_read_is_still_a_row(inputs):
    """It has no SHA-256; its path says which it is."""
    row = inputs.comparisons.filter(pl.col("status") != "lr").head(1)
    row = row.with_columns(
        questioned_path=pl.lit("/cases/417/questioned/lost.wav"), questioned_sha256=pl.lit(None, pl.String)
    )
    report = build_report(replace(inputs, comparisons=pl.concat([inputs.comparisons, row])))
    lost = next(item.exhibit for item in report.items if item.name == "lost.wav")
    assert lost in {result.questioned for result in report.results if result.reason}
