"""Measures of likelihood ratios, against definitions, published values and independent implementations."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lir.algorithms.isotonic_regression import IsotonicCalibrator
from lir.data.models import LLRData
from lir.metrics import cllr as lir_cllr
from lir.metrics.devpav import devpav as lir_devpav
from lir.util import logodds_to_odds
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss, roc_curve

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import metrics

INF = float("inf")
llrs = st.lists(st.floats(-6, 6), min_size=1, max_size=40)
tied_llrs = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=40)
any_llrs = st.one_of(llrs, tied_llrs)
MEASURES = [
    metrics.cllr,
    metrics.cllr_min,
    metrics.cllr_cal,
    metrics.eer,
    metrics.dev_pav,
    metrics.misleading_evidence,
    metrics.tippett,
    metrics.pav_log10_lr,
    metrics.roc_convex_hull,
    metrics.det_curve,
    metrics.pav_curve,
]


def normal_llrs(seed, n_same=80, n_different=700, apart=2.0, decimals=2):
    """log10 LRs with ties."""
    rng = np.random.default_rng(seed)
    same, different = rng.normal(apart / 2, 1, n_same), rng.normal(-apart / 2, 1, n_different)
    return same.round(decimals), different.round(decimals)


def stacked(same, different):
    """Values and truth (1 is H1), as other libraries take them."""
    return np.concatenate([same, different]), np.concatenate([np.ones(len(same)), np.zeros(len(different))])


def weights_by_class(truth):
    """Weights that give each class one half."""
    return np.where(truth == 1, 0.5 / truth.sum(), 0.5 / (1 - truth).sum())


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("same", "different"),
    [([], [0.0]), ([0.0], []), ([float("nan")], [0.0]), ([0.0], [1.0, float("nan")]), ([[0.0]], [0.0])],
)
def test_empty_sets_and_nan_are_refused_with_a_remedy(measure, same, different):
    """No measure turns what is missing into a number."""
    with pytest.raises(CalibrationError) as caught:
        measure(same, different)
    assert caught.value.remedy


def test_cllr_of_a_silent_system_is_one():
    """LR = 1 everywhere costs one bit."""
    assert metrics.cllr([0.0, 0.0], [0.0]) == 1


def test_cllr_is_log_loss_in_bits_with_each_class_weighing_half():
    """scikit-learn's cross-entropy, weighted so, is the same number."""
    same, different = normal_llrs(1)
    values, truth = stacked(same, different)
    expected = log_loss(truth, 1 / (1 + 10**-values), sample_weight=weights_by_class(truth)) / np.log(2)
    assert metrics.cllr(same, different) == pytest.approx(expected)


def test_cllr_is_infinite_only_where_an_infinite_lr_misleads():
    """An infinite LR for the truth costs nothing, and one that weighs nothing does not count."""
    assert metrics.cllr([INF], [-INF]) == 0
    assert metrics.cllr([-INF, 5.0], [-1.0]) == INF
    assert metrics.cllr([1.0], [INF, -1.0]) == INF
    assert metrics.cllr([1.0], [INF, -1.0], different_speaker_weights=[0, 1]) < 1


def test_cllr_agrees_with_lir():
    """The Netherlands Forensic Institute's implementation gives the same number."""
    same, different = normal_llrs(2)
    values, truth = stacked(same, different)
    assert metrics.cllr(same, different) == pytest.approx(lir_cllr(LLRData(features=values, labels=truth)))


@given(any_llrs, any_llrs)
def test_cllr_min_is_between_zero_and_cllr(same, different):
    """The best rising map is never worse than none."""
    value = metrics.cllr_min(same, different)
    assert -1e-12 <= value <= min(1, metrics.cllr(same, different)) + 1e-12
    assert metrics.cllr_cal(same, different) >= -1e-12


@given(tied_llrs, tied_llrs)
def test_order_measures_survive_a_rising_map(same, different):
    """Cllr_min and EER see the order of the values alone."""
    mapped = [np.sinh(np.array(values)) * 7 - 2 for values in (same, different)]
    assert metrics.cllr_min(*mapped) == pytest.approx(metrics.cllr_min(same, different), abs=1e-12)
    assert metrics.eer(*mapped) == pytest.approx(metrics.eer(same, different), abs=1e-12)


@given(tied_llrs, tied_llrs)
def test_pav_agrees_with_scikit_learn_ties_included(same, different):
    """Joining neighbours of one class changes nothing, and a tie is one value."""
    values, truth = stacked(same, different)
    weight = weights_by_class(truth)
    posterior = IsotonicRegression(increasing=True).fit(values, truth, weight).predict(values)
    with np.errstate(divide="ignore"):
        expected = np.log10(posterior) - np.log10(1 - posterior)
    ours = np.concatenate(metrics.pav_log10_lr(same, different))
    posterior_of_ours = 1 / (1 + 10.0**-ours)
    np.testing.assert_allclose(posterior_of_ours, posterior, atol=1e-9)
    np.testing.assert_array_equal(np.isinf(ours), np.isinf(expected) | (np.abs(expected) > 12))


@given(any_llrs, any_llrs)
def test_cllr_min_is_the_cllr_of_pav(same, different):
    """What the blocks cost is what their LRs cost."""
    assert metrics.cllr_min(same, different) == pytest.approx(
        metrics.cllr(*metrics.pav_log10_lr(same, different)), abs=1e-9
    )


@given(any_llrs, any_llrs)
def test_pav_never_falls(same, different):
    """A higher value never gets a lower LR, not even by rounding."""
    values = np.concatenate([same, different])
    mapped = np.concatenate(metrics.pav_log10_lr(same, different))
    order = np.argsort(values, kind="stable")
    assert (mapped[order][1:] >= mapped[order][:-1]).all()


def test_order_measures_take_infinities_as_the_ends_of_the_order():
    """Any far value in their place gives the same."""
    same, different = [-1.0, 2.0, INF], [-INF, -2.0, 1.0]
    finite = [-1.0, 2.0, 9.0], [-9.0, -2.0, 1.0]
    assert metrics.cllr_min(same, different) == pytest.approx(metrics.cllr_min(*finite))
    assert metrics.eer(same, different) == pytest.approx(metrics.eer(*finite))


def test_separated_classes_cost_nothing_in_order():
    """Classes without overlap are told apart perfectly."""
    assert metrics.cllr_min([1.0, 2.0], [-1.0, 0.0]) == 0
    assert metrics.eer([1.0, 2.0], [-1.0, 0.0]) == 0


def test_reversed_classes_are_as_good_as_a_coin():
    """No rising map makes anything of values that point the wrong way."""
    assert metrics.cllr_min([-1.0, -2.0], [1.0, 2.0]) == pytest.approx(1)
    assert metrics.eer([-1.0, -2.0], [1.0, 2.0]) == pytest.approx(0.5)


@given(any_llrs, any_llrs)
def test_eer_is_the_bayes_error_of_the_worst_prior(same, different):
    """Of the hull, as Brümmer & de Villiers (2013) show: an independent way to the same number."""
    values, _ = stacked(same, different)
    thresholds = np.append(np.unique(values), np.inf)
    misses = np.array([np.mean(np.array(same) < t) for t in thresholds])
    false_alarms = np.array([np.mean(np.array(different) >= t) for t in thresholds])
    priors = np.linspace(0, 1, 2001)
    bayes_error = np.min(priors[:, None] * misses + (1 - priors[:, None]) * false_alarms, axis=1)
    assert metrics.eer(same, different) == pytest.approx(bayes_error.max(), abs=1e-3)


def test_hull_is_as_good_as_the_roc_at_every_prior():
    """The hull's best error equals that of scikit-learn's ROC."""
    same, different = normal_llrs(4)
    false_alarms, misses = metrics.roc_convex_hull(same, different)
    fpr, tpr, _ = roc_curve(*stacked(same, different)[::-1])
    for prior in np.linspace(0.01, 0.99, 99):
        best = np.min(prior * (1 - tpr) + (1 - prior) * fpr)
        assert np.min(prior * misses + (1 - prior) * false_alarms) == pytest.approx(best)
    assert (false_alarms[0], misses[0]) == (1, 0)
    assert (false_alarms[-1], misses[-1]) == (0, 1)


@given(
    tied_llrs.flatmap(lambda x: st.tuples(st.just(x), st.lists(st.integers(1, 3), min_size=len(x), max_size=len(x)))),
    tied_llrs.flatmap(lambda x: st.tuples(st.just(x), st.lists(st.integers(1, 3), min_size=len(x), max_size=len(x)))),
)
def test_a_weight_of_two_is_the_value_twice(same, different):
    """Weights are what a bootstrap's repeated draws come to."""
    repeated = [np.repeat(values, weights) for values, weights in (same, different)]
    for measure in (metrics.cllr, metrics.cllr_min, metrics.eer):
        weighted = measure(same[0], different[0], same[1], different[1])
        assert weighted == pytest.approx(measure(*repeated), abs=1e-12)


def test_a_weight_of_zero_leaves_the_value_out():
    """A speaker that was not drawn has no say."""
    for measure in (metrics.cllr, metrics.cllr_min, metrics.eer):
        kept = measure([1.0, 0.5], [-1.0, 0.7])
        assert measure([1.0, -3.0, 0.5], [4.0, -1.0, 0.7], [1, 0, 1], [0, 1, 1]) == pytest.approx(kept)


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 1.0], [0.0, 0.0], [float("nan"), 1.0]])
def test_weights_that_do_not_fit_are_refused(weights):
    """Wrong number, negative, all zero or NaN."""
    with pytest.raises(CalibrationError, match="weights"):
        metrics.cllr([1.0, 2.0], [0.0], weights)


@pytest.mark.parametrize("seed", range(8))
def test_dev_pav_agrees_with_lir(seed):
    """The Netherlands Forensic Institute's implementation gives the same number."""
    same, different = normal_llrs(seed, n_same=30, n_different=60, apart=1.0, decimals=6)
    expected = lir_devpav(*stacked(same, different))
    assert metrics.dev_pav(same, different) == pytest.approx(expected, rel=1e-6)


def test_dev_pav_grows_with_a_shift():
    """LRs ten times too large are one log10 unit off."""
    same, different = normal_llrs(5, n_same=2000, n_different=2000, apart=1.0, decimals=6)
    scale = 1 / np.log(10)  # unit-variance normals one apart have ln LR = x, so log10 LR = x / ln 10
    calibrated = metrics.dev_pav(same * scale, different * scale)
    assert calibrated < 0.15
    assert metrics.dev_pav(same * scale + 1, different * scale + 1) == pytest.approx(1, abs=0.15)


def test_dev_pav_of_separated_classes_is_refused_not_zero():
    """PAV is infinite everywhere, so there is no area to measure."""
    with pytest.raises(CalibrationError, match="undefined"):
        metrics.dev_pav([1.0, 2.0], [-1.0])


def test_dev_pav_is_infinite_where_an_infinite_lr_misled():
    """An infinite LR that was right does no harm."""
    assert metrics.dev_pav([-INF, 1.0, 2.0], [-1.0, 1.5]) == INF
    assert np.isfinite(metrics.dev_pav([INF, 1.0, 2.0], [-1.0, 1.5]))


def test_pav_agrees_with_lir():
    """The Netherlands Forensic Institute's implementation gives the same LRs."""
    same, different = normal_llrs(6)
    values, truth = stacked(same, different)
    expected = logodds_to_odds(IsotonicCalibrator().fit_transform(values, truth))
    ours = 10.0 ** np.concatenate(metrics.pav_log10_lr(same, different))
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)


@pytest.fixture(scope="module")
def agreement():
    """The benchmark that compares with lir and llreval."""
    path = Path(__file__).parents[2] / "benchmarks" / "metrics_agreement.py"
    spec = importlib.util.spec_from_file_location("metrics_agreement", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(path.parent))
        spec.loader.exec_module(module)
    return module


def test_all_measures_agree_with_lir_and_llreval_on_finite_sets(agreement):
    """To 1e-9: random, tied, tiny, all alike, the wrong way round, a hundred thousand."""
    worst, notes = agreement.compare(agreement.finite_sets(150, seed=3))
    assert not notes
    assert {name for name, _ in worst} == {"cllr", "cllr_min", "eer", "dev_pav", "ece", "pav", "hull"}
    assert {reference for _, reference in worst} == {"lir", "llreval"}
    assert max(worst.values()) < 1e-9


def test_with_infinities_only_the_dev_pav_of_lir_differs(agreement):
    """It says NaN where an infinite LR that misled makes the distance infinite."""
    worst, notes = agreement.compare(agreement.infinite_sets(300, seed=3))
    assert max(worst.values()) < 1e-9
    assert set(notes) <= {"dev_pav: ours inf, lir nan"}


def test_a_finite_lr_beyond_the_largest_number_costs_what_it_costs():
    """log10 LR -400 under H1 costs 400 log2(10) bits; an implementation that takes odds says infinity."""
    assert metrics.cllr([-400.0], [0.0]) == pytest.approx(0.5 * (400 * np.log2(10) + 1))


def test_the_det_curve_counts_errors_at_every_threshold():
    """A small case counted by hand: a tie is on neither side's favour."""
    false_alarms, misses = metrics.det_curve([1.0, 2.0], [0.0, 1.0])
    np.testing.assert_allclose(false_alarms, [1, 0.5, 0, 0])
    np.testing.assert_allclose(misses, [0, 0, 0.5, 1])


@given(any_llrs, any_llrs)
def test_the_hull_is_that_of_the_det_curve(same, different):
    """Its vertices are points of the curve, and no prior finds a smaller error on the one than on the other."""
    false_alarms, misses = metrics.det_curve(same, different)
    hull = metrics.roc_convex_hull(same, different)
    for vertex in zip(*hull, strict=True):
        assert np.min(np.abs(false_alarms - vertex[0]) + np.abs(misses - vertex[1])) < 1e-9
    prior = np.linspace(0, 1, 21)[:, None]
    on_curve = np.min(prior * misses + (1 - prior) * false_alarms, axis=1)
    np.testing.assert_allclose(np.min(prior * hull[1] + (1 - prior) * hull[0], axis=1), on_curve, atol=1e-9)


def test_the_zoo_averages_each_speaker_with_themselves_and_with_others():
    """Speaker 2 has no same-speaker comparison, so no place in the zoo."""
    animals = metrics.zoo([1.0, 3.0, -1.0], np.array([0, 0, 1]), [-2.0, -4.0], np.array([0, 1]), np.array([1, 2]))
    np.testing.assert_array_equal(animals.speaker, [0, 1])
    np.testing.assert_allclose(animals.same, [2, -1])
    np.testing.assert_allclose(animals.different, [-2, -3])


def test_the_zoo_refuses_what_has_no_mean():
    """An infinite log10 LR."""
    with pytest.raises(CalibrationError, match="infinite"):
        metrics.zoo([INF], np.array([0]), [-1.0], np.array([0]), np.array([1]))


def test_neutral_evidence_misleads_nobody():
    """A log10 LR of exactly 0 counts on neither side."""
    evidence = metrics.misleading_evidence([0.0, -1.0, 3.0, 2.0], [0.0, 1.5, -2.0])
    assert evidence == metrics.MisleadingEvidence(0.25, pytest.approx(1 / 3), -1.0, 1.5)


def test_tippett_gives_shares_at_or_above_each_value():
    """A small case counted by hand, infinity included."""
    thresholds, same, different = metrics.tippett([1.0, 2.0], [-1.0, 1.0, -INF])
    np.testing.assert_array_equal(thresholds, [-INF, -1, 1, 2])
    np.testing.assert_allclose(same, [1, 1, 1, 0.5])
    np.testing.assert_allclose(different, [1, 2 / 3, 1 / 3, 0])


def test_empirical_cross_entropy_at_even_odds_is_cllr():
    """Far from even odds nothing is left to find out."""
    same, different = normal_llrs(7)
    bits = metrics.empirical_cross_entropy(same, different, [-8.0, 0.0, 8.0])
    assert bits[1] == pytest.approx(metrics.cllr(same, different))
    assert bits[[0, 2]] == pytest.approx(0, abs=1e-5)
