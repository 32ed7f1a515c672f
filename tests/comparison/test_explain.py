"""What the LRs of a case hang on, from its evidence and its population."""

import json

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from spoken import spoken

from forensic.case.folder import open_case
from forensic.comparison import explain as module
from forensic.comparison.request import ComparisonRequest
from forensic.comparison.tables import STATUS_LR
from forensic.errors import CalibrationError
from forensic.settings import ComparisonSettings, LanguageSettings, Settings
from forensic.workflows.compare import compare

_SETTINGS = Settings(
    comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0),
    language=LanguageSettings(identify=False),  # no part of this, and slow
)


@pytest.fixture
def suspects(tmp_path):
    root = tmp_path / "suspects"
    for voice, name in (("carver", "Anna"), ("dale", "Ben")):
        (root / name).mkdir(parents=True)
        write_wav(root / name / "0.wav", spoken(voice, 8.0, start_s=10.0))
    return root


@pytest.fixture
def run_compare(tmp_path, population_folder, recordings, suspects, run_scan, monkeypatch):
    """Three recordings, the first twice, with two suspects; returns the result and its explanations, without a PDF."""
    monkeypatch.setattr("forensic.report.render.render_pdf", lambda _: b"%PDF, which takes long to lay out")
    (recordings / "a copy.wav").write_bytes((recordings / "a.wav").read_bytes())

    def run(**request):
        run_scan(recordings, settings=_SETTINGS)
        with open_case(tmp_path / "case", create=False) as case:
            wanted = ComparisonRequest(suspects, population_folder, _SETTINGS, workers=1, **request)
            result = compare(case, wanted, lambda _: None, lambda _: None)
        results = json.loads((result.folder / "results.json").read_text())
        return result, results["explanations"]

    return run


def test_the_highest_lr_of_each_questioned_speaker_is_explained_once(run_compare):
    """Two items of the same bytes are one."""
    result, explanations = run_compare()
    issued = result.comparisons.filter(pl.col("status") == STATUS_LR)
    assert issued.height == 8
    highest = issued.group_by("questioned_sha256").agg(pl.all().sort_by("log10_lr").last())
    assert len(explanations) == highest.height == 3
    for each in explanations:
        (row,) = highest.filter(pl.col("questioned_sha256") == each["questioned_sha256"]).to_dicts()
        assert each["suspect"] == row["suspect"]
        assert each["typicality"]["suspect_score"] == row["score"]
        assert each["typicality"]["voices"] == 30


def test_stretches_and_amounts_are_those_of_the_evidence(run_compare, tmp_path):
    """Times, net speech, and the last amount calibrated as the comparison was."""
    result, explanations = run_compare()
    with open_case(tmp_path / "case", create=False) as case:
        segments = case.evidence.read("segments")
    for each in explanations:
        rows = segments.filter(pl.col("sha256") == each["questioned_sha256"]).sort("start_s")
        assert each["stretches"] == rows.height > 1
        assert each["net_speech_s"] == pytest.approx((rows["end_s"] - rows["start_s"]).sum())
        assert {part["start_s"] for part in each["segments"]} <= set(rows["start_s"])
        for part in each["segments"]:
            assert part["change"] == pytest.approx(each["log10_lr_of_stretches"] - part["log10_lr_without"])
        assert each["amounts"][-1]["calibrated_for_s"] == 5.0
        (row,) = result.comparisons.filter(
            (pl.col("questioned_path") == each["questioned_path"]) & (pl.col("suspect") == each["suspect"])
        ).to_dicts()
        assert each["amounts"][-1]["log10_lr"][0] == pytest.approx(row["log10_lr"], abs=0.3)
    assert "What carries the likelihood ratios" in result.html.read_text()


def test_evidence_without_stretches_is_explained_without_them(run_compare, monkeypatch):
    """As an earlier version left it; typicality asks for none."""
    original = module._stretches_of
    monkeypatch.setattr(module, "_stretches_of", lambda segments, sha256: original(segments.clear(), sha256))
    result, explanations = run_compare()
    assert {each["stretches"] for each in explanations} == {0}
    assert all(each["amounts"] == [] and each["typicality"]["voices"] == 30 for each in explanations)
    assert "holds no stretches" in result.html.read_text()


def test_only_so_many_are_explained_those_with_the_highest_lrs(run_compare, monkeypatch):
    """The report says how many were left out."""
    monkeypatch.setattr(module, "MOST_EXPLAINED", 1)
    result, (only,) = run_compare()
    assert only["questioned_sha256"] in set(
        result.comparisons.filter(pl.col("log10_lr") == pl.col("log10_lr").max())["questioned_sha256"]
    )
    assert "only the 1 with the highest" in result.html.read_text()


def test_an_amount_that_cannot_be_calibrated_has_no_lr(run_compare, monkeypatch):
    """All of the speech keeps the comparison's."""

    def fails(wanted, calibrator, workers):
        return {cells: CalibrationError("Too few.", "Add some.") for cells in wanted}

    monkeypatch.setattr(module, "cell_for_amount", lambda *_, **__: 7)
    monkeypatch.setattr(module, "calibrate_all", fails)
    _, explanations = run_compare()
    for each in explanations:
        assert all(amount["log10_lr"] is None for amount in each["amounts"][:-1])
        assert each["amounts"][-1]["log10_lr"] is not None


def test_each_pair_of_cells_is_calibrated_once_with_few_draws(run_compare, monkeypatch):
    """However many comparisons need it; those of the comparisons themselves not again."""
    asked = []
    original = module.calibrate_all

    def spied(wanted, calibrator, workers):
        asked.append((list(wanted), calibrator.settings.bootstrap_draws))
        return original(wanted, calibrator, workers)

    monkeypatch.setattr(module, "DRAWS", 60)
    monkeypatch.setattr(module, "calibrate_all", spied)
    run_compare()
    ((wanted, draws),) = asked
    assert wanted == []  # the bank has one questioned cell
    assert draws == 60


def test_nothing_is_explained_where_it_is_not_asked_for(run_compare):
    """As in a verification without a report."""
    result, explanations = run_compare(explains=False)
    assert explanations == []
    assert np.isfinite(result.comparisons["log10_lr"].to_numpy()).all()
