"""Fundamental frequency, formants and articulation rate, of voices that are known."""

import sys

import numpy as np
import pytest
from scipy.signal import lfilter

from forensic.audio.phonetics import check_phonetics, describe_voice
from forensic.errors import ReportError, SpeechError
from forensic.records import SAMPLE_RATE_HZ

pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")

FORMANTS_HZ = (600.0, 1300.0, 2500.0, 3500.0, 4500.0)


def vowel(f0_hz, seconds=4.0, formants_hz=FORMANTS_HZ, semitones=0.0):
    """Pulses of a glottis through resonances, 80 Hz wide; the frequency swings by so many semitones."""
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    swing = 2 ** (semitones * np.sqrt(2) * np.sin(2 * np.pi * 0.5 * times) / 12)
    phase = np.cumsum(f0_hz * swing) / SAMPLE_RATE_HZ
    sound = np.diff(np.floor(phase), prepend=0.0)
    sound = lfilter([1.0], [1.0, -0.95], sound)
    for formant in formants_hz:
        radius = np.exp(-np.pi * 80.0 / SAMPLE_RATE_HZ)
        turn = 2 * np.pi * formant / SAMPLE_RATE_HZ
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(turn), radius**2], sound)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.mark.parametrize("f0_hz", [85.0, 120.0, 210.0])
def test_the_fundamental_frequency_is_found(f0_hz):
    """Within half a percent, with its swing."""
    found = describe_voice(vowel(f0_hz, semitones=1.0), 4.0, 8000.0)
    assert found.f0_hz[1] == pytest.approx(f0_hz, rel=0.01)
    assert found.f0_hz[0] < found.f0_hz[1] < found.f0_hz[2]
    assert found.f0_deviation_semitones == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("bandwidth_hz", [8000.0, 3800.0])
def test_the_formants_are_found_within_the_band(bandwidth_hz):
    """Also on a telephone, where there are fewer."""
    found = describe_voice(vowel(110.0), 4.0, bandwidth_hz)
    assert [formant[1] for formant in found.formants_hz] == pytest.approx(FORMANTS_HZ[:3], rel=0.06)
    assert found.ceiling_hz == min(5000.0, bandwidth_hz)


@pytest.mark.parametrize("rate", [3.0, 5.0])
def test_syllables_are_counted_by_their_peaks(rate):
    """A vowel that swells so many times a second."""
    seconds = 6.0
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    swelling = 0.5 - 0.45 * np.cos(2 * np.pi * rate * times)
    samples = (vowel(120.0, seconds) * swelling).astype(np.float32)
    assert describe_voice(samples, seconds, 8000.0).syllables_per_s == pytest.approx(rate, rel=0.05)


def test_noise_is_no_voice():
    """Nothing voiced, nothing described."""
    noise = np.random.default_rng(1).normal(0, 0.1, 4 * SAMPLE_RATE_HZ).astype(np.float32)
    with pytest.raises(SpeechError, match="Less than half a second of the speech is voiced"):
        describe_voice(noise, 4.0, 8000.0)


def test_without_praat_the_error_says_what_to_install(monkeypatch):
    """It is an extra, for its licence."""
    monkeypatch.setitem(sys.modules, "parselmouth", None)
    with pytest.raises(ReportError, match="praat-parselmouth") as caught:
        check_phonetics()
    assert "forensic[phonetics]" in caught.value.remedy
