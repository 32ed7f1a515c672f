"""Evidence that is bound: the tables of a case must have the bytes that its audit log says were written.

Before files are put in place, a line of the log states their hashes (``Binding.writes``); the end of a scan states
those of all files (``Binding.state``). Whoever opens a case checks what is there against these lines. A kill between a
line and its files is the one case in which they differ without a fault; the next opening settles it, with a line of its
own.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forensic.case.audit import AuditTrail, append_audit, read_audit, to_the_second
from forensic.case.discovery import hash_file
from forensic.errors import CaseError

CALIBRATIONS = "calibrations"
"""The folder of a case whose files may go: they are then computed again."""

FOLDERS = ("evidence", "population", CALIBRATIONS)
"""Of a case, whose files are bound."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a log says a file is.

    Attributes:
        sha256: of the file.
        time_utc: of the line that says so.
    """

    sha256: str
    time_utc: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A bound file that is not what the log says.

    Attributes:
        name: path below the case folder.
        found: its SHA-256; None if it is missing.
        stated: what the log says; None if it does not know the file.
    """

    name: str
    found: str | None
    stated: Stated | None

    def __str__(self) -> str:
        if self.stated is None:
            return f"{self.name} was not written by any command that the log knows"
        last = f"last right at {to_the_second(self.stated.time_utc)}"
        if self.found is None:
            return f"{self.name} is missing ({last})"
        return f"{self.name} was changed: its SHA-256 is {self.found}, the log says {self.stated.sha256} ({last})"


@dataclass(frozen=True, slots=True)
class _Pending:
    """Files that a line announced, and which may or may not be in place."""

    writes: Mapping[str, Stated]
    replaces: Sequence[str]


class Binding:
    """Which bytes the tables of a case must have, kept up to date as they are written.

    Args:
        case: its folder.
        log: its audit log.
    """

    def __init__(self, case: Path, log: Path) -> None:
        self._case, self._log = case, log
        self._stated: dict[str, Stated] = {}
        self._pending: _Pending | None = None
        self._hashed: dict[Path, tuple[tuple[int, ...], str]] = {}
        self.trail = read_audit(log)
        self._fold(self.trail)

    def check(self) -> None:
        """See that the log and every bound file are as they were left, and settle what a kill left.

        Raises:
            CaseError: if anything differs, with what, and how to go on.
        """
        if self.trail.problems:
            raise self._error(f"The audit log of {self._case} is not as it was left: {self.trail.problems[0]}")
        removed = self._settle()
        if found := self.differences():
            more = f"; {len(found) - 1} more" if len(found) > 1 else ""
            raise self._error(f"The evidence of {self._case} is not what its log says: {found[0]}{more}.", found)
        if removed is not None:
            self.state("recover", {"removed": removed})

    def differences(self) -> list[Difference]:
        """Every bound file that is missing, changed or unknown; calibrations may be missing."""
        there = {self._name(path): path for path in self._files()}
        found = []
        for name in sorted({*there, *self._stated}):
            sha256 = self._sha256(there[name]) if name in there else None
            stated = self._stated.get(name)
            has_gone = sha256 is None and _may_go(name)
            if not has_gone and (stated is None or stated.sha256 != sha256):
                found.append(Difference(name, sha256, stated))
        return found

    def content(self, path: Path) -> bytes:
        """The bytes of a bound file, which are those that the log states.

        Raises:
            CaseError: if they are not, or cannot be read.
        """
        self._apply()
        name = self._name(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise self._error(f"{path} cannot be read: {error.strerror}.") from error
        sha256, stated = hashlib.sha256(content).hexdigest(), self._stated.get(name)
        if stated is None or stated.sha256 != sha256:
            differs = Difference(name, sha256, stated)
            raise self._error(f"{differs}.", [differs])
        return content

    def found(self) -> dict[str, str]:
        """SHA-256 of every bound file that is there, by its path below the case."""
        return {self._name(path): self._sha256(path) for path in self._files()}

    def is_pending(self, name: str) -> bool:
        """Whether a file was about to be written or replaced when the last command ended, and is in either state."""
        if self._pending is None:
            return False
        stated = (self._stated.get(name), self._pending.writes.get(name))
        there = self.found().get(name)
        is_replaced = there is None and name in {*self._pending.replaces, *self._pending.writes}
        return is_replaced or (name in self._pending.writes and there in {one.sha256 for one in stated if one})

    def writes(self, files: Mapping[Path, str], replaces: Sequence[Path] = ()) -> None:
        """Put on record what is about to be written.

        Args:
            files: SHA-256 of each file that will be put in place at once, all of them or none after a kill.
            replaces: files that are deleted when these are in place.
        """
        self._apply()
        writes = {self._name(path): sha256 for path, sha256 in files.items()}
        names = [self._name(path) for path in replaces]
        append_audit(self._log, "write", {"writes_sha256": writes, "replaces": names})
        self._pending = _Pending({name: Stated(sha256, _now()) for name, sha256 in writes.items()}, names)

    def note_written(self, folder: Path) -> None:
        """Put on record the files of a folder that the log does not know yet."""
        self._apply()
        new = {path: self._sha256(path) for path in self._files() if folder in path.parents}
        new = {path: sha256 for path, sha256 in new.items() if self._name(path) not in self._stated}
        if new:
            self.writes(new)

    def state(self, action: str, facts: Mapping[str, object]) -> None:
        """Add a line that states the hashes of all bound files, beside other facts."""
        self._apply()
        current = self.found()
        append_audit(self._log, action, {**facts, "evidence_sha256": current})
        self._stated = {name: Stated(sha256, _now()) for name, sha256 in current.items()}

    def _fold(self, trail: AuditTrail) -> None:
        for line in trail.lines:
            if "evidence_sha256" in line.facts:
                whole = {_full_name(name): sha256 for name, sha256 in line.facts["evidence_sha256"].items()}
                self._stated = {name: Stated(sha256, line.time_utc) for name, sha256 in whole.items()}
                self._pending = None
            elif "writes_sha256" in line.facts:
                self._apply()
                writes = line.facts["writes_sha256"]
                self._pending = _Pending(
                    {name: Stated(sha256, line.time_utc) for name, sha256 in writes.items()}, line.facts["replaces"]
                )
            else:  # whoever went on had written them
                self._apply()

    def _apply(self) -> None:
        """Count what was announced as done."""
        if self._pending is not None:
            for name in self._pending.replaces:
                self._stated.pop(name, None)
            self._stated |= self._pending.writes
            self._pending = None

    def _settle(self) -> list[str] | None:
        """Bring the files to a state that the log describes; names of what was deleted; None if no kill was found."""
        removed = [path for folder in FOLDERS for path in (self._case / folder).rglob("*.tmp") if path.is_file()]
        for path in removed:
            path.unlink()
        names = [self._name(path) for path in removed]
        pending = self._pending
        if pending is None:
            return names or None
        there = {self._name(path): path for path in self._files()}
        placed = {n: s for n, s in pending.writes.items() if n in there and self._sha256(there[n]) == s.sha256}
        if len(placed) == len(pending.writes):
            left = {name: self._stated[name] for name in pending.replaces if name in there and name in self._stated}
            self._apply()
            self._stated |= left  # what they replaced repeats rows; the next scan joins them again
            if not names and not left:
                return None
        elif pending.replaces:  # what is in place holds the rows of what it replaces
            self._stated |= placed
        else:  # part of a batch is no batch
            for name in placed:
                if name not in self._stated:
                    there[name].unlink()
                    names.append(name)
        self._pending = None
        return names

    def _files(self) -> Iterator[Path]:
        for folder in FOLDERS:
            yield from sorted(path for path in (self._case / folder).rglob("*") if path.is_file())

    def _name(self, path: Path) -> str:
        return path.relative_to(self._case).as_posix()

    def _sha256(self, path: Path) -> str:
        """Of a file, read again only where its inode, size or times changed."""
        status = path.stat()
        now = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        before, sha256 = self._hashed.get(path, (None, ""))
        if before != now:
            sha256 = hash_file(path).sha256
            self._hashed[path] = now, sha256
        return sha256

    def _error(self, problem: str, differences: Sequence[Difference] = ()) -> CaseError:
        if differences and all(_may_go(each.name) for each in differences):
            remedy = f"Delete the folder {self._case / CALIBRATIONS}: what is in it is computed again."
            return CaseError(problem, remedy)
        return CaseError(
            problem,
            f"Restore the case from a copy, or run `forensic scan DIR --case {self._case} --anew`: it sets this "
            "evidence and a broken log aside, and examines every recording again.",
        )


def _may_go(name: str) -> bool:
    """Whether a bound file is one that is computed again where it is missing."""
    return name.startswith(f"{CALIBRATIONS}/")


def _full_name(name: str) -> str:
    """The first versions named tables without folder and suffix."""
    return name if "/" in name else f"evidence/{name}.parquet"


def _now() -> str:
    return datetime.now(UTC).isoformat()
