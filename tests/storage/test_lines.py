"""Values by key in a file that grows: what is kept comes back, and a torn line costs only itself."""

import pytest

from forensic.storage.lines import KeyedLines


def test_what_was_kept_is_found_again(tmp_path):
    path = tmp_path / "kept.jsonl"
    KeyedLines(path).add({"a": [1.5, None], "b": "ä\n"})
    KeyedLines(path).add({"a": "newer"})
    found = KeyedLines(path)
    assert (found["a"], found["b"]) == ("newer", "ä\n")
    assert "c" not in found


@pytest.mark.parametrize("left", range(1, 20))
def test_a_line_that_a_kill_tore_costs_only_itself(tmp_path, left):
    path = tmp_path / "kept.jsonl"
    KeyedLines(path).add({"a": 1})
    whole = path.read_bytes()
    KeyedLines(path).add({"b": 2})
    path.write_bytes(whole + path.read_bytes()[len(whole) :][:left])
    KeyedLines(path).add({"c": 3})
    found = KeyedLines(path)
    assert (found["a"], found["c"]) == (1, 3)


def test_lines_of_somebody_else_are_passed_over(tmp_path):
    path = tmp_path / "kept.jsonl"
    path.write_text('[1]\n\n{"key": 1}\nnothing\n\xff\n')
    KeyedLines(path).add({"a": 1})
    assert KeyedLines(path)["a"] == 1
