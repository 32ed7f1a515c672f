"""Crops changed as another microphone, line or background would change them, on their mel power alone.

Drawn again for every crop of every batch, which is too cheap to be worth caching. A filter weights the power in a
band and independent sounds add to it, so both can be done without the waveform.
"""

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples
from forensic.speaker.features import band_edges_hz

_LOW_CUT_ODDS, _HIGH_CUT_ODDS = 0.35, 0.25
_TILT_DB_PER_OCTAVE, _RIPPLE_DB, _RIPPLE_POINTS = 1.5, 2.5, 6
OVERLAY_SNR_DB = (3.0, 20.0)
"""How far a background is below the speech in front of it."""

_EDGES_HZ = band_edges_hz()
_CENTRES_HZ = _EDGES_HZ[1:-1]
BAND_WIDTHS_HZ = _EDGES_HZ[2:] - _EDGES_HZ[:-2]
"""A band's power is per hertz."""


def recolour(crops: Samples, share: float, rng: np.random.Generator) -> None:
    """Weight the bands of some crops as a microphone or line would, and bring them back to their level.

    Args:
        crops: mel power, shape (n, frames, 40); changed in place.
        share: of the crops, 0 to 1.
        rng: draws which, and how.
    """
    rows = np.flatnonzero(rng.random(len(crops)) < share)
    for row, colour in zip(rows, draw_colours(len(rows), rng), strict=True):
        before = crops[row] @ BAND_WIDTHS_HZ
        crops[row] *= colour
        crops[row] *= before.sum() / max(float((crops[row] @ BAND_WIDTHS_HZ).sum()), 1e-12)


def overlay(crops: Samples, share: float, rng: np.random.Generator) -> None:
    """Put another crop of the batch into the background of some.

    Args:
        crops: mel power, shape (n, frames, 40); changed in place.
        share: of the crops, 0 to 1.
        rng: draws which, with whom, and how loud.
    """
    before = crops.copy()
    for row in np.flatnonzero(rng.random(len(crops)) < share):
        other = before[rng.integers(len(crops))]
        ratio = 10 ** (-rng.uniform(*OVERLAY_SNR_DB) / 10)
        crops[row] += ratio * other * (before[row].mean() / max(float(other.mean()), 1e-12))


def draw_colours(n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Power gains of the bands of microphones and lines: a tilt, a ripple, and for some a cut below or above.

    Returns:
        Shape (n, 40).
    """
    octaves = np.log2(_CENTRES_HZ / 1000)
    points = np.linspace(octaves[0], octaves[-1], _RIPPLE_POINTS)
    share = np.maximum(0.0, 1 - np.abs(octaves[:, None] - points) / (points[1] - points[0]))  # linear between points
    ripple = rng.normal(0.0, _RIPPLE_DB, (n, _RIPPLE_POINTS)) @ share.T
    gain = 10 ** ((rng.normal(0.0, _TILT_DB_PER_OCTAVE, (n, 1)) * octaves + ripple) / 10)
    low = 1 / (1 + (rng.uniform(120, 420, (n, 1)) / _CENTRES_HZ) ** (2 * rng.integers(1, 5, (n, 1))))
    high = 1 / (1 + (_CENTRES_HZ / rng.uniform(2800, 3900, (n, 1))) ** (2 * rng.integers(4, 9, (n, 1))))
    gain *= np.where(rng.random((n, 1)) < _LOW_CUT_ODDS, low, 1.0)
    gain *= np.where(rng.random((n, 1)) < _HIGH_CUT_ODDS, high, 1.0)
    colours: NDArray[np.float32] = gain.astype(np.float32)
    return colours
