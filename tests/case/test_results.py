"""Results are there whole or not at all, and what a kill leaves is settled with a line in the log."""

import json
import shutil

import pytest

from forensic.case.audit import append_audit, read_audit
from forensic.case.folder import open_case
from forensic.case.results import draft, finish, finish_into, outputs_of, settle_results_into


@pytest.fixture
def path(tmp_path):
    with open_case(tmp_path / "case", create=True):
        pass
    return tmp_path / "case"


def _actions(path):
    return [line.action for line in read_audit(path / "audit.jsonl").lines]


def test_results_are_hidden_until_the_log_has_them(path):
    final = path / "comparisons" / "one"
    with draft(final, numbered=True) as results:
        (results.folder / "report.pdf").write_bytes(b"%PDF")
        assert not final.exists()
        assert results.folder.name.startswith(".")
        assert finish(results, path / "audit.jsonl", "compare", {"why": "test"}) == final
    assert [entry.name for entry in (path / "comparisons").iterdir()] == ["one"]
    line = read_audit(path / "audit.jsonl").lines[-1]
    assert (line.action, line.facts["id"], line.facts["of"]) == ("compare", "one", "comparisons")
    assert line.facts["outputs_sha256"] == outputs_of(final)


def test_a_name_that_is_taken_gets_a_number(path):
    names = []
    for _ in range(3):
        with draft(path / "links" / "one", numbered=True) as results:
            names.append(finish(results, path / "audit.jsonl", "link", {}).name)
    assert names == ["one", "one-2", "one-3"]


def test_an_error_leaves_nothing(path):
    with pytest.raises(ZeroDivisionError), draft(path / "comparisons" / "one") as results:
        (results.folder / "results.json").write_text("{}")
        raise ZeroDivisionError
    assert list((path / "comparisons").iterdir()) == []


def test_what_a_kill_left_half_is_removed_with_a_line(path):
    hidden = path / "comparisons" / ".one.partial"
    hidden.mkdir()
    (hidden / "comparisons.csv").write_text("half")
    with open_case(path, create=False):
        assert list((path / "comparisons").iterdir()) == []
    line = read_audit(path / "audit.jsonl").lines[-1]
    assert (line.action, line.facts) == ("recover", {"removed": ["comparisons/.one.partial"], "files": 1})


def test_what_a_kill_left_whole_is_finished_with_a_line(path):
    hidden = path / "comparisons" / ".one.partial"
    hidden.mkdir()
    (hidden / "results.json").write_text("{}")
    facts = {"id": "one", "of": "comparisons", "outputs_sha256": outputs_of(hidden)}
    append_audit(path / "audit.jsonl", "compare", facts)
    with open_case(path, create=False):
        assert [entry.name for entry in (path / "comparisons").iterdir()] == ["one"]
    assert _actions(path) == ["compare", "recover"]


def test_what_a_kill_left_and_somebody_changed_is_removed(path):
    hidden = path / "comparisons" / ".one.partial"
    hidden.mkdir()
    (hidden / "results.json").write_text("{}")
    facts = {"id": "one", "of": "comparisons", "outputs_sha256": outputs_of(hidden)}
    append_audit(path / "audit.jsonl", "compare", facts)
    (hidden / "results.json").write_text("[]")
    with open_case(path, create=False):
        assert list((path / "comparisons").iterdir()) == []


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_results_that_replace_others_are_finished_after_a_kill(tmp_path, moved):
    log = tmp_path / "audit.jsonl"
    for content in ("old", "new"):
        with draft(tmp_path / "validation") as results:
            for name in ("lrs.csv", "report.pdf"):
                (results.folder / name).write_text(content)
            copy = shutil.copytree(results.folder, tmp_path / "copy", dirs_exist_ok=True)
            finish_into(results, log, "validate", {})
    hidden = tmp_path / ".validation.partial"
    shutil.move(copy, hidden)
    for name in ("lrs.csv", "report.pdf")[:moved]:
        (hidden / name).unlink()
    for name in ("lrs.csv", "report.pdf")[moved:]:
        (tmp_path / name).write_text("old")
    settle_results_into(tmp_path, "validation", log, read_audit(log))
    assert not hidden.exists()
    assert {(tmp_path / name).read_text() for name in ("lrs.csv", "report.pdf")} == {"new"}
    assert json.loads(log.read_text().splitlines()[-1])["action"] == "recover"
