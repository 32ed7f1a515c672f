"""The books of a scan: which files are new, what became of each, and the rows that its evidence becomes."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from forensic.audio.kinds import is_meant_as_audio
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder
from forensic.case.labels import write_labels
from forensic.case.store import AUDIO, SCHEMAS, SKIPPED, UNREADABLE, FileSide, FileStatus, path_text
from forensic.errors import FileReadError, RecordingError, WorkerError
from forensic.examination.language import language_row
from forensic.records import Failure, Labels, RecordingEvidence, SourceFile
from forensic.storage.inert import LINE_END, inert


@dataclass(slots=True)
class ScanSummary:
    """How a scan went; kept up to date on the way."""

    files: int = 0
    files_done: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    bytes_heard: float = 0.0  # of recordings that are being examined
    audio_s: float = 0.0
    net_speech_s: float = 0.0
    examined: int = 0
    already_examined: int = 0
    duplicates: int = 0
    skipped: int = 0
    failed: int = 0
    failed_channels: int = 0
    elapsed_s: float = 0.0
    several_speakers: list[tuple[Path, int, int]] = field(default_factory=list)  # file, channel, speakers
    labelled: int = 0
    second_voices: int = 0  # embedded by the second model
    second_lacking: int = 0  # that it could not embed
    second_waiting: int = 0  # that it had to embed in this scan
    second_speech_s: float = 0.0
    second_elapsed_s: float = 0.0
    problems: list[tuple[Path, Failure]] = field(default_factory=list)
    skips: list[tuple[Path, str]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)

    @property
    def in_words(self) -> str:
        """How far it is, as a step."""
        share = (self.bytes_done + self.bytes_heard) / max(self.bytes_total, 1)
        return f"examining, {round(100 * share)} of 100 %"

    @property
    def times_real_time(self) -> float:
        """Seconds of audio examined a second."""
        return self.audio_s / self.elapsed_s if self.elapsed_s > 0 else 0.0


class Ledger:
    """Keeps the books of one scan: what is new, what each file is, and the rows of the tables.

    Args:
        case: takes the evidence.
        side: of all of them.
        roots: the absolute folders and files that are scanned.
        key: SHA-256 of the model and of the settings.
        labels: an examiner's turns, by recording; None keeps those of earlier scans.
        summary: kept up to date.
    """

    def __init__(
        self,
        case: CaseFolder,
        side: FileSide,
        roots: tuple[Path, ...],
        key: tuple[str, str],
        labels: Mapping[Path, Labels] | None,
        summary: ScanSummary,
    ) -> None:
        self.case, self.side, self.roots, self.key = case, side, roots, key
        self.labels, self.summary = labels, summary
        recordings = case.evidence.read_of("recordings", *self.key)
        self.done = self._examined_before(recordings)
        self.labels_before = dict(recordings.select("sha256", "labels_sha256").iter_rows())
        self.no_audio = self._no_audio_before()  # why a content is no audio
        self.copies: list[tuple[Path, SourceFile]] = []
        self.file_rows: list[dict[str, object]] = []
        self.late_failures: list[dict[str, object]] = []
        self.seen: dict[str, SourceFile] = {}  # every content of this scan, by SHA-256

    def new_recordings(self, found: Sequence[tuple[Path, int]]) -> Iterator[SourceFile]:
        """Hash every file; yield those whose bytes were not examined yet."""
        for path, size in found:
            self.summary.files_done += 1
            try:
                source = hash_file(path)
            except FileReadError as error:
                self._fail(path, Failure(error.step, error.problem, error.remedy))
                self._note(path, None, size, UNREADABLE, error)
                continue
            if source.sha256 in self.seen:
                self.summary.duplicates += 1
                self.summary.bytes_done += size
                self.copies.append((path, source))
                continue
            self.seen[source.sha256] = source
            if source.sha256 not in self.done or not self._is_of_these_labels(source):
                yield source
                continue
            self.summary.bytes_done += size
            why = self.no_audio.get(source.sha256)
            if why is not None and not is_meant_as_audio(path):
                self._skip(source, why)
                continue
            self.summary.already_examined += 1
            self._note(path, source.sha256, size, AUDIO)

    def note_copies(self) -> None:
        """A file identical to another is what that one turned out to be; where it is no audio, its own name counts."""
        for path, source in self.copies:
            why = self.no_audio.get(source.sha256)
            if why is None or not is_meant_as_audio(path):
                self._note(path, source.sha256, source.size_bytes, SKIPPED if why else AUDIO, why)
                continue
            self._note(path, source.sha256, source.size_bytes, AUDIO)
            self._fail(path, why)
            self.late_failures.append(self._failure_row(source, why))

    def store(self, results: Sequence[RecordingEvidence]) -> None:
        """Write one batch."""
        rows: dict[str, list[dict[str, object]]] = {name: [] for name in SCHEMAS}
        for result in results:
            self._add(result, rows)
        rows["files"], self.file_rows = self.file_rows, []
        rows["failures"] += self.late_failures
        self.late_failures = []
        if any(rows.values()):
            self.case.evidence.append({name: pl.DataFrame(table, SCHEMAS[name]) for name, table in rows.items()})

    def count_earlier_failures(self) -> None:
        """Failures of recordings that an earlier scan examined are failures of this one's folder as well."""
        failures = self.case.evidence.read_of("failures", *self.key)
        files = self.case.evidence.read("files").filter(
            pl.col("path").is_in([path_text(path) for path in self.summary.paths]),
            pl.col("status") == AUDIO,
        )
        known = {(str(path), failure.problem) for path, failure in self.summary.problems}
        for row in files.select("path", "sha256").join(failures, on="sha256").to_dicts():
            if (row["path"], row["problem"]) not in known:
                self._fail(Path(row["path"]), Failure(row["step"], row["problem"], row["remedy"], row["channel"]))

    def _is_of_these_labels(self, source: SourceFile) -> bool:
        """Whether a recording was examined with the turns that are set for it now; without labels, with any."""
        if self.labels is None:
            return True
        now = self.labels.get(source.path)
        return bool(self.labels_before.get(source.sha256, "") == (now.sha256 if now else ""))

    def _examined_before(self, recordings: pl.DataFrame) -> set[str]:
        failures = self.case.evidence.read_of("failures", *self.key).filter(
            pl.col("channel").is_null(), ~pl.col("step").is_in([WorkerError.step, FileReadError.step])
        )
        return {*recordings["sha256"], *failures["sha256"]}

    def _no_audio_before(self) -> dict[str, Failure]:
        skipped = self.case.evidence.read("files").filter(pl.col("status") == SKIPPED)
        rows = skipped.select("sha256", "reason", "remedy").iter_rows()
        return {sha256: Failure("decode", problem, remedy) for sha256, problem, remedy in rows}

    def _add(self, result: RecordingEvidence, rows: dict[str, list[dict[str, object]]]) -> None:
        source = result.source
        self.summary.bytes_done += source.size_bytes
        if not result.channels and result.failures and result.audio_format is None:
            self.no_audio[source.sha256] = result.failures[0]
        else:
            self.no_audio.pop(source.sha256, None)
        if source.sha256 in self.no_audio and not is_meant_as_audio(source.path):
            self._skip(source, result.failures[0])
            return
        self._note(source.path, source.sha256, source.size_bytes, AUDIO)
        self.summary.examined += 1
        for failure in result.failures:
            self._fail(source.path, failure)
            rows["failures"].append(self._failure_row(source, failure))
        if result.audio_format is None or any(failure.channel is None for failure in result.failures):
            return
        facts = dataclasses.asdict(result.audio_format)
        stated_duration_s = facts.pop("stated_duration_s")
        duration_s = max((channel.quality.duration_s for channel in result.channels), default=0.0)
        self.summary.audio_s += sum({one.channel: one.quality.duration_s for one in result.channels}.values())
        self.summary.net_speech_s += sum(channel.quality.net_speech_s for channel in result.channels)
        rows["recordings"].append(
            {
                "sha256": source.sha256,
                "model_sha256": self.key[0],
                "settings_sha256": self.key[1],
                "duration_s": duration_s or stated_duration_s,
                "notes": list(result.notes),
                "labels_sha256": result.labels_sha256,
                "labels_path": result.labels_path,
            }
            | facts
            | {"tags": list(result.audio_format.tags)}
        )
        self._note_turns(result)
        for number, fingerprint in {one.channel: one.fingerprint for one in result.channels}.items():
            rows["fingerprints"].append(
                self._key(source, number) | {"fingerprint": fingerprint.astype("<u4").tobytes()}
            )
        for number, turns in result.turns.items():
            key = self._key(source, number) | {"labels_sha256": result.labels_sha256}
            rows["turns"] += [
                key | {"turn": each.speaker, "start_s": each.start_s, "end_s": each.end_s, "speaker_name": each.name}
                for each in turns
            ]
        for channel in result.channels:
            key = self._key(source, channel.channel) | {"turn": channel.voice, "labels_sha256": result.labels_sha256}
            low, high = channel.outline.T.tolist()
            outline = {"envelope_low": low, "envelope_high": high}
            speakers = {"speakers": channel.speakers, "speaker_name": channel.speaker_name}
            rows["quality"].append(key | speakers | channel.quality.row() | outline)
            if channel.language is not None:
                rows["language"].append(key | language_row(channel.language, channel.accent))
            rows["embeddings"].append(key | {"windows": channel.windows, "embedding": channel.embedding.tolist()})
            for index, segment in enumerate(channel.segments):
                windows = int(channel.segment_windows[index])
                rows["segments"].append(
                    key
                    | {
                        "segment": index,
                        "start_s": segment.start_s,
                        "end_s": segment.end_s,
                        "windows": windows,
                        "embedding": channel.segment_embeddings[index].tolist() if windows else None,
                    }
                )

    def _note_turns(self, result: RecordingEvidence) -> None:
        """Count channels with several speakers, and write who speaks when, for an examiner to see and correct."""
        speakers = {one.channel: one.speakers for one in result.channels if one.speakers > 1}
        path = result.source.path
        self.summary.several_speakers += [(path, channel, number) for channel, number in speakers.items()]
        if result.turns and not result.labels_sha256:
            below = next(
                (path.relative_to(root) for root in self.roots if root != path and root in path.parents), path.name
            )
            write_labels(self.case.path / "turns", path_text(Path(below)), result.turns)

    def _key(self, source: SourceFile, channel: int | None) -> dict[str, object]:
        return {
            "sha256": source.sha256,
            "channel": channel,
            "model_sha256": self.key[0],
            "settings_sha256": self.key[1],
        }

    def _skip(self, source: SourceFile, why: Failure) -> None:
        self.summary.skipped += 1
        self.summary.skips.append((source.path, why.problem))
        self._note(source.path, source.sha256, source.size_bytes, SKIPPED, why)

    def _failure_row(self, source: SourceFile, failure: Failure) -> dict[str, object]:
        return self._key(source, failure.channel) | {
            "step": failure.step,
            "problem": failure.problem,
            "remedy": failure.remedy,
        }

    def _note(
        self,
        path: Path,
        sha256: str | None,
        size: int,
        status: FileStatus,
        why: Failure | RecordingError | None = None,
    ) -> None:
        try:
            modified_ns = path.stat().st_mtime_ns
        except OSError:
            modified_ns = None
        self.file_rows.append(
            {
                "path": path_text(path),
                "sha256": sha256,
                "size_bytes": size,
                "modified_ns": modified_ns,
                "side": self.side,
                "status": status,
                "reason": why.problem if why else None,
                "remedy": why.remedy if why else None,
                "scanned_utc": datetime.now(UTC),
            }
        )

    def _fail(self, path: Path, failure: Failure) -> None:
        self.summary.problems.append((path, failure))
        if failure.traceback:
            with self.case.error_log.open("a", encoding="utf-8", errors="backslashreplace") as file:
                where = f"{datetime.now(UTC).isoformat()} {inert(str(path))}"
                file.write(f"{where}\n{inert(failure.traceback, keep=LINE_END)}\n")
        if failure.channel is None:
            self.summary.failed += 1
        else:
            self.summary.failed_channels += 1
