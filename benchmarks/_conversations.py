"""Conversations made of real voices, with the truth known: who speaks when.

A person's clips are cut to their speech and joined; turns are stretches of that, taken one after the other, so that no
word is used twice. Turns of different people follow each other after a pause or before the last one has ended. The
reference is the speech that our detector finds in each *clean* turn; the conversation is what comes out of a channel.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from forensic.audio.channel import Channel, Sources, active_level, simulate
from forensic.audio.sources import read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.records import SAMPLE_RATE_HZ, Samples, SpeechSegment, Turn, Vector
from forensic.settings import SpeechSettings

_SHORTEST_S, _MEDIAN_S, _LONGEST_S = 0.5, 2.2, 8.0  # of a turn
_SPREAD = 0.8  # of the logarithm of a turn's length
_OVERLAP_ODDS, _OVERLAP_S = 0.28, (0.2, 1.0)
_PAUSE_S = 0.45  # mean, beside the least
_LEAST_PAUSE_S = 0.05
_SAME_ODDS = 0.15  # that a speaker goes on after a pause
_LEVEL_SPREAD_DB = 3.0
_FADE = 160
_MARGIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Voice:
    """A person's speech, joined: samples, and where our detector finds speech in them."""

    name: str
    corpus: str
    samples: Samples
    segments: tuple[SpeechSegment, ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said by whom.

    Attributes:
        parts: what each person says, by the name of the person, each of shape (n,); their sum is the conversation.
        turns: who speaks when.
    """

    parts: dict[str, Samples]
    turns: tuple[Turn, ...]

    def of(self, name: str) -> "Conversation":
        """What one person says, at the same times."""
        number = 1 + list(self.parts).index(name)
        return Conversation({name: self.parts[name]}, tuple(turn for turn in self.turns if turn.speaker == number))

    def through(self, channel: Channel, sources: Sources, seed: int) -> Samples:
        """The conversation in one line, shape (n,)."""
        return simulate(np.sum(list(self.parts.values()), axis=0), channel, sources, seed)

    def through_own(self, channels: Sequence[Channel], sources: Sources, seed: int) -> Samples:
        """Every person through a channel of their own, joined in one line, shape (n,)."""
        lines = [
            simulate(part, channel, sources, seed + index)
            for index, (part, channel) in enumerate(zip(self.parts.values(), channels, strict=True))
        ]
        joined: Samples = np.sum(lines, axis=0)
        return joined


def read_voices(manifest: Path, rows: pl.DataFrame, kept: Path, most_s: float = 120.0) -> list[Voice]:
    """The people of some rows of a manifest, clips in the order of their paths, up to ``most_s`` of each.

    Args:
        manifest: in whose folder the paths start.
        rows: with corpus, speaker and path.
        kept: folder of voices that were read before.
        most_s: of a person.
    """
    kept.mkdir(parents=True, exist_ok=True)
    voices = []
    for (corpus, speaker), own in rows.sort("corpus", "speaker", "path").group_by(
        ["corpus", "speaker"], maintain_order=True
    ):
        name = f"{corpus}/{speaker}"
        file = kept / f"{hashlib.sha256(f'{name} {most_s}'.encode()).hexdigest()[:16]}.npz"
        if not file.exists():
            samples, edges = _joined_speech([manifest.parent / path for path in own["path"]], most_s)
            np.savez(file, samples=samples, edges=edges)
        voice = np.load(file)
        segments = tuple(SpeechSegment(float(start_s), float(end_s)) for start_s, end_s in voice["edges"])
        if len(voice["samples"]) > SAMPLE_RATE_HZ:
            voices.append(Voice(name, str(corpus), voice["samples"], segments))
    return voices


def _joined_speech(paths: Sequence[Path], most_s: float) -> tuple[Samples, Vector]:
    """Clips from their first to their last speech, joined; and where speech starts and ends, shape (n, 2)."""
    parts, edges, at = [np.zeros(0, np.float32)], [], 0
    for path in paths:
        samples = read_samples(path)
        segments = find_speech(speech_probability([samples])[0], len(samples), SpeechSettings())
        if not segments:
            continue
        first = round(max(0.0, segments[0].start_s - _MARGIN_S) * SAMPLE_RATE_HZ)
        part = samples[first : round((segments[-1].end_s + _MARGIN_S) * SAMPLE_RATE_HZ)]
        shift_s = (at - first) / SAMPLE_RATE_HZ
        edges += [(segment.start_s + shift_s, segment.end_s + shift_s) for segment in segments]
        parts.append(part)
        at += len(part)
        if at > most_s * SAMPLE_RATE_HZ:
            break
    return np.concatenate(parts), np.array(edges).reshape(-1, 2)


def converse(voices: Sequence[Voice], duration_s: float, seed: int) -> Conversation:
    """A conversation of about ``duration_s``, or until the speech of one of them is used up."""
    rng = np.random.default_rng(seed)
    gains = [
        10 ** (rng.uniform(-_LEVEL_SPREAD_DB, _LEVEL_SPREAD_DB) / 20) * 0.05 / max(active_level(v.samples), 1e-6)
        for v in voices
    ]
    used_s, placed, turns = [0.0] * len(voices), [], []
    at_s, ends_s, now = 0.3, 0.0, int(rng.integers(len(voices)))
    while at_s < duration_s:
        voice = voices[now]
        length_s = float(np.clip(_MEDIAN_S * np.exp(_SPREAD * rng.standard_normal()), _SHORTEST_S, _LONGEST_S))
        stop_s = _natural_end(voice, used_s[now], used_s[now] + length_s)
        if stop_s > voice.duration_s - 0.05 or stop_s - used_s[now] < 0.3:
            break
        placed.append((now, at_s, used_s[now], stop_s))
        for segment in voice.segments:
            start, end = max(segment.start_s, used_s[now]), min(segment.end_s, stop_s)
            if end - start > 0.05:
                turns.append(Turn(at_s + start - used_s[now], at_s + end - used_s[now], now + 1))
        ends_s = max(ends_s, at_s + stop_s - used_s[now])
        used_s[now] = stop_s
        previous, others = now, [i for i in range(len(voices)) if i != now]
        if others and rng.random() >= _SAME_ODDS:
            now = int(rng.choice(others))
        if now != previous and rng.random() < _OVERLAP_ODDS:
            length = placed[-1][3] - placed[-1][2]
            at_s = ends_s - min(float(rng.uniform(*_OVERLAP_S)), 0.5 * length)
        else:
            at_s = ends_s + _LEAST_PAUSE_S + float(rng.exponential(_PAUSE_S))
    parts = {voice.name: np.zeros(round((ends_s + 0.3) * SAMPLE_RATE_HZ), np.float32) for voice in voices}
    for who, start_s, first_s, last_s in placed:
        stretch = voices[who].samples[round(first_s * SAMPLE_RATE_HZ) : round(last_s * SAMPLE_RATE_HZ)] * gains[who]
        stretch[:_FADE] *= np.linspace(0, 1, _FADE)
        stretch[-_FADE:] *= np.linspace(1, 0, _FADE)
        start = round(start_s * SAMPLE_RATE_HZ)
        room = parts[voices[who].name][start : start + len(stretch)]
        room += stretch[: len(room)]
    return Conversation(parts, tuple(sorted(turns, key=lambda turn: turn.start_s)))


def _natural_end(voice: Voice, first_s: float, wanted_s: float) -> float:
    """The end of a stretch of speech near ``wanted_s``, or that itself."""
    near = [
        segment.end_s
        for segment in voice.segments
        if abs(segment.end_s - wanted_s) < 0.6 and segment.end_s > first_s + 0.4
    ]
    return min(near, key=lambda end_s: abs(end_s - wanted_s)) if near else min(wanted_s, voice.duration_s)
