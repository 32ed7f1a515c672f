"""Measures with speaker-level intervals: the values of the plain functions, and intervals that speak of people."""

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import metrics
from forensic.validation.measures import MEASURES, KnownTruth, can_be_measured, measure

INF = float("inf")


def truth_of(pairs, shift=0.0):
    """The log10 LRs of simulated pairs, all of them right."""
    same, different = (
        np.log(10) ** -1 * (2.5 * each - 2.5**2 / 2) for each in (pairs.same_scores, pairs.different_scores)
    )
    return KnownTruth(
        np.concatenate([same, different]) + shift,
        np.arange(len(same) + len(different)) < len(same),
        np.concatenate([pairs.same_speaker, pairs.different_known]),
        np.concatenate([pairs.same_speaker, pairs.different_questioned]),
    )


@pytest.mark.parametrize("decimals", [8, 0])
def test_values_are_those_of_the_plain_measures(simulate_pairs, decimals):
    truth = truth_of(simulate_pairs(25, 2.5, 1))
    truth = KnownTruth(truth.log10_lr.round(decimals), truth.is_same, truth.known, truth.questioned)
    same, different = truth.same_log10_lr, truth.different_log10_lr
    found = {name: each.value for name, each in measure(truth, 50, 1).intervals.items()}
    misleading = metrics.misleading_evidence(same, different)
    expected = {
        "eer": metrics.eer(same, different),
        "cllr": metrics.cllr(same, different),
        "cllr_min": metrics.cllr_min(same, different),
        "cllr_cal": metrics.cllr_cal(same, different),
        "dev_pav": metrics.dev_pav(same, different),
        "misleading_same_speaker_rate": misleading.same_speaker_rate,
        "misleading_different_speaker_rate": misleading.different_speaker_rate,
    }
    assert found == pytest.approx(expected, abs=1e-12)
    assert set(found) == set(MEASURES)


def test_intervals_hold_their_value_and_are_seeded(simulate_pairs):
    truth = truth_of(simulate_pairs(25, 2.5, 2))
    one, again, other = measure(truth, 80, 1), measure(truth, 80, 1), measure(truth, 80, 2)
    assert one == again
    assert one.intervals != other.intervals
    for interval in one.intervals.values():
        assert 0 <= interval.low <= interval.value <= interval.high


def test_more_recordings_of_few_speakers_do_not_narrow_an_interval(simulate_pairs):
    """Speakers are drawn, not comparisons: each comparison ten times over says nothing new."""
    truth = truth_of(simulate_pairs(12, 2.0, 3))
    many = KnownTruth(*(np.tile(each, 10) for each in (truth.log10_lr, truth.is_same, truth.known, truth.questioned)))
    one, repeated = (measure(each, 200, 1).intervals["cllr"] for each in (truth, many))
    assert (repeated.low, repeated.high) == pytest.approx((one.low, one.high), abs=1e-9)


def test_an_error_rate_of_0_does_not_claim_certainty(simulate_pairs):
    truth = truth_of(simulate_pairs(10, 12.0, 4))
    rate = measure(truth, 100, 1).intervals["misleading_same_speaker_rate"]
    assert (rate.value, rate.low) == (0, 0)
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 10))


def test_who_has_no_same_speaker_lr_says_nothing_of_their_rate(simulate_pairs):
    """Ten people of whom four are on both sides: no error among four is less certain than none among ten."""
    truth = truth_of(simulate_pairs(10, 12.0, 4))
    kept = ~truth.is_same | (truth.known < 4)
    few = KnownTruth(*(each[kept] for each in (truth.log10_lr, truth.is_same, truth.known, truth.questioned)))
    rate = measure(few, 100, 1).intervals["misleading_same_speaker_rate"]
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 4))


def test_dev_pav_of_separate_classes_is_undefined(simulate_pairs):
    assert measure(truth_of(simulate_pairs(10, 40.0, 4)), 50, 1).intervals["dev_pav"] is None


def test_an_infinite_misleading_lr_costs_infinitely_much(simulate_pairs):
    truth = truth_of(simulate_pairs(10, 2.5, 5))
    truth.log10_lr[0] = -INF
    found = measure(truth, 50, 1)
    assert found.intervals["cllr"].value == INF
    assert np.isfinite(found.intervals["cllr_min"].value)
    assert found.lowest_same_speaker_log10_lr == -INF


def test_nan_and_contradictions_are_refused(simulate_pairs):
    truth = truth_of(simulate_pairs(10, 2.5, 6))
    with pytest.raises(CalibrationError, match="not a number"):
        KnownTruth(np.full_like(truth.log10_lr, np.nan), truth.is_same, truth.known, truth.questioned)
    with pytest.raises(CalibrationError, match="contradicts"):
        KnownTruth(truth.log10_lr, ~truth.is_same, truth.known, truth.questioned)


def test_few_speakers_and_one_kind_are_counted_not_measured(simulate_pairs):
    few = truth_of(simulate_pairs(4, 2.5, 7))
    assert not can_be_measured(few)
    with pytest.raises(CalibrationError, match="too few"):
        measure(few, 50, 1)
    many = truth_of(simulate_pairs(10, 2.5, 7))
    kept = many.is_same
    alone = KnownTruth(many.log10_lr[kept], many.is_same[kept], many.known[kept], many.questioned[kept])
    assert not can_be_measured(alone)
