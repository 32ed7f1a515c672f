"""A case on disk: its folder opened, made, locked."""

import fcntl
import getpass
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from forensic.case.audit import append_audit, read_audit, to_the_second
from forensic.case.basis import OwnFiles, changes, last_used
from forensic.case.binding import CALIBRATIONS, FOLDERS, Binding
from forensic.case.calibrations import CalibrationStore
from forensic.case.details import CASE_FILE, create_case_toml, load_case_details
from forensic.case.discovery import hash_file
from forensic.case.results import settle_results
from forensic.case.store import Announce, EvidenceStore
from forensic.errors import CaseError, ReleaseError

AUDIT_LOG = "audit.jsonl"


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """An open case.

    Attributes:
        path: the folder.
        evidence: its tables.
        binding: holds them against the log; None for a case that is gone when its question is answered.
    """

    path: Path
    evidence: EvidenceStore
    binding: Binding | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it outlives its question."""
        return self.binding is not None

    @property
    def audit_head(self) -> str:
        """SHA-256 of the last line of its log; empty for a case that is not kept."""
        return read_audit(self.audit_log).head if self.is_kept else ""

    def check_basis(self, own: OwnFiles, *, accepts_changed: bool) -> None:
        """See that the files of a laboratory's own that LRs rest on are those that the case used last.

        Args:
            own: what is there.
            accepts_changed: whether they may differ.

        Raises:
            CaseError: if one differs, with when it was last right.
        """
        if self.binding is None or accepts_changed:
            return
        if found := list(changes(own, last_used(self.binding.trail.lines, own.places))):
            more = f" {len(found) - 1} more differ." if len(found) > 1 else ""
            raise CaseError(
                found[0] + more,
                "Restore it; or, if it was changed on purpose, run the same command with --accept-changed.",
            )

    def check_evidence(self) -> None:
        """See once more, right before it is used, that the evidence is what the log says.

        Raises:
            CaseError: if it is not.
        """
        if self.binding is not None:
            self.binding.check()

    @property
    def calibrations(self) -> CalibrationStore | None:
        """Those that are kept; None for a case that is not."""
        return None if self.binding is None else CalibrationStore(self.path / CALIBRATIONS, self.binding)

    @property
    def comparisons(self) -> Path:
        """Where comparisons are kept, a folder each."""
        return self.path / "comparisons"

    @property
    def audit_log(self) -> Path:
        """What was done, when, with which inputs."""
        return self.path / AUDIT_LOG

    @property
    def error_log(self) -> Path:
        """The tracebacks of errors that nobody foresaw, with the file that brought each about."""
        return self.path / "errors.log"


@contextmanager
def open_case(path: Path, *, create: bool, sets_aside: bool = False) -> Iterator[CaseFolder]:
    """Open a case for writing; another process waits outside.

    A new case is readable by its owner alone. Evidence and log are checked against each other before anything else
    happens, and what a killed command left is settled.

    Args:
        path: the case folder.
        create: make it where nothing, or an empty folder, is there.
        sets_aside: whether to set its evidence aside, and its log if that is broken, and start without any.

    Raises:
        CaseError: if it is no case, cannot be written, or is in use by another process; if its case.toml or a table of
            its evidence cannot be read; if evidence or log were changed since they were written.
    """
    _check(path, create=create)
    with _locked(path):
        load_case_details(path)  # what is wrong with it shows before hours of work, not after
        log = path / AUDIT_LOG
        if sets_aside:
            _set_aside(path, log)
        binding = Binding(path, log)
        binding.check()
        settle_results(path, log, binding.trail)
        try:
            yield CaseFolder(path, _evidence(path / "evidence", binding.writes), binding)
        except ReleaseError as error:
            times = [line.time_utc for line in binding.trail.lines if "release_sha256" in line.facts]
            last = f" This case was last worked on with a right one at {to_the_second(times[-1])}." if times else ""
            raise ReleaseError(error.problem + last, error.remedy) from error


@contextmanager
def temporary_case() -> Iterator[CaseFolder]:
    """A case for a single question, readable by its owner alone, and gone when it is answered.

    Raises:
        CaseError: if there is no place for temporary files.
    """
    try:
        folder = TemporaryDirectory(prefix="forensic-")
    except OSError as error:
        raise CaseError(
            f"There is no place for temporary files: {error.strerror}.", "Free some space, or set TMPDIR."
        ) from error
    with folder as name, _locked(Path(name)):
        yield CaseFolder(Path(name), _evidence(Path(name) / "evidence", lambda _files, _replaced: None))


@contextmanager
def read_locked(path: Path) -> Iterator[None]:
    """A case that is read, and not written by anybody meanwhile; nothing is made or changed.

    Raises:
        CaseError: if it is no case, or a process that writes holds it.
    """
    _check(path, create=False)
    try:
        lock = (path / ".lock").open(encoding="utf-8")
    except OSError:  # nobody ever held it, or it is on a medium of another owner
        yield
        return
    with lock:
        _hold(path, lock, fcntl.LOCK_SH)
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The case folder, made where it is missing, and held by this process alone; its lock says by whom since when."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        create_case_toml(path)
        (path / "comparisons").mkdir(exist_ok=True)
        lock = (path / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise CaseError(
            f"The case folder {path} cannot be written: {error.strerror}.",
            "Check its permissions and the free space.",
        ) from error
    with lock:
        _hold(path, lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{_holder()}\n")
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


def _hold(path: Path, lock: TextIO, kind: int) -> None:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = " ".join(lock.read().split()) or "another forensic process"
        raise CaseError(
            f"The case {path} is in use by {holder}.", "Wait until it ends, or use another --case."
        ) from error


def _holder() -> str:
    """Who holds a case, and since when."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        user = f"user {os.getuid()}"
    now = datetime.now(UTC)
    return f"{user}, process {os.getpid()} on {platform.node()}, since {now:%Y-%m-%d %H:%M:%S} UTC"


def _set_aside(path: Path, log: Path) -> None:
    """Move what is bound, and a broken log, out of the way; a new log begins with the hash of the old."""
    trail = read_audit(log)
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    moved = []
    for folder in FOLDERS:
        if (path / folder).exists():
            (path / folder).rename(path / f"{folder}.{stamp}")
            moved.append(f"{folder}.{stamp}")
    facts: dict[str, object] = {"set_aside": moved}
    if trail.problems:
        for file in (log, log.with_suffix(".head")):
            if file.exists():
                aside = file.with_name(f"{file.stem}.{stamp}{file.suffix}")
                file.rename(aside)
                facts |= {aside.name: hash_file(aside).sha256}
        facts |= {"problems": list(trail.problems)}
    append_audit(log, "set aside", {**facts, "evidence_sha256": {}})


def _evidence(folder: Path, announce: Announce) -> EvidenceStore:
    try:
        return EvidenceStore(folder, announce)
    except OSError as error:
        raise CaseError(
            f"The folder {folder} cannot be used: {error.strerror}.", "Check its permissions and the free space."
        ) from error


def _check(path: Path, *, create: bool) -> None:
    is_case = (path / CASE_FILE).is_file()
    if is_case:
        return
    if path.exists() and not path.is_dir():
        raise CaseError(f"{path} is a file, not a case folder.", "Name a folder with --case.")
    is_new = not path.exists() or not any(path.iterdir())
    if is_new and create:
        return
    if is_new:
        raise CaseError(f"There is no case in {path}.", "Run `forensic scan DIR` first, or name the case with --case.")
    raise CaseError(
        f"{path} is not a case folder: it holds other files, and no {CASE_FILE}.",
        "Name a new or empty folder, or an existing case, with --case.",
    )
