"""Stretches that two recordings share: copies, excerpts, parts of one source.

Every frame of every fingerprint is looked up by several choices of its bits, each made by chance. Where all bits of one
choice are those of a frame of another recording, the frames around the two are compared, then more of them, and at last
both recordings along that distance in time: the stretches in which far fewer bits differ than by chance (one half) are
kept. The more frames there are, the more bits a choice has, so that few frames agree by chance, and the more choices
there are, so that as many frames of a copy agree: the time grows with about the power 1.5 of all speech together, and
not with its square.

Source: Indyk & Motwani (1998), Approximate nearest neighbors, STOC; the choice of bits is theirs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensic.audio.fingerprint import FRAMES_PER_S, Fingerprint, time_of

Places = NDArray[np.integer[Any]]

_BITS = 32
_FEWEST_BITS = 16  # of a choice
_CHOICES = 6  # of the fewest bits
_AGREEING = 0.75  # of a copy's bits; each further bit of a choice costs so much of what is found
_CROWD = 500  # frames that agree in a choice; more are looked up by other choices
_CHUNK = 1 << 16  # pairs of frames compared at once

_NEAR = (4, 8)  # frames from agreeing ones to those that are compared first
_NEAR_ERRORS = 0.40
_GLANCE = 64  # frames around them that are compared next, before longer stretches are
_GLANCE_ACTIVE = 24
_GLANCE_ERRORS = 0.41
_PLACE_BITS = 40  # of a place among all fingerprints
_GAP = _GLANCE  # between recordings placed end to end, so that no window spans two

_ERRORS_ALLOWED = 0.37  # share of differing bits above which a frame counts against a stretch
_EVIDENCE = 5.0  # least sum over frames of that share less their own; measured, see benchmarks/fingerprint.py


@dataclass(frozen=True, slots=True)
class Overlap:
    """A stretch that two recordings have in common.

    Attributes:
        first, second: which fingerprints, by their place.
        first_start_s, second_start_s: where it begins in each.
        duration_s: from its first to its last agreeing frame, pauses included.
        compared_s: of that, with speech in both.
        bit_error_rate: share of bits that differ, 0 to 1; recordings that have nothing in common differ in half.
        evidence: how strong, in frames without an error times ``_ERRORS_ALLOWED``.
    """

    first: int
    second: int
    first_start_s: float
    second_start_s: float
    duration_s: float
    compared_s: float
    bit_error_rate: float
    evidence: float


def find_overlaps(fingerprints: Sequence[Fingerprint], owners: Sequence[int], *, least_s: float = 2.0) -> list[Overlap]:
    """Every stretch that two fingerprints share.

    Args:
        fingerprints: of channels.
        owners: the recording of each, by number; channels of one recording are not compared.
        least_s: shortest stretch of speech that counts.

    Returns:
        Overlaps with ``first < second``, the strongest of each pair first.
    """
    found = []
    order = sorted(range(len(owners)), key=owners.__getitem__)
    collection = _Collection([fingerprints[place] for place in order], [owners[place] for place in order])
    pairs: dict[tuple[int, int], set[int]] = {}
    for first, second, lag in _candidates(collection):
        pairs.setdefault((order[first], order[second]), set()).add(lag)
    for (first, second), lags in sorted(pairs.items()):
        own = [
            overlap
            for lag in sorted(lags)
            for overlap in _along(fingerprints[first], fingerprints[second], lag, first, second)
            if overlap.compared_s >= least_s
        ]
        found += _strongest(own)
    return found


class _Collection:
    """All fingerprints end to end with gaps between them.

    Args:
        fingerprints: of channels.
        owners: the recording of each, rising.

    Attributes:
        bits: of every place; 0 in gaps and outside speech.
        starts: place of the first frame of each fingerprint, and the end of the last.
        active: places with bits.
        others: of each of these, the first place of the recordings after its own.
    """

    def __init__(self, fingerprints: Sequence[Fingerprint], owners: Sequence[int]) -> None:
        lengths = np.array([len(one) + _GAP for one in fingerprints], np.int64)
        self.starts = np.concatenate([[_GAP], _GAP + np.cumsum(lengths)])
        self.bits = np.zeros(int(self.starts[-1]) + _GAP, np.uint32)
        for one, start in zip(fingerprints, self.starts, strict=False):
            self.bits[start : start + len(one)] = one
        small = np.int32 if len(self.bits) < 1 << 31 else np.int64
        active = np.flatnonzero(self.bits)
        self.active: Places = active.astype(small)
        others = self.starts[np.searchsorted(owners, owners, side="right")]
        self.others: Places = others[self.recording(active)].astype(small)

    def recording(self, place: Places) -> Places:
        """Which fingerprint a place belongs to."""
        return np.searchsorted(self.starts, place, side="right") - 1


def _candidates(collection: _Collection) -> Iterator[tuple[int, int, int]]:
    """Pairs of fingerprints and the lag at which they seem to agree, each once."""
    found = np.empty(0, np.int64)
    for mask in _choices(len(collection.active)):
        for first, second in _agreeing(collection, mask):
            place, lag = first, second - first
            for distance in _NEAR:
                near = _is_near(collection.bits, place, lag, distance)
                place, lag = place[near], lag[near]
            alignment = collection.recording(place) << _PLACE_BITS | lag
            is_new = ~np.isin(alignment, found)
            place, lag, alignment = place[is_new], lag[is_new], alignment[is_new]
            alike = _is_alike(collection.bits, place, lag)
            new, which = np.unique(alignment[alike], return_index=True)
            found = np.concatenate([found, new])
            place, lag = place[alike][which], lag[alike][which]
            one, other = collection.recording(place), collection.recording(place + lag)
            local = lag - collection.starts[other] + collection.starts[one]
            yield from zip(one.tolist(), other.tolist(), local.tolist(), strict=True)


def _choices(frames: int) -> list[np.uint32]:
    """Masks of the bits in which frames are looked up, of so many frames in all."""
    bits = max(_FEWEST_BITS, frames.bit_length() - 3)  # a few frames agree by chance: to avoid them takes more choices
    number = round(_CHOICES * _AGREEING ** (_FEWEST_BITS - bits)) if frames else 0
    random = np.random.default_rng(1)
    chosen = [random.permutation(_BITS)[:bits] for _ in range(number)]
    return [np.bitwise_or.reduce(np.uint32(1) << each.astype(np.uint32)) for each in chosen]


def _agreeing(collection: _Collection, mask: np.uint32) -> Iterator[tuple[Places, Places]]:
    """Places of two recordings whose frames agree in all bits of a mask, the earlier recording's first; in chunks."""
    key = (collection.bits[collection.active] & mask).astype(np.uint64) << np.uint64(32)
    key |= np.arange(len(key), dtype=np.uint64)
    key.sort()
    order = key.astype(np.uint32)  # the lower half
    key >>= np.uint64(32)
    size = np.diff(np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1], [True]])))
    after = (np.repeat(np.cumsum(size), size) - np.arange(1, len(key) + 1)).astype(np.int32)  # with the same bits
    after[np.repeat(size > _CROWD, size)] = 0
    places, others, ends = collection.active[order], collection.others[order], np.cumsum(after)
    begin = 0
    while begin < len(key):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
        one = np.repeat(np.arange(begin, end), after[begin:end])
        other = 1 + one + np.arange(len(one)) - (np.repeat(ends[begin:end] - after[begin:end], after[begin:end]) - done)
        differ = places[other] >= others[one]
        yield places[one[differ]], places[other[differ]]
        begin = end


def _is_near(bits: Fingerprint, place: Places, lag: Places, distance: int) -> NDArray[np.bool_]:
    """Whether the frames so far before and after two places agree."""
    before, after = place - distance, place + distance
    errors = np.bitwise_count(bits[before] ^ bits[before + lag]) + np.bitwise_count(bits[after] ^ bits[after + lag])
    near: NDArray[np.bool_] = errors < 2 * _BITS * _NEAR_ERRORS
    return near


def _is_alike(bits: Fingerprint, place: Places, lag: Places) -> NDArray[np.bool_]:
    """Whether all frames around two places agree."""
    places = place[:, None] + np.arange(-_GLANCE // 2, _GLANCE // 2)
    one, other = bits[places], bits[places + lag[:, None]]
    active = (one != 0) & (other != 0)
    compared = active.sum(axis=1)
    errors = np.where(active, np.bitwise_count(one ^ other), 0).sum(axis=1, dtype=np.int64)
    alike: NDArray[np.bool_] = (compared >= _GLANCE_ACTIVE) & (errors < _GLANCE_ERRORS * _BITS * compared)
    return alike


def _along(one: Fingerprint, other: Fingerprint, lag: int, first: int, second: int) -> Iterator[Overlap]:
    """The stretches that agree if ``other`` starts ``lag`` frames later."""
    begin = max(0, -lag)
    end = min(len(one), len(other) - lag)
    ours, theirs = one[begin:end], other[begin + lag : end + lag]
    frames = np.flatnonzero((ours != 0) & (theirs != 0))
    errors = np.bitwise_count(ours[frames] ^ theirs[frames]) / _BITS
    for low, high in _best_stretches(_ERRORS_ALLOWED - errors):
        start, stop = int(frames[low]) + begin, int(frames[high - 1]) + begin
        yield Overlap(
            first=first,
            second=second,
            first_start_s=time_of(start),
            second_start_s=time_of(start + lag),
            duration_s=(stop + 1 - start) / FRAMES_PER_S,
            compared_s=(high - low) / FRAMES_PER_S,
            bit_error_rate=float(errors[low:high].mean()),
            evidence=float((_ERRORS_ALLOWED - errors[low:high]).sum()),
        )


def _best_stretches(gains: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """The stretches with the largest sum of gains, one after another, as long as the sum is evidence enough."""
    waiting = [(0, len(gains))]
    while waiting:
        low, high = waiting.pop()
        if high <= low:
            continue
        sums = np.concatenate([[0.0], np.cumsum(gains[low:high])])
        end = int(np.argmax(sums - np.minimum.accumulate(sums)))
        start = int(np.argmin(sums[: end + 1]))
        if sums[end] - sums[start] < _EVIDENCE:
            continue
        yield low + start, low + end
        waiting += [(low, low + start), (low + end, high)]


def _strongest(overlaps: Sequence[Overlap]) -> list[Overlap]:
    """Without the overlaps that a stronger one covers, since neighbouring lags agree in the same stretch."""
    kept: list[Overlap] = []
    for overlap in sorted(overlaps, key=lambda one: -one.evidence):
        if not any(_shared_s(overlap, stronger) > overlap.duration_s / 2 for stronger in kept):
            kept.append(overlap)
    return kept


def _shared_s(one: Overlap, other: Overlap) -> float:
    ends = (one.first_start_s + one.duration_s, other.first_start_s + other.duration_s)
    return min(ends) - max(one.first_start_s, other.first_start_s)
