"""Bootstrap over speakers."""

import dataclasses

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import metrics
from forensic.likelihood_ratio.calibration import fit
from forensic.likelihood_ratio.calibrators import LIMITS, fit_logistic
from forensic.likelihood_ratio.score_map import log10_lr_at
from forensic.likelihood_ratio.uncertainty import (
    PAV_BIAS_RATIO,
    draw_speakers,
    log10_lr_interval,
    metric_interval,
    metric_intervals,
    rate_interval,
)


def test_each_draw_has_as_many_speakers_as_there_are():
    """Drawn with replacement, by seed."""
    drawn = draw_speakers(30, 200, 1)
    assert drawn.shape == (200, 30)
    assert (drawn.sum(axis=1) == 30).all()
    assert 0.3 < np.mean(drawn == 0) < 0.45  # 1 / e are left out
    np.testing.assert_array_equal(drawn, draw_speakers(30, 200, 1))
    assert (drawn != draw_speakers(30, 200, 2)).any()


def test_metrics_of_draws_equal_those_of_repeated_pairs(simulate_pairs):
    """The fast sums equal the plain measures with pair weights, for draws and without each speaker."""
    pairs = simulate_pairs(12, 1.5, 1)
    drawn = draw_speakers(12, 40, 2)
    got = metric_intervals(pairs, pairs.same_scores, pairs.different_scores, drawn)
    weights = np.vstack([drawn, 1 - np.eye(12)])
    same_weights = weights[:, pairs.same_speaker]
    different_weights = weights[:, pairs.different_known] * weights[:, pairs.different_questioned]
    limits = ((np.inf, 1.0), (1.0, PAV_BIAS_RATIO), (0.5, PAV_BIAS_RATIO))
    for interval, measure, limit in zip(got, (metrics.cllr, metrics.cllr_min, metrics.eer), limits, strict=True):
        values = np.array(
            [
                measure(pairs.same_scores, pairs.different_scores, s, d)
                for s, d in zip(same_weights, different_weights, strict=True)
            ]
        )
        expected = metric_interval(measure(pairs.same_scores, pairs.different_scores), values[:40], values[40:], *limit)
        assert (interval.value, interval.low, interval.high) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )


def test_a_metric_interval_is_students_t_of_the_logarithm():
    """For values without skew or bias: a factor of exp(t * relative standard deviation) either way."""
    rng = np.random.default_rng(1)
    drawn = rng.normal(0.2, 0.02, 20_001)
    left_out = rng.normal(0.2, 0.0005, 101)
    found = metric_interval(float(np.median(drawn)), drawn, left_out)
    assert found.high / found.value == pytest.approx(np.exp(1.984 * 0.1), rel=0.02)
    assert found.value / found.low == pytest.approx(np.exp(1.984 * 0.1), rel=0.02)


def test_a_measure_that_hangs_on_one_speaker_is_less_certain():
    """The same spread of draws, known from one speaker instead of all."""
    drawn = np.random.default_rng(1).normal(0.2, 0.02, 1000)
    even = metric_interval(0.2, drawn, 0.2 + 0.001 * (-1.0) ** np.arange(60))
    one = metric_interval(0.2, drawn, np.where(np.arange(60) == 0, 0.19, 0.2))
    assert one.high > even.high
    assert one.low < even.low


@pytest.mark.parametrize("shift", [-0.15, -0.02, 0.02, 0.15])
def test_a_value_lies_within_its_interval_and_its_range(shift):
    """Whatever the bias of the draws."""
    drawn = np.clip(np.random.default_rng(2).normal(0.3 + shift, 0.02, 500), 0, 0.5)
    found = metric_interval(0.3, drawn, drawn[:40], 0.5, PAV_BIAS_RATIO)
    assert 0 <= found.low <= 0.3 <= found.high <= 0.5


def test_no_error_among_few_speakers_is_no_certainty():
    """Ten speakers without an error: up to 31 % of all may err."""
    found = metric_interval(0.0, np.zeros(100), np.zeros(10), 0.5)
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 10))


def test_the_rate_of_people_with_a_comparison_each_has_clopper_and_pearsons_interval():
    """5 of 50 err: 3.3 to 21.8 %, as tabulated; a little wider, as t stands for the normal distribution."""
    wrong = np.arange(50) < 5
    drawn = draw_speakers(50, 4000, 1) @ wrong / 50
    left_out = (5 - wrong) / 49
    found = rate_interval(0.1, drawn, left_out, 50)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.0333, 0.2181), abs=0.012)
    assert (found.low, found.high) == pytest.approx((0.0315, 0.2253), abs=0.005)


def test_a_rate_is_as_certain_as_its_people_are_many_and_alike():
    """20 people with ten comparisons each, one in ten wrong: everybody's own, or all those of two people."""
    counts = draw_speakers(20, 1000, 1)
    each_one, two = np.full(20, 1.0), np.where(np.arange(20) < 2, 10.0, 0.0)
    even, few = (rate_interval(0.1, counts @ wrong / 200, (20 - wrong) / 190, 200) for wrong in (each_one, two))
    assert (even.low, even.high) == pytest.approx((0.0622, 0.1502), abs=0.006)  # Clopper and Pearson's, 20 of 200
    assert few.low < 0.02
    assert 0.3 < few.high < 0.6


@pytest.mark.parametrize(("value", "low", "high"), [(0.0, 0.0, 0.3085), (1.0, 0.6915, 1.0), (1 - 1e-16, 0.6915, 1.0)])
def test_no_error_and_nothing_but_errors_among_few_people_are_no_certainty(value, low, high):
    found = rate_interval(value, np.full(100, value), np.full(10, value), 30)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_infinite_log10_lrs_have_no_interval(simulate_pairs):
    """They would make the cost of most draws infinite."""
    pairs = simulate_pairs(6, 2.0, 1)
    with pytest.raises(CalibrationError, match="infinite"):
        metric_intervals(pairs, np.full(6, np.inf), pairs.different_scores, draw_speakers(6, 5, 1))


def interval_at(pairs, scores, draws=200, seed=1):
    """The interval of each score's log10 LR, and the log10 LR as issued."""
    everyone = np.ones((1, pairs.speakers))
    limit = LIMITS["logistic"](pairs, np.vstack([everyone, draw_speakers(pairs.speakers, draws, seed)]))
    issued = log10_lr_at(fit_logistic(pairs, everyone), scores)[0]
    fitted = log10_lr_at(limit, scores)
    return *log10_lr_interval(issued, fitted[0], fitted[1:], pairs.speakers), issued


@pytest.mark.parametrize(("speakers", "apart"), [(30, 4.0), (60, 2.5), (60, 4.0)])
def test_interval_covers_the_true_lr_as_often_as_it_says(simulate_pairs, speakers, apart):
    """60 populations each; scores share speakers, so pairs are far from independent, and at 4 hardly overlap."""
    points = np.array([-1.0, 0.5, 0.5 * apart, apart, apart + 1])
    truth = (apart * points - apart**2 / 2) / np.log(10)
    covered = []
    for seed in range(60):
        low, high, _ = interval_at(simulate_pairs(speakers, apart, seed), points)
        covered.append((low <= truth) & (truth <= high))
    assert np.mean(covered) > 0.95 - 0.06  # two standard errors: the points of a population are alike


def test_the_issued_lr_lies_within_its_interval(simulate_pairs):
    """Also where few speakers lie far apart, and shrinkage moves it farther than speakers do."""
    points = np.linspace(-10, 20, 31)
    for apart in (1.0, 4.0, 10.0):
        low, high, issued = interval_at(simulate_pairs(20, apart, 3), points)
        assert ((low <= issued) & (issued <= high)).all()


def test_one_speaker_has_no_interval():
    """Nothing varies."""
    with pytest.raises(CalibrationError, match="One speaker"):
        log10_lr_interval(np.zeros(1), np.zeros(1), np.zeros((5, 1)), 1)


def test_drawing_pairs_instead_of_speakers_would_be_overconfident(simulate_pairs):
    """Five recordings a speaker, all alike, tell no more than one."""
    once = simulate_pairs(60, 2.0, 3)
    pairs = dataclasses.replace(
        once, same_scores=np.repeat(once.same_scores, 5), same_speaker=np.repeat(once.same_speaker, 5)
    )
    score = np.array([0.0])
    low, high, _ = interval_at(pairs, score, 300)
    rng = np.random.default_rng(1)
    by_pair = []
    for _ in range(100):
        same, different = (rng.choice(x, len(x)) for x in (pairs.same_scores, pairs.different_scores))
        slope, intercept = fit(same, different, 60)
        by_pair.append(intercept + slope * score[0])
    assert (high - low).item() > 1.5 * np.subtract(*np.percentile(by_pair, [97.5, 2.5]))


def test_more_speakers_narrow_the_interval(simulate_pairs):
    """Eight times the speakers, by more than a third."""
    widths = []
    for speakers in (30, 250):
        pairs = simulate_pairs(speakers, 2.0, 5)
        low, high, _ = interval_at(pairs, np.array([2.0]))
        widths.append((high - low).item())
    assert widths[1] < 0.6 * widths[0]
