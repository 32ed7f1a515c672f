"""``forensic language``: which language, and which accent of English, recordings are in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from forensic.audio.decode import is_meant_as_audio, open_recording
from forensic.audio.speech import find_speech, speech_probability
from forensic.case.discovery import discover
from forensic.errors import RecordingError
from forensic.language.classifier import (
    LanguageModel,
    default_accent_model_folder,
    default_language_model_folder,
    load_language_model,
    recognise_each,
)
from forensic.records import Block, Failure, Recognition, Samples, SpeechSegment
from forensic.settings import Settings
from forensic.speaker.features import MEL_BANDS, frame_mask, level_gain, mel_power

_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """What tells languages, and accents of English."""

    language: LanguageModel
    accent: LanguageModel | None


@dataclass(frozen=True, slots=True)
class LanguageFinding:
    """What was found of one channel of one recording, or why nothing was.

    Attributes:
        path: of the recording.
        channel: 1 for the first of a recording whose channels are kept apart, 0 for all of them mixed; None where the
            recording could not be examined.
        language: what the language model says; None where the recording could not be examined.
        accent: what the accent model says; None unless the language is English.
        failure: why the recording could not be examined; None otherwise.
    """

    path: Path
    channel: int | None
    language: Recognition | None
    accent: Recognition | None
    failure: Failure | None


def load_language_models(language: Path | None = None, accent: Path | None = None) -> LanguageModels:
    """The models that ship, or others.

    Raises:
        ModelError: if one cannot be loaded.
    """
    return LanguageModels(
        load_language_model(language or default_language_model_folder()),
        load_language_model(accent or default_accent_model_folder()),
    )


@cache
def shipped_language_models() -> LanguageModels:
    """The models that ship, loaded once a process.

    Raises:
        ModelError: if one cannot be loaded.
    """
    return load_language_models()


def identify_languages(
    roots: Sequence[Path],
    models: LanguageModels,
    settings: Settings,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[LanguageFinding]:
    """Tell the language of every recording in some folders, or of single files.

    Args:
        roots: folders, or files.
        models: what tells.
        settings: of decoding and speech detection.
        watch: called with files done and files in all.

    Returns:
        A finding a channel, in the order of the files; one with a failure for a recording that could not be examined.
        Files in a folder that are no audio, and are not named as such, are passed over.

    Raises:
        CaseError: if a root does not exist.
    """
    discovery = discover(roots)
    findings = [
        LanguageFinding(each.path, None, None, None, Failure("find", each.problem, each.remedy))
        for each in discovery.problems
    ]
    for done, path in enumerate(discovery.files):
        watch(done, len(discovery.files))
        try:
            speech = _speech_of(path, settings)
        except RecordingError as error:
            if path not in roots and not is_meant_as_audio(path):
                continue  # something else that lies in the folder
            failure = Failure(error.step, error.problem, error.remedy)
            findings.append(LanguageFinding(path, None, None, None, failure))
        else:
            findings += [
                LanguageFinding(path, channel, *identify_speech(frames, models), None)
                for channel, frames in sorted(speech.items())
            ]
    return findings


def identify_speech(frames: Samples, models: LanguageModels) -> tuple[Recognition, Recognition | None]:
    """Language, and accent where it is English.

    Args:
        frames: mel power of the speech alone, level-normalised, shape (n, 40).
        models: what tells.
    """
    return identify_each([frames], models)[0]


def identify_each(stretches: Sequence[Samples], models: LanguageModels) -> list[tuple[Recognition, Recognition | None]]:
    """The same for several stretches of speech, which go through the networks together."""
    languages = recognise_each(stretches, models.language)
    english = [number for number, language in enumerate(languages) if language.name == _ENGLISH]
    accents: dict[int, Recognition] = {}
    if models.accent is not None:
        told = recognise_each([stretches[number] for number in english], models.accent)
        accents = dict(zip(english, told, strict=True))
    return [(language, accents.get(number)) for number, language in enumerate(languages)]


def _speech_of(path: Path, settings: Settings) -> dict[int, Samples]:
    """Level-normalised mel power of the speech of each channel, shape (n, 40).

    Raises:
        RecordingError: if the recording cannot be decoded.
    """
    speech: dict[int, list[Samples]] = {}
    with open_recording(path, settings.audio) as opened:
        for block in opened.blocks():
            speech.setdefault(block.channel, []).append(speech_frames(block, _segments(block, settings)))
    return {channel: np.concatenate(parts) for channel, parts in speech.items()}


def _segments(block: Block, settings: Settings) -> tuple[SpeechSegment, ...]:
    probability = speech_probability([block.samples])[0]
    return find_speech(probability, len(block.samples), settings.speech)


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
