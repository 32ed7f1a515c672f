"""The reference set: suspects and their known recordings, from a folder or a manifest."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from forensic.case.discovery import discover
from forensic.errors import ReferenceSetError

_LAYOUT = (
    "Give a folder with a folder of recordings for each suspect, or with one recording each, "
    "or a CSV file with the columns path and suspect."
)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A suspect and the files that are known to hold the suspect's voice.

    Attributes:
        sessions: of each file, where the manifest names it; empty text where it does not. No entry at all without one.
    """

    name: str
    paths: tuple[Path, ...]
    sessions: tuple[str, ...] = ()


def read_reference_set(path: Path) -> tuple[Suspect, ...]:
    """The suspects of a reference set.

    Args:
        path: a folder in which each folder is a suspect and each loose file is one, or a CSV file with the columns
            ``path`` (relative to the file) and ``suspect``, perhaps ``session``: the files of one suspect and session
            were recorded at one sitting or in one call.

    Returns:
        Suspects in the order of their names.

    Raises:
        ReferenceSetError: if there is no suspect, two have one name, or the CSV file cannot be used.
    """
    if path.is_dir():
        suspects = _from_folder(path)
    elif path.is_file() and path.suffix.lower() == ".csv":
        suspects = _from_manifest(path)
    elif path.exists():
        raise ReferenceSetError(f"The reference set {path} is neither a folder nor a CSV file.", _LAYOUT)
    else:
        raise ReferenceSetError(f"The reference set {path} does not exist.", f"Check --ref. {_LAYOUT}")
    if not suspects:
        raise ReferenceSetError(f"The reference set {path} is empty.", _LAYOUT)
    return tuple(sorted(suspects, key=lambda suspect: suspect.name))


def _from_folder(root: Path) -> list[Suspect]:
    suspects = []
    loose = []
    for entry in sorted(root.iterdir()):
        if entry.is_dir():
            files = tuple(discover([entry], (), ()).files)
            if files:
                suspects.append(Suspect(entry.name, files))
        elif entry.is_file() and not entry.name.startswith("."):
            loose.append(entry)
    taken = Counter([suspect.name for suspect in suspects] + [path.stem for path in loose])
    return suspects + [Suspect(path.stem if taken[path.stem] == 1 else path.name, (path,)) for path in loose]


def _from_manifest(path: Path) -> list[Suspect]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReferenceSetError(f"The manifest {path} cannot be read: {error}.", "Save it as CSV in UTF-8.") from error
    if rows and not {"path", "suspect"} <= rows[0].keys():
        raise ReferenceSetError(
            f"The manifest {path} lacks the columns path and suspect.", "Name them in its first line."
        )
    files: dict[str, list[Path]] = {}
    sessions: dict[str, list[str]] = {}
    for number, row in enumerate(rows, 2):
        if not (row["path"] or "").strip() or not (row["suspect"] or "").strip():
            raise ReferenceSetError(f"Line {number} of {path} lacks a path or a suspect.", "Complete the line.")
        files.setdefault(row["suspect"].strip(), []).append(path.parent / row["path"].strip())
        sessions.setdefault(row["suspect"].strip(), []).append((row.get("session") or "").strip())
    _check_owners(files.items(), path)
    return [Suspect(name, tuple(paths), tuple(sessions[name])) for name, paths in files.items()]


def _check_owners(files: Iterable[tuple[str, list[Path]]], manifest: Path) -> None:
    owners: dict[Path, str] = {}
    for name, paths in files:
        for path in paths:
            if owners.setdefault(path, name) != name:
                raise ReferenceSetError(
                    f"{path} stands for two suspects in {manifest}, {owners[path]} and {name}.",
                    "Give it one suspect.",
                )
