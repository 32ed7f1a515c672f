"""A page for each comparison that matters."""

from dataclasses import replace

import numpy as np
import polars as pl
from report_factory import case, large_case

from forensic.comparison.outcomes import Excerpt
from forensic.quantities import QUANTITIES
from forensic.report.case.build import build_report
from forensic.report.shared.formats import format_duration


def test_the_highest_lrs_above_1_have_a_page_each_and_the_rest_is_said(inputs):
    """In falling order; the table leads to them, and so does the picture."""
    is_twin = pl.col("questioned_path").str.ends_with("/call 10.wav")
    issued = inputs.comparisons.filter(pl.col("status") == "lr", ~is_twin)
    above = sorted((value for value in issued["log10_lr"] if value > 0), reverse=True)
    report = build_report(replace(inputs, limits=replace(inputs.limits, pages=5)))
    assert len(report.pages) == 5 < len(above)
    assert [page.tippett.marks[0].value for page in report.pages] == above[: len(report.pages)]
    assert f"The {len(report.pages)} highest of {len(above)} LRs above 1" in report.pages_note
    linked = {row.page: (row.questioned, row.known) for row in report.results if row.page}
    assert linked == {page.anchor: (page.questioned, page.known) for page in report.pages}
    assert {row.link for row in report.forest.rows if row.link} <= set(linked)


def test_where_no_lr_is_above_1_the_highest_has_a_page(inputs):
    """It matters as well."""
    below = inputs.comparisons.filter((pl.col("log10_lr") < 0).fill_null(value=True))
    report = build_report(replace(inputs, comparisons=below))
    assert len(report.pages) == 1
    assert report.pages[0].tippett.marks[0].value == below["log10_lr"].max()
    assert report.pages_note == ""


def test_the_calibration_behind_the_lr_is_on_its_page(report):
    """With people, Cllr, EER and rates of misleading evidence; scores and LRs are marked on its plots."""
    labels = {row.label for row in report.calibrations}
    for page in report.pages:
        facts = {fact.label: fact.value for fact in page.facts}
        assert facts["Calibration"].partition(",")[0] in labels
        assert "120 people, 900 same-speaker and 20,000 different-speaker pairs" in facts["Reference"]
        assert facts["Cllr"].startswith("0.243 (0.211 to 0.282); Cllr_min 0.221; EER 5.8")
        assert len(page.scores.marks) == len(page.tippett.marks) == 1
        assert len(page.conditions) == len(QUANTITIES) + 3
        assert page.conditions[-1].questioned_case == "3 dB less SNR"
        assert page.conditions[-2].questioned_case == "0.72"


def test_every_calibration_that_a_result_names_is_in_the_table(report):
    """With its Cllr and bounds."""
    assert {row.calibration for row in report.results if row.calibration} == {row.label for row in report.calibrations}
    large = build_report(large_case(60, 20))
    assert len(large.calibrations) == 8
    assert all(row.cllr == "0.243 (0.211 to 0.282)" for row in large.calibrations)


def test_the_known_side_is_stated_as_it_was_pooled(inputs):
    """The net speech of a known speaker is that of all recordings together."""
    speaker = inputs.known_speakers[1]
    row = inputs.comparisons.filter(pl.col("suspect") == speaker.name, pl.col("status") == "lr").head(1)
    report = build_report(replace(inputs, comparisons=row))
    contents = [recording.sha256 for recording in speaker.recordings]
    total = inputs.quality.filter(pl.col("sha256").is_in(contents))["net_speech_s"].sum()
    assert report.pages[0].conditions[0].known_case == format_duration(total)


def test_both_sides_are_drawn_the_known_one_by_its_longest_recording(inputs, report):
    """The speech used, and what stretches add."""
    for page in report.pages:
        questioned, known = page.speech
        assert questioned.caption.startswith(page.questioned)
        assert len(questioned.speech) > 0
        assert len(questioned.effects) == (len(questioned.speech) if page.rests_on else 0)
        assert known.caption.startswith("K")
        assert known.effects == ()
    assert any(page.rests_on for page in report.pages)
    two = next(page for page in report.pages if page.known[:2] in {"S2", "S4"})
    assert "1 further recording of this speaker is not drawn." in two.speech[1].caption


def test_a_spectrogram_stands_with_its_recording(inputs):
    """Where there is one."""
    page = build_report(inputs).pages[0]
    sha256 = next(
        row["sha256"] for row in inputs.files.to_dicts() if row["path"].rpartition("/")[2] == page.questioned_name
    )
    levels = np.full((4, 6), 9, np.uint8)
    channel = int(page.questioned.partition(" channel ")[2] or 0)
    excerpt = Excerpt(sha256, channel, 0, 1.0, 3.5, 4000.0, levels)
    questioned, known = build_report(replace(inputs, excerpts=(excerpt,))).pages[0].speech
    assert questioned.levels is levels
    assert (questioned.start_s, questioned.end_s, questioned.highest_hz) == (1.0, 3.5, 4000.0)
    assert known.levels is None


def test_corpora_are_said_once(inputs, report):
    """Together, with what is in brackets."""
    assert report.corpora == "Common Voice 17 (en) and LibriSpeech"
    assert case().calibrations.keys() == inputs.calibrations.keys()
