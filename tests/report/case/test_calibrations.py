"""The calibrations behind the LRs."""

from dataclasses import replace

import polars as pl

from forensic.quantities import QUANTITIES
from forensic.report.case.build import build_report
from forensic.report.shared.formats import format_duration


def test_each_lr_stands_beside_how_well_its_calibration_does(report):
    """Every calibration that a result names is described, with Cllr, its interval, and speakers."""
    described = {calibration.label for calibration in report.calibrations}
    assert {row.calibration for row in report.results if row.calibration} == described
    for calibration_content in report.calibrations:
        metrics = {row.name: row for row in calibration_content.metrics}
        assert metrics["Cllr"].value == "0.243"
        assert metrics["Cllr"].interval == "0.211 to 0.282"
        assert metrics["EER"].value.startswith("5.8")
        assert ("Reference speakers", "120") in [(fact.label, fact.value) for fact in calibration_content.facts]
        assert len(calibration_content.conditions) == len(QUANTITIES) + 3
        assert calibration_content.conditions[-1].questioned_case == "3 dB less SNR"


def test_the_case_is_marked_on_the_plots_of_its_calibration(report):
    """As many marks as comparisons that the calibration served."""
    issued = [row for row in report.results if row.lr]
    for described in report.calibrations:
        served = sum(row.calibration == described.label for row in issued)
        assert len(described.scores.marks) == len(described.tippett.marks) == served


def test_the_known_side_is_stated_as_it_was_pooled(inputs):
    """The net speech of a known speaker is that of all recordings together."""
    speaker = inputs.known_speakers[1]
    row = inputs.comparisons.filter(pl.col("suspect") == speaker.name, pl.col("status") == "lr").head(1)
    report = build_report(replace(inputs, comparisons=row))
    contents = [recording.sha256 for recording in speaker.recordings]
    total = inputs.quality.filter(pl.col("sha256").is_in(contents))["net_speech_s"].sum()
    assert report.calibrations[0].conditions[0].known_case == format_duration(total)
