"""Reading log10 LRs off fitted maps from score to log10 LR."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from forensic.records import ScoreMaps, Vector

Index = NDArray[np.intp]
Matrix = NDArray[np.float64]


def log10_lr_at(maps: ScoreMaps, scores: Vector) -> Matrix:
    """log10 LRs of scores by every map.

    Args:
        maps: the maps.
        scores: shape (n,), finite.

    Returns:
        Shape (n_maps, n).
    """
    left, share = _place(maps, scores)
    return maps.log10_lr[:, left] * (1 - share) + maps.log10_lr[:, left + 1] * share


def log10_lr_by_map(maps: ScoreMaps, which: Index, scores: Vector) -> Vector:
    """log10 LRs of scores, each by its own map.

    Args:
        maps: the maps.
        which: row of the map for each score, shape (n,).
        scores: shape (n,), finite.

    Returns:
        Shape (n,).
    """
    left, share = _place(maps, scores)
    log10_lr: Vector = maps.log10_lr[which, left] * (1 - share) + maps.log10_lr[which, left + 1] * share
    return log10_lr


def with_values(maps: ScoreMaps, log10_lr: Matrix) -> ScoreMaps:
    """Other maps on the same knots.

    Args:
        maps: whose knots they are.
        log10_lr: shape (n, n_knots).
    """
    return dataclasses.replace(maps, log10_lr=log10_lr)


def _place(maps: ScoreMaps, scores: Vector) -> tuple[Index, Vector]:
    """The knot to the left of each score, and the score's position from there to the next: 0 to 1 between knots."""
    last = maps.log10_lr.shape[1] - 1
    position = (scores - maps.start) / maps.step
    if not maps.goes_on:
        position = np.clip(position, 0, last)
    left = np.clip(np.floor(position), 0, last - 1).astype(np.intp)
    return left, position - left
