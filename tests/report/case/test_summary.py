"""The first page, and what the results begin with."""

from dataclasses import replace

import polars as pl
import pytest
from report_factory import SCALE, SHORT, case, large_case

from forensic.case.details import CaseDetails, Question
from forensic.comparison.tables import STATUS_LR
from forensic.likelihood_ratio.scale import nearest_to_one
from forensic.report.case.build import build_report
from forensic.report.case.comparisons import Issued
from forensic.report.case.summary import finding_sentences
from forensic.report.shared.formats import format_lr


def issued(log10_lr, low, high, *, is_bounded=False):
    """A comparison with this LR."""
    sides = dict.fromkeys(
        ("questioned", "questioned_name", "sha256", "suspect", "suspect_label", "known", "calibration_id"), "Q1"
    )
    sides |= {
        "twins": (),
        "channel": 0,
        "turn": 0,
        "known_sha256": (),
        "score": 0.5,
        "fused_score": None,
        "first_log10_lr": None,
        "second_log10_lr": None,
        "adjusted_score": 0.5,
    }
    nowhere = {"questioned_distance": 0.0, "questioned_differs": "", "known_distance": 0.0, "known_differs": ""}
    unbounded = 2 * log10_lr if is_bounded else log10_lr
    words = dict(zip(("strength", "direction"), SCALE.support(nearest_to_one(low, high)), strict=True))
    return Issued(**sides, log10_lr=log10_lr, low=low, high=high, unbounded=unbounded, **words, **nowhere)


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
    assert finding_sentences(issued(log10_lr, low, high))[0] == sentence


@pytest.mark.parametrize(
    ("log10_lr", "low", "high", "interval"),
    [
        (2.0, 1.0, 2.7, "10 times or more, for H1"),
        (2.0, 2.0, 2.0, "100 times or more, for H1"),
        (-2.0, -2.4, -1.0, "10 times or more, for H2"),
        (-2.0, -2.0, -2.0, "100 times or more, for H2"),
    ],
)
def test_an_lr_at_a_bound_is_stated_as_a_bound(log10_lr, low, high, interval):
    """Its interval is open, and does not shrink to a point."""
    comparison = issued(log10_lr, low, high, is_bounded=True)
    sentence = finding_sentences(comparison)[0]
    assert "By the best estimate, the evidence is at least 100 times more likely" in sentence
    assert interval in sentence
    assert comparison.direction == ("H1" if log10_lr > 0 else "H2")
    assert issued(log10_lr, -1.0, 1.0).direction == ""


def test_bounded_lrs_say_at_least_or_at_most(inputs, report):
    """Neither is a bound passed over in silence, nor an LR marked that is none."""
    rows = inputs.comparisons.filter(pl.col("status") == STATUS_LR, ~pl.col("questioned_path").str.ends_with("10.wav"))
    bounded = rows.filter((pl.col("log10_lr") - pl.col("unbounded_log10_lr")).abs() > 1e-6)
    assert bounded.height > 0
    marked = [row for row in report.results if row.lr.startswith("at ")]
    assert len(marked) == bounded.height
    assert sorted(row.unbounded for row in marked) == sorted(map(format_lr, bounded["unbounded_log10_lr"]))


def test_no_lr_is_a_result_with_its_reason(report):
    """The results group the reasons and name the comparisons."""
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
    assert len(report.forest.rows) == 1


def test_files_with_the_same_bytes_are_one_comparison(inputs, report):
    """The other is named, not compared again."""
    same = [item.exhibit for item in report.items if item.name.startswith("call 10")]
    rows = {(row.questioned, row.twins) for row in report.results if row.questioned in same}
    assert rows == {(same[0], same[1])}
    assert any(f"1 file has the same bytes as another one ({same[1]})" in words for words in report.summary.lead)


def test_many_comparisons_are_summed_up_and_what_is_left_out_is_said():
    """The strongest of each recording, counts, what chance gives, and where the rest is."""
    inputs = large_case(60, 20)
    report = build_report(inputs)
    assert len(report.summary.strongest) == 60
    assert sum(int(count.number) for count in report.summary.counts) == 1200
    assert len(report.results) <= inputs.limits.results
    assert sum(row.comparisons for row in (*report.results, *report.other_results)) == 1200
    assert "of 1,200 comparisons" in report.results_note
    assert "comparisons.csv" in report.results_note
    assert sum(len(plot.rows) * len(plot.columns) for plot in report.matrices) == 1200
    assert "Only the highest LR of each questioned recording" in report.forest.caption
    assert len(report.forest.rows) == inputs.limits.forest_rows


def test_the_strongest_of_a_recording_is_its_highest_lr():
    """Ranking is by LR."""
    inputs = large_case(60, 20)
    report = build_report(inputs)
    highest = inputs.comparisons.group_by("questioned_path", maintain_order=True).agg(pl.col("log10_lr").max())
    expected = [format_lr(value) if value is not None else "" for value in highest["log10_lr"]]
    assert [row.lr.removeprefix("at least ") for row in report.summary.strongest] == expected


def _asked(inputs, *questions):
    return build_report(replace(inputs, case_details=CaseDetails(questions=questions))).summary.answers


def test_each_question_is_answered_by_its_own_comparisons(inputs, report):
    """Named by glob, exhibit or known speaker, in any case of letters."""
    one, other = _asked(inputs, Question("Novak?", known=("novak",)), Question("Call 2?", ("CALL 2.wav",)))
    assert one.question == "Novak?"
    others = ("no likelihood ratio", "further questioned")
    assert all("S1 Novak" in point or any(words in point for words in others) for point in one.points)
    assert "S1 Novak" in one.points[0]
    assert not [point for point in one.points for label in ("S2", "S3", "S4") if label in point]
    exhibit = next(item.exhibit for item in report.items if item.name == "call 2.wav")
    assert len(other.points) == 1
    assert other.points[0].startswith(f"{exhibit} (call 2.wav): ")


def test_an_answer_states_what_is_for_a_speaker_what_against_and_what_neither(inputs):
    """In plain words, with numbers."""
    row = inputs.comparisons.filter(pl.col("status") == "lr").head(1).to_dicts()[0]
    made = [(1.2, 1.1, 1.5), (-1.0, -1.4, -0.5), (0.3, -0.2, 0.8)]
    rows = [
        row
        | {
            "suspect": speaker.name,
            "log10_lr": lr,
            "unbounded_log10_lr": lr,
            "log10_lr_low": low,
            "log10_lr_high": high,
            "verbal_equivalent": SCALE.describe(low, high),
        }
        for speaker, (lr, low, high) in zip(inputs.known_speakers, made, strict=False)
    ]
    table = pl.DataFrame(rows, schema=inputs.comparisons.schema)
    (answer,) = build_report(replace(inputs, comparisons=table, case_details=CaseDetails())).summary.answers
    assert answer.question == ""
    assert answer.points[0].partition("): ")[2] == (
        "By the best estimate, the findings are about 16 times more likely if the speaker is S1 Novak than if it is "
        "someone else (95 % interval: 13 to 32; moderate support). The findings are more likely if the speaker is "
        "someone else than if it is S2 O'Hara <b> (about 10 times; weak support). The findings do "
        "not say whether it is S3 Müller-Żółć $\\alpha$ (no support "
        "either way)."
    )


def test_an_examiners_own_answer_comes_before_the_figures(inputs):
    """As it was written."""
    (answer,) = _asked(inputs, Question("Who?", answer="In my opinion nobody.\n\nListen again."))
    assert answer.own_words == ("In my opinion nobody.", "Listen again.")
    assert answer.points


def test_a_question_that_no_comparison_answers_says_so(inputs):
    """A name that was mistyped shows."""
    (answer,) = _asked(inputs, Question("Smith?", known=("Smith",)))
    assert answer.points == ("No comparison was made that answers this.",)


def test_warnings_are_among_the_cautions_of_the_first_page(report):
    """The first of them in full, then that an LR is no posterior probability."""
    assert report.summary.cautions[0] == report.warnings[0]
    assert report.summary.cautions[1] == "1 further warning is given before the results."
    assert report.summary.cautions[-1].startswith("A likelihood ratio (LR) is not the probability")
