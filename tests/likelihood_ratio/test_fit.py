"""The whole calibration, from a bank to likelihood ratios."""

import dataclasses

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import metrics
from forensic.likelihood_ratio.fit import (
    calibrate_cells,
    calibration_id,
    likelihood_ratios,
    score_pairs,
)
from forensic.likelihood_ratio.population import load_population, save_population
from forensic.settings import ComparisonSettings
from forensic.speaker.backend import Backend

SETTINGS = ComparisonSettings(bootstrap_draws=100)
COSINE = Backend()


@pytest.fixture
def population(tmp_path, bank_rows):
    """A saved and loaded bank of 24 speakers."""
    rows, embeddings = bank_rows()
    save_population(tmp_path, rows, embeddings, model_sha256="m", data="", licences={"corpus 0": "", "corpus 1": ""})
    return load_population(tmp_path, "m")


def test_a_calibration_states_what_it_rests_on(population):
    """Counts, corpora, conditions, and measures of the cross-validated LRs."""
    calibration = calibrate_cells(population, 0, 0, SETTINGS, COSINE)
    assert calibration.speakers == 24
    assert calibration.recordings == 24 * 2 + 24 * 2
    assert calibration.same_speaker_scores.shape == calibration.same_speaker_log10_lr.shape == (48,)
    assert calibration.different_speaker_scores.shape == (2 * 24 * 11,)  # within each corpus of 12
    assert calibration.corpora == ("corpus 0", "corpus 1")
    assert calibration.draws.shape == (100, 2)
    assert np.diff(calibration.score_map.log10_lr) > 0
    assert calibration.questioned.net_speech_s == pytest.approx(10, rel=0.1)
    assert calibration.lower_bound_log10_lr < 0 < calibration.upper_bound_log10_lr
    same, different = calibration.same_speaker_log10_lr, calibration.different_speaker_log10_lr
    assert calibration.cllr.value == pytest.approx(metrics.cllr(same, different))
    assert calibration.cllr_min.value == pytest.approx(metrics.cllr_min(same, different))
    assert calibration.eer.value == pytest.approx(metrics.eer(same, different))


def test_the_same_inputs_give_the_same_calibration(population):
    """To the last bit."""
    first, second = (calibrate_cells(population, 0, 0, SETTINGS, COSINE) for _ in range(2))
    assert first.id == second.id
    np.testing.assert_array_equal(first.draws, second.draws)
    np.testing.assert_array_equal(first.same_speaker_log10_lr, second.same_speaker_log10_lr)


def test_the_id_changes_with_whatever_changes_the_result(population):
    """Population, cells, settings, score."""
    ids = {
        calibration_id(population, 0, 0, SETTINGS, COSINE),
        calibration_id(population, 0, 1, SETTINGS, COSINE),
        calibration_id(population, 0, 0, dataclasses.replace(SETTINGS, seed=1), COSINE),
        calibration_id(population, 0, 0, SETTINGS, Backend(mean=np.zeros(16, np.float32))),
        calibration_id(
            dataclasses.replace(population, card=dataclasses.replace(population.card, parquet_sha256="x")),
            0,
            0,
            SETTINGS,
            COSINE,
        ),
    }
    assert len(ids) == 5


def test_pairs_stay_within_a_corpus(population):
    """Across corpora the channel tells speakers apart."""
    pairs, speakers, _ = score_pairs(population, 0, 0, 5, COSINE.score)
    corpora = np.array([population.corpora[speaker] for speaker in speakers])
    assert (corpora[pairs.different_known] == corpora[pairs.different_questioned]).all()
    assert (pairs.different_known != pairs.different_questioned).all()


def test_scores_are_cosines_of_a_piece_with_the_mean_of_the_known_pieces(population):
    """Worked out anew from the embeddings."""
    pairs, speakers, _ = score_pairs(population, 0, 0, 5, COSINE.score)

    def rows(speaker, questioned):
        return (population.speaker == speaker) & (population.is_questioned == questioned) & (population.cell == 0)

    for index, (score, number) in enumerate(zip(pairs.same_scores, pairs.same_speaker, strict=True)):
        known = population.embeddings[rows(speakers[number], questioned=False)].sum(axis=0)
        pieces = population.embeddings[rows(speakers[number], questioned=True)]
        assert score == pytest.approx((pieces @ known / np.linalg.norm(known))[index % 2], abs=1e-6)


def test_a_speaker_without_known_speech_is_the_other_of_pairs_of_two(population):
    """Who has one recording widens the different-speaker scores, and no more."""
    silent = ~population.is_questioned & (population.speaker == 3)
    pairs, speakers, _ = score_pairs(_rows(population, ~silent), 0, 0, 5, COSINE.score)
    number = speakers.index(3)
    assert pairs.speakers == 24
    assert number not in pairs.same_speaker
    assert number not in pairs.different_known
    assert number in pairs.different_questioned


def test_who_has_several_days_is_not_compared_within_one(population):
    """And who has one day is."""
    day = np.full(len(population.speaker), -1)
    of_three = population.speaker == 3
    day[of_three] = np.where(population.is_questioned[of_three], 1, 0)
    day[np.flatnonzero(of_three & population.is_questioned)[0]] = 0
    pairs, speakers, _ = score_pairs(dataclasses.replace(population, day=day), 0, 0, 5, COSINE.score)
    counts = dict(zip(speakers, np.bincount(pairs.same_speaker), strict=True))
    assert counts[3] == 1
    assert {counts[other] for other in speakers if other != 3} == {2}


def test_a_real_call_is_not_compared_with_itself(population):
    """Its two sides are the same sound."""
    everything = dataclasses.replace(
        population, recording=population.speaker, is_real=np.ones(len(population.speaker), np.bool_)
    )
    with pytest.raises(CalibrationError, match="Only 0 reference speakers"):
        score_pairs(everything, 0, 0, 5, COSINE.score)


def _rows(population, kept):
    """A population of some of its rows."""
    return dataclasses.replace(
        population,
        **{
            field.name: value[kept]
            for field in dataclasses.fields(population)
            if isinstance(value := getattr(population, field.name), np.ndarray)
        },
    )


def test_too_few_speakers_are_refused(population):
    """The setting's least number counts."""
    with pytest.raises(CalibrationError, match="Only 24 reference speakers"):
        calibrate_cells(population, 0, 0, dataclasses.replace(SETTINGS, min_speakers=25), COSINE)


def test_a_corpus_a_speaker_is_refused(population):
    """There is no different-speaker pair."""
    alone = dataclasses.replace(population, corpora=tuple(population.speakers))
    with pytest.raises(CalibrationError, match="of the same corpus"):
        calibrate_cells(alone, 0, 0, SETTINGS, COSINE)


def test_scores_that_point_the_wrong_way_give_no_calibration(population):
    """Same-speaker pairs then score lower than others."""

    class Inverted:
        identity = "inverted"

        def score(self, questioned, known):
            return -COSINE.score(questioned, known)

    with pytest.raises(CalibrationError, match="carry no information"):
        calibrate_cells(population, 0, 0, SETTINGS, Inverted())


def test_more_speech_does_better(population):
    """30 s against 10 s in the same channel."""
    short, long = (calibrate_cells(population, 0, cell, SETTINGS, COSINE).cllr.value for cell in (0, 1))
    assert long < short


def test_likelihood_ratios_stay_within_bounds_and_say_so(population):
    """Value and interval; the unbounded value is kept beside."""
    calibration = calibrate_cells(population, 0, 0, SETTINGS, COSINE)
    ratios = likelihood_ratios(calibration, np.array([-1.0, 0.4, 1.0]))
    assert ratios.is_bounded.tolist() == [True, ratios.log10_lr[1] != ratios.unbounded_log10_lr[1], True]
    assert ratios.log10_lr[0] == calibration.lower_bound_log10_lr
    assert ratios.log10_lr[2] == calibration.upper_bound_log10_lr
    assert (ratios.low <= ratios.log10_lr).all()
    assert (ratios.log10_lr <= ratios.high).all()
    assert (np.diff(ratios.unbounded_log10_lr) > 0).all()


def test_a_score_that_is_missing_gets_no_likelihood_ratio(population):
    """NaN is refused."""
    calibration = calibrate_cells(population, 0, 0, SETTINGS, COSINE)
    with pytest.raises(CalibrationError, match="not a number"):
        likelihood_ratios(calibration, np.array([0.5, np.nan]))
