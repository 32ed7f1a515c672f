"""Calibrations of many conditions: the same in one process and in several, computed once and read again."""

import dataclasses
import pickle

import numpy as np
import polars as pl
import pytest

from forensic.case import calibrations as kept_in_case
from forensic.case.audit import append_audit
from forensic.case.folder import open_case
from forensic.comparison import calibrations
from forensic.comparison.calibrations import Kept, calibrate_all, calibration_step
from forensic.errors import CalibrationError, CaseError
from forensic.likelihood_ratio.population import load_population
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import load_model

SETTINGS = ComparisonSettings(bootstrap_draws=100)


@pytest.fixture
def calibrator(made_model_folder):
    """Calibrates on 30 random speakers, in two questioned conditions."""
    model = load_model(made_model_folder)
    return calibration_step(load_population(made_model_folder, model.identity.sha256), SETTINGS, model.backend)


def test_worker_processes_change_nothing(monkeypatch, calibrator):
    monkeypatch.setattr(calibrations, "_WORTH_A_PROCESS", 1)
    here, there = (calibrate_all([(0, 0)], calibrator, workers)[0, 0] for workers in (1, 2))
    assert here.id == there.id
    np.testing.assert_array_equal(here.draws, there.draws)
    assert (here.cllr, here.eer) == (there.cllr, there.eer)


def test_conditions_with_too_few_speakers_stop_no_others(calibrator):
    """Their reason stands where their calibration would."""
    strict = dataclasses.replace(calibrator, settings=dataclasses.replace(SETTINGS, min_speakers=31))
    found = calibrate_all([(0, 0)], strict, 1)[0, 0]
    assert isinstance(found, CalibrationError)
    assert "Only 30 reference speakers" in found.problem


@pytest.fixture
def calibrated(tmp_path, monkeypatch, calibrator):
    """Calibrates in a case, opened for it; how many calibrations were computed, and the first of them."""

    def run(cells=((0, 0),), changed=lambda step: step):
        computed = []
        original = calibrations.calibrate_cells

        def counted(*args):
            computed.append(args[1:3])
            return original(*args)

        monkeypatch.setattr(calibrations, "calibrate_cells", counted)
        with open_case(tmp_path / "case", create=True) as case:
            step = changed(dataclasses.replace(calibrator, kept=Kept(store=case.calibrations)))
            found = calibrate_all(cells, step, 1)
            append_audit(case.audit_log, "compare", {})
        monkeypatch.setattr(calibrations, "calibrate_cells", original)
        return len(computed), found[cells[0]]

    return run


def test_a_kept_calibration_is_the_same_to_the_last_bit(calibrated):
    first, second = calibrated(), calibrated()
    assert (first[0], second[0]) == (1, 0)
    for one, other in ((getattr(each[1], f.name) for each in (first, second)) for f in dataclasses.fields(first[1])):
        assert pickle.dumps(one) == pickle.dumps(other)


def test_only_what_is_lacking_is_computed(calibrated):
    calibrated()
    assert calibrated([(0, 0), (0, 1)])[0] == 1
    assert calibrated([(0, 1), (0, 0)])[0] == 0


def _other_embeddings(step):
    """The same card, as if the hash in it had not changed."""
    embeddings = step.population.embeddings.copy()
    embeddings[0] = -embeddings[0]
    return dataclasses.replace(step, population=dataclasses.replace(step.population, embeddings=embeddings))


@pytest.mark.parametrize(
    "change",
    [
        _other_embeddings,
        lambda step: dataclasses.replace(step, settings=dataclasses.replace(step.settings, seed=2)),
        lambda step: dataclasses.replace(step, settings=dataclasses.replace(step.settings, calibrator="kde")),
    ],
)
def test_another_bank_or_setting_is_computed(calibrated, change):
    calibrated()
    assert calibrated(changed=change)[0] == 1


@pytest.mark.parametrize("what", ["code_sha256", "library_versions", "machine"])
def test_another_program_library_or_processor_computes(monkeypatch, calibrated, what):
    calibrated()
    monkeypatch.setattr(calibrations, what, lambda: "another")
    assert calibrated()[0] == 1


def test_an_edited_calibration_stops_the_case_and_one_that_is_deleted_is_computed(tmp_path, calibrated):
    calibrated()
    (path,) = (tmp_path / "case" / "calibrations").iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CaseError, match=r"calibrations/.* was changed") as raised:
        calibrated()
    assert raised.value.remedy.startswith(f"Delete the folder {tmp_path / 'case' / 'calibrations'}")
    path.unlink()
    assert calibrated()[0] == 1


def test_a_calibration_edited_while_the_case_is_open_changes_no_lr(tmp_path, calibrated, calibrator):
    calibrated()
    (path,) = (tmp_path / "case" / "calibrations").iterdir()
    with open_case(tmp_path / "case", create=False) as case:
        step = dataclasses.replace(calibrator, kept=Kept(store=case.calibrations))
        pl.read_parquet(path).with_columns(calibration_id=pl.lit("x")).write_parquet(path)
        with pytest.raises(CaseError, match="was changed"):
            calibrate_all([(0, 0)], step, 1)


def test_calibrations_of_nobody_are_refused(tmp_path, calibrated):
    """A file that was replaced, put back by hand, is one of them."""
    calibrated()
    (path,) = (tmp_path / "case" / "calibrations").iterdir()
    path.rename(path.with_name("another.parquet"))
    with pytest.raises(CaseError, match=r"another.parquet was not written by any command"):
        calibrated()


def test_the_oldest_make_room(tmp_path, monkeypatch, calibrated):
    calibrated()
    (first,) = (tmp_path / "case" / "calibrations").iterdir()
    monkeypatch.setattr(kept_in_case, "MOST_BYTES", round(1.5 * first.stat().st_size))
    calibrated([(0, 1)])
    (second,) = (tmp_path / "case" / "calibrations").iterdir()
    assert second != first
    assert calibrated([(0, 1)])[0] == 0
    assert calibrated()[0] == 1


def test_more_than_there_is_room_for_is_not_kept(tmp_path, monkeypatch, calibrated):
    monkeypatch.setattr(kept_in_case, "MOST_BYTES", 10)
    calibrated()
    assert not (tmp_path / "case" / "calibrations").exists()
