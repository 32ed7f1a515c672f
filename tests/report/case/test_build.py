"""The report as a whole."""

import dataclasses
import re
from dataclasses import replace

import polars as pl
import pytest
from report_factory import FORBIDDEN, case, empty_case, large_case, texts, without_lr

from forensic.report.case.build import build_report
from forensic.report.case.inputs import Limits

NOTHING = re.compile(r"\b(nan|none|null|inf)\b", re.IGNORECASE)


def test_the_report_never_says_what_an_lr_is_not(report):
    """Words of other methods, and of verdicts, have no place in it."""
    said = replace(report, method=replace(report.method, settings=()))  # where "identify" is the name of a setting
    assert not [text for text in texts(said) if FORBIDDEN.search(text)]


@pytest.mark.parametrize("make", [case, empty_case, lambda: without_lr(case()), lambda: large_case(12, 6)])
def test_nothing_missing_is_printed_as_a_value(make):
    """No NaN, None, null or inf; a text that says "none" is a sentence of ours."""
    ours = {"none", "none examined"}
    found = [text for text in texts(build_report(make())) if NOTHING.search(text) and text not in ours]
    assert not [text for text in found if not re.search(r"\bnone (was|were)\b|support none", text)]


def test_nothing_foreign_is_invisible(report):
    """Line ends, controls and reversed text from file names are written out everywhere."""
    for text in texts(report):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text)
    names = [item.name for item in report.items]
    assert r'call "><script>alert(1)</script>\n.wav' in names
    assert r"voicemail \u202egpj.exe $x^2$ & {{ 7*7 }}.mp3" in names


def test_every_cap_says_what_it_left_out():
    """With all limits at one, each list is short and its note says so."""
    limits = Limits(**dict.fromkeys((field.name for field in dataclasses.fields(Limits)), 1))
    report = build_report(replace(case(), limits=limits))
    notes = [
        report.items_note,
        report.quality_note,
        report.results_note,
        report.matrix_note,
        report.pages_note,
        report.calibrations_note,
        report.failures_note,
        *report.summary.notes,
    ]
    assert all(notes)
    assert len(report.summary.notes) == 2
    assert len(report.items) == len(report.quality) == len(report.results) == len(report.failures) == 1


def test_a_case_without_comparisons_says_so():
    """Nothing came in, nothing is claimed."""
    report = build_report(empty_case())
    assert report.summary.lead == ("No comparison was made.",)
    assert report.results == report.items == report.calibrations == report.matrices == report.pages == ()
    assert report.forest is None


def test_a_case_without_any_lr_says_so():
    """All reasons, no findings, no calibration."""
    report = build_report(without_lr(case()))
    assert "No likelihood ratio was issued" in report.summary.lead[0]
    assert report.calibrations == report.pages == ()
    assert report.forest is None
    assert len(report.summary.refusals) == 1
    reason = report.summary.refusals[0].reason
    assert report.summary.answers[0].points[-1].endswith(f"no likelihood ratio could be issued. {reason}")


def test_the_same_case_gives_the_same_report():
    """Nothing depends on the order of a set or on the clock."""
    assert list(texts(build_report(case()))) == list(texts(build_report(case())))


def test_known_recordings_of_an_earlier_reference_set_stay_out():
    """A case holds what was ever scanned; the report speaks of what was compared."""
    whole = case()
    gone, *rest = whole.known_speakers
    comparisons = whole.comparisons.filter(pl.col("suspect") != gone.name)
    report = build_report(replace(whole, known_speakers=tuple(rest), comparisons=comparisons))
    assert not [text for text in texts(report) if gone.name in text]
    assert not [row for row in report.quality if row.label.startswith("file")]


def test_leakage_warnings_are_in_the_report(inputs, report):
    """What was found is said."""
    (warning,) = report.warnings
    assert warning.startswith(
        "/cases/417/questioned/call 10.wav is byte for byte the same as a known recording of ключ 證人"
    )


def test_the_language_of_each_channel_stands_with_its_quality(report):
    """Or why none was named."""
    assert {row.language for row in report.quality} == {"Welsh 0.91", "not covered"}


def test_an_improbable_language_is_marked(inputs):
    """Its probability alone is easily passed over."""
    languages = inputs.language.with_columns(
        pl.when(pl.col("language").is_not_null()).then(0.29).otherwise(pl.col("probability")).alias("probability")
    )
    report = build_report(replace(inputs, language=languages))
    assert {row.language for row in report.quality} == {"Welsh (unsure) 0.29", "not covered"}


def test_sides_in_different_languages_are_warned_of(inputs, report):
    """Apart from overlaps, which are about independence."""
    (warning,) = report.language_warnings
    assert "classified as Welsh" in warning
    assert "questioned/call 2.wav (Breton)" in warning
