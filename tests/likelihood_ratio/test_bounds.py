"""Empirical bounds, against lir."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lir.algorithms.bayeserror import elub as lir_elub

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.bounds import elub, lr_bounds

INF = float("inf")


@pytest.mark.parametrize("seed", range(20))
def test_elub_agrees_with_lir(seed):
    """Same arithmetic, other bookkeeping."""
    rng = np.random.default_rng(seed)
    apart = rng.uniform(0, 4)
    same = rng.normal(apart, rng.uniform(0.5, 2), rng.integers(5, 200))
    different = rng.normal(-apart, rng.uniform(0.5, 2), rng.integers(5, 2000))
    truth = np.repeat([1, 0], [len(same), len(different)])
    expected = lir_elub(np.concatenate([same, different]), truth)
    assert elub(same, different) == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(st.floats(-8, 8), min_size=1, max_size=40),
    st.lists(st.floats(-8, 8), min_size=1, max_size=40),
    st.integers(1, 60),
)
def test_bounds_never_pass_one_more_than_the_number_of_speakers(same, different, speakers):
    """Whatever the LRs are."""
    lower, upper = lr_bounds(same, different, "speaker", speakers)
    assert -np.log10(speakers + 1) - 0.01 <= lower <= 0 <= upper <= np.log10(speakers + 1) + 0.01


def test_one_misleading_speaker_bounds_harder_than_one_misleading_pair():
    """40,000 pairs of 200 speakers are not 40,000 people."""
    rng = np.random.default_rng(1)
    same, different = rng.normal(3, 1, 400), rng.normal(-3, 1, 40_000)
    lower, upper = lr_bounds(same, different, "speaker", 200)
    wide_lower, wide_upper = lr_bounds(same, different, "pair", 200)
    assert wide_lower < lower < 0 < upper < wide_upper
    assert upper <= np.log10(201) + 0.01


def test_misleading_evidence_narrows_the_bounds():
    """One different-speaker pair in twenty at LR 100 is too many."""
    rng = np.random.default_rng(2)
    same, different = rng.normal(3, 1, 100), rng.normal(-3, 1, 5000)
    misled = np.concatenate([different, np.full(250, 2.0)])
    assert lr_bounds(same, misled, "speaker", 100)[1] < lr_bounds(same, different, "speaker", 100)[1]


def test_lrs_that_say_nothing_support_nothing():
    """Neither do LRs that point the wrong way."""
    assert elub(np.zeros(50), np.zeros(50)) == pytest.approx((0, 0), abs=0.02)
    assert lr_bounds([-2.0] * 50, [2.0] * 50, "speaker", 50) == (0, 0)


def test_infinities_are_bounded_and_the_callers_values_kept():
    """Three speakers support no more than an LR of four."""
    same, different = np.array([INF, 20.0, 3.0]), np.array([-INF, -20.0, -3.0])
    lower, upper = elub(same, different)
    assert -1 < lower < 0 < upper < 1
    np.testing.assert_array_equal(same, [INF, 20.0, 3.0])


@pytest.mark.parametrize(("same", "different"), [([], [1.0]), ([1.0], []), ([float("nan")], [0.0])])
def test_empty_and_nan_are_refused(same, different):
    """Bounds of nothing would be no bounds."""
    with pytest.raises(CalibrationError):
        elub(same, different)


def test_bounds_without_speakers_are_refused():
    """The number of pairs is no substitute."""
    with pytest.raises(CalibrationError, match="number of speakers"):
        lr_bounds([1.0], [-1.0], "speaker", 0)
