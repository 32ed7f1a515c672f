"""Bootstrap over speakers."""

import dataclasses

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import metrics
from forensic.likelihood_ratio.calibration import fit
from forensic.likelihood_ratio.calibrators import fit_logistic
from forensic.likelihood_ratio.score_map import log10_lr_at
from forensic.likelihood_ratio.uncertainty import draw_speakers, log10_lr_interval, metric_intervals


def test_each_draw_has_as_many_speakers_as_there_are():
    """Drawn with replacement, by seed."""
    drawn = draw_speakers(30, 200, 1)
    assert drawn.shape == (200, 30)
    assert (drawn.sum(axis=1) == 30).all()
    assert 0.3 < np.mean(drawn == 0) < 0.45  # 1 / e are left out
    np.testing.assert_array_equal(drawn, draw_speakers(30, 200, 1))
    assert (drawn != draw_speakers(30, 200, 2)).any()


def test_metrics_of_draws_equal_those_of_repeated_pairs(simulate_pairs):
    """The fast sums equal the plain measures with pair weights."""
    pairs = simulate_pairs(12, 1.5, 1)
    drawn = draw_speakers(12, 40, 2)
    got = metric_intervals(pairs, pairs.same_scores, pairs.different_scores, drawn)
    same_weights = drawn[:, pairs.same_speaker]
    different_weights = drawn[:, pairs.different_known] * drawn[:, pairs.different_questioned]
    for interval, measure in zip(got, (metrics.cllr, metrics.cllr_min, metrics.eer), strict=True):
        values = [
            measure(pairs.same_scores, pairs.different_scores, s, d)
            for s, d in zip(same_weights, different_weights, strict=True)
        ]
        assert interval.value == pytest.approx(measure(pairs.same_scores, pairs.different_scores))
        assert (interval.low, interval.high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_infinite_log10_lrs_have_no_interval(simulate_pairs):
    """They would make the cost of most draws infinite."""
    pairs = simulate_pairs(6, 2.0, 1)
    with pytest.raises(CalibrationError, match="infinite"):
        metric_intervals(pairs, np.full(6, np.inf), pairs.different_scores, draw_speakers(6, 5, 1))


def test_interval_covers_the_true_lr_about_as_often_as_it_says(simulate_pairs):
    """40 populations of 120 speakers; scores share speakers, so pairs are far from independent."""
    apart = 2.0
    points = np.array([0.0, 1.0, 2.0])
    truth = (apart * points - apart**2 / 2) / np.log(10)
    covered = []
    for seed in range(40):
        pairs = simulate_pairs(120, apart, seed)
        low, high = log10_lr_interval(log10_lr_at(fit_logistic(pairs, draw_speakers(120, 200, seed)), points))
        covered.append((low <= truth) & (truth <= high))
    assert (np.mean(covered, axis=0) >= 0.82).all()  # 0.95 less three standard errors
    assert np.mean(covered) > 0.88


def test_drawing_pairs_instead_of_speakers_would_be_overconfident(simulate_pairs):
    """Five recordings a speaker, all alike, tell no more than one."""
    once = simulate_pairs(60, 2.0, 3)
    pairs = dataclasses.replace(
        once, same_scores=np.repeat(once.same_scores, 5), same_speaker=np.repeat(once.same_speaker, 5)
    )
    score = np.array([0.0])
    low, high = log10_lr_interval(log10_lr_at(fit_logistic(pairs, draw_speakers(60, 300, 1)), score))
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
        low, high = log10_lr_interval(
            log10_lr_at(fit_logistic(pairs, draw_speakers(speakers, 200, 1)), np.array([2.0]))
        )
        widths.append((high - low).item())
    assert widths[1] < 0.6 * widths[0]
