"""Scores of many embeddings against many, block by block, so that memory does not grow with their product."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples

Score: TypeAlias = Callable[[Samples, Samples], NDArray[np.floating]]
"""Questioned (m, size) and known (n, size) embeddings to scores (m, n)."""

Allowed: TypeAlias = Callable[[slice, slice], NDArray[np.bool_]]
"""Rows of the questioned and of the known embeddings to which of their pairs count, shape (m, n)."""

_BLOCK = 1024
_LARGE_BLOCK = 2048


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


def best_scores(
    questioned: Samples,
    known: Samples,
    score: Score,
    most: int,
    allowed: Allowed | None = None,
    block: int = _LARGE_BLOCK,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]]:
    """The highest scores of each questioned embedding, a block of them at a time.

    Args:
        questioned: L2-normalised, shape (m, size).
        known: L2-normalised, shape (n, size).
        score: of a block of each.
        most: scores that each questioned embedding keeps; fewer where fewer pairs are allowed.
        allowed: which pairs count; None allows all.
        block: embeddings on either side that are scored at once.

    Yields:
        Index of the questioned, index of the known, and score; shape (pairs,) each; the questioned in order, and the
        scores of each the highest first.
    """
    for first in range(0, len(questioned), block):
        rows = slice(first, min(first + block, len(questioned)))
        held = np.empty((rows.stop - first, 0), np.float32), np.empty((rows.stop - first, 0), np.intp)
        for start in range(0, len(known), block):
            columns = slice(start, min(start + block, len(known)))
            found = np.array(score(questioned[rows], known[columns]), np.float32)
            if allowed is not None:
                found[~allowed(rows, columns)] = -np.inf
            scores, places = _highest(found, np.broadcast_to(np.arange(start, columns.stop), found.shape), most)
            held = _highest(np.hstack([held[0], scores]), np.hstack([held[1], places]), most)
        scores, places = held
        row, column = np.nonzero(np.isfinite(scores))
        yield row + first, places[row, column], scores[row, column]


def _highest(
    scores: NDArray[np.float32], places: NDArray[np.intp], most: int
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The highest scores of each row with their places, the highest first."""
    most = min(most, scores.shape[1])
    chosen = np.argpartition(scores, -most, axis=1)[:, -most:]
    best = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-best, axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1), np.take_along_axis(
        np.take_along_axis(places, chosen, axis=1), order, axis=1
    )
