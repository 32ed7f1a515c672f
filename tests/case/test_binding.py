"""Evidence must have the bytes that the log says; what kills leave is settled, and nothing else is let pass."""

import hashlib
import os
from pathlib import Path

import polars as pl
import pytest

from forensic.case.audit import read_audit
from forensic.case.folder import open_case
from forensic.case.store import SCHEMAS, EvidenceStore
from forensic.errors import CaseError


def _rows(sha256):
    key = {"sha256": sha256, "model_sha256": "m", "settings_sha256": "s"}
    tables = {"recordings": key, "failures": {**key, "channel": 1, "step": "speech"}}
    return {name: pl.DataFrame([dict.fromkeys(SCHEMAS[name]) | row], SCHEMAS[name]) for name, row in tables.items()}


def _scan(path, *names):
    with open_case(path, create=True) as case:
        for name in names:
            case.evidence.append(_rows(name))
        case.evidence.compact()
        case.binding.state("scan", {})


def _refused(path):
    with pytest.raises(CaseError) as raised, open_case(path, create=False):
        pass
    return raised.value


@pytest.fixture
def scanned(tmp_path):
    path = tmp_path / "case"
    _scan(path, "a", "b")
    return path


def test_a_scanned_case_opens_again_and_again_without_new_lines(scanned):
    for _ in range(2):
        with open_case(scanned, create=False) as case:
            assert case.evidence.read("recordings")["sha256"].to_list() == ["a", "b"]
    assert [line.action for line in read_audit(scanned / "audit.jsonl").lines] == ["write", "write", "write", "scan"]


@pytest.mark.parametrize("name", ["recordings", "failures"])
def test_every_changed_byte_of_a_table_is_found_before_it_is_read(scanned, name):
    table = scanned / "evidence" / f"{name}.parquet"
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    error = _refused(scanned)
    assert f"evidence/{name}.parquet was changed" in error.problem
    assert "last right at 20" in error.problem
    assert hashlib.sha256(content).hexdigest() in error.problem
    assert "--anew" in error.remedy


def test_a_table_that_is_missing_or_of_nobody_is_found(scanned):
    table = scanned / "evidence" / "failures.parquet"
    table.rename(table.with_name("failures.000009.parquet"))
    with pytest.raises(CaseError, match=r"evidence/failures.000009.parquet was not written by any .*; 1 more"):
        open_case(scanned, create=False).__enter__()


def test_evidence_changed_while_the_case_is_open_is_found(scanned):
    with open_case(scanned, create=False) as case:
        case.check_evidence()
        table = scanned / "evidence" / "failures.parquet"
        times = table.stat()
        content = bytearray(table.read_bytes())
        content[-9] ^= 1
        table.write_bytes(content)
        os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))  # a forger would set the time back
        with pytest.raises(CaseError, match="was changed"):
            case.check_evidence()


def test_a_broken_log_stops_and_anew_keeps_it(scanned):
    log = scanned / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"scan"', b'"scam"'))
    assert "audit log" in _refused(scanned).problem
    with open_case(scanned, create=True, sets_aside=True) as case:
        assert case.evidence.read("recordings").is_empty()
    kept = next(path for path in scanned.glob("audit.*.jsonl"))
    first = read_audit(log).lines[0]
    assert first.action == "set aside"
    assert first.facts[kept.name] == hashlib.sha256(kept.read_bytes()).hexdigest()
    assert len(list(scanned.glob("evidence.*/*.parquet"))) == 2


def test_a_deleted_log_stops(scanned):
    (scanned / "audit.jsonl").unlink()
    assert "should have 4 lines" in _refused(scanned).problem
    (scanned / "audit.head").unlink()
    assert "was not written by any command" in _refused(scanned).problem


class Killed(BaseException):
    """Nothing that runs after a kill can clean up."""


def _killed_at(step, monkeypatch):
    """Every change of the disk from the step-th on fails, those of cleaning up as well."""
    left = [step]

    def counted(real):
        def call(path, *arguments, **options):
            if arguments[:1] != ("r",) and "audit" not in path.name:
                left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(path, *arguments, **options)

        return call

    for name in ("rename", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))


@pytest.mark.parametrize("step", range(16))
def test_a_kill_between_any_two_files_loses_no_row_and_needs_no_help(scanned, step, monkeypatch):
    with monkeypatch.context() as patched:
        _killed_at(step, patched)
        try:
            _scan(scanned, "c", "d")
            is_killed = False
        except Killed:
            is_killed = True
    assert is_killed == (step < 10)  # two batches of two tables put in place; two joined ones, four deleted
    with open_case(scanned, create=False) as case:
        recordings = case.evidence.read("recordings")["sha256"].to_list()
        failures = case.evidence.read("failures")["sha256"].to_list()
    assert recordings == failures
    assert recordings[:2] == ["a", "b"]
    _scan(scanned, "c", "d")
    with open_case(scanned, create=False) as case:
        assert sorted(case.evidence.read("recordings")["sha256"]) == ["a", "b", "c", "d"]
        assert sorted(case.evidence.read("failures")["sha256"]) == ["a", "b", "c", "d"]
    assert not list((scanned / "evidence").glob(".*"))
    assert not read_audit(scanned / "audit.jsonl").problems


def test_evidence_of_the_first_versions_is_bound_by_what_their_log_says(tmp_path):
    from forensic.case.audit import append_audit

    path = tmp_path / "case"
    with open_case(path, create=True):
        pass
    store = EvidenceStore(path / "evidence")
    store.append(_rows("a"))
    store.compact()
    hashes = {
        file.stem: hashlib.sha256(file.read_bytes()).hexdigest() for file in (path / "evidence").glob("*.parquet")
    }
    append_audit(path / "audit.jsonl", "scan", {"evidence_sha256": hashes})
    with open_case(path, create=False) as case:
        assert case.evidence.read("recordings")["sha256"].to_list() == ["a"]
    (path / "evidence" / "failures.parquet").write_bytes(b"x")
    assert "was changed" in _refused(path).problem
