"""Which voices seem to be of one speaker: clusters of linked voices, and how sure each is."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forensic.comparison.outcomes import VoiceCluster
from forensic.comparison.sides import Side
from forensic.comparison.voice_pairs import VoicePairs
from forensic.likelihood_ratio.clusters import cluster, cluster_of_linked, components
from forensic.progress import Watch, unwatched

Index = NDArray[np.intp]

_AT_ONCE = 1 << 21  # LRs in memory at once
_MOST_DRAWN = 100_000_000  # LRs of all draws together, where pairs are clustered one by one
_FEWEST_DRAWS = 20


def _matrices(pairs: VoicePairs, linked: Index, count: int) -> Iterator[tuple[Index, Index, Index, Index]]:
    """For each component of the links: its voices, and its pairs with LRs with their places among them."""
    groups = components(pairs.first[linked], pairs.second[linked], count)
    sizes = np.bincount(groups, minlength=1)
    with_lr = np.flatnonzero(pairs.calibration >= 0)
    inside = with_lr[groups[pairs.first[with_lr]] == groups[pairs.second[with_lr]]]
    inside = inside[np.argsort(groups[pairs.first[inside]], kind="stable")]
    owner = groups[pairs.first[inside]]
    for group in np.flatnonzero(sizes > 1).tolist():
        members = np.flatnonzero(groups == group)
        own = inside[np.searchsorted(owner, group) : np.searchsorted(owner, group, side="right")]
        yield members, own, np.searchsorted(members, pairs.first[own]), np.searchsorted(members, pairs.second[own])


def _matrix(values: NDArray[np.float64], one: Index, other: Index, count: int) -> NDArray[np.float64]:
    matrix = np.full((count, count), np.nan)
    matrix[one, other] = matrix[other, one] = values
    return matrix


def clusters_of(pairs: VoicePairs, threshold: float) -> Index:
    """The cluster of each voice, named by its first one; weighs the pairs that this takes, if not all are."""
    if not pairs.is_complete:
        with_lr = pairs.first, pairs.second, pairs.log10_lr
        found = cluster_of_linked(
            with_lr, pairs.voices, threshold, lambda *clusters: _weighed_between(pairs, *clusters)
        )
        return _first_of_each(found)
    labels = np.arange(pairs.voices)
    linked = np.flatnonzero(pairs.log10_lr >= threshold)
    for members, own, one, other in _matrices(pairs, linked, pairs.voices):
        labels[members] = members[
            _first_of_each(cluster(_matrix(pairs.log10_lr[own], one, other, len(members)), threshold))
        ]
    return labels


def _first_of_each(labels: Index) -> Index:
    """The place of the first of each item's cluster."""
    return np.unique(labels, return_index=True)[1][labels]


def _weighed_between(
    pairs: VoicePairs, owner: Index, one: Index, other: Index
) -> tuple[Index, Index, NDArray[np.float64]]:
    """Weigh the pairs of voices between some clusters that are not weighed yet.

    Args:
        pairs: that are weighed.
        owner: cluster of each voice.
        one: clusters, shape (n,).
        other: clusters, shape (n,).
    """
    before = len(pairs.first)
    members = np.argsort(owner, kind="stable")
    sizes = np.bincount(owner, minlength=pairs.voices)
    starts = np.cumsum(sizes) - sizes
    numbers = sizes[one] * sizes[other]
    several = np.flatnonzero(numbers > 1)  # two voices with a link are weighed
    for part in np.split(several, np.flatnonzero(np.diff(np.cumsum(numbers[several]) // _AT_ONCE)) + 1):
        which = np.repeat(part, numbers[part])
        place = np.arange(len(which)) - np.repeat(np.cumsum(numbers[part]) - numbers[part], numbers[part])
        row, column = np.divmod(place, sizes[other[which]])
        pairs.weigh_also(members[starts[one[which]] + row], members[starts[other[which]] + column])
    return pairs.first[before:], pairs.second[before:], pairs.log10_lr[before:]


def draws_of_clusters(pairs: VoicePairs) -> int:
    """In how many draws clusters are made again: fewer if very many pairs are weighed one by one."""
    draws = pairs.draws()
    return draws if pairs.is_complete else max(_FEWEST_DRAWS, min(draws, _MOST_DRAWN // max(1, len(pairs.first))))


def share_together(pairs: VoicePairs, labels: Index, threshold: float, watch: Watch = unwatched) -> dict[int, float]:
    """For each cluster of two or more, by its label, the share of draws in which its voices are still in one."""
    draws = draws_of_clusters(pairs)
    apart = np.zeros(pairs.voices)
    for members, values in _drawn_clusters(pairs, threshold, draws, watch):
        own = labels[members]
        moved = values != values[np.searchsorted(members, own)]
        apart[np.unique(own[moved])] += 1
    clusters = np.flatnonzero(np.bincount(labels) > 1).tolist()
    return {label: float((draws - apart[label]) / draws) for label in clusters}


def _drawn_clusters(pairs: VoicePairs, threshold: float, draws: int, watch: Watch) -> Iterator[tuple[Index, Index]]:
    """Some voices, among which every cluster is whole, and their clusters in a draw; so for all voices and draws."""
    if not pairs.is_complete:
        everyone, every = np.arange(pairs.voices), np.arange(len(pairs.first))
        for done, values in enumerate(_drawn(pairs, every, draws)):
            watch(done, draws)
            yield everyone, cluster_of_linked((pairs.first, pairs.second, values), pairs.voices, threshold)
        return
    linked = np.flatnonzero(pairs.log10_lr >= threshold)
    groups = list(_matrices(pairs, linked, pairs.voices))
    done, of_a_draw = 0, sum(len(own) for _, own, _, _ in groups)
    for members, own, one, other in groups:
        for values in _drawn(pairs, own, draws):
            watch(done // of_a_draw, draws)
            done += len(own)
            yield members, cluster(_matrix(values, one, other, len(members)), threshold)


def _drawn(pairs: VoicePairs, chosen: Index, draws: int) -> Iterator[NDArray[np.float64]]:
    """log10 LRs of some pairs in each draw, shape (pairs,) each."""
    at_once = max(1, min(draws, _AT_ONCE // max(1, len(chosen))))
    for start in range(0, draws, at_once):
        yield from pairs.drawn(chosen, slice(start, min(draws, start + at_once)))


def cluster_numbers(labels: Index, numbers: Index) -> dict[int, int]:
    """Numbers from 1 for clusters of two or more, the largest first, by label."""
    sizes = Counter(labels.tolist())
    least = {label: int(numbers[labels == label].min()) for label, size in sizes.items() if size > 1}
    ordered = sorted(least, key=lambda label: (-sizes[label], least[label]))
    return {label: number for number, label in enumerate(ordered, 1)}


def described(
    sides: Sequence[Side], numbers: Index, pairs: VoicePairs, labels: Index, together: Mapping[int, float]
) -> tuple[VoiceCluster, ...]:
    """The clusters of two voices or more, in the order of their numbers."""
    found = []
    inside = np.flatnonzero((labels[pairs.first] == labels[pairs.second]) & (pairs.calibration >= 0))
    inside = inside[np.argsort(labels[pairs.first[inside]], kind="stable")]
    owner = labels[pairs.first[inside]]
    for label, number in cluster_numbers(labels, numbers).items():
        members = np.flatnonzero(labels == label)
        own = inside[np.searchsorted(owner, label) : np.searchsorted(owner, label, side="right")]
        values = pairs.log10_lr[own]
        recordings = Counter(sides[place].sha256[0] for place in members.tolist())
        found.append(
            VoiceCluster(
                number=number,
                voices=tuple(sorted(numbers[members].tolist())),
                mean_log10_lr=float(values.mean()),
                lowest_log10_lr=float(values.min()),
                pairs_with_lr=len(values),
                pairs=math.comb(len(members), 2),
                together=together[label],
                holds_two_of_one_recording=max(recordings.values()) > 1,
            )
        )
    return tuple(found)
