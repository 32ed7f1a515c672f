"""What lies below every voice is taken away: offsets that stand or drift, rumble, and the hum of the mains.

Filters of linear phase, so that nothing is shifted in time. A gentle one, which stops up to 20 Hz and passes from 40 Hz
on, always runs: an offset of a few per cent of full scale would otherwise count as noise. A strict one, which stops up
to 60 Hz and passes from 72 Hz on, takes its place in seconds with a hum of 50 or 60 Hz less than 40 dB under the
loudest part of the recording so far, or with rumble less than 13 dB under it. Weaker rumble stays, as it did in
the recordings that the models and the reference population learned from. What a mains hum has at multiples of its
frequency is within the voice's band, and stays.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from forensic.records import SAMPLE_RATE_HZ, Samples

_GENTLE_HZ = (20.0, 40.0)
_STRICT_HZ = (60.0, 72.0)
_STOP_DB = 60.0
_FFT = 1 << 15
_HALF = 2415  # of the longer kernel, in samples
_BIN_HZ = SAMPLE_RATE_HZ / _FFT
_LOW_BINS = slice(round(20.0 / _BIN_HZ), round(62.0 / _BIN_HZ))
_MAINS_BINS = tuple(slice(round((hz - 1.5) / _BIN_HZ), round((hz + 1.5) / _BIN_HZ)) for hz in (50.0, 60.0))
_HUM, _RUMBLE = 1e-4, 0.05  # of the loudest part, in power
_LINE = 3.0  # a hum stands out of the rumble around it so many times
_QUIETEST_POWER = 1e-6  # below -60 dBFS, the loudest part so far is no voice yet


@cache
def _response(stop_hz: float, pass_hz: float) -> NDArray[np.complex64]:
    """Of a high-pass of odd length whose middle is the present."""
    beta = 0.1102 * (_STOP_DB - 8.7)
    half = int(np.ceil((_STOP_DB - 8.0) / (2.285 * 2.0 * np.pi * (pass_hz - stop_hz) / SAMPLE_RATE_HZ) / 2.0))
    times = np.arange(-half, half + 1)
    low = np.sinc((stop_hz + pass_hz) / SAMPLE_RATE_HZ * times) * np.kaiser(2 * half + 1, beta)
    kernel = np.zeros(2 * _HALF + 1)
    kernel[_HALF - half : _HALF + half + 1] = -low / low.sum()
    kernel[_HALF] += 1.0
    response: NDArray[np.complex64] = np.fft.rfft(kernel, _FFT).astype(np.complex64)
    return response


class RumbleFilter:
    """Takes a signal of 16 kHz that arrives in pieces, and gives it back without what is below the voice.

    Before its start and after its end the signal is taken to be mirrored.
    """

    def __init__(self, channels: int) -> None:
        self._responses = np.stack([_response(*_GENTLE_HZ), _response(*_STRICT_HZ)])
        self._step = _FFT - 2 * _HALF
        self._pending = np.zeros((channels, 0), np.float32)
        self._loudest = np.full(channels, _QUIETEST_POWER)
        self._is_begun = False

    def push(self, samples: Samples) -> Samples:
        """Take the next piece, shape (channels, n); give what can be computed so far, shape (channels, m)."""
        self._pending = np.concatenate([self._pending, samples], axis=1)
        if not self._is_begun:
            if self._pending.shape[1] <= _HALF:
                return self._pending[:, :0]
            self._begin()
        return self._filtered(self._pending.shape[1] - _FFT)

    def finish(self) -> Samples:
        """The rest, shape (channels, m); the whole is as long as the input."""
        if not self._pending.shape[1]:
            return self._pending
        if not self._is_begun:
            self._begin()
        wanted = self._pending.shape[1] - _HALF
        self._pending = np.pad(self._pending, ((0, 0), (0, _HALF)), mode="symmetric")
        self._pending = np.pad(self._pending, ((0, 0), (0, _FFT)))
        return self._filtered(wanted - 1)[:, :wanted]

    def _begin(self) -> None:
        self._pending = np.pad(self._pending, ((0, 0), (_HALF, 0)), mode="symmetric")
        self._is_begun = True

    def _filtered(self, last_start: int) -> Samples:
        """Whole steps, the last of which starts at ``last_start`` or before."""
        done = []
        start = 0
        while start <= last_start:
            spectrum = fft.rfft(self._pending[:, start : start + _FFT])
            spectrum *= self._responses[self._kinds(spectrum)]
            done.append(fft.irfft(spectrum, _FFT, overwrite_x=True)[:, 2 * _HALF :])
            start += self._step
        self._pending = self._pending[:, start:]
        return np.concatenate([self._pending[:, :0], *done], axis=1)

    def _kinds(self, spectrum: NDArray[np.complex64]) -> NDArray[np.intp]:
        """Which filter each channel of a piece needs: 0 the gentle, 1 the strict."""
        windowed = _windowed(spectrum)
        power = windowed.real**2 + windowed.imag**2
        power *= 2.0 / (0.375 * _FFT**2)  # by bin; a Hann window keeps 3/8 of the power
        self._loudest = np.maximum(self._loudest, power[:, _LOW_BINS.stop :].sum(axis=1))
        below = power[:, _LOW_BINS].sum(axis=1)
        hum = np.max([power[:, mains].sum(axis=1) for mains in _MAINS_BINS], axis=0)
        is_hum = (hum > _HUM * self._loudest) & (hum > _LINE * (below - hum))
        kinds: NDArray[np.intp] = (is_hum | (below > _RUMBLE * self._loudest)).astype(np.intp)
        return kinds


def _windowed(spectrum: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """What the spectrum, shape (channels, n), would be under a Hann window; its first and last bin are 0."""
    windowed = np.zeros_like(spectrum)
    windowed[:, 1:-1] = np.float32(0.5) * spectrum[:, 1:-1] - np.float32(0.25) * (spectrum[:, :-2] + spectrum[:, 2:])
    return windowed


def without_rumble(samples: Samples) -> Samples:
    """A whole signal of 16 kHz, shape (n,), without what is below the voice."""
    rumble = RumbleFilter(1)
    cleaned: Samples = np.concatenate([rumble.push(samples[None]), rumble.finish()], axis=1)[0]
    return cleaned
