"""Pool adjacent violators: the best rising steps through weighted values, for one sequence or many at once.

If the mean of a block is not above that of the block before, both belong to one block of the result, in whatever order
blocks are pooled. So all such neighbours are pooled at once, in all sequences, and then again, until every block is
above its predecessor: a few dozen sweeps of array operations. ``scipy.optimize.isotonic_regression`` does the same for
one sequence per call; importing ``scipy.optimize`` takes longer than a bootstrap of a thousand draws does here.

Source: Barlow, Bartholomew, Bremner & Brunk (1972), Statistical Inference under Order Restrictions, section 1.2.
"""

import numpy as np
from numpy.typing import NDArray

from forensic.records import Vector

_SWEEPS = 48  # some sequences would need one sweep per value; what remains after these is pooled one by one


def block_starts(weighted: Vector, weight: Vector, begins: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """Where the blocks of equal values begin in the least-squares rising fit.

    Args:
        weighted: each value times its weight, shape (n,), finite.
        weight: above 0, shape (n,).
        begins: where a sequence begins, shape (n,), the first of them True; None: all are one sequence.

    Returns:
        Indices in rising order, with 0 and the beginning of every sequence, shape (n_blocks,).
    """
    if begins is None:
        begins = np.zeros(len(weight), bool)
        begins[:1] = True
    starts = np.arange(len(weight))
    for _ in range(_SWEEPS):
        mean = weighted / weight
        stays = begins.copy()
        stays[1:] |= mean[1:] > mean[:-1]
        kept = np.flatnonzero(stays)
        if len(kept) == len(starts):
            return starts
        weighted, weight = np.add.reduceat(weighted, kept), np.add.reduceat(weight, kept)
        starts, begins = starts[kept], begins[kept]
    return starts[_one_by_one(weighted.tolist(), weight.tolist(), begins.tolist())]


def _one_by_one(weighted: list[float], weight: list[float], begins: list[bool]) -> list[int]:
    """The same from left to right: each value joins the blocks before it whose means are not below it."""
    blocks: list[tuple[int, float, float]] = []  # where it starts, its weighted sum, its weight
    for start, (own, own_weight) in enumerate(zip(weighted, weight, strict=True)):
        block = (start, own, own_weight)
        while not begins[block[0]] and block[1] / block[2] <= blocks[-1][1] / blocks[-1][2]:
            first, total, total_weight = blocks.pop()
            block = (first, total + block[1], total_weight + block[2])
        blocks.append(block)
    return [start for start, _, _ in blocks]
