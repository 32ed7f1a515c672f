"""Stretches of a recording: as samples, and as a WAV file to listen to."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from forensic.audio.decode import decode_blocks
from forensic.audio.wav import wav_bytes
from forensic.records import SAMPLE_RATE_HZ, Samples, SpeechSegment
from forensic.settings import AudioSettings
from forensic.storage.atomic import written_whole

_BETWEEN_S = 0.3


def read_stretches(
    path: Path, channel: int, stretches: Sequence[tuple[float, float]], settings: AudioSettings
) -> list[Samples]:
    """Stretches of one channel of a recording, which is decoded no further than they reach.

    Args:
        path: of the recording.
        channel: as in ``Block``.
        stretches: start and end of each, in seconds.
        settings: with which the recording was scanned.

    Returns:
        Each of shape (n,), 16 kHz; empty where the recording has nothing of it.

    Raises:
        RecordingError: if the recording cannot be read or decoded.
    """
    parts: list[list[Samples]] = [[] for _ in stretches]
    last_s = max((end_s for _, end_s in stretches), default=0.0)
    for block in decode_blocks(path, settings):
        if block.start_s > last_s:
            break
        if block.channel != channel:
            continue
        for part, (start_s, end_s) in zip(parts, stretches, strict=True):
            first, last = (round((at - block.start_s) * SAMPLE_RATE_HZ) for at in (start_s, end_s))
            part.append(block.samples[max(0, first) : max(0, last)])
    return [np.concatenate(part) if part else np.zeros(0, np.float32) for part in parts]


def write_excerpt(
    recording: Path, channel: int, stretches: Sequence[SpeechSegment], out: Path, settings: AudioSettings
) -> None:
    """Write stretches of one channel, one after the other with a short silence between, as 16 kHz, 16 bits.

    The sound is that which was examined, so its level is that of the recording.

    Args:
        recording: the file.
        channel: as in ``Block``.
        stretches: in order; those that touch are not separated.
        out: the WAV file; its folder must exist.
        settings: of decoding, as in the examination.

    Raises:
        RecordingError: if the recording cannot be decoded.
    """
    silence = np.zeros(round(_BETWEEN_S * SAMPLE_RATE_HZ), np.float32)
    parts = [np.zeros(0, np.float32)]
    last_end_s = None
    spans = [(each.start_s, each.end_s) for each in stretches]
    for (start_s, end_s), samples in zip(spans, read_stretches(recording, channel, spans, settings), strict=True):
        if not len(samples):
            continue
        if last_end_s is not None and start_s > last_end_s:
            parts.append(silence)
        parts.append(np.clip(samples, -1.0, 1.0))
        last_end_s = end_s
    with written_whole(out) as file:
        file.write(wav_bytes(np.concatenate(parts)))
