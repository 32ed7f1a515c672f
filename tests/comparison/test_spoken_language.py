"""A warning where the two sides of a comparison are in different languages, and only there."""

import numpy as np
import polars as pl
import pytest

from forensic.case.store import SCHEMAS, TURN_KEY
from forensic.comparison.sides import Side
from forensic.comparison.spoken_language import language_differences
from forensic.examination.language import language_row
from forensic.records import Candidate, Recognition
from forensic.report.shared.suspicions import languages_in_words


def language_warnings(questioned, known, table):
    """The sentences of a report."""
    return languages_in_words(language_differences(questioned, known, table))


def _side(name, sha256, channel=0):
    return Side(name, (sha256,), channel, np.ones(3, np.float32), None, "")


def _table(*rows):
    """Rows of sha256, channel, language."""
    key = dict.fromkeys(TURN_KEY, "") | {"turn": 0}
    schema = SCHEMAS["language"]
    made = []
    for sha256, channel, language in rows:
        found = Recognition("named" if language else "none of these", language, 0.9, (Candidate("de", 0.9),), 9.0)
        row = key | {"sha256": sha256, "channel": channel} | language_row(found, None)
        made.append({name: row[name] for name in schema})
    return pl.DataFrame(made, schema)


def test_a_questioned_recording_in_another_language_is_named_with_it():
    """The one in the same language is not."""
    table = _table(("k", 0, "fa"), ("q1", 0, "de"), ("q2", 0, "fa"))
    (warning,) = language_warnings([_side("one.wav", "q1"), _side("two.wav", "q2")], [_side("Adler", "k")], table)
    assert "Adler" in warning
    assert "Persian" in warning
    assert "one.wav (German)" in warning
    assert "two.wav" not in warning


def test_each_channel_has_its_own_language():
    """The other side of a call says nothing of this one."""
    table = _table(("k", 0, "fa"), ("q", 1, "de"), ("q", 2, "fa"))
    (warning,) = language_warnings([_side("c1", "q", 1), _side("c2", "q", 2)], [_side("Adler", "k")], table)
    assert "c1 channel 1 (German)" in warning
    assert "c2" not in warning


def test_a_long_path_is_shortened():
    """Folders above the last would hide what is said of the recording."""
    table = _table(("k", 0, "fa"), ("q", 0, "de"))
    (warning,) = language_warnings([_side("/a/b/calls/one.wav", "q")], [_side("Adler", "k")], table)
    assert " calls/one.wav (German)" in warning


@pytest.mark.parametrize("known", [None, "fa"])
def test_a_language_that_was_not_named_warns_of_nothing(known):
    """On either side."""
    table = _table(("k", 0, known), ("q", 0, "de" if known is None else None))
    assert language_warnings([_side("one.wav", "q")], [_side("Adler", "k")], table) == ()


def test_many_recordings_make_one_sentence():
    """A report of a thousand of them is read by nobody."""
    table = _table(("k", 0, "fa"), *[(f"q{n}", 0, "de") for n in range(30)])
    questioned = [_side(f"n{n}.wav", f"q{n}") for n in range(30)]
    (warning,) = language_warnings(questioned, [_side("Adler", "k")], table)
    assert "and 25 more" in warning


def test_a_row_fills_every_column_but_the_key():
    """What the store expects."""
    named = Recognition("named", "en", 0.8, (Candidate("en", 0.8),), 4.0)
    assert set(language_row(named, None)) == set(SCHEMAS["language"]) - set(TURN_KEY)
