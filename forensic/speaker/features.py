"""Waveform to mel frames: the front end of the public GE2E network, which our networks use as well.

Power mel spectrum without a logarithm: 16 kHz, Hann window of 25 ms (400 points), hop of 10 ms, 40 bands on Slaney's
scale with Slaney's area normalisation from 0 to 8 kHz, after bringing the speech to -30 dBFS. Frame ``i`` is centred at
``i * 10`` ms; the edges are padded with zeros.

Source: Wan et al. (2018), "Generalized end-to-end loss for speaker verification", as in Resemblyzer 0.1.4.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from forensic.records import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from forensic.records import SpeechSegment

MEL_BANDS = 40
MEL_HOP = 160
FRAMES_PER_S = SAMPLE_RATE_HZ // MEL_HOP
TARGET_LEVEL_DBFS = -30.0


_WINDOW = 400
_FRAMES_AT_ONCE = 512  # more would leave the processor's caches


@cache
def _window() -> Samples:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(np.float32)


@cache
def _bands() -> Samples:
    """Triangles of area 1 over the bins of a power spectrum, shape (201, 40)."""
    edges = band_edges_hz()
    bins = np.arange(_WINDOW // 2 + 1)[:, None] * SAMPLE_RATE_HZ / _WINDOW
    rise, fall = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    return (np.clip(np.minimum(rise, fall), 0.0, None) * 2.0 / (edges[2:] - edges[:-2])).astype(np.float32)


def band_edges_hz() -> "NDArray[np.float64]":
    """Edges of the bands on Slaney's scale: band ``i`` rises from edge ``i`` to ``i + 1`` and falls to ``i + 2``.

    Returns:
        Shape (42,), 0 to 8,000 Hz: even steps of 200/3 Hz up to 1,000 Hz, by a factor of 6.4 in 27 steps above.
    """
    steps = np.linspace(0.0, 15 + 27 * np.log(8.0) / np.log(6.4), MEL_BANDS + 2)
    return np.where(steps < 15, steps * 200 / 3, 1000 * 6.4 ** ((steps - 15) / 27))  # noqa: PLR2004 - 1,000 Hz


def mel_power(samples: Samples) -> Samples:
    """Power mel spectrum.

    Args:
        samples: shape (n,), 16 kHz, full scale 1.0.

    Returns:
        Shape (1 + n // 160, 40), float32, 0 or more.
    """
    padded = np.pad(np.asarray(samples, np.float32), _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::MEL_HOP]
    power = np.empty((len(frames), MEL_BANDS), np.float32)
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        part = slice(first, first + _FRAMES_AT_ONCE)
        spectra = fft.rfft(frames[part] * _window())
        power[part] = (spectra.real**2 + spectra.imag**2) @ _bands()
    return power


def level_gain(samples: Samples, mask: "NDArray[np.bool_]") -> float:
    """The gain on *power* that brings the speech to -30 dBFS.

    Args:
        samples: shape (n,).
        mask: which frames of 10 ms are speech, shape (1 + n // 160,).

    Returns:
        The factor for ``mel_power``; 0 where the speech is digital silence.
    """
    usable = len(samples) // MEL_HOP
    energy = np.mean(np.square(samples[: usable * MEL_HOP].reshape(usable, MEL_HOP), dtype=np.float64), axis=1)
    speech = energy[mask[:usable]]
    power = float(speech.mean()) if speech.size else 0.0
    return 10 ** (TARGET_LEVEL_DBFS / 10) / power if power > 0 else 0.0


def frame_mask(segments: "Sequence[SpeechSegment]", start_s: float, frames: int) -> "NDArray[np.bool_]":
    """Which frames of 10 ms are in speech.

    Args:
        segments: speech, in seconds from the start of the recording.
        start_s: time of frame 0 in the recording.
        frames: how many.

    Returns:
        Shape (frames,).
    """
    mask = np.zeros(frames, bool)
    for segment in segments:
        first = max(0, round((segment.start_s - start_s) * FRAMES_PER_S))
        mask[first : max(0, round((segment.end_s - start_s) * FRAMES_PER_S))] = True
    return mask
