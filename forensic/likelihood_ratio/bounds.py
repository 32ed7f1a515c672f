"""How large a log10 LR the reference speakers can support: empirical lower and upper bounds (ELUB).

A fitted line gives ever larger LRs to ever more extreme scores, but beyond the range of the data this is
extrapolation. ELUB adds to each class misleading LRs that the sample happened not to contain. It then asks for
which thresholds t on the LR a decision by "accept H1 if LR > t" costs less than a decision without the LRs. The
bounds are where this is no longer so.

How many to add. The original adds *one LR* to each class, which suits independent LRs. Here 200 speakers make
tens of thousands of different-speaker pairs, which are far from independent: one unusual voice is in hundreds
of them. Adding one pair would let an LR reach 30,000 with only 200 people. So by default *one misleading speaker* is
added: as many LRs as one speaker contributes on average (n / N of n pairs). Bounds then never pass log10(N + 1) on
either side: with N reference speakers no LR above N + 1 is reported. This is stricter than the original, on purpose;
``comparison.bounds = "pair"`` chooses the original.

The results are those of ``lir.algorithms.bayeserror.elub`` (the tests compare the two), calculated by counting in
sorted values: lir's function needs a matrix of pairs by thresholds, 0.7 GB for 60,000 pairs, adds the same number
to both classes, and clips the caller's array in place.

Source: Vergeer, van Es, de Jongh, Alberink & Stoel (2016), Science & Justice 56:482-491.
"""

import numpy as np
from numpy.typing import ArrayLike

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.inputs import checked
from forensic.settings import Added

STEP_LOG10 = 0.01
"""Accuracy of the bounds."""


def lr_bounds(
    same_speaker_log10_lr: ArrayLike,
    different_speaker_log10_lr: ArrayLike,
    added: Added,
    speakers: int,
    repeated: int | None = None,
) -> tuple[float, float]:
    """ELUB with one misleading speaker, or one misleading pair, added to each class.

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,); infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,).
        added: "speaker" or "pair".
        speakers: how many speakers they come from.
        repeated: how many of them have same-speaker LRs; None: all.

    Returns:
        The smallest and the largest log10 LR that the data support; 0 on a side where they support none.

    Raises:
        CalibrationError: if either set is empty or holds NaN, or there are no speakers.
    """
    if speakers < 1:
        raise CalibrationError("Bounds need the number of speakers.", "Give the number of speakers of the pairs.")
    same = checked(same_speaker_log10_lr, "same-speaker log10 LRs")
    different = checked(different_speaker_log10_lr, "different-speaker log10 LRs")
    if added == "pair":
        return elub(same, different)
    return elub(same, different, max(1.0, len(same) / (repeated or speakers)), max(1.0, len(different) / speakers))


def elub(
    same_speaker_log10_lr: ArrayLike,
    different_speaker_log10_lr: ArrayLike,
    same_added: float = 1.0,
    different_added: float = 1.0,
) -> tuple[float, float]:
    """Empirical lower and upper bound of log10 LRs.

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,); infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,).
        same_added: how many LRs of 0 to add where H1 is true, above 0.
        different_added: how many infinite LRs to add where H2 is true, above 0.

    Returns:
        Lower bound, 0 or less, and upper bound, 0 or more; 0 on a side where the data support no LR.

    Raises:
        CalibrationError: if either set is empty or holds NaN.

    Source: Vergeer et al. (2016), Science & Justice 56:482-491.
    """
    same = np.sort(checked(same_speaker_log10_lr, "same-speaker log10 LRs"))
    different = np.sort(checked(different_speaker_log10_lr, "different-speaker log10 LRs"))
    lowest = max(min(same[0], different[0]), -np.log10(len(same) / same_added + 1))
    highest = min(max(same[-1], different[-1]), np.log10(len(different) / different_added + 1))
    steps_down = min(0, int(np.floor_divide(lowest, STEP_LOG10)))
    steps_up = max(0, int(np.floor_divide(highest, STEP_LOG10)) + 1)
    log10_threshold = np.arange(steps_down, steps_up + 1) * STEP_LOG10
    threshold = 10**log10_threshold
    accepted_same = len(same) - np.searchsorted(same, log10_threshold, side="right")
    accepted_different = len(different) - np.searchsorted(different, log10_threshold, side="right")
    cost = (
        1
        - accepted_same / (len(same) + same_added)
        + threshold * (accepted_different + different_added) / (len(different) + different_added)
    )
    worse = np.minimum(threshold, 1.0) / cost < 1  # where the LRs cost more than a decision without them
    too_low = log10_threshold[(log10_threshold <= 0) & worse]
    too_high = log10_threshold[(log10_threshold >= 0) & worse]
    lower = np.max(too_low + STEP_LOG10, initial=log10_threshold[0])
    upper = np.min(too_high - STEP_LOG10, initial=log10_threshold[-1])
    return min(float(lower), 0.0), max(float(upper), 0.0)
