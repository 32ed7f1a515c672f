"""The table of results."""

import math
from collections import Counter
from dataclasses import replace

import polars as pl
from report_factory import SHORT

from forensic.comparison.tables import STATUS_LR
from forensic.likelihood_ratio.scale import ScaleStep, VerbalScale
from forensic.report.case.build import build_report
from forensic.report.shared.formats import format_lr, printable


def test_every_comparison_is_accounted_for(inputs, report):
    """By a row of its own, or by one that speaks of all known speakers: none is lost, none is counted twice."""
    exhibits = {item.name: item.exhibit for item in report.items}
    speakers = {
        speaker.name: fact.label for speaker, fact in zip(inputs.known_speakers, report.known_speakers, strict=True)
    }
    expected = Counter()
    for row in inputs.comparisons.iter_rows(named=True):
        if "call 10.wav" in row["questioned_path"]:  # the same bytes as its copy, which is the first by name
            continue
        questioned = exhibits[printable(row["questioned_path"].removeprefix("/cases/417/questioned/"))]
        channel = f" channel {row['channel']}" if row["channel"] else ""
        expected[questioned + channel, speakers[row["suspect"]], row["reason"] or ""] += 1
    found = Counter()
    for row in report.results:
        known = speakers.values() if row.known == "all 4 known speakers" else [row.known]
        assert len(known) == row.comparisons
        found.update((row.questioned, speaker, row.reason) for speaker in known)
    assert found == expected


def test_every_lr_appears_with_its_value(inputs, report):
    """An LR with its interval, or no LR with its reason."""
    issued = inputs.comparisons.filter(
        pl.col("status") == STATUS_LR, ~pl.col("questioned_path").str.ends_with("10.wav")
    )
    expected = sorted(format_lr(value) for value in issued["log10_lr"])
    assert sorted(row.lr.rpartition(" ")[2] for row in report.results if row.lr) == expected
    for row in report.results:
        assert bool(row.lr) != bool(row.reason)
        assert all([row.interval, row.log10_lr, row.verbal, row.calibration, row.score]) or row.reason


def test_one_reason_against_all_known_speakers_is_said_once(report):
    """The recording that is too short is so for everyone."""
    (row,) = [row for row in report.results if row.reason == SHORT]
    assert (row.questioned, row.known, row.score, row.comparisons) == ("Q9", "all 4 known speakers", "", 4)


def test_a_joint_row_gives_the_lowest_and_the_highest_score(inputs):
    """A refused comparison may have a score; the row hides none."""
    scores = inputs.comparisons.with_columns(
        score=pl.when(pl.col("reason") == SHORT)
        .then(0.25 + 0.125 * pl.int_range(pl.len()).over("reason"))
        .otherwise("score")
    )
    report = build_report(replace(inputs, comparisons=scores))
    assert [row.score for row in report.results if row.reason == SHORT] == ["0.250 to 0.625"]


def test_a_reason_that_holds_for_some_known_speakers_stays_with_each(inputs):
    """Two reasons for one recording are as many rows as comparisons, and so is one that spares a speaker."""
    is_first = pl.col("suspect") == inputs.known_speakers[0].name
    is_short = pl.col("reason") == SHORT
    other = inputs.comparisons.with_columns(
        reason=pl.when(is_short & is_first).then(pl.lit("Another reason.")).otherwise("reason")
    )
    for comparisons in (other, inputs.comparisons.filter((is_short & is_first).fill_null(value=False).not_())):
        rows = [row for row in build_report(replace(inputs, comparisons=comparisons)).results if row.reason == SHORT]
        assert [row.known[:2] for row in rows] == ["S2", "S3", "S4"]
        assert [row.comparisons for row in rows] == [1, 1, 1]


def test_one_known_speaker_is_named(inputs):
    """Nobody is called "all 1 known speakers"."""
    one = inputs.comparisons.filter(pl.col("suspect") == inputs.known_speakers[0].name)
    report = build_report(replace(inputs, comparisons=one))
    assert {row.known for row in report.results} == {report.known_speakers[0].label}


def test_joint_rows_count_towards_the_comparisons_that_a_cut_table_gives(inputs):
    """The note speaks of comparisons, not of rows."""
    limits = replace(inputs.limits, results=len(build_report(inputs).results) - 1)
    report = build_report(replace(inputs, limits=limits))
    given = sum(row.comparisons for row in report.results)
    assert given > len(report.results)
    assert f"gives {given} of {inputs.comparisons.height - 4} comparisons" in report.results_note


def test_a_recording_that_could_not_be_read_is_still_a_row(inputs):
    """It has no SHA-256; its path says which it is."""
    row = inputs.comparisons.filter(pl.col("status") != "lr").head(1)
    row = row.with_columns(
        questioned_path=pl.lit("/cases/417/questioned/lost.wav"), questioned_sha256=pl.lit(None, pl.String)
    )
    report = build_report(replace(inputs, comparisons=pl.concat([inputs.comparisons, row])))
    lost = next(item.exhibit for item in report.items if item.name == "lost.wav")
    assert lost in {result.questioned for result in report.results if result.reason}


def test_another_scale_words_every_lr_as_a_comparison_with_it_would(inputs):
    """By the end of the interval nearer to 1, whatever words the table has."""
    scale = VerbalScale("Ours", "Us", (ScaleStep(0.0, 1.0, "thin", False), ScaleStep(1.0, math.inf, "ample", False)))
    issued = inputs.comparisons.filter(pl.col("status") == STATUS_LR)
    ends = {(row["log10_lr_low"], row["log10_lr_high"]) for row in issued.iter_rows(named=True)}
    wanted = {scale.describe(low, high).removesuffix(" over H2").removesuffix(" over H1") for low, high in ends}
    assert len(wanted) >= 3
    rows = build_report(replace(inputs, scale=scale)).results
    assert {row.verbal for row in rows if row.lr} == wanted
