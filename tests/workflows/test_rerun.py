"""A comparison computed again from its recordings comes out the same, or says why it cannot."""

import json
import os

import pytest
from factories import write_wav
from spoken import spoken
from threadpoolctl import threadpool_limits

from forensic.case.folder import open_case
from forensic.comparison.request import ComparisonRequest
from forensic.errors import CaseError
from forensic.settings import ComparisonSettings, Settings
from forensic.workflows.audit import audit
from forensic.workflows.compare import compare
from forensic.workflows.rerun import rerun

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = Settings(comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0))


@pytest.fixture
def compared(tmp_path, recordings, run_scan, population_folder):
    """A case with a comparison: its folder of results."""
    (tmp_path / "suspects").mkdir()
    write_wav(tmp_path / "suspects" / "Anna.wav", spoken("carver", 16.0, start_s=10.0))
    run_scan(recordings)
    request = ComparisonRequest(tmp_path / "suspects", population_folder, _SETTINGS, workers=1)
    with open_case(tmp_path / "case", create=False) as case:
        return compare(case, request, lambda _: None, lambda _: None).folder


def _again(case):
    return rerun(case, None, 1, lambda _: None)


def test_it_comes_out_the_same_to_the_bit_also_when_case_toml_was_edited_since(tmp_path, compared):
    """With the relevant population of then; the scratch case leaves nothing behind."""
    case_toml = tmp_path / "case" / "case.toml"
    text = case_toml.read_text(encoding="utf-8")
    assert 'sex = ""' in text
    case_toml.write_text(text.replace('sex = ""', 'sex = "female"'), encoding="utf-8")
    found = _again(tmp_path / "case")
    assert found.obstacles == ()
    assert len(found.repeated) == 3
    assert found.is_equal
    audited = audit(tmp_path / "case")
    assert audited.is_right
    (note,) = [each.finding for each in audited.checked if each.name == "case.toml"]
    assert f"case.toml has changed since comparisons/{compared.name}" in note
    assert not list((tmp_path / "case").glob(".rerun-*"))


def test_it_comes_out_the_same_on_any_number_of_cores(tmp_path, compared):
    """Sums of a product of matrices depend on how many threads share it."""
    with threadpool_limits(3, user_api="blas"):
        assert _again(tmp_path / "case").is_equal


def test_names_that_are_no_utf_8_are_found_again(tmp_path, run_scan, population_folder):
    """On a disk of another system: of a suspect, of a suspect's recording and of a questioned one."""
    odd = os.fsdecode(b"Bj\xf6rn")
    questioned, suspect = tmp_path / "recordings" / f"{odd}.wav", tmp_path / "suspects" / odd / f"{odd}.wav"
    for path in (questioned, suspect):
        path.parent.mkdir(parents=True)
    write_wav(questioned, spoken("carver", 8.0))
    write_wav(suspect, spoken("carver", 16.0, start_s=10.0))
    run_scan(questioned.parent)
    request = ComparisonRequest(tmp_path / "suspects", population_folder, _SETTINGS, workers=1)
    with open_case(tmp_path / "case", create=False) as case:
        (row,) = compare(case, request, lambda _: None, lambda _: None).comparisons.to_dicts()
    assert row["suspect"] == "Bj\\udcf6rn"
    assert _again(tmp_path / "case").is_equal
    recordings = [each.verdict for each in audit(tmp_path / "case").checked if each.kind == "recording"]
    assert recordings == ["right", "right"]


def test_a_changed_recording_prevents_it(tmp_path, compared):
    write_wav(tmp_path / "suspects" / "Anna.wav", spoken("dale", 16.0))
    found = _again(tmp_path / "case")
    assert not found.is_equal
    assert ["is not the recording that was compared" in each for each in found.obstacles] == [True]


def test_a_changed_result_is_not_compared_with(tmp_path, compared):
    (compared / "comparisons.parquet").write_bytes(b"PAR1")
    with pytest.raises(CaseError, match="is not the file that the log names"):
        _again(tmp_path / "case")


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_the_command_prints_lr_by_lr(tmp_path, compared, option, shell):
    code, printed, _ = shell("audit", tmp_path / "case", "--rerun", "--workers", "1", *option)
    assert code == 0
    if option:
        assert json.loads(printed)["is_equal"]
    else:
        assert "3 of 3 rows came out the same to the bit" in printed
        assert printed.count("equal") == 3
