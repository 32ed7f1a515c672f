"""Records as one file, and back as they were."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensic.errors import ReportError
from forensic.records import Vector
from forensic.storage.archive import read_archive, write_archive
from forensic.storage.toml import Blame

BLAME = Blame(ReportError, "the archive ", "Make it again.")


class Colour(StrEnum):
    """An enumeration."""

    RED = "red"


@dataclass(frozen=True)
class Circle:
    """A record."""

    radius: float


@dataclass(frozen=True)
class Square:
    """Another, for a union."""

    side: float


@dataclass(frozen=True, eq=False)
class Everything:
    """Every kind of value."""

    text: str
    number: float
    flag: bool
    day: date | None
    moment: datetime
    path: Path
    colour: Colour
    kind: Literal["a", "b"]
    shape: Circle | Square
    shapes: tuple[Circle | Square | None, ...]
    pair: tuple[int, str]
    by_name: Mapping[str, Circle]
    by_channel: Mapping[int | None, tuple[float, ...]]
    vector: Vector
    table: pl.DataFrame
    later: str = "default"
    own: dict[str, int] = field(default_factory=dict)


def _everything(**changes):
    values = {
        "text": 'a "b"\nü \udcff \u202e',
        "number": float("-inf"),
        "flag": True,
        "day": date(2026, 3, 31),
        "moment": datetime.fromisoformat("2026-03-31T14:05:12.000007+00:00"),
        "path": Path("/cases/417"),
        "colour": Colour.RED,
        "kind": "b",
        "shape": Square(2.0),
        "shapes": (Circle(1.0), None, Square(float("inf"))),
        "pair": (3, "three"),
        "by_name": {"small": Circle(0.1)},
        "by_channel": {None: (0.5,), 2: ()},
        "vector": np.array([1.0, np.inf, np.nan]),
        "table": pl.DataFrame({"a": [1, None], "b": [["x"], None]}, schema={"a": pl.Int16, "b": pl.List(pl.String)}),
    }
    return Everything(**(values | changes))


def test_everything_comes_back_as_it_was(tmp_path):
    """Every kind of value that a record may hold, with types."""
    whole = _everything()
    write_archive(tmp_path / "a.zip", whole)
    back = read_archive(tmp_path / "a.zip", Everything, BLAME)
    for name in Everything.__dataclass_fields__:
        one, other = getattr(whole, name), getattr(back, name)
        if name == "vector":
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
        elif name == "table":
            assert one.equals(other)
            assert one.schema == other.schema
        else:
            assert one == other, name
    assert type(back.shape) is Square
    assert type(back.colour) is Colour


@given(st.floats(allow_nan=False))
def test_every_number_comes_back_to_the_last_bit(tmp_path_factory, number):
    """JSON writes the shortest text that is the same number."""
    path = tmp_path_factory.getbasetemp() / "number.zip"
    write_archive(path, Circle(number))
    assert read_archive(path, Circle, BLAME).radius == number


def test_the_same_record_gives_the_same_bytes(tmp_path):
    """So that hashes can be compared."""
    for name in ("a.zip", "b.zip"):
        write_archive(tmp_path / name, _everything())
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_field_that_came_later_takes_its_default(tmp_path):
    """A file of an earlier version, without it, can be read."""
    write_archive(tmp_path / "a.zip", _everything(later="written"))
    rewritten(tmp_path / "a.zip", ',"later":"written"', "")
    assert read_archive(tmp_path / "a.zip", Everything, BLAME).later == "default"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"":"Everything"', '"":"Circle"'),
        ('"":"Square"', '"":"Triangle"'),
        ('"number":"-inf",', ""),
        ('"moment":"2026', '"moment":"x'),
        ("arrays/", "missing/"),
        ("{", ""),
    ],
)
def test_a_damaged_file_is_an_error_with_a_remedy(tmp_path, old, new):
    """Another record, a field without a default that is missing, a value of another kind, a part that is gone."""
    write_archive(tmp_path / "a.zip", _everything())
    rewritten(tmp_path / "a.zip", old, new)
    with pytest.raises(ReportError, match=r"The archive .* is damaged.* Make it again"):
        read_archive(tmp_path / "a.zip", Everything, BLAME)


def test_a_file_that_is_no_archive_or_missing_is_an_error(tmp_path):
    """Nothing is guessed."""
    (tmp_path / "a.zip").write_bytes(b"nothing")
    for name in ("a.zip", "missing.zip"):
        with pytest.raises(ReportError, match="Make it again"):
            read_archive(tmp_path / name, Everything, BLAME)


def test_what_cannot_be_stored_is_a_defect(tmp_path):
    """And leaves no file."""
    with pytest.raises(TypeError):
        write_archive(tmp_path / "a.zip", _everything(text=object()))
    assert not list(tmp_path.iterdir())


def rewritten(path, old, new):
    """The file with something else in its JSON."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    assert old.encode() in parts["record.json"]
    parts["record.json"] = parts["record.json"].replace(old.encode(), new.encode(), 1)
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
