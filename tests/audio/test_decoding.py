"""The process that decodes: what kills, stops or swells it costs one file."""

import os
import signal
import time

import numpy as np
import pytest
from factories import voice, write_audio, write_wav

from forensic.audio import decoding
from forensic.audio.decode import open_recording, probe
from forensic.audio.decoding import Limits, limits_of
from forensic.errors import DecodeError, WorkerError
from forensic.settings import AudioSettings


def read(path):
    with open_recording(path, AudioSettings()) as recording:
        return sum(block.duration_s for block in recording.blocks())


@pytest.fixture
def path(tmp_path):
    return write_wav(tmp_path / "a.wav", voice(30.0))


def test_a_process_that_dies_costs_one_file(path):
    with pytest.raises(WorkerError, match="SIGKILL"), open_recording(path, AudioSettings(block_s=10)) as recording:
        for _ in recording.blocks():
            os.kill(_pid(recording), signal.SIGKILL)
    assert read(path) == 30.0


def _pid(recording):
    return recording._messages.gi_frame.f_locals["self"].process.pid


def test_a_process_that_stops_is_ended_and_the_limit_is_named(path, monkeypatch):
    monkeypatch.setattr(decoding, "limits_of", lambda size: Limits(3600.0, 1 << 30, 1.0))
    began = time.monotonic()
    with (
        pytest.raises(DecodeError, match=r"longer than 1 s, the limit for files of its size"),
        open_recording(path, AudioSettings(block_s=10)) as recording,
    ):
        for _ in recording.blocks():
            os.kill(_pid(recording), signal.SIGSTOP)
    assert time.monotonic() - began < 20.0
    monkeypatch.undo()
    assert read(path) == 30.0


def test_more_audio_than_a_file_of_its_size_may_hold_is_refused(tmp_path, monkeypatch):
    """A megabyte of FLAC holds a hundred hours of silence."""
    path = write_audio(tmp_path / "a.flac", np.zeros(16_000 * 60, np.float32), codec="flac")
    assert limits_of(path.stat().st_size).audio_s > 3600.0
    monkeypatch.setattr(decoding, "_FREE_AUDIO_S", 0.0)
    monkeypatch.setattr(decoding, "_SECOND_BYTES", 6_000.0)
    with pytest.raises(DecodeError, match=r"holds more than 0.0 h of audio, the limit for files of its size"):
        read(path)


def test_memory_is_limited(path, monkeypatch):
    monkeypatch.setattr(decoding, "limits_of", lambda size: Limits(3600.0, 0, 30.0))
    with pytest.raises((DecodeError, WorkerError)):
        read(path)
    monkeypatch.undo()
    assert read(path) == 30.0


def test_a_recording_that_is_left_half_read_does_not_disturb_the_next(path):
    with open_recording(path, AudioSettings(block_s=10)) as recording:
        next(recording.blocks())
    assert probe(path).sample_rate_hz == 16_000
    assert read(path) == 30.0


def test_two_recordings_can_be_open_at_once(path, tmp_path):
    other = write_wav(tmp_path / "b.wav", voice(12.0))
    with open_recording(path, AudioSettings()) as one, open_recording(other, AudioSettings()) as two:
        assert sum(block.duration_s for block in two.blocks()) == 12.0
        assert sum(block.duration_s for block in one.blocks()) == 30.0
