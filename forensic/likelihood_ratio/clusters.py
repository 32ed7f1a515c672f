"""Recordings that seem to be of one voice: agglomeration on log10 LRs, average linkage.

Two clusters are joined while the mean log10 LR of the pairs between them is at least the threshold, the highest mean
first. A mean asks more than one high LR: it takes a voice that is like all of the others, not like one of them. It is a
mean of weights of evidence, and no LR that several recordings are of one speaker.

The linkage is our own because ``scipy.cluster.hierarchy.linkage`` takes a distance for every pair: a pair without an LR
must count in no mean, and no stand-in for it leaves the means as they are.

Source: Sokal & Michener (1958), A statistical method for evaluating systematic relationships (average linkage).
"""

import numpy as np
from numpy.typing import NDArray

from forensic.records import Vector

Matrix = NDArray[np.float64]
Labels = NDArray[np.intp]


def cluster(log10_lr: Matrix, threshold_log10_lr: float) -> Labels:
    """Clusters of recordings.

    Args:
        log10_lr: symmetric, shape (n, n); NaN where a pair has no LR, which then counts in no mean. The diagonal is not
            looked at.
        threshold_log10_lr: the least mean between clusters that are joined.

    Returns:
        The cluster of each, numbered from 0 in the order of their first members, shape (n,).
    """
    count = len(log10_lr)
    has_lr = ~np.isnan(log10_lr)
    np.fill_diagonal(has_lr, val=False)
    sums, pairs = np.where(has_lr, log10_lr, 0.0), has_lr.astype(np.float64)
    owner = np.arange(count)
    means = _means(sums, pairs)
    if count == 0:
        return owner
    best = means.max(axis=1)
    while True:
        into = int(best.argmax())
        if not best[into] >= threshold_log10_lr:
            break
        joined = int(means[into].argmax())
        for table in (sums, pairs):
            table[into] += table[joined]
            table[:, into] += table[:, joined]
            table[into, into] = table[joined] = table[:, joined] = 0.0
        owner[owner == joined] = into
        fresh = _means(sums[into], pairs[into])
        is_stale = (means[:, into] >= best) | (means[:, joined] >= best)  # their best was one of the two
        means[joined] = means[:, joined] = -np.inf
        means[into] = means[:, into] = fresh
        best = np.maximum(best, fresh)
        best[is_stale] = means[is_stale].max(axis=1)
        best[into], best[joined] = fresh.max(), -np.inf
    return _in_order(owner)


def components(first: Labels, second: Labels, count: int) -> Labels:
    """What hangs together by links: the component of each of ``count``, numbered in order, shape (count,).

    Args:
        first: one end of each link, 0 to ``count`` - 1, shape (n_links,).
        second: the other end, shape (n_links,).
        count: of what is linked.
    """
    from scipy.sparse import coo_array, csgraph  # a seventh of a second, and only `forensic link` comes here

    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    return _in_order(csgraph.connected_components(links, directed=False)[1])


def _means(sums: Vector | Matrix, pairs: Vector | Matrix) -> NDArray[np.float64]:
    means: NDArray[np.float64] = np.divide(sums, pairs, out=np.full(sums.shape, -np.inf), where=pairs > 0)
    return means


def _in_order(owner: Labels) -> Labels:
    """Labels numbered from 0 in the order in which they first occur."""
    values, first, inverse = np.unique(owner, return_index=True, return_inverse=True)
    place = np.empty(len(values), np.intp)
    place[np.argsort(first)] = np.arange(len(values))
    labels: Labels = place[inverse]
    return labels
