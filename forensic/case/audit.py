"""The audit log: one JSON object per line, each with the hash of the line before, so that any change shows.

Beside the log, ``audit.head`` holds the number of its lines and the hash of the last one, so that lines cut from its
end show as well. Whoever may write the case can forge both: reports, results and seals hold the head of their time, and
a time stamp of it (``time_stamp_request``) is out of everybody's reach.

A line that a kill or a full disk tore is kept as it is; the next line says what is left of it.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensic.storage.atomic import written_whole

SCHEMA_VERSION = 1
"""Of a line; the first versions wrote none."""

FIRST = "0" * 64
"""What the first line holds for the hash of the line before."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One whole line of a log.

    Attributes:
        number: of the line in the file, from 1.
        sha256: of its bytes.
        time_utc: when it was written, in ISO 8601.
        action: what was done.
        facts: paths, hashes, versions and counts.
        states_number: whether the line says its number; the first versions wrote none, and no ``audit.head``.
    """

    number: int
    sha256: str
    time_utc: str
    action: str
    facts: Mapping[str, Any]
    states_number: bool


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """A log as it was read.

    Attributes:
        lines: the whole lines.
        problems: where the chain is broken, a sentence each.
        notes: torn lines, and what else is no fault, a sentence each.
    """

    lines: tuple[AuditLine, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def head(self) -> str:
        """SHA-256 of the last whole line; 64 zeros where there is none."""
        return self.lines[-1].sha256 if self.lines else FIRST


def to_the_second(time_utc: str) -> str:
    """The time of a line as people read it.

    >>> to_the_second("2026-11-28T19:09:01.534139+00:00")
    '2026-11-28 19:09:01 UTC'
    """
    return f"{time_utc[:19].replace('T', ' ')} UTC"


def append_audit(log: Path, action: str, facts: Mapping[str, Any]) -> str:
    """Add a line; it is on the disk when this returns.

    Args:
        log: the file; made if it is missing.
        action: what was done.
        facts: paths, hashes, versions and counts, as JSON values.

    Returns:
        The SHA-256 of the new line.

    Raises:
        OSError: if the disk refuses; it names the file.
    """
    end = _end_of(log)
    number = end.lines + 1 + bool(end.torn)
    entry: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "time_utc": datetime.now(UTC).isoformat(),
        "action": action,
        "facts": facts,
        "line": number,
        "previous_sha256": end.sha256,
        "torn_sha256": hashlib.sha256(end.torn).hexdigest() if end.torn else None,
    }
    line = json.dumps(entry, ensure_ascii=True, sort_keys=True).encode()
    try:
        with log.open("ab") as file:
            file.write(b"\n" * end.is_open + line + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename = str(log)
        raise
    sha256 = hashlib.sha256(line).hexdigest()
    with written_whole(_head_file(log)) as file:
        file.write(json.dumps({"lines": number, "sha256": sha256}).encode() + b"\n")
    return sha256


def read_audit(log: Path) -> AuditTrail:
    """A log, and whether its chain holds.

    Args:
        log: the file; a missing one has no lines, which is a problem if its head says otherwise.

    Raises:
        OSError: if it is there and cannot be read.
    """
    content = log.read_bytes() if log.exists() else b""
    lines: list[AuditLine] = []
    problems, notes = [], []
    torn = b""
    for number, raw in enumerate(content.removesuffix(b"\n").split(b"\n") if content else [], 1):
        entry = _entry(raw)
        if entry is None:
            problems += [_broken(number - 1)] if torn else []
            torn = raw
            continue
        sha256 = hashlib.sha256(raw).hexdigest()
        line = AuditLine(number, sha256, entry["time_utc"], entry["action"], entry["facts"], "line" in entry)
        states_torn = entry.get("torn_sha256") == (hashlib.sha256(torn).hexdigest() if torn else None)
        follows = entry["previous_sha256"] == (lines[-1].sha256 if lines else FIRST)
        if not (states_torn and follows and entry.get("line", number) == number):
            problems.append(_broken(number))
        elif torn:
            notes.append(f"Line {number - 1} was torn when its command was killed; line {number} says so.")
        lines.append(line)
        torn = b""
    if torn and content.endswith(b"\n"):
        problems.append(_broken(content.count(b"\n")))
    elif torn:
        number = content.count(b"\n") + 1
        notes.append(f"Line {number} was torn when its command was killed; the next line will say so.")
    problem, note = _against_head(log, lines)
    return AuditTrail(tuple(lines), (*problems, *filter(None, [problem])), (*notes, *filter(None, [note])))


def time_stamp_request(head: str) -> bytes:
    """A request for a time stamp of a log's head, to take to a stamping service (RFC 3161, DER).

    It asks for a stamp with the service's certificate, and has no nonce, so that one head gives one request.

    Args:
        head: SHA-256 in hexadecimal.
    """
    algorithm = bytes.fromhex("300d06096086480165030402010500")  # SHA-256, without parameters
    imprint = algorithm + b"\x04\x20" + bytes.fromhex(head)
    body = b"\x02\x01\x01" + b"\x30" + bytes([len(imprint)]) + imprint + b"\x01\x01\xff"
    return b"\x30" + bytes([len(body)]) + body


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a log.

    Attributes:
        lines: how many there are, without a torn one behind them.
        sha256: of the last whole one.
        torn: what a kill left of the line behind them.
        is_open: whether the last byte is no line end.
    """

    lines: int
    sha256: str
    torn: bytes
    is_open: bool


def _end_of(log: Path) -> _End:
    content = log.read_bytes() if log.exists() else b""
    *closed, rest = content.split(b"\n")
    if _entry(rest) is not None:  # all but its line end was written
        closed, torn = [*closed, rest], b""
    else:
        torn = rest
    last = next((raw for raw in reversed(closed) if _entry(raw) is not None), None)
    return _End(len(closed), FIRST if last is None else hashlib.sha256(last).hexdigest(), torn, bool(rest))


def _against_head(log: Path, lines: Sequence[AuditLine]) -> tuple[str, str]:
    """What is wrong with the end of a log, and what is worth a note; empty texts where nothing is."""
    try:
        stated = json.loads(_head_file(log).read_bytes())
        number, sha256 = int(stated["lines"]), str(stated["sha256"])
    except FileNotFoundError:
        is_expected = any(line.states_number for line in lines)
        return (f"{_head_file(log).name}, which says where the log ends, is missing." if is_expected else "", "")
    except (ValueError, KeyError, TypeError):
        return f"{_head_file(log).name}, which says where the log ends, was changed.", ""
    before = [line for line in lines if line.number <= number]
    if not before or (before[-1].number, before[-1].sha256) != (number, sha256):
        there = lines[-1].number if lines else 0
        return (
            f"The log should have {number} lines or more; it ends with line {there}, or line {number} was changed.",
            "",
        )
    if len(lines) > len(before) + 1:
        return f"The log goes on behind line {number}, where {_head_file(log).name} says it ends.", ""
    return "", f"Line {lines[-1].number} was written as its command was killed." if len(lines) > len(before) else ""


def _head_file(log: Path) -> Path:
    return log.with_suffix(".head")


def _broken(number: int) -> str:
    return f"The chain is broken at line {number}: it, or the line before, was changed, removed or inserted."


def _entry(raw: bytes) -> dict[str, Any] | None:
    """The object of a whole line; None for what is none."""
    try:
        entry = json.loads(raw)
        is_whole = isinstance(entry["facts"], dict) and all(
            isinstance(entry[name], str) for name in ("time_utc", "action", "previous_sha256")
        )
    except (ValueError, KeyError, TypeError):
        return None
    return entry if is_whole else None
