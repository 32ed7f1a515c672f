"""Records are read as they were written, and whatever does not fit them is refused by its name."""

import hashlib
import math
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from forensic.errors import CaseError, ModelError
from forensic.storage import toml

CHECKOUT = Path(__file__).parents[2]
SHIPPED = sorted(
    path for folder in ("models", "templates", "examples", "benchmarks") for path in (CHECKOUT / folder).rglob("*.toml")
)


@dataclass(frozen=True, slots=True)
class Part:
    """A table within a record."""

    share: Annotated[float, Meta(ge=0, le=1)]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """One of every kind of field."""

    count: Annotated[int, Meta(ge=0, le=2**62)]
    limit: toml.Finite | None
    kind: Literal["one", "other"]
    part: Part
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]
    is_so: bool = False
    day: date | None = None
    names: tuple[str, ...] = ()
    licences: dict[str, str] = field(default_factory=dict)
    anything: dict[str, Any] = field(default_factory=dict)


BLAME = toml.Blame(CaseError)
GOOD = """
count = 3
kind = "one"
[part]
share = 0.5
[[parts]]
share = 1
"""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
parts = st.builds(Part, st.floats(0, 1), texts)
records = st.builds(
    Whole,
    count=st.integers(0, 2**62),
    limit=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    kind=st.sampled_from(["one", "other"]),
    part=parts,
    parts=st.lists(parts, min_size=1, max_size=3).map(tuple),
    is_so=st.booleans(),
    day=st.none() | st.dates(),
    names=st.lists(texts, max_size=3).map(tuple),
    licences=st.dictionaries(texts, texts, max_size=3),
    anything=st.dictionaries(
        texts,
        st.recursive(
            st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts | st.dates(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
            max_leaves=8,
        ),
        max_size=3,
    ),
)


@given(records)
def test_a_record_is_read_as_it_was_written(record):
    """Any text, number and date, in tables and lists of any depth."""
    assert toml.parse(toml.text(record).encode(), Whole, "record", BLAME) == record


def test_a_file_is_read_with_the_hash_of_its_bytes(tmp_path):
    path = tmp_path / "record.toml"
    record = Whole(1, None, "one", Part(0.0), (Part(1.0),))
    toml.write(path, record)
    assert toml.read(path, Whole, BLAME) == record
    assert toml.read_hashed(path, Whole, BLAME)[1] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [file.name for file in tmp_path.iterdir()] == ["record.toml"]  # nothing temporary stays


def _refused(text, kind=Whole, blame=BLAME):
    with pytest.raises(blame.error) as refused:
        toml.parse(text.encode() if isinstance(text, str) else text, kind, "a.toml", blame)
    return refused.value


def test_the_good_record_is_good():
    read = toml.parse(GOOD.encode(), Whole, "a.toml", BLAME)
    assert (read.limit, read.day, read.part.share, read.parts) == (None, None, 0.5, (Part(1.0),))
    assert isinstance(read.parts[0].share, float)


@pytest.mark.parametrize(
    ("old", "new", "problem", "remedy"),
    [
        ("count = 3", "count = -1", "count = -1 is not allowed", "Use a whole number from 0 to"),
        ("count = 3", "count = 3.0", "count = 3.0 is not allowed", "whole number"),
        ("count = 3", "count = true", "count = true is not allowed", "whole number"),
        ("count = 3", "cuont = 3", "the key cuont is unknown", "Use count, limit, kind, part, parts, is_so"),
        ("count = 3", "", "count is missing", "Add count: a whole number"),
        ("count = 3", "count = 3\nlimit = inf", "limit = Infinity is not allowed", "a finite number"),
        ("count = 3", "count = 3\nlimit = nan", "limit = NaN is not allowed", "a finite number"),
        ("count = 3", 'count = 3\nis_so = "yes"', 'is_so = "yes" is not allowed', "Use true or false."),
        ("count = 3", "count = 3\nday = 3", "day = 3 is not allowed", "Use a date such as 2026-03-31."),
        ("count = 3", "count = 3\nnames = 'a'", 'names = "a" is not allowed', "a list, each of them text in quotes"),
        ("count = 3", "count = 3\nnames = [1]", "names = [1] is not allowed", "a list, each of them text in quotes"),
        ("count = 3", "count = 3\nlicences = {a = 1}", 'licences = {"a": 1} is not allowed', "Use a table."),
        ('"one"', '"none"', 'kind = "none" is not allowed', 'Use "one" or "other".'),
        ("share = 0.5", "share = 1.5", "part.share = 1.5 is not allowed", "Use a number from 0 to 1."),
        ("share = 0.5", "shares = 1", "the key part.shares is unknown", "Use share or name."),
        ("share = 0.5", "", "part.share is missing", "Add part.share: a number from 0 to 1."),
        ("share = 1", "share = '1'", 'parts[1].share = "1" is not allowed', "a number from 0 to 1"),
        ("[[parts]]\nshare = 1", "", "parts is missing", "Add parts"),
        ("[part]\nshare = 0.5", "part = 3", "part = 3 is not allowed", "Write a table, headed [part]."),
        ("[[parts]]", "[parts]", "parts = ", "each headed [[parts]]"),
        (
            "[part]\nshare = 0.5\n[[parts]]\nshare = 1",
            "parts = []\n[part]\nshare = 0.5",
            "parts is empty",
            "each headed [[parts]]",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_what_does(old, new, problem, remedy):
    assert old in GOOD
    error = _refused(GOOD.replace(old, new))
    assert error.problem.startswith("a.toml: ")
    assert problem in error.problem
    assert remedy in error.remedy


def test_a_file_that_a_program_wrote_is_damaged_and_made_again():
    blame = toml.Blame(ModelError, "the envelope ", "Make it again.")
    for text in (GOOD.replace("3", "-3"), "= 3", b"\xff"):
        assert _refused(text, blame=blame).remedy == "Make it again."
    assert "The envelope a.toml is damaged: count = -3" in _refused(GOOD.replace("3", "-3"), blame=blame).problem


def test_a_long_value_is_cut():
    assert len(_refused(GOOD.replace("3", f'"{"a long value " * 50}"')).problem) < 150


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(CaseError, match="Cannot read") as refused:
        toml.read(tmp_path / "none.toml", Whole, BLAME)
    assert refused.value.remedy == "Check the path."
    assert "UTF-8" in _refused(b'count = "\xff"').remedy
    assert "not valid TOML" in _refused("count = ").problem


def test_a_byte_order_mark_does_no_harm():
    assert toml.parse(b"\xef\xbb\xbf" + GOOD.encode(), Whole, "a.toml", BLAME).count == 3


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: "/".join(path.parts[-3:]))
def test_what_is_written_of_a_shipped_file_says_the_same(path: Path):
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert tomllib.loads(toml.text(content)) == content
    assert toml.read(path, dict[str, Any], BLAME) == content


def test_infinity_and_nan_are_written_as_toml_has_them():
    read = tomllib.loads(toml.text({"high": math.inf, "none": math.nan}))
    assert read["high"] == math.inf
    assert math.isnan(read["none"])
