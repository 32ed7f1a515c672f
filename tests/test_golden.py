"""What the golden files hold, and how."""

import golden
import pytest


def test_a_missing_file_fails(monkeypatch, tmp_path):
    """It is never written unasked."""
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    with pytest.raises(AssertionError, match="rewrite-golden"):
        golden.hold("anything", {"a": 1.0}, rewrites=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"a": [1.0, 2.0001], "b": None}, "/a/1: 2.0 -> 2.0001"),
        ({"a": [1.0, None], "b": None}, "/a/1: 2.0 -> None"),
        ({"a": [1.0], "b": None}, "/a: [1.0, 2.0] -> [1.0]"),
        ({"a": [1.0, 2.0]}, "/b: gone"),
        ({"a": [1.0, 2.0], "b": None, "c": 1}, "/c: new"),
        ({"a": [1.0, 2.0], "b": False}, "/b: None -> False"),
    ],
)
def test_each_difference_is_named(found, line):
    """A number beyond rounding, another length, a key too few or too many."""
    assert golden.differences({"a": [1.0, 2.0], "b": None}, found) == [line]


def test_rounding_is_no_difference():
    """Processors add float32 up in different orders."""
    assert golden.differences({"a": 2.0, "b": 1e-9}, {"a": 2.000004, "b": 0.0}) == []
