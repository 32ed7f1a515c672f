"""The audit log shows every change to it, and survives what kills leave."""

import json
import shutil
import subprocess

import pytest

from forensic.case.audit import FIRST, append_audit, read_audit, time_stamp_request


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "audit.jsonl"
    for number in range(4):
        append_audit(path, "scan", {"files": number, "name": "Zoë\n"})
    return path


def test_an_untouched_log_has_no_problem(log):
    trail = read_audit(log)
    assert (len(trail.lines), trail.problems, trail.notes) == (4, (), ())
    assert [line.number for line in trail.lines] == [1, 2, 3, 4]
    assert trail.head == trail.lines[-1].sha256


def test_no_log_has_no_lines(tmp_path):
    trail = read_audit(tmp_path / "audit.jsonl")
    assert (trail.lines, trail.problems, trail.head) == ((), (), FIRST)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_changed_line_shows_the_last_one_too(log, place):
    lines = log.read_text().splitlines()
    entry = json.loads(lines[place])
    entry["facts"]["files"] = 99
    lines[place] = json.dumps(entry, sort_keys=True)
    log.write_text("\n".join(lines) + "\n")
    assert read_audit(log).problems


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_lines_cut_from_the_end_show(log, kept):
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:kept]))
    assert "should have 4 lines" in read_audit(log).problems[0]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_removed_line_breaks_the_chain(log, place):
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:place] + lines[place + 1 :]))
    assert f"line {place + 1}" in read_audit(log).problems[0]


def test_a_line_that_is_no_json_breaks_the_chain(log):
    log.write_text(log.read_text() + "scribble\n")
    assert "line 5" in read_audit(log).problems[0]


def test_a_deleted_log_or_head_shows(log):
    content = log.read_bytes()
    log.unlink()
    assert read_audit(log).problems
    log.write_bytes(content)
    log.with_suffix(".head").unlink()
    assert "audit.head" in read_audit(log).problems[0]


def test_every_byte_that_is_changed_shows(log):
    content = log.read_bytes()
    for place in range(0, len(content), 7):
        log.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert read_audit(log).problems, place


@pytest.mark.parametrize("left", [1, 40, -2])
def test_a_torn_line_is_kept_and_marked_by_the_next(log, left):
    """A kill while the fifth line is written leaves a part of it; the head is still that of the fourth."""
    before, head = log.read_bytes(), log.with_suffix(".head").read_bytes()
    append_audit(log, "compare", {})
    torn = log.read_bytes()[len(before) :][:left]
    log.write_bytes(before + torn)
    log.with_suffix(".head").write_bytes(head)
    assert not read_audit(log).problems
    assert "torn" in read_audit(log).notes[0]
    append_audit(log, "scan", {"files": 5})
    append_audit(log, "scan", {"files": 6})
    trail = read_audit(log)
    assert not trail.problems
    assert torn in log.read_bytes()
    assert "Line 5 was torn" in trail.notes[0]
    assert [line.number for line in trail.lines] == [1, 2, 3, 4, 6, 7]


def test_a_line_whose_end_alone_is_missing_counts(log):
    head = log.with_suffix(".head").read_bytes()
    append_audit(log, "compare", {})
    log.write_bytes(log.read_bytes()[:-1])
    log.with_suffix(".head").write_bytes(head)
    append_audit(log, "scan", {})
    trail = read_audit(log)
    assert not trail.problems
    assert [line.action for line in trail.lines[-2:]] == ["compare", "scan"]


def test_a_kill_before_the_head_is_written_is_no_fault(log):
    head = log.with_suffix(".head").read_bytes()
    append_audit(log, "compare", {})
    log.with_suffix(".head").write_bytes(head)
    trail = read_audit(log)
    assert not trail.problems
    assert "Line 5" in trail.notes[0]


def test_two_lines_behind_the_head_are_a_fault(log):
    head = log.with_suffix(".head").read_bytes()
    for _ in range(2):
        append_audit(log, "compare", {})
    log.with_suffix(".head").write_bytes(head)
    assert "goes on behind line 4" in read_audit(log).problems[0]


def test_a_log_of_the_first_versions_has_no_head_and_goes_on_with_one(log):
    lines, previous = [], FIRST
    for number in range(2):
        entry = {"time_utc": "2026-11-01T00:00:00+00:00", "action": "scan", "facts": {"n": number}}
        lines.append(json.dumps(entry | {"previous_sha256": previous}, sort_keys=True))
        previous = __import__("hashlib").sha256(lines[-1].encode()).hexdigest()
    log.write_text("\n".join(lines) + "\n")
    log.with_suffix(".head").unlink()
    assert not read_audit(log).problems
    append_audit(log, "scan", {})
    assert not read_audit(log).problems
    log.write_text("\n".join(lines) + "\n")
    assert read_audit(log).problems


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is the reference that reads the request")
def test_a_time_stamp_request_is_one_that_openssl_reads(log, tmp_path):
    head = read_audit(log).head
    (tmp_path / "head.tsq").write_bytes(time_stamp_request(head))
    read = ["openssl", "ts", "-query", "-in", tmp_path / "head.tsq", "-text"]
    text = subprocess.run(read, check=True, capture_output=True, text=True).stdout
    assert "Hash Algorithm: sha256" in text
    assert "Certificate required: yes" in text
    shown = "".join(line.partition(" - ")[2][:49].replace("-", " ") for line in text.splitlines() if " - " in line)
    assert "".join(shown.split()) == head
