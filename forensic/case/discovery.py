"""Which files are in the folders that a case names, and what their bytes are."""

import errno
import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensic.errors import CaseError, FileReadError
from forensic.records import SourceFile

_READ_BYTES = 1 << 20
_CASE_OUTPUT = re.compile(r"(evidence|population)(\.[0-9-]+)?|comparisons|links|turns")
CHANGED = "The file changed while it was read: its hash and its audio would be of different bytes."
WAIT_FOR_IT = "Wait until nothing writes to it any more, or copy it, then scan again."
_LITTER = re.compile(
    r"(thumbs|ehthumbs)\.db|desktop\.ini|\.ds_store|\.localized|\.directory|icon\r|__macosx|@eadir|\.spotlight-v100|"
    r"\.trashes|\.fseventsd|\.temporaryitems|\$recycle\.bin|system volume information|lost\+found|"
    r"(\._|~\$|\.~lock\.|\.trash-).*",
    re.IGNORECASE | re.DOTALL,
)
_DOCUMENT = re.compile(
    r".*\.(txt|md|rst|rtf|pdf|docx?|odt|pages|xlsx?|ods|numbers|[ct]sv|pptx?|odp|html?|xml|json|toml|ya?ml|ini|cfg|log|"
    r"jpe?g|png|gif|tiff?|bmp|heic|svg|eml|msg|lnk|url|webloc|rttm|textgrid|eaf|srt|vtt|sh|bat|sha256|md5)",
    re.IGNORECASE | re.DOTALL,
)
_DOCUMENT_NAME = re.compile(r"(read[ _-]?me|notes?|licen[cs]e|copying|contents?|index)\b[^.]*", re.IGNORECASE)
_CHECK_ACCESS = "Check that you may read it and that its disk is sound, then scan again."


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something on the way that could be neither opened nor descended into."""

    path: Path
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, as reached from the root it was found under.

    Attributes:
        files: regular files, each real file once.
        problems: folders that cannot be read, links that lead nowhere, pipes, sockets and devices.
        litter: what operating systems leave in folders (see ``is_litter``).
    """

    files: tuple[Path, ...]
    problems: tuple[Obstacle, ...]
    litter: tuple[Path, ...] = ()


def discover(roots: Sequence[Path], include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Discovery:
    """All files under some folders, in an order that depends on names alone; litter below the roots apart.

    Links are followed; a folder or file that several links reach is visited once. A case folder is not descended
    into; where it is itself a root, its evidence and comparisons are left out.

    Args:
        roots: folders, or single files.
        include: globs; where there are any, a file must fit one.
        exclude: globs; a file or folder that fits one is left out.
            A glob is compared with the name and with the path below the root, whatever the case of letters;
            ``*`` also stands for slashes.

    Raises:
        CaseError: if a root does not exist.
    """
    check_roots(roots)
    walk = _Walk(_Globs(include), _Globs(exclude))
    found = list(walk.over(roots))
    return Discovery(
        tuple(item for item in found if isinstance(item, Path)),
        tuple(item for item in found if isinstance(item, Obstacle)),
        tuple(walk.litter),
    )


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is what operating systems and office programs leave: no one's recording."""
    return _LITTER.fullmatch(name) is not None


def is_document(path: Path) -> bool:
    """Whether a file's name says that it is text, a table or a picture."""
    return bool(_DOCUMENT.fullmatch(path.name) or _DOCUMENT_NAME.fullmatch(path.name))


def check_roots(roots: Sequence[Path]) -> None:
    """See that everything that is to be walked is there.

    Raises:
        CaseError: if a root does not exist.
    """
    for root in roots:
        if not os.path.lexists(root):
            raise CaseError(f"{root} does not exist.", "Check the path; is the disk or share that holds it mounted?")


def hash_file(path: Path) -> SourceFile:
    """The identity of a file: the SHA-256 of its bytes.

    Raises:
        FileReadError: if it cannot be read to its end, is no regular file, or changes while it is read.
    """
    digest = hashlib.sha256()
    size_bytes = 0
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise FileReadError("It is a pipe, socket or device and holds no recording.", "Leave it out.")
            while part := file.read(_READ_BYTES):
                digest.update(part)
                size_bytes += len(part)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise FileReadError(f"The file cannot be read: {error.strerror or error}.", _CHECK_ACCESS) from error
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or size_bytes != after.st_size:
        raise FileReadError(CHANGED, WAIT_FOR_IT)
    return SourceFile(path, digest.hexdigest(), size_bytes, after.st_mtime_ns)


def is_unchanged(source: SourceFile) -> bool:
    """Whether a file still is as it was when it was hashed, by its size and the time of its last change."""
    try:
        now = source.path.stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (source.size_bytes, source.modified_ns or now.st_mtime_ns)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # opening a pipe would wait for whoever writes to it


class _Globs:
    """Whether a path fits any of some globs."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._patterns = [re.compile(fnmatch.translate(glob), re.IGNORECASE) for glob in globs]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def fit(self, relative: str) -> bool:
        """Whether one fits the name, or the path below the root, with or without a slash before it."""
        texts = (relative, f"/{relative}", relative.rpartition("/")[2])
        return any(pattern.match(text) for pattern in self._patterns for text in texts)


class _Walk:
    """The state of one discovery: which real folders and files were met."""

    def __init__(self, include: _Globs, exclude: _Globs) -> None:
        self._include, self._exclude = include, exclude
        self._folders: set[tuple[int, int]] = set()
        self._files: set[str] = set()
        self.litter: list[Path] = []

    def over(self, roots: Sequence[Path]) -> Iterator[Path | Obstacle]:
        for root in roots:
            waiting = [(root, "")]  # a stack: the names of a folder are pushed in reverse order
            while waiting:
                path, relative = waiting.pop()
                try:
                    mode = path.stat()
                    if stat.S_ISDIR(mode.st_mode):
                        waiting.extend(self._entries(path, relative, (mode.st_dev, mode.st_ino)))
                        continue
                except OSError as error:
                    yield Obstacle(path, *_why_not(error))
                    continue
                if self._is_wanted(path, relative or path.name):
                    yield path if stat.S_ISREG(mode.st_mode) else Obstacle(path, *_SPECIAL)

    def _entries(self, folder: Path, relative: str, identity: tuple[int, int]) -> list[tuple[Path, str]]:
        if identity in self._folders or (relative and self._exclude.fit(relative)):
            return []
        self._folders.add(identity)
        names = sorted((entry.name for entry in folder.iterdir()), key=os.fsencode, reverse=True)
        if "case.toml" in names and (folder / "evidence").is_dir():
            if relative:
                return []
            names = [name for name in names if not _CASE_OUTPUT.fullmatch(name)]
        self.litter += [folder / name for name in reversed(names) if is_litter(name)]
        names = [name for name in names if not is_litter(name)]
        return [(folder / name, f"{relative}/{name}" if relative else name) for name in names]

    def _is_wanted(self, path: Path, relative: str) -> bool:
        if self._exclude.fit(relative) or (self._include and not self._include.fit(relative)):
            return False
        real = os.path.realpath(path)
        is_new = real not in self._files
        self._files.add(real)
        return is_new


_SPECIAL = ("It is a pipe, socket or device and was not opened.", "Leave it out.")


def _why_not(error: OSError) -> tuple[str, str]:
    if error.errno in {errno.ENOENT, errno.ELOOP}:
        return "The link leads nowhere.", "Restore what it pointed to, or remove it."
    return f"It cannot be read: {error.strerror or error}.", _CHECK_ACCESS
