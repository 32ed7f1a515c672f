"""What an LR hangs on: segments, amount of speech, how common the voice is."""

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.explanation import (
    against,
    cell_for_amount,
    growth,
    telling_amounts,
    typicality,
    without_each_segment,
)
from forensic.likelihood_ratio.fit import calibrate_cells, likelihood_ratios
from forensic.likelihood_ratio.population import load_population, save_population
from forensic.settings import ComparisonSettings
from forensic.speaker.backend import Backend

SETTINGS = ComparisonSettings(bootstrap_draws=100)
COSINE = Backend()


@pytest.fixture(scope="module")
def population(tmp_path_factory, bank_rows):
    """A bank of 24 speakers; questioned cells of 10 and 30 s, a known one of 60 s."""
    rows, embeddings = bank_rows()
    folder = tmp_path_factory.mktemp("bank")
    save_population(folder, rows, embeddings, model_sha256="m", data="", licences={"corpus 0": "", "corpus 1": ""})
    return load_population(folder, "m")


@pytest.fixture(scope="module")
def calibrations(population):
    """By questioned cell."""
    return [calibrate_cells(population, 0, cell, SETTINGS, COSINE) for cell in range(2)]


@pytest.fixture
def suspect(population):
    """A known voice of the bank."""
    return population.embeddings[~population.is_questioned][0].astype(np.float32)


def segments_of(voices, rng, noise=0.1):
    """A unit vector near each voice."""
    vectors = np.array(voices) + noise * rng.normal(size=(len(voices), len(voices[0])))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_a_stretch_of_another_voice_is_what_pulls_the_lr_down(calibrations, suspect):
    """Three stretches of the suspect, one of somebody else, of which there is little."""
    rng = np.random.default_rng(1)
    segments = segments_of([suspect, suspect, -suspect, suspect], rng)
    found = without_each_segment(
        segments, np.array([9, 8, 3, 10]), against(COSINE.score, suspect, is_questioned=True), calibrations[0]
    )
    assert found.change.argmin() == 2
    assert found.change[2] < 0
    assert (np.delete(found.change, 2) > 0).all()
    np.testing.assert_allclose(found.change, found.of_all - found.without)


def test_leaving_a_segment_out_is_embedding_the_others(calibrations, suspect):
    """Window by window: segments weigh as many windows as they hold."""
    rng = np.random.default_rng(2)
    segments, windows = segments_of([suspect] * 4, rng, 0.4), np.array([1, 5, 2, 7])
    score = against(COSINE.score, suspect, is_questioned=False)
    found = without_each_segment(segments, windows, score, calibrations[0])
    others = np.average(segments[[0, 1, 3]], axis=0, weights=windows[[0, 1, 3]])
    cosine = others @ suspect / np.linalg.norm(others) / np.linalg.norm(suspect)
    expected = likelihood_ratios(calibrations[0], np.array([cosine], dtype=np.float64)).unbounded_log10_lr[0]
    assert found.without[2] == pytest.approx(expected, abs=1e-3)


def test_a_segment_without_windows_changes_nothing(calibrations, suspect):
    """Its embedding is not even looked at."""
    segments = segments_of([suspect] * 3, np.random.default_rng(3))
    segments[1] = np.nan
    score = against(COSINE.score, suspect, is_questioned=True)
    found = without_each_segment(segments, np.array([4, 0, 4]), score, calibrations[0])
    assert found.change[1] == 0
    assert np.isfinite(found.without).all()


def test_the_only_segment_cannot_be_left_out(calibrations, suspect):
    score = against(COSINE.score, suspect, is_questioned=True)
    with pytest.raises(CalibrationError, match="one stretch"):
        without_each_segment(np.ones((2, 16), np.float32), np.array([4, 0]), score, calibrations[0])


def test_growth_ends_with_all_speech_and_says_what_calibrated_it(population, calibrations, suspect):
    """Amounts of 3, 9, 21 and 60 s: too little for any cell, then 10, 30 and 30 s."""
    segments = segments_of([suspect] * 5, np.random.default_rng(4), 0.3)
    windows, duration_s = np.array([3, 6, 0, 12, 30]), np.array([3.0, 6.0, 1.0, 11.0, 39.0])

    def calibration_for(amount_s):
        cell = cell_for_amount(population, 0, amount_s, is_questioned=True)
        return None if cell is None else calibrations[cell]

    score = against(COSINE.score, suspect, is_questioned=True)
    found = growth(segments, windows, duration_s, score, calibration_for, is_questioned=True)
    assert [each.segments for each in found] == [1, 2, 4, 5]
    assert [each.net_speech_s for each in found] == [3, 9, 21, 60]
    assert found[0].log10_lr is None
    assert found[0].calibrated_for_s is None
    assert [round(each.calibrated_for_s, -1) for each in found[1:]] == [10, 30, 30]
    everything = without_each_segment(segments, windows, score, calibrations[1]).of_all
    bounds = calibrations[1].lower_bound_log10_lr, calibrations[1].upper_bound_log10_lr
    assert found[-1].log10_lr[0] == pytest.approx(np.clip(everything, *bounds), abs=1e-6)
    assert all(low <= value <= high for value, low, high in (each.log10_lr for each in found[1:]))


def test_growth_at_a_few_amounts_is_that_of_all_amounts_there(calibrations, suspect):
    """What is left out changes nothing."""
    segments = segments_of([suspect] * 5, np.random.default_rng(5), 0.3)
    windows, duration_s = np.array([3, 6, 0, 12, 30]), np.array([3.0, 6.0, 1.0, 11.0, 39.0])
    score = against(COSINE.score, suspect, is_questioned=True)
    everything = growth(segments, windows, duration_s, score, lambda _: calibrations[0], is_questioned=True)
    few = growth(segments, windows, duration_s, score, lambda _: calibrations[0], is_questioned=True, at=(2, 5))
    for one, other in zip(few, (everything[1], everything[3]), strict=True):
        assert (one.segments, one.net_speech_s) == (other.segments, other.net_speech_s)
        assert one.log10_lr == pytest.approx(other.log10_lr, rel=1e-5)  # sums of float32 in another order


def test_telling_amounts_end_where_stretches_do():
    """After 3, 9, 10, 21 and 60 s, of which the third stretch has no window; each once, and all at last."""
    windows, duration_s = np.array([3, 6, 0, 12, 30]), np.array([3.0, 6.0, 1.0, 11.0, 39.0])
    assert telling_amounts(windows, duration_s, (3.0, 5.0, 10.0)) == (1, 2, 5)
    assert telling_amounts(windows, duration_s, (500.0,)) == (5,)
    assert telling_amounts(np.zeros(2, int), np.ones(2), (3.0,)) == ()


def test_no_speech_does_not_grow(calibrations, suspect):
    score = against(COSINE.score, suspect, is_questioned=True)
    none = np.zeros((2, 16), np.float32)
    assert growth(none, np.zeros(2, int), np.ones(2), score, lambda _: calibrations[0], is_questioned=True) == ()


@pytest.mark.parametrize(("amount_s", "seconds"), [(4.0, None), (6.0, 10), (14.0, 10), (25.0, 30), (500.0, 30)])
def test_an_amount_is_calibrated_by_the_nearest_of_its_channel(population, amount_s, seconds):
    cell = cell_for_amount(population, 1, amount_s, is_questioned=True)
    found = None if cell is None else round(population.questioned_cells[cell].net_speech_s, -1)
    assert found == seconds


def test_a_voice_of_the_population_is_its_own_nearest(population):
    """Counts and names, highest first."""
    rows = np.flatnonzero(~population.is_questioned & (population.speaker == 5))
    found = typicality(population.embeddings[rows[0]], 0.5, population, 0, COSINE.score, nearest=3)
    assert found.voices == 24
    assert found.nearest[0].speaker == population.speakers[5]
    scores = [voice.score for voice in found.nearest]
    assert scores == sorted(scores, reverse=True)
    assert found.as_high >= 1
    assert found.share == found.as_high / 24


def test_the_more_common_a_voice_the_more_score_as_high(population):
    """Between everybody's mean and an unusual voice."""
    everybody = population.embeddings.mean(axis=0)
    everybody /= np.linalg.norm(everybody)
    common, unusual = (
        typicality(each.astype(np.float32), 0.05, population, 0, COSINE.score) for each in (everybody, -everybody)
    )
    assert common.as_high > unusual.as_high


def test_a_cell_without_voices_is_refused(population):
    with pytest.raises(CalibrationError, match="no known voice"):
        typicality(population.embeddings[0], 0.5, population, 7, COSINE.score)
