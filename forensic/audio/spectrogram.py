"""What a recording's spectrogram says about its room and codec: statistics for a small network.

Reverberation smears: levels still rise as fast as speech does, but they fall as slowly as the room decays, and the
valleys between sounds fill up. Codecs leave holes and edges in the spectrum. So the statistics say, for each part of
the spectrum, how fast levels rise and fall over several spans of time, how far they fall below their peaks, how long
they stay equal, and how empty the bins next to full ones are. Each statistic is independent of the recording's level.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from forensic.records import SAMPLE_RATE_HZ, Samples

SPECTROGRAM_HOP = 256
"""Samples from one frame to the next: 16 ms."""

_SIZE = 512
_FLOOR_DB = 70.0  # below the loudest frame; deeper is silence
_LAGS = (1, 2, 4, 8, 16)  # frames over which levels rise and fall: 16 to 256 ms
_SLOPE_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_LEVEL_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75)
_PARTS_HZ = ((250.0, 900.0), (900.0, 1900.0), (1900.0, 3300.0))  # the band that every telephone passes
_BANDS = 18
_EDGES_HZ = (0.0, 150.0, 300.0, 600.0, 1200.0, 2400.0, 3300.0, 3600.0, 4000.0, 4600.0, 5500.0, 6500.0, 7500.0, 8000.0)
_HOLE_DB = 25.0
_FEWEST_FRAMES = 40
_FRAMES_AT_ONCE = 64  # more would leave the processor's caches


STATISTICS = len(_PARTS_HZ) * (len(_LAGS) * len(_SLOPE_QUANTILES) + len(_LEVEL_QUANTILES) + len(_LAGS) + 1) + 4 * (
    len(_EDGES_HZ) - 1
)
"""How many statistics there are."""


def trace_statistics(samples: Samples, is_speech: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Statistics of the frames in and around speech.

    Args:
        samples: shape (n,), 16 kHz.
        is_speech: which frames are speech or just after it, shape (frames_of(n),).

    Returns:
        Shape (STATISTICS,); None where there is less than 0.6 s of such frames, or only digital silence.
    """
    if int(is_speech.sum()) < _FEWEST_FRAMES or not samples.any():
        return None
    power = _power(samples)
    bands_db = _decibels(power @ _filters())
    parts = [part for first, last in _band_parts() for part in _part_statistics(bands_db[:, first:last], is_speech)]
    return np.concatenate([*parts, _spectrum_statistics(power, is_speech)]).astype(np.float32)


def frames_of(samples: int) -> int:
    """Number of frames, of 512 samples every 256, in a waveform."""
    return max(0, 1 + (samples - _SIZE) // SPECTROGRAM_HOP)


def _power(samples: Samples) -> NDArray[np.float32]:
    """Power spectra, shape (frames, 257); frame ``i`` starts at sample 256 ``i``."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _SIZE)[::SPECTROGRAM_HOP]
    power = np.empty((len(frames), _SIZE // 2 + 1), np.float32)
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        part = slice(first, first + _FRAMES_AT_ONCE)
        spectrum = fft.rfft(frames[part] * _window())
        power[part] = spectrum.real**2 + spectrum.imag**2
    return power


@cache
def _window() -> NDArray[np.float32]:
    return np.hanning(_SIZE).astype(np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Triangles of equal width on a logarithmic scale, shape (257, bands)."""
    centres = np.geomspace(_PARTS_HZ[0][0], _PARTS_HZ[-1][1], _BANDS + 2)
    frequency = np.arange(_SIZE // 2 + 1) * SAMPLE_RATE_HZ / _SIZE
    rise = (frequency[:, None] - centres[:-2]) / np.maximum(np.diff(centres)[:-1], SAMPLE_RATE_HZ / _SIZE)
    fall = (centres[2:] - frequency[:, None]) / np.maximum(np.diff(centres)[1:], SAMPLE_RATE_HZ / _SIZE)
    return np.clip(np.minimum(rise, fall), 0.0, 1.0).astype(np.float32)


@cache
def _band_parts() -> tuple[tuple[int, int], ...]:
    centres = np.geomspace(_PARTS_HZ[0][0], _PARTS_HZ[-1][1], _BANDS + 2)[1:-1]
    return tuple((int(np.searchsorted(centres, low)), int(np.searchsorted(centres, high))) for low, high in _PARTS_HZ)


def _decibels(power: NDArray[np.floating]) -> NDArray[np.float64]:
    """Levels over 70 dB below the loudest frame of each band, which is 0."""
    loudest = np.maximum(power.max(axis=0), 1e-20)
    levels: NDArray[np.float64] = np.maximum(10.0 * np.log10(power / loudest + 1e-20), -_FLOOR_DB)
    return levels


def _part_statistics(levels_db: NDArray[np.float64], is_speech: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The statistics of the bands of one part of the spectrum together."""
    found = []
    for lag in _LAGS:
        slopes = levels_db[lag:] - levels_db[:-lag]
        kept = slopes[is_speech[lag:] & is_speech[:-lag]]
        found.append(_quantiles(kept, _SLOPE_QUANTILES) if len(kept) else np.zeros(len(_SLOPE_QUANTILES)))
    speech = levels_db[is_speech]
    top = np.quantile(speech, 0.95, axis=0)
    found.append(_quantiles(speech - top, _LEVEL_QUANTILES))
    centred = speech - speech.mean(axis=0)
    variance = np.maximum((centred**2).mean(), 1e-6)
    found.append(np.array([(centred[lag:] * centred[:-lag]).mean() / variance for lag in _LAGS]))
    found.append(np.array([np.sqrt(variance)]))
    return found


def _quantiles(values: NDArray[np.float64], shares: Sequence[float]) -> NDArray[np.float64]:
    """As ``numpy.quantile`` gives them, from one sort, which is several times faster for many shares."""
    rising = np.sort(values, axis=None)
    places = np.array(shares) * (len(rising) - 1)
    below = places.astype(np.intp)
    above = np.minimum(below + 1, len(rising) - 1)
    found: NDArray[np.float64] = rising[below] + (places - below) * (rising[above] - rising[below])
    return found


def _spectrum_statistics(power: NDArray[np.float32], is_speech: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The long-term spectrum in steps, and the share of holes in it, by frequency range."""
    speech = power[is_speech] + np.float32(1e-12)
    first, last = _stretches()
    mean_db = 10.0 * np.log10(speech.mean(axis=0, dtype=np.float64)).astype(np.float32)
    by_stretch = _means(mean_db, first, last)
    levels_db = np.float32(10.0 / np.log(10.0)) * np.log(speech)
    holes = (levels_db[:, :-4] + levels_db[:, 4:]) / 2 - levels_db[:, 2:-2] > _HOLE_DB
    empty = levels_db < mean_db - _HOLE_DB - 15.0
    flux = np.abs(np.diff(levels_db, axis=0))
    return np.concatenate(
        [
            np.clip(by_stretch - by_stretch.max(), -80.0, 0.0),
            _means(holes.mean(axis=0), first, last - 4),
            _means(empty.mean(axis=0), first, last),
            _means(flux.mean(axis=0), first, last),
        ]
    )


@cache
def _stretches() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first bin of each frequency range, and the one after its last."""
    edges = np.array([round(hz * _SIZE / SAMPLE_RATE_HZ) for hz in _EDGES_HZ])
    return edges[:-1], edges[1:]


def _means(values: NDArray[np.floating], first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.float64]:
    """Of stretches of the values, each of one at least."""
    last = np.maximum(last, first + 1)
    summed = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    means: NDArray[np.float64] = (summed[last] - summed[first]) / (last - first)
    return means
