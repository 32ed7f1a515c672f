"""Recordings as whole waveforms, and the folders of noises and rooms that channels are simulated with."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from forensic.audio.channel import Sources
from forensic.audio.decode import decode_blocks
from forensic.errors import RecordingError
from forensic.records import SAMPLE_RATE_HZ, Samples
from forensic.settings import AudioSettings

_LONGEST_ROOM_S = 2.0
_LONGEST_DECAY_S = 1.5
_SILENT_PEAK = 1e-4


def read_samples(path: Path) -> Samples:
    """A whole recording, its channels mixed, shape (n,), 16 kHz.

    Raises:
        RecordingError: if it cannot be decoded.
    """
    blocks = [block.samples for block in decode_blocks(path, AudioSettings(channels="mix"))]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def load_sources(noise: Path | None, rooms: Path | None) -> Sources:
    """Noises and rooms for the channel simulator.

    Args:
        noise: folder of noise recordings; None for no noise.
        rooms: folder of impulse responses; None for no rooms. A response that rings too long for a room is left out.
    """
    noises = tuple(_every_recording(noise)) if noise else ()
    responses = tuple(room for room in _every_recording(rooms) if _is_room(room)) if rooms else ()
    return Sources(noises, tuple(room[: int(_LONGEST_ROOM_S * SAMPLE_RATE_HZ)] for room in responses))


def _every_recording(folder: Path) -> Iterator[Samples]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            samples = read_samples(path)
        except RecordingError:
            continue
        if np.abs(samples).max(initial=0.0) > _SILENT_PEAK:
            yield samples


def _is_room(response: Samples) -> bool:
    """Whether energy comes early and decays: the last 20 dB of Schroeder's curve within 1.5 s of the direct sound."""
    direct = int(np.argmax(np.abs(response)))
    if direct > SAMPLE_RATE_HZ // 10:
        return False
    decay = np.cumsum(np.square(response[::-1], dtype=np.float64))[::-1]
    fallen = np.flatnonzero(decay < 1e-2 * decay[direct])
    return bool(fallen.size) and (int(fallen[0]) - direct) / SAMPLE_RATE_HZ < _LONGEST_DECAY_S / 3
