"""The channel simulator: seeded, of the level that it is asked for, one for training and cases."""

import numpy as np
import pytest
from factories import voice

from forensic.audio.channel import (
    CASE_CHANNELS,
    Band,
    Channel,
    Level,
    Noise,
    PacketLoss,
    Room,
    Shoebox,
    Sources,
    Tilt,
    active_level,
    draw_channel,
    simulate,
)
from forensic.audio.codec import CODECS, Codec


@pytest.fixture(scope="module")
def speech():
    return voice(seconds=5.0, seed=7)


@pytest.fixture(scope="module")
def sources():
    rng = np.random.default_rng(5)
    return Sources(
        noises=(rng.standard_normal(20_000).astype(np.float32),),
        rooms=((rng.standard_normal(4_000) * np.exp(-np.arange(4_000) / 500)).astype(np.float32),),
        babble=(voice(seconds=3.0, seed=8), voice(seconds=2.0, seed=9)),
    )


@pytest.mark.parametrize("channel", CASE_CHANNELS, ids=lambda channel: channel.name)
def test_one_seed_gives_one_result_of_the_same_length(speech, sources, channel):
    once = simulate(speech, channel, sources, seed=4)
    assert once.shape == speech.shape
    assert np.isfinite(once).all()
    assert np.array_equal(once, simulate(speech, channel, sources, seed=4))


def test_a_clean_channel_changes_nothing(speech, sources):
    assert np.array_equal(simulate(speech, Channel("clean"), sources, seed=1), speech)


def test_another_seed_draws_another_noise(speech, sources):
    channel = Channel("noise", (Noise(10.0),))
    assert not np.array_equal(simulate(speech, channel, sources, 1), simulate(speech, channel, sources, 2))


@pytest.mark.parametrize("kind", ["recorded", "babble", "white", "pink"])
@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_noise_lies_as_far_below_the_speech_as_asked(speech, sources, kind, snr_db):
    noisy = simulate(speech, Channel("noise", (Noise(snr_db, kind),)), sources, seed=3)
    noise = noisy.astype(np.float64) - speech
    measured_db = 20 * np.log10(active_level(speech) / np.sqrt(np.mean(noise**2)))
    assert measured_db == pytest.approx(snr_db, abs=0.1)


def test_noise_without_recordings_falls_back_on_a_synthetic_one(speech):
    noisy = simulate(speech, Channel("noise", (Noise(10.0),)), Sources(), seed=3)
    assert not np.array_equal(noisy, speech)


def test_a_room_keeps_the_level_and_fills_the_pauses(speech, sources):
    for room in (Room(0.6, 0.0), Room(None), Shoebox(0.6, 2.0)):
        wet = simulate(speech, Channel("room", (room,)), sources, seed=2)
        assert active_level(wet) == pytest.approx(active_level(speech), rel=0.01)
        assert np.corrcoef(wet, speech)[0, 1] < 0.995


def test_a_shoebox_room_is_that_of_its_seed(speech):
    room = Channel("room", (Shoebox(0.5, 1.5),))
    once = simulate(speech, room, Sources(), seed=2)
    assert np.array_equal(once, simulate(speech, room, Sources(), seed=2))
    assert not np.array_equal(once, simulate(speech, room, Sources(), seed=3))


def test_speech_in_a_shoebox_room_stays_aligned():
    click = np.zeros(16_000, np.float32)
    click[4_000] = 1.0
    wet = np.abs(simulate(click, Channel("room", (Shoebox(0.3, 0.3),)), Sources(), seed=1))
    assert np.argmax(wet) == 4_000
    assert wet[:4_000].max() < 1e-6 * wet[4_000]


def test_a_level_is_reached_and_clips_at_full_scale(speech, sources):
    quiet = simulate(speech, Channel("level", (Level(-40.0),)), sources, seed=1)
    assert 20 * np.log10(active_level(quiet)) == pytest.approx(-40, abs=0.1)
    loud = simulate(speech, Channel("level", (Level(3.0),)), sources, seed=1)
    assert np.abs(loud).max() == 1.0


def test_a_band_stops_what_lies_outside(speech, sources):
    passed = simulate(speech, Channel("band", (Band(300, 3400),)), sources, seed=1)
    spectrum = np.abs(np.fft.rfft(passed)) ** 2
    original = np.abs(np.fft.rfft(speech)) ** 2
    frequency_hz = np.fft.rfftfreq(len(speech), 1 / 16_000)
    assert spectrum[frequency_hz > 6_000].sum() < 0.02 * original[frequency_hz > 6_000].sum()


def test_a_tilt_raises_one_end_and_lowers_the_other(speech, sources):
    tilted = simulate(speech, Channel("tilt", (Tilt(3.0),)), sources, seed=1)
    gain = np.abs(np.fft.rfft(tilted)) / np.maximum(np.abs(np.fft.rfft(speech)), 1e-9)
    frequency_hz = np.fft.rfftfreq(len(speech), 1 / 16_000)
    octave_up = 20 * np.log10(np.median(gain[(frequency_hz > 1990) & (frequency_hz < 2010)]))
    assert octave_up == pytest.approx(3.0, abs=0.2)


def test_about_the_asked_share_of_packets_is_lost():
    steady = np.ones(16_000 * 60, np.float32)
    lost = simulate(steady, Channel("loss", (PacketLoss(0.1),)), Sources(), seed=1)
    assert np.mean(lost == 0.0) == pytest.approx(0.1, abs=0.03)


def test_drawn_channels_differ_and_can_all_be_run(speech, sources):
    channels = [draw_channel(np.random.default_rng(seed)) for seed in range(25)]
    assert len({str(channel) for channel in channels}) > 20
    for seed, channel in enumerate(channels):
        assert np.isfinite(simulate(speech, channel, sources, seed)).all()


@pytest.fixture(scope="module")
def drawn():
    return [draw_channel(np.random.default_rng(seed)).steps for seed in range(2_000)]


def share(drawn, has):
    return np.mean([any(has(step) for step in steps) for steps in drawn])


def test_one_state_of_the_generator_draws_one_channel(drawn):
    assert drawn[:100] == [draw_channel(np.random.default_rng(seed)).steps for seed in range(100)]


def test_every_kind_of_step_and_every_codec_is_drawn(drawn):
    assert {type(step) for steps in drawn for step in steps} == {
        Noise,
        Room,
        Shoebox,
        Band,
        Tilt,
        Level,
        PacketLoss,
        Codec,
    }
    assert {step.name for steps in drawn for step in steps if isinstance(step, Codec)} == set(CODECS)


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        (lambda step: isinstance(step, Shoebox), 0.2),
        (lambda step: isinstance(step, Room) and step.t60_s is None, 0.1),
        (lambda step: isinstance(step, Room) and step.t60_s is not None, 0.1),
        (lambda step: isinstance(step, Noise), 0.55),
        (lambda step: isinstance(step, Level) and step.dbfs > -12, 0.045),
    ],
    ids=["shoebox", "recorded room", "decaying noise", "noise", "clipping"],
)
def test_conditions_are_drawn_as_often_as_intended(drawn, has, expected):
    assert share(drawn, has) == pytest.approx(expected, abs=0.03)


def test_codecs_are_drawn_as_often_as_intended(drawn):
    chains = [[step.name for step in steps if isinstance(step, Codec)] for steps in drawn]
    first = [chain[0] if chain else None for chain in chains]
    assert first.count("AMR-NB") / len(first) == pytest.approx(0.33, abs=0.03)
    assert first.count("GSM") / len(first) == pytest.approx(0.06, abs=0.02)
    assert first.count(None) / len(first) == pytest.approx(0.12, abs=0.02)
    tandem = [chain for chain in chains if len(chain) > 1 and chain[1] != "MP3"]
    assert len(tandem) / len(chains) == pytest.approx(0.05, abs=0.015)


def test_most_telephone_lines_are_cut_at_both_ends(drawn):
    telephone = {"AMR-NB", "GSM", "G.711 A-law", "G.711 mu-law", "G.726"}
    lines = [steps for steps in drawn if any(isinstance(step, Codec) and step.name in telephone for step in steps)]
    bands = [step for steps in lines for step in steps if isinstance(step, Band)]
    assert len(bands) / len(lines) == pytest.approx(0.6, abs=0.04)
    assert all(100 <= band.low_hz <= 400 and 3_000 <= band.high_hz <= 3_800 for band in bands)
