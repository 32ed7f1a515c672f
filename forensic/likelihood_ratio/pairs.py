"""Scored pairs of reference speakers, and the weight of each when speakers are drawn or left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.inputs import checked
from forensic.records import Vector

Index = NDArray[np.intp]
Matrix = NDArray[np.float64]

_PAIRS_AT_ONCE = 128
"""How many pairs have their weights in all draws in memory at once: 1 MB for 1,000 draws, which a cache can hold."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scores of same-speaker and different-speaker pairs, with the speakers on either side.

    Attributes:
        same_scores: shape (n_same,), finite.
        same_speaker: the speaker of each, 0 to speakers - 1, shape (n_same,).
        different_scores: shape (n_different,), finite.
        different_known: the known speaker of each, shape (n_different,).
        different_questioned: the questioned speaker of each, shape (n_different,); never the known one.
        speakers: number of speakers.

    Raises:
        CalibrationError: if a class is empty, a score is not finite, or shapes or speakers do not fit.
    """

    same_scores: Vector
    same_speaker: Index
    different_scores: Vector
    different_known: Index
    different_questioned: Index
    speakers: int

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        checked(self.same_scores, "same-speaker scores", finite=True)
        checked(self.different_scores, "different-speaker scores", finite=True)
        fits = (
            self.same_speaker.shape == self.same_scores.shape
            and self.different_known.shape == self.different_questioned.shape == self.different_scores.shape
        )
        if not fits:
            raise CalibrationError("Scores and speakers differ in number.", "Give each pair its speakers.")
        if (self.different_known == self.different_questioned).any():
            raise CalibrationError("A different-speaker pair has the same speaker on both sides.", "Correct the pairs.")
        indices = np.concatenate([self.same_speaker, self.different_known, self.different_questioned])
        if indices.min() < 0 or indices.max() >= self.speakers:
            raise CalibrationError("A pair names a speaker that does not exist.", "Number speakers from 0.")


def same_weights(pairs: Pairs, speaker_weights: Matrix) -> Matrix:
    """The weight of each same-speaker pair: that of its speaker.

    Args:
        pairs: the pairs.
        speaker_weights: how often each speaker counts, shape (n_draws, speakers), 0 or more.

    Returns:
        Shape (n_draws, n_same).
    """
    weights: Matrix = speaker_weights[:, pairs.same_speaker]
    return weights


def different_weights_by_group(pairs: Pairs, speaker_weights: Matrix, group: Index) -> Matrix:
    """The weight of the different-speaker pairs of each group together.

    The weight of a pair is the product of its speakers' weights.

    Args:
        pairs: the pairs.
        speaker_weights: shape (n_draws, speakers).
        group: of each different-speaker pair, shape (n_different,); every number from 0 to the highest
            occurs.

    Returns:
        Shape (n_draws, n_groups).
    """
    order = np.argsort(group, kind="stable")
    known, questioned, group = pairs.different_known[order], pairs.different_questioned[order], group[order]
    by_speaker = np.ascontiguousarray(speaker_weights.T)  # a pair's weights in all draws are then adjacent in memory
    summed = np.zeros((int(group[-1]) + 1, len(speaker_weights)))
    for first in range(0, len(order), _PAIRS_AT_ONCE):
        here = slice(first, first + _PAIRS_AT_ONCE)
        weight = by_speaker[known[here]]
        weight *= by_speaker[questioned[here]]
        starts = np.flatnonzero(np.diff(group[here], prepend=-1))
        summed[group[here][0] : group[here][-1] + 1] += np.add.reduceat(weight, starts, axis=0)
    return np.ascontiguousarray(summed.T)
