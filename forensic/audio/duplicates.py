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
    collection = _Collection(fingerprints, owners)
    pairs: dict[tuple[int, int], set[int]] = {}
    for first, second, lag in _candidates(collection):
        pairs.setdefault((first, second), set()).add(lag)
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
    """All fingerprints end to end with gaps between them, and for each part of the bits the frames by its value."""

    def __init__(self, fingerprints: Sequence[Fingerprint], owners: Sequence[int]) -> None:
        lengths = np.array([len(one) + _GAP for one in fingerprints], np.int64)
        self.starts = np.concatenate([[_GAP], _GAP + np.cumsum(lengths)])
        self.bits = np.zeros(int(self.starts[-1]) + _GAP, np.uint32)
        self.owner = np.full(len(self.bits), -1, np.int32)
        for one, owner, start in zip(fingerprints, owners, self.starts, strict=False):
            self.bits[start : start + len(one)] = one
            self.owner[start : start + len(one)] = owner
        self.active = np.flatnonzero(self.bits)
        self.keys = [_gathered(self.bits[self.active], mask) for mask in _KEYS]
        self.by_key = [self.active[np.argsort(key, kind="stable")] for key in self.keys]
        self.bounds = [np.concatenate([[0], np.cumsum(np.bincount(key, minlength=1 << 16))]) for key in self.keys]
        self.crowded = max(_CROWDED, _CROWDED * len(self.active) >> 16)

    def recording(self, frame: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which fingerprint a frame belongs to."""
        return np.searchsorted(self.starts, frame, side="right") - 1


def _gathered(bits: Fingerprint, mask: int) -> NDArray[np.uint16]:
    """The 16 bits that a mask selects, packed together."""
    key = np.zeros(len(bits), np.uint16)
    for place, bit in enumerate(b for b in range(_BITS) if mask >> b & 1):
        key |= ((bits >> np.uint32(bit)) & np.uint32(1)).astype(np.uint16) << np.uint16(place)
    return key


def _candidates(collection: _Collection) -> Iterator[tuple[int, int, int]]:
    """Pairs of fingerprints and the lag at which they seem to agree."""
    for begin in range(0, len(collection.active), _CHUNK):
        frames, others = _agreeing(collection, begin)
        lags = others - frames
        order = np.lexsort((frames, lags))
        frames, lags = frames[order], lags[order]
        is_new = np.ones(len(frames), np.bool_)
        is_new[1:] = (np.diff(frames) != 0) | (np.diff(lags) != 0)
        frames, lags = frames[is_new], lags[is_new]
        more = _VOTES - 1
        together = (lags[more:] == lags[:-more]) & (frames[more:] - frames[:-more] <= _NEAR)
        places = np.flatnonzero(together)
        for part in range(0, len(places), 1 << 16):
            chosen = places[part : part + (1 << 16)]
            yield from _glanced(collection, (frames[chosen] + frames[chosen + more]) // 2, lags[chosen])


def _agreeing(collection: _Collection, begin: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames of one chunk, and later frames of other recordings that agree with them in a part of their bits."""
    frames = collection.active[begin : begin + _CHUNK]
    found = []
    for key, by_key, bounds in zip(collection.keys, collection.by_key, collection.bounds, strict=True):
        values = key[begin : begin + _CHUNK].astype(np.int64)
        counts = bounds[values + 1] - bounds[values]
        counts[counts > collection.crowded] = 0
        which = np.repeat(np.arange(len(frames)), counts)
        ends = np.cumsum(counts)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
        others = by_key[np.repeat(bounds[values], counts) + within]
        ours = frames[which]
        keep = collection.owner[others] > collection.owner[ours]
        found.append((ours[keep], others[keep]))
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])


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
