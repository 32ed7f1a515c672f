"""Folders of results that are there whole or not at all.

Results are written into a hidden folder. When they are whole, a line of the audit log states the hash of each file, and
only then does the folder get its name. What a kill left is settled by the next command that opens the case: finished if
the line was written, removed if it was not, with a line in the log either way.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from forensic.case.audit import AuditLine, AuditTrail, append_audit
from forensic.case.discovery import hash_file
from forensic.storage.atomic import sync_folder

RESULTS = ("comparisons", "links")
"""Folders of a case that hold one folder for each result."""

OUTPUTS = "outputs_sha256"
"""The key of a log line under which the hashes of a result's files are."""

_PARTIAL = ".partial"
_LOG_FILES = ("audit.jsonl", "audit.head")


@dataclass(frozen=True, slots=True)
class Draft:
    """Results on their way.

    Attributes:
        id: the name that the folder will have.
        folder: the hidden folder to write into.
        final: where it will be.
    """

    id: str
    folder: Path
    final: Path


def hidden_of(final: Path) -> Path:
    """Where the draft of results is that will be ``final``."""
    return final.with_name(f".{final.name}{_PARTIAL}")


@contextmanager
def draft(final: Path, *, numbered: bool = False) -> Iterator[Draft]:
    """A hidden folder for results; removed if the block ends with an error, or without ``finish``.

    Args:
        final: where the results will be; it may be an empty folder.
        numbered: add a number to the name if it is taken.
    """
    parent = final.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        name = final.name if number == 1 else f"{final.name}-{number}"
        hidden = hidden_of(parent / name)
        if not numbered:
            shutil.rmtree(hidden, ignore_errors=True)  # a killed command's
        if not (numbered and (parent / name).exists()) and not hidden.exists():
            break
    hidden.mkdir()
    try:
        yield Draft(name, hidden, final.with_name(name))
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def outputs_of(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a folder of results, by name."""
    return {path.name: hash_file(path).sha256 for path in sorted(folder.iterdir()) if path.is_file()}


@dataclass(frozen=True, slots=True)
class Output:
    """What a log says a file of results is.

    Attributes:
        sha256: of the file.
        time_utc: of the line that says so.
    """

    sha256: str
    time_utc: str


def stated_outputs(trail: AuditTrail) -> dict[str, dict[str, Output]]:
    """What a log says of the files of each result, by the result's folder below the case and the file's name."""
    stated: dict[str, dict[str, Output]] = {}
    for line in trail.lines:
        name = _result_name(line.facts)
        if name and OUTPUTS in line.facts:
            own = {file: Output(sha256, line.time_utc) for file, sha256 in line.facts[OUTPUTS].items()}
            stated[name] = stated.get(name, {}) | own
    return stated


ALONE: Mapping[str, str] = {"validate": "validation", "calibrate": "calibration"}
"""What an action makes whose results are in a folder of their own, with a log of its own."""


@dataclass(frozen=True, slots=True)
class Alone:
    """What the log of a folder of its own says of the results in it.

    Attributes:
        made: the line of the command that made them.
        files: every file of them and of what came later, such as a seal, by name.
    """

    made: AuditLine
    files: Mapping[str, Output]


def stated_alone(trail: AuditTrail) -> Alone | None:
    """The last results of a folder of its own; None where the log is that of a case, or of nothing."""
    made, files = None, dict[str, Output]()
    for line in trail.lines:
        if line.action in ALONE:
            made, files = line, {}
        files |= {file: Output(sha256, line.time_utc) for file, sha256 in line.facts.get(OUTPUTS, {}).items()}
    return None if made is None else Alone(made, files)


def files_alone(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a folder of its own, by name; the log goes on after all of them, and is none."""
    return {name: sha256 for name, sha256 in outputs_of(folder).items() if name not in _LOG_FILES}


def _result_name(facts: Mapping[str, object]) -> str:
    """Folder of a result below the case, empty for a line that is about none; the first versions had other keys."""
    if "link_id" in facts:
        return f"links/{facts['link_id']}"
    if "comparison_id" in facts:
        return f"comparisons/{facts['comparison_id']}"
    return f"{facts['of']}/{facts['id']}" if "of" in facts else ""


def finish(results: Draft, log: Path | None, action: str, facts: Mapping[str, Any]) -> Path:
    """Put the results on record, then give their folder its name.

    Args:
        results: written whole.
        log: audit log that takes the line; None where there is none.
        action: what was done.
        facts: of the line, which also gets the hashes of all files.

    Returns:
        The folder.
    """
    _sync(results.folder)
    if log is not None:
        append_audit(
            log,
            action,
            {**facts, "id": results.id, "of": results.final.parent.name, OUTPUTS: outputs_of(results.folder)},
        )
    results.folder.rename(results.final)
    sync_folder(results.final.absolute().parent)
    return results.final


def finish_into(results: Draft, log: Path | None, action: str, facts: Mapping[str, Any]) -> Path:
    """As ``finish``, for results that go into a folder that holds other things as well.

    Returns:
        The folder, ``results.final.parent``.
    """
    _sync(results.folder)
    if log is not None:
        append_audit(log, action, {**facts, OUTPUTS: outputs_of(results.folder)})
    return _move_up(results.folder)


def settle_results(case: Path, log: Path, trail: AuditTrail) -> None:
    """Finish or remove what killed commands left in the folders of results of a case, each with a line in the log."""
    for kind in RESULTS:
        for hidden in sorted((case / kind).glob(f".*{_PARTIAL}")):
            name = hidden.name.removeprefix(".").removesuffix(_PARTIAL)
            stated = next((line.facts[OUTPUTS] for line in trail.lines if line.facts.get("id") == name), None)
            if stated is not None and stated == outputs_of(hidden) and not (case / kind / name).exists():
                hidden.rename(case / kind / name)
                append_audit(log, "recover", {"finished": f"{kind}/{name}"})
            else:
                _remove(hidden, log, f"{kind}/{hidden.name}")
        for hidden in sorted((case / kind).glob(f"*/.*{_PARTIAL}")):  # a version of a report
            settle_results_into(hidden.parent, hidden.name.removeprefix(".").removesuffix(_PARTIAL), log, trail)


def settle_results_into(folder: Path, name: str, log: Path, trail: AuditTrail) -> None:
    """As ``settle_results``, for a draft whose files go into a folder that holds other things as well."""
    hidden = hidden_of(folder / name)
    if not hidden.exists():
        return
    stated: dict[str, str] = next((line.facts[OUTPUTS] for line in reversed(trail.lines) if OUTPUTS in line.facts), {})
    there = outputs_of(hidden)
    if stated and there.items() <= stated.items():
        _move_up(hidden)
        append_audit(log, "recover", {"finished": sorted(there)})
    else:
        _remove(hidden, log, hidden.name)


def _remove(hidden: Path, log: Path, name: str) -> None:
    files = sum(path.is_file() for path in hidden.rglob("*"))
    shutil.rmtree(hidden)
    append_audit(log, "recover", {"removed": [name], "files": files})


def _move_up(hidden: Path) -> Path:
    for path in sorted(hidden.iterdir(), key=lambda path: path.suffix == ".pdf"):  # the report last
        path.rename(hidden.parent / path.name)
    hidden.rmdir()
    sync_folder(hidden.parent)
    return hidden.parent


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
