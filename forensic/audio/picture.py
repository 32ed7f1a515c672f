"""A spectrogram to look at: few columns, few levels, so that it can be kept with a result."""

import numpy as np
from numpy.typing import NDArray

from forensic.records import SAMPLE_RATE_HZ, Samples

COLUMNS, BANDS = 480, 128
_WINDOW, _SIZE = 400, 512  # samples: 25 ms, as in a wide-band spectrogram
_RANGE_DB = 70.0


def spectrogram_picture(samples: Samples, highest_hz: float) -> NDArray[np.uint8]:
    """The levels of speech by frequency and time.

    Args:
        samples: shape (n,), 16 kHz.
        highest_hz: upper end of the picture, at most 8 kHz.

    Returns:
        Shape (bands, columns), at most ``BANDS`` and ``COLUMNS``, the lowest frequency first: 255 at the loudest point,
        0 at 70 dB below it and under. Shape (1, 1) where there is less than one window.
    """
    if len(samples) < _SIZE:
        return np.zeros((1, 1), np.uint8)
    last = len(samples) - _SIZE
    starts = np.unique(np.linspace(0, last, min(COLUMNS, last + 1)).astype(np.intp))
    window = np.zeros(_SIZE, np.float32)
    window[:_WINDOW] = np.hanning(_WINDOW)
    frames = samples[starts[:, None] + np.arange(_SIZE)] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    power = power[:, : max(2, round(highest_hz / (SAMPLE_RATE_HZ / _SIZE)))]
    edges = np.unique(np.linspace(0, power.shape[1], min(BANDS, power.shape[1]) + 1).astype(np.intp))[:-1]
    bands = np.maximum.reduceat(power, edges, axis=1)
    decibels = 10 * np.log10(bands + 1e-12)
    scaled = 1 + (decibels - decibels.max()) / _RANGE_DB
    picture: NDArray[np.uint8] = np.round(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
    return np.ascontiguousarray(picture.T)
