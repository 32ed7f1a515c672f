"""Cross-validation by speaker."""

import dataclasses

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.calibration import fit
from forensic.likelihood_ratio.crossvalidation import cross_validate, folds_of
from forensic.likelihood_ratio.metrics import cllr


def test_folds_differ_in_size_by_one_at_most_and_follow_the_seed():
    """23 speakers in 10 folds."""
    fold = folds_of(23, 10, 5)
    assert sorted(np.bincount(fold)) == [2] * 7 + [3] * 3
    np.testing.assert_array_equal(fold, folds_of(23, 10, 5))
    assert (fold != folds_of(23, 10, 6)).any()


def test_fewer_speakers_than_folds_are_left_out_one_by_one():
    """No fold is empty."""
    assert sorted(folds_of(6, 10, 1)) == list(range(6))


def test_neither_speaker_of_a_pair_takes_part_in_its_fit(simulate_pairs):
    """Each pair's log10 LR equals that of a fit on the pairs among the speakers of the other folds."""
    pairs = simulate_pairs(20, 2.0, 1)
    fold = folds_of(20, 4, 9)
    same, different = cross_validate(pairs, 9, folds=4)

    def expected(score, left_out):
        kept = ~np.isin(fold, left_out)
        among = kept[pairs.different_known] & kept[pairs.different_questioned]
        slope, intercept = fit(
            pairs.same_scores[kept[pairs.same_speaker]], pairs.different_scores[among], int(kept.sum())
        )
        return intercept + slope * score

    for index in range(20):
        assert same[index] == pytest.approx(expected(pairs.same_scores[index], [fold[index]]), abs=0.005)
    for index in range(0, 380, 19):
        folds = [fold[pairs.different_known[index]], fold[pairs.different_questioned[index]]]
        assert different[index] == pytest.approx(expected(pairs.different_scores[index], folds), abs=0.005)


def test_changing_a_speaker_leaves_the_map_of_its_own_pairs_alone(simulate_pairs):
    """Its log10 LR moves along one and the same line."""
    pairs = simulate_pairs(20, 2.0, 2)
    moved = pairs.same_scores.copy()
    moved[7] -= 0.5
    before, _ = cross_validate(pairs, 3)
    after, _ = cross_validate(dataclasses.replace(pairs, same_scores=moved), 3)
    slope_of_own_map = (before[7] - after[7]) / 0.5
    other, _ = cross_validate(dataclasses.replace(pairs, same_scores=np.where(np.arange(20) == 7, moved - 2, moved)), 3)
    assert (after[7] - other[7]) / 2 == pytest.approx(slope_of_own_map)


def test_held_out_cllr_is_no_better_than_the_fit_on_itself(simulate_pairs):
    """Judging a map on its own data flatters it."""
    pairs = simulate_pairs(30, 2.0, 4)
    slope, intercept = fit(pairs.same_scores, pairs.different_scores, 30)
    itself = cllr(intercept + slope * pairs.same_scores, intercept + slope * pairs.different_scores)
    assert cllr(*cross_validate(pairs, 1)) > itself


def test_too_few_speakers_are_refused(simulate_pairs):
    """The setting's least number counts."""
    with pytest.raises(CalibrationError, match="too few speakers"):
        cross_validate(simulate_pairs(3, 3.0, 1), 1)
