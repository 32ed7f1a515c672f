"""``forensic language``: which language, and which accent of English, recordings are in."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import forensic
from forensic.audio.decode import open_recording
from forensic.audio.kinds import is_meant_as_audio
from forensic.audio.speech import find_speech, speech_probability
from forensic.case.discovery import discover, hash_file, is_unchanged
from forensic.engine import Workers, default_workers, settle_in
from forensic.errors import CaseError, RecordingError, WorkerError
from forensic.examination.examine import in_groups
from forensic.examination.hearing import hear_each
from forensic.examination.language import LanguageModels, identify_each, load_language_models, speech_frames
from forensic.language.classifier import default_accent_model_folder, default_language_model_folder
from forensic.records import Block, Failure, Recognition, Samples, SourceFile
from forensic.settings import Settings
from forensic.storage.archive import plain, record_of
from forensic.storage.cards import read_card
from forensic.storage.lines import KeyedLines
from forensic.storage.release import check_release

_AT_ONCE = 32  # files that go through the networks together
_BATCH_BYTES = 16 << 20
_WORTH_A_PROCESS = 8  # files; to start another takes longer than fewer


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


@dataclass(frozen=True, slots=True)
class Identifier:
    """Loads the models in whichever process classifies; picklable, so that any engine can send it there.

    Attributes:
        language, accent: model folders; None for the bundled ones.
        settings: of decoding and speech detection.
    """

    language: Path | None
    accent: Path | None
    settings: Settings

    def __call__(self) -> "LoadedIdentifier":
        """Load, and use one thread."""
        settle_in()
        return LoadedIdentifier(load_language_models(self.language, self.accent), self.settings)

    def identity(self) -> str:
        """A hash of what findings depend on besides the recording.

        Raises:
            ModelError: if a model has no card.
        """
        folders = self.language or default_language_model_folder(), self.accent or default_accent_model_folder()
        cards = [read_card(folder) for folder in folders]
        content = [forensic.__version__, self.settings.evidence_sha256, cards]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LoadedIdentifier:
    """The step that the engine runs: files to the findings of each."""

    models: LanguageModels
    settings: Settings

    def __call__(self, paths: Sequence[Path]) -> list[list[LanguageFinding]]:
        """Classify a batch of files."""
        speech: dict[Path, dict[int, list[Samples]]] = {path: {} for path in paths}
        failures: dict[Path, Failure] = {}
        for group in in_groups(self._blocks(paths, failures)):
            probabilities = speech_probability([block.samples for _, block in group])
            for (path, block), probability in zip(group, probabilities, strict=True):
                segments = find_speech(probability, len(block.samples), self.settings.speech)
                speech[path].setdefault(block.channel, []).append(speech_frames(block, segments))
        places = [(path, channel) for path in paths if path not in failures for channel in sorted(speech[path])]
        stretches = [np.concatenate(speech[path][channel]) for path, channel in places]
        told = identify_each(hear_each(stretches, self.models.body), self.models)
        found = {path: [_failed(path, failures[path])] if path in failures else [] for path in paths}
        for (path, channel), (language, accent) in zip(places, told, strict=True):
            found[path].append(LanguageFinding(path, channel, language, accent, None))
        return [found[path] for path in paths]

    def _blocks(self, paths: Sequence[Path], failures: dict[Path, Failure]) -> Iterator[tuple[Path, Block]]:
        for path in paths:
            try:
                with open_recording(path, self.settings.audio) as opened:
                    yield from ((path, block) for block in opened.blocks())
            except RecordingError as error:
                failures[path] = Failure(error.step, error.problem, error.remedy)


def identify_languages(
    roots: Sequence[Path],
    identifier: Identifier,
    workers: int | None = None,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
    keep: Path | None = None,
) -> list[LanguageFinding]:
    """Tell the language of every recording in some folders, or of single files.

    Args:
        roots: folders, or files.
        identifier: models and settings.
        workers: processes; None takes one per processor where there are many files.
        watch: called with files done and files in all.
        keep: file that keeps findings as they are made; what it holds is not listened to again. None keeps nothing.

    Returns:
        A finding a channel, in the order of the files; one with a failure for a recording that could not be examined.
        Files in a folder that are no audio, and are not named as such, are passed over.

    Raises:
        CaseError: if a root does not exist, or the file that keeps findings cannot be read or written.
        ModelError: if a model cannot be loaded.
        ReleaseError: if a file that ships is not as it was released.
    """
    check_release()
    discovery = discover(roots)
    kept = _Kept(keep, identifier.identity()) if keep else None
    earlier = kept.of(discovery.files) if kept else {}
    files = [path for path in discovery.files if path not in earlier]
    findings = [_failed(each.path, Failure("find", each.problem, each.remedy)) for each in discovery.problems]
    workers = workers or (default_workers() if len(files) > _WORTH_A_PROCESS else 1)
    batches = _batches(files, max(1, len(files) // (2 * workers)))
    found: dict[Path, list[LanguageFinding]] = dict(earlier)
    watch(len(found), len(discovery.files))
    with Workers(identifier, _given_up, workers) as team:
        for number, results in team.run(batches):
            new = dict(zip(batches[number], results, strict=True))
            if kept:
                kept.add(new)
            found |= new
            watch(len(found), len(discovery.files))
    for path in discovery.files:
        is_recording = path in roots or is_meant_as_audio(path)
        findings += [finding for finding in found[path] if is_recording or finding.failure is None]
    return findings


class _Kept:
    """The findings that a file keeps, by recording, models and settings; recordings that failed are tried again.

    Args:
        path: of the file.
        identity: of the models and settings.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self._path, self._identity = path, identity
        self._sources: dict[Path, SourceFile] = {}
        try:
            self._lines = KeyedLines(path)
        except OSError as error:
            raise self._refused("read", error) from error

    def of(self, files: Sequence[Path]) -> dict[Path, list[LanguageFinding]]:
        """The findings of those files whose bytes were listened to before."""
        found = {}
        for path in files:
            try:
                self._sources[path] = hash_file(path)
            except RecordingError:
                continue  # to be told when it is listened to
            key = self._key(path)
            if key in self._lines:
                try:
                    own = [record_of(each, LanguageFinding) for each in self._lines[key]]
                except (ValueError, KeyError, TypeError):
                    continue  # of another version
                found[path] = [dataclasses.replace(each, path=path) for each in own]
        return found

    def add(self, new: Mapping[Path, Sequence[LanguageFinding]]) -> None:
        """Keep the findings of recordings that could be examined and did not change meanwhile."""
        values = {
            self._key(path): [plain(each) for each in own]
            for path, own in new.items()
            if path in self._sources and is_unchanged(self._sources[path]) and all(each.failure is None for each in own)
        }
        try:
            self._lines.add(values)
        except OSError as error:
            raise self._refused("written", error) from error

    def _key(self, path: Path) -> str:
        return f"{self._sources[path].sha256} {self._identity}"

    def _refused(self, what: str, error: OSError) -> CaseError:
        return CaseError(
            f"The file {self._path}, which keeps findings, cannot be {what}: {error.strerror}.",
            "Check its permissions and the free space, or name another file with --keep.",
        )


def _batches(files: Sequence[Path], most: int) -> list[list[Path]]:
    """Few files, or few bytes: the speech of a batch is in memory at once."""
    batches: list[list[Path]] = []
    room = 0
    for path in files:
        if room <= 0 or len(batches[-1]) >= min(most, _AT_ONCE):
            batches.append([])
            room = _BATCH_BYTES
        batches[-1].append(path)
        room -= path.stat().st_size if path.exists() else 0
    return batches


def _failed(path: Path, failure: Failure) -> LanguageFinding:
    return LanguageFinding(path, None, None, None, failure)


def _given_up(path: Path) -> list[LanguageFinding]:
    error = WorkerError("The process that examined it died, twice.", "Convert the recording to WAV.")
    return [_failed(path, Failure(error.step, error.problem, error.remedy))]
