"""Mel frames of the speech of a channel, kept from one pass over it to the next."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples
from forensic.speaker.features import MEL_BANDS

_IN_MEMORY = 8 << 20  # bytes per channel, about eight minutes of speech; more goes to a file without a name
_FRAME_BYTES = 4 * MEL_BANDS


@dataclass(frozen=True, slots=True)
class SpeechFrames:
    """The speech of one block.

    Attributes:
        start_s: of the block in the recording.
        places: which of the block's frames of 10 ms they are, rising, shape (n,).
        power: level-normalised mel power, shape (n, MEL_BANDS).
    """

    start_s: float
    places: NDArray[np.intp]
    power: Samples

    def stretches(self) -> Iterator[tuple[int, Samples]]:
        """Frames that follow each other: the place of the first in the block, and their mel power."""
        cuts = np.flatnonzero(np.diff(self.places) > 1) + 1
        for places, power in zip(np.split(self.places, cuts), np.split(self.power, cuts), strict=True):
            if len(places):
                yield int(places[0]), power


@dataclass(slots=True)
class KeptSpeech:
    """The speech of a channel, block after block; in memory while there is little of it, then on disk."""

    _places: list[tuple[float, NDArray[np.intp]]] = field(default_factory=list)
    _file: IO[bytes] = field(default_factory=lambda: SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - as long as this

    def add(self, speech: SpeechFrames) -> None:
        """The next block's."""
        self._places.append((speech.start_s, speech.places))
        self._file.write(np.ascontiguousarray(speech.power, np.float32).tobytes())

    def close(self) -> None:
        """Forget it."""
        self._file.close()

    def blocks(self) -> Iterator[SpeechFrames]:
        """All of it once more, from the start."""
        self._file.seek(0)
        for start_s, places in self._places:
            content = self._file.read(len(places) * _FRAME_BYTES)
            yield SpeechFrames(start_s, places, np.frombuffer(content, np.float32).reshape(-1, MEL_BANDS))
