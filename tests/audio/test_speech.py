"""Speech detection: the network is silero's, and its segments are what they should be."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest
from spoken import VOICES, spoken

from forensic.audio import speech as speech_module
from forensic.audio.speech import find_speech, speech_probability
from forensic.settings import SpeechSettings


@pytest.fixture(scope="module")
def speech():
    return spoken("adler", 12.0)


def test_probabilities_are_those_of_the_published_network(speech):
    import torch

    package = importlib.util.find_spec("silero_vad")
    assert package is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit.load itself is deprecated
        published = torch.jit.load(Path(package.origin).parent / "data" / "silero_vad.jit")
    published.reset_states()
    with torch.inference_mode():
        frames = torch.from_numpy(speech[: len(speech) // 512 * 512]).split(512)
        expected = [published(frame[None], 16_000).item() for frame in frames]
    ours = speech_probability([speech])[0]
    np.testing.assert_allclose(ours[: len(expected)], expected, atol=1e-4)


def test_a_batch_of_waveforms_gives_what_each_gives_alone(speech):
    waveforms = [speech, speech[:20_000], np.zeros(0, np.float32), speech[5_000:90_000]]
    together = speech_probability(waveforms)
    for waveform, probability in zip(waveforms, together, strict=True):
        assert len(probability) == -(-len(waveform) // 512)
        np.testing.assert_allclose(probability, speech_probability([waveform])[0], atol=1e-5)


def test_cutting_a_long_recording_to_streams_hardly_moves_its_segments():
    long = np.concatenate([spoken(voice, 30.0) for voice in VOICES])
    probability = speech_probability([long])[0]
    (features,) = speech_module._encode(speech_module._detector(), [long])
    ((whole,),) = speech_module._detector().decider("probability", features=features[None])
    assert np.mean((probability > 0.5) != (whole > 0.5)) < 0.01


def test_silence_and_noise_hold_no_speech():
    for samples in (np.zeros(80_000, np.float32), np.random.default_rng(1).normal(0, 0.05, 80_000).astype(np.float32)):
        assert find_speech(speech_probability([samples])[0], len(samples), SpeechSettings()) == ()


def _segments(probability, **settings):
    values = np.array(probability, np.float32)
    return [
        (round(s.start_s, 3), round(s.end_s, 3))
        for s in find_speech(values, len(values) * 512, SpeechSettings(pad_s=0.0, **settings))
    ]


def test_a_stretch_starts_above_the_threshold_and_ends_below_it():
    assert _segments([0.1] * 10 + [0.9] * 20 + [0.1] * 10) == [(0.32, 0.96)]


def test_a_stretch_goes_on_through_a_short_gap():
    assert _segments([0.9] * 20 + [0.0] * 2 + [0.9] * 20) == [(0.0, 1.344)]


def test_a_long_gap_parts_two_stretches():
    assert _segments([0.9] * 20 + [0.0] * 10 + [0.9] * 20) == [(0.0, 0.64), (0.96, 1.6)]


def test_a_probability_between_the_two_thresholds_keeps_a_stretch_going_and_starts_none():
    assert _segments([0.4] * 20) == []
    assert _segments([0.9] * 5 + [0.4] * 20 + [0.0] * 20) == [(0.0, 0.8)]


def test_a_very_short_stretch_is_dropped():
    assert _segments([0.0] * 10 + [0.9] * 4 + [0.0] * 10) == []


def test_padding_joins_stretches_that_it_makes_touch():
    values = np.array([0.9] * 20 + [0.0] * 5 + [0.9] * 20, np.float32)
    (only,) = find_speech(values, len(values) * 512, SpeechSettings(pad_s=0.1))
    assert (only.start_s, only.end_s) == (0.0, pytest.approx(1.44))
