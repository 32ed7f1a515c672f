"""Own recordings and own scores become what a comparison calibrates on."""

import csv
import json

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from spoken import VOICES, spoken

from forensic.case.audit import read_audit
from forensic.case.folder import open_case
from forensic.case.results import hidden_of
from forensic.comparison.request import ComparisonRequest
from forensic.errors import CalibrationError, ModelError, ValidationError
from forensic.likelihood_ratio.population import load_population
from forensic.settings import ComparisonSettings, Settings
from forensic.speaker.extractor import load_model
from forensic.workflows.calibrate import (
    CalibrationRequest,
    calibrate_on_recordings,
    calibrate_on_scores,
    load_calibration,
)
from forensic.workflows.compare import compare

_SETTINGS = Settings(comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0))
_CONDITIONS = {
    "net_speech_known_s": 20,
    "net_speech_questioned_s": 6,
    "bandwidth_known_hz": 7800,
    "bandwidth_questioned_hz": 7800,
}


def quiet(*_):
    pass


pytestmark = pytest.mark.usefixtures("quick_pdf")


@pytest.fixture
def write_scores(tmp_path):
    """Scores of 25 speakers, with some columns besides."""

    def write(**columns):
        rng = np.random.default_rng(1)
        rows = [
            {
                "score": rng.normal(0.6 if known == questioned else 0.0, 0.3),
                "same_speaker": int(known == questioned),
                "speaker_known": f"s{known}",
                "speaker_questioned": f"s{questioned}",
                **columns,
            }
            for known in range(25)
            for questioned in range(25)
        ]
        with (tmp_path / "scores.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path / "scores.csv"

    return write


@pytest.fixture
def request_for(tmp_path, tiny_model_folder):
    def make(source, settings=_SETTINGS):
        return CalibrationRequest(source, tmp_path / "calibration", tiny_model_folder, settings, criterion=1.2)

    return make


@pytest.fixture
def suspects(tmp_path):
    (tmp_path / "suspects" / "Anna").mkdir(parents=True)
    write_wav(tmp_path / "suspects" / "Anna" / "1.wav", spoken("dale", 8.0, 10.0))
    return tmp_path / "suspects"


def test_a_case_is_calibrated_on_own_scores(write_scores, request_for, recordings, suspects, run_scan, tmp_path):
    """The model needs no population of its own; the calibration that served is the one that was announced."""
    request = request_for(write_scores(**_CONDITIONS))
    result = calibrate_on_scores(request)
    (fitted,) = result.fitted
    summary = json.loads((result.folder / "summary.json").read_text())
    assert summary["calibrations"][0]["id"] == fitted.calibration.id
    assert summary["sha256"] == result.sha256
    run_scan(recordings)
    with open_case(tmp_path / "case", create=False) as case:
        wanted = ComparisonRequest(suspects, request.model_folder, _SETTINGS, workers=1, calibration=result.folder)
        table = compare(case, wanted, quiet, quiet).comparisons
    assert set(table["calibration_id"]) == {fitted.calibration.id}
    assert table["log10_lr"].is_not_null().all()


def test_scores_without_conditions_or_speakers_are_refused(write_scores, request_for, tmp_path):
    with pytest.raises(CalibrationError, match="conditions of the known recordings"):
        calibrate_on_scores(request_for(write_scores()))
    assert not (tmp_path / "calibration").exists()
    few = Settings(comparison=ComparisonSettings(min_speakers=26, bootstrap_draws=100))
    (fitted,) = calibrate_on_scores(request_for(write_scores(**_CONDITIONS), few)).fitted
    assert fitted.calibration is None
    assert "Only 25 reference speakers" in fitted.problem


def test_a_calibration_is_not_overwritten_changed_or_used_with_another_model(
    write_scores, request_for, tiny_model_folder, tmp_path
):
    request = request_for(write_scores(**_CONDITIONS))
    folder = calibrate_on_scores(request).folder
    with pytest.raises(ValidationError, match="already"):
        calibrate_on_scores(request)
    model = load_model(tiny_model_folder)
    load_calibration(folder, model)
    card = (folder / "calibration.toml").read_text()
    (folder / "calibration.toml").write_text(card.replace(model.identity.sha256, "0" * 64))
    with pytest.raises(ModelError, match="another model"):
        load_calibration(folder, model)
    (folder / "calibration.toml").write_text(card)
    pl.read_parquet(folder / "scores.parquet").head(100).write_parquet(folder / "scores.parquet")
    with pytest.raises(ModelError, match="not the file"):
        load_calibration(folder, model)
    with pytest.raises(ModelError, match="no calibration"):
        load_calibration(tmp_path, model)


@pytest.fixture
def manifest(tmp_path):
    """Four voices; the questioned recordings of one are of the session of the known one."""
    root = tmp_path / "own"
    root.mkdir()
    lines = ["path,speaker,role,session,condition"]
    for number, voice in enumerate(VOICES):
        for role, start_s in (("known", 0.0), ("questioned", 10.0)):
            write_wav(root / f"{voice}-{role}.wav", spoken(voice, 8.0, start_s))
            session = role if number else "one"
            lines.append(f"{voice}-{role}.wav,{voice},{role},{session},{'studio' if role == 'known' else ''}")
    (root / "manifest.csv").write_text("\n".join(lines))
    return root / "manifest.csv"


@pytest.mark.parametrize("allowed", [False, True])
def test_own_recordings_become_a_population(manifest, request_for, allowed):
    request = request_for(manifest)
    result = calibrate_on_recordings(request, 1, allow_same_session=allowed, watch_scan=quiet, watch=quiet)
    population = load_population(result.folder, load_model(request.model_folder).identity.sha256)
    assert set(population.speakers) == set(VOICES)
    assert [cell.name for cell in population.known_cells] == ["studio"]
    assert [cell.name for cell in population.questioned_cells] == ["own recordings"]
    assert population.is_questioned.sum() == (4 if allowed else 3)
    assert bool(result.exclusions) != allowed
    (fitted,) = result.fitted
    assert "reference speakers" in fitted.problem  # four are too few, and that is said


def test_a_calibration_is_there_whole_or_not_at_all(write_scores, request_for, tmp_path, monkeypatch):
    """What stops half-way leaves nothing that a comparison would take; what a kill left is removed with a line."""
    request = request_for(write_scores(**_CONDITIONS))

    def full(*_):
        raise OSError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("forensic.workflows.calibrate.write_text", full)
        with pytest.raises(OSError, match="full"):
            calibrate_on_scores(request)
    assert not [path.name for path in request.out.iterdir() if path.suffix in {".toml", ".parquet"}]
    hidden = hidden_of(request.out / "calibration")
    hidden.mkdir()
    (hidden / "calibration.toml").write_text("half")
    calibrate_on_scores(request)
    assert not hidden.exists()
    lines = read_audit(request.out / "audit.jsonl").lines
    assert [line.action for line in lines] == ["recover", "calibrate"]
    assert set(lines[1].facts["outputs_sha256"]) >= {"calibration.toml", "scores.parquet", "summary.json"}
