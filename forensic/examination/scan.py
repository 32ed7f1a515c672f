"""``forensic scan``: folders of recordings to evidence in a case."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forensic.case.discovery import discover
from forensic.case.folder import CaseFolder
from forensic.case.labels import read_labels, stray_problems
from forensic.case.provenance import software
from forensic.case.store import FileSide
from forensic.engine import default_workers, run
from forensic.errors import WorkerError
from forensic.examination.examine import Examiner
from forensic.examination.ledger import Ledger, ScanSummary
from forensic.records import QUESTIONED, Failure, Labels, RecordingEvidence, SourceFile
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.storage.release import check_release, check_signed_release

if TYPE_CHECKING:
    from forensic.speaker.second import SecondModel

_BATCH_FILES = 48
_BATCH_BYTES = 16 << 20
_LISTENING = 0.4  # of the time that a recording takes; then it is found who speaks when
_FILES_WORTH_A_PROCESS = 6  # starting a process costs as much as examining so many short recordings


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What to scan.

    Attributes:
        roots: folders, or files.
        side: of all of them.
        include: globs; where there are any, only what fits one of them is scanned.
        exclude: globs; what fits one of them is left out.
        model_folder: embeds the speech.
        settings: of every step.
        workers: processes; None takes one per processor.
        labels: a file or folder of an examiner's turns, or these by recording; None keeps those of earlier scans.
    """

    roots: tuple[Path, ...]
    side: FileSide
    model_folder: Path
    settings: Settings
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    workers: int | None = None
    labels: Path | Mapping[Path, Labels] | None = None


def scan(
    case: CaseFolder,
    request: ScanRequest,
    watch: Callable[[ScanSummary], None],
    model: SpeakerModel | None = None,
) -> ScanSummary:
    """Find, hash, decode, measure and embed; whatever was examined before is not examined again.

    Args:
        case: takes the evidence.
        request: what to scan.
        watch: called with the state after every batch.
        model: of ``request.model_folder``, where it has been loaded before.

    Returns:
        How it went.

    Raises:
        CaseError: if a root does not exist, or the labels cannot be used.
        ModelError: if the model, or a second one that the settings name, cannot be loaded.
        ReleaseError: if a file that ships is not as it was released.
    """
    began = time.monotonic()
    check_signed_release(request.settings.release.key)
    model = model or load_model(request.model_folder)
    identity = model.identity
    second = _second_model(request.settings)
    found, unreadable, litter = _discover(request)
    summary = ScanSummary(files=len(found), bytes_total=sum(size for _, size in found), paths=[p for p, _ in found])
    summary.skipped += len(litter)
    summary.skips += [(path, "An operating system or office program left it.") for path in litter]
    summary.problems += unreadable
    summary.failed += len(unreadable)
    labels, strays = _labels(request, [path for path, _ in found], case)
    summary.problems += strays
    summary.failed += len(strays)
    summary.labelled = len(labels)
    ledger = Ledger(
        case,
        request.side,
        tuple(root.absolute() for root in request.roots),
        (identity.sha256, request.settings.evidence_sha256),
        None if request.labels is None else labels,
        summary,
    )
    workers = request.workers or (default_workers() if len(found) > _FILES_WORTH_A_PROCESS else 1)
    batches = _batches(ledger.new_recordings(found), max(1, len(found) // (2 * workers)))
    heard: dict[str, float] = {}

    def hears(source: SourceFile, share: float) -> None:
        heard[source.sha256] = _LISTENING * share * source.size_bytes
        summary.bytes_heard, summary.elapsed_s = sum(heard.values()), time.monotonic() - began
        watch(summary)

    of_this_process = (model, hears) if workers == 1 else (None, None)  # a worker process loads its own model
    examiner = Examiner(request.model_folder, _settings_of_side(request), labels, *of_this_process)
    for results in run(examiner, batches, _give_up, workers):
        heard.clear()
        summary.bytes_heard = 0.0
        ledger.store(results)
        summary.elapsed_s = time.monotonic() - began
        watch(summary)
    ledger.note_copies()
    ledger.store([])
    if second is not None:
        _second_opinion(case, request, ledger, second, watch)
    if case.is_kept:
        case.evidence.compact()
    ledger.count_earlier_failures()
    summary.elapsed_s = time.monotonic() - began
    watch(summary)
    if case.binding is None:
        return summary
    case.binding.state(
        "scan",
        {
            "roots": [str(root) for root in request.roots],
            "side": request.side,
            "software": software(),
            "release_sha256": check_release(),
            "model_sha256": identity.sha256,
            "settings_sha256": request.settings.evidence_sha256,
            "second_sha256": second.card.identity.sha256 if second is not None else None,
            "turns_set_by_hand": {str(path): own.sha256 for path, own in sorted(labels.items())},
            "files": summary.files,
            "examined": summary.examined,
            "failed": summary.failed,
            "skipped": summary.skipped,
        },
    )
    return summary


def _second_model(settings: Settings) -> "SecondModel | None":
    """The second model, loaded before anything that takes long; None, and nothing imported, where none is set."""
    if not settings.second.model:
        return None
    from forensic.speaker.second import load_second

    return load_second(settings.second.model)


def _second_opinion(
    case: CaseFolder,
    request: ScanRequest,
    ledger: Ledger,
    model: "SecondModel",
    watch: Callable[[ScanSummary], None],
) -> None:
    """Embed with the second model whatever lacks it, of the recordings of this scan."""
    from forensic.examination.second import SecondEvidence, embed_lacking

    summary, began = ledger.summary, time.monotonic()

    def note(made: Sequence[SecondEvidence], voices: int) -> None:
        summary.second_waiting = voices
        summary.second_voices += sum(one.embedding is not None for one in made)
        summary.second_lacking += sum(one.embedding is None for one in made)
        summary.second_speech_s += sum(one.net_speech_s for one in made)
        summary.second_elapsed_s = time.monotonic() - began
        watch(summary)

    embed_lacking(case.evidence, ledger.seen, ledger.key, request.settings, model, request.workers, note)


def _discover(request: ScanRequest) -> tuple[list[tuple[Path, int]], list[tuple[Path, Failure]], Sequence[Path]]:
    """Files with their sizes, what could not be looked into, and litter."""
    discovery = discover([root.absolute() for root in request.roots], request.include, request.exclude)
    files = []
    for path in discovery.files:
        try:
            files.append((path, path.stat().st_size))
        except OSError:
            files.append((path, 0))  # hashing it will say what is wrong
    problems = [(problem.path, Failure("find", problem.problem, problem.remedy)) for problem in discovery.problems]
    return files, problems, discovery.litter


def _labels(
    request: ScanRequest, recordings: Sequence[Path], case: CaseFolder
) -> tuple[Mapping[Path, Labels], Sequence[tuple[Path, Failure]]]:
    """An examiner's turns, by the recording that they are for, and labels that are for none of the case."""
    if request.labels is None:
        return {}, ()
    if isinstance(request.labels, Path):
        others = [Path(path) for path in case.evidence.read("files")["path"]]
        read = read_labels(request.labels, recordings, others)
        return read.by_recording, stray_problems(read.strays)
    return {path: request.labels[path] for path in recordings if path in request.labels}, ()


def _settings_of_side(request: ScanRequest) -> Settings:
    """The settings, but for a number of speakers: it is that of the questioned recordings.

    A suspect's recording should have one voice; if it were split into a given number, it could never be used.
    """
    diarization = request.settings.diarization
    if request.side == QUESTIONED or diarization.speakers in {"auto", "1"}:
        return request.settings
    return dataclasses.replace(request.settings, diarization=dataclasses.replace(diarization, speakers="auto"))


def _batches(sources: Iterator[SourceFile], most: int) -> Iterator[list[SourceFile]]:
    batch: list[SourceFile] = []
    for source in sources:
        batch.append(source)
        if len(batch) >= min(_BATCH_FILES, most) or sum(s.size_bytes for s in batch) >= _BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _give_up(source: SourceFile) -> RecordingEvidence:
    error = WorkerError(
        "The process that examined it died, twice.",
        "Convert the recording to WAV and scan it again; where it is very large, free some memory first.",
    )
    return RecordingEvidence(source, None, (), (Failure(error.step, error.problem, error.remedy),))
