"""Which language, and which accent of English, speech is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from forensic.errors import ModelError
from forensic.language.classifier import (
    LanguageModel,
    default_accent_model_folder,
    default_language_model_folder,
    load_language_model,
    recognise_each,
)
from forensic.language.hearing import Body, Heard
from forensic.records import Block, Recognition, Samples, SpeechSegment
from forensic.speaker.features import MEL_BANDS, frame_mask, level_gain, mel_power

_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """The models of languages, and of accents of English, which hear the same."""

    language: LanguageModel
    accent: LanguageModel | None

    @property
    def body(self) -> Body:
        """The speaker model whose states they hear."""
        return self.language.body


def load_language_models(language: Path | None = None, accent: Path | None = None) -> LanguageModels:
    """The bundled models, or others.

    Raises:
        ModelError: if one cannot be loaded, or they hear different speaker models.
    """
    languages = load_language_model(language or default_language_model_folder())
    accents = load_language_model(accent or default_accent_model_folder())
    if accents.body != languages.body:
        raise ModelError(
            f"The models {languages.name} and {accents.name} hear different speaker models.",
            "Name a model of languages and one of accents that were trained on the same speaker model.",
        )
    return LanguageModels(languages, accents)


@cache
def shipped_language_models() -> LanguageModels:
    """The bundled models, loaded once per process.

    Raises:
        ModelError: if one cannot be loaded.
    """
    return load_language_models()


def language_row(language: Recognition, accent: Recognition | None) -> dict[str, Any]:
    """A row of the table ``language`` but for its key."""
    return {
        "answer": language.answer,
        "language": language.name,
        "probability": language.probability,
        "top_languages": [each.name for each in language.top],
        "top_probabilities": [each.probability for each in language.top],
        "speech_s": language.speech_s,
        "accent_answer": accent.answer if accent else None,
        "accent": accent.name if accent else None,
        "accent_probability": accent.probability if accent else None,
    }


def identify_each(heard: Sequence[Heard], models: LanguageModels) -> list[tuple[Recognition, Recognition | None]]:
    """Language, and accent where it is English, of some voices, which go through the networks together.

    Args:
        heard: of each.
        models: that classify it.
    """
    languages = recognise_each(heard, models.language)
    english = [number for number, language in enumerate(languages) if language.name == _ENGLISH]
    accents: dict[int, Recognition] = {}
    if models.accent is not None:
        told = recognise_each([heard[number] for number in english], models.accent)
        accents = dict(zip(english, told, strict=True))
    return [(language, accents.get(number)) for number, language in enumerate(languages)]


def speech_frames(block: Block, segments: Sequence[SpeechSegment]) -> Samples:
    """Level-normalised mel power of a block's speech, shape (n, 40).

    Args:
        block: audio.
        segments: its speech, in seconds from the block's start.
    """
    mask = frame_mask(segments, 0.0, 1 + len(block.samples) // 160)
    if not mask.any():
        return np.zeros((0, MEL_BANDS), np.float32)
    frames: Samples = mel_power(block.samples)[mask] * np.float32(level_gain(block.samples, mask))
    return frames
