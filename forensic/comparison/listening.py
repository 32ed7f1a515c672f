"""The speech of a comparison to listen to: the questioned and the known speech, and both in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensic.audio.excerpt import read_stretches
from forensic.records import SAMPLE_RATE_HZ, Samples
from forensic.settings import AudioSettings

_FADE = 160  # samples, 10 ms: no click where stretches are joined
_GAP = round(0.25 * SAMPLE_RATE_HZ)
_TURN_S = 5.0
_LEVEL = 0.06  # RMS; alike on both sides, so that loudness misleads nobody


@dataclass(frozen=True, slots=True)
class Spoken:
    """The speech of one side that was used.

    Attributes:
        path: of the recording.
        channel: as in ``Block``.
        stretches: start and end of each stretch, in seconds.
    """

    path: Path
    channel: int
    stretches: tuple[tuple[float, float], ...]


def speech_used(spoken: Spoken, longest_s: float, settings: AudioSettings) -> Samples:
    """The first stretches of the speech that was used, joined with short gaps, at one level for all recordings.

    Args:
        spoken: which speech.
        longest_s: length, gaps apart.
        settings: with which the recording was scanned.

    Returns:
        Shape (n,), 16 kHz; empty if the recording has none of the stretches.

    Raises:
        RecordingError: if the recording cannot be read or decoded.
    """
    wanted, left_s = [], longest_s
    for start_s, end_s in spoken.stretches:
        if left_s <= 0:
            break
        wanted.append((start_s, min(end_s, start_s + left_s)))
        left_s -= end_s - start_s
    parts = read_stretches(spoken.path, spoken.channel, wanted, settings)
    return _levelled(_joined([part for part in parts if len(part)]))


def in_turn(questioned: Samples, known: Samples) -> Samples:
    """Both in turn, five seconds each, as far as both reach; shape (n,)."""
    size = round(_TURN_S * SAMPLE_RATE_HZ)
    count = min(-(-len(questioned) // size), -(-len(known) // size))
    return _joined([side[n * size : (n + 1) * size] for n in range(count) for side in (questioned, known)])


def _joined(stretches: Sequence[Samples]) -> Samples:
    """Stretches one after the other, faded in and out, with gaps between."""
    parts: list[Samples] = []
    for stretch in stretches:
        fade = min(_FADE, len(stretch) // 2)
        ramp = np.ones(len(stretch), np.float32)
        if fade:
            ramp[:fade] = np.linspace(0, 1, fade)
            ramp[-fade:] = np.linspace(1, 0, fade)
        parts += [stretch * ramp, np.zeros(_GAP, np.float32)]
    return np.concatenate(parts[:-1]) if parts else np.zeros(0, np.float32)


def _levelled(samples: Samples) -> Samples:
    level = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    return np.clip(samples * (_LEVEL / level), -1, 1).astype(np.float32) if level else samples
