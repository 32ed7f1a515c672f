"""``forensic audit``: whether a case, its recordings and what its results rest on are still what the log says."""

import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from forensic.case.audit import AuditTrail, read_audit, time_stamp_request, to_the_second
from forensic.case.basis import BASIS
from forensic.case.binding import Binding
from forensic.case.details import CASE_FILE
from forensic.case.discovery import hash_file
from forensic.case.folder import AUDIT_LOG, read_locked
from forensic.case.provenance import software
from forensic.case.results import RESULTS, Alone, Output, files_alone, hidden_of, stated_alone, stated_outputs
from forensic.case.store import EvidenceStore, empty, stored_path
from forensic.errors import FileReadError, SealError
from forensic.progress import Note, Watch, counting, unnoted
from forensic.storage.atomic import written_whole
from forensic.storage.keys import fingerprint, is_signed, public_key_of
from forensic.storage.release import differences, is_signed_with, path_of, read_release
from forensic.workflows.seal import SEAL, read_seal

Verdict: TypeAlias = Literal["right", "different", "note"]
RIGHT: Final = "right"
DIFFERENT: Final = "different"
NOTE: Final = "note"

Kind: TypeAlias = Literal["log", "evidence", "results", "recording", "basis", "release", "case"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was checked.

    Attributes:
        kind: what it is: the audit log, a bound table, a file of a result, a recording at its path, a file that results
            rest on, a file of the release, or the case folder itself.
        name: path, or what else names it.
        verdict: "right", "different", or "note" for what is no fault.
        finding: a sentence; empty where it is right.
        sha256: what was found; empty where there is none.
    """

    kind: Kind
    name: str
    verdict: Verdict
    finding: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        case: the folder.
        head: SHA-256 of the log's last line.
        lines: number of lines of the log.
        checked: everything, in the order of kinds.
    """

    case: Path
    head: str
    lines: int
    checked: tuple[Checked, ...]

    @property
    def is_right(self) -> bool:
        """Whether nothing differs."""
        return all(each.verdict != DIFFERENT for each in self.checked)


def audit(case: Path, anchors: Sequence[str] = (), watch: Note = unnoted) -> Audit:
    """Check a case, or the folder of a validation or calibration; nothing is written.

    Args:
        case: its folder.
        anchors: SHA-256 of lines that the log must have: heads of the log that a report, a seal or a time stamp states.
        watch: called with the name of each step.

    Raises:
        CaseError: if there is no case, or another process holds it.
        ReleaseError: if the program has no manifest of its release.
    """
    trail = read_audit(case / AUDIT_LOG)
    if (alone := stated_alone(trail)) is not None:
        checked = (*_log(trail), *_anchors(trail, anchors), *_alone(case, trail, alone), *_release(trail))
        return Audit(case, trail.head, len(trail.lines), checked)
    with read_locked(case):
        watch("reading the case")
        binding = Binding(case, case / AUDIT_LOG)
        trail = binding.trail
        checked = (
            *_log(trail),
            *_anchors(trail, anchors),
            *_evidence(binding),
            *_results(case, trail),
            *_recordings(case, counting(watch, "reading the recordings", "files")),
            *_basis(trail),
            *_release(trail),
            *_folder(case, trail),
        )
    return Audit(case, trail.head, len(trail.lines), checked)


def write_time_stamp_request(head: str, path: Path) -> None:
    """Write the request for a time stamp of a log's head, to take to a stamping service."""
    with written_whole(path) as file:
        file.write(time_stamp_request(head))


def _log(trail: AuditTrail) -> Iterator[Checked]:
    yield from (Checked("log", AUDIT_LOG, DIFFERENT, problem) for problem in trail.problems)
    yield from (Checked("log", AUDIT_LOG, NOTE, note) for note in trail.notes)
    if not trail.problems:
        yield Checked("log", AUDIT_LOG, RIGHT, sha256=trail.head)


def _anchors(trail: AuditTrail, anchors: Sequence[str]) -> Iterator[Checked]:
    """Whether heads that others hold are lines of this log."""
    numbers = {line.sha256: line.number for line in trail.lines}
    for anchor in (each.strip().lower() for each in anchors):
        if anchor in numbers:
            finding = f"{anchor} is line {numbers[anchor]} of the log: it and all lines before are as they were then."
            yield Checked("log", AUDIT_LOG, NOTE, finding, anchor)
        else:
            yield Checked(
                "log", AUDIT_LOG, DIFFERENT, f"No line of this log has the SHA-256 {anchor}: it is another log."
            )


def _evidence(binding: Binding) -> Iterator[Checked]:
    different = {each.name: each for each in binding.differences()}
    for name, sha256 in binding.found().items():
        if name not in different:
            yield Checked("evidence", name, RIGHT, sha256=sha256)
    for name, each in different.items():
        if binding.is_pending(name):
            finding = f"{name} was being written when a command was killed; the next command settles it."
            yield Checked("evidence", name, NOTE, finding, each.found or "")
        else:
            yield Checked("evidence", name, DIFFERENT, f"{each}.", each.found or "")


def _results(case: Path, trail: AuditTrail) -> Iterator[Checked]:
    stated = stated_outputs(trail)
    heads = {line.sha256 for line in trail.lines} | {""}
    there = {f"{kind}/{path.name}" for kind in RESULTS for path in (case / kind).glob("*") if path.is_dir()}
    for name in sorted(there | set(stated)):
        if Path(name).name.startswith("."):
            yield _left(name)
            continue
        if hidden_of(case / name).exists():
            continue
        files = {path.name: path for path in (case / name).glob("*")} if name in there else {}
        for file in sorted({*files, *stated.get(name, {})}):
            if file.startswith("."):
                yield _left(f"{name}/{file}")
            elif file in files or not hidden_of(case / name / Path(file).stem).exists():
                yield _result(f"{name}/{file}", files.get(file), stated.get(name, {}).get(file))
        if "results.json" in files:
            yield from _anchor(f"{name}/results.json", files["results.json"], heads)
        if SEAL in files:
            yield from _seal(f"{name}/{SEAL}", files[SEAL], heads)


def _alone(folder: Path, trail: AuditTrail, alone: Alone) -> Iterator[Checked]:
    """The files of a validation or calibration, and what was put beside them."""
    there = files_alone(folder)
    used = {alone.made.facts.get(name) for name in ("source_sha256", "criteria_sha256")}
    for file in sorted({*there, *alone.files}):
        name = f"{folder.name}/{file}"
        if file in alone.files:
            yield _result(name, folder / file if file in there else None, alone.files[file])
        elif there[file] in used:
            yield Checked("results", name, RIGHT, sha256=there[file])
        else:
            yield Checked("results", name, NOTE, f"{name} was put there by somebody; the log does not know it.")
    if SEAL in there:
        yield from _seal(f"{folder.name}/{SEAL}", folder / SEAL, {line.sha256 for line in trail.lines})


def _left(name: str) -> Checked:
    return Checked("results", name, NOTE, f"{name} was left by a killed command; the next command settles it.")


def _result(name: str, path: Path | None, stated: Output | None) -> Checked:
    if path is None:
        return Checked("results", name, DIFFERENT, f"{name} is missing; the log has it.")
    if path.is_dir() or stated is None:
        return Checked("results", name, DIFFERENT, f"{name} was not written by any command that the log knows.")
    sha256 = hash_file(path).sha256
    if sha256 == stated.sha256:
        return Checked("results", name, RIGHT, sha256=sha256)
    finding = (
        f"{name} was changed: its SHA-256 is {sha256}, that of {to_the_second(stated.time_utc)} is {stated.sha256}."
    )
    return Checked("results", name, DIFFERENT, finding, sha256)


def _anchor(name: str, path: Path, heads: set[str]) -> Iterator[Checked]:
    """Whether the head of the log that results state is a line of this log."""
    try:
        head = json.loads(path.read_bytes())["method"].get("audit_head", "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # changed, which its hash shows
    if head not in heads:
        yield _other_log(name, head)


def _other_log(name: str, head: str) -> Checked:
    finding = f"{name} states the line {head}, which is not in this log: it is another log."
    return Checked("log", AUDIT_LOG, DIFFERENT, finding)


def _seal(name: str, path: Path, heads: set[str]) -> Iterator[Checked]:
    """Whether a seal holds, is of the files beside it, and of this log."""
    try:
        seal = read_seal(path)
    except SealError as error:
        yield Checked("results", name, DIFFERENT, error.problem)
        return
    if not is_signed(seal.key, seal.signature, seal.content):
        yield Checked("results", name, DIFFERENT, f"The signature of {name} does not hold: it was changed.")
        return
    for file, stated in seal.files.items():
        beside = path.with_name(file)
        if not beside.is_file() or hash_file(beside).sha256 != stated:
            finding = f"{beside.parent.name}/{file} is not the file that was sealed."
            yield Checked("results", f"{path.parent.name}/{file}", DIFFERENT, finding)
    if seal.audit_head not in heads:
        yield _other_log(name, seal.audit_head)
    who = f"{name} is whole. Hold the fingerprint of its key against the signer's: {fingerprint(seal.key)}."
    yield Checked("results", name, NOTE, who)


def _recordings(case: Path, watch: Watch) -> Iterator[Checked]:
    folder = case / "evidence"
    files = EvidenceStore(folder, writes=False).read("files") if folder.is_dir() else empty("files")
    rows = files.select("path", "sha256").drop_nulls().rows()
    for done, (path, stated) in enumerate(rows):
        watch(done, len(rows))
        try:
            sha256 = hash_file(stored_path(path)).sha256
        except FileReadError as error:
            is_gone = not stored_path(path).exists()
            finding = f"{path} is not there any more." if is_gone else f"{path}: {error.problem}"
            yield Checked("recording", path, NOTE, finding)
            continue
        if sha256 == stated:
            yield Checked("recording", path, RIGHT, sha256=sha256)
        else:
            yield Checked("recording", path, DIFFERENT, f"{path} is not the recording that was scanned.", sha256)


def _basis(trail: AuditTrail) -> Iterator[Checked]:
    """The files of a laboratory's own that results rest on, as used last."""
    used = {path: sha256 for line in trail.lines for path, sha256 in line.facts.get(BASIS, {}).items()}
    for path, stated in used.items():
        if not Path(path).exists():
            yield Checked("basis", path, NOTE, f"{path}, which results rest on, is not there any more.")
            continue
        sha256 = hash_file(Path(path)).sha256
        verdict: Verdict = RIGHT if sha256 == stated else DIFFERENT
        finding = "" if sha256 == stated else f"{path} is not the file that results rest on; that one's is {stated}."
        yield Checked("basis", path, verdict, finding, sha256)


def _release(trail: AuditTrail) -> Iterator[Checked]:
    release = read_release()
    wrong = differences()
    yield from (Checked("release", "release.json", DIFFERENT, finding) for finding in wrong)
    names = {str(path_of(name)) for name in release.files}
    yield from (
        Checked("release", name, RIGHT) for name in sorted(names) if not any(each.startswith(name) for each in wrong)
    )
    made_by = {str(line.facts["software"]) for line in trail.lines if "software" in line.facts}
    if others := made_by - {software()}:
        yield Checked("release", software(), NOTE, f"Parts of the case were made by {', '.join(sorted(others))}.")
    if not release.signature:
        yield Checked("release", "release.json", NOTE, "Nobody signed the manifest of this release.")
        return
    key = public_key_of(bytes.fromhex(release.public_key))
    if is_signed_with(key):
        who = f"The release is signed. Hold the fingerprint of the key against the maintainers': {fingerprint(key)}."
        yield Checked("release", "release.json", NOTE, who)
    else:
        yield Checked("release", "release.json", DIFFERENT, "The release was changed since it was signed.")


def _folder(case: Path, trail: AuditTrail) -> Iterator[Checked]:
    if case.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Checked("case", str(case), NOTE, f"Others than its owner can look into {case}.")
    yield from _edited(case, trail)


def _edited(case: Path, trail: AuditTrail) -> Iterator[Checked]:
    """Whether case.toml, which a person edits, is what the last results were made with."""
    used = next((line for line in reversed(trail.lines) if "case_toml_sha256" in line.facts), None)
    if used is None:
        return
    sha256, then = hash_file(case / CASE_FILE).sha256, used.facts["case_toml_sha256"]
    if sha256 == then:
        yield Checked("case", CASE_FILE, RIGHT, sha256=sha256)
        return
    results = f"{used.facts['of']}/{used.facts['id']}"
    when = to_the_second(used.time_utc)
    finding = f"{CASE_FILE} has changed since {results} ({when}): its SHA-256 is {sha256}, then it was {then}."
    yield Checked("case", CASE_FILE, NOTE, finding, sha256)
