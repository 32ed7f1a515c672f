"""Tables that people give us, read as a person would read them, or refused with the line that is wrong.

Suspects, manifests and score lists come out of spreadsheets: with commas, semicolons or tabs between the cells, with or
without a byte-order mark, with blanks around names. A cell too many or too few moves everything after it, so such a
line is never guessed at.
"""

import csv
import dataclasses
import io
import math
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from forensic.errors import ForensicError

SUFFIXES = (".csv", ".tsv", ".txt")
"""Of files that may hold a table."""

_SEPARATORS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_INVISIBLE = "\ufeff\u200b\u2060"
_LINES_NAMED = 5
_AS_CSV = 'Save it as CSV in UTF-8 (in a spreadsheet program: "CSV UTF-8").'


@dataclass(frozen=True, slots=True)
class TableFile:
    """The cells of a table, and where they stand.

    Attributes:
        path: of the file.
        columns: names of the columns; a column that was asked for has the name that was asked for.
        rows: cells by row, as many as there are columns, without blanks around them; empty rows are left out.
        lines: the line of the file in which each row starts, from 1.
        separator: of the cells.
        error: what a wrong line raises.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    separator: str
    error: type[ForensicError]

    def column(self, name: str) -> list[str]:
        """The cells of a column; empty texts where the table has no such column."""
        if name not in self.columns:
            return [""] * len(self.rows)
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def names(self, name: str) -> list[str]:
        """The cells of a column that names people or sessions: in one spelling of Unicode, with single blanks.

        Raises:
            ForensicError: if two names differ in nothing but capital letters.
        """
        found = [plain_name(cell) for cell in self.column(name)]
        first: dict[str, int] = {}
        for index, value in enumerate(found):
            earlier = first.setdefault(value.casefold(), index)
            if found[earlier] != value:
                raise self.error(
                    f"Lines {self.lines[earlier]} and {self.lines[index]} of {self.path} name the {name} "
                    f"{found[earlier]!r} and {value!r}, which differ in capital letters alone.",
                    "Write one person's name in one way, and two people's names in two.",
                )
        return found

    def paths(self, name: str = "path") -> list[Path]:
        """The files or folders of a column: relative to the table's folder, or absolute; see ``find_path``."""
        return [find_path(self.path.parent, cell) for cell in self.column(name)]

    def numbers(self, name: str) -> list[float | None]:
        """The cells of a column of numbers, perhaps infinite; None where a cell holds none.

        In a table that commas do not separate, a number may have a decimal comma.
        """
        return [_number(cell if self.separator == "," else cell.replace(",", ".", 1)) for cell in self.column(name)]

    def frame(self) -> pl.DataFrame:
        """The cells as a frame of texts, and the number of each row's line in the column ``line``."""
        columns: dict[str, list[str]] = {name: self.column(name) for name in self.columns if name != "line"}
        return pl.DataFrame(columns, dict.fromkeys(columns, pl.String)).with_columns(
            pl.Series("line", self.lines, pl.Int64)
        )

    def refuse(self, what: str, wrong: Iterable[bool], remedy: str) -> None:
        """Refuse the table where any row is wrong.

        Args:
            what: is the matter with each of these rows; a clause that follows "Line 2 of suspects.csv: ".
            wrong: whether a row is, for each of them.
            remedy: what to do.

        Raises:
            ForensicError: if one is.
        """
        lines = [line for line, is_wrong in zip(self.lines, wrong, strict=True) if is_wrong]
        if lines:
            raise self.error(f"{_where(lines)} of {self.path}: {what}.", remedy)

    def refuse_two_owners(self, paths: Sequence[Path], owners: Sequence[str], what: str) -> None:
        """Refuse a file that stands for two people, however its path is spelt.

        Args:
            paths: of each row.
            owners: the person of each row; empty where nobody is named.
            what: the people are, such as "suspects".

        Raises:
            ForensicError: if there is one.
        """
        first: dict[object, int] = {}
        for index, (path, owner) in enumerate(zip(paths, owners, strict=True)):
            if not owner:
                continue
            earlier = first.setdefault(file_identity(path), index)
            if owners[earlier] != owner:
                raise self.error(
                    f"Lines {self.lines[earlier]} and {self.lines[index]} of {self.path} give one file, "
                    f"{paths[earlier]}, to two {what}, {owners[earlier]} and {owner}.",
                    f"Give the file one of the two {what}.",
                )

    def refuse_folders(self, paths: Sequence[Path]) -> None:
        """Refuse a folder where a recording is meant.

        Raises:
            ForensicError: if there is one.
        """
        self.refuse(
            "a folder stands where a recording is meant",
            (path.is_dir() for path in paths),
            "Name each recording in a line of its own.",
        )


def read_table(path: Path, needed: Sequence[str], known: Sequence[str], error: type[ForensicError]) -> TableFile:
    """Read a table.

    The cells may be separated by commas, semicolons, tabs or vertical bars, and quoted as spreadsheets quote them; a
    first line such as ``sep=;`` names the separator. The encoding is UTF-8, or what a byte-order mark says.

    Args:
        path: of a text file with the names of the columns in its first line.
        needed: columns without which it is of no use.
        known: further columns that are looked for.
        error: what to raise.

    Raises:
        ForensicError: of that kind, if the file cannot be read or holds no row, a column is missing or there twice, or
            a line has too many or too few cells.
    """
    text = _decoded(path, error)
    skipped, separator, text = _without_separator_line(text)
    # Common Voice quotes nothing: its sentences hold quotation marks of their own.
    is_common_voice = path.suffix.lower() == ".tsv" and text.partition("\t")[0] == "client_id"
    separator = separator or _separator(text, {*needed, *known})
    rows = list(_rows(text, separator, path, skipped, error, is_quoted=not is_common_voice))
    if not rows:
        raise error(f"{path} is empty.", f"Name the columns {', '.join(needed)} in its first line.")
    line, header = rows.pop(0)
    columns = _columns(header, {*needed, *known})
    _check_columns(columns, needed, separator, path, line, error)
    if not rows:
        raise error(f"{path} holds no line below the names of its columns.", "Add one for each recording or score.")
    cells = tuple(_fitted(row, columns, separator, path, number, error) for number, row in rows)
    table = TableFile(path, columns, cells, tuple(number for number, _ in rows), separator, error)
    table.refuse(
        "a cell holds a line break",
        (any("\n" in row[columns.index(name)] for name in columns if name in {*needed, *known}) for row in cells),
        "Write each row in one line; perhaps a quotation mark is missing.",
    )
    named = [place for place, name in enumerate(columns) if name]
    if len(named) < len(columns):
        table.refuse(
            "a cell is in a column without a name",
            (any(cell for cell, name in zip(row, columns, strict=True) if not name) for row in cells),
            "Name the column in the first line, or empty the cell.",
        )
        cells = tuple(tuple(row[place] for place in named) for row in cells)
        table = dataclasses.replace(table, columns=tuple(columns[place] for place in named), rows=cells)
    return table


def plain_name(text: str) -> str:
    r"""A name in one spelling: composed characters (NFC), single blanks; bytes that are no UTF-8 as escapes.

    >>> plain_name("Bj\udcf6rn  A.")
    'Bj\\udcf6rn A.'
    """
    return " ".join(unicodedata.normalize("NFC", text).encode("utf-8", "backslashreplace").decode().split())


def find_path(folder: Path, text: str) -> Path:
    """The file or folder that a person means by a path.

    Where the path as it is written leads nowhere, backslashes are taken for slashes, and each name may be spelt in
    another normal form of Unicode or with other capital letters, if just one file fits.

    Args:
        folder: that relative paths start from.
        text: the path.

    Returns:
        A path that exists if one does; as written otherwise.
    """
    written = folder / text
    if os.path.lexists(written):
        return written
    for spelling in dict.fromkeys((text, text.replace("\\", "/"))):
        found = _spelt_otherwise(folder, Path(spelling))
        if found is not None:
            return found
    return written


def _spelt_otherwise(folder: Path, path: Path) -> Path | None:
    found = Path(path.anchor) if path.is_absolute() else folder
    for part in path.relative_to(path.anchor).parts:
        if os.path.lexists(found / part):
            found /= part
            continue
        fitting = [name for name in _names_in(found) if _key(name) == _key(part)]
        if len(fitting) != 1:
            return None
        found /= fitting[0]
    return found


def _names_in(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _key(name: str) -> str:
    return plain_name(name).casefold()


def file_identity(path: Path) -> object:
    """What is equal for two paths exactly where they lead to one file."""
    try:
        status = path.stat()
    except OSError:
        return os.path.normpath(path.absolute())
    return status.st_dev, status.st_ino


def _decoded(path: Path, error: type[ForensicError]) -> str:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror or problem}.", "Check the path.") from problem
    if content.startswith(_SPREADSHEETS):
        raise error(f"{path} is a spreadsheet or an archive, not a text file.", _AS_CSV)
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8-sig")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise error(
            f"Line {line} of {path} is not {encoding.removesuffix('-sig').upper()}: it holds the byte "
            f"0x{content[problem.start]:02X}.",
            f"{_AS_CSV} A table of Windows or an old Macintosh, with accents: "
            f"iconv --from-code WINDOWS-1252 --to-code UTF-8 '{path.name}' > new.csv",
        ) from problem
    if "\0" in text:
        raise error(f"Line {text.count(chr(10), 0, text.index(chr(0))) + 1} of {path} is no text.", _AS_CSV)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_separator_line(text: str) -> tuple[int, str | None, str]:
    """How many lines went, the separator that they name, and the text below them."""
    first, _, rest = text.partition("\n")
    named = _SEPARATOR_LINE.fullmatch(first.strip(f" {_INVISIBLE}").strip('"'))
    return (1, named[1], rest) if named else (0, None, text)


def _separator(text: str, wanted: set[str]) -> str:
    """What separates the columns: by it the first line gives the most wanted columns, then the most columns."""
    header = next((line for line in text.split("\n") if line.strip()), "")

    def found(separator: str) -> tuple[int, int]:
        names = _columns(next(csv.reader([header], delimiter=separator), []), wanted)
        return len({*names} & wanted), len(names)

    return max(_SEPARATORS, key=found)


def _rows(
    text: str, separator: str, path: Path, skipped: int, error: type[ForensicError], *, is_quoted: bool
) -> Iterator[tuple[int, list[str]]]:
    """Number of the line in which each row starts, and its cells; empty rows are passed over."""
    lines = io.StringIO(text, newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=separator, strict=True, quoting=quoting)
    line = skipped + 1
    try:
        for row in reader:
            cells = [_clean(cell) for cell in row]
            if any(cells):
                yield line, cells
            line = skipped + reader.line_num + 1
    except csv.Error as problem:
        raise error(
            f"Line {line} of {path} cannot be split into cells: {problem}.",
            'Close every quotation mark; within a quoted cell write it twice: "5"" tape".',
        ) from problem


def _clean(cell: str) -> str:
    """Without blanks around it; also without what cannot be seen."""
    return cell.strip().strip(_INVISIBLE).strip()


def _columns(header: Sequence[str], wanted: set[str]) -> tuple[str, ...]:
    """Names of columns; one that is wanted in whatever case of letters as it is wanted."""
    names = [plain_name(_clean(name)) for name in header]
    return tuple(name.casefold() if name.casefold() in wanted else name for name in names)


def _check_columns(
    columns: Sequence[str], needed: Sequence[str], separator: str, path: Path, line: int, error: type[ForensicError]
) -> None:
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice:
        raise error(f"Line {line} of {path} names the column {twice} twice.", "Remove or rename one of the two.")
    if missing := [name for name in needed if name not in columns]:
        raise error(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {' and '.join(missing)}: its first line, read "
            f"with {_NAMES.get(separator, repr(separator))} between the cells, names "
            f"{', '.join(filter(None, columns))}.",
            f"Name the columns {', '.join(needed)} in the first line.",
        )


def _fitted(
    row: Sequence[str], columns: Sequence[str], separator: str, path: Path, line: int, error: type[ForensicError]
) -> tuple[str, ...]:
    """As many cells as columns; empty ones beyond them go."""
    surplus = [cell for cell in row[len(columns) :] if cell]
    if surplus or len(row) < len(columns):
        raise error(
            f"Line {line} of {path} has {len(row)} cell{'s' if len(row) > 1 else ''}, and there are {len(columns)} "
            "columns.",
            f"Put a cell that holds {_NAMES.get(separator, 'the separator')} between quotation marks, such as "
            f'"Smith{separator} Anna".'
            if surplus
            else f"Complete the line; leave a cell empty between two {_NAMES.get(separator, 'separators')}.",
        )
    goes_on = next(
        (cell for cell in row if any(_is_row(part, columns, separator) for part in cell.split("\n")[1:])), None
    )
    if goes_on is not None:
        raise error(
            f"A cell in line {line} of {path} goes on over a line that looks like a row of its own.",
            "Close its quotation mark, or write the cell in one line.",
        )
    return tuple(row[: len(columns)])


def _is_row(text: str, columns: Sequence[str], separator: str) -> bool:
    return len(columns) > 1 and text.count(separator) >= len(columns) - 1


def _where(lines: Sequence[int]) -> str:
    named = ", ".join(map(str, lines[:_LINES_NAMED]))
    rest = f" and {len(lines) - _LINES_NAMED:,} more" if len(lines) > _LINES_NAMED else ""
    return f"Line{'s' if len(lines) > 1 else ''} {named}{rest}"
