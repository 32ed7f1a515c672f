"""Recordings that seem to be of one voice: agglomeration on log10 LRs, average linkage.

Two clusters are joined while the mean log10 LR of the pairs between them is at least the threshold, the highest mean
first. A mean asks for more than one high LR: a voice must be like all of the others, not like one of them. It is a
mean of weights of evidence, not an LR for the proposition that several recordings are of one speaker.

The linkage is our own because ``scipy.cluster.hierarchy.linkage`` needs a distance for every pair: a pair without an LR
must not count in any mean, and any value in its place would change the means.

Source: Sokal & Michener (1958), A statistical method for evaluating systematic relationships (average linkage).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.records import Vector

Matrix = NDArray[np.float64]
Labels = NDArray[np.intp]
Pairs: TypeAlias = tuple[Labels, Labels, Vector]
"""One and the other of each pair, and its log10 LR."""


def cluster(log10_lr: Matrix, threshold_log10_lr: float) -> Labels:
    """Clusters of recordings.

    Args:
        log10_lr: symmetric, shape (n, n); NaN where a pair has no LR, which then counts in no mean. The diagonal is
            ignored.
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
        is_stale = (means[:, into] >= best) | (means[:, joined] >= best)  # their best partner was one of the two
        means[joined] = means[:, joined] = -np.inf
        means[into] = means[:, into] = fresh
        best = np.maximum(best, fresh)
        best[is_stale] = means[is_stale].max(axis=1)
        best[into], best[joined] = fresh.max(), -np.inf
    return _in_order(owner)


@dataclass(frozen=True, slots=True, eq=False)
class _Between:
    """What is known between each two clusters: one and the other of them, sum and number of LRs, and the highest."""

    one: Labels
    other: Labels
    sums: Vector
    pairs: Labels
    highest: Vector

    def merged(self, owner: Labels) -> "_Between":
        """The same after clusters were renamed, those between equal names left out."""
        one, other = owner[self.one], owner[self.other]
        apart = np.flatnonzero(one != other)
        one, other = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
        keys, which = np.unique(one * len(owner) + other, return_inverse=True)
        highest = np.full(len(keys), -np.inf)
        np.maximum.at(highest, which, self.highest[apart])
        sums: Vector = np.bincount(which, self.sums[apart], len(keys)).astype(np.float64)
        pairs = np.bincount(which, self.pairs[apart], len(keys)).astype(np.intp)
        one, other = np.divmod(keys, len(owner))
        return _Between(one, other, sums, pairs, highest)

    def with_pairs(self, pairs: Pairs, owner: Labels) -> "_Between":
        """The same with further pairs of items."""
        one, other, log10_lr = pairs
        return _Between(
            np.append(self.one, owner[one]),
            np.append(self.other, owner[other]),
            np.append(self.sums, log10_lr),
            np.append(self.pairs, np.ones(len(one), np.intp)),
            np.append(self.highest, log10_lr),
        ).merged(np.arange(len(owner)))


def cluster_of_linked(
    pairs: Pairs,
    count: int,
    threshold_log10_lr: float,
    between: Callable[[Labels, Labels, Labels], Pairs] | None = None,
) -> Labels:
    """As ``cluster``, for many items of which few pairs are known.

    A mean reaches the threshold only where a pair does, so nothing else is needed than the pairs between clusters that
    a link joins. In each round, all clusters that are each other's best partner are joined: with a mean, no later
    joining can bring a better one.

    Args:
        pairs: each once, all that are links among them.
        count: number of items.
        threshold_log10_lr: the least mean between clusters that are joined.
        between: called with the cluster of each item and the two sides of pairs of clusters that a link joins; gives
            their further pairs of items, which were not given before. None: there are no others.

    Source: Bruynooghe (1978), "Classification ascendante hiérarchique des grands ensembles de données" (reducibility).
    """
    owner = np.arange(count)
    empty = np.empty(0, np.intp)
    known = _Between(empty, empty, np.empty(0), empty, np.empty(0)).with_pairs(pairs, owner)
    while True:
        if between is not None:
            linked = known.highest >= threshold_log10_lr
            known = known.with_pairs(between(owner, known.one[linked], known.other[linked]), owner)
        means = known.sums / known.pairs
        able = np.flatnonzero((known.highest >= threshold_log10_lr) & (means >= threshold_log10_lr))
        if not len(able):
            return _in_order(owner)
        joined = able[_each_others_best(known.one[able], known.other[able], means[able], count)]
        into = np.arange(count)
        into[known.other[joined]] = known.one[joined]
        owner, known = into[owner], known.merged(into)


def _each_others_best(one: Labels, other: Labels, means: Vector, count: int) -> NDArray[np.bool_]:
    """Which pairs are the best of both of theirs; of equal means, the pair that comes first is the better one."""
    rank = np.empty(len(means), np.intp)
    rank[np.lexsort((other, one, -means))] = np.arange(len(means))
    best = np.full(count, len(means))
    np.minimum.at(best, one, rank)
    np.minimum.at(best, other, rank)
    return np.asarray((best[one] == rank) & (best[other] == rank))


def components(first: Labels, second: Labels, count: int) -> Labels:
    """What links connect: the component of each of ``count`` items, numbered in order, shape (count,).

    Args:
        first: one end of each link, 0 to ``count`` - 1, shape (n_links,).
        second: the other end, shape (n_links,).
        count: number of items.
    """
    from scipy.sparse import coo_array, csgraph  # takes a seventh of a second, and only `forensic link` needs it

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
