"""``forensic audit --rerun``: a comparison computed again from its recordings, and compared with what it was."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import polars as pl

from forensic.case.audit import AuditLine, read_audit
from forensic.case.basis import changes, stated_by
from forensic.case.details import CaseDetails
from forensic.case.discovery import hash_file
from forensic.case.folder import AUDIT_LOG, open_case, read_locked
from forensic.case.labels import read_labels
from forensic.case.provenance import library_versions, machine, software
from forensic.case.reference import Suspect
from forensic.case.results import OUTPUTS
from forensic.case.store import EvidenceStore, stored_path
from forensic.comparison.both_sides import weigh_both_sides
from forensic.comparison.outcomes import CaseOutcome
from forensic.comparison.request import ComparisonRequest
from forensic.errors import CaseError, FileReadError, ForensicError
from forensic.progress import Note
from forensic.records import Labels
from forensic.report.shared.stored import OUTCOME, stored
from forensic.settings import Settings
from forensic.speaker.extractor import default_model_folder

COMPARED = ("score", "log10_lr", "log10_lr_low", "log10_lr_high", "unbounded_log10_lr")
"""The numbers of a comparison that must come out the same."""

_KEY = ("questioned_path", "channel", "turn", "suspect")
_ACTIONS = ("compare", "identify")


@dataclass(frozen=True, slots=True)
class Repeated:
    """One comparison, then and now.

    Attributes:
        questioned_path, channel, turn, suspect: which.
        then, now: log10 LR; None where none is or was issued.
        is_equal: whether score, LR, interval and status are the same to the bit.
        largest_difference: of the numbers that are there both times; None where none is.
    """

    questioned_path: str
    channel: int | None
    turn: int | None
    suspect: str
    then: float | None
    now: float | None
    is_equal: bool
    largest_difference: float | None


@dataclass(frozen=True, slots=True)
class Rerun:
    """A comparison computed again.

    Attributes:
        id: of the comparison.
        repeated: every row; none where it could not be computed again.
        obstacles: why it cannot be computed again, or not the same, a sentence each.
        notes: what is not as it was then and may make a difference, a sentence each.
    """

    id: str
    repeated: tuple[Repeated, ...]
    obstacles: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether every row came out the same to the bit."""
        return bool(self.repeated) and all(row.is_equal for row in self.repeated)


def rerun(case: Path, comparison_id: str | None, workers: int | None, watch: Note) -> Rerun:
    """Compute a comparison of a case again, from the recordings at their paths.

    Everything is examined again in a hidden case inside the case folder, which is deleted afterwards.

    Args:
        case: its folder.
        comparison_id: which; None takes the last one.
        workers: processes; None takes one per processor.
        watch: called with the name of each step.

    Raises:
        CaseError: if there is no case or no such comparison, or the log or the comparison's files were changed.
    """
    with read_locked(case):
        line = _line_of(case, comparison_id)
        then = _Then.of(case, line)
        labels, problems = then.labels()
        request = then.request(labels, workers)
        obstacles = [*then.missing(), *then.changed_basis(request), *problems]
        if obstacles:
            return Rerun(then.id, (), tuple(obstacles), tuple(then.notes()))
        with TemporaryDirectory(prefix=".rerun-", dir=case) as scratch, open_case(Path(scratch), create=True) as again:
            try:
                outcome, _, _ = weigh_both_sides(
                    again,
                    then.questioned(),
                    then.suspects(),
                    request,
                    lambda state: watch(state.in_words),
                    watch,
                    then.details,
                )
            except ForensicError as error:
                return Rerun(then.id, (), (str(error),), tuple(then.notes()))
    return Rerun(then.id, tuple(_held(then.comparisons, outcome.comparisons)), (), tuple(then.notes()))


def _line_of(case: Path, comparison_id: str | None) -> AuditLine:
    trail = read_audit(case / AUDIT_LOG)
    if trail.problems:
        raise CaseError(
            f"The audit log of {case} is not as it was left: {trail.problems[0]}", "Restore the case from a copy."
        )
    lines = [line for line in trail.lines if line.action in _ACTIONS and "request" in line.facts]
    for line in reversed(lines):
        if comparison_id in {None, line.facts["id"]}:
            return line
    known = ", ".join(line.facts["id"] for line in lines) or "none that says what it was asked"
    raise CaseError(
        f"The log of {case} has no comparison {comparison_id or 'that can be computed again'}.",
        f"Name one of its comparisons: {known}.",
    )


@dataclass(frozen=True, slots=True)
class _Then:
    """A comparison as it was.

    Attributes:
        case: its folder.
        line: of the log.
        results: its JSON file.
        comparisons: its table.
        details: of the case.
    """

    case: Path
    line: AuditLine
    results: Mapping[str, Any]
    comparisons: pl.DataFrame
    details: CaseDetails

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its line states."""
        return self.line.facts

    @property
    def id(self) -> str:
        """Of the comparison."""
        return str(self.facts["id"])

    @classmethod
    def of(cls, case: Path, line: AuditLine) -> "_Then":
        """What the log and the folder of results say; each file must be the one that the log names."""
        folder = case / str(line.facts["of"]) / str(line.facts["id"])
        for name in ("results.json", "comparisons.parquet", OUTCOME):
            try:
                sha256 = hash_file(folder / name).sha256
            except FileReadError as error:
                raise CaseError(f"{folder / name}: {error.problem}", "Restore the case from a copy.") from error
            if sha256 != line.facts[OUTPUTS][name]:
                raise CaseError(
                    f"{folder / name} is not the file that the log names: its SHA-256 is {sha256}.",
                    "Restore the case from a copy.",
                )
        results = json.loads((folder / "results.json").read_bytes())
        table = pl.read_parquet(folder / "comparisons.parquet")
        return cls(case, line, results, table, stored(folder, CaseOutcome).case_details)

    def questioned(self) -> list[Path]:
        """The questioned recordings, each path once."""
        return [stored_path(path) for path in self.comparisons["questioned_path"].unique(maintain_order=True)]

    def suspects(self) -> list[Suspect]:
        """The reference set as it was used."""
        return [
            Suspect(
                speaker["name"],
                tuple(stored_path(recording["path"]) for recording in speaker["recordings"]),
                tuple(recording["session"] for recording in speaker["recordings"]),
            )
            for speaker in self.results["known_speakers"]
        ]

    def recordings(self) -> dict[str, str]:
        """SHA-256 of every recording of either side, by path."""
        own = dict(self.comparisons.select("questioned_path", "questioned_sha256").iter_rows())
        known = {one["path"]: one["sha256"] for each in self.results["known_speakers"] for one in each["recordings"]}
        return {path: sha256 for path, sha256 in {**own, **known}.items() if sha256}

    def missing(self) -> Iterator[str]:
        """Recordings that are gone or changed."""
        for path, stated in self.recordings().items():
            try:
                if hash_file(stored_path(path)).sha256 != stated:
                    yield f"{path} is not the recording that was compared."
            except FileReadError as error:
                yield f"{path}: {error.problem}"

    def changed_basis(self, request: ComparisonRequest) -> Iterator[str]:
        """What of a laboratory's own models, populations, envelopes, scales and templates differs."""
        return changes(request.places(self.details.templates).own(request.settings), stated_by(self.line))

    def labels(self) -> tuple[dict[Path, Labels], list[str]]:
        """The turns that an examiner had set, and those that cannot be had again."""
        method = self.results["method"]
        made_by = (method["model_sha256"], msgspec.convert(method["settings"], Settings).evidence_sha256)
        rows = EvidenceStore(self.case / "evidence", writes=False).read_of("recordings", *made_by)
        set_by = {row["sha256"]: row for row in rows.filter(pl.col("labels_sha256") != "").to_dicts()}
        found: dict[Path, Labels] = {}
        problems = []
        for path, sha256 in self.recordings().items():
            if sha256 in set_by:
                row = set_by[sha256]
                try:
                    recording = stored_path(path)
                    labels = read_labels(stored_path(row["labels_path"]), [recording]).by_recording[recording]
                except (ForensicError, KeyError) as error:
                    problems.append(f"The turns of {path} cannot be read again from {row['labels_path']}: {error}.")
                    continue
                if labels.sha256 != row["labels_sha256"]:
                    problems.append(f"{row['labels_path']}, with the turns of {path}, was changed.")
                found[stored_path(path)] = labels
        return found, problems

    def request(self, labels: Mapping[Path, Labels], workers: int | None) -> ComparisonRequest:
        """What was asked, with the same settings."""
        asked = {name: Path(path) if path else None for name, path in self.facts["request"].items()}
        return ComparisonRequest(
            reference=Path(self.facts["reference"]),
            model_folder=asked["model_folder"] or default_model_folder(),
            settings=msgspec.convert(self.results["method"]["settings"], Settings),
            scale=asked["scale"],
            workers=workers,
            people=asked["people"],
            calibration=asked["calibration"],
            labels=labels or None,
            envelope=asked["envelope"],
            explains=False,
        )

    def notes(self) -> Iterator[str]:
        """What is not as it was."""
        method, here = self.results["method"], machine()
        if self.facts["software"] != software():
            yield f"It was made by {self.facts['software']}, this is {software()}."
        if self.facts["release_sha256"] != _release_sha256():
            yield "It was made with another release: models or templates that ship differ."
        now = library_versions()
        changed = [
            f"{name} {was}, now {now[name]}" for name, was in method["libraries"].items() if now.get(name) != was
        ]
        if changed:
            yield f"It was made with other libraries: {', '.join(changed)}."
        if not method["hardware"].startswith(here["processor"]):
            yield f"It was made on another processor ({method['hardware']}), which may change the last digits."


def _release_sha256() -> str:
    from forensic.storage.release import check_release

    return check_release()


def _held(then: pl.DataFrame, now: pl.DataFrame) -> Iterator[Repeated]:
    """Row by row, in the order of then; rows that are there once alone are not equal."""
    before, after = ({tuple(row[name] for name in _KEY): row for row in table.to_dicts()} for table in (then, now))
    for key in [*before, *(key for key in after if key not in before)]:
        was, is_now = before.get(key, {}), after.get(key, {})
        numbers = [(was.get(name), is_now.get(name)) for name in COMPARED]
        both = [abs(first - second) for first, second in numbers if first is not None and second is not None]
        is_equal = was.get("status") == is_now.get("status") and all(first == second for first, second in numbers)
        path, channel, turn, suspect = key
        largest = max(both, default=None)
        yield Repeated(path, channel, turn, suspect, was.get("log10_lr"), is_now.get("log10_lr"), is_equal, largest)
