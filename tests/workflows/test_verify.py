"""One recording against one of a known speaker."""

import json

import numpy as np
import pytest
from factories import write_wav
from spoken import spoken

from forensic.comparison.request import ComparisonRequest
from forensic.comparison.tables import STATUS_LR, STATUS_NONE
from forensic.errors import CaseError, ReferenceSetError
from forensic.settings import ComparisonSettings, LanguageSettings, Settings
from forensic.workflows.verify import verify

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = Settings(
    comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0),
    language=LanguageSettings(identify=False),
)


@pytest.fixture
def pair(tmp_path):
    return (
        write_wav(tmp_path / "questioned.wav", spoken("adler", 8.0)),
        write_wav(tmp_path / "known.wav", spoken("carver", 12.0, start_s=10.0)),
    )


@pytest.fixture
def run_verify(population_folder):
    def run(questioned, known, report=None):
        request = ComparisonRequest(known, population_folder, _SETTINGS, workers=1)
        return verify(questioned, known, request, report, lambda _: None)

    return run


def test_two_recordings_give_one_lr_and_what_it_rests_on(pair, run_verify):
    answer = run_verify(*pair)
    (row,) = answer.comparisons.to_dicts()
    assert row["status"] == STATUS_LR
    assert row["suspect"] == "known.wav"
    assert answer.results["calibrations"][row["calibration_id"]]["speakers"] == 30
    assert json.loads(json.dumps(answer.results, allow_nan=False))["comparisons"][0]["log10_lr"] == row["log10_lr"]
    assert answer.published is None


@pytest.mark.typeset
def test_a_verification_leaves_nothing_behind_but_the_report_it_was_asked_for(pair, run_verify, tmp_path, monkeypatch):
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(passing))
    answer = run_verify(*pair, tmp_path / "report")
    assert list(passing.iterdir()) == []
    assert answer.published.pdf.read_bytes().startswith(b"%PDF")
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "comparisons.csv",
        "comparisons.parquet",
        "outcome.zip",
        "report.html",
        "report.pdf",
        "results.json",
        "results.jsonld",
    }
    assert json.loads((tmp_path / "report" / "results.json").read_text())["comparison_id"] == "report"


def test_a_recording_and_its_copy_get_a_reason_instead_of_an_lr(pair, run_verify, tmp_path):
    copy = write_wav(tmp_path / "copy.wav", 0.2 * spoken("adler", 8.0))
    (row,) = run_verify(pair[0], copy).comparisons.to_dicts()
    assert (row["status"], row["log10_lr"]) == (STATUS_NONE, None)
    assert "same source is suspected" in row["reason"]


def test_a_silent_questioned_recording_gets_a_reason_and_a_silent_known_one_an_error(pair, run_verify, tmp_path):
    silent = write_wav(tmp_path / "silent.wav", np.zeros(48_000, np.float32))
    answer = run_verify(silent, pair[1])
    assert answer.comparisons["reason"].item().startswith("The questioned recording cannot be used")
    assert [path.name for path, _ in answer.problems] == ["silent.wav"]
    with pytest.raises(ReferenceSetError, match="No speech"):
        run_verify(pair[0], silent)


def test_folders_and_a_report_that_is_there_are_refused_before_anything_is_examined(pair, run_verify, tmp_path):
    with pytest.raises(CaseError, match="is a folder"):
        run_verify(tmp_path, pair[1])
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "old.txt").write_text("kept")
    with pytest.raises(CaseError, match="is there already"):
        run_verify(*pair, tmp_path / "report")
    with pytest.raises(CaseError, match="does not exist"):
        run_verify(tmp_path / "nothing.wav", pair[1])
