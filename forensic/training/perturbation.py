"""Crops changed as another microphone, line or background would change them, on their mel power alone.

Drawn anew for every crop of every batch: too cheap to be worth a place in the cache. A filter weights the power in a
band and independent sounds add to it, so both can be done without the waveform.
"""

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples
from forensic.speaker.features import band_edges_hz

_LOW_CUT_ODDS, _HIGH_CUT_ODDS = 0.35, 0.25
_TILT_DB_PER_OCTAVE, _RIPPLE_DB, _RIPPLE_POINTS = 1.5, 2.5, 6
_OVERLAY_SNR_DB = (3.0, 20.0)

_EDGES_HZ = band_edges_hz()
_CENTRES_HZ = _EDGES_HZ[1:-1]
_WIDTHS_HZ = _EDGES_HZ[2:] - _EDGES_HZ[:-2]  # a band's power is per hertz


def recolour(crops: Samples, share: float, rng: np.random.Generator) -> None:
    """Weight the bands of some crops as a microphone or line would, and bring them back to their level.

    Args:
        crops: mel power, shape (n, frames, 40); changed in place.
        share: of the crops, 0 to 1.
        rng: draws which, and how.
    """
    for row in np.flatnonzero(rng.random(len(crops)) < share):
        before = crops[row] @ _WIDTHS_HZ
        crops[row] *= _colour(rng)
        crops[row] *= before.sum() / max(float((crops[row] @ _WIDTHS_HZ).sum()), 1e-12)


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
        ratio = 10 ** (-rng.uniform(*_OVERLAY_SNR_DB) / 10)
        crops[row] += ratio * other * (before[row].mean() / max(float(other.mean()), 1e-12))


def _colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """Power gain of each band, shape (40,)."""
    octaves = np.log2(_CENTRES_HZ / 1000)
    ripple = np.interp(
        octaves,
        np.linspace(octaves[0], octaves[-1], _RIPPLE_POINTS),
        rng.normal(0.0, _RIPPLE_DB, _RIPPLE_POINTS),
    )
    gain = 10 ** ((rng.normal(0.0, _TILT_DB_PER_OCTAVE) * octaves + ripple) / 10)
    if rng.random() < _LOW_CUT_ODDS:
        gain /= 1 + (rng.uniform(120, 420) / _CENTRES_HZ) ** (2 * rng.integers(1, 5))
    if rng.random() < _HIGH_CUT_ODDS:
        gain /= 1 + (_CENTRES_HZ / rng.uniform(2800, 3900)) ** (2 * rng.integers(4, 9))
    return gain.astype(np.float32)
