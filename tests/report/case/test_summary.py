"""The summary of findings."""

from dataclasses import replace

import polars as pl
import pytest
from report_factory import SHORT, case, large_case

from forensic.comparison.tables import STATUS_LR
from forensic.report.case.build import build_report
from forensic.report.case.summary import finding_sentences
from forensic.report.shared.formats import format_lr


def test_every_lr_has_a_finding_in_words(inputs, report):
    """The summary says each LR in a sentence, with interval and verbal equivalent."""
    issued = inputs.comparisons.filter(pl.col("status") == STATUS_LR)
    assert len(report.summary.findings) == issued.height
    for finding in report.summary.findings:
        assert finding.sentences[0].startswith(("The evidence is about ", "The evidence is at least "))
        assert "95 % interval" in finding.sentences[0]
        assert finding.sentences[1].startswith("In words: ")


@pytest.mark.parametrize(
    ("log10_lr", "low", "high", "sentence"),
    [
        (
            2.0,
            1.0,
            3.0,
            (
                "The evidence is about 100 times more likely if H1 is true than if H2 is true "
                "(95 % interval: 10 to 1,000 times, for H1)."
            ),
        ),
        (
            -2.92,
            -3.5,
            -2.3,
            (
                "The evidence is about 830 times more likely if H2 is true than if H1 is true "
                "(95 % interval: 200 to 3,200 times, for H2)."
            ),
        ),
        (
            0.3,
            -0.5,
            1.0,
            (
                "The evidence is about 2.0 times more likely if H1 is true than if H2 is true "
                "(95 % interval: from 3.2 times more likely if H2 is true to 10 times more likely if H1 is true)."
            ),
        ),
        (
            -0.01,
            -0.5,
            0.4,
            (
                "The evidence is about equally likely if H1 is true and if H2 is true "
                "(95 % interval: from 3.2 times more likely if H2 is true to 2.5 times more likely if H1 is true)."
            ),
        ),
    ],
)
def test_an_lr_is_said_in_the_direction_that_it_supports(log10_lr, low, high, sentence):
    """Below 1 it is the reciprocal, in favour of H2."""
    assert finding_sentences(log10_lr, low, high, "moderate support for H1 over H2") == (
        sentence,
        "In words: moderate support for H1 over H2.",
    )


def test_a_bounded_lr_is_stated_as_a_bound(inputs, report):
    """Neither is a bound passed over in silence, nor an LR marked that is none; the table keeps the unbounded value."""
    issued = inputs.comparisons.filter(pl.col("status") == STATUS_LR)
    bounded = issued.filter((pl.col("log10_lr") - pl.col("unbounded_log10_lr")).abs() > 1e-6)
    assert bounded.height > 0
    unbounded = sorted(format_lr(value) for value in bounded["unbounded_log10_lr"])
    assert sorted(row.unbounded for row in report.results if row.unbounded) == unbounded
    said = [finding for finding in report.summary.findings if finding.lr.startswith(("LR at least", "LR at most"))]
    assert len(said) == bounded.height
    assert all("This is a bound" in finding.sentences[2] for finding in said)
    assert all("at least" in finding.sentences[0] and "or more" in finding.sentences[0] for finding in said)


def test_no_lr_is_a_result_with_its_reason(report):
    """The summary groups the reasons and names the comparisons."""
    refusals = {refusal.reason: refusal.comparisons for refusal in report.summary.refusals}
    assert refusals[SHORT] == "Q9 with all 4 known speakers"
    assert sum(int(count.number) for count in report.summary.counts) == sum(row.comparisons for row in report.results)


def test_one_comparison_reads_as_one():
    """Singular, and no matrix of one cell."""
    whole = case()
    report = build_report(replace(whole, comparisons=whole.comparisons.filter(pl.col("status") == "lr").head(1)))
    assert report.summary.lead[0] == (
        "1 questioned recording or channel was compared with 1 known speaker: 1 comparison. "
        "A likelihood ratio was issued for it."
    )
    assert report.matrices == ()


def test_many_comparisons_are_summed_up_and_what_is_left_out_is_said():
    """The strongest of each recording, counts, what chance gives, and where the rest is."""
    inputs = large_case(60, 20)
    report = build_report(inputs)
    assert report.summary.findings == ()
    assert len(report.summary.strongest) == 60
    assert sum(int(count.number) for count in report.summary.counts) == 1200
    assert len(report.results) <= inputs.limits.results
    assert "of 1,200 comparisons" in report.results_note
    assert "comparisons.csv" in report.results_note
    assert sum(len(plot.rows) * len(plot.columns) for plot in report.matrices) == 1200
    assert "first 16 of 80 channels" in report.waveforms_note
    assert "first 6" in report.calibrations_note
    assert "Only the highest LR of each questioned recording" in report.forest[0].caption


def test_the_strongest_of_a_recording_is_its_highest_lr():
    """Ranking is by LR."""
    inputs = large_case(60, 20)
    report = build_report(inputs)
    highest = inputs.comparisons.group_by("questioned_path", maintain_order=True).agg(pl.col("log10_lr").max())
    expected = [format_lr(value) if value is not None else "" for value in highest["log10_lr"]]
    assert [row.lr.removeprefix("at least ").removeprefix("at most ") for row in report.summary.strongest] == expected
