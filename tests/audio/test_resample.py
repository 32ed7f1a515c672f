"""Resampling keeps what fits below 8 kHz, drops the rest, and does not notice how the signal was cut up."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensic.audio.resample import make_resampler, output_length, resample

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000)
ODD_RATES_HZ = (7_999, 44_056, 44_099)


def tone(frequency_hz: float, sample_rate_hz: int, seconds: float = 2.0) -> np.ndarray:
    """A sine of amplitude 1, shape (n,)."""
    times = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    return np.sin(2 * np.pi * frequency_hz * times).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    """Level of a sine's middle, 0 for amplitude 1."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return 10 * math.log10(2 * float((middle.astype(float) ** 2).mean()) + 1e-20)


@pytest.mark.parametrize("rate_hz", [rate for rate in (*RATES_HZ, *ODD_RATES_HZ) if rate > 20_000])
@pytest.mark.parametrize("frequency_hz", [8_300, 9_000, 9_900])
def test_a_tone_above_the_new_nyquist_frequency_vanishes(rate_hz, frequency_hz):
    """Nothing folds back: more than 60 dB down."""
    assert level_db(resample(tone(frequency_hz, rate_hz), rate_hz)) < -60


@pytest.mark.parametrize(
    ("rate_hz", "frequency_hz"),
    [(rate, tone) for rate in (*RATES_HZ, *ODD_RATES_HZ) for tone in (100, 1_000, 3_400, 7_000) if tone < 0.43 * rate],
)
def test_a_tone_below_keeps_level_and_phase(rate_hz, frequency_hz):
    """Within 0.05 dB, and without delay."""
    given_back = resample(tone(frequency_hz, rate_hz), rate_hz)
    assert abs(level_db(given_back)) < 0.05
    wanted = tone(frequency_hz, 16_000)
    assert np.abs(given_back - wanted)[4_000:-4_000].max() < 2e-3


@pytest.mark.parametrize("rate_hz", [*RATES_HZ, *ODD_RATES_HZ])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_the_cuts_between_pieces_leave_no_trace(rate_hz, data):
    """However a signal is cut up, the pieces join to what the whole gives."""
    seed = data.draw(st.integers(0, 2**32 - 1))
    length = data.draw(st.integers(1, rate_hz))
    cuts = sorted(data.draw(st.lists(st.integers(0, length), max_size=6)))
    samples = np.random.default_rng(seed).standard_normal((2, length)).astype(np.float32)
    resampler = make_resampler(rate_hz, 2)
    pieces = [resampler.push(piece) for piece in np.split(samples, cuts, axis=1)]
    joined = np.concatenate([*pieces, resampler.finish()], axis=1)
    whole = resample(samples, rate_hz)
    assert joined.shape == whole.shape
    np.testing.assert_allclose(joined, whole, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [*RATES_HZ, *ODD_RATES_HZ])
@pytest.mark.parametrize("length", [0, 1, 2, 441, 30_001])
def test_length_is_the_duration_rounded_up(rate_hz, length):
    """No sample is lost or added, down to an empty signal."""
    assert len(resample(np.zeros(length, np.float32), rate_hz)) == output_length(length, rate_hz)
    assert output_length(length, rate_hz) == math.ceil(length * 16_000 / rate_hz)


def test_channels_stay_apart():
    """Each channel is resampled by itself."""
    both = np.stack([tone(440, 44_100), tone(880, 44_100)])
    given_back = resample(both, 44_100)
    np.testing.assert_allclose(given_back[1], resample(both[1], 44_100), atol=1e-6)
