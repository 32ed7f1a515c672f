"""How good log10 LRs are when the truth is known: cost, discrimination, calibration, misleading evidence.

Everywhere ``same_speaker_log10_lr`` has shape (n_same,) and holds log10 LRs of pairs where H1 is true, and
``different_speaker_log10_lr`` has shape (n_different,) and those where H2 is true; infinities are allowed,
NaN is not. Each of the two sets weighs one half, whatever its size. Weights, where a function takes them,
weigh values within their set (a pair of speakers that a bootstrap drew twice weighs double); their scale does
not matter.

Measures of discrimination (``cllr_min``, ``eer``) depend on the order of the values alone, so scores do as
well.

The tests and ``benchmarks/metrics_agreement.py`` compare these measures with ``lir`` (Netherlands Forensic
Institute) and ``llreval`` (Brümmer & van Leeuwen). All agree to 1e-9 on finite values below 10^300, ties and tiny
sets included. Where the others leave the definitions, we do not follow:

- An LR beyond 10^308 overflows in lir, which then calls Cllr infinite and devPAV NaN. Cllr of a finite log10 LR
  is finite; here, as in llreval, nothing is raised to a power before its logarithm is taken.
- ``-inf`` under H1 beside a finite PAV value is infinitely far from it, so devPAV is infinite. lir gives NaN where
  PAV's last value is finite as well (its test for that case looks at one end twice).
- lir's ECE subtracts posteriors from 1, and so keeps fewer than nine digits where an LR passes some 10^7.
- llreval finds the EER by a search that stops some 1e-9 short of the maximum, and so may miss 1e-9 itself. The
  EER is an intersection of straight lines; here, and from llreval's own hull in the tests, it is calculated.
- PAV blocks whose LRs are equal may be one vertex of the hull more or less by a rounding error; the hull is the
  same curve.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.inputs import checked, shares
from forensic.likelihood_ratio.isotonic import block_starts
from forensic.records import Vector

Index = NDArray[np.intp]
Matrix = NDArray[np.float64]

LN10 = float(np.log(10))
_SAME = "same-speaker values"
_DIFFERENT = "different-speaker values"


def cllr(
    same_speaker_log10_lr: ArrayLike,
    different_speaker_log10_lr: ArrayLike,
    same_speaker_weights: ArrayLike | None = None,
    different_speaker_weights: ArrayLike | None = None,
) -> float:
    """Log-likelihood-ratio cost: 0 is perfect, 1 is a system that always says LR = 1.

    Cllr = 1/2 mean(log2(1 + 1/LR), same) + 1/2 mean(log2(1 + LR), different).

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,), no NaN; infinities are
            allowed.
        same_speaker_weights: how much each counts, shape (n_same,), 0 or more, any positive sum; None: all alike.
        different_speaker_weights: the same for the other set, shape (n_different,).

    Returns:
        Cost in bits, 0 or more; infinite where an LR is 0 under H1 or infinite under H2.

    Raises:
        CalibrationError: if either set is empty or holds NaN, or the weights do not fit.

    Source: Brümmer & du Preez (2006), Computer Speech & Language 20:230-275.

    >>> cllr([0.0], [0.0])   # says nothing either way
    1.0
    >>> round(cllr([1.0], [-1.0]), 3)   # an LR of 10 in favour of the truth
    0.138
    """
    same, different = checked(same_speaker_log10_lr, _SAME), checked(different_speaker_log10_lr, _DIFFERENT)
    return 0.5 * (
        _weighted_sum(cost_bits(same), shares(same_speaker_weights, len(same), _SAME))
        + _weighted_sum(cost_bits(-different), shares(different_speaker_weights, len(different), _DIFFERENT))
    )


def cost_bits(log10_lr: Vector) -> Vector:
    """What each log10 LR in favour of the truth costs: log2(1 + 1/LR), shape as given.

    Args:
        log10_lr: positive where it supports the truth, any shape; an infinity against it costs infinity.
    """
    cost: Vector = np.logaddexp(0.0, -log10_lr * LN10) / np.log(2)
    return cost


def _weighted_sum(values: Vector, weights: Vector) -> float:
    return float(np.sum(np.where(weights > 0, values, 0.0) * weights))  # an infinity that weighs 0 costs 0


@dataclass(frozen=True, slots=True)
class Runs:
    """Values of both classes in rising order, neighbours of one class joined.

    Pool-adjacent-violators gives neighbours with the same label the same result, so joining them loses
    nothing and leaves at most 2 n_same + 1 runs of the hundred thousand pairs. Equal values share a run
    whatever their class: a tie must not be broken in the system's favour.

    Attributes:
        same: run of each same-speaker value, shape (n_same,).
        different: run of each different-speaker value, shape (n_different,).
        count: number of runs.
    """

    same: Index
    different: Index
    count: int


def runs(same: Vector, different: Vector) -> Runs:
    """The runs of two checked vectors.

    Args:
        same: values of the same-speaker class, shape (n_same,), no NaN.
        different: of the different-speaker class, shape (n_different,), no NaN.
    """
    values, place = np.unique(np.concatenate([same, different]), return_inverse=True)
    has_same = np.bincount(place[: len(same)], minlength=len(values)) > 0
    has_different = np.bincount(place[len(same) :], minlength=len(values)) > 0
    tied = has_same & has_different
    starts = np.ones(len(values), dtype=bool)
    starts[1:] = (has_same[1:] != has_same[:-1]) | tied[1:] | tied[:-1]
    run = np.cumsum(starts) - 1
    return Runs(run[place[: len(same)]], run[place[len(same) :]], int(run[-1]) + 1)


@dataclass(frozen=True, slots=True)
class PavBlocks:
    """Result of pool-adjacent-violators: the steps of the best rising map from value to LR.

    Attributes:
        same: share of the same-speaker class in each block, rising values, shape (n_blocks,), sum 1.
        different: the same for the different-speaker class.
        starts: first run of each block, shape (n_blocks,).
    """

    same: Vector
    different: Vector
    starts: Index

    @property
    def log10_lr(self) -> Vector:
        """log10 LR of each block, shape (n_blocks,); -inf or inf where a class is absent."""
        with np.errstate(divide="ignore"):  # log of 0 is the answer there
            log10_lr = np.log10(self.same) - np.log10(self.different)
        return np.maximum.accumulate(log10_lr)  # equal blocks may fall by a rounding error

    @property
    def cllr(self) -> float:
        """Cllr of the blocks' LRs, in bits: Cllr_min."""
        return float(_cllr_of_blocks(self.same[None], self.different[None])[0])

    @property
    def roc_convex_hull(self) -> tuple[Vector, Vector]:
        """Vertices of the hull of the ROC: rates of false alarms and misses, shape (n_blocks + 1,) each."""
        false_alarms, misses = _hulls(self.same[None], self.different[None])
        return false_alarms[0], misses[0]

    @property
    def eer(self) -> float:
        """Where the hull has as many misses as false alarms, 0 to 0.5."""
        return float(_eer_of_blocks(self.same[None], self.different[None])[0])


def _cllr_of_blocks(same: Matrix, different: Matrix) -> Vector:
    """Cllr_min of each row of blocks; blocks without weight at the end of a row change nothing."""
    total = same + different
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = same * np.log2(total / same), different * np.log2(total / different)
    value: Vector = 0.5 * np.nansum(cost, axis=(0, 2))  # NaN is 0 log 0, which is 0
    return value


def _hulls(same: Matrix, different: Matrix) -> tuple[Matrix, Matrix]:
    """False alarms and misses at the vertices of each row's hull, shape (n_rows, n_blocks + 1) each."""
    zero, one = np.zeros((len(same), 1)), np.ones((len(same), 1))
    false_alarms = np.maximum(1 - np.cumsum(different, axis=1)[:, :-1], 0.0)
    misses = np.minimum(np.cumsum(same, axis=1)[:, :-1], 1.0)
    return np.hstack([one, false_alarms, zero]), np.hstack([zero, misses, one])


def _eer_of_blocks(same: Matrix, different: Matrix) -> Vector:
    """The EER of each row of blocks; blocks without weight at the end of a row change nothing."""
    false_alarms, misses = _hulls(same, different)
    row, after = np.arange(len(same)), np.argmax(misses >= false_alarms - 1e-12, axis=1)
    gap = false_alarms - misses
    gap_before, gap_after = gap[row, after - 1], gap[row, after]
    misses_before, misses_after = misses[row, after - 1], misses[row, after]
    value: Vector = misses_before + gap_before / (gap_before - gap_after) * (misses_after - misses_before)
    return value


def order_measures_of_draws(same: Matrix, different: Matrix) -> Matrix:
    """Cllr_min and EER for each row of weights, shape (n_draws, 2).

    Args:
        same: as in ``pav_blocks_of_draws``.
        different: as in ``pav_blocks_of_draws``.
    """
    blocks = list(pav_blocks_of_draws(same, different))
    sides = np.zeros((2, len(blocks), max(len(one.starts) for one in blocks)))
    for row, one in enumerate(blocks):
        sides[:, row, : len(one.starts)] = one.same, one.different
    return np.column_stack([_cllr_of_blocks(*sides), _eer_of_blocks(*sides)])


def pav_blocks(same: Vector, different: Vector) -> PavBlocks:
    """Pool adjacent violators over runs.

    Args:
        same: weight of the same-speaker class in each run, rising values, shape (n_runs,), any positive sum.
        different: the same for the different-speaker class.
    """
    return next(pav_blocks_of_draws(same[None], different[None]))


def pav_blocks_of_draws(same: Matrix, different: Matrix) -> Iterator[PavBlocks]:
    """The same for each row of weights; all are pooled together, which is faster.

    Args:
        same: weight of the same-speaker class in each run, rising values, shape (n_draws, n_runs), each row of a
            positive sum.
        different: the same for the different-speaker class.
    """
    same, different = same / same.sum(axis=1, keepdims=True), different / different.sum(axis=1, keepdims=True)
    weight = same + different
    used = np.flatnonzero(weight)  # other runs are of speakers whom a bootstrap did not draw
    draw = used // weight.shape[1]
    begins = np.diff(draw, prepend=-1) > 0
    first = block_starts(same.ravel()[used], weight.ravel()[used], begins)
    starts = used[first]
    edges = np.searchsorted(draw[first], np.arange(len(weight) + 1))
    of_same, of_different = np.add.reduceat(same.ravel(), starts), np.add.reduceat(different.ravel(), starts)
    for row, (start, end) in enumerate(itertools.pairwise(edges.tolist())):
        yield PavBlocks(of_same[start:end], of_different[start:end], starts[start:end] - row * weight.shape[1])


def _blocks_of(
    same: ArrayLike, different: ArrayLike, same_weights: ArrayLike | None, different_weights: ArrayLike | None
) -> tuple[Runs, PavBlocks]:
    same, different = checked(same, _SAME), checked(different, _DIFFERENT)
    joined = runs(same, different)
    return joined, pav_blocks(
        np.bincount(joined.same, shares(same_weights, len(same), _SAME), joined.count).astype(np.float64),
        np.bincount(joined.different, shares(different_weights, len(different), _DIFFERENT), joined.count).astype(
            np.float64
        ),
    )


def pav_log10_lr(same_speaker_values: ArrayLike, different_speaker_values: ArrayLike) -> tuple[Vector, Vector]:
    """The log10 LRs that the best rising map would give to these very values, knowing the truth.

    Args:
        same_speaker_values: log10 LRs or scores where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_values: the same where H2 is true, shape (n_different,).

    Returns:
        log10 LRs of either set, shapes as given; -inf and inf where only one class occurs.

    Raises:
        CalibrationError: if either set is empty or holds NaN.

    Source: Brümmer & du Preez (2006), Computer Speech & Language 20:230-275.
    """
    joined, blocks = _blocks_of(same_speaker_values, different_speaker_values, None, None)
    by_run = np.repeat(blocks.log10_lr, np.diff(np.append(blocks.starts, joined.count)))
    return by_run[joined.same], by_run[joined.different]


def cllr_min(
    same_speaker_log10_lr: ArrayLike,
    different_speaker_log10_lr: ArrayLike,
    same_speaker_weights: ArrayLike | None = None,
    different_speaker_weights: ArrayLike | None = None,
) -> float:
    """Cllr after the best rising map of the values (PAV): what the order of the values alone costs.

    Args:
        same_speaker_log10_lr: log10 LRs or scores, of which only the order counts, where H1 is true, shape
            (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: the same where H2 is true, shape (n_different,).
        same_speaker_weights: how much each counts, shape (n_same,), 0 or more, any positive sum; None: all alike.
        different_speaker_weights: the same for the other set, shape (n_different,).

    Returns:
        Cost in bits, 0 to 1, never more than ``cllr``.

    Raises:
        CalibrationError: if either set is empty or holds NaN, or the weights do not fit.

    Source: Brümmer & du Preez (2006), Computer Speech & Language 20:230-275.
    """
    return _blocks_of(
        same_speaker_log10_lr, different_speaker_log10_lr, same_speaker_weights, different_speaker_weights
    )[1].cllr


def cllr_cal(same_speaker_log10_lr: ArrayLike, different_speaker_log10_lr: ArrayLike) -> float:
    """What wrong calibration costs: Cllr - Cllr_min, in bits, 0 or more.

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,), no NaN; infinities are
            allowed.
    """
    return cllr(same_speaker_log10_lr, different_speaker_log10_lr) - cllr_min(
        same_speaker_log10_lr, different_speaker_log10_lr
    )


def eer(
    same_speaker_log10_lr: ArrayLike,
    different_speaker_log10_lr: ArrayLike,
    same_speaker_weights: ArrayLike | None = None,
    different_speaker_weights: ArrayLike | None = None,
) -> float:
    """Equal error rate from the convex hull of the ROC: misses equal false alarms.

    Args:
        same_speaker_log10_lr: log10 LRs or scores, of which only the order counts, where H1 is true, shape
            (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: the same where H2 is true, shape (n_different,).
        same_speaker_weights: how much each counts, shape (n_same,), 0 or more, any positive sum; None: all alike.
        different_speaker_weights: the same for the other set, shape (n_different,).

    Returns:
        A share, 0 to 0.5.

    Raises:
        CalibrationError: if either set is empty or holds NaN, or the weights do not fit.

    Source: Brümmer & de Villiers (2013), The BOSARIS Toolkit, arXiv:1304.2865.
    """
    return _blocks_of(
        same_speaker_log10_lr, different_speaker_log10_lr, same_speaker_weights, different_speaker_weights
    )[1].eer


def roc_convex_hull(same_speaker_log10_lr: ArrayLike, different_speaker_log10_lr: ArrayLike) -> tuple[Vector, Vector]:
    """Vertices of the convex hull of the ROC, for a DET plot.

    Args:
        same_speaker_log10_lr: log10 LRs or scores, of which only the order counts, where H1 is true, shape
            (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: the same where H2 is true, shape (n_different,).

    Returns:
        Rates of false alarms (falling from 1 to 0) and of misses (rising from 0 to 1), same shape.
    """
    return _blocks_of(same_speaker_log10_lr, different_speaker_log10_lr, None, None)[1].roc_convex_hull


def pav_curve(same_speaker_values: ArrayLike, different_speaker_values: ArrayLike) -> tuple[Vector, Vector]:
    """The best rising map as points, for a PAV plot.

    Args:
        same_speaker_values: log10 LRs or scores where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_values: log10 LRs or scores where H2 is true, shape (n_different,), no NaN; infinities are
            allowed.

    Returns:
        Every value that occurs, rising, and the log10 LR that PAV gives to it (-inf and inf where only one class
        occurs); same shape.

    Raises:
        CalibrationError: if either set is empty or holds NaN.
    """
    same, different = checked(same_speaker_values, _SAME), checked(different_speaker_values, _DIFFERENT)
    value, first = np.unique(np.concatenate([same, different]), return_index=True)
    return value, np.concatenate(pav_log10_lr(same, different))[first]


def dev_pav(same_speaker_log10_lr: ArrayLike, different_speaker_log10_lr: ArrayLike) -> float:
    """devPAV: mean distance in log10 LR between the values and what PAV makes of them; 0 is perfect.

    The area between the PAV map (points joined by straight lines) and the identity, over the range of log10
    LRs to which PAV gives a finite value, divided by the length of that range.

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,), no NaN; infinities are
            allowed.

    Returns:
        0 or more, in log10 units; infinite where an infinite log10 LR was contradicted by the truth.

    Raises:
        CalibrationError: if either set is empty or holds NaN, or the classes do not overlap, so that PAV is
            infinite everywhere and devPAV undefined.

    Source: Vergeer, Leegwater & Slooten (2021), Forensic Science International 321:110722.
    """
    area = distance_from_identity(*pav_curve(same_speaker_log10_lr, different_speaker_log10_lr))
    if area is None:
        raise CalibrationError(
            "devPAV is undefined: every same-speaker value lies above every different-speaker value.",
            "Use more speakers or harder conditions, or report Cllr alone.",
        )
    return area


def distance_from_identity(value: Vector, mapped: Vector) -> float | None:
    """Mean distance between a PAV curve and the identity, where the curve is finite: devPAV.

    Args:
        value: log10 LRs, rising, none twice, shape (n,).
        mapped: what PAV makes of each, shape (n,).

    Returns:
        0 or more; infinite where an infinite value has another image than itself; None where the curve is finite
        nowhere, so that there is no distance.
    """
    if (np.isinf(value) & (value != mapped)).any():
        return float("inf")
    finite = np.isfinite(mapped)
    value, mapped = value[finite], mapped[finite]
    if not value.size:
        return None
    gap = mapped - value
    if len(value) == 1:
        return float(abs(gap[0]))
    before, after = np.abs(gap[:-1]), np.abs(gap[1:])
    total = before + after
    crossing = gap[:-1] * gap[1:] < 0
    with np.errstate(invalid="ignore"):
        height = np.where(crossing, (before**2 + after**2) / (2 * total), total / 2)
    return float(np.sum(height * np.diff(value)) / (value[-1] - value[0]))


@dataclass(frozen=True, slots=True)
class MisleadingEvidence:
    """How often, and how far, log10 LRs pointed to the wrong proposition.

    Attributes:
        same_speaker_rate: share of same-speaker values below 0, 0 to 1.
        different_speaker_rate: share of different-speaker values above 0, 0 to 1.
        lowest_same_speaker_log10_lr: the lowest value where H1 is true; misleading if below 0.
        highest_different_speaker_log10_lr: the highest value where H2 is true; misleading if above 0.
    """

    same_speaker_rate: float
    different_speaker_rate: float
    lowest_same_speaker_log10_lr: float
    highest_different_speaker_log10_lr: float


def misleading_evidence(same_speaker_log10_lr: ArrayLike, different_speaker_log10_lr: ArrayLike) -> MisleadingEvidence:
    """Rates and extremes of misleading evidence; a value of exactly 0 misleads nobody.

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,), no NaN; infinities are
            allowed.

    Raises:
        CalibrationError: if either set is empty or holds NaN.

    >>> misleading_evidence([2.0, -0.5], [-3.0, -1.0, 0.0, 0.7]).different_speaker_rate
    0.25
    """
    same, different = checked(same_speaker_log10_lr, _SAME), checked(different_speaker_log10_lr, _DIFFERENT)
    return MisleadingEvidence(
        float(np.mean(same < 0)), float(np.mean(different > 0)), float(same.min()), float(different.max())
    )


def det_curve(same_speaker_values: ArrayLike, different_speaker_values: ArrayLike) -> tuple[Vector, Vector]:
    """Errors at every threshold, for a DET plot: the ROC itself, of which ``roc_convex_hull`` is the hull.

    Args:
        same_speaker_values: log10 LRs or scores where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_values: log10 LRs or scores where H2 is true, shape (n_different,), no NaN; infinities are
            allowed.

    Returns:
        Rates of false alarms (falling from 1 to 0) and of misses (rising from 0 to 1) if "same speaker" were said
        from each value that occurs upward, and last above all of them; shape (n_values + 1,).

    Raises:
        CalibrationError: if either set is empty or holds NaN.
    """
    _, same, different = tippett(same_speaker_values, different_speaker_values)
    return np.append(different, 0.0), np.append(1 - same, 1.0)


@dataclass(frozen=True, slots=True)
class Zoo:
    """How each speaker fares: mean log10 LR with themselves and with others.

    Attributes:
        speaker: those with comparisons of both kinds, shape (n,), rising.
        same: mean log10 LR of the speaker's same-speaker comparisons, shape (n,).
        different: mean log10 LR of the different-speaker comparisons with the speaker on either side, shape (n,).
    """

    speaker: Index
    same: Vector
    different: Vector


def zoo(
    same_speaker_log10_lr: ArrayLike,
    same_speaker: Index,
    different_speaker_log10_lr: ArrayLike,
    different_known: Index,
    different_questioned: Index,
) -> Zoo:
    """The points of a Zoo plot: speakers whose LRs mislead stand apart from the others.

    Args:
        same_speaker_log10_lr: finite, shape (n_same,).
        same_speaker: number of the speaker of each, 0 or more, shape (n_same,).
        different_speaker_log10_lr: finite, shape (n_different,).
        different_known: number of the known speaker of each, shape (n_different,).
        different_questioned: number of the questioned speaker of each, shape (n_different,).

    Raises:
        CalibrationError: if either set is empty or a value is not finite.

    Source: Dunstone & Yager (2009), Biometric System and Data Analysis, chapter 8; for log10 LRs, Alexander,
    Forth, Nash & Yager (2014), Zoo plots for speaker recognition with tall and fat animals, IAFPA.
    """
    same = checked(same_speaker_log10_lr, _SAME, finite=True)
    different = checked(different_speaker_log10_lr, _DIFFERENT, finite=True)
    either_side = np.concatenate([different_known, different_questioned])
    speaker = np.intersect1d(same_speaker, either_side)
    size = int(max(np.max(same_speaker), np.max(either_side))) + 1
    same_mean, different_mean = (
        np.bincount(of, values, size)[speaker] / np.bincount(of, minlength=size)[speaker]
        for of, values in ((same_speaker, same), (either_side, np.tile(different, 2)))
    )
    return Zoo(speaker, same_mean, different_mean)


def tippett(same_speaker_log10_lr: ArrayLike, different_speaker_log10_lr: ArrayLike) -> tuple[Vector, Vector, Vector]:
    """The curves of a Tippett plot.

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,), no NaN; infinities are
            allowed.

    Returns:
        Thresholds (every value that occurs, rising), the share of same-speaker values at or above each, and
        the share of different-speaker values at or above each; same shape.

    Raises:
        CalibrationError: if either set is empty or holds NaN.
    """
    same = np.sort(checked(same_speaker_log10_lr, _SAME))
    different = np.sort(checked(different_speaker_log10_lr, _DIFFERENT))
    thresholds = np.unique(np.concatenate([same, different]))
    return (
        thresholds,
        1 - np.searchsorted(same, thresholds, side="left") / len(same),
        1 - np.searchsorted(different, thresholds, side="left") / len(different),
    )


def empirical_cross_entropy(
    same_speaker_log10_lr: ArrayLike, different_speaker_log10_lr: ArrayLike, prior_log10_odds: ArrayLike
) -> Vector:
    """Empirical cross-entropy (ECE) in bits: what the LRs leave unknown, for each prior.

    At prior odds 1 it is Cllr.

    Args:
        same_speaker_log10_lr: log10 LRs where H1 is true, shape (n_same,), no NaN; infinities are allowed.
        different_speaker_log10_lr: log10 LRs where H2 is true, shape (n_different,), no NaN; infinities are allowed.
        prior_log10_odds: log10 of the prior odds of H1, shape (n_priors,), finite.

    Returns:
        Shape (n_priors,).

    Raises:
        CalibrationError: if an input is empty or holds NaN.

    Source: Ramos & Gonzalez-Rodriguez (2013), Forensic Science International 230:156-169.
    """
    same, different = checked(same_speaker_log10_lr, _SAME), checked(different_speaker_log10_lr, _DIFFERENT)
    odds = checked(prior_log10_odds, "prior odds", finite=True)
    prior = 1 / (1 + 10**-odds)
    same_bits = np.array([cost_bits(same + log10_odds).mean() for log10_odds in odds])
    different_bits = np.array([cost_bits(-different - log10_odds).mean() for log10_odds in odds])
    entropy: Vector = prior * same_bits + (1 - prior) * different_bits
    return entropy
