"""Stretches that two recordings share: copies, excerpts, parts of one source.

Every frame of every fingerprint is looked up by parts of its bits. Two recordings in which several frames agree at the
same distance in time are then compared bit by bit along that distance, and the stretches in which far fewer bits differ
than by chance (one half) are kept. Time grows with the number of chance agreements, about 1 in 5,000 pairs of
frames.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensic.audio.fingerprint import FRAMES_PER_S, Fingerprint, time_of

_KEYS = (0xFFFF0000, 0x0000FFFF, 0xAAAAAAAA, 0x55555555)  # bits that must agree for a frame to be looked up
_BITS = 32
_CHUNK = 4096  # frames looked up at once
_LAG = 1 << 32  # by which a distance in time and a place are packed into one number
_NEAR = 250  # agreements within so many frames count together
_VOTES = 2
_GLANCE = 64  # frames around them that are compared first, before longer stretches are
_GLANCE_ACTIVE = 24
_GLANCE_ERRORS = 0.41
_GAP = _NEAR + _GLANCE  # between recordings placed end to end, so that no window spans two
_CROWDED = 64  # times the mean; parts of bits shared by more frames than that are not looked up

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
    """All fingerprints end to end with gaps between them, and for each part of the bits the frames by its value.

    Args:
        fingerprints: of channels.
        owners: the recording of each, rising.

    Attributes:
        bits: of every place; 0 in gaps and outside speech.
        starts: place of the first frame of each fingerprint, and the end of the last.
        others: of each fingerprint, the first place of the recordings after its own.
        active: places with bits.
        lookups: one for each part of the bits.
    """

    def __init__(self, fingerprints: Sequence[Fingerprint], owners: Sequence[int]) -> None:
        lengths = np.array([len(one) + _GAP for one in fingerprints], np.int64)
        self.starts = np.concatenate([[_GAP], _GAP + np.cumsum(lengths)])
        self.bits = np.zeros(int(self.starts[-1]) + _GAP, np.uint32)
        for one, start in zip(fingerprints, self.starts, strict=False):
            self.bits[start : start + len(one)] = one
        self.others = self.starts[np.searchsorted(owners, owners, side="right")]
        self.active = np.flatnonzero(self.bits)
        crowded = max(_CROWDED, _CROWDED * len(self.active) >> 16)
        self.lookups = [_lookup(_gathered(self.bits[self.active], mask), self.active, crowded) for mask in _KEYS]

    def recording(self, frame: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which fingerprint a frame belongs to."""
        return np.searchsorted(self.starts, frame, side="right") - 1


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Active frames by one part of their bits.

    Attributes:
        places: of frames with the same part, one after the other, rising.
        next: of each active frame, where in ``places`` the later ones with the same part begin.
        count: how many these are; 0 where too many frames have that part.
    """

    places: NDArray[np.int32]
    next: NDArray[np.int32]
    count: NDArray[np.int32]


def _lookup(key: NDArray[np.uint16], active: NDArray[np.int64], crowded: int) -> _Lookup:
    order = np.argsort(key, kind="stable")
    size = np.bincount(key, minlength=1 << 16)
    after = np.empty(len(key), np.int32)
    after[order] = np.arange(1, len(key) + 1)
    count = np.where(size > crowded, 0, np.cumsum(size))[key] - after
    return _Lookup(active[order].astype(np.int32), after, np.maximum(count, 0).astype(np.int32))


def _gathered(bits: Fingerprint, mask: int) -> NDArray[np.uint16]:
    """The 16 bits that a mask selects, packed together."""
    key = np.zeros(len(bits), np.uint16)
    for place, bit in enumerate(b for b in range(_BITS) if mask >> b & 1):
        key |= ((bits >> np.uint32(bit)) & np.uint32(1)).astype(np.uint16) << np.uint16(place)
    return key


def _candidates(collection: _Collection) -> Iterator[tuple[int, int, int]]:
    """Pairs of fingerprints and the lag at which they seem to agree."""
    for begin in range(0, len(collection.active), _CHUNK):
        base, agreeing = int(collection.active[begin]), _agreeing(collection, begin)
        agreeing.sort()
        agreeing = agreeing[np.flatnonzero(np.diff(agreeing, prepend=-1))]  # each once
        more = _VOTES - 1
        # two at one lag are less than 2^32 apart, and then as far as their frames are
        places = np.flatnonzero(agreeing[more:] - agreeing[:-more] <= _NEAR)
        for part in range(0, len(places), 1 << 16):
            chosen = places[part : part + (1 << 16)]
            lags, frames = np.divmod(agreeing[chosen], _LAG)
            middles = base + (frames + agreeing[chosen + more] % _LAG) // 2
            yield from _glanced(collection, middles, lags)


def _agreeing(collection: _Collection, begin: int) -> NDArray[np.int64]:
    """Frames of one chunk that agree with later frames of other recordings in a part of their bits.

    Returns:
        ``_LAG`` times the distance between the two, plus the place of the first after the chunk's first frame.
    """
    frames = collection.active[begin : begin + _CHUNK]
    others_from = collection.others[collection.recording(frames)]
    packed = frames * _LAG - (frames - frames[0])
    found = []
    for lookup in collection.lookups:
        counts = lookup.count[begin : begin + _CHUNK]
        which = np.repeat(np.arange(len(frames), dtype=np.int32), counts)
        skipped = lookup.next[begin : begin + _CHUNK] - np.cumsum(counts) + counts
        others = lookup.places[np.arange(len(which)) + np.repeat(skipped, counts)]
        keep = np.flatnonzero(others >= others_from[which])
        found.append(others[keep] * np.int64(_LAG) - packed[which[keep]])
    return np.concatenate(found)


def _glanced(
    collection: _Collection, middles: NDArray[np.int64], lags: NDArray[np.int64]
) -> Iterator[tuple[int, int, int]]:
    """The candidates whose bits around the agreeing frames agree as well."""
    places = middles[:, None] + np.arange(-_GLANCE // 2, _GLANCE // 2)
    one, other = collection.bits[places], collection.bits[places + lags[:, None]]
    active = (one != 0) & (other != 0)
    compared = active.sum(axis=1)
    errors = np.where(active, np.bitwise_count(one ^ other), 0).sum(axis=1, dtype=np.int64)
    good = (compared >= _GLANCE_ACTIVE) & (errors < _GLANCE_ERRORS * _BITS * compared)
    first = collection.recording(middles[good])
    second = collection.recording(middles[good] + lags[good])
    local = lags[good] - collection.starts[second] + collection.starts[first]
    yield from {tuple(map(int, row)) for row in np.stack([first, second, local], axis=1)}  # type: ignore[misc]


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
