"""TOML files as typed records, in and out.

A record is a frozen data class. What a field may hold is declared beside it, by its type and msgspec's ``Meta``::

    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5

msgspec checks each value (types strictly: ``"0.5"`` and ``true`` are no numbers; NaN is in no range). The walk over
tables is done here, since msgspec passes over unknown keys of data classes, and its errors do not list the keys and
values that are allowed. TOML has no null: a key that is missing is None where the type of its field admits that, and
None is not written.
"""

import hashlib
import json
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from forensic.errors import ForensicError
from forensic.storage.atomic import written_whole

Record = TypeVar("Record")

Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max, description="a finite number")]
"""A number that is neither infinite nor NaN."""

_LONGEST = 60  # of a wrong value that is shown


@dataclass(frozen=True, slots=True)
class Blame:
    """How the errors about a file are raised.

    Attributes:
        error: their class.
        what: what the file is, before its path, with a space at the end ("the envelope "); may be empty.
        remedy: what to do about any fault, for a file that a program wrote; empty for a file that a person edits, whose
            remedy says how to correct the fault.
    """

    error: type[ForensicError]
    what: str = ""
    remedy: str = ""


def read(path: Path, kind: type[Record], blame: Blame) -> Record:
    """A file as a record.

    Args:
        path: the file.
        kind: a data class, or a dictionary type, whose keys are then free.
        blame: how errors are raised.

    Raises:
        ForensicError: the error of ``blame``, if the file cannot be read, is no TOML, has an unknown key, lacks one, or
            has a value that its field does not allow.
    """
    return read_hashed(path, kind, blame)[0]


def read_hashed(path: Path, kind: type[Record], blame: Blame) -> tuple[Record, str]:
    """The same, and the SHA-256 of the file's bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = f"Cannot read {blame.what}{path}: {error.strerror}."
        raise blame.error(problem, blame.remedy or "Check the path.") from error
    return parse(content, kind, str(path), blame), hashlib.sha256(content).hexdigest()


def parse(content: bytes, kind: type[Record], origin: str, blame: Blame) -> Record:
    """The bytes of a file as a record.

    Args:
        content: TOML in UTF-8; a byte-order mark, which some editors write, is passed over.
        kind: as in ``read``, like ``blame``.
        origin: what an error calls the file.
        blame: how errors are raised.

    Raises:
        ForensicError: as in ``read``.
    """
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise blame.error(f"{origin} is not UTF-8 text.", blame.remedy or "Save it with the encoding UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise blame.error(
            f"{origin} is not valid TOML: {error}.",
            blame.remedy
            or "Correct that line; text stands between quotation marks, and a backslash inside it is written twice.",
        ) from error
    return convert(table, kind, origin, blame)


def convert(table: object, kind: type[Record], origin: str, blame: Blame, name: str = "") -> Record:
    """A parsed table, which may be one of several in the file, then ``name``, as a record; the rest as in ``parse``."""
    try:
        return _value(table, kind, name)  # type: ignore[no-any-return]
    except _FieldError as fault:
        if blame.remedy:
            problem = f"{blame.what}{origin} is damaged: {fault.problem}."
            raise blame.error(problem[0].upper() + problem[1:], blame.remedy) from fault
        raise blame.error(f"{origin}: {fault.problem}.", fault.remedy) from fault


def check(value: object, kind: Any, name: str, error: type[ForensicError]) -> None:
    """See that a value, for example of an option, is one that a field of this type may hold.

    Args:
        value: given.
        kind: the annotation of the field.
        name: of the value, for the error.
        error: its class.

    Raises:
        ForensicError: the given error, if it is none.
    """
    try:
        _value(value, kind, name)
    except _FieldError as fault:
        raise error(f"{fault.problem[0].upper()}{fault.problem[1:]}.", fault.remedy) from fault


def text(record: object) -> str:
    """TOML of a data class or dictionary of strings, numbers, dates, lists and tables of them; None is left out."""
    import tomli_w

    return tomli_w.dumps(_without_none(asdict(record) if is_dataclass(record) else record))  # type: ignore[arg-type]


def write(path: Path, record: object) -> None:
    """Write ``text`` of a record, whole or not at all."""
    with written_whole(path) as file:
        file.write(text(record).encode())


class _FieldError(Exception):
    """What is wrong in a table, and what it takes instead."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem, self.remedy = problem, remedy


def _value(value: Any, kind: Any, name: str) -> Any:
    """The value as one of ``kind``, records within it built; ``name`` is its path of keys."""
    if is_dataclass(kind):
        return _record(value, kind, name)
    items, remedy = _items(kind), ""
    if is_dataclass(items):
        remedy = f"Write one table or more, each headed [[{name}]]."
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise _FieldError(f"{name} = {_shown(value)} is not allowed", remedy)
        value = [_record(item, items, f"{name}[{number}]") for number, item in enumerate(value, 1)]
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        shown = "is empty" if value == [] else f"= {_shown(value)} is not allowed"
        raise _FieldError(f"{name} {shown}", remedy or f"Use {allowed(kind)}.") from error


def _record(table: Any, kind: Any, name: str) -> Any:
    if not isinstance(table, Mapping):
        raise _FieldError(f"{name} = {_shown(table)} is not allowed", f"Write a table, headed [{name}].")
    types = get_type_hints(kind, include_extras=True)
    before = f"{name}." if name else ""
    if unknown := [key for key in table if key not in types]:
        raise _FieldError(f"the key {before}{unknown[0]} is unknown", f"Use {_either(list(types))}.")
    missing = [
        field.name
        for field in fields(kind)
        if field.name not in table and field.default is field.default_factory is MISSING
    ]
    nothing = [key for key in missing if type(None) in get_args(types[key])]
    for key in missing:
        if key not in nothing:
            raise _FieldError(f"{before}{key} is missing", f"Add {before}{key}: {allowed(types[key])}.")
    values = {key: _value(value, types[key], f"{before}{key}") for key, value in table.items()}
    return kind(**values, **dict.fromkeys(nothing))


def _items(kind: Any) -> Any:
    """What the items of a list are, where ``kind`` is one, perhaps annotated."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return get_args(kind)[0] if get_origin(kind) is tuple else None


def allowed(kind: Any) -> str:
    """What a field of some type takes, in words: "a number from 0 to 1"."""
    from msgspec import inspect

    return _in_words(inspect.type_info(kind), inspect)


def _in_words(info: Any, inspect: Any) -> str:
    match info:
        case inspect.Metadata():
            words = (info.extra_json_schema or {}).get("description") or _in_words(info.type, inspect)
        case inspect.IntType():
            words = f"a whole number{_range(info)}"
        case inspect.FloatType():
            words = f"a number{_range(info)}"
        case inspect.LiteralType():
            words = _either([json.dumps(value) for value in info.values])
        case inspect.VarTupleType() | inspect.ListType():
            least = f"a list of {info.min_length} or more" if info.min_length else "a list"
            words = f"{least}, each of them {_in_words(info.item_type, inspect)}"
        case inspect.UnionType():
            kinds = [kind for kind in info.types if not isinstance(kind, inspect.NoneType)]
            words = _either([_in_words(kind, inspect) for kind in kinds])
        case _:
            words = _WORDS.get(type(info).__name__, "a table")
    return str(words)


_WORDS = {"BoolType": "true or false", "StrType": "text in quotes", "DateType": "a date such as 2026-03-31"}


def _range(info: Any) -> str:
    if info.ge is not None and info.le is not None:
        return f" from {info.ge} to {info.le}"
    limits = [("of {} or more", info.ge), ("above {}", info.gt), ("at most {}", info.le), ("below {}", info.lt)]
    stated = " and ".join(words.format(limit) for words, limit in limits if limit is not None)
    return f" {stated}" if stated else ""


def _either(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def _shown(value: Any) -> str:
    """A wrong value as it is in the file, cut where it is long."""
    return textwrap.shorten(json.dumps(value, ensure_ascii=False, default=str), _LONGEST, placeholder=" ...")


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value
