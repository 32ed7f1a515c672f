"""The calibrators, from score to log10 LR: all are fitted to the same pairs with weights by speaker, as maps on knots.

``logistic``
    Regularised logistic regression, a straight line (``forensic.likelihood_ratio.calibration``). The default: two
    parameters change little from one set of reference speakers to another.
``bi-gaussianized``
    Scores are warped so that the log LRs of the two classes become two normal distributions of equal variance, as far
    apart as those of a perfectly calibrated system with the same Cllr: N(v/2, v) and N(-v/2, v) for ln LR. The warp
    maps the cumulative distribution of both classes together, each weighing one half, to that of the two normal
    distributions. Cllr is that of the logistic regression on the same pairs. It follows curved relations between score
    and LR, and always rises.
``kde``
    The ratio of two Gaussian kernel densities, Silverman's bandwidth, as in ``lir.algorithms.kde``. It need not
    rise: it may fall where there are few scores.
``pav``
    Pool adjacent violators, as in ``lir.algorithms.isotonic_regression``: steps. It fits the given pairs best, so it
    needs the most of them.

The last three are fitted to shares of each class at equally spaced knots over the range of the scores; beyond it they
keep their values at the ends. ``kde`` and ``pav`` would give infinite LRs where one class has no score. Like the
logistic regression, they are mixed with a pseudo-speaker whose scores carry no information, but a whole one: with N
speakers, each class is diluted by 0.5 / (N + 1) of the other, so that no LR is above 2 N + 1. (lir can neither weigh
pairs by speaker, which the bootstrap and cross-validation need, nor dilute; the tests compare the undiluted maps with
lir's.)

Sources: Morrison (2024), "Bi-Gaussianized calibration of likelihood ratios", Law, Probability and Risk 23:mgae004;
Silverman (1986), Density Estimation, eq. 3.28 with the factor 1.06; Brümmer & du Preez (2006), Computer Speech &
Language 20:230-275 (PAV).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.calibration import LIMIT_PSEUDO_SPEAKERS, PSEUDO_SPEAKERS, fit_by_speaker
from forensic.likelihood_ratio.metrics import LN10, cost_bits, pav_blocks
from forensic.likelihood_ratio.pairs import Pairs, different_weights_by_group, same_weights
from forensic.records import ScoreMaps, Vector

Index = NDArray[np.intp]
Matrix = NDArray[np.float64]

Calibrator: TypeAlias = Callable[[Pairs, Matrix], ScoreMaps]
"""From pairs and speaker weights (n_fits, speakers), 0 or more, to a map for each row of weights."""

LOGISTIC = "logistic"
KNOTS = 513

DILUTING_SPEAKERS = 1.0
"""How many pseudo-speakers, whose scores carry no information, ``kde`` and ``pav`` are mixed with."""

_QUADRATURE = 2001
_REACH = 9.0  # standard deviations, beyond which a normal distribution has no weight
_DEVIATIONS = np.linspace(0.02, 14.0, 700)  # of ln LR, where Cllr falls from 1 to 1e-6


def fit_logistic(pairs: Pairs, speaker_weights: Matrix, pseudo_speakers: float = PSEUDO_SPEAKERS) -> ScoreMaps:
    """Straight lines; their knots are the scores 0 and 1.

    Args:
        pairs: the scored pairs.
        speaker_weights: shape (n_fits, speakers), 0 or more.
        pseudo_speakers: how strong the regularisation is, above 0.

    Raises:
        CalibrationError: if a row of weights leaves a class without pairs.
    """
    slope, intercept = fit_by_speaker(pairs, speaker_weights, pseudo_speakers).T
    return ScoreMaps(LOGISTIC, 0.0, 1.0, np.column_stack([intercept, intercept + slope]), goes_on=True)


def fit_bi_gaussianized(pairs: Pairs, speaker_weights: Matrix, pseudo_speakers: float = PSEUDO_SPEAKERS) -> ScoreMaps:
    """Warps to two normal distributions, as far apart as the logistic regression's Cllr says.

    Args:
        pairs: as in ``fit_logistic``.
        speaker_weights: as in ``fit_logistic``.
        pseudo_speakers: of the logistic regression.

    Raises:
        CalibrationError: as in ``fit_logistic``.
    """
    from scipy.special import ndtr  # takes half a second, which the default calibrator need not wait for

    shares = _shares(pairs, speaker_weights)
    slope, intercept = fit_by_speaker(pairs, speaker_weights, pseudo_speakers).T
    linear = intercept[:, None] + slope[:, None] * shares.scores
    cllr = 0.5 * (shares.same * cost_bits(linear)).sum(axis=1)
    cllr += 0.5 * (shares.different * cost_bits(-linear)).sum(axis=1)
    deviation = np.interp(-cllr, -_cllr_of_deviation(), _DEVIATIONS)  # Cllr falls where the deviation rises
    together = 0.5 * (shares.same + shares.different)
    cumulative = np.cumsum(together, axis=1) - 0.5 * together
    grid = np.linspace(-1, 1, _QUADRATURE)
    log10_lr = np.empty_like(together)
    for row, (sigma, below, share) in enumerate(zip(deviation, cumulative, together, strict=True)):
        ln_lr = grid * (sigma**2 / 2 + _REACH * sigma)
        target = 0.5 * (ndtr((ln_lr - sigma**2 / 2) / sigma) + ndtr((ln_lr + sigma**2 / 2) / sigma))
        used = np.flatnonzero(share)  # linear between scores that occur, without a step at each
        warped = np.interp(below[used], target, ln_lr)
        log10_lr[row] = np.interp(np.arange(len(share)), used, warped) / LN10
    return shares.maps("bi-gaussianized", log10_lr)


def fit_kde(pairs: Pairs, speaker_weights: Matrix) -> ScoreMaps:
    """Ratios of kernel densities; the bandwidths are those of all pairs.

    Args:
        pairs: as in ``fit_logistic``.
        speaker_weights: as in ``fit_logistic``.

    Raises:
        CalibrationError: as in ``fit_logistic``.
    """
    shares = _shares(pairs, speaker_weights)
    same = _smoothed(shares.same, pairs.same_scores, shares)
    different = _smoothed(shares.different, pairs.different_scores, shares)
    same, different = _diluted(same, different, speaker_weights)
    tiny = np.finfo(float).tiny  # far from both classes both densities vanish, and the ratio says nothing
    return shares.maps("kde", np.log10(same + tiny) - np.log10(different + tiny))


def fit_pav(pairs: Pairs, speaker_weights: Matrix) -> ScoreMaps:
    """The best rising steps.

    Args:
        pairs: as in ``fit_logistic``.
        speaker_weights: as in ``fit_logistic``.

    Raises:
        CalibrationError: as in ``fit_logistic``.
    """
    shares = _shares(pairs, speaker_weights)
    same, different = _diluted(shares.same, shares.different, speaker_weights)
    log10_lr = np.empty_like(same)
    for row in range(len(same)):
        blocks = pav_blocks(same[row], different[row])
        used = np.flatnonzero(same[row] + different[row])
        steps = blocks.log10_lr[np.searchsorted(blocks.starts, used, side="right") - 1]
        log10_lr[row] = np.interp(np.arange(same.shape[1]), used, steps)
    return shares.maps("pav", log10_lr)


CALIBRATORS: Mapping[str, Calibrator] = {
    LOGISTIC: fit_logistic,
    "bi-gaussianized": fit_bi_gaussianized,
    "kde": fit_kde,
    "pav": fit_pav,
}
"""The calibrators by their name in the setting ``comparison.calibrator``."""

LIMITS: Mapping[str, Calibrator] = {
    LOGISTIC: partial(fit_logistic, pseudo_speakers=LIMIT_PSEUDO_SPEAKERS),
    "bi-gaussianized": partial(fit_bi_gaussianized, pseudo_speakers=LIMIT_PSEUDO_SPEAKERS),
    "kde": fit_kde,
    "pav": fit_pav,
}
"""The same with hardly any shrinkage, for intervals: the map that each would approach with ever more speakers."""


def cellwise(calibrator: str) -> str:
    """The calibrator of a single list of scores: the logistic regression where the joint fit is chosen.

    Args:
        calibrator: the setting ``comparison.calibrator``.
    """
    return calibrator if calibrator in CALIBRATORS else LOGISTIC


@dataclass(frozen=True, slots=True, eq=False)
class _Shares:
    """How the weight of each class is spread over the knots.

    Attributes:
        start, step: of the knots.
        scores: at the knots, shape (KNOTS,).
        same, different: share of the class at each knot, shape (n_fits, KNOTS), each row with the sum 1.
    """

    start: float
    step: float
    scores: Vector
    same: Matrix
    different: Matrix

    def maps(self, calibrator: str, log10_lr: Matrix) -> ScoreMaps:
        return ScoreMaps(calibrator, self.start, self.step, log10_lr, goes_on=False)


def _shares(pairs: Pairs, speaker_weights: Matrix) -> _Shares:
    every = np.concatenate([pairs.same_scores, pairs.different_scores])
    start = float(every.min())
    step = (float(every.max()) - start) / (KNOTS - 1) or 1.0  # if all scores are equal, any distance of knots will do
    same_knot, different_knot = (
        np.rint((scores - start) / step).astype(np.intp) for scores in (pairs.same_scores, pairs.different_scores)
    )
    same = np.zeros((len(speaker_weights), KNOTS))
    np.add.at(same.T, same_knot, same_weights(pairs, speaker_weights).T)
    occupied, group = np.unique(different_knot, return_inverse=True)
    different = np.zeros_like(same)
    different[:, occupied] = different_weights_by_group(pairs, speaker_weights, group)
    totals = same.sum(axis=1), different.sum(axis=1)
    if min(totals[0].min(), totals[1].min()) <= 0:
        raise CalibrationError(
            "There are too few speakers: with some left out, no pairs of one kind remain.",
            "Use more speakers of the relevant population, several of each corpus.",
        )
    scores: Vector = start + step * np.arange(KNOTS, dtype=np.float64)
    return _Shares(start, step, scores, same / totals[0][:, None], different / totals[1][:, None])


def _diluted(same: Matrix, different: Matrix, speaker_weights: Matrix) -> tuple[Matrix, Matrix]:
    """Each class with the part of the other that the pseudo-speaker adds."""
    speakers = speaker_weights.sum(axis=1)[:, None]
    swapped = 0.5 * DILUTING_SPEAKERS / (speakers + DILUTING_SPEAKERS)
    return (1 - swapped) * same + swapped * different, (1 - swapped) * different + swapped * same


def _smoothed(shares: Matrix, scores: Vector, of: _Shares) -> Matrix:
    """Kernel density at the knots, shape (n_fits, KNOTS)."""
    spread = float(scores.std()) or of.step
    bandwidth = spread * (4 / 3 / len(scores)) ** 0.2
    distance = (of.scores[:, None] - of.scores) / bandwidth
    kernel: Matrix = np.exp(-0.5 * distance**2) / (bandwidth * np.sqrt(2 * np.pi))
    return shares @ kernel


@cache
def _cllr_of_deviation() -> Vector:
    """Cllr of a perfectly calibrated system whose ln LRs have these standard deviations, shape as ``_DEVIATIONS``."""
    unit = np.linspace(-_REACH, _REACH, _QUADRATURE)
    density = np.exp(-0.5 * unit**2)
    density /= density.sum()
    ln_lr = _DEVIATIONS[:, None] ** 2 / 2 + _DEVIATIONS[:, None] * unit
    cost: Vector = cost_bits(ln_lr / LN10) @ density
    return cost
