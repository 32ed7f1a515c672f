"""The front end is the public network's, to the last digit that matters."""

import numpy as np
import pytest

from forensic.records import SpeechSegment
from forensic.speaker.features import frame_mask, level_gain, mel_power


def _slaney_hz_to_mel(hz):
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def _slaney_mel_to_hz(mel):
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def _straightforward(samples):
    """The published definition, a frame and a band at a time (Slaney 1998; McFee et al. 2015)."""
    edges_hz = _slaney_mel_to_hz(np.linspace(0, _slaney_hz_to_mel(np.array(8000.0)), 42))
    bins_hz = np.fft.rfftfreq(400, 1 / 16_000)
    bank = np.zeros((40, 201))
    for band in range(40):
        low, middle, high = edges_hz[band : band + 3]
        rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
        bank[band] = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    padded = np.pad(samples.astype(np.float64), 200)
    frames = [padded[start : start + 400] * window for start in range(0, len(samples) + 1, 160)]
    return np.array([bank @ np.abs(np.fft.rfft(frame)) ** 2 for frame in frames])


def test_mel_power_is_that_of_the_published_definition():
    samples = (np.random.default_rng(1).standard_normal(8_000) * 0.1).astype(np.float32)
    expected = _straightforward(samples)
    features = mel_power(samples)
    assert features.shape == (51, 40) == expected.shape
    np.testing.assert_allclose(features, expected, rtol=2e-4, atol=1e-6 * expected.max())


def test_the_gain_brings_the_speech_to_30_db_below_full_scale():
    rng = np.random.default_rng(2)
    samples = np.concatenate([rng.standard_normal(16_000) * 0.2, np.zeros(16_000)]).astype(np.float32)
    mask = frame_mask([SpeechSegment(0.0, 1.0)], 0.0, 201)
    gain = level_gain(samples, mask)
    level_db = 10 * np.log10(gain * np.mean(samples[:16_000] ** 2))
    assert level_db == pytest.approx(-30.0, abs=0.01)


def test_digital_silence_has_no_gain():
    assert level_gain(np.zeros(1_600, np.float32), np.ones(11, bool)) == 0.0


def test_the_mask_follows_segments_wherever_the_stretch_starts():
    mask = frame_mask([SpeechSegment(10.0, 10.5), SpeechSegment(11.0, 99.0)], 10.0, 200)
    assert mask[:50].all()
    assert not mask[50:100].any()
    assert mask[100:].all()
