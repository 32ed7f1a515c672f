"""Every measure of log10 LRs whose truth is known, with 95 % intervals from a bootstrap over speakers.

Speakers are drawn with replacement, as in ``forensic.likelihood_ratio.uncertainty``: a same-speaker comparison
counts as often as its speaker was drawn, a different-speaker comparison as often as the product of its two
speakers' counts. The LRs do not change; what varies is the people on whom they are tested.

An interval answers: what would the measure be on an unlimited number of such people? For EER, Cllr and Cllr_min it is
that of ``uncertainty.metric_interval``, for the rates that of ``uncertainty.rate_interval``. Cllr_cal and devPAV are
larger, the fewer speakers there are, however good the calibration, because PAV fits few speakers too well. Their
intervals are as wide as the middle 95 % of the draws, and moved so that the median of the draws is the measured value;
they say what the measure would have been on as many other people.

If no LR misled, no draw has one that does. The interval of a rate of 0 (and of an EER of 0) therefore ends at the rate
at which so few speakers would still show no error in 2.5 % of samples: 1 - 0.025^(1/speakers), about 3.7 / speakers.
Of same-speaker LRs, only the speakers who have some count.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.inputs import checked
from forensic.likelihood_ratio.metrics import cost_bits, distance_from_identity, pav_blocks
from forensic.likelihood_ratio.uncertainty import (
    PAV_BIAS_RATIO,
    PERCENTILES,
    draw_speakers,
    metric_interval,
    rate_interval,
)
from forensic.records import Interval, Vector

Index = NDArray[np.intp]

FEWEST_SPEAKERS = 5
"""A group of fewer speakers is counted but not measured: its measures would say more about them than the system."""

MEASURES: Mapping[str, str] = {
    "eer": "equal error rate, from the convex hull of the ROC",
    "cllr": "log-likelihood-ratio cost: 0 is perfect, 1 says nothing",
    "cllr_min": "what remains of Cllr after the best possible calibration",
    "cllr_cal": "Cllr \N{MINUS SIGN} Cllr_min: what wrong calibration costs",
    "dev_pav": "mean distance of the log10 LRs from perfect calibration",
    "misleading_same_speaker_rate": "share of same-speaker LRs below 1",
    "misleading_different_speaker_rate": "share of different-speaker LRs above 1",
}
"""What is measured, and what it means."""

_LIMITS = {
    "eer": (0.5, PAV_BIAS_RATIO),
    "cllr": (np.inf, 1.0),
    "cllr_min": (1.0, PAV_BIAS_RATIO),
}
"""The greatest value and the ratio of biases, for ``metric_interval``."""

_RATES = {"misleading_same_speaker_rate": True, "misleading_different_speaker_rate": False}
"""Shares of comparisons: whether of those of one speaker."""

_ENOUGH_DRAWS = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class KnownTruth:
    """log10 LRs of comparisons whose truth is known.

    Attributes:
        log10_lr: shape (n,); infinities are allowed, NaN is not.
        is_same: whether H1 is true, shape (n,).
        known: number of the known speaker, from 0, shape (n,).
        questioned: number of the questioned speaker; the same where H1 is true, another where it is not, shape (n,).

    Raises:
        CalibrationError: if shapes do not fit, an LR is NaN, or speakers contradict ``is_same``.
    """

    log10_lr: Vector
    is_same: NDArray[np.bool_]
    known: Index
    questioned: Index

    def __post_init__(self) -> None:
        """Refuse numbers that do not fit together."""
        checked(self.log10_lr, "log10 LRs")
        if not self.log10_lr.shape == self.is_same.shape == self.known.shape == self.questioned.shape:
            raise CalibrationError("LRs, truth and speakers differ in number.", "Give each comparison all of them.")
        if not np.array_equal(self.is_same, self.known == self.questioned):
            raise CalibrationError(
                "The truth of a comparison contradicts its two speakers.", "Correct the labels of the comparisons."
            )

    @property
    def same_log10_lr(self) -> Vector:
        """The log10 LRs where H1 is true."""
        return self.log10_lr[self.is_same]

    @property
    def different_log10_lr(self) -> Vector:
        """The log10 LRs where H2 is true."""
        return self.log10_lr[~self.is_same]

    @property
    def speakers(self) -> int:
        """How many different people there are."""
        return len(np.union1d(self.known, self.questioned))


@dataclass(frozen=True, slots=True)
class Measured:
    """All measures of a set of comparisons.

    Attributes:
        intervals: by name, as in ``MEASURES``; None if the value or its interval is undefined (devPAV of classes
            that do not overlap).
        lowest_same_speaker_log10_lr: misleading if below 0.
        highest_different_speaker_log10_lr: misleading if above 0.
    """

    intervals: Mapping[str, Interval | None]
    lowest_same_speaker_log10_lr: float
    highest_different_speaker_log10_lr: float


def can_be_measured(truth: KnownTruth) -> bool:
    """Whether there are enough speakers, and comparisons of both kinds."""
    return bool(truth.speakers >= FEWEST_SPEAKERS and truth.is_same.any() and not truth.is_same.all())


def measure(truth: KnownTruth, draws: int, seed: int) -> Measured:
    """Every measure with its interval.

    Args:
        truth: the comparisons.
        draws: how often speakers are drawn; draws without a comparison of one kind are not used.
        seed: the same gives the same intervals.

    Raises:
        CalibrationError: if the comparisons cannot be measured (``can_be_measured``).
    """
    if not can_be_measured(truth):
        raise CalibrationError(
            f"There are {truth.speakers} speakers, {truth.is_same.sum()} same-speaker and "
            f"{(~truth.is_same).sum()} different-speaker comparisons: too few to measure.",
            f"Use {FEWEST_SPEAKERS} speakers or more, some with recordings on both sides.",
        )
    people, place = np.unique(np.concatenate([truth.known, truth.questioned]), return_inverse=True)
    known, questioned = np.split(place, 2)
    sample = _Sample(truth)
    drawn, left_out = (
        np.array(
            [
                sample.values(np.where(truth.is_same, counts[known], counts[known] * counts[questioned]))
                for counts in rows
            ]
        )
        for rows in (draw_speakers(len(people), draws, seed), 1 - np.eye(len(people)))
    )
    value = sample.values(np.ones(len(truth.log10_lr)))
    of_same = np.unique(known[truth.is_same])
    intervals = {}
    for number, name in enumerate(MEASURES):
        without = left_out[of_same] if _RATES.get(name) else left_out  # the others have no share in that rate
        intervals[name] = _interval(name, value[number], drawn[:, number], without[:, number], truth)
    return Measured(
        intervals,
        float(truth.same_log10_lr.min()),
        float(truth.different_log10_lr.max()),
    )


def _interval(name: str, value: float, drawn: Vector, left_out: Vector, truth: KnownTruth) -> Interval | None:
    if np.isinf(value):
        return Interval(float(value), float(value), float(value))
    defined, left_out = drawn[~np.isnan(drawn)], left_out[~np.isnan(left_out)]
    if np.isnan(value) or len(defined) < _ENOUGH_DRAWS * len(drawn):
        return None
    if name in _LIMITS:
        return metric_interval(value, defined, left_out, *_LIMITS[name])
    if name in _RATES:
        return rate_interval(float(value), defined, left_out, int((truth.is_same == _RATES[name]).sum()))
    low, median, high = np.percentile(defined, (PERCENTILES[0], 50.0, PERCENTILES[1]))
    return Interval(float(value), float(max(value + low - median, 0.0)), float(value + high - median))


class _Sample:
    """What does not change from draw to draw: order and costs of the comparisons."""

    def __init__(self, truth: KnownTruth) -> None:
        self.is_same = truth.is_same
        self.value, self.place = np.unique(truth.log10_lr, return_inverse=True)
        self.same_cost, self.different_cost = cost_bits(self.value), cost_bits(-self.value)

    def values(self, weight: Vector) -> list[float]:
        """The measures in the order of ``MEASURES``, NaN where undefined: all of them if a kind weighs nothing.

        Args:
            weight: of each comparison, shape (n,).
        """
        size = len(self.value)
        same = np.bincount(self.place, np.where(self.is_same, weight, 0.0), size)
        different = np.bincount(self.place, np.where(self.is_same, 0.0, weight), size)
        if not (same.any() and different.any()):
            return [np.nan] * len(MEASURES)
        same, different = same / same.sum(), different / different.sum()
        cllr = 0.5 * (_sum(same, self.same_cost) + _sum(different, self.different_cost))
        used = np.flatnonzero(same + different)
        blocks = pav_blocks(same[used], different[used])
        mapped = np.repeat(blocks.log10_lr, np.diff(np.append(blocks.starts, len(used))))
        dev_pav = distance_from_identity(self.value[used], mapped)
        return [
            blocks.eer,
            cllr,
            blocks.cllr,
            cllr - blocks.cllr,
            np.nan if dev_pav is None else dev_pav,
            float(same[self.value < 0].sum()),
            float(different[self.value > 0].sum()),
        ]


def _sum(weight: Vector, cost: Vector) -> float:
    return float(np.sum(np.where(weight > 0, cost, 0.0) * weight))  # an infinity that weighs 0 costs 0
