"""Quality measures are checked against simulated truth: on a synthetic voice, and on real speech where it is there."""

import csv
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from factories import voice, write_audio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import firwin, lfilter, resample_poly

from forensic.audio.decode import decode_blocks
from forensic.audio.quality import QualityMeter
from forensic.audio.speech import find_speech, speech_probability
from forensic.records import Block, Quality, SpeechSegment
from forensic.settings import AudioSettings, SpeechSettings

CORPUS = Path(os.environ.get("FORENSIC_SPEECH", Path(__file__).parents[3] / "shared" / "speech"))
needs_corpus = pytest.mark.skipif(
    not (CORPUS / "manifest.csv").exists(), reason=f"no corpus of real speech in {CORPUS}; FORENSIC_SPEECH may name one"
)

PHRASE_S, PAUSE_S = 2.0, 0.6


def measure(samples: np.ndarray, segments: tuple[SpeechSegment, ...], block_s: int = 1_000) -> Quality:
    """Quality of a waveform, fed in blocks."""
    return meter(samples, segments, block_s).result()


def meter(samples: np.ndarray, segments: tuple[SpeechSegment, ...], block_s: int = 1_000) -> QualityMeter:
    """The meter after all blocks."""
    quality = QualityMeter()
    for start in range(0, len(samples), block_s * 16_000):
        block = Block(0, start / 16_000, samples[start : start + block_s * 16_000].astype(np.float32), is_last=False)
        end_s = block.start_s + block.duration_s
        quality.update(
            block,
            [
                SpeechSegment(max(one.start_s, block.start_s), min(one.end_s, end_s))
                for one in segments
                if one.start_s < end_s and one.end_s > block.start_s
            ],
        )
    return quality


def phrases(seconds: float = 30.0) -> tuple[np.ndarray, tuple[SpeechSegment, ...]]:
    """Speech of two seconds and pauses of 0.6 s in turn, silent in the pauses, with the truth of where it is."""
    samples = voice(seconds, pauses=False)
    times = np.arange(len(samples)) / 16_000
    samples[times % (PHRASE_S + PAUSE_S) >= PHRASE_S] = 0.0
    starts = np.arange(0.0, seconds, PHRASE_S + PAUSE_S)
    return samples, tuple(SpeechSegment(float(start), float(min(start + PHRASE_S, seconds))) for start in starts)


def speech_power(samples: np.ndarray, segments: tuple[SpeechSegment, ...]) -> float:
    """Mean power within the segments."""
    parts = [samples[round(one.start_s * 16_000) : round(one.end_s * 16_000)] for one in segments]
    return float((np.concatenate(parts).astype(float) ** 2).mean())


def with_noise(samples: np.ndarray, power: float, snr_db: float, colour: float = 0.0, seed: int = 0) -> np.ndarray:
    """White noise added, or coloured by a pole, at a ratio to a speech power."""
    noise = np.random.default_rng(seed).standard_normal(len(samples))
    noise = lfilter([1.0], [1.0, -colour], noise)
    return samples + noise * np.sqrt(power / 10 ** (snr_db / 10) / (noise**2).mean())


def low_pass(samples: np.ndarray, edge_hz: float) -> np.ndarray:
    """Steep low-pass."""
    return lfilter(firwin(301, edge_hz, fs=16_000), 1.0, samples)


def through(tmp_path: Path, samples: np.ndarray, codec: str, bit_rate: int, rate_hz: int = 16_000) -> np.ndarray:
    """Coded and decoded."""
    suffix = {"libopencore_amrnb": "amr", "libmp3lame": "mp3", "libopus": "opus"}[codec]
    sent = resample_poly(samples, rate_hz, 16_000).astype(np.float32).clip(-1, 1)
    path = write_audio(tmp_path / f"a.{suffix}", sent, rate_hz, codec=codec, bit_rate=bit_rate)
    return np.concatenate([block.samples for block in decode_blocks(path, AudioSettings())])


# A synthetic voice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("snr_db", [0, 5, 10, 15, 20, 25, 30, 40])
@pytest.mark.parametrize("colour", [0.0, 0.9])
def test_snr_is_that_of_the_noise_added(snr_db, colour):
    """Within 1 dB where pauses show the noise."""
    samples, segments = phrases()
    noisy = with_noise(samples, speech_power(samples, segments), snr_db, colour)
    assert measure(noisy, segments).snr_db == pytest.approx(snr_db, abs=1.0)


@pytest.mark.parametrize("snr_db", [0, 10, 20, 30])
def test_snr_holds_where_a_codec_or_editor_silenced_the_pauses(snr_db):
    """Digital silence is no quiet room."""
    samples, segments = phrases()
    silent = samples == 0
    noisy = with_noise(samples, speech_power(samples, segments), snr_db)
    noisy[silent] = 0.0
    quality = measure(noisy, segments)
    assert quality.snr_db == pytest.approx(snr_db, abs=3.0)
    assert quality.noise_level_dbfs is None


@pytest.mark.parametrize("snr_db", [0, 10, 20])
def test_snr_holds_without_any_pause(snr_db):
    """The quietest frames within speech show the noise."""
    samples = voice(20.0, pauses=False)
    everything = (SpeechSegment(0.0, 20.0),)
    noisy = with_noise(samples, speech_power(samples, everything), snr_db)
    assert measure(noisy, everything).snr_db == pytest.approx(snr_db, abs=3.0)


def test_snr_does_not_depend_on_the_level():
    """Over 40 dB."""
    samples, segments = phrases()
    noisy = with_noise(samples, speech_power(samples, segments), 15)
    levels = [measure(gain * noisy, segments).snr_db for gain in (0.01, 0.1, 1.0)]
    assert max(levels) - min(levels) < 0.2


def test_snr_is_capped_and_never_infinite():
    """Between -10 and 60 dB."""
    samples, segments = phrases()
    power = speech_power(samples, segments)
    assert measure(1.9 * with_noise(samples, power, 65), segments).snr_db == 60.0
    assert measure(with_noise(samples, power, -40), segments).snr_db >= -10.0


def test_levels_are_rms_in_dbfs():
    """Of speech, of pauses, and the peak."""
    noise = np.random.default_rng(0).standard_normal(16_000 * 10) * 0.1
    noise[:80_000] *= 0.01
    quality = measure(noise, (SpeechSegment(5.0, 10.0),))
    assert quality.speech_level_dbfs == pytest.approx(-20, abs=0.2)
    assert quality.noise_level_dbfs == pytest.approx(-60, abs=0.5)
    assert quality.peak_dbfs == pytest.approx(20 * np.log10(np.abs(noise).max()), abs=0.01)


def test_without_speech_there_is_nothing_to_measure():
    """None, -inf and 0; no NaN."""
    quality = measure(np.zeros(48_000), ())
    assert (quality.duration_s, quality.net_speech_s) == (3.0, 0.0)
    assert quality.snr_db is None
    assert quality.noise_level_dbfs is None
    assert (quality.clipped_share, quality.bandwidth_hz) == (0.0, 0.0)
    assert quality.speech_level_dbfs == -np.inf
    assert not np.isnan(quality.peak_dbfs)


def test_digital_silence_as_speech_gives_no_nan():
    """Even if the detector were to call it speech."""
    quality = measure(np.zeros(48_000), (SpeechSegment(0.5, 2.0),))
    assert quality.snr_db is None
    assert quality.bandwidth_hz == 0.0


@pytest.mark.parametrize("block_s", [10, 20])
def test_blocks_give_what_the_whole_gives(block_s):
    """The meter forgets nothing between blocks."""
    samples, segments = phrases(47.0)
    noisy = with_noise(samples, speech_power(samples, segments), 20)
    whole, parts = measure(noisy, segments), measure(noisy, segments, block_s)
    assert parts.net_speech_s == pytest.approx(whole.net_speech_s)
    assert parts.snr_db == pytest.approx(whole.snr_db, abs=0.1)
    assert parts.bandwidth_hz == pytest.approx(whole.bandwidth_hz, abs=100)
    assert parts.peak_dbfs == whole.peak_dbfs


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("gain", [1.0, 0.2], ids=["full scale", "attenuated"])
def test_clipping_is_found_at_any_level(share, gain):
    """Full scale is not what makes it clipping."""
    samples, segments = phrases()
    ceiling = np.quantile(np.abs(samples[samples != 0]), 1 - share)
    quality = measure(gain * np.clip(samples, -ceiling, ceiling) / ceiling, segments)
    assert quality.clipped_share == pytest.approx(share, rel=0.5)


def test_clipping_is_found_behind_resampling_and_mp3(tmp_path):
    """Ringing tops still pile up."""
    samples, segments = phrases()
    ceiling = np.quantile(np.abs(samples[samples != 0]), 0.95)
    wide = resample_poly(np.clip(resample_poly(samples, 3, 1), -ceiling, ceiling), 1, 3)
    assert measure(wide, segments).clipped_share == pytest.approx(0.05, rel=0.5)
    coded = through(tmp_path, np.clip(samples, -ceiling, ceiling) * 0.7 / ceiling, "libmp3lame", 64_000)
    assert measure(coded, segments).clipped_share == pytest.approx(0.05, rel=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_loud_speech_that_is_not_clipped_is_not_called_so(seed):
    """Nor is compressed speech."""
    samples = voice(30.0, seed=seed)
    loud = samples / np.abs(samples).max()
    everything = (SpeechSegment(0.0, 30.0),)
    for speech in (loud, 0.9 * np.tanh(3 * loud)):  # and compressed speech
        assert measure(speech, everything).clipped_share < 0.002


@pytest.mark.parametrize("edge_hz", [3_400, 4_000, 5_500, 7_000])
@pytest.mark.parametrize("snr_db", [None, 10])
def test_bandwidth_is_that_of_the_line_with_or_without_noise_before_it(edge_hz, snr_db):
    """Within 15 %."""
    samples, segments = phrases()
    samples = with_noise(samples, speech_power(samples, segments), 40 if snr_db is None else snr_db)
    quality = measure(low_pass(samples, edge_hz), segments)
    assert quality.bandwidth_hz == pytest.approx(edge_hz, rel=0.15)


def test_a_whistle_above_the_line_does_not_widen_it():
    """A carrier or a hum from elsewhere is no speech."""
    samples, segments = phrases()
    narrow = low_pass(with_noise(samples, speech_power(samples, segments), 40), 3_400)
    whistle = 0.003 * np.sin(2 * np.pi * 6_000 * np.arange(len(narrow)) / 16_000)
    assert measure(narrow + whistle, segments).bandwidth_hz == pytest.approx(3_400, rel=0.15)


# The envelope ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400_000), min_size=1, max_size=5), st.integers(0, 1_000))
def test_the_envelope_holds_every_extreme_in_few_bins(lengths, seed):
    """However long the recording, and however it was cut up."""
    random = np.random.default_rng(seed)
    quality = QualityMeter()
    pieces = [random.standard_normal(length).astype(np.float32) for length in lengths]
    start = 0
    for piece in pieces:
        quality.update(Block(0, start / 16_000, piece, is_last=False), ())
        start += len(piece)
    whole = np.concatenate(pieces)
    outline = quality.outline()
    assert outline.shape[1] == 2
    assert 1 <= len(outline) <= 1_000
    assert (outline[:, 0].min(), outline[:, 1].max()) == (whole.min(), whole.max())
    assert (outline[:, 0] <= outline[:, 1]).all()


def test_the_envelope_puts_a_click_where_it_is():
    """Bins are equal stretches of time."""
    samples = np.zeros(16_000 * 600, np.float32)
    samples[16_000 * 450] = 1.0
    quality = QualityMeter()
    for start in range(0, 600, 120):
        quality.update(Block(0, start, samples[start * 16_000 : (start + 120) * 16_000], is_last=False), ())
    outline = quality.outline()
    assert len(outline) > 400
    assert outline[:, 1].argmax() / len(outline) == pytest.approx(0.75, abs=0.02)


# Real speech ----------------------------------------------------------------------------------------------------------


_QUIET = tuple(f"speechocean762:{number}" for number in ("0003", "0024", "0111", "0122", "0306", "0567"))
"""People of one corpus whose first half minute has an SNR over 38 dB, so little noise of its own."""


@pytest.fixture(scope="module")
def real_speech() -> tuple[np.ndarray, ...]:
    """Half a minute of each of ``_QUIET``."""
    files: dict[str, list[str]] = {person: [] for person in _QUIET}
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["speaker"] in files and row["split"] == "population":
                files[row["speaker"]].append(row["path"])
    return tuple(_half_a_minute(paths) for paths in files.values())


def _half_a_minute(paths: Sequence[str]) -> np.ndarray:
    samples = np.zeros(0)
    for path in paths:  # no more of them than it takes
        if len(samples) < 30 * 16_000:
            samples = np.concatenate([samples, *(b.samples for b in decode_blocks(CORPUS / path, AudioSettings()))])
    assert len(samples) >= 30 * 16_000
    return samples[: 30 * 16_000]


def speech_of(recordings: Sequence[np.ndarray]) -> list[tuple[SpeechSegment, ...]]:
    """What the speech detector keeps of each."""
    probabilities = speech_probability([samples.astype(np.float32) for samples in recordings])
    return [
        find_speech(probability, len(samples), SpeechSettings())
        for probability, samples in zip(probabilities, recordings, strict=True)
    ]


@needs_corpus
@pytest.mark.slow
@pytest.mark.parametrize("colour", [0.0, 0.95])
def test_snr_of_real_speech_is_that_of_the_noise_added(real_speech, colour):
    """With the speech detector's own segments."""
    power = [speech_power(*each) for each in zip(real_speech, speech_of(real_speech), strict=True)]
    for snr_db in (0, 10, 20, 30):
        noisy = [with_noise(samples, own, snr_db, colour) for samples, own in zip(real_speech, power, strict=True)]
        found = [measure(*each).snr_db for each in zip(noisy, speech_of(noisy), strict=True)]
        errors = np.array(found) - snr_db
        assert abs(np.mean(errors)) < 1.5, snr_db
        assert np.abs(errors).max() < 3.0, snr_db


@needs_corpus
@pytest.mark.slow
def test_bandwidth_of_real_speech_is_that_of_its_line(tmp_path, real_speech):
    """Wideband, filtered, and through AMR with noise before it."""
    for samples, segments in zip(real_speech[:4], speech_of(real_speech[:4]), strict=True):
        assert measure(samples, segments).bandwidth_hz > 6_500
        for edge_hz in (3_400, 4_000, 7_000):
            assert measure(low_pass(samples, edge_hz), segments).bandwidth_hz == pytest.approx(edge_hz, rel=0.15)
        for snr_db in (40, 10, 0):
            noisy = with_noise(samples, speech_power(samples, segments), snr_db)
            called = through(tmp_path, noisy, "libopencore_amrnb", 12_200, 8_000)
            assert 3_000 < measure(called, segments).bandwidth_hz <= 4_000


@needs_corpus
@pytest.mark.slow
def test_real_speech_is_clipped_where_it_was_clipped(tmp_path, real_speech):
    """Clean, attenuated, and behind MP3."""
    for samples, segments in zip(real_speech[:4], speech_of(real_speech[:4]), strict=True):
        assert measure(samples, segments).clipped_share < 0.002
        kept = np.concatenate([samples[round(s.start_s * 16_000) : round(s.end_s * 16_000)] for s in segments])
        ceiling = np.quantile(np.abs(kept), 0.98)
        clipped = np.clip(samples, -ceiling, ceiling) / ceiling
        for heard in (clipped, 0.1 * clipped, through(tmp_path, 0.8 * clipped, "libmp3lame", 64_000)):
            assert measure(heard, segments).clipped_share == pytest.approx(0.02, rel=0.6)


@pytest.mark.slow
def test_measuring_costs_next_to_nothing():
    """Decoding and embedding decide the speed of a scan."""
    samples = voice(240.0)
    began = time.process_time()
    measure(samples, (SpeechSegment(0.0, 240.0),), 120)
    assert time.process_time() - began < 240.0 / 500.0  # 2,000 times real time on a quiet core, less on a shared one
