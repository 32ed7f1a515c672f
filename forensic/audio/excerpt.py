"""Stretches of a recording as a WAV file, to listen to."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from forensic.audio.decode import open_recording
from forensic.records import SAMPLE_RATE_HZ, Samples, SpeechSegment
from forensic.settings import AudioSettings
from forensic.storage.atomic import written_whole

_BETWEEN_S = 0.3


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
    silence = np.zeros(round(_BETWEEN_S * SAMPLE_RATE_HZ), np.int16)
    parts: list[np.ndarray] = []
    last_end_s = None
    with open_recording(recording, settings) as opened:
        for block in opened.blocks():
            if block.channel != channel:
                continue
            for stretch in stretches:
                start_s, end_s = (
                    max(stretch.start_s, block.start_s),
                    min(stretch.end_s, block.start_s + block.duration_s),
                )
                if end_s <= start_s:
                    continue
                if last_end_s is not None and start_s > last_end_s:
                    parts.append(silence)
                parts.append(_pcm(block.samples, start_s - block.start_s, end_s - block.start_s))
                last_end_s = end_s
    with written_whole(out) as file, wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(np.concatenate([np.zeros(0, np.int16), *parts]).astype("<i2").tobytes())


def _pcm(samples: Samples, start_s: float, end_s: float) -> np.ndarray:
    own = samples[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
    return np.round(np.clip(own, -1.0, 1.0) * 32767).astype(np.int16)
