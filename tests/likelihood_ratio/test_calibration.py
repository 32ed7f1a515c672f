"""Score to log10 LR: exactness, shrinkage, refusal."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import calibration
from forensic.likelihood_ratio.metrics import cllr
from forensic.likelihood_ratio.pairs import different_weights_by_group

scores = st.lists(st.floats(-5, 5).map(lambda x: round(x, 3)), min_size=2, max_size=30)


@given(scores, scores, st.integers(2, 500))
def test_calibration_rises_and_is_finite_where_scores_carry_anything(same, different, speakers):
    """A higher score never gives a lower LR."""
    assume(np.mean(same) > np.mean(different) + 1e-3)
    slope, intercept = calibration.fit(same, different, speakers)
    assert slope > 0
    assert np.isfinite([slope, intercept]).all()


@given(scores, scores)
def test_scores_that_carry_nothing_are_refused(same, different):
    """A falling map is never used."""
    assume(np.mean(same) < np.mean(different) - 1e-9)
    with pytest.raises(CalibrationError, match="carry no information"):
        calibration.fit(same, different, 10)


def test_equal_scores_are_refused():
    """Without spread there is nothing to fit."""
    with pytest.raises(CalibrationError, match="carry no information"):
        calibration.fit([0.3, 0.3], [0.3], 10)


@pytest.mark.parametrize("bad", [[], [float("nan")], [float("inf")]])
def test_empty_nan_and_infinite_scores_are_refused(bad):
    """On either side."""
    with pytest.raises(CalibrationError):
        calibration.fit(bad, [0.0], 10)
    with pytest.raises(CalibrationError):
        calibration.fit([0.0], bad, 10)


def test_without_regularisation_it_is_scikit_learns_balanced_logistic_regression(simulate_pairs):
    """An independent fit of the same model."""
    pairs = simulate_pairs(60, 2.0, 1)
    values = np.concatenate([pairs.same_scores, pairs.different_scores])[:, None]
    truth = np.repeat([1, 0], [len(pairs.same_scores), len(pairs.different_scores)])
    model = LogisticRegression(C=1e9, class_weight="balanced", tol=1e-10, max_iter=1000).fit(values, truth)
    slope, intercept = calibration.fit(pairs.same_scores, pairs.different_scores, pairs.speakers, pseudo_speakers=0.0)
    assert slope * np.log(10) == pytest.approx(model.coef_.item(), rel=1e-4)
    assert intercept * np.log(10) == pytest.approx(model.intercept_.item(), rel=1e-4)


@pytest.mark.parametrize("pseudo", [0.02, 1.0])
def test_pseudo_speaker_is_every_score_in_both_classes_a_little(simulate_pairs, pseudo):
    """The same fit from scikit-learn, with the diluted data written out."""
    pairs = simulate_pairs(30, 3.0, 2)
    swapped = 0.5 * pseudo / (pairs.speakers + pseudo)
    values = np.concatenate([pairs.same_scores, pairs.different_scores] * 2)[:, None]
    own = np.concatenate([np.full(len(x), 0.5 / len(x)) for x in (pairs.same_scores, pairs.different_scores)])
    is_same = np.repeat([1, 0], [len(pairs.same_scores), len(pairs.different_scores)])
    model = LogisticRegression(C=1e9, tol=1e-12, max_iter=1000).fit(
        values,
        np.concatenate([is_same, 1 - is_same]),
        np.concatenate([own * (1 - swapped), own * swapped]) * 1e3,
    )
    slope, intercept = calibration.fit(
        pairs.same_scores, pairs.different_scores, pairs.speakers, pseudo_speakers=pseudo
    )
    assert slope * np.log(10) == pytest.approx(model.coef_.item(), rel=1e-3)
    assert intercept * np.log(10) == pytest.approx(model.intercept_.item(), rel=1e-3)


def test_perfectly_separated_scores_give_moderate_lrs():
    """About 2 N / p + 1 for N speakers and a p-th of a pseudo-speaker, as the module says."""
    slope, intercept = calibration.fit([0.8, 0.82, 0.85], [0.1, 0.15, 0.2], 50)
    log10_lr = calibration.apply(slope, intercept, np.array([0.15, 0.82]))
    np.testing.assert_allclose(log10_lr, [-np.log10(1001), np.log10(1001)], atol=0.3)


def test_more_speakers_shrink_less():
    """The same scores from more people are believed more."""
    slopes = [calibration.fit([0.7, 0.8, 0.9], [0.0, 0.1, 0.2], n)[0] for n in (5, 50, 500)]
    assert slopes == sorted(slopes)


@given(st.floats(0.01, 100), st.floats(-10, 10))
def test_unit_and_origin_of_the_score_do_not_matter(factor, shift):
    """Any increasing straight map of the scores gives the same LRs."""
    same, different = np.array([0.2, 0.9, 1.4, 2.0]), np.array([-1.0, 0.1, 0.3, 1.0, -0.4])
    expected = calibration.apply(*calibration.fit(same, different, 20), same)
    moved = calibration.apply(
        *calibration.fit(same * factor + shift, different * factor + shift, 20), same * factor + shift
    )
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_size_of_a_class_is_no_prior():
    """Fifty times the different-speaker pairs move nothing."""
    same, different = np.array([0.2, 0.9, 1.4]), np.array([-1.0, 0.3, 0.5])
    once = calibration.fit(same, different, 20)
    assert calibration.fit(same, np.tile(different, 50), 20) == pytest.approx(once, abs=1e-6)


def test_a_weight_of_two_is_the_score_twice():
    """Weights are what a bootstrap's repeated draws come to."""
    same, different = np.array([0.2, 0.9, 1.4]), np.array([-1.0, 0.3, 0.5])
    weighted = calibration.fit(same, different, 20, [1, 2, 1], [3, 1, 1])
    assert weighted == pytest.approx(calibration.fit([0.2, 0.9, 0.9, 1.4], [-1, -1, -1, 0.3, 0.5], 20), abs=1e-6)


def test_newton_finds_the_minimum_of_the_loss(simulate_pairs):
    """A slow search that needs no derivatives finds nothing better."""
    pairs = simulate_pairs(25, 6.0, 4)  # far apart, where full steps can diverge
    same, different, n = pairs.same_scores, pairs.different_scores, pairs.speakers
    swapped = 0.5 * calibration.PSEUDO_SPEAKERS / (n + calibration.PSEUDO_SPEAKERS)

    def loss(parameters):
        own = [np.logaddexp(0, -s * (parameters[0] + parameters[1] * x)) for s, x in ((1, same), (-1, different))]
        other = [np.logaddexp(0, s * (parameters[0] + parameters[1] * x)) for s, x in ((1, same), (-1, different))]
        return sum((1 - swapped) * a.mean() + swapped * b.mean() for a, b in zip(own, other, strict=True))

    slope, intercept = calibration.fit(same, different, n)
    ours = loss((intercept * np.log(10), slope * np.log(10)))
    best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
    assert ours <= best.fun + 1e-9


def test_binned_fits_stay_within_their_stated_tolerance(simulate_pairs):
    """0.01 in log10 LR, far into the tails."""
    pairs = simulate_pairs(80, 4.0, 5)
    drawn = np.random.default_rng(6).multinomial(80, np.full(80, 1 / 80), size=20).astype(float)
    binned = calibration.fit_by_speaker(pairs, drawn)
    exact = calibration.fit_many(
        pairs.same_scores,
        drawn[:, pairs.same_speaker],
        pairs.different_scores,
        drawn[:, pairs.different_known] * drawn[:, pairs.different_questioned],
        drawn.sum(axis=1),
    )
    points = np.array([-4.0, 0.0, 4.0, 8.0])
    difference = np.abs((binned - exact) @ np.vstack([points, np.ones(4)]))
    assert difference.max() < 0.01


@pytest.mark.parametrize("apart", [0.3, 2.0, 12.0])
def test_many_fits_at_once_are_those_by_themselves(simulate_pairs, apart):
    """Wherever they start from, hardly regularised ones of separate classes too."""
    pairs = simulate_pairs(25, apart, 8)
    drawn = np.random.default_rng(9).multinomial(25, np.full(25, 1 / 25), size=12).astype(float)
    together = calibration.fit_by_speaker(pairs, drawn, 1e-3)
    alone = np.vstack([calibration.fit_by_speaker(pairs, row[None], 1e-3) for row in drawn])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_pairs_weigh_the_product_of_their_speakers(simulate_pairs):
    """The fast sums equal the plain ones."""
    pairs = simulate_pairs(9, 2.0, 7)
    drawn = np.random.default_rng(8).integers(0, 3, (4, 9)).astype(float)
    group = np.random.default_rng(9).permutation(np.arange(len(pairs.different_scores)) % 5)
    expected = np.array(
        [
            [
                sum(
                    w[i] * w[j]
                    for i, j, g in zip(pairs.different_known, pairs.different_questioned, group, strict=True)
                    if g == k
                )
                for k in range(5)
            ]
            for w in drawn
        ]
    )
    np.testing.assert_allclose(different_weights_by_group(pairs, drawn, group), expected)


def test_a_draw_whose_scores_carry_nothing_says_nothing(simulate_pairs):
    """Slope and intercept 0 are an LR of 1."""
    pairs = simulate_pairs(8, -3.0, 10)
    np.testing.assert_array_equal(calibration.fit_by_speaker(pairs, np.ones((1, 8))), [[0, 0]])


def test_a_draw_without_pairs_is_refused(simulate_pairs):
    """One speaker drawn over and over makes no different-speaker pair."""
    pairs = simulate_pairs(5, 2.0, 11)
    with pytest.raises(CalibrationError, match="too few speakers"):
        calibration.fit_by_speaker(pairs, np.array([[5.0, 0, 0, 0, 0]]))


def test_calibrated_lrs_are_close_to_the_truth(simulate_pairs):
    """Normal scores, equal variance: the true log10 LR is linear in the score and known."""
    apart = 2.5
    points = np.array([-1.0, 0.0, 1.25, 2.5, 3.5])
    truth = (apart * points - apart**2 / 2) / np.log(10)
    estimates = []
    for seed in range(10):
        pairs = simulate_pairs(200, apart, seed)
        estimates.append(calibration.apply(*calibration.fit(pairs.same_scores, pairs.different_scores, 200), points))
    np.testing.assert_allclose(np.mean(estimates, axis=0), truth, atol=0.2)
    np.testing.assert_allclose(estimates, np.tile(truth, (10, 1)), atol=0.8)


def test_calibration_on_one_half_helps_the_other(simulate_pairs):
    """The map holds for speakers that it never saw."""
    trained, tested = simulate_pairs(100, 2.5, 20), simulate_pairs(100, 2.5, 21)
    slope, intercept = calibration.fit(trained.same_scores, trained.different_scores, 100)
    calibrated = cllr(
        calibration.apply(slope, intercept, tested.same_scores),
        calibration.apply(slope, intercept, tested.different_scores),
    )
    assert calibrated < cllr(tested.same_scores, tested.different_scores)
    assert calibrated < 0.5
