"""Impulse responses of rectangular rooms: reflections by image sources, then a tail of decaying noise."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from forensic.errors import SettingsError
from forensic.records import SAMPLE_RATE_HZ

_Array = NDArray[np.float64]

_SMALLEST_M, _LARGEST_M = (2.5, 2.5, 2.2), (10.0, 8.0, 4.0)
_TO_WALL_M = 0.3
_SPEED_M_S = 343.0
_IMAGES_S = 0.08  # later reflections are so dense that noise is as good
_FINE = 4  # reflections fall between samples: they are placed at a multiple of the rate
_LOWEST_HZ = 50.0  # walls that reflect all frequencies equally add up a pressure that no voice makes
_TRIES = 500


def shoebox_response(t60_s: float, distance_m: float, rng: np.random.Generator) -> _Array:
    """The response of a room of 2.5-10 x 2.5-8 x 2.2-4 m, talker and microphone 0.3 m or more from its walls.

    All walls absorb equally, and equally at all frequencies: as much as gives ``t60_s`` by Eyring's formula.

    Args:
        t60_s: decay by 60 dB, more than 0.
        distance_m: from talker to microphone.
        rng: draws the room's size, both places and the tail.

    Returns:
        Shape (t60_s x 16,000,), 16 kHz, the direct sound 1.0 at sample 0.

    Raises:
        SettingsError: if the distance is too long for every room that was drawn.

    Source: Allen & Berkley (1979), J. Acoust. Soc. Am. 65:943-950; Eyring (1930), J. Acoust. Soc. Am. 1:217-241.
    """
    size_m, talker_m, microphone_m = _place(distance_m, rng)
    volume = float(np.prod(size_m))
    surface = 2 * volume * float(np.sum(1 / size_m))
    reflected = float(
        np.exp(-12 * np.log(10) * volume / (_SPEED_M_S * surface * t60_s))
    )  # of the pressure, at one wall
    length = max(1, int(t60_s * SAMPLE_RATE_HZ))
    time_s = np.arange(length) / SAMPLE_RATE_HZ

    path_m, reflections = _images(size_m, talker_m, microphone_m, distance_m + _SPEED_M_S * _IMAGES_S)
    pressure = distance_m / path_m * reflected**reflections
    place = np.round((path_m - distance_m) / _SPEED_M_S * SAMPLE_RATE_HZ * _FINE).astype(np.intp)
    fine = np.bincount(place, pressure, minlength=length * _FINE)
    early = _FINE * resample_poly(fine, 1, _FINE)[:length]
    response: _Array = sosfilt(butter(2, _LOWEST_HZ, "highpass", fs=SAMPLE_RATE_HZ, output="sos"), early)

    # In each sample as many images arrive as there are rooms in a shell of a sphere, each weaker with its distance:
    # apart from the walls' absorption, their power does not change with time.
    power = 4 * np.pi * _SPEED_M_S * distance_m**2 / (volume * SAMPLE_RATE_HZ)
    tail = np.sqrt(power) * 10 ** (-3 * (time_s + distance_m / _SPEED_M_S) / t60_s)
    late = time_s >= _IMAGES_S
    response[late] = (tail * rng.standard_normal(length))[late]
    response[0] = 1.0
    return response


def _place(distance_m: float, rng: np.random.Generator) -> tuple[_Array, _Array, _Array]:
    """Size of a room, place of talker and of microphone, each of shape (3,), in metres; the first draw that fits."""
    size_m = rng.uniform(_SMALLEST_M, _LARGEST_M, (_TRIES, 3))
    talker_m = rng.uniform(_TO_WALL_M, size_m - _TO_WALL_M)
    direction = rng.standard_normal((_TRIES, 3))
    microphone_m = talker_m + distance_m * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    fits = np.all((microphone_m >= _TO_WALL_M) & (microphone_m <= size_m - _TO_WALL_M), axis=1)
    if not fits.any():
        raise SettingsError(
            f"No room is large enough for {distance_m:g} m from talker to microphone.", "Use 0.3 to 4 m."
        )
    first = int(np.argmax(fits))
    return size_m[first], talker_m[first], microphone_m[first]


def _images(size_m: _Array, talker_m: _Array, microphone_m: _Array, reach_m: float) -> tuple[_Array, _Array]:
    """Path in metres and number of reflections, both of shape (n,), of the talker's images within reach."""
    squared, count = np.zeros(1), np.zeros(1)
    for size, talker, microphone in zip(size_m, talker_m, microphone_m, strict=True):
        most = int(np.ceil(reach_m / (2 * size))) + 1
        n = np.arange(-most, most + 1)
        offset = np.concatenate([2 * n * size + talker, 2 * n * size - talker]) - microphone
        bounces = np.concatenate([np.abs(2 * n), np.abs(2 * n - 1)])
        squared = np.add.outer(squared, offset**2).ravel()
        count = np.add.outer(count, bounces).ravel()
        near = squared <= reach_m**2
        squared, count = squared[near], count[near]
    return np.sqrt(squared[count > 0]), count[count > 0]
