"""The tables of a case survive kills and repeat nothing."""

from pathlib import Path

import polars as pl
import pytest

from forensic.case.store import SCHEMAS, EvidenceStore, empty
from forensic.errors import CaseError


def _recording(sha256: str, container: str = "wav") -> dict[str, pl.DataFrame]:
    row = {"sha256": sha256, "model_sha256": "m", "settings_sha256": "s", "container": container, "notes": []}
    failure = {"sha256": sha256, "model_sha256": "m", "settings_sha256": "s", "channel": 1, "step": "speech"}
    return {
        "recordings": pl.DataFrame([row], SCHEMAS["recordings"]),
        "failures": pl.DataFrame([failure], SCHEMAS["failures"]),
    }


def test_rows_come_back_as_they_were_written(tmp_path):
    store = EvidenceStore(tmp_path)
    store.append(_recording("a"))
    store.append(_recording("b"))
    assert store.read("recordings")["sha256"].to_list() == ["a", "b"]
    assert store.read("recordings").schema == empty("recordings").schema


def test_a_later_row_replaces_an_earlier_one_of_the_same_key(tmp_path):
    store = EvidenceStore(tmp_path)
    store.append(_recording("a", "wav"))
    store.append(_recording("a", "flac"))
    assert store.read("recordings")["container"].to_list() == ["flac"]


def test_compacting_keeps_every_row_and_leaves_one_file_a_table(tmp_path):
    store = EvidenceStore(tmp_path)
    for name in "abc":
        store.append(_recording(name))
    before = store.read("failures")
    store.compact()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["failures.parquet", "recordings.parquet"]
    assert store.read("failures").equals(before)
    store.append(_recording("d"))
    assert store.read("recordings")["sha256"].to_list() == ["a", "b", "c", "d"]


def test_a_batch_whose_ledger_was_never_written_does_not_count(tmp_path):
    store = EvidenceStore(tmp_path)
    store.append(_recording("a"))
    store.append(_recording("b"))
    (tmp_path / "recordings.000002.parquet").unlink()  # killed just before
    (tmp_path / ".segments.000003.parquet.77.tmp").write_bytes(b"half")
    reopened = EvidenceStore(tmp_path)
    assert reopened.read("failures")["sha256"].to_list() == ["a"]
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_kill_while_compacting_loses_no_row(tmp_path, monkeypatch):
    store = EvidenceStore(tmp_path)
    store.append(_recording("a"))
    store.append(_recording("b"))
    written = []

    def killed_at_the_second_table(path, target):
        written.append(path)
        if len(written) == 2:
            raise KeyboardInterrupt
        return original(path, target)

    original = Path.rename
    monkeypatch.setattr(Path, "rename", killed_at_the_second_table)
    with pytest.raises(KeyboardInterrupt):
        store.compact()
    reopened = EvidenceStore(tmp_path)
    assert reopened.read("failures")["sha256"].to_list() == ["a", "b"]
    assert reopened.read("recordings")["sha256"].to_list() == ["a", "b"]


def test_a_damaged_table_is_named_with_a_remedy(tmp_path):
    store = EvidenceStore(tmp_path)
    (tmp_path / "quality.parquet").write_bytes(b"no parquet")
    with pytest.raises(CaseError, match="quality") as raised:
        store.read("quality")
    assert "scan again" in raised.value.remedy
