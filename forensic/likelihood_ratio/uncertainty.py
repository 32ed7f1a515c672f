"""How far the numbers would change with other reference speakers: 95 % intervals from a bootstrap over speakers.

Pairs that share a speaker are not independent, so resampling pairs gives intervals that are far too narrow.
Here *speakers* are drawn with replacement, as many as there are. A same-speaker pair counts as often as its
speaker was drawn, a different-speaker pair as often as the product of its two speakers' counts; copies of one
speaker are never compared with each other as if they were two people.

Intervals from percentiles of such draws contain the truth too rarely: draws of few speakers are skewed, repeat
speakers, and are shrunk toward LR = 1 like the map itself. ``benchmarks/interval_coverage.py`` simulates populations
whose truth is known, and counts how often intervals contain it. The following intervals contain it often enough:

- *log10 LRs.* Maps are fitted again with hardly any shrinkage (``calibrators.LIMITS``), to all speakers and to each
  draw. The interval is symmetric about the LR of the former and contains 95 % of the latter (Hall 1988: errors of the
  two ends cancel), times ``small_sample_factor``. If necessary it is widened to contain the issued LR, which is shrunk:
  so it shows how far the shrinkage may have moved the LR toward 1.
- *Cllr, Cllr_min, EER* of LRs that do not change; the people on whom the system is tested are drawn. Costs are skewed,
  so the interval is that of Student's t for their logarithm: centre * exp(-t s) to centre * exp(t s), where s is the
  standard deviation of the draws over their mean. The centre is the value minus the draws' bias (PAV fits repeated
  values too well, see ``PAV_BIAS_RATIO``). If few speakers cause most of a cost, s is known less well than N suggests:
  t has 2 N / (k - 1) degrees of freedom, where k is the kurtosis of the measure over leaving each speaker out in turn
  (a sample variance of N values has the relative variance (k - 1) / N; Satterthwaite 1946).
- *Shares of comparisons.* Clopper and Pearson's interval for as many independent comparisons as would vary as much as
  the draws do, at most all of them, fewer by the same t (Korn & Graubard 1998; ``benchmarks/rate_coverage.py``).

The intervals answer one question only: what if the reference speakers had been others of the same population and
conditions? They do not show a wrong population or a mismatch of conditions.

Sources: Efron & Tibshirani (1993), An Introduction to the Bootstrap; Hall (1988), Journal of the Royal Statistical
Society B 50:35-45 (symmetric bootstrap intervals); Korn & Graubard (1998), Survey Methodology 24:193-201; Satterthwaite
(1946), Biometrics Bulletin 2:110-114.
"""

from functools import lru_cache

import numpy as np

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.inputs import checked
from forensic.likelihood_ratio.metrics import cost_bits, order_measures_of_draws, runs
from forensic.likelihood_ratio.pairs import Matrix, Pairs, different_weights_by_group, same_weights
from forensic.likelihood_ratio.student import normal_quantile, student_quantile
from forensic.records import Interval, Vector

LEVEL_PERCENT = 95.0
PERCENTILES = (2.5, 97.5)
_UPPER = 0.5 + LEVEL_PERCENT / 200

PAV_BIAS_RATIO = 1 / (2 ** (2 / 3) - 1)
"""The bias of Cllr_min and EER over the further bias of the draws, 1.7. Draws of N speakers with replacement count like
N / 2 speakers, and the bias of PAV falls as N^(-2/3) (Brunk 1970, in Puri: Nonparametric Techniques in Statistical
Inference, 177-195)."""

_FEWEST_DEGREES = 3.0
_ROUNDING = 1e-9  # of a share
_RUNS_AT_ONCE = 1 << 18  # of all draws that are pooled together: about 2 MB per array
_LONGEST_REACH = 20.0  # of a logarithm: e^20 is beyond every measure, and finite


@lru_cache(maxsize=32)  # many calibrations have as many speakers
def draw_speakers(speakers: int, draws: int, seed: int) -> Matrix:
    """How often each speaker is drawn: ``speakers`` draws with replacement, all speakers equally likely.

    Args:
        speakers: number of speakers, and of those drawn each time.
        draws: how often speakers are drawn.
        seed: of the draws.

    Returns:
        Whole numbers, shape (draws, speakers), each row with the sum ``speakers``, not to be changed; the same seed
        gives the same draws.
    """
    counts = np.random.default_rng(seed).multinomial(speakers, np.full(speakers, 1 / speakers), size=draws)
    drawn = counts.astype(np.float64)
    drawn.setflags(write=False)
    return drawn


def log10_lr_interval(log10_lr: Vector, limit: Vector, drawn: Matrix, speakers: int) -> tuple[Vector, Vector]:
    """The 95 % interval of log10 LRs.

    Args:
        log10_lr: as issued, shape (n,), finite.
        limit: log10 LRs of the same scores by a map that was hardly regularised, shape (n,).
        drawn: the same by maps fitted to draws of speakers, hardly regularised as well, shape (n_draws, n).
        speakers: how many reference speakers there are.

    Returns:
        Lower and upper ends, shape (n,) each; ``log10_lr`` is between them.

    Raises:
        CalibrationError: if there are no log10 LRs, one is not finite, or there is only one speaker.
    """
    log10_lr = checked(log10_lr, "log10 LRs", finite=True)
    half = np.percentile(np.abs(drawn - limit), LEVEL_PERCENT, axis=0) * small_sample_factor(speakers)
    return np.minimum(limit - half, log10_lr), np.maximum(limit + half, log10_lr)


def small_sample_factor(speakers: int) -> float:
    """The factor by which an interval from draws is too narrow for so few speakers, 1 or more.

    The variance of draws is (N - 1) / N of the variance that they estimate, and a standard deviation estimated from N
    speakers requires Student's t instead of the normal distribution.

    Raises:
        CalibrationError: if there is one speaker only.
    """
    if speakers == 1:
        raise CalibrationError("One speaker does not show how speakers vary.", "Use more reference speakers.")
    return student_quantile(_UPPER, speakers - 1) / normal_quantile(_UPPER) * float(np.sqrt(speakers / (speakers - 1)))


def metric_intervals(
    pairs: Pairs, same_speaker_log10_lr: Vector, different_speaker_log10_lr: Vector, speaker_weights: Matrix
) -> tuple[Interval, Interval, Interval]:
    """Cllr, Cllr_min and EER of the pairs' log10 LRs, with their 95 % intervals over draws of speakers.

    The log10 LRs do not change; the people on whom the system is tested are drawn.

    Args:
        pairs: who is compared with whom.
        same_speaker_log10_lr: shape (n_same,), finite, in the order of ``pairs``.
        different_speaker_log10_lr: shape (n_different,), finite.
        speaker_weights: draws, shape (n_draws, speakers).

    Raises:
        CalibrationError: if a log10 LR is not finite, or a draw, or the speakers without one of them, has no pairs of
            one class.
    """
    cllr = cllr_interval(pairs, same_speaker_log10_lr, different_speaker_log10_lr, speaker_weights)
    weights = _weights(pairs, speaker_weights)
    cllr_min, eer = order_measures(pairs, same_speaker_log10_lr, different_speaker_log10_lr, weights).T
    first = pairs.speakers + 1
    return (
        cllr,
        metric_interval(cllr_min[0], cllr_min[first:], cllr_min[1:first], 1.0, PAV_BIAS_RATIO),
        metric_interval(eer[0], eer[first:], eer[1:first], 0.5, PAV_BIAS_RATIO),
    )


def cllr_interval(
    pairs: Pairs, same_speaker_log10_lr: Vector, different_speaker_log10_lr: Vector, speaker_weights: Matrix
) -> Interval:
    """Only the first of ``metric_intervals``, without the slow PAV for every draw.

    Args:
        pairs: as in ``metric_intervals``.
        same_speaker_log10_lr: as in ``metric_intervals``.
        different_speaker_log10_lr: as in ``metric_intervals``.
        speaker_weights: as in ``metric_intervals``.

    Raises:
        CalibrationError: as in ``metric_intervals``.
    """
    same = checked(same_speaker_log10_lr, "same-speaker log10 LRs", finite=True)
    different = checked(different_speaker_log10_lr, "different-speaker log10 LRs", finite=True)
    cost = _cllr(pairs, same, different, _weights(pairs, speaker_weights))
    first = pairs.speakers + 1
    return metric_interval(cost[0], cost[first:], cost[1:first])


def _weights(pairs: Pairs, speaker_weights: Matrix) -> Matrix:
    """Weights of all speakers, of all but each in turn, and of the draws."""
    everyone = np.ones((1, pairs.speakers))
    return np.vstack([everyone, everyone - np.eye(pairs.speakers), speaker_weights])


def metric_interval(
    value: float, drawn: Vector, left_out: Vector, largest: float = np.inf, bias_ratio: float = 1.0
) -> Interval:
    """The 95 % interval of a measure that is 0 or more and finite.

    If it is 0, so is every draw; then the interval ends where so few speakers would still show no error in 2.5 % of
    samples: see ``error_free_rate``. (For Cllr_min: where that share of same-speaker scores carries no information.)

    Args:
        value: on all speakers.
        drawn: on each draw, shape (n_draws,).
        left_out: without each speaker in turn, shape (speakers,).
        largest: the measure's greatest value: 0.5 for the EER, 1 for Cllr_min.
        bias_ratio: bias of the value over the further bias of the draws.

    Returns:
        The interval; ``value`` is within it.
    """
    speakers = len(left_out)
    mean = float(drawn.mean())
    if value <= 0 or mean <= 0:
        rate = error_free_rate(speakers)
        return Interval(float(value), 0.0, max(float(value), min(rate, largest)))
    relative = float(drawn.std()) / mean * np.sqrt(speakers / (speakers - 1))
    reach = np.exp(min(student_quantile(_UPPER, _degrees(left_out)) * relative, _LONGEST_REACH))
    centre = max(value - bias_ratio * (float(np.median(drawn)) - value), 0.0)
    return Interval(float(value), float(min(centre / reach, value)), float(min(max(centre * reach, value), largest)))


def rate_interval(value: float, drawn: Vector, left_out: Vector, comparisons: int) -> Interval:
    """The 95 % interval of a share of comparisons, those of one speaker being alike.

    Args:
        value: on all speakers, 0 to 1.
        drawn: on each draw, shape (n_draws,).
        left_out: without each speaker in turn, shape (speakers,).
        comparisons: how many there are.

    Returns:
        The interval; of a share of 0 or 1 it is that of ``error_free_rate``.
    """
    from scipy.special import betaincinv  # takes a tenth of a second, which no scan need wait for

    speakers = len(left_out)
    if not _ROUNDING < value < 1 - _ROUNDING:
        value = float(round(value))
        edge = abs(value - error_free_rate(speakers))
        return Interval(value, min(value, edge), max(value, edge))
    variance = float(drawn.var()) * speakers / (speakers - 1)
    size = min(value * (1 - value) / max(variance, _ROUNDING), float(comparisons))
    of_size = student_quantile(_UPPER, max(size - 1, 1.0))
    size *= min(of_size / student_quantile(_UPPER, _degrees(left_out)), 1.0) ** 2
    errors, right = value * size, (1 - value) * size
    return Interval(
        value, float(betaincinv(errors, right + 1, 1 - _UPPER)), float(betaincinv(errors + 1, right, _UPPER))
    )


def _degrees(left_out: Vector) -> float:
    """Of freedom of the standard deviation of a measure, by what it is without each speaker in turn."""
    speakers = len(left_out)
    away = left_out - left_out.mean()
    variance = float(np.mean(away**2))
    if variance == 0:
        return speakers - 1.0
    kurtosis = float(np.mean(away**4)) / variance**2
    return min(max(2 * speakers / max(kurtosis - 1, 2.0), _FEWEST_DEGREES), speakers - 1.0)


def error_free_rate(speakers: int) -> float:
    """The error rate at which so many speakers show no error in 2.5 % of samples, about 3.7 / speakers.

    >>> round(error_free_rate(100), 3)
    0.036
    """
    return float(1 - (1 - _UPPER) ** (1 / speakers))


def _cllr(pairs: Pairs, same: Vector, different: Vector, speaker_weights: Matrix) -> Vector:
    """Cllr for each row of weights, shape (n_draws,): sums of w_i w_j cost_ij, quadratic forms."""
    n = pairs.speakers
    cells = pairs.different_known * n + pairs.different_questioned
    cost = np.bincount(cells, cost_bits(-different), n * n).reshape(n, n)
    count = np.bincount(cells, minlength=n * n).reshape(n, n).astype(np.float64)
    same_cost = np.bincount(pairs.same_speaker, cost_bits(same), n)
    same_count = np.bincount(pairs.same_speaker, minlength=n).astype(np.float64)
    totals = speaker_weights @ same_count, np.einsum("di,di->d", speaker_weights @ count, speaker_weights)
    if min(totals[0].min(), totals[1].min()) <= 0:
        raise CalibrationError(
            "There are too few speakers for a bootstrap: a draw has no pairs of one kind.",
            "Use more speakers of the relevant population, several of each corpus.",
        )
    different_cost = np.einsum("di,di->d", speaker_weights @ cost, speaker_weights)
    value: Vector = 0.5 * (speaker_weights @ same_cost / totals[0] + different_cost / totals[1])
    return value


def order_measures(pairs: Pairs, same: Vector, different: Vector, speaker_weights: Matrix) -> Matrix:
    """Cllr_min and EER for each row of weights, shape (n_draws, 2).

    Args:
        pairs: whose speakers are drawn.
        same: log10 LR or score of each same-speaker pair, shape (n_same,).
        different: of each different-speaker pair, shape (n_different,).
        speaker_weights: how often each speaker is drawn, shape (n_draws, speakers), 0 or more.
    """
    joined = runs(same, different)
    of_pair = same_weights(pairs, speaker_weights)
    occupied, group = np.unique(joined.different, return_inverse=True)
    grouped = different_weights_by_group(pairs, speaker_weights, group)
    measures: list[Matrix] = []
    at_once = max(1, _RUNS_AT_ONCE // joined.count)
    for first in range(0, len(speaker_weights), at_once):
        different_by_run = np.zeros((len(grouped[first : first + at_once]), joined.count))
        different_by_run[:, occupied] = grouped[first : first + at_once]
        same_by_run = np.zeros_like(different_by_run)
        for draw, weight in zip(same_by_run, of_pair[first : first + at_once], strict=True):
            draw[:] = np.bincount(joined.same, weight, joined.count)
        measures.append(order_measures_of_draws(same_by_run, different_by_run))
    return np.concatenate(measures)
