"""Single questions: one recording against one, and one against many, by the way of a case."""

import json

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from forensic.workflows.single import identify, ranking, verify
from spoken import spoken

from forensic.case.audit import verify_audit
from forensic.case.folder import open_case
from forensic.comparison.tables import STATUS_LR, STATUS_NONE
from forensic.errors import CaseError, ReferenceSetError
from forensic.settings import ComparisonSettings, LanguageSettings, Settings
from forensic.workflows.compare import ComparisonRequest

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
def suspects(tmp_path):
    root = tmp_path / "suspects"
    root.mkdir()
    for voice in ("brook", "carver", "dale"):
        write_wav(root / f"{voice}.wav", spoken(voice, 10.0, start_s=10.0))
    return root


@pytest.fixture
def run_verify(population_folder):
    def run(questioned, known, report=None):
        request = ComparisonRequest(known, population_folder, _SETTINGS, workers=1)
        return verify(questioned, known, request, report, lambda _: None)

    return run


@pytest.fixture
def run_identify(population_folder):
    def run(questioned, suspects, case=None, report=None):
        request = ComparisonRequest(suspects, population_folder, _SETTINGS, workers=1)
        return identify(questioned, request, case, report, lambda _: None, lambda _: None)

    return run


def test_two_recordings_give_one_lr_and_what_it_rests_on(pair, run_verify):
    answer = run_verify(*pair)
    (row,) = answer.comparisons.to_dicts()
    assert row["status"] == STATUS_LR
    assert row["suspect"] == "known.wav"
    assert answer.results["calibrations"][row["calibration_id"]]["speakers"] == 30
    assert json.loads(json.dumps(answer.results, allow_nan=False))["comparisons"][0]["log10_lr"] == row["log10_lr"]
    assert answer.published is None


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
        "report.html",
        "report.pdf",
        "results.json",
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


def test_suspects_are_ranked_by_lr_for_each_questioned_recording(recordings, suspects, run_identify, tmp_path):
    answer = run_identify([recordings / "a.wav", recordings / "deep"], suspects, report=tmp_path / "report")
    speakers = answer.results["identification"]
    assert [speaker["questioned_path"].rpartition("/")[2] for speaker in speakers] == ["a.wav", "b.wav"]
    for speaker in speakers:
        log10_lrs = [row["log10_lr"] for row in speaker["ranked"]]
        assert sorted({row["suspect"] for row in speaker["ranked"]}) == ["brook", "carver", "dale"]
        assert log10_lrs == sorted(log10_lrs, reverse=True)
        assert 0.0 <= speaker["expected_as_high"] <= 3.0
    html = answer.published.html.read_text()
    assert "it may be none of them" in html
    assert "What chance alone would give" in html


def test_an_identification_in_a_case_is_kept_there_and_noted(recordings, suspects, run_identify, tmp_path):
    with open_case(tmp_path / "case", create=True) as case:
        answer = run_identify([recordings / "a.wav"], suspects, case=case)
        assert answer.published.folder.parent == case.comparisons
        assert verify_audit(case.audit_log) == 3  # two scans and the identification
        assert json.loads(case.audit_log.read_text().splitlines()[-1])["action"] == "identify"


def test_what_chance_gives_is_the_share_of_different_speaker_lrs_for_every_suspect():
    rows = [
        {
            "questioned_path": "q",
            "channel": 0,
            "turn": 0,
            "speakers": 1,
            "suspect": name,
            "log10_lr": lr,
            "status": STATUS_LR,
        }
        | {"log10_lr_low": lr, "log10_lr_high": lr, "unbounded_log10_lr": lr, "verbal_equivalent": ""}
        | {"calibration_id": "c", "reason": None}
        for name, lr in (("a", 0.5), ("b", 1.5))
    ]

    class Fitted:
        different_speaker_log10_lr = np.array([-3.0, -2.0, 0.2, 1.7])

    (speaker,) = ranking(pl.DataFrame(rows), {"c": Fitted()})
    assert [row["suspect"] for row in speaker["ranked"]] == ["b", "a"]
    assert speaker["expected_as_high"] == pytest.approx(2 * 0.25)
    assert [(row["expected"], row["found"]) for row in speaker["chance"]] == [(1.0, 2), (0.5, 1), (0.0, 0), (0.0, 0)]
