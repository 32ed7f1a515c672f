"""Codecs of the simulator: aligned, real, and of the rate that they are asked for."""

import numpy as np
import pytest
from factories import voice

from forensic.audio.codec import CODECS, Codec, encode, encoder_of, through_codec
from forensic.errors import SettingsError

_CHOICES = [
    Codec("AMR-NB", 4_750),
    Codec("AMR-NB", 12_200),
    Codec("Opus", 16_000),
    Codec("Opus narrowband", 8_000),
    Codec("MP3", 16_000),
    Codec("AAC", 24_000),
    Codec("G.711 A-law"),
    Codec("G.711 mu-law"),
    Codec("G.722"),
    Codec("G.726", 32_000),
    Codec("GSM"),
]


@pytest.fixture(scope="module")
def speech():
    return voice(seconds=4.0, seed=3)


def test_every_codec_is_tried_here():
    assert {codec.name for codec in _CHOICES} == set(CODECS)


@pytest.mark.parametrize("codec", _CHOICES, ids=str)
def test_speech_comes_back_aligned_and_of_its_length(speech, codec):
    coded = through_codec(speech, codec)
    assert coded.shape == speech.shape
    assert coded.dtype == np.float32
    lags = range(-40, 41)
    similarity = [np.corrcoef(coded[100:-100], np.roll(speech, lag)[100:-100])[0, 1] for lag in lags]
    best = int(np.argmax(similarity))
    assert abs(lags[best]) <= 2
    assert 0.5 < similarity[best] < 0.99999  # changed, but the same speech


@pytest.mark.parametrize(
    "codec", [Codec("AMR-NB", 5_900), Codec("G.711 A-law"), Codec("G.726", 16_000), Codec("GSM")], ids=str
)
def test_a_telephone_codec_passes_nothing_above_4_khz(codec):
    noise = np.random.default_rng(1).standard_normal(32_000).astype(np.float32) * 0.1
    spectrum = np.abs(np.fft.rfft(through_codec(noise, codec))) ** 2
    frequency_hz = np.fft.rfftfreq(32_000, 1 / 16_000)
    assert spectrum[frequency_hz > 4_300].mean() < 1e-3 * spectrum[frequency_hz < 3_400].mean()


@pytest.mark.parametrize(("bit_rate", "size"), [(4_750, 13), (12_200, 32)])
def test_amr_frames_have_the_size_of_their_mode(bit_rate, size):
    content = encode(voice(seconds=1.0, seed=1)[::2], Codec("AMR-NB", bit_rate))
    assert content.startswith(b"#!AMR\n")
    assert (len(content) - 6) % size == 0


def test_gsm_blocks_of_320_samples_have_65_bytes():
    one, two = (encode(np.zeros(count, np.float32), Codec("GSM")) for count in (320, 640))
    assert one[8:12] == b"WAVE"
    assert len(two) - len(one) in {64, 65, 66}  # RIFF pads to an even length


def test_gsm_loses_more_of_narrow_band_speech_than_g711_does(speech):
    narrow = through_codec(speech, Codec("G.711 A-law"))
    assert np.corrcoef(narrow, through_codec(narrow, Codec("G.711 A-law")))[0, 1] > 0.999
    assert np.corrcoef(narrow, through_codec(narrow, Codec("GSM")))[0, 1] < 0.995


@pytest.mark.parametrize("length", [1, 100, 700])
def test_gsm_takes_less_than_a_block(speech, length):
    assert through_codec(speech[:length], Codec("GSM")).shape == (length,)


def test_a_codec_that_does_not_exist_is_named_and_those_that_do_are_listed():
    with pytest.raises(SettingsError, match="MP4") as caught:
        encoder_of(Codec("MP4"))
    assert all(name in caught.value.remedy for name in CODECS)
