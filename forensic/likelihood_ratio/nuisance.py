"""What channels do to the embeddings of a model, taken off them: nuisance attribute projection.

A model that knows few telephones puts all voices that came by one into one corner. The directions of that are found
from people who were recorded in several channels: what differs between the channels of one person is no person.

Source: Solomonoff, Campbell & Boardman (2005), "Advances in channel compensation for SVM speaker recognition", ICASSP.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples

DIRECTIONS = 12
"""How many are taken off; docs/second-opinion.md says how it was chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class Nuisance:
    """Directions that tell channels and not people.

    Attributes:
        directions: orthonormal, shape (k, size).
    """

    directions: Samples

    @property
    def sha256(self) -> str:
        """Of the directions."""
        return hashlib.sha256(np.ascontiguousarray(self.directions, "<f4").tobytes()).hexdigest()

    def removed(self, embeddings: Samples) -> Samples:
        """Embeddings without these directions, of unit length again.

        Args:
            embeddings: unit length, shape (..., size); NaN stays.
        """
        values = embeddings.astype(np.float64)
        directions = self.directions.astype(np.float64)
        rest = values - (values @ directions.T) @ directions
        left: Samples = (rest / np.linalg.norm(rest, axis=-1, keepdims=True)).astype(np.float32)
        return left


def channel_nuisance(
    embeddings: Samples, speaker: NDArray[np.integer], channel: NDArray[np.integer], count: int = DIRECTIONS
) -> Nuisance | None:
    """The directions in which embeddings of one person differ most between channels.

    Args:
        embeddings: unit length, shape (n, size).
        speaker: number of each row's speaker, shape (n,).
        channel: number of each row's channel, shape (n,).
        count: how many directions; at most half of those that there are.

    Returns:
        None where nobody was recorded in two channels.
    """
    pairs, place = np.unique(np.stack([speaker, channel]), axis=1, return_inverse=True)
    means = _means(embeddings, place.reshape(-1), pairs.shape[1])  # of each person in each channel
    of_speaker = np.unique(pairs[0], return_inverse=True)[1]
    differences = means - _means(means, of_speaker, int(of_speaker.max()) + 1)[of_speaker]
    _, spread, directions = np.linalg.svd(differences, full_matrices=False)
    there = int((spread > len(differences) * np.finfo(np.float32).eps * max(spread[0], 1)).sum())
    kept = min(count, there // 2)
    return Nuisance(directions[:kept].astype(np.float32)) if kept else None


def _means(values: NDArray[np.floating], group: NDArray[np.intp], groups: int) -> NDArray[np.float64]:
    total = np.zeros((groups, values.shape[1]))
    np.add.at(total, group, values)
    return np.asarray(total / np.bincount(group, minlength=groups)[:, None])
