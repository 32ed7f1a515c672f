"""Lists of scores: calibrated on other speakers only, bounded by what so many support."""

import numpy as np
import polars as pl
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.scored import bounded, calibrate_left_out


def score_list(pairs):
    """Pairs as a list of scores, shuffled."""
    same = {"score": pairs.same_scores, "speaker_known": pairs.same_speaker, "speaker_questioned": pairs.same_speaker}
    different = {
        "score": pairs.different_scores,
        "speaker_known": pairs.different_known,
        "speaker_questioned": pairs.different_questioned,
    }
    frame = pl.concat(
        [pl.DataFrame(part).with_columns(same_speaker=pl.lit(part is same)) for part in (same, different)]
    )
    names = [pl.format("s{}", pl.col(name)).alias(name) for name in ("speaker_known", "speaker_questioned")]
    return frame.with_columns(names).sample(fraction=1, shuffle=True, seed=1)


def test_log10_lrs_come_in_the_order_of_the_list_and_are_right(simulate_pairs):
    """Scores are normal with variance 1 and means 0 and 2.5, so the true log10 LR is known."""
    scores = score_list(simulate_pairs(60, 2.5, 1))
    ratios = calibrate_left_out(scores, seed=1)
    true = (2.5 * scores["score"].to_numpy() - 2.5**2 / 2) / np.log(10)
    assert np.corrcoef(ratios.unbounded_log10_lr, true)[0, 1] > 0.99
    assert np.abs(ratios.unbounded_log10_lr - true).mean() < 0.5
    assert np.array_equal(ratios.log10_lr, np.clip(ratios.unbounded_log10_lr, *ratios.bounds))
    assert ratios.bounds[1] <= np.log10(60 + 1) + 0.01


def test_a_speakers_own_scores_take_no_part_in_their_lr(simulate_pairs):
    """A wild score moves the LRs of others, never of its own two speakers' other comparisons."""
    scores = score_list(simulate_pairs(20, 2.5, 2))
    before = calibrate_left_out(scores, seed=1).unbounded_log10_lr
    of_s3 = (pl.col("speaker_known") == "s3") & (pl.col("speaker_questioned") == "s3")
    wild = scores.with_columns(pl.when(of_s3).then(-6.0).otherwise(pl.col("score")).alias("score"))
    after = calibrate_left_out(wild, seed=1).unbounded_log10_lr
    touches = scores.select((pl.col("speaker_known") == "s3") | (pl.col("speaker_questioned") == "s3")).to_series()
    unmoved = (touches & ~scores.select(of_s3).to_series()).to_numpy()
    assert np.allclose(before[unmoved], after[unmoved], atol=0.03)  # fits count scores in bins
    assert np.abs(before - after)[~touches.to_numpy()].max() > 0.1


@pytest.mark.parametrize("is_same", [True, False])
def test_one_kind_alone_is_refused(simulate_pairs, is_same):
    scores = score_list(simulate_pairs(20, 2.5, 3)).filter(pl.col("same_speaker") == is_same)
    with pytest.raises(CalibrationError):
        calibrate_left_out(scores, seed=1)
    with pytest.raises(CalibrationError, match="one kind"):
        bounded(scores["score"].to_numpy(), scores["same_speaker"].to_numpy(), 20)


def test_infinite_scores_cannot_be_calibrated_but_infinite_lrs_are_bounded(simulate_pairs):
    scores = score_list(simulate_pairs(20, 2.5, 4))
    values = scores["score"].to_numpy().copy()
    values[0] = np.inf
    with pytest.raises(CalibrationError, match="infinite"):
        calibrate_left_out(scores.with_columns(score=values), seed=1)
    assert np.isfinite(bounded(values, scores["same_speaker"].to_numpy(), 20).log10_lr).all()
