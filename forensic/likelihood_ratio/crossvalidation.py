"""log10 LRs of the reference pairs themselves, from calibrations that never saw either speaker."""

import numpy as np
from numpy.typing import NDArray

from forensic.likelihood_ratio.calibrators import Calibrator, fit_logistic
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.score_map import log10_lr_by_map
from forensic.records import Vector

FOLDS = 10


def folds_of(speakers: int, folds: int, seed: int) -> NDArray[np.intp]:
    """The fold of each speaker, shape (speakers,), by seed; sizes of folds differ by one at most.

    Args:
        speakers: how many.
        folds: how many at most; no fold is empty.
        seed: of the shuffle.
    """
    return np.random.default_rng(seed).permutation(np.arange(speakers) % min(folds, speakers))


def cross_validate(
    pairs: Pairs, seed: int, folds: int = FOLDS, calibrator: Calibrator = fit_logistic
) -> tuple[Vector, Vector]:
    """Cross-validated log10 LRs: each pair is calibrated on other speakers than its own two.

    Speakers, not pairs, are split; for a pair of speakers in folds f and g, the calibration rests on all
    pairs among the speakers of the other folds. That takes folds * (folds + 1) / 2 fits (55 for 10), in which
    different-speaker scores are binned (see ``calibration.fit_by_speaker``). Where a fit finds nothing in the
    scores, its log10 LRs are 0.

    Args:
        pairs: the scored pairs.
        seed: of the split.
        folds: number of folds; no more than there are speakers.
        calibrator: fits the maps.

    Returns:
        log10 LRs of the same-speaker pairs, shape (n_same,), and of the different-speaker pairs, shape
        (n_different,).

    Raises:
        CalibrationError: if leaving two folds out leaves no pairs of one kind.
    """
    fold = folds_of(pairs.speakers, folds, seed)
    count = int(fold.max()) + 1
    first, second = np.triu_indices(count)
    kept = ((fold != first[:, None]) & (fold != second[:, None])).astype(np.float64)
    number = np.zeros((count, count), dtype=np.intp)
    number[first, second] = number[second, first] = np.arange(len(first))
    maps = calibrator(pairs, kept)
    same = number[fold[pairs.same_speaker], fold[pairs.same_speaker]]
    different = number[fold[pairs.different_known], fold[pairs.different_questioned]]
    return (
        log10_lr_by_map(maps, same, pairs.same_scores),
        log10_lr_by_map(maps, different, pairs.different_scores),
    )
