"""One line for all conditions."""

import dataclasses

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import joint
from forensic.likelihood_ratio.calibration import fit
from forensic.likelihood_ratio.fit import calibrate_cells, likelihood_ratios
from forensic.likelihood_ratio.population import load_population, save_population
from forensic.quantities import TERMS, quantities_of
from forensic.records import Conditions
from forensic.settings import ComparisonSettings
from forensic.speaker.backend import Backend

COSINE = Backend()
SETTINGS = ComparisonSettings(bootstrap_draws=100)


@pytest.fixture(scope="module")
def population(tmp_path_factory, bank_rows):
    """A saved and loaded bank of 60 speakers, questioned for 10 and 30 s."""
    folder = tmp_path_factory.mktemp("bank")
    rows, embeddings = bank_rows(speakers=60)
    save_population(folder, rows, embeddings, model_sha256="m", data="", licences={"corpus 0": "", "corpus 1": ""})
    return load_population(folder, "m")


@pytest.fixture(scope="module")
def fitted(population):
    """The fit to it."""
    return joint.fit_joint(population, COSINE, 200, 1)


def test_without_conditions_the_line_is_that_of_the_logistic_regression(population, monkeypatch):
    """All coefficients of conditions shrunk to nothing."""
    monkeypatch.setattr(joint, "RIDGE", 1e9)
    pairs = joint.choose_pairs(population, 1)
    scores = COSINE.score_pairs(population.embeddings, pairs.questioned, pairs.known)
    slope, intercept = fit(
        scores[pairs.is_same],
        scores[~pairs.is_same],
        60,
        pairs.weight[pairs.is_same],
        pairs.weight[~pairs.is_same],
    )
    found = joint.fit_joint(population, COSINE, 2, 1)
    line = found.line(found.coefficients[None], population.known_cells[0], population.questioned_cells[0])
    assert line.slope[0] == pytest.approx(slope, rel=1e-3)
    assert line.intercept[0] == pytest.approx(intercept, rel=1e-3)


def test_more_speech_needs_a_higher_score_for_the_same_lr(fitted, population):
    """As same-speaker scores rise with it."""
    known = population.known_cells[0]
    lines = [
        fitted.line(fitted.coefficients[None], known, Conditions(speech_s, 20.0, 3400.0, 280.0, 12.0, 0.0))
        for speech_s in (10.0, 30.0)
    ]
    assert all(line.slope[0] > 0 for line in lines)
    even = [-line.intercept[0] / line.slope[0] for line in lines]
    assert even[0] < even[1]


def test_one_step_is_the_fit_for_other_weights(fitted, population):
    """Leaving two folds out, against the fit to the others from the start."""
    first, second = 0, 1
    kept = ~np.isin(fitted.fold, (first, second))
    rows = kept[population.speaker]
    rest = dataclasses.replace(
        population,
        **{
            field.name: value[rows]
            for field in dataclasses.fields(population)
            if isinstance(value := getattr(population, field.name), np.ndarray)
        },
    )
    anew = joint.fit_joint(rest, COSINE, 2, 1)
    sides = population.known_cells[0], population.questioned_cells[0]
    one, other = (
        found.line(coefficients[None], *sides)
        for found, coefficients in ((anew, anew.coefficients), (fitted, fitted.left_out[first, second]))
    )
    scores = np.linspace(0.2, 0.9, 5)
    np.testing.assert_allclose(
        one.intercept + one.slope * scores, other.intercept + other.slope * scores, atol=0.35
    )  # other pairs were drawn


def test_an_adjusted_score_has_the_same_lr(fitted, population):
    """In the conditions that it is brought to."""
    here = Conditions(4.0, 12.0, 3400.0, 300.0, 9.0, 0.0)
    sides = population.known_cells[0], population.questioned_cells[1]
    scores = np.array([0.1, 0.5, 0.9])
    quantities = [quantities_of(side)[None].repeat(3, axis=0) for side in (sides[0], here)]
    moved = fitted.adjusted(scores, *quantities, sides)
    before = fitted.line(fitted.coefficients[None], sides[0], here)
    after = fitted.line(fitted.coefficients[None], *sides)
    np.testing.assert_allclose(before.intercept + before.slope * scores, after.intercept + after.slope * moved)
    same = [quantities_of(side)[None] for side in sides]
    np.testing.assert_allclose(fitted.adjusted(scores[:1], *same, sides), scores[:1])


def test_real_lines_weigh_their_share(population):
    """Of each class, however few they are."""
    real = np.isin(population.speaker, [0, 2, 4])
    pairs = joint.choose_pairs(dataclasses.replace(population, is_real=real), 1)
    for kind in (pairs.is_same, ~pairs.is_same):
        of_real = real[pairs.questioned] & kind
        assert pairs.weight[of_real].sum() == pytest.approx(joint.REAL_SHARE / 2)
        assert pairs.weight[kind].sum() == pytest.approx(0.5)


def test_a_calibration_of_cells_takes_the_joint_line(fitted, population):
    """And states cross-validated measures, bounds and draws of it."""
    calibration = calibrate_cells(population, 0, 1, SETTINGS, COSINE, fitted)
    line = fitted.line(fitted.coefficients[None], population.known_cells[0], population.questioned_cells[1])
    assert calibration.score_map.log10_lr[0].tolist() == pytest.approx(
        [line.intercept[0], (line.intercept + line.slope)[0]]
    )
    assert -np.log10(61) <= calibration.lower_bound_log10_lr < 0 < calibration.upper_bound_log10_lr <= np.log10(61)
    assert calibration.draws.shape == (200, 2)
    own = calibrate_cells(population, 0, 1, dataclasses.replace(SETTINGS, calibrator="logistic"), COSINE)
    assert calibration.cllr.value == pytest.approx(own.cllr.value, abs=0.05)


def test_scores_that_point_the_wrong_way_are_refused(population):
    """As by every calibrator."""

    class Inverted:
        def score_pairs(self, embeddings, questioned, known):
            return -COSINE.score_pairs(embeddings, questioned, known)

    with pytest.raises(CalibrationError, match="carry no information"):
        joint.fit_joint(population, Inverted(), 2, 1)


def test_people_of_one_recording_each_are_refused(population):
    """There are no same-speaker pairs."""
    alone = dataclasses.replace(
        population,
        speaker=np.arange(len(population.speaker)) % 60,
        is_real=np.ones(len(population.speaker), np.bool_),
        recording=np.arange(len(population.speaker)) % 60,
    )
    with pytest.raises(CalibrationError, match="no pairs of one speaker"):
        joint.fit_joint(alone, COSINE, 2, 1)


def _matrix(*conditions):
    return np.array([quantities_of(each) for each in conditions])


def test_errors_of_measured_conditions_move_the_lr_by_their_slope(fitted, population):
    """One quantity, one side: twice the error is twice the deviation, and none where the term ends."""
    known, questioned = population.known_cells[0], population.questioned_cells[1]
    score = np.array([0.4])
    found = fitted.conditions_error(score, _matrix(known), _matrix(questioned))
    expected = (fitted.misfit / np.log(10)) ** 2
    for side, of_one in enumerate((known, questioned)):
        for term in TERMS:
            ends = []
            for sign in (1, -1):
                moved = [known, questioned]
                value = getattr(of_one, term.quantity)
                value = term.otherwise if value is None else min(max(value, term.least), term.most)
                value = value * 2 ** (sign * term.error) if term.is_log else value + sign * term.error * term.unit
                moved[side] = dataclasses.replace(of_one, **{term.quantity: value})
                ends.append(fitted.log10_lr(score, *map(_matrix, moved))[0])
            expected += ((ends[0] - ends[1]) / 2) ** 2
    assert found[0] == pytest.approx(np.sqrt(expected), rel=1e-9)
    assert found[0] > 0


def test_an_interval_is_wider_by_the_errors_of_the_conditions(fitted, population):
    calibration = calibrate_cells(population, 0, 1, SETTINGS, COSINE, fitted)
    scores = np.array([0.2, 0.5])
    plain, wider = (likelihood_ratios(calibration, scores, error) for error in (0.0, np.array([0.0, 0.4])))
    assert (plain.unbounded_log10_lr == wider.unbounded_log10_lr).all()
    assert wider.low[0] == pytest.approx(plain.low[0], abs=1e-12)
    below = plain.unbounded_log10_lr[1] - plain.low[1]
    assert wider.unbounded_log10_lr[1] - wider.low[1] == pytest.approx(np.hypot(below, 1.96 * 0.4), rel=1e-3)
