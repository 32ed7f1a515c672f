"""Every number and sentence of a case report."""

import dataclasses
import math
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from report_factory import SHORT, calibration, case, empty_case, large_case, without_lr

from forensic.case import store
from forensic.case.details import CaseDetails
from forensic.errors import ReportError
from forensic.report import content
from forensic.report.content import Limits, build_report, finding_sentences
from forensic.report.formats import format_lr

FORBIDDEN = re.compile(r"\bmatch|confiden|identif|guilt", re.IGNORECASE)
NOTHING = re.compile(r"\b(nan|none|null|inf)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def inputs():
    """The case that most tests read."""
    return case()


@pytest.fixture(scope="module")
def report(inputs):
    """Its report."""
    return build_report(inputs)


def texts(value):
    """Every string in nested dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from texts(part)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts(getattr(value, field.name))


def set_first(inputs, **values):
    """The case with the first comparison that has an LR changed."""
    place = inputs.comparisons["status"].to_list().index("lr")
    frame = inputs.comparisons.with_row_index()
    changes = {
        name: pl.when(pl.col("index") == place).then(pl.lit(value)).otherwise(pl.col(name))
        for name, value in values.items()
    }
    return replace(inputs, comparisons=frame.with_columns(**changes).drop("index"))


def test_every_comparison_appears_with_its_value(inputs, report):
    """One row each: an LR with its interval, or no LR with its reason."""
    assert len(report.results) == inputs.comparisons.height
    issued = inputs.comparisons.filter(pl.col("status") == store.STATUS_LR)
    expected = sorted(format_lr(value) for value in issued["log10_lr"])
    assert sorted(row.lr for row in report.results if row.lr) == expected
    for row in report.results:
        assert bool(row.lr) != bool(row.reason)
        assert all([row.interval, row.log10_lr, row.verbal, row.calibration, row.score]) or row.reason


def test_every_lr_has_a_finding_in_words(inputs, report):
    """The summary says each LR in a sentence, with interval and verbal equivalent."""
    issued = inputs.comparisons.filter(pl.col("status") == store.STATUS_LR)
    assert len(report.summary.findings) == issued.height
    for finding in report.summary.findings:
        assert finding.sentences[0].startswith("The evidence is about ")
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


def test_a_bounded_lr_says_so_and_what_it_would_be(inputs, report):
    """Neither is a bound passed over in silence, nor an LR marked that is none."""
    issued = inputs.comparisons.filter(pl.col("status") == store.STATUS_LR)
    bounded = issued.filter((pl.col("log10_lr") - pl.col("unbounded_log10_lr")).abs() > 1e-6)
    assert bounded.height > 0
    unbounded = sorted(format_lr(value) for value in bounded["unbounded_log10_lr"])
    assert sorted(row.unbounded for row in report.results if row.unbounded) == unbounded
    said = [finding for finding in report.summary.findings if "bounded" in finding.lr]
    assert len(said) == bounded.height
    assert all("It is bounded" in finding.sentences[2] for finding in said)


def test_no_lr_is_a_result_with_its_reason(report):
    """The summary groups the reasons and names the comparisons."""
    refusals = {refusal.reason: refusal.comparisons for refusal in report.summary.refusals}
    assert refusals[SHORT] == "Q9 with all 4 known speakers"
    assert sum(int(count.number) for count in report.summary.counts) == len(report.results)


def test_the_report_never_says_what_an_lr_is_not(report):
    """Words of other methods, and of verdicts, have no place in it."""
    assert not [text for text in texts(report) if FORBIDDEN.search(text)]


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


def test_items_with_the_same_bytes_are_linked(report):
    """Each of the two names the other."""
    notes = {item.name: item.notes for item in report.items}
    first, second = (item.exhibit for item in report.items if item.name.startswith("call 10"))
    assert notes["call 10 copy.wav"] == (f"Same bytes as {second}.",)
    assert notes["call 10.wav"] == (f"Same bytes as {first}.",)


def test_every_file_is_accounted_for(inputs, report):
    """Examined, failed, unreadable or skipped: nothing is left out."""
    assert len(report.items) + len(report.skipped) == inputs.files.height
    status = {item.name: item.status for item in report.items}
    assert status["call 2.wav"] == "examined"
    assert status["stereo.wav"] == "examined in part"
    assert status["broken.mp3"] == "not examined"
    assert status["lost.wav"] == "unreadable"
    assert {row.name for row in report.failures} == {"stereo.wav", "broken.mp3", "lost.wav"}


def test_questioned_items_are_numbered_as_a_person_sorts_names(report):
    """Call 2 comes before call 10."""
    names = [item.name for item in report.items]
    assert names.index("call 2.wav") < names.index("call 10.wav")


def test_known_items_are_numbered_speaker_by_speaker(report):
    """K1 belongs to S1, K2 and K3 to S2."""
    assert [fact.value for fact in report.known_speakers] == ["K1", "K2, K3", "K4", "K5, K6"]
    assert [fact.label[:2] for fact in report.known_speakers] == ["S1", "S2", "S3", "S4"]


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
        assert len(calibration_content.conditions) == 5


def test_the_case_is_marked_on_the_plots_of_its_calibration(report):
    """As many marks as comparisons that the calibration served."""
    issued = [row for row in report.results if row.lr]
    for described in report.calibrations:
        served = sum(row.calibration == described.label for row in issued)
        assert len(described.scores.marks) == len(described.tippett.marks) == served


def test_the_whole_scale_is_printed_in_both_directions(inputs, report):
    """Every step, for H1 and for H2."""
    assert len(report.scale) == len(inputs.scale.steps)
    assert (report.scale[1].for_h1, report.scale[1].for_h2) == ("2 to 10", "1/2 to 1/10")
    assert (report.scale[-1].for_h1, report.scale[-1].for_h2) == ("over 1,000,000", "under 1/1,000,000")


def test_blank_case_details_are_left_to_fill_in():
    """A blank is an empty value, which the template draws as a line."""
    report = build_report(replace(case(), case_details=CaseDetails(title="")))
    values = {fact.label: fact.value for fact in report.details}
    assert values["Examiner"] == values["Report issued"] == ""
    assert report.title == "Forensic voice comparison"
    assert report.relevant_population == ()


def test_a_case_without_comparisons_says_so():
    """Nothing came in, nothing is claimed."""
    report = build_report(empty_case())
    assert report.summary.lead == ("No comparison was made.",)
    assert report.results == report.items == report.calibrations == report.matrices == report.forest == ()


def test_a_case_without_any_lr_says_so():
    """All reasons, no findings, no calibration."""
    report = build_report(without_lr(case()))
    assert "No likelihood ratio was issued" in report.summary.lead[0]
    assert report.summary.findings == report.calibrations == report.forest == ()
    assert len(report.summary.refusals) == 1
    assert len(report.matrices) == 1


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
    assert [row.lr.removesuffix(" (bounded)") for row in report.summary.strongest] == expected


def test_chance_is_counted_on_the_calibration_data():
    """With every different-speaker LR at 10 or above, every comparison is expected to reach 10."""
    inputs = large_case(12, 6)
    calibrations = {
        key: replace(fit, different_speaker_log10_lr=np.full(50, 1.5)) for key, fit in inputs.calibrations.items()
    }
    report = build_report(replace(inputs, calibrations=calibrations))
    issued = inputs.comparisons.filter(pl.col("status") == "lr")
    rows = {row.lr: row for row in report.summary.chance}
    assert rows["10"].expected == f"{issued.height}"
    assert rows["100"].expected == "less than 0.1"
    assert rows["10"].found == f"{issued.filter(pl.col('log10_lr') >= 1).height}"


def test_every_cap_says_what_it_left_out():
    """With all limits at one, each list is short and its note says so."""
    limits = Limits(**dict.fromkeys((field.name for field in dataclasses.fields(Limits)), 1))
    report = build_report(replace(case(), limits=limits))
    notes = [
        report.items_note,
        report.quality_note,
        report.results_note,
        report.matrix_note,
        report.calibrations_note,
        report.waveforms_note,
        report.failures_note,
        *report.summary.notes,
    ]
    assert all(notes)
    assert len(report.summary.notes) == 2
    assert len(report.items) == len(report.quality) == len(report.results) == len(report.failures) == 1


@pytest.mark.parametrize("column", ["log10_lr", "log10_lr_low", "log10_lr_high", "score"])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_an_lr_that_is_no_number_stops_the_report(inputs, column, value):
    """A defect upstream never becomes a page."""
    with pytest.raises(ReportError):
        build_report(set_first(inputs, **{column: value}))


def test_an_lr_without_its_calibration_stops_the_report(inputs):
    """How well a calibration does stands beside the LR, or there is no LR."""
    with pytest.raises(ReportError, match="calibration"):
        build_report(replace(inputs, calibrations={"another": calibration()}))


def test_evidence_of_two_models_stops_the_report(inputs):
    """Numbers of two systems are never mixed in one table."""
    quality = inputs.quality.with_columns(model_sha256=pl.lit("another"))
    with pytest.raises(ReportError, match="more than one model"):
        build_report(replace(inputs, quality=quality))


def test_leakage_warnings_are_in_the_report(inputs, report):
    """What was found is said."""
    assert report.warnings == inputs.leakage_warnings


def test_the_same_case_gives_the_same_report():
    """Nothing depends on the order of a set or on the clock."""
    assert list(texts(build_report(case()))) == list(texts(build_report(case())))


def test_the_glossary_explains_every_measure():
    """Terms of the tables are in it, in alphabetical order."""
    terms = [entry[0] for entry in content.wording.GLOSSARY]
    assert {"Cllr", "Cllr_min", "EER", "SNR", "Likelihood ratio (LR)", "Tippett plot"} <= set(terms)
    assert terms == sorted(terms, key=str.casefold)


def test_known_recordings_of_an_earlier_reference_set_stay_out():
    """A case holds what was ever scanned; the report speaks of what was compared."""
    whole = case()
    gone, *rest = whole.known_speakers
    comparisons = whole.comparisons.filter(pl.col("suspect") != gone.name)
    report = build_report(replace(whole, known_speakers=tuple(rest), comparisons=comparisons))
    assert not [text for text in texts(report) if gone.name in text]
    assert not [row for row in report.quality if row.label.startswith("file")]


def test_a_questioned_recording_that_was_not_compared_says_so(inputs):
    """It is still in the list of items."""
    path = "/cases/417/questioned/call 2.wav"
    report = build_report(replace(inputs, comparisons=inputs.comparisons.filter(pl.col("questioned_path") != path)))
    notes = {item.name: item.notes for item in report.items}
    assert "Not part of this comparison." in notes["call 2.wav"]
    assert "Not part of this comparison." not in notes["call 10.wav"]


def test_a_recording_that_could_not_be_read_is_still_a_row(inputs):
    """It has no SHA-256; its path says which it is."""
    row = inputs.comparisons.filter(pl.col("status") != "lr").head(1)
    row = row.with_columns(
        questioned_path=pl.lit("/cases/417/questioned/lost.wav"), questioned_sha256=pl.lit(None, pl.String)
    )
    report = build_report(replace(inputs, comparisons=pl.concat([inputs.comparisons, row])))
    lost = next(item.exhibit for item in report.items if item.name == "lost.wav")
    assert lost in {result.questioned for result in report.results if result.reason}


def test_the_same_bytes_for_two_suspects_belong_to_both(inputs):
    """Each file is listed under the speaker to whom it was given."""
    first, second, *rest = inputs.known_speakers
    shared = replace(second.recordings[0], sha256=first.recordings[0].sha256)
    path = pl.col("path") == shared.path
    files = inputs.files.with_columns(sha256=pl.when(path).then(pl.lit(shared.sha256)).otherwise("sha256"))
    second = replace(second, recordings=(shared, *second.recordings[1:]))
    report = build_report(replace(inputs, files=files, known_speakers=(first, second, *rest)))
    assert [fact.value for fact in report.known_speakers[:2]] == ["K1", "K2, K3"]
    assert "Same bytes as K2." in next(item.notes for item in report.items if item.exhibit == "K1")


def test_the_known_side_is_stated_as_it_was_pooled(inputs):
    """The net speech of a known speaker is that of all recordings together."""
    speaker = inputs.known_speakers[1]
    row = inputs.comparisons.filter(pl.col("suspect") == speaker.name, pl.col("status") == "lr").head(1)
    report = build_report(replace(inputs, comparisons=row))
    contents = [recording.sha256 for recording in speaker.recordings]
    total = inputs.quality.filter(pl.col("sha256").is_in(contents))["net_speech_s"].sum()
    assert report.calibrations[0].conditions[0].known_case == content.format_duration(total)
