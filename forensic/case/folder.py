"""A case on disk: its folder opened, made, locked."""

import dataclasses
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from forensic.case.details import CASE_FILE, create_case_toml, load_case_details
from forensic.case.store import EvidenceStore
from forensic.errors import CaseError


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """An open case.

    Attributes:
        path: the folder.
        evidence: its tables.
        is_kept: False for one that is gone when its question is answered, and needs no order.
    """

    path: Path
    evidence: EvidenceStore
    is_kept: bool = True

    @property
    def comparisons(self) -> Path:
        """Where comparisons are kept, a folder each."""
        return self.path / "comparisons"

    @property
    def audit_log(self) -> Path:
        """What was done, when, with which inputs."""
        return self.path / "audit.jsonl"

    @property
    def error_log(self) -> Path:
        """The tracebacks of errors that nobody foresaw, with the file that brought each about."""
        return self.path / "errors.log"


@contextmanager
def open_case(path: Path, *, create: bool) -> Iterator[CaseFolder]:
    """Open a case for writing; another process waits outside.

    Args:
        path: the case folder.
        create: make it where nothing, or an empty folder, is there.

    Raises:
        CaseError: if it is no case, cannot be written, or is in use by another process; if its case.toml or a table of
            its evidence cannot be read.
    """
    _check(path, create=create)
    try:
        path.mkdir(parents=True, exist_ok=True)
        create_case_toml(path)
        (path / "comparisons").mkdir(exist_ok=True)
        lock = (path / ".lock").open("w")
    except OSError as error:
        raise CaseError(
            f"The case folder {path} cannot be written: {error.strerror}.",
            "Check its permissions and the free space.",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CaseError(
                f"The case {path} is in use by another forensic process.",
                "Wait until it ends, or use another --case.",
            ) from error
        load_case_details(path)  # what is wrong with it shows before hours of work, not after
        yield CaseFolder(path, _evidence(path / "evidence"))


@contextmanager
def temporary_case() -> Iterator[CaseFolder]:
    """A case for a single question, gone when it is answered.

    Raises:
        CaseError: if there is no place for temporary files.
    """
    try:
        folder = TemporaryDirectory(prefix="forensic-")
    except OSError as error:
        raise CaseError(
            f"There is no place for temporary files: {error.strerror}.", "Free some space, or set TMPDIR."
        ) from error
    with folder as name, open_case(Path(name), create=True) as case:
        yield dataclasses.replace(case, is_kept=False)


def _evidence(folder: Path) -> EvidenceStore:
    try:
        evidence = EvidenceStore(folder)
    except OSError as error:
        raise CaseError(
            f"The folder {folder} cannot be used: {error.strerror}.", "Check its permissions and the free space."
        ) from error
    evidence.check()
    return evidence


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
