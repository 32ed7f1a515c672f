"""Which voices seem to be of one speaker: clusters of linked voices, and how sure each is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forensic.comparison.outcomes import VoiceCluster
from forensic.comparison.sides import Side
from forensic.comparison.voice_pairs import VoicePairs
from forensic.likelihood_ratio.clusters import cluster, components

Index = NDArray[np.intp]

_AT_ONCE = 1 << 21  # LRs of draws in memory at once


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


def clusters_of(pairs: VoicePairs, linked: Index, threshold: float) -> Index:
    """The cluster of each voice. No cluster reaches beyond a component of the links, so each is done alone."""
    count = pairs.voices
    labels = np.arange(count)
    for members, own, one, other in _matrices(pairs, linked, count):
        found = cluster(_matrix(pairs.log10_lr[own], one, other, len(members)), threshold)
        labels[members] = members[np.array([np.flatnonzero(found == label)[0] for label in found])]
    return labels


def share_together(pairs: VoicePairs, linked: Index, labels: Index, threshold: float) -> dict[int, float]:
    """For each cluster of two or more, by its label, the share of draws in which its voices are still in one."""
    draws = pairs.draws()
    share: dict[int, float] = {}
    for members, own, one, other in _matrices(pairs, linked, pairs.voices):
        clusters = [label for label in np.unique(labels[members]).tolist() if (labels[members] == label).sum() > 1]
        kept = dict.fromkeys(clusters, 0)
        at_once = max(1, min(draws, _AT_ONCE // max(1, len(own))))
        for start in range(0, draws, at_once):
            for values in pairs.drawn(own, slice(start, min(draws, start + at_once))):
                found = cluster(_matrix(values, one, other, len(members)), threshold)
                for label in clusters:
                    kept[label] += len(np.unique(found[labels[members] == label])) == 1
        share |= {label: number / draws for label, number in kept.items()}
    return share


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
    cluster_of_pair = np.where(labels[pairs.first] == labels[pairs.second], labels[pairs.first], -1)
    for label, number in cluster_numbers(labels, numbers).items():
        members = np.flatnonzero(labels == label)
        inside = cluster_of_pair == label
        values = pairs.log10_lr[inside & (pairs.calibration >= 0)]
        recordings = Counter(sides[place].sha256[0] for place in members.tolist())
        found.append(
            VoiceCluster(
                number=number,
                voices=tuple(sorted(numbers[members].tolist())),
                mean_log10_lr=float(values.mean()),
                lowest_log10_lr=float(values.min()),
                pairs_with_lr=len(values),
                pairs=int(inside.sum()),
                together=together[label],
                holds_two_of_one_recording=max(recordings.values()) > 1,
            )
        )
    return tuple(found)
