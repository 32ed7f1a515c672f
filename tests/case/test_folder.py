"""A case folder is made, opened, locked, and never mistaken."""

import multiprocessing
import os

import pytest

from forensic.case.folder import open_case
from forensic.errors import CaseError


def test_a_new_folder_becomes_a_case(tmp_path):
    with open_case(tmp_path / "a" / "case", create=True) as case:
        assert (case.path / "case.toml").is_file()
        assert case.comparisons.is_dir()


def test_a_case_that_was_made_opens_again_with_its_details_untouched(tmp_path):
    with open_case(tmp_path / "case", create=True) as case:
        (case.path / "case.toml").write_text('reference = "2026-17"\n')
    with open_case(tmp_path / "case", create=False) as case:
        assert (case.path / "case.toml").read_text() == 'reference = "2026-17"\n'


def test_a_folder_with_other_files_is_no_case(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(CaseError, match="not a case folder"), open_case(tmp_path, create=True):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_file_is_no_case(tmp_path):
    (tmp_path / "case").write_text("x")
    with pytest.raises(CaseError, match="is a file"), open_case(tmp_path / "case", create=True):
        pass


def test_comparing_without_a_scan_says_to_scan_first(tmp_path):
    with pytest.raises(CaseError) as raised, open_case(tmp_path / "none", create=False):
        pass
    assert "forensic scan" in raised.value.remedy


def _try_to_open(path, answer):
    try:
        with open_case(path, create=True):
            answer.put("opened")
    except CaseError as error:
        answer.put(error.problem)


def test_two_processes_cannot_write_one_case(tmp_path):
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    with open_case(tmp_path / "case", create=True):
        other = context.Process(target=_try_to_open, args=(tmp_path / "case", answer))
        other.start()
        said = answer.get(timeout=60)
        other.join()
    assert f"process {os.getpid()} on " in said
    assert " since 20" in said


def test_a_malformed_case_toml_shows_when_the_case_is_opened(tmp_path):
    with open_case(tmp_path / "case", create=True) as case:
        (case.path / "case.toml").write_text("reference = \n")
    with pytest.raises(CaseError, match="not valid TOML"), open_case(tmp_path / "case", create=True):
        pass


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", bytes(4096)])
def test_an_unreadable_table_of_evidence_shows_when_the_case_is_opened(tmp_path, content):
    with open_case(tmp_path / "case", create=True) as case:
        (case.evidence.folder / "quality.parquet").write_bytes(content)
    opened = open_case(tmp_path / "case", create=False)
    with pytest.raises(CaseError, match=r"evidence/quality.parquet was not written by any") as raised, opened:
        pass
    assert "scan DIR" in raised.value.remedy


def test_evidence_that_is_no_folder_shows_when_the_case_is_opened(tmp_path):
    with open_case(tmp_path / "case", create=True) as case:
        case.evidence.folder.rmdir()
        case.evidence.folder.write_text("x")
    with pytest.raises(CaseError, match="cannot be used"), open_case(tmp_path / "case", create=False):
        pass
