"""Scores of all pairs of many embeddings, block by block, so that memory does not grow with their square."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples

Score = Callable[[Samples, Samples], NDArray[np.floating]]
"""Questioned (m, size) and known (n, size) embeddings to scores (m, n)."""

_BLOCK = 1024


def pair_scores(
    embeddings: Samples, score: Score, block: int = _BLOCK
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]]:
    """The score of every pair, once.

    Args:
        embeddings: L2-normalised, shape (n, size).
        score: takes the later of a pair as questioned and the earlier as known.
        block: embeddings on either side that are scored at once.

    Yields:
        Index of the earlier, index of the later, and score; shape (pairs,) each.
    """
    for first in range(0, len(embeddings), block):
        known = embeddings[first : first + block]
        for second in range(first, len(embeddings), block):
            questioned = embeddings[second : second + block]
            scores = np.asarray(score(questioned, known), np.float32)
            later, earlier = np.nonzero(
                np.arange(second, second + len(questioned))[:, None] > np.arange(first, first + len(known))
            )
            yield earlier + first, later + second, scores[later, earlier]
