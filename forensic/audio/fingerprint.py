"""An acoustic fingerprint of a channel: 32 bits every 40 ms, by which copies of one recording are recognised.

Bit ``m`` of frame ``n`` is the sign of how the difference between the energies of two neighbouring bands changes over
time. That survives another codec, sample rate, level or added noise, and differs between two recordings of the same
words, even by the same speaker. Every telephone passes these bands. Frames outside speech are zero and are not
compared, since silence, noise and tones are alike in any two recordings.

Source: Haitsma & Kalker (2002), A Highly Robust Audio Fingerprinting System, ISMIR. Here the frames are farther apart
(40 ms, so that ten hours take 3.6 MB), the window is 256 ms, and time differences span 160 ms: on speech through
telephone codecs this gives fewer bit errors.

The well maintained library Chromaprint needs a C library that its Python binding does not include, and it describes
music: 12 pitch classes up to 5.5 kHz.
"""

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from forensic.records import SAMPLE_RATE_HZ, Samples, SpeechSegment

Fingerprint: TypeAlias = NDArray[np.uint32]
"""Shape (frames,); a frame without speech is 0."""

FINGERPRINT_HOP = 640
"""Samples from one frame to the next."""

FRAMES_PER_S = SAMPLE_RATE_HZ / FINGERPRINT_HOP

_BANDS = 33
_EDGES_HZ = (300.0, 3400.0)
_LAG = 4  # frames over which a change is taken
_QUIET = 1e-3  # of the energy of the loudest twentieth; less is not speech, whatever the detector says
_SILENT = 1e-7  # mean square; less is digital silence

# Half the sample rate is enough, and half the work.
_HALF_HOP = FINGERPRINT_HOP // 2
_HALF_WINDOW = 2048
_TAPS = 32  # 54 dB down at 5 kHz, which would alias to 3 kHz
_KAISER_BETA = 5.0
_STEPS = 16  # of the filter at once: faster
_WINDOW = 2 * (_HALF_WINDOW - 1) + _TAPS  # samples at 16 kHz that a frame's energies rest on
_BATCH = 128  # windows transformed together, so that memory stays small
_CENTRE = (_WINDOW + _LAG * FINGERPRINT_HOP) / 2 / FINGERPRINT_HOP  # of a frame, in frames from where it starts


class FingerprintMeter:
    """Takes a channel block by block; keeps 12 bytes per frame."""

    def __init__(self) -> None:
        self._pending: Samples = np.zeros(0, np.float32)
        self._differences: NDArray[np.float32] = np.zeros((0, _BANDS - 1), np.float32)
        self._bits: list[Fingerprint] = []
        self._energies: list[NDArray[np.float32]] = []

    def update(self, samples: Samples) -> None:
        """Take the next stretch of the channel.

        Args:
            samples: shape (n,), 16 kHz, full scale 1.0; what follows on the stretch before.
        """
        pending = np.concatenate([self._pending, samples])
        frames = max(0, (len(pending) - _WINDOW) // FINGERPRINT_HOP + 1)
        for first in range(0, frames, _BATCH):
            last = min(first + _BATCH, frames)
            self._add(pending[first * FINGERPRINT_HOP : (last - 1) * FINGERPRINT_HOP + _WINDOW])
        self._pending = pending[frames * FINGERPRINT_HOP :].copy()

    def result(self, speech: Sequence[SpeechSegment]) -> Fingerprint:
        """The fingerprint of the blocks so far.

        Args:
            speech: where speech is; everything else is left out.
        """
        if not self._bits:
            return np.zeros(0, np.uint32)
        bits, energy = np.concatenate(self._bits), np.concatenate(self._energies)
        is_loud = energy > max(_QUIET * float(np.quantile(energy, 0.95)), _SILENT)
        return np.where(is_loud & _is_speech(speech, len(bits)), bits, np.uint32(0))

    def _add(self, samples: Samples) -> None:
        energies = _energies(samples)
        differences = np.concatenate([self._differences, energies[:, :-1] - energies[:, 1:]])
        self._differences = differences[-_LAG:]
        grows = differences[_LAG:] > differences[:-_LAG]
        if len(grows):
            self._bits.append(np.packbits(grows, axis=1).view(">u4")[:, 0].astype(np.uint32))
            self._energies.append(energies.sum(axis=1)[-len(grows) :])


def frame_of(time_s: float) -> float:
    """The frame whose middle is at a time in the recording; may be before the first frame."""
    return time_s * FRAMES_PER_S - _CENTRE


def time_of(frame: float) -> float:
    """The middle of a frame, in seconds from the start of the recording."""
    return (frame + _CENTRE) / FRAMES_PER_S


def _is_speech(segments: Sequence[SpeechSegment], frames: int) -> NDArray[np.bool_]:
    mask = np.zeros(frames, np.bool_)
    for segment in segments:
        mask[max(0, round(frame_of(segment.start_s))) : max(0, round(frame_of(segment.end_s)))] = True
    return mask


def _energies(samples: Samples) -> NDArray[np.float32]:
    """Mean squares of the bands, shape (frames, _BANDS)."""
    windows = np.lib.stride_tricks.sliding_window_view(_halved(samples), _HALF_WINDOW)[::_HALF_HOP] * _window()
    edges = _edges()
    spectra = fft.rfft(windows)[:, edges[0] : edges[-1]]
    power = spectra.real**2 + spectra.imag**2
    starts = [edge - edges[0] for edge in edges[:-1]]
    energies: NDArray[np.float32] = np.add.reduceat(power, starts, axis=1) * np.float32(2.0 / (0.375 * _HALF_WINDOW**2))
    return energies


def _halved(samples: Samples) -> Samples:
    """At 8 kHz; the last samples are followed by silence if they do not fill the filter."""
    length = (len(samples) - _TAPS) // 2 + 1
    kernel = _halving()
    blocks = -(-length // _STEPS)
    missing = 2 * _STEPS * (blocks - 1) + len(kernel) - len(samples)
    padded = np.pad(samples, (0, max(0, missing)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, len(kernel))[:: 2 * _STEPS][:blocks]
    halved: Samples = (seen @ kernel).ravel()[:length]
    return halved


@cache
def _window() -> Samples:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_HALF_WINDOW) / _HALF_WINDOW)).astype(np.float32)


@cache
def _halving() -> Samples:
    """A low-pass filter, with copies of itself shifted by two samples each; shape (length, _STEPS)."""
    taps = np.sinc((np.arange(_TAPS) - (_TAPS - 1) / 2) / 2) * np.kaiser(_TAPS, _KAISER_BETA)
    taps /= taps.sum()
    kernel = np.zeros((_TAPS + 2 * (_STEPS - 1), _STEPS), np.float32)
    for step in range(_STEPS):
        kernel[2 * step : 2 * step + _TAPS, step] = taps
    return kernel


@cache
def _edges() -> list[int]:
    """Bins at which bands begin, equally wide on a logarithmic scale, and the end of the last."""
    edges = np.geomspace(*_EDGES_HZ, _BANDS + 1) * 2 * _HALF_WINDOW / SAMPLE_RATE_HZ
    return [round(edge) for edge in edges]
