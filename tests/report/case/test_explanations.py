"""What the highest LRs rest on."""

from dataclasses import replace

import pytest

from forensic.likelihood_ratio.explanation import Amount
from forensic.report.case.build import build_report
from forensic.report.case.explanations import clock


def alone(inputs, **changes):
    """The chapter's only entry, where the case has one explanation, so changed."""
    (found,) = build_report(replace(inputs, explanations=(replace(inputs.explanations[0], **changes),))).explanations
    return found


def test_each_explanation_stands_under_its_comparison_once(inputs, report):
    """Two items of the same bytes share one, in the order of the exhibits."""
    assert len(report.explanations) == len(inputs.explanations) > 5
    rows = [(row.questioned, row.known) for row in report.results if row.lr]
    places = [rows.index((each.questioned, each.known)) for each in report.explanations]
    assert places == sorted(places)
    assert "highest of each questioned speaker" in report.explanations_note


def test_the_sentence_on_stretches_names_the_one_of_largest_effect(inputs):
    """By its place, with the LR without it and with it."""
    explanation = inputs.explanations[0]
    largest = max(explanation.segments, key=lambda each: abs(each.change))
    sentence = alone(inputs).sentences[0]
    assert f"{clock(largest.start_s)} to {clock(largest.end_s)}" in sentence
    assert f"{abs(largest.log10_lr_without):.2f}" in sentence
    assert f"{abs(explanation.log10_lr_of_stretches):.2f}" in sentence


def test_bars_are_those_of_largest_effect_in_the_order_of_time(inputs):
    """Eight of twelve."""
    changes = {each.change: each.start_s for each in inputs.explanations[0].segments}
    bars = alone(inputs).plot.segments
    assert {abs(bar.change) for bar in bars} == set(sorted(map(abs, changes), reverse=True)[:8])
    starts = [changes[bar.change] for bar in bars]
    assert starts == sorted(starts)


def test_amounts_that_nothing_calibrates_are_not_drawn(inputs):
    """Of five the first has no LR."""
    plot = alone(inputs).plot
    assert [point.net_speech_s for point in plot.growth] == [3.1, 7.0, 15.2, 24.0]
    assert plot.issued.net_speech_s == 24.0
    none = tuple(Amount(each.segments, each.net_speech_s, None, None) for each in inputs.explanations[0].amounts)
    found = alone(inputs, amounts=none)
    assert found.plot.growth == ()
    assert any("no calibration fits smaller amounts" in sentence for sentence in found.sentences)


def test_typicality_is_a_count_a_share_and_the_nearest(inputs):
    """Three voices are named of the five that there are."""
    sentence = alone(inputs).sentences[-1]
    assert "Of 120 voices of the reference population, 3 (2.5\N{NO-BREAK SPACE}%) score at least as high" in sentence
    assert sentence.endswith("corpus/000 (0.600), corpus/001 (0.580) and corpus/002 (0.560).")
    assert "a list of scores" in alone(inputs, typicality=None).sentences[-1]


def test_evidence_without_stretches_says_so(inputs):
    """As an earlier version left it."""
    found = alone(inputs, stretches=0, net_speech_s=0.0, log10_lr_of_stretches=None, segments=(), amounts=())
    assert "has no stretches" in found.sentences[0]
    assert found.plot is None


def test_one_stretch_cannot_be_left_out(inputs):
    """There would be no speech."""
    explanation = inputs.explanations[0]
    last = explanation.amounts[-1:]
    found = alone(inputs, stretches=1, log10_lr_of_stretches=None, segments=(), amounts=last)
    assert "one stretch" in found.sentences[0]
    assert len(found.sentences) == 2
    assert found.plot is None


def test_what_was_not_looked_at_is_said(inputs):
    """Speakers beyond the most that are explained, and explanations beyond the most that are printed."""
    fewer = build_report(replace(inputs, explanations=inputs.explanations[:3])).explanations_note
    assert "only the 3 with the highest LRs were examined" in fewer
    cut = build_report(replace(inputs, limits=replace(inputs.limits, explanations=2)))
    assert len(cut.explanations) == 2
    assert f"The first 2 of {len(inputs.explanations)} explanations" in cut.explanations_note


def test_a_case_that_was_not_looked_at_has_no_entry(inputs):
    """As a verification without a report leaves it."""
    report = build_report(replace(inputs, explanations=()))
    assert report.explanations == ()
    assert report.explanations_note == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (59.99, "0:59"), (60.0, "1:00"), (3723.9, "1:02:03")])
def test_places_are_minutes_and_seconds(seconds, text):
    assert clock(seconds) == text
