"""Nested records as one file, with their tables and arrays, so that they can be read back as they were.

The file is a zip that any program opens: ``record.json`` holds the values, ``tables/N.parquet`` the polars frames and
``arrays/N.npy`` the numpy arrays that it refers to. Nothing in it is executed when it is read. A field that was added
to a record later takes its default, so that files of earlier versions can be read as long as new fields have one.
"""

import io
import json
import math
import types
import typing
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
import polars as pl

from forensic.storage.atomic import written_whole
from forensic.storage.toml import Blame

Record = TypeVar("Record")

_RECORD = "record.json"
_DATED = (1980, 1, 1, 0, 0, 0)  # the same records give the same bytes
_UNIONS = (typing.Union, types.UnionType)


def write_archive(path: Path, record: object) -> None:
    """Write a record as a file, whole or not at all; arguments and errors as of ``packed``."""
    content = packed(record)
    with written_whole(path) as file:
        file.write(content)


def packed(record: object) -> bytes:
    """The bytes of the archive of a record; the same record gives the same bytes.

    Args:
        record: a data class of strings, numbers, dates, enumerations, tuples, mappings with such keys and values, numpy
            arrays, polars frames, and data classes of them.

    Raises:
        TypeError: if a value is of another kind, which is a defect.
    """
    parts: dict[str, bytes] = {}
    content = json.dumps(_plain(record, parts), separators=(",", ":"), allow_nan=False)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, part in ({_RECORD: content.encode()} | parts).items():
            entry = zipfile.ZipInfo(name, _DATED)  # of measured numbers, compression gains a twentieth
            entry.compress_type = zipfile.ZIP_DEFLATED if name == _RECORD else zipfile.ZIP_STORED
            file.writestr(entry, part)
    return archive.getvalue()


def read_archive(source: Path | BinaryIO, kind: type[Record], blame: Blame) -> Record:
    """Read a record back.

    Args:
        source: the file.
        kind: the class of the record that was written.
        blame: how errors are raised; with a remedy.

    Raises:
        ForensicError: the error of ``blame``, if the file is missing, damaged, or holds another kind of record.
    """
    try:
        with zipfile.ZipFile(source) as file:
            found: Record = _record(json.loads(file.read(_RECORD)), kind, file.read)
            return found
    except OSError as error:
        raise blame.error(f"Cannot read {blame.what}{source}: {error.strerror or error}.", blame.remedy) from error
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
        problem = f"{blame.what}{source} is damaged, or was written by another version of the program: {error}."
        raise blame.error(problem[0].upper() + problem[1:], blame.remedy) from error


def plain(record: object) -> Any:
    """A record without tables and arrays as JSON values."""
    return _plain(record, {})


def record_of(value: Any, kind: type[Record]) -> Record:
    """What ``plain`` made of a record, as it was.

    Raises:
        ValueError, KeyError, TypeError: if it is of another kind.
    """
    parts: dict[str, bytes] = {}
    found: Record = _record(value, kind, parts.__getitem__)
    return found


def _plain(value: Any, parts: dict[str, bytes]) -> Any:  # noqa: C901, PLR0911 - one case for each kind of value
    """A value in JSON; frames and arrays go to ``parts``."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case np.generic():
            return _plain(value.item(), parts)
        case date():
            return value.isoformat()
        case Path():
            return str(value)
        case pl.DataFrame():
            return _packed(parts, "tables/{}.parquet", value.write_parquet)
        case np.ndarray():
            return _packed(parts, "arrays/{}.npy", lambda file: np.save(file, value, allow_pickle=False))
        case Mapping():
            return [[_plain(key, parts), _plain(each, parts)] for key, each in value.items()]
        case tuple() | list():
            return [_plain(each, parts) for each in value]
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} cannot be stored")
    found = {each.name: _plain(getattr(value, each.name), parts) for each in fields(value)}
    return {"": type(value).__name__, **found}


def _packed(parts: dict[str, bytes], name: str, write: Callable[[io.BytesIO], object]) -> str:
    content = io.BytesIO()
    write(content)
    name = name.format(len(parts))
    parts[name] = content.getvalue()
    return name


def _value(value: Any, kind: Any, part: Callable[[str], bytes]) -> Any:  # noqa: PLR0911
    """What ``_plain`` made of a value of this kind, as it was."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is typing.Annotated:
        return _value(value, args[0], part)
    if origin in _UNIONS:
        return None if value is None else _value(value, _chosen(value, args), part)
    if origin is np.ndarray or kind is np.ndarray:
        return np.load(io.BytesIO(part(value)), allow_pickle=False)
    if kind is pl.DataFrame:
        return pl.read_parquet(io.BytesIO(part(value)))
    if is_dataclass(kind):
        return _record(value, kind, part)
    if origin is tuple:
        of_each = [args[0]] * len(value) if args[-1] is Ellipsis else args
        return tuple(_value(each, of, part) for each, of in zip(value, of_each, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_value(key, args[0], part): _value(each, args[1], part) for key, each in value}
    if origin is typing.Literal or kind is Any:
        return value
    if kind in (date, datetime):
        return kind.fromisoformat(value)
    return kind(value)  # numbers, texts, paths, enumerations


def _chosen(value: Any, kinds: tuple[Any, ...]) -> Any:
    """The member of a union that a value is of: a record says its class; other unions have one member besides None."""
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    if isinstance(value, dict):
        kinds = tuple(kind for kind in kinds if getattr(kind, "__name__", "") == value[""])
        if not kinds:
            raise ValueError(f"{value['']} has no place there")
    return kinds[0]


def _record(value: Any, kind: Any, part: Callable[[str], bytes]) -> Any:
    if value[""] != kind.__name__:
        raise ValueError(f"it holds {value['']}, not {kind.__name__}")
    hints = _hints(kind)
    missing = [
        each.name
        for each in fields(kind)
        if each.name not in value and each.default is MISSING and each.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"{kind.__name__} lacks {', '.join(missing)}")
    return kind(**{name: _value(value[name], hint, part) for name, hint in hints.items() if name in value})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a record's own fields."""
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: hints[each.name] for each in fields(kind) if each.init}
