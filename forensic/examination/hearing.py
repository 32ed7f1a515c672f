"""Speech as the networks of languages and accents hear it: in the states of the speaker model that their cards name."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from forensic.language.hearing import HEARD_FRAMES, WINDOW_FRAMES, Body, Heard, evenly
from forensic.records import Samples
from forensic.settings import EmbeddingSettings
from forensic.speaker.extractor import SpeakerModel, cut_windows, embed_and_hear_each, load_model


def is_heard_in(body: Body, model: SpeakerModel, settings: EmbeddingSettings) -> bool:
    """Whether embedding with a model, in windows as the settings have them, computes what is heard."""
    return settings.window_frames == WINDOW_FRAMES and model.identity.sha256 == body.sha256


def hear(speech: Samples, body: Body) -> Samples:
    """The states in the windows over some speech.

    Args:
        speech: level-normalised mel power, shape (n, mel_bands), n at least 1.
        body: whose states.

    Returns:
        Shape (windows, steps, values).

    Raises:
        ModelError: if the speaker model cannot be loaded.
    """
    return _hear([cut_windows(speech, WINDOW_FRAMES)[0]], body)[0]


def hear_each(stretches: Sequence[Samples], body: Body) -> list[Heard]:
    """What is heard of some stretches of speech, which go through the speaker network together.

    Args:
        stretches: mel power of the speech alone, level-normalised, each of shape (n, mel_bands).
        body: hears them.
    """
    heard = [Heard() for _ in stretches]
    parts = [
        (own, frames[part])
        for own, frames in zip(heard, stretches, strict=True)
        if len(frames)
        for part in evenly(len(frames), HEARD_FRAMES)
    ]
    states = _hear([cut_windows(part, WINDOW_FRAMES)[0] for _, part in parts], body)
    for (own, part), some in zip(parts, states, strict=True):
        own.add(some, len(part))
    for own, frames in zip(heard, stretches, strict=True):
        own.frames = len(frames)  # all of it, of which these parts are a sample
    return heard


def _hear(cuts: Sequence[Samples], body: Body) -> list[Samples]:
    return embed_and_hear_each(cuts, _loaded(body.folder), body.layers)[1] if cuts else []


@cache
def _loaded(folder: Path) -> SpeakerModel:
    return load_model(folder)
