"""How good a channel is: net speech, levels, signal-to-noise ratio, clipping, bandwidth; block by block.

Everything is kept in histograms and averages of fixed size, so that a recording's length does not matter.

*Signal-to-noise ratio.* Noise is the level of the frames beside speech that are not speech themselves; frames of
digital silence, which codecs and editors put into pauses, are no noise. Where hardly any such frame is left, noise is
the level that the quietest frames within speech fall to, which is an upper bound: the ratio may be higher.

*Clipping.* Samples in runs of three or more at a ceiling. A ceiling is a level at which such runs pile up, where in
natural speech they get rarer the higher the level; it may lie below the highest sample, since resampling and lossy
codecs make clipped tops ring, and may lie anywhere below full scale.

*Bandwidth.* The frequency at which the long-term average spectrum of the speech falls to its floor for good: by 60 dB
below its highest level, or over an edge that is steeper than speech. Noise that passed the same line shows the edge
as well as speech does; noise added after it may hide it.

*Lower edge.* The frequency below which that spectrum stays 6 dB under its level between 300 and 800 Hz. Voices end
between 70 and 200 Hz, so an edge well above that is the line's, and one below it is the voice's own.

*Room and codec* are estimated by a small network: see ``forensic.audio.traces``.
"""

import heapq
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from forensic.audio.traces import TraceMeter, estimate_c50_db
from forensic.records import SAMPLE_RATE_HZ, Block, Quality, Samples, SpeechSegment, Vector

_FRAME = 320  # 20 ms
_NEAR_FRAMES = 100  # pauses up to 2 s from speech tell of its noise
_GUARD_FRAMES = 4  # speech fades for 80 ms around what the detector keeps
_SILENCE_POWER = 10**-8.5  # -85 dBFS, the noise of 16 bits; below is digital silence
_DIGITAL_SILENCE = 1e-4  # -80 dBFS
_FEWEST_PAUSE_FRAMES = 15
_QUIETEST_SHARE = 0.03
_MAX_SNR_DB = 60.0
_MIN_SNR_DB = -10.0

_LEVELS_DB = np.arange(-130.0, 30.0, 0.25)  # centres of the bins of frame levels
_CEILINGS_DB = np.arange(-80.0, 40.0, 0.1)  # lower edges of the bins of sample levels
_CEILING_WIDTHS = (5, 10, 20)  # bins: 0.5 dB for a clean ceiling, more where a codec made it ring
_CEILING_DEPTH = 45  # bins: a ceiling is at most 4.5 dB below the highest level
_PILE_UP = 1.6
_FEWEST_CLIPPED = 15

_SPECTRUM = 512
_DEEP_DB = 60.0
_EDGE_DB = 15.0  # within 250 Hz, for good; natural speech stays below 12
_EDGE_BINS = 8  # 250 Hz
_WHISTLE_BINS = 6  # of 31 Hz; so many may stand out of the floor beyond an edge
_LOWEST_EDGE_HZ = 2400.0
_LOW_EDGE_DB = 6.0
_LOW_EDGE_REFERENCE_HZ = (300.0, 800.0)

_SAMPLES_AT_ONCE, _FRAMES_AT_ONCE = 1 << 15, 64  # more would leave the processor's caches
_LN_10 = float(np.log(10.0))

_UNIT = 160  # 10 ms, the outline's smallest stretch
_OUTLINE_BINS = 1000


class QualityMeter:
    """Measures one channel of a recording, given its blocks in order."""

    def __init__(self) -> None:
        self._duration_s = 0.0
        self._net_speech_s = 0.0
        self._speech_samples = 0
        self._speech_energy = 0.0
        self._speech_levels = np.zeros(len(_LEVELS_DB), np.int64)
        self._pause_levels = np.zeros(len(_LEVELS_DB), np.int64)
        self._pause_frames = 0
        self._ceilings = np.zeros(len(_CEILINGS_DB), np.int64)
        self._spectrum = np.zeros(_SPECTRUM // 2 + 1)
        self._traces = TraceMeter()
        self._outline = _Outline()
        self._peak = 0.0

    def update(self, block: Block, segments: Sequence[SpeechSegment], others: Sequence[SpeechSegment] = ()) -> None:
        """Take the next block.

        Args:
            block: of the channel.
            segments: the speech to measure, in seconds from the start of the recording.
            others: speech in it that is not measured, and no pause either.
        """
        self._duration_s += block.duration_s
        self._net_speech_s += sum(segment.duration_s for segment in segments)
        self._outline.add(block.samples)
        if len(block.samples):
            self._peak = max(self._peak, float(block.samples.max()), -float(block.samples.min()))
        frames = block.samples[: len(block.samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
        is_speech = _speech_mask(block, segments, len(frames))
        if not is_speech.any():
            return
        power = np.einsum("fn,fn->f", frames, frames, dtype=np.float64) / _FRAME
        self._speech_energy += float(power[is_speech].sum())
        self._speech_samples += int(is_speech.sum())
        self._speech_levels += _level_histogram(power[is_speech])
        beside = _beside_speech(is_speech)
        if others:
            beside &= ~_within(_speech_mask(block, others, len(frames)), _GUARD_FRAMES)
        self._pause_frames += int(beside.sum())
        self._pause_levels += _level_histogram(power[beside])
        self._ceilings += _run_histogram(block.samples, is_speech)
        self._spectrum += _summed_spectrum(block.samples, is_speech)
        self._traces.update(block, segments)

    def result(self) -> Quality:
        """What was measured; without speech, levels are -inf and the bandwidth 0."""
        noise_power = _pause_power(self._pause_levels, self._pause_frames)
        speech_power = self._speech_energy / max(1, self._speech_samples)
        return Quality(
            duration_s=self._duration_s,
            net_speech_s=self._net_speech_s,
            speech_level_dbfs=_db(speech_power),
            noise_level_dbfs=None if noise_power is None else _db(noise_power),
            snr_db=_snr_db(speech_power, noise_power, self._speech_levels),
            peak_dbfs=2.0 * _db(self._peak),
            clipped_share=_clipped_share(self._ceilings, self._speech_samples * _FRAME),
            bandwidth_hz=_bandwidth_hz(self._spectrum),
            low_edge_hz=_low_edge_hz(self._spectrum),
            c50_db=estimate_c50_db(self.trace_statistics()),
        )

    def trace_statistics(self) -> NDArray[np.float32] | None:
        """What the estimates of room and codec rest on, shape (STATISTICS,); None with too little speech."""
        return self._traces.statistics()

    def outline(self) -> Samples:
        """Lowest and highest sample of equal stretches, shape (n, 2); n is at most 1,000."""
        return self._outline.result()


def _db(power: float) -> float:
    return 10.0 * float(np.log10(power)) if power > 0.0 else -np.inf


def _speech_mask(block: Block, segments: Sequence[SpeechSegment], frames: int) -> NDArray[np.bool_]:
    """Which frames have their centre in a segment, shape (frames,)."""
    edges = np.zeros(frames + 1, np.int64)
    for segment in segments:
        start, end = (
            min(max(0, round((time_s - block.start_s) * SAMPLE_RATE_HZ / _FRAME)), frames)
            for time_s in (segment.start_s, segment.end_s)
        )
        edges[start] += 1
        edges[end] -= 1
    return np.cumsum(edges[:-1]) > 0


def _beside_speech(is_speech: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which frames are near speech and no part of it, not even its fading."""
    return _within(is_speech, _NEAR_FRAMES) & ~_within(is_speech, _GUARD_FRAMES)


def _within(is_speech: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """Which frames have speech at most so many frames away."""
    padded = np.pad(np.cumsum(is_speech), (frames + 1, frames), mode="edge")
    padded[: frames + 1] = 0
    near: NDArray[np.bool_] = padded[2 * frames + 1 :] > padded[: -2 * frames - 1]
    return near


def _level_histogram(power: Vector) -> NDArray[np.int64]:
    audible = power[power > _SILENCE_POWER]
    bins = np.round((10.0 * np.log10(audible) - _LEVELS_DB[0]) / 0.25).astype(np.int64)
    return np.bincount(np.clip(bins, 0, len(_LEVELS_DB) - 1), minlength=len(_LEVELS_DB))


def _pause_power(levels: NDArray[np.int64], frames: int) -> float | None:
    """Mean power of the frames that are not silent, less the loudest: missed speech, clicks and coughs.

    None where they are few, or the rest of many silent ones.
    """
    if levels.sum() < max(_FEWEST_PAUSE_FRAMES, frames / 2):
        return None
    kept = np.diff(np.minimum(np.cumsum(levels), 0.9 * levels.sum()), prepend=0.0)
    return float(kept @ 10.0 ** (_LEVELS_DB / 10.0) / kept.sum())


def _snr_db(speech_power: float, noise_power: float | None, speech_levels: NDArray[np.int64]) -> float | None:
    if noise_power is None:
        if speech_levels.sum() < _FEWEST_PAUSE_FRAMES:
            return None
        quietest = np.searchsorted(np.cumsum(speech_levels), _QUIETEST_SHARE * speech_levels.sum())
        noise_power = float(10.0 ** (_LEVELS_DB[quietest] / 10.0))
    snr_db = _db(max(speech_power - noise_power, 0.0) / noise_power)
    return min(max(snr_db, _MIN_SNR_DB), _MAX_SNR_DB)


def _run_histogram(samples: Samples, is_speech: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many samples of speech are in runs of three that all reach a level, by level."""
    speech = samples[: len(is_speech) * _FRAME].reshape(-1, _FRAME)[is_speech].ravel()
    speech = np.pad(speech, 2)  # silence is in no run
    counts = np.zeros(len(_CEILINGS_DB), np.int64)
    for first in range(0, len(speech) - 4, _SAMPLES_AT_ONCE):
        piece = speech[first : first + _SAMPLES_AT_ONCE + 4]
        for signed in (piece, -piece):
            lowest = np.minimum(np.minimum(signed[:-2], signed[1:-1]), signed[2:])  # of the run that starts here
            reach = np.maximum(np.maximum(lowest[:-2], lowest[1:-1]), lowest[2:])  # of the best run around a sample
            loud = reach[reach > _DIGITAL_SILENCE]
            bins = ((20.0 / _LN_10 * np.log(loud) - _CEILINGS_DB[0]) / 0.1).astype(np.int64)
            counts += np.bincount(np.clip(bins, 0, len(_CEILINGS_DB) - 1), minlength=len(_CEILINGS_DB))
    return counts


def _clipped_share(counts: NDArray[np.int64], speech_samples: int) -> float:
    """Share of samples at the ceiling, beyond those that the levels just below it make likely; 0 without a ceiling.

    Args:
        counts: of samples in runs, by level, shape (len(_CEILINGS_DB),).
        speech_samples: number of samples of speech.
    """
    if not counts.any():
        return 0.0
    above = np.concatenate([np.cumsum(counts[::-1])[::-1], np.zeros(max(_CEILING_WIDTHS), np.int64)])
    top = int(np.flatnonzero(counts)[-1])
    clipped = 0
    for width in _CEILING_WIDTHS:
        for bottom in range(max(width, top - _CEILING_DEPTH), top + 1):
            here = int(above[bottom] - above[bottom + width])
            below = int(above[bottom - width] - above[bottom])
            if here > _PILE_UP * below + _FEWEST_CLIPPED:
                clipped = max(clipped, int(above[bottom]) - below)
    return clipped / speech_samples


def _summed_spectrum(samples: Samples, is_speech: NDArray[np.bool_]) -> Vector:
    """Power spectra of the stretches that are speech throughout, summed, shape (257,)."""
    frames = samples[: len(samples) // _SPECTRUM * _SPECTRUM].reshape(-1, _SPECTRUM)
    first = np.arange(len(frames)) * _SPECTRUM // _FRAME
    last = np.minimum((np.arange(len(frames)) * _SPECTRUM + _SPECTRUM - 1) // _FRAME, len(is_speech) - 1)
    kept = frames[is_speech[first] & is_speech[last]]
    summed = np.zeros(_SPECTRUM // 2 + 1)
    for start in range(0, len(kept), _FRAMES_AT_ONCE):
        spectra = fft.rfft(kept[start : start + _FRAMES_AT_ONCE] * _window())
        summed += (spectra.real**2 + spectra.imag**2).sum(axis=0, dtype=np.float64)
    return summed


@cache
def _window() -> Samples:
    return np.hanning(_SPECTRUM).astype(np.float32)


def _bandwidth_hz(spectrum: Vector) -> float:
    """Upper edge of a long-term average power spectrum, shape (257,): the lowest of its edges and its 60 dB point."""
    if not spectrum.any():
        return 0.0
    smooth = np.convolve(np.pad(spectrum, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    level_db = 10.0 * np.log10(smooth / smooth.max() + 1e-20)
    edge = int(np.flatnonzero(level_db > -_DEEP_DB)[-1])
    drop_db = 0.0
    levels_inside = np.lib.stride_tricks.sliding_window_view(level_db, 2 * _EDGE_BINS).mean(axis=1).tolist()
    floors = _floors(level_db.tolist())
    for place in range(_hz_to_bin(_LOWEST_EDGE_HZ), edge - _EDGE_BINS):
        inside, beyond = levels_inside[place - 2 * _EDGE_BINS], floors[place + _EDGE_BINS]
        if inside - beyond < max(drop_db, _EDGE_DB):
            if drop_db:
                break
            continue
        drop_db, lowest = inside - beyond, place + _EDGE_BINS // 2
    return (lowest if drop_db else edge) * SAMPLE_RATE_HZ / _SPECTRUM


def _floors(level_db: list[float]) -> list[float]:
    """For each bin, the level that only a whistle stands out of from there on: the sixth highest, or the lowest."""
    highest: list[float] = []
    found = []
    for level in reversed(level_db):
        if len(highest) < _WHISTLE_BINS:
            heapq.heappush(highest, level)
        else:
            heapq.heappushpop(highest, level)
        found.append(highest[0])
    return found[::-1]


def _low_edge_hz(spectrum: Vector) -> float | None:
    """Lower edge of a long-term average power spectrum, shape (257,); None without speech."""
    first, last = (_hz_to_bin(frequency_hz) for frequency_hz in _LOW_EDGE_REFERENCE_HZ)
    reference = float(spectrum[first : last + 1].mean())
    if reference <= 0.0:
        return None
    over_db = 10.0 * np.log10(spectrum[: last + 1] / reference + 1e-20) + _LOW_EDGE_DB
    passed = int(np.argmax(over_db > 0))  # the mean of a range is reached somewhere in it
    share = over_db[passed - 1] / (over_db[passed - 1] - over_db[passed]) if passed else 0.0
    return max(0.0, passed - 1 + float(share)) * SAMPLE_RATE_HZ / _SPECTRUM


def _hz_to_bin(frequency_hz: float) -> int:
    return round(frequency_hz * _SPECTRUM / SAMPLE_RATE_HZ)


class _Outline:
    """Lowest and highest sample of equal stretches, which double in length whenever there are too many."""

    def __init__(self) -> None:
        self._bins = np.zeros((0, 2), np.float32)
        self._units = np.zeros((0, 2), np.float32)  # not yet a bin's worth
        self._units_per_bin = 1

    def add(self, samples: Samples) -> None:
        whole = len(samples) // _UNIT * _UNIT
        units = _extremes(samples[:whole].reshape(-1, _UNIT))
        if whole < len(samples):
            units = np.concatenate([units, _extremes(samples[None, whole:])])
        self._units = np.concatenate([self._units, units])
        self._fill_bins()
        while len(self._bins) > _OUTLINE_BINS - 1:
            if len(self._bins) % 2:  # the odd one out goes back to wait for its partner
                self._units = np.concatenate([np.repeat(self._bins[-1:], self._units_per_bin, axis=0), self._units])
                self._bins = self._bins[:-1]
            self._bins = _extremes(self._bins.reshape(-1, 4))
            self._units_per_bin *= 2
            self._fill_bins()

    def result(self) -> Samples:
        return np.concatenate([self._bins, _extremes(self._units.reshape(1, -1))]) if len(self._units) else self._bins

    def _fill_bins(self) -> None:
        whole = len(self._units) // self._units_per_bin * self._units_per_bin
        full = _extremes(self._units[:whole].reshape(-1, 2 * self._units_per_bin))
        self._bins, self._units = np.concatenate([self._bins, full]), self._units[whole:]


def _extremes(values: Samples) -> Samples:
    """Lowest and highest of each row."""
    return np.stack([values.min(axis=1), values.max(axis=1)], axis=1)
