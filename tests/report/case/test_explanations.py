"""What the highest LRs rest on."""

from dataclasses import replace

import pytest

from forensic.likelihood_ratio.explanation import Amount
from forensic.report.case.build import build_report
from forensic.report.case.explanations import clock


def explained(inputs):
    """The explanation of the comparison that has the first page."""
    page = build_report(inputs).pages[0]
    shas = {row["path"].rpartition("/")[2]: row["sha256"] for row in inputs.files.to_dicts()}
    wanted = shas[page.questioned_name], page.known.partition(" ")[2]
    return next(each for each in inputs.explanations if (each.questioned_sha256, each.suspect) == wanted)


@pytest.fixture(scope="module")
def explanation(inputs):
    """That one."""
    return explained(inputs)


def alone(inputs, explanation, **changes):
    """The first page, where the case has one explanation, so changed."""
    return build_report(replace(inputs, explanations=(replace(explanation, **changes),))).pages[0]


def test_the_sentence_on_stretches_names_the_one_of_largest_effect(inputs, explanation):
    """By its place, with the LR without it and with it."""
    largest = max(explanation.segments, key=lambda each: abs(each.change))
    sentence = alone(inputs, explanation).rests_on[0]
    assert f"{clock(largest.start_s)} to {clock(largest.end_s)}" in sentence
    assert f"{abs(largest.log10_lr_without):.2f}" in sentence
    assert f"{abs(explanation.log10_lr_of_stretches):.2f}" in sentence


def test_bars_are_those_of_largest_effect_in_the_order_of_time(inputs, explanation):
    """Eight of twelve."""
    changes = {each.change: each.start_s for each in explanation.segments}
    bars = alone(inputs, explanation).explanation.segments
    assert {abs(bar.change) for bar in bars} == set(sorted(map(abs, changes), reverse=True)[:8])
    starts = [changes[bar.change] for bar in bars]
    assert starts == sorted(starts)


def test_amounts_that_nothing_calibrates_are_not_drawn(inputs, explanation):
    """Of five the first has no LR."""
    plot = alone(inputs, explanation).explanation
    assert [point.net_speech_s for point in plot.growth] == [3.1, 7.0, 15.2, 24.0]
    assert plot.issued.net_speech_s == 24.0
    none = tuple(Amount(each.segments, each.net_speech_s, None, None) for each in explanation.amounts)
    found = alone(inputs, explanation, amounts=none)
    assert found.explanation.growth == ()
    assert any("no calibration fits smaller amounts" in sentence for sentence in found.rests_on)


def test_typicality_is_a_count_a_share_and_the_nearest(inputs, explanation):
    """Three voices are named of the five that there are."""
    sentence = alone(inputs, explanation).rests_on[-1]
    assert "Of 120 voices of the reference population, 3 (2.5\N{NO-BREAK SPACE}%) score at least as high" in sentence
    assert sentence.endswith("corpus/000 (0.600), corpus/001 (0.580) and corpus/002 (0.560).")
    assert "a list of scores" in alone(inputs, explanation, typicality=None).rests_on[-1]


def test_evidence_without_stretches_says_so(inputs, explanation):
    """As an earlier version left it."""
    nothing = {"stretches": 0, "net_speech_s": 0.0, "log10_lr_of_stretches": None, "segments": (), "amounts": ()}
    found = alone(inputs, explanation, **nothing)
    assert "has no stretches" in found.rests_on[0]
    assert found.explanation is None


def test_one_stretch_cannot_be_left_out(inputs, explanation):
    """There would be no speech."""
    last = explanation.amounts[-1:]
    found = alone(inputs, explanation, stretches=1, log10_lr_of_stretches=None, segments=(), amounts=last)
    assert "one stretch" in found.rests_on[0]
    assert len(found.rests_on) == 2
    assert found.explanation is None


def test_a_case_that_was_not_looked_at_has_no_entry(inputs):
    """As an earlier version left it; the page stands without."""
    page = build_report(replace(inputs, explanations=())).pages[0]
    assert page.rests_on == ()
    assert page.explanation is None


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (59.99, "0:59"), (60.0, "1:00"), (3723.9, "1:02:03")])
def test_places_are_minutes_and_seconds(seconds, text):
    assert clock(seconds) == text
