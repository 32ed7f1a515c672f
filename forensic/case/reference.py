"""The reference set: suspects and their known recordings, from a folder or a table."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forensic.case.discovery import discover, is_document, is_litter
from forensic.errors import ReferenceSetError
from forensic.storage.table_file import SUFFIXES, TableFile, file_identity, plain_name, read_table

_NAMED = 5
_LAYOUT = (
    "Give a folder with a folder of recordings for each suspect, or with one recording each, "
    "or a CSV file with the columns path and suspect."
)
_WORDS_OF_SESSIONS = (
    "session|sitting|call|phone|telephone|mobile|interview|conversation|recording|audio|video|sound|voice|message|"
    "voicemail|day|week|month|visit|tape|side|disc|disk|cd|dvd|usb|track|take|part|clip|file|channel|original|copy|"
    "export|exhibit|item|evidence|wav|mp3|opus|whatsapp|known|reference|sample|monday|tuesday|wednesday|thursday|"
    "friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december"
)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A suspect and the files that are known to hold the suspect's voice.

    Attributes:
        name: in one spelling of Unicode.
        paths: each file once; none where a suspect's folder is empty.
        sessions: of each file, where the manifest names it; empty text where it does not. No entry at all without one.
    """

    name: str
    paths: tuple[Path, ...]
    sessions: tuple[str, ...] = ()


def read_reference_set(path: Path) -> tuple[Suspect, ...]:
    """The suspects of a reference set.

    Args:
        path: a folder in which each folder is a suspect and each loose file is one, or a table with the columns
            ``path`` (relative to the table; a folder stands for all recordings in it) and ``suspect``, perhaps
            ``session``: the files of one suspect and session were recorded at one sitting or in one call. Documents and
            what operating systems leave in folders are no suspects.

    Returns:
        Suspects in the order of their names.

    Raises:
        ReferenceSetError: if there is no suspect, one file or name stands for two, a suspect's folder seems to hold the
            folders of several people, or the table cannot be used.
    """
    if path.is_dir():
        suspects = _from_folder(path)
    elif path.is_file() and path.suffix.lower() in SUFFIXES:
        suspects = _from_table(path)
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
        if is_litter(entry.name) or entry.name.startswith("."):
            continue
        if entry.is_dir():
            files = _recordings_in(entry)
            if files or not any(entry.iterdir()):
                _check_is_one_person(entry, files, root)
                suspects.append(Suspect(plain_name(entry.name), files))
        elif not is_document(entry):
            loose.append(entry)
    taken = Counter([suspect.name for suspect in suspects] + [plain_name(path.stem) for path in loose])
    suspects += [
        Suspect(plain_name(path.stem if taken[plain_name(path.stem)] == 1 else path.name), (path,)) for path in loose
    ]
    _check_names(suspects, root)
    _check_owners(suspects)
    return suspects


def _recordings_in(folder: Path) -> tuple[Path, ...]:
    """Whatever is no document in a suspect's folder.

    Raises:
        ReferenceSetError: if a part of the folder cannot be read.
    """
    found = discover([folder])
    for obstacle in found.problems:
        raise ReferenceSetError(f"{obstacle.path}, of a suspect: {obstacle.problem}", obstacle.remedy)
    return tuple(file for file in found.files if not is_document(file))


def _check_is_one_person(folder: Path, files: Sequence[Path], root: Path) -> None:
    """Refuse a suspect's folder that holds folders of recordings side by side whose names are no sessions'."""
    below: dict[Path, set[str]] = {}
    for file in files:
        child = file.parent
        while child != folder:
            below.setdefault(child.parent, set()).add(child.name)
            child = child.parent
    of_session = re.compile(  # "2024-03-01", "call 2", "Anna, phone", but not "s01" or "bert"
        rf"({re.escape(folder.name)}|{_WORDS_OF_SESSIONS}|s\b|[\W_\d])+", re.IGNORECASE
    )
    for parent, names in below.items():
        if len(names) > 1 and not all(of_session.fullmatch(name) for name in names):
            raise ReferenceSetError(
                f"{parent}, of the suspect {folder.name}, holds several folders with recordings, "
                f"{', '.join(sorted(names)[:_NAMED])}, which may be of several people.",
                f"Give each person a folder directly in {root}. If all are of {folder.name}, name them session 1 and "
                "so on, or list the recordings in a CSV file with the columns path, suspect and session.",
            )


def _check_names(suspects: Sequence[Suspect], root: Path) -> None:
    first: dict[str, Suspect] = {}
    for suspect in suspects:
        other = first.setdefault(suspect.name.casefold(), suspect)
        if other is not suspect:
            raise ReferenceSetError(
                f"Two suspects in {root} have names that differ in capital letters or in the form of accents at most: "
                f"{other.name} and {suspect.name}.",
                "Put one person's recordings into one folder, and give two people two names.",
            )


def _check_owners(suspects: Sequence[Suspect]) -> None:
    owners: dict[object, tuple[str, Path]] = {}
    for suspect in suspects:
        for path in suspect.paths:
            owner, other = owners.setdefault(file_identity(path), (suspect.name, path))
            if owner != suspect.name:
                raise ReferenceSetError(
                    f"One file stands for two suspects, {owner} and {suspect.name}: {other} and {path}.",
                    "Give it one suspect.",
                )


def _from_table(path: Path) -> list[Suspect]:
    table = read_table(path, ("path", "suspect"), ("session",), ReferenceSetError)
    names, sessions = table.names("suspect"), table.names("session")
    table.refuse(
        "the path or the suspect is missing",
        (not text or not name for text, name in zip(table.column("path"), names, strict=True)),
        "Complete the line.",
    )
    found = table.paths()
    table.refuse_two_owners(found, names, "suspects")
    table.refuse(
        "there is no such file",
        (not each.exists() for each in found),
        f"Let paths start from {path.parent}, or be absolute.",
    )
    files: dict[str, dict[object, tuple[Path, str]]] = {}
    for index, (entry, name) in enumerate(zip(found, names, strict=True)):
        for file in _files_of(entry, table, index):
            session = sessions[index]
            known, earlier = files.setdefault(name, {}).setdefault(file_identity(file), (file, session))
            if session != earlier:
                raise ReferenceSetError(
                    f"Line {table.lines[index]} of {path} gives {known} another session, {session!r}, than a line "
                    f"above, {earlier!r}.",
                    "Give it one session.",
                )
    suspects = [
        Suspect(name, tuple(file for file, _ in own.values()), tuple(session for _, session in own.values()))
        for name, own in files.items()
    ]
    _check_owners(suspects)
    return suspects


def _files_of(entry: Path, table: TableFile, index: int) -> tuple[Path, ...]:
    """The file that a line names, or all recordings in the folder that it names."""
    if not entry.is_dir():
        return (entry,)
    files = _recordings_in(entry)
    if not files:
        raise ReferenceSetError(
            f"Line {table.lines[index]} of {table.path} names the folder {entry}, which holds no recording.",
            "Name a recording, or a folder with recordings.",
        )
    return files
