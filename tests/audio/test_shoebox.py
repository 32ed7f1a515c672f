"""Simulated rectangular rooms: they decay as asked, start with the direct sound, and have the images of geometry."""

import itertools

import numpy as np
import pytest

from forensic.audio.shoebox import _images, shoebox_response
from forensic.errors import SettingsError


def measured_t60_s(response):
    """From 5 to 25 dB down of the energy that is still to come, without the direct sound (first 5 ms)."""
    remaining = np.cumsum(np.square(response[80:])[::-1])[::-1]
    level_db = 10 * np.log10(remaining / remaining[0])
    fitted = np.flatnonzero((level_db <= -5) & (level_db >= -25))
    return -60 / np.polyfit(fitted / 16_000, level_db[fitted], 1)[0]


@pytest.mark.parametrize("t60_s", [0.15, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("distance_m", [0.3, 1.5, 4.0])
def test_a_room_decays_as_asked(t60_s, distance_m):
    for seed in range(5):
        response = shoebox_response(t60_s, distance_m, np.random.default_rng(seed))
        assert response.shape == (int(t60_s * 16_000),)
        assert measured_t60_s(response) == pytest.approx(t60_s, rel=0.35)


def test_the_direct_sound_comes_first():
    response = shoebox_response(0.4, 0.3, np.random.default_rng(2))
    assert response[0] == 1.0
    assert np.argmax(np.abs(response)) == 0


def test_reflections_gain_on_the_direct_sound_with_distance():
    reverberant = [
        np.mean([np.sum(shoebox_response(0.5, distance_m, np.random.default_rng(seed))[1:] ** 2) for seed in range(10)])
        for distance_m in (0.3, 1.0, 3.0)
    ]
    assert reverberant[0] < 0.3 * reverberant[1] < 0.3 * reverberant[2]


def test_noise_takes_over_from_images_at_their_level():
    steps_db = []
    for seed in range(30):
        energy = shoebox_response(0.6, 1.0, np.random.default_rng(seed)) ** 2
        before, after = energy[960:1280].mean(), energy[1280:1600].mean()  # 20 ms on each side of 80 ms
        steps_db.append(10 * np.log10(before / after) - 60 * 0.02 / 0.6)
    assert np.mean(steps_db) == pytest.approx(0, abs=1)


def test_images_are_those_of_the_walls():
    """Against mirroring the talker in one wall after another."""
    size_m, talker_m, microphone_m = np.array([5.0, 4.0, 3.0]), np.array([1.0, 1.2, 1.5]), np.array([3.1, 2.2, 1.1])
    mirrored = {tuple(talker_m): 0}
    for bounces in range(1, 5):
        for place in [place for place, count in mirrored.items() if count == bounces - 1]:
            for axis, wall in itertools.product(range(3), (0, 1)):
                image = list(place)
                image[axis] = round(2 * wall * size_m[axis] - image[axis], 9)
                mirrored.setdefault(tuple(image), bounces)
    expected = sorted((round(float(np.linalg.norm(p - microphone_m)), 6), n) for p, n in mirrored.items() if n)
    path_m, reflections = _images(size_m, talker_m, microphone_m, 30.0)
    found = sorted((round(float(p), 6), int(n)) for p, n in zip(path_m, reflections, strict=True) if n <= 4)
    assert found == expected


def test_a_distance_that_fits_no_room_is_said():
    with pytest.raises(SettingsError, match="20 m"):
        shoebox_response(0.5, 20.0, np.random.default_rng(0))
