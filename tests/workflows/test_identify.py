"""Recordings of unknown speakers against every suspect."""

import json

import pytest
from factories import write_wav
from spoken import spoken

from forensic.case.audit import read_audit
from forensic.case.folder import open_case
from forensic.comparison.request import ComparisonRequest
from forensic.settings import ComparisonSettings, LanguageSettings, Settings
from forensic.workflows.identify import identify

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = Settings(
    comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0),
    language=LanguageSettings(identify=False),
)


@pytest.fixture
def suspects(tmp_path):
    root = tmp_path / "suspects"
    root.mkdir()
    for voice in ("brook", "carver", "dale"):
        write_wav(root / f"{voice}.wav", spoken(voice, 10.0, start_s=10.0))
    return root


@pytest.fixture
def run_identify(population_folder):
    def run(questioned, suspects, case=None, report=None):
        request = ComparisonRequest(suspects, population_folder, _SETTINGS, workers=1)
        return identify(questioned, request, case, report, lambda _: None, lambda _: None)

    return run


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
        actions = [line.action for line in read_audit(case.audit_log).lines]
        assert [each for each in actions if each != "write"] == ["scan", "scan", "identify"]
        assert json.loads(case.audit_log.read_text().splitlines()[-1])["action"] == "identify"
