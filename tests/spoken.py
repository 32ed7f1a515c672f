"""Speech that a detector takes for speech: the synthetic voices of the example case."""

from functools import cache
from pathlib import Path

import numpy as np
from factories import write_wav

from forensic.audio.decode import decode_blocks
from forensic.settings import AudioSettings

_SUSPECTS = Path(__file__).resolve().parent.parent / "examples" / "synthetic" / "suspects"
VOICES = ("adler", "brook", "carver", "dale")


def spoken(voice, seconds, start_s=0.0):
    """A stretch of one of ``VOICES``, at most about half a minute; shape (n,), 16 kHz."""
    samples = _whole(voice)
    begin = int(start_s * 16_000)
    return samples[begin : begin + int(seconds * 16_000)].copy()


def talk(one, other, rounds=4, other_from_s=0.0):
    """Turns of 3.5 and 2.5 s with pauses between; the other's are of that part of his speech."""
    parts = []
    for turn in range(rounds):
        parts += [
            spoken(one, 3.5, turn * 4.0),
            np.zeros(6000),
            spoken(other, 2.5, other_from_s + turn * 3.0),
            np.zeros(5000),
        ]
    return np.concatenate(parts).astype(np.float32)


@cache
def _whole(voice):
    path = min((_SUSPECTS / voice).iterdir())
    return np.concatenate([block.samples for block in decode_blocks(path, AudioSettings(channels="mix"))])


def spoken_suspects(root, seconds, takes=1):
    """A reference set of two suspects, with so many recordings each."""
    for name, voice in (("Anna", "carver"), ("Ben", "dale")):
        (root / name).mkdir(parents=True)
        for take in range(takes):
            write_wav(root / name / f"{take}.wav", spoken(voice, seconds, start_s=10.0 * (take + 1)))
    return root
