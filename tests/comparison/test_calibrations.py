"""Calibrations of many conditions: the same in one process and in several."""

import dataclasses

import numpy as np
import pytest

from forensic.comparison import calibrations
from forensic.comparison.calibrations import calibrate_all, calibration_step
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.population import load_population
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import load_model

SETTINGS = ComparisonSettings(bootstrap_draws=100)


@pytest.fixture
def calibrator(population_folder):
    """Calibrates on 30 random speakers."""
    model = load_model(population_folder)
    return calibration_step(load_population(population_folder, model.identity.sha256), SETTINGS, model.backend)


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
