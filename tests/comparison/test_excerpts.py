"""Spectrograms and speech behind the highest LRs, from the recordings."""

import hashlib

import numpy as np
import polars as pl
import pytest
from factories import write_call, write_wav

from forensic.case.store import SCHEMAS
from forensic.comparison.excerpts import busiest, take_excerpts, with_most_speech
from forensic.comparison.listening import Spoken, in_turn, speech_used
from forensic.comparison.outcomes import Explanation
from forensic.comparison.tables import COMPARISONS_SCHEMA, STATUS_LR
from forensic.records import SAMPLE_RATE_HZ
from forensic.settings import AudioSettings


def noise(seconds, seed=0):
    """White noise of 0.1 RMS."""
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)


@pytest.fixture
def case(tmp_path):
    """A questioned call of two channels and two known recordings, with what ``take_excerpts`` takes."""
    write_call(tmp_path / "call.wav", noise(30.0), noise(30.0, 1))
    write_wav(tmp_path / "short.wav", noise(4.0, 2))
    write_wav(tmp_path / "long.wav", noise(9.0, 3))
    sha256 = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*.wav")}
    files = pl.DataFrame(
        [{"path": str(tmp_path / f"{name}.wav"), "sha256": value} for name, value in sha256.items()],
        schema={name: SCHEMAS["files"][name] for name in ("path", "sha256")},
    )
    speech = {("call", 2): [(1.0, 3.0), (8.0, 27.0)], ("short", 0): [(0.0, 3.0)], ("long", 0): [(1.0, 8.0)]}
    quality = pl.DataFrame(
        [
            {
                "sha256": sha256[name],
                "channel": channel,
                "turn": 0,
                "bandwidth_hz": 3500.0 if name == "call" else 7900.0,
                "net_speech_s": sum(end - start for start, end in stretches),
            }
            for (name, channel), stretches in speech.items()
        ],
        schema_overrides={"channel": pl.Int16, "turn": pl.Int16},
    )
    segments = pl.DataFrame(
        [
            {"sha256": sha256[name], "channel": channel, "turn": 0, "start_s": start, "end_s": end}
            for (name, channel), stretches in speech.items()
            for start, end in stretches
        ],
        schema_overrides={"channel": pl.Int16, "turn": pl.Int16},
    )
    row = dict.fromkeys(COMPARISONS_SCHEMA)
    row |= {
        "questioned_path": str(tmp_path / "call.wav"),
        "questioned_sha256": sha256["call"],
        "channel": 2,
        "turn": 0,
        "suspect": "Anna",
        "known_sha256": [sha256["short"], sha256["long"]],
        "log10_lr": 1.0,
        "status": STATUS_LR,
    }
    comparisons = pl.DataFrame([row], schema=COMPARISONS_SCHEMA)
    explanation = Explanation(row["questioned_path"], sha256["call"], 2, 0, "Anna", 2, 21.0, None, (), (), None)
    return tmp_path, sha256, (explanation,), (comparisons, files, quality, segments)


def taken(case):
    """The excerpts of the case."""
    _, _, explanations, tables = case
    return take_excerpts(explanations, *tables, AudioSettings())


def test_the_questioned_side_and_the_longest_known_recording_are_drawn(case):
    """Each with the stretch that holds most of its speech, up to the band that it has."""
    _, sha256, *_ = case
    questioned, known = taken(case)
    assert (questioned.sha256, questioned.channel, known.sha256) == (sha256["call"], 2, sha256["long"])
    assert (questioned.start_s, questioned.end_s, questioned.highest_hz) == (8.0, 27.0, 4000.0)
    assert (known.start_s, known.end_s, known.highest_hz) == (1.0, 8.0, 8000.0)
    assert questioned.levels.mean() > 100


def test_a_recording_that_changed_or_is_gone_has_no_picture(case):
    """What was examined is shown, or nothing."""
    folder, sha256, *_ = case
    write_wav(folder / "long.wav", noise(9.0, 4))
    assert [each.sha256 for each in taken(case)] == [sha256["call"]]
    (folder / "call.wav").unlink()
    assert taken(case) == ()


def test_the_busiest_stretch_starts_with_speech_and_ends_with_it():
    assert busiest([(0.0, 1.0), (10.0, 14.0), (15.0, 19.0)], 10.0) == (10.0, 19.0)
    assert busiest([(2.0, 90.0)], 20.0) == (2.0, 22.0)


def test_speech_to_listen_to_is_what_was_used_at_one_level(case):
    """Stretches joined by short gaps; loud and quiet recordings alike; no longer than asked for."""
    folder, *_ = case
    spoken = Spoken(folder / "call.wav", 2, ((1.0, 3.0), (8.0, 27.0)))
    whole = speech_used(spoken, 60.0, AudioSettings())
    assert len(whole) == pytest.approx(21.25 * SAMPLE_RATE_HZ, abs=SAMPLE_RATE_HZ / 10)
    assert np.sqrt(np.mean(whole**2)) == pytest.approx(0.06, abs=0.001)
    assert len(speech_used(spoken, 5.0, AudioSettings())) == pytest.approx(5.25 * SAMPLE_RATE_HZ, abs=1600)
    assert len(speech_used(Spoken(folder / "call.wav", 2, ()), 5.0, AudioSettings())) == 0


def test_both_sides_come_in_turn():
    """Five seconds each, as far as both reach."""
    one, other = np.full(12 * SAMPLE_RATE_HZ, 0.5, np.float32), np.full(6 * SAMPLE_RATE_HZ, -0.5, np.float32)
    turns = in_turn(one, other)
    signs = np.sign(turns)[turns != 0]
    assert signs[np.r_[True, np.diff(signs) != 0]].tolist() == [1, -1, 1, -1]
    assert len(turns) == round((5 + 5 + 5 + 1 + 0.75) * SAMPLE_RATE_HZ)


def test_a_known_speaker_is_shown_by_the_recording_with_most_speech(case):
    """One function chooses for pictures, pages and listening; who has no speech has no recording."""
    _, _, _, (_, _, quality, _) = case
    longest = with_most_speech(quality["sha256"].unique().to_list(), quality)
    assert longest is not None
    assert longest["net_speech_s"] == quality["net_speech_s"].max()
    short = quality.sort("net_speech_s").row(0, named=True)
    assert with_most_speech([short["sha256"]], quality) == short
    assert with_most_speech(["0" * 64], quality) is None
