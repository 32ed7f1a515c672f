"""Calibration of a list of scores whose truth is known, each on speakers other than its own."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.bounds import lr_bounds
from forensic.likelihood_ratio.calibrators import Calibrator, fit_logistic
from forensic.likelihood_ratio.crossvalidation import cross_validate
from forensic.likelihood_ratio.pairs import Pairs
from forensic.records import Vector

MOST_FOLDS = 100
"""With more speakers than this, a hundredth of them is left out at a time instead of one."""


@dataclass(frozen=True, slots=True, eq=False)
class BoundedLrs:
    """log10 LRs in the order of a list of scores.

    Attributes:
        log10_lr: within the bounds, shape (n,).
        unbounded_log10_lr: shape (n,).
        bounds: the smallest and the largest log10 LR that so many speakers support.
    """

    log10_lr: Vector
    unbounded_log10_lr: Vector
    bounds: tuple[float, float]


def pairs_of(scores: pl.DataFrame) -> tuple[Pairs, tuple[str, ...]]:
    """A list of scores as pairs, and the speakers by number.

    Args:
        scores: columns score, same_speaker, speaker_known and speaker_questioned.

    Raises:
        CalibrationError: if a kind of comparison is missing, or a score is infinite.
    """
    names = sorted({*scores["speaker_known"], *scores["speaker_questioned"]})
    number = {name: index for index, name in enumerate(names)}
    known, questioned = (
        np.array([number[name] for name in scores[side]], dtype=np.intp)
        for side in ("speaker_known", "speaker_questioned")
    )
    is_same, score = scores["same_speaker"].to_numpy(), scores["score"].to_numpy()
    pairs = Pairs(
        same_scores=score[is_same],
        same_speaker=known[is_same],
        different_scores=score[~is_same],
        different_known=known[~is_same],
        different_questioned=questioned[~is_same],
        speakers=len(names),
    )
    return pairs, tuple(names)


def calibrate_left_out(scores: pl.DataFrame, seed: int, calibrator: Calibrator = fit_logistic) -> BoundedLrs:
    """Leave-one-speaker-out: each score is calibrated on comparisons in which neither of its speakers takes part.

    The bounds are those of all these LRs together.

    Args:
        scores: columns score, same_speaker, speaker_known and speaker_questioned.
        seed: of the split, where there are more than ``MOST_FOLDS`` speakers.
        calibrator: fits the maps.

    Raises:
        CalibrationError: as in ``pairs_of``, or if no comparison of one kind remains without two of the speakers.
    """
    pairs, names = pairs_of(scores)
    same, different = cross_validate(pairs, seed, min(len(names), MOST_FOLDS), calibrator)
    is_same = scores["same_speaker"].to_numpy()
    unbounded = np.empty(len(scores))
    unbounded[is_same], unbounded[~is_same] = same, different
    return bounded(unbounded, is_same, len(names))


def bounded(log10_lr: Vector, is_same: np.ndarray, speakers: int) -> BoundedLrs:
    """log10 LRs with the bounds that they themselves support.

    Args:
        log10_lr: shape (n,), infinities are allowed.
        is_same: where H1 is true, shape (n,).
        speakers: how many speakers they come from.

    Raises:
        CalibrationError: if a kind of comparison is missing, or a value is NaN.
    """
    if is_same.all() or not is_same.any():
        raise CalibrationError("There are comparisons of one kind only.", "Add same- or different-speaker comparisons.")
    bounds = lr_bounds(log10_lr[is_same], log10_lr[~is_same], "speaker", speakers)
    return BoundedLrs(np.clip(log10_lr, *bounds), log10_lr, bounds)
