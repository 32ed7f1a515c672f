"""The ways from score to log10 LR: against lir, against the truth, and what all of them keep."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lir.algorithms.isotonic_regression import IsotonicCalibrator
from lir.algorithms.kde import KDECalibrator

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import calibrators
from forensic.likelihood_ratio.calibration import fit
from forensic.likelihood_ratio.calibrators import CALIBRATORS
from forensic.likelihood_ratio.crossvalidation import cross_validate
from forensic.likelihood_ratio.metrics import LN10, cllr, cllr_min
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.score_map import log10_lr_at
from forensic.settings import CALIBRATORS as NAMES

CURVES = ("bi-gaussianized", "kde", "pav")
RISING = ("logistic", "bi-gaussianized", "pav")


def everyone(pairs):
    """Every speaker weighs 1."""
    return np.ones((1, pairs.speakers))


def values_and_truth(pairs):
    """As lir takes them."""
    values = np.concatenate([pairs.same_scores, pairs.different_scores])
    return values, np.repeat([1, 0], [len(pairs.same_scores), len(pairs.different_scores)])


def test_every_calibrator_that_can_be_chosen_is_there():
    """The setting and the table name the same."""
    assert ("joint", *CALIBRATORS) == NAMES


def test_the_logistic_map_is_the_line_that_is_fitted_by_itself(simulate_pairs):
    """But for the bins, which move it by less than 0.01."""
    pairs = simulate_pairs(60, 2.0, 1)
    slope, intercept = fit(pairs.same_scores, pairs.different_scores, 60)
    scores = np.array([-3.0, 0.0, 0.5, 4.0])  # beyond the knots as well
    mapped = log10_lr_at(CALIBRATORS["logistic"](pairs, everyone(pairs)), scores)[0]
    np.testing.assert_allclose(mapped, intercept + slope * scores, atol=1e-2)


def test_kernel_densities_are_lirs(monkeypatch, simulate_pairs):
    """Without the pseudo-speaker; lir's has no knots."""
    monkeypatch.setattr(calibrators, "DILUTING_SPEAKERS", 0.0)
    pairs = simulate_pairs(80, 2.0, 2)
    values, truth = values_and_truth(pairs)
    scores = np.linspace(*np.percentile(values, [5, 98]), 40)
    theirs = KDECalibrator(bandwidth="silverman").fit(values, truth).transform(scores)
    np.testing.assert_allclose(log10_lr_at(CALIBRATORS["kde"](pairs, everyone(pairs)), scores)[0], theirs, atol=0.01)


def test_pav_is_lirs(monkeypatch):
    """Without the pseudo-speaker, on scores that lie on the knots."""
    monkeypatch.setattr(calibrators, "DILUTING_SPEAKERS", 0.0)
    rng = np.random.default_rng(3)
    same, different = np.rint(rng.normal(300, 60, 40)), np.rint(rng.normal(200, 60, 40 * 39))
    same[0], different[0] = 0.0, float(calibrators.KNOTS - 1)  # the range, and no LR is infinite
    inside = [np.clip(part, 0, calibrators.KNOTS - 1) for part in (same, different)]
    known, questioned = np.nonzero(~np.eye(40, dtype=bool))
    pairs = Pairs(inside[0], np.arange(40), inside[1], known, questioned, 40)
    values, truth = values_and_truth(pairs)
    theirs = IsotonicCalibrator().fit(values, truth).transform(np.unique(values))
    ours = log10_lr_at(CALIBRATORS["pav"](pairs, everyone(pairs)), np.unique(values))[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("apart", [1.0, 2.0, 3.0])
def test_bi_gaussianized_finds_the_true_lr_of_two_normal_distributions(simulate_pairs, apart):
    """The case for which it is exact, up to the sample: 400 same-speaker pairs, few of which mislead at 3."""
    pairs = simulate_pairs(400, apart, 4, effect=0.01)
    scores = np.linspace(0, apart, 9)
    found = log10_lr_at(CALIBRATORS["bi-gaussianized"](pairs, everyone(pairs)), scores)[0]
    np.testing.assert_allclose(found, (apart * scores - apart**2 / 2) / LN10, atol=0.3)


def test_bi_gaussianized_does_not_care_how_scores_are_bent(simulate_pairs):
    """A rising function of the scores moves the logistic line far more."""
    pairs = simulate_pairs(300, 2.5, 5, effect=0.1)
    bent = dataclasses.replace(
        pairs, same_scores=np.exp(pairs.same_scores), different_scores=np.exp(pairs.different_scores)
    )
    moved = {}
    for name in ("logistic", "bi-gaussianized"):
        costs = [cllr(*cross_validate(each, 1, calibrator=CALIBRATORS[name])) for each in (pairs, bent)]
        moved[name] = costs[1] - costs[0]
    assert abs(moved["bi-gaussianized"]) < 0.03
    assert moved["logistic"] > 3 * abs(moved["bi-gaussianized"])


@pytest.mark.parametrize("name", CALIBRATORS)
def test_unit_and_origin_of_the_score_do_not_matter(simulate_pairs, name):
    """Only how scores lie to one another."""
    pairs = simulate_pairs(40, 2.0, 6)
    other = dataclasses.replace(
        pairs, same_scores=7 * pairs.same_scores - 3, different_scores=7 * pairs.different_scores - 3
    )
    scores = np.array([0.2, 1.1, 1.9])
    one, two = (
        log10_lr_at(CALIBRATORS[name](each, everyone(each)), points)[0]
        for each, points in ((pairs, scores), (other, 7 * scores - 3))
    )
    np.testing.assert_allclose(one, two, atol=0.01)


@pytest.mark.parametrize("name", CURVES)
def test_beyond_the_scores_that_were_seen_the_last_value_stands(simulate_pairs, name):
    """No curve is carried on into the unknown."""
    pairs = simulate_pairs(40, 2.0, 7)
    maps = CALIBRATORS[name](pairs, everyone(pairs))
    low, high = min(pairs.different_scores), max(pairs.same_scores.max(), pairs.different_scores.max())
    values = log10_lr_at(maps, np.array([min(low, pairs.same_scores.min()) - 9, high + 9]))[0]
    np.testing.assert_array_equal(values, maps.log10_lr[0, [0, -1]])


@pytest.mark.parametrize("name", ["kde", "pav"])
def test_classes_that_lie_apart_give_no_infinite_lr(simulate_pairs, name):
    """One pseudo-speaker who says nothing keeps LRs within 2 N + 1."""
    pairs = simulate_pairs(30, 40.0, 8)
    maps = CALIBRATORS[name](pairs, everyone(pairs))
    assert np.abs(maps.log10_lr).max() <= np.log10(61) + 1e-9


@pytest.mark.parametrize("name", CALIBRATORS)
def test_a_speaker_that_weighs_nothing_changes_nothing(simulate_pairs, name):
    """As if the speaker had not been recorded."""
    pairs = simulate_pairs(30, 2.0, 9)
    weights = np.ones((1, 30))
    weights[0, 4] = 0
    mine = pairs.same_speaker == 4
    moved = dataclasses.replace(pairs, same_scores=np.where(mine, np.median(pairs.same_scores), pairs.same_scores))
    before, after = (CALIBRATORS[name](each, weights) for each in (pairs, moved))
    scores = np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(log10_lr_at(before, scores), log10_lr_at(after, scores), atol=0.02)


@pytest.mark.parametrize("name", CALIBRATORS)
def test_weights_that_leave_one_kind_of_pair_out_are_refused(simulate_pairs, name):
    """One speaker alone makes no different-speaker pair."""
    weights = np.zeros((1, 6))
    weights[0, 0] = 1
    with pytest.raises(CalibrationError, match="too few speakers"):
        CALIBRATORS[name](simulate_pairs(6, 2.0, 1), weights)


@pytest.mark.parametrize("name", RISING)
@given(seed=st.integers(0, 10_000), apart=st.floats(0.3, 6))
def test_a_higher_score_never_gives_a_lower_lr(simulate_pairs, name, seed, apart):
    """Kernel densities alone do not promise it."""
    pairs = simulate_pairs(12, apart, seed)
    if pairs.same_scores.mean() <= pairs.different_scores.mean():
        return
    maps = CALIBRATORS[name](pairs, everyone(pairs))
    assert np.isfinite(maps.log10_lr).all()
    assert (np.diff(maps.log10_lr[0]) >= -1e-9).all()


@pytest.mark.parametrize("name", CALIBRATORS)
def test_cross_validated_costs_are_near_the_best_that_the_order_allows(simulate_pairs, name):
    """On 150 speakers every calibrator is worth having."""
    pairs = simulate_pairs(150, 2.0, 10)
    best = cllr_min(pairs.same_scores, pairs.different_scores)
    assert best <= cllr(*cross_validate(pairs, 1, calibrator=CALIBRATORS[name])) < best + 0.08
