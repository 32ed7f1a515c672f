"""From a file to 16 kHz audio, a stretch at a time, whatever its format; what lies below every voice is taken away."""

import fnmatch
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from forensic.audio.decoding import Message, UnknownFormat, decoded
from forensic.audio.kinds import NO_AUDIO_FOUND, is_meant_as_audio, what_to_do
from forensic.audio.resample import Resampler, make_resampler
from forensic.audio.rumble import RumbleFilter
from forensic.errors import DecodeError
from forensic.records import SAMPLE_RATE_HZ, AudioFormat, Block, Samples
from forensic.settings import AudioSettings, RawFormat, raw_format


class OpenRecording:
    """A file being decoded.

    Attributes:
        audio_format: what the container and codec state.
    """

    def __init__(self, path: Path, messages: Iterator[Message], settings: AudioSettings) -> None:
        self._path, self._messages, self._settings = path, messages, settings
        facts = self._next().content["format"]
        self.audio_format = AudioFormat(**facts | {"tags": tuple(facts["tags"])})
        self._notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the examiner should know of the decoding; complete once ``blocks`` is exhausted."""
        return self._notes

    def blocks(self) -> Iterator[Block]:
        """The audio, once: stretches of ``settings.block_s`` seconds, each in every chosen channel of a track in turn.

        Every channel gives at least one block, and its last one says so. Audio tracks come one after the other.

        Raises:
            DecodeError: if the audio is damaged, there is none, or the channel asked for does not exist.
            FileReadError: if the bytes cannot be read.
            WorkerError: if the process that decodes died.
        """
        track: _Track | None = None
        while (message := self._next()).kind != "end":
            if message.kind == "chunk":
                assert track is not None
                yield from track.push(np.frombuffer(message.samples, np.float32).reshape(message.content["shape"]))
                continue
            if track is not None:
                yield from track.finish()
            rate_hz = message.content["sample_rate_hz"]
            track = _Track(tuple(message.content["channels"]), rate_hz, self._settings.block_s * SAMPLE_RATE_HZ)
        self._notes = tuple(message.content["notes"])
        if track is not None:
            yield from track.finish()

    def _next(self) -> Message:
        try:
            return next(self._messages)
        except UnknownFormat as error:
            is_audio = is_meant_as_audio(self._path)
            problem = NO_AUDIO_FOUND if is_audio else "The content of the file is not audio in a known format."
            raise DecodeError(problem, what_to_do(self._path)) from error


@contextmanager
def open_recording(path: Path, settings: AudioSettings) -> Iterator[OpenRecording]:
    """Open a file for decoding.

    Raises:
        DecodeError: if the file is empty, holds no audio, or audio that cannot be read.
        FileReadError: if the bytes cannot be read.
        WorkerError: if the process that decodes died.
    """
    with decoded(path, settings.channels, settings.damaged, _declared(path, settings)) as messages:
        yield OpenRecording(path, messages, settings)


def decode_blocks(path: Path, settings: AudioSettings) -> Iterator[Block]:
    """The blocks of ``OpenRecording.blocks`` for callers who need no notes."""
    with open_recording(path, settings) as recording:
        yield from recording.blocks()


def probe(path: Path, settings: AudioSettings | None = None) -> AudioFormat:
    """What the container and codec state, without decoding to the end.

    Raises:
        DecodeError: if the file is empty, holds no audio, or audio that cannot be read.
        FileReadError: if the bytes cannot be read.
    """
    with open_recording(path, settings or AudioSettings()) as recording:
        return recording.audio_format


class _Track:
    """Some channels on their way from chunks at their own rate to blocks at 16 kHz."""

    def __init__(self, channels: tuple[int, ...], sample_rate_hz: int, length: int) -> None:
        self._channels, self._length = channels, length
        self._resampler: Resampler = make_resampler(sample_rate_hz, len(channels))
        self._rumble = RumbleFilter(len(channels))
        self._waiting = np.zeros((len(channels), 0), np.float32)
        self._start = 0

    def push(self, chunk: Samples) -> Iterator[Block]:
        """Take a chunk, shape (channels, n)."""
        yield from self._given(self._rumble.push(self._resampler.push(chunk)))

    def finish(self) -> Iterator[Block]:
        """What is left."""
        yield from self._given(
            np.concatenate([self._rumble.push(self._resampler.finish()), self._rumble.finish()], axis=1)
        )
        yield from self._blocks(self._waiting, is_last=True)

    def _given(self, samples: Samples) -> Iterator[Block]:
        """The blocks that are whole once more samples have come."""
        self._waiting = np.concatenate([self._waiting, samples], axis=1)
        while self._waiting.shape[1] > self._length:
            yield from self._blocks(self._waiting[:, : self._length], is_last=False)
            self._waiting = self._waiting[:, self._length :]
            self._start += self._length

    def _blocks(self, samples: Samples, *, is_last: bool) -> Iterator[Block]:
        for channel, own in zip(self._channels, samples, strict=True):
            yield Block(channel, self._start / SAMPLE_RATE_HZ, np.ascontiguousarray(own), is_last)


def _declared(path: Path, settings: AudioSettings) -> RawFormat | None:
    """What an examiner says that files of this name hold."""
    for text in settings.raw:
        declared = raw_format(text)
        pattern = re.compile(fnmatch.translate(declared.glob), re.IGNORECASE)
        if any(pattern.match(name) for name in (path.name, str(path))):
            return declared
    return None
