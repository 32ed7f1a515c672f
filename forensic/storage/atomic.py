"""Files that are there whole or not at all."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

Announce: TypeAlias = Callable[[Mapping[Path, str]], None]
"""Called with the SHA-256 of each file before any of them is put in place."""


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing: under a temporary name, synced, and renamed when the block ends without an error.

    Args:
        path: the file; one that is there is replaced.

    Raises:
        OSError: if the disk refuses; it names the file.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise


def place_together(files: Iterable[tuple[Path, bytes | memoryview]], announce: Announce) -> None:
    """Write several files, tell their hashes, and only then put them in place, in their order.

    Args:
        files: each with its content, taken one after the other.
        announce: called once all are on the disk under temporary names; not for no file.

    Raises:
        OSError: if the disk refuses; it names the file.
    """
    waiting: dict[Path, Path] = {}
    hashes: dict[Path, str] = {}
    try:
        for path, content in files:
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            waiting[path] = temporary
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            hashes[path] = hashlib.sha256(content).hexdigest()
        if hashes:
            announce(hashes)
        for path, temporary in waiting.items():
            temporary.rename(path)
    except BaseException as error:
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None and waiting:
            error.filename = str(next(reversed(waiting)))
        raise


@contextmanager
def changed_whole(folder: Path) -> Iterator[Path]:
    """A copy of a folder, to write into; it takes the folder's place when the block ends without an error.

    Args:
        folder: is made where it is missing; a kill leaves it as it was, and the next call removes or restores the rest.
    """
    copy, before = (folder.with_name(f".{folder.name}.{what}") for what in ("new", "old"))
    shutil.rmtree(copy, ignore_errors=True)
    if before.exists() and not folder.exists():
        before.rename(folder)
    shutil.rmtree(before, ignore_errors=True)
    if folder.exists():
        shutil.copytree(folder, copy)
    else:
        copy.mkdir(parents=True)
    try:
        yield copy
        sync_folder(copy)
        if folder.exists():
            folder.rename(before)
        copy.rename(folder)
        sync_folder(folder.parent)
        shutil.rmtree(before, ignore_errors=True)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, so that a rename outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
