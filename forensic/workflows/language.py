"""``forensic language``: which language, and which accent of English, recordings are in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensic.audio.decode import is_meant_as_audio, open_recording
from forensic.audio.speech import find_speech, speech_probability
from forensic.case.discovery import discover
from forensic.errors import RecordingError
from forensic.examination.language import LanguageModels, identify_speech, speech_frames
from forensic.records import Block, Failure, Recognition, Samples, SpeechSegment
from forensic.settings import Settings

_ENGLISH = "en"


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
                continue  # a file that is not a recording
            failure = Failure(error.step, error.problem, error.remedy)
            findings.append(LanguageFinding(path, None, None, None, failure))
        else:
            findings += [
                LanguageFinding(path, channel, *identify_speech(frames, models), None)
                for channel, frames in sorted(speech.items())
            ]
    return findings


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
