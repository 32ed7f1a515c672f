"""Two embedding models, one score: the first model's, plus ``WEIGHT`` times the cosine of the second's embeddings.

It is calibrated as any other score is, on what both models embedded of the population.

Source: Brümmer et al. (2007), "Fusion of heterogeneous speaker recognition systems in the STBU submission", IEEE TASLP
15:2072-2084 (linear fusion of scores).
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples, Vector
from forensic.speaker.backend import Backend

Index = NDArray[np.intp]

WEIGHT = 1.0
"""Of the second score; docs/second-opinion.md says how it was chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class FusedScore:
    """Scores embeddings of both models, which lie one after the other in one vector.

    Attributes:
        first: scores the first model's part.
        size: of that part.
    """

    first: Backend
    size: int

    @property
    def identity(self) -> str:
        """SHA-256 of what a score depends on."""
        return hashlib.sha256(f"{self.first.identity} {self.size} {WEIGHT}".encode()).hexdigest()

    def score(self, questioned: Samples, known: Samples) -> Samples:
        """Each questioned with each known embedding; arguments and result as of ``Backend.score``."""
        (q1, q2), (k1, k2) = self._parts(questioned), self._parts(known)
        fused: Samples = self.first.score(q1, k1) + np.float32(WEIGHT) * Backend().score(q2, k2)
        return fused

    def score_pairs(self, embeddings: Samples, questioned: Index, known: Index) -> Vector:
        """Some pairs of embeddings; arguments and result as of ``Backend.score_pairs``."""
        first, second = self._parts(embeddings)
        return self.first.score_pairs(first, questioned, known) + WEIGHT * Backend().score_pairs(
            second, questioned, known
        )

    def _parts(self, embeddings: Samples) -> tuple[Samples, Samples]:
        """Both parts, each of unit length again: the mean of several recordings was taken over both at once."""
        first, second = (
            part / np.linalg.norm(part, axis=1, keepdims=True) for part in np.split(embeddings, [self.size], axis=1)
        )
        return first, second


def joined(first: Samples, second: Samples) -> Samples:
    """Embeddings of both models as one vector of unit length.

    Args:
        first: unit length, shape (..., size).
        second: the second model's, unit length, shape (..., its size).
    """
    both: Samples = (np.concatenate([first, second], axis=-1) * np.float32(np.sqrt(0.5))).astype(np.float32)
    return both
