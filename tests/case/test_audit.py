"""The audit log shows every change to it."""

import json

import pytest

from forensic.case.audit import append_audit, verify_audit
from forensic.errors import CaseError


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "audit.jsonl"
    for number in range(4):
        append_audit(path, "scan", {"files": number, "name": "Zoë\n"})
    return path


def test_an_untouched_log_verifies(log):
    assert verify_audit(log) == 4


def test_a_changed_line_breaks_the_chain(log):
    lines = log.read_text().splitlines()
    entry = json.loads(lines[1])
    entry["facts"]["files"] = 99
    lines[1] = json.dumps(entry, sort_keys=True)
    log.write_text("\n".join(lines) + "\n")
    with pytest.raises(CaseError, match="line 3"):
        verify_audit(log)


def test_a_removed_line_breaks_the_chain(log):
    lines = log.read_text().splitlines()
    log.write_text("\n".join(lines[:1] + lines[2:]) + "\n")
    with pytest.raises(CaseError, match="line 2"):
        verify_audit(log)


def test_a_line_that_is_no_json_breaks_the_chain(log):
    log.write_text(log.read_text() + "scribble\n")
    with pytest.raises(CaseError, match="line 5"):
        verify_audit(log)
