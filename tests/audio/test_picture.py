"""A spectrogram to look at."""

import numpy as np
import pytest

from forensic.audio.picture import BANDS, COLUMNS, spectrogram_picture
from forensic.audio.wav import opus_bytes, wav_bytes
from forensic.records import SAMPLE_RATE_HZ


def tone(hz, seconds=2.0):
    """A sine at half of full scale."""
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.5 * np.sin(2 * np.pi * hz * times)).astype(np.float32)


@pytest.mark.parametrize(("hz", "highest_hz"), [(500.0, 4000.0), (3000.0, 4000.0), (6000.0, 8000.0)])
def test_a_tone_is_a_line_at_its_frequency(hz, highest_hz):
    """The lowest frequency is the first row."""
    picture = spectrogram_picture(tone(hz), highest_hz)
    rows, columns = picture.shape
    assert rows <= BANDS
    assert columns == COLUMNS
    loudest = picture.mean(axis=1).argmax()
    assert abs((loudest + 0.5) / rows * highest_hz - hz) < 80.0
    assert picture.max() == 255


def test_silence_after_a_tone_is_white():
    """More than 70 dB below the loudest point is nothing."""
    picture = spectrogram_picture(np.concatenate([tone(1000.0, 1.0), np.zeros(16_000, np.float32)]), 4000.0)
    assert picture[:, 300:].max() == 0
    assert picture[:, :200].max() == 255


@pytest.mark.parametrize("length", [0, 1, 511, 512, 700])
def test_any_length_gives_a_picture(length):
    """Even none."""
    assert spectrogram_picture(np.zeros(length, np.float32), 8000.0).ndim == 2


def test_speech_to_play_is_wav_or_ogg_opus():
    """As a player recognises them."""
    assert wav_bytes(tone(300.0, 0.1))[:4] == b"RIFF"
    content = opus_bytes(tone(300.0, 1.0))
    assert content[:4] == b"OggS"
    assert b"OpusHead" in content[:64]
    assert len(content) < 8000
