"""What networks of languages and accents hear: the states of a speaker network's LSTM, window by window.

The speaker network embeds speech in windows; the states of its layers in the same windows, averaged over 40 ms,
distinguish languages as well, so a scan computes them once for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forensic.errors import ModelError
from forensic.records import STEP_FRAMES, Samples
from forensic.settings import EmbeddingSettings
from forensic.storage.cards import REMEDY, read_card
from forensic.storage.shipped import shipped

WINDOW_FRAMES = EmbeddingSettings().window_frames
"""About how long the windows of the speaker network are in which is heard, in frames of 10 ms."""

HEARD_FRAMES = 480
"""Longest stretch of speech that goes through the languages' network at once."""

MOST_WINDOWS = 6
"""Of the languages' network; of longer speech they are a sample."""

_ENOUGH_FRAMES = 6_000  # the first minute of speech is enough; hours of it would only take longer
_FRAMES_PER_S = 100


@dataclass(frozen=True, slots=True)
class Body:
    """Whose states are heard.

    Attributes:
        name, sha256: of the speaker model.
        layers: of its LSTM, 1 for the lowest.
        folder: of the speaker model.
    """

    name: str
    sha256: str
    layers: tuple[int, ...]
    folder: Path


def body_of(folder: Path, card: Mapping[str, Any]) -> Body:
    """The speaker model that a model of languages or accents hears: beside its folder, or bundled.

    Args:
        folder: of the model.
        card: of it.

    Raises:
        ModelError: if the card names none, or it is not there, or is another one.
    """
    try:
        name, sha256 = str(card["body"]["model"]), str(card["body"]["sha256"])
        layers = tuple(int(layer) for layer in card["body"]["layers"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The card of {folder} does not say which speaker model is heard.", REMEDY) from error
    for place in (folder.resolve().parent / name, shipped("models") / name):
        if place.is_dir() and read_card(place).get("weights", {}).get("sha256") == sha256:
            return Body(name, sha256, layers, place)
    raise ModelError(
        f"The model in {folder} hears the speaker model {name}, which is not beside it, or is another one.",
        f"Put the folder {name} with the weights {sha256[:12]} beside it.",
    )


@dataclass(slots=True)
class Heard:
    """What is heard of the first minute of one voice's speech, as it comes.

    Attributes:
        states: of stretches, each of shape (steps, values).
        frames: of speech.
    """

    states: list[Samples] = field(default_factory=list)
    frames: int = 0

    @property
    def is_full(self) -> bool:
        """Whether more would not be kept."""
        return self.frames >= _ENOUGH_FRAMES

    @property
    def speech_s(self) -> float:
        """Net speech that was heard."""
        return self.frames / _FRAMES_PER_S

    def add(self, windows: Samples, frames: int) -> None:
        """More speech: states in its windows, shape (n, steps, values), and how many frames it is."""
        room = _ENOUGH_FRAMES - self.frames
        if room <= 0:
            return
        self.states.append(windows.reshape(-1, windows.shape[2])[: -(-room // STEP_FRAMES)])
        self.frames += min(frames, room)
        if self.is_full:  # of a whole minute, not all is heard, and many voices wait for their turn
            self.states = self.cut()

    def cut(self) -> list[Samples]:
        """Windows for the languages' network, evenly spaced, side by side where there are not too many.

        Returns:
            Up to ``MOST_WINDOWS``, each of shape (steps, values); none where nothing was heard.
        """
        if not self.states:
            return []
        states = np.concatenate(self.states)
        return [states[part] for part in evenly(len(states), HEARD_FRAMES // STEP_FRAMES)]


def evenly(length: int, size: int) -> list[slice]:
    """Parts of a size, evenly spaced over a length, ``MOST_WINDOWS`` at most; the whole length if that is less."""
    size = min(length, size)
    starts = np.linspace(0, length - size, min(MOST_WINDOWS, -(-length // size))).round().astype(int)
    return [slice(start, start + size) for start in starts]
