r"""From score to log10 LR: regularised logistic regression with two parameters.

The log-odds of "same speaker" are modelled as a straight line of the score, fitted with each class weighing
one half whatever its size. Prior odds are then 1, so the fitted log-odds are the log LR::

    log10 LR = intercept + slope * score

Regularisation. Unregularised, the slope grows without limit as the classes come apart, and any slope from a
small sample is too steep on average: it overstates the evidence. Here the training data are mixed with *a tenth
of a pseudo-speaker* who says nothing: with N speakers and ``PSEUDO_SPEAKERS`` = p, the scores of each class are
diluted by p parts in N + p of a pool that holds both classes in equal shares. Each score so counts for its own
class with 1 - q and for the other with q = 0.5 p / (N + p). Three properties follow:

- Perfectly separated data give a finite map, whose log10 LRs lie about log10(2 N / p + 1) at the typical scores
  of a class.
- The shrinkage is toward LR = 1, fades as 1 / N, and does not depend on the unit or the origin of the score.
- The slope is positive exactly where the mean same-speaker score is above the mean different-speaker score.

N counts speakers, not pairs: pairs that share a speaker say less than as many independent ones. How strong the
shrinkage should be was chosen by the cross-validated Cllr over all cells of the shipped population
(``benchmarks/calibration_cells.py --regularisation``): a tenth of a pseudo-speaker is the best in the mean and in most
cells; a whole one costs more Cllr than it saves wherever same- and different-speaker scores lie far apart. How far LRs
may go is for ``forensic.likelihood_ratio.bounds`` to say.

Sources: logistic-regression calibration, Brümmer & du Preez (2006), Computer Speech & Language 20:230-275,
and Morrison (2013), Australian Journal of Forensic Sciences 45:173-197. Shrinking LRs toward 1 because
samples are small: Morrison & Poh (2018), Science & Justice 58:200-218; the form above is ours, in the same
spirit.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.inputs import checked, shares
from forensic.likelihood_ratio.metrics import LN10
from forensic.likelihood_ratio.pairs import Pairs, different_weights_by_group, same_weights
from forensic.records import Vector

Index = NDArray[np.intp]
Matrix = NDArray[np.float64]

PSEUDO_SPEAKERS = 0.1
"""How many speakers who say nothing are mixed into the training data."""

LIMIT_PSEUDO_SPEAKERS = 0.01
"""The same where the map that an unlimited population would give is sought, for intervals: as few as keep fits to
separate classes finite."""

BINS_PER_DEVIATION = 64
"""In many fits at once, each different-speaker score moves by less than a standard deviation over this."""

_HIGHEST_SHARE = 0.02
_FINER = 32
_CHUNK = 500_000
_MAX_STEPS = 100
_MAX_HALVINGS = 40
_GRADIENT = 1e-9
_SURE, _SHORT = 1e-3, 0.5  # a Newton step that promises to gain less and is shorter descends; only others are checked


def apply(slope: float, intercept: float, scores: Vector) -> Vector:
    """log10 LRs of scores, shape as given: intercept + slope * score.

    Args:
        slope: log10 LR per unit of score.
        intercept: log10 LR of score 0.
        scores: any shape.
    """
    return intercept + slope * scores


def fit(
    same_speaker_scores: ArrayLike,
    different_speaker_scores: ArrayLike,
    speakers: float,
    same_speaker_weights: ArrayLike | None = None,
    different_speaker_weights: ArrayLike | None = None,
    pseudo_speakers: float = PSEUDO_SPEAKERS,
) -> tuple[float, float]:
    """Slope and intercept of log10 LR over score; exact, on every score.

    Args:
        same_speaker_scores: shape (n_same,), finite, higher is more alike.
        different_speaker_scores: shape (n_different,), finite.
        speakers: number of speakers that the scores come from, which sets the regularisation.
        same_speaker_weights: what each score weighs within its class, 0 or more; None: equal.
        different_speaker_weights: the same.
        pseudo_speakers: how strong the regularisation is, above 0.

    Returns:
        log10 LR per unit of score (above 0), and log10 LR at score 0.

    Raises:
        CalibrationError: if a class is empty, a score is not finite, or same-speaker scores are on average no
            higher than different-speaker scores, so that the scores carry nothing.
    """
    same = checked(same_speaker_scores, "same-speaker scores", finite=True)
    different = checked(different_speaker_scores, "different-speaker scores", finite=True)
    slope, intercept = fit_many(
        same,
        shares(same_speaker_weights, len(same), "same-speaker scores")[None],
        different,
        shares(different_speaker_weights, len(different), "different-speaker scores")[None],
        np.array([speakers], dtype=np.float64),
        pseudo_speakers,
    )[0]
    if slope <= 0:
        raise scores_carry_nothing()
    return float(slope), float(intercept)


def scores_carry_nothing() -> CalibrationError:
    """The error for same-speaker scores that are on average no higher than different-speaker scores."""
    return CalibrationError(
        "The scores carry nothing: same-speaker pairs score no higher than different-speaker pairs.",
        "Check that speakers are labelled correctly and that there is enough speech to compare.",
    )


def fit_by_speaker(pairs: Pairs, speaker_weights: Matrix, pseudo_speakers: float = PSEUDO_SPEAKERS) -> Matrix:
    """One fit for each row of speaker weights.

    Different-speaker scores are binned (``BINS_PER_DEVIATION``), which moves log10 LRs by less than 0.01 in
    the tests; same-speaker scores are exact. A pair weighs the product of its speakers' weights, a
    same-speaker pair its speaker's weight.

    Args:
        pairs: the scored pairs.
        speaker_weights: shape (n_fits, speakers), 0 or more; 0 leaves a speaker out.
        pseudo_speakers: how strong the regularisation is, above 0.

    Returns:
        Slope (0 or more) and intercept of each, shape (n_fits, 2). Where same-speaker scores are on average
        no higher, the best rising map is flat: slope 0, intercept 0.

    Raises:
        CalibrationError: if a row leaves a class without pairs.
    """
    group, centres = bin_scores(pairs.different_scores)
    return fit_many(
        pairs.same_scores,
        same_weights(pairs, speaker_weights),
        centres,
        different_weights_by_group(pairs, speaker_weights, group),
        speaker_weights.sum(axis=1),
        pseudo_speakers,
    )


def bin_scores(scores: Vector) -> tuple[Index, Vector]:
    """Bins of equal width, a small part of the standard deviation, where scores occur; finer ones for the highest.

    The highest different-speaker scores, those among the same-speaker scores, decide the fit.

    Args:
        scores: of the different-speaker pairs, shape (n,), finite.

    Returns:
        The bin of each score, shape (n,), numbered without gaps, and the mean score of each bin, shape
        (n_bins,).
    """
    width = float(scores.std()) / BINS_PER_DEVIATION or 1.0  # all equal: one bin of any width
    high = np.quantile(scores, 1 - _HIGHEST_SHARE)
    place = np.where(scores < high, np.floor((scores - high) / width), (scores - high) / width * _FINER // 1)
    _, group = np.unique(place, return_inverse=True)
    return group, np.bincount(group, scores) / np.bincount(group)


def fit_many(
    same_scores: Vector,
    same_weight: Matrix,
    different_scores: Vector,
    different_weight: Matrix,
    speakers: Vector,
    pseudo_speakers: float = PSEUDO_SPEAKERS,
) -> Matrix:
    """Many weighted fits on the same scores at once: Newton's method with halved steps, from their common fit.

    Args:
        same_scores: shape (n_same,).
        same_weight: shape (n_fits, n_same), 0 or more, each row with a positive sum.
        different_scores: shape (n_different,).
        different_weight: shape (n_fits, n_different).
        speakers: number of speakers of each fit, shape (n_fits,).
        pseudo_speakers: as in ``fit_by_speaker``.

    Returns:
        Slope (0 or more) and intercept of each, shape (n_fits, 2), in log10 units.

    Raises:
        CalibrationError: if a row of weights has no positive sum, or a fit does not settle.
    """
    scores = np.concatenate([same_scores, different_scores])
    origin = 0.5 * (same_scores.mean() + different_scores.mean())
    unit = float(scores.std()) or 1.0
    standard = (scores - origin) / unit
    swapped = 0.5 * pseudo_speakers / (speakers + pseudo_speakers)
    start = np.zeros(2)
    if len(speakers) > 1:  # most fits are near the one to all weights together
        together = same_weight.sum(axis=0)[None], different_weight.sum(axis=0)[None]
        start = _newton(standard, *together, swapped.mean(keepdims=True), start)[0]
    step = max(1, _CHUNK // len(scores))
    fitted = np.concatenate(
        [
            _newton(standard, same_weight[part], different_weight[part], swapped[part], start)
            for part in (slice(first, first + step) for first in range(0, len(speakers), step))
        ]
    )
    slope = fitted[:, 1] / unit / LN10
    return np.column_stack([slope, fitted[:, 0] / LN10 - slope * origin])


def _newton(scores: Vector, same_weight: Matrix, different_weight: Matrix, swapped: Vector, start: Vector) -> Matrix:
    """Natural-log offset and slope on standardised scores, shape (n_fits, 2); 0 where no slope is above 0."""
    totals = same_weight.sum(axis=1), different_weight.sum(axis=1)
    if min(totals[0].min(), totals[1].min()) <= 0:
        raise CalibrationError(
            "Too few speakers: leaving some out leaves no pairs of one kind.",
            "Use more speakers of the relevant population, several of each corpus.",
        )
    weight = 0.5 * np.hstack([same_weight / totals[0][:, None], different_weight / totals[1][:, None]])
    split = same_weight.shape[1]
    same_sum, different_sum = weight[:, :split] @ scores[:split], weight[:, split:] @ scores[split:]
    target = (1 - swapped) * same_sum + swapped * different_sum  # weighted sum of score times soft label
    parameters = np.zeros((len(weight), 2))
    open_fits = np.flatnonzero(same_sum - different_sum > 1e-12 * np.abs(scores).max())
    parameters[open_fits] = start
    for _ in range(_MAX_STEPS):
        if not open_fits.size:
            return parameters
        w, c, now = weight[open_fits], target[open_fits], parameters[open_fits]
        with np.errstate(over="ignore"):  # of e^710 and more: the probability is 0
            probability = 1 / (1 + np.exp(-now[:, :1] - now[:, 1:] * scores))
        first = w * probability
        gradient = np.column_stack([first.sum(axis=1) - 0.5, first @ scores - c])
        second = first * (1 - probability)
        curvature = second.sum(axis=1), second @ scores, second @ scores**2
        determinant = np.maximum(curvature[0] * curvature[2] - curvature[1] ** 2, np.finfo(float).tiny)
        move = np.column_stack(
            [
                (curvature[2] * gradient[:, 0] - curvature[1] * gradient[:, 1]) / determinant,
                (curvature[0] * gradient[:, 1] - curvature[1] * gradient[:, 0]) / determinant,
            ]
        )
        after = now - move
        far = np.flatnonzero(((move * gradient).sum(axis=1) > _SURE) | (np.abs(move).max(axis=1) > _SHORT))
        if far.size:
            after[far] = _descend(scores, w[far], c[far], now[far], move[far])
        parameters[open_fits] = after
        open_fits = open_fits[np.abs(gradient).max(axis=1) > _GRADIENT]
    raise CalibrationError(
        f"The calibration did not settle in {_MAX_STEPS} steps.", "Look for scores far away from all others."
    )


def _descend(scores: Vector, weight: Matrix, target: Vector, now: Matrix, move: Matrix) -> Matrix:
    """Newton's step, halved where it would make the loss larger: full steps can diverge."""
    before = _loss(scores, weight, target, now)
    after = now - move
    scale = np.ones(len(now))
    for _ in range(_MAX_HALVINGS):
        worse = np.flatnonzero(~(_loss(scores, weight, target, after) <= before + 1e-12))
        if not worse.size:
            return after
        scale[worse] /= 2
        after[worse] = now[worse] - scale[worse, None] * move[worse]
    return after


def _loss(scores: Vector, weight: Matrix, target: Vector, parameters: Matrix) -> Vector:
    softplus = np.logaddexp(0.0, parameters[:, :1] + parameters[:, 1:] * scores)
    loss: Vector = np.einsum("ij,ij->i", weight, softplus) - 0.5 * parameters[:, 0] - target * parameters[:, 1]
    return loss
