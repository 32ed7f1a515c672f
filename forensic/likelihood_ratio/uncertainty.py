"""How far the numbers would move with other reference speakers: a bootstrap over speakers.

Pairs that share a speaker are not independent, so resampling pairs gives intervals that are far too narrow.
Here *speakers* are drawn with replacement, as many as there are. A same-speaker pair counts as often as its
speaker was drawn, a different-speaker pair as often as the product of its two speakers' counts; copies of one
speaker are never compared with each other as if they were two people. Intervals run from the 2.5th to the
97.5th percentile over draws.

They answer one question only: what if the reference speakers had been others of the same population and
conditions? They do not show a wrong population or a mismatch of conditions. Nor do they show that the
calibration shrinks LRs toward 1: where few speakers lie far apart, the whole interval is nearer to 1 than the
truth.
"""

import numpy as np

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.inputs import checked
from forensic.likelihood_ratio.metrics import cost_bits, pav_blocks, runs
from forensic.likelihood_ratio.pairs import Matrix, Pairs, different_weights_by_group, same_weights
from forensic.records import Interval, Vector

PERCENTILES = (2.5, 97.5)


def draw_speakers(speakers: int, draws: int, seed: int) -> Matrix:
    """How often each speaker is drawn: ``speakers`` draws with replacement, each speaker as likely.

    Returns:
        Whole numbers, shape (draws, speakers), each row with the sum ``speakers``; the same seed gives the
        same draws.
    """
    counts = np.random.default_rng(seed).multinomial(speakers, np.full(speakers, 1 / speakers), size=draws)
    return counts.astype(np.float64)


def log10_lr_interval(drawn: Matrix) -> tuple[Vector, Vector]:
    """The 95 % interval of each log10 LR.

    Args:
        drawn: log10 LRs of n scores by the calibration of each draw, shape (n_draws, n), finite.

    Returns:
        Lower and upper ends, shape (n,) each.
    """
    low, high = np.percentile(drawn, PERCENTILES, axis=0)
    return low, high


def metric_intervals(
    pairs: Pairs, same_speaker_log10_lr: Vector, different_speaker_log10_lr: Vector, speaker_weights: Matrix
) -> tuple[Interval, Interval, Interval]:
    """Cllr, Cllr_min and EER of the pairs' log10 LRs, with their 95 % intervals over draws of speakers.

    The log10 LRs stay as they are; what is drawn is on whom the system is tested. Draws repeat speakers,
    which makes order look a little better than it is: the intervals of Cllr_min and EER lie somewhat low.

    Args:
        pairs: who is compared with whom.
        same_speaker_log10_lr: shape (n_same,), finite, in the order of ``pairs``.
        different_speaker_log10_lr: shape (n_different,), finite.
        speaker_weights: draws, shape (n_draws, speakers).

    Raises:
        CalibrationError: if a log10 LR is not finite, or a draw leaves a class without pairs.
    """
    same = checked(same_speaker_log10_lr, "same-speaker log10 LRs", finite=True)
    different = checked(different_speaker_log10_lr, "different-speaker log10 LRs", finite=True)
    everyone = np.ones((1, pairs.speakers))
    cost = _cllr(pairs, same, different, np.vstack([everyone, speaker_weights]))
    order = _order_measures(pairs, same, different, np.vstack([everyone, speaker_weights]))
    return _interval(cost), _interval(order[:, 0]), _interval(order[:, 1])


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
            "Too few speakers for a bootstrap: a draw leaves no pairs of one kind.",
            "Use more speakers of the relevant population, several of each corpus.",
        )
    different_cost = np.einsum("di,di->d", speaker_weights @ cost, speaker_weights)
    value: Vector = 0.5 * (speaker_weights @ same_cost / totals[0] + different_cost / totals[1])
    return value


def _order_measures(pairs: Pairs, same: Vector, different: Vector, speaker_weights: Matrix) -> Matrix:
    """Cllr_min and EER for each row of weights, shape (n_draws, 2)."""
    joined = runs(same, different)
    of_pair = same_weights(pairs, speaker_weights)
    occupied, group = np.unique(joined.different, return_inverse=True)
    grouped = different_weights_by_group(pairs, speaker_weights, group)
    measures = np.empty((len(speaker_weights), 2))
    for draw, (same_draw, different_draw) in enumerate(zip(of_pair, grouped, strict=True)):
        different_by_run = np.zeros(joined.count)
        different_by_run[occupied] = different_draw
        same_by_run = np.bincount(joined.same, same_draw, joined.count).astype(np.float64)
        blocks = pav_blocks(same_by_run, different_by_run)
        measures[draw] = blocks.cllr, blocks.eer
    return measures


def _interval(values: Vector) -> Interval:
    low, high = np.percentile(values[1:], PERCENTILES)
    return Interval(float(values[0]), float(low), float(high))
