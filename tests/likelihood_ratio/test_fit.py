"""The whole calibration, from a bank to likelihood ratios."""

import dataclasses

import numpy as np
import pytest

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import metrics
from forensic.likelihood_ratio.fit import (
    calibrate,
    calibrate_cells,
    calibration_id,
    likelihood_ratios,
    score_pairs,
)
from forensic.likelihood_ratio.population import load_population, save_population
from forensic.records import Conditions
from forensic.settings import ComparisonSettings
from forensic.speaker.backend import Backend

SETTINGS = ComparisonSettings(bootstrap_draws=100)
COSINE = Backend()
KNOWN = Conditions(60.0, None, 8000.0)
QUESTIONED = Conditions(11.0, 20.0, 3400.0)


@pytest.fixture
def population(tmp_path, bank_rows):
    """A saved and loaded bank of 24 speakers."""
    rows, embeddings = bank_rows()
    save_population(tmp_path, rows, embeddings, model_sha256="m", data="", licences={"corpus 0": "", "corpus 1": ""})
    return load_population(tmp_path, "m")


def test_a_calibration_states_what_it_rests_on(population):
    """Counts, corpora, conditions, and measures of the cross-validated LRs."""
    calibration = calibrate(population, KNOWN, QUESTIONED, SETTINGS, COSINE)
    assert calibration.speakers == 24
    assert calibration.recordings == 24 * 2 + 24 * 2
    assert calibration.same_speaker_scores.shape == calibration.same_speaker_log10_lr.shape == (48,)
    assert calibration.different_speaker_scores.shape == (2 * 24 * 11,)  # within each corpus of 12
    assert calibration.corpora == ("corpus 0", "corpus 1")
    assert calibration.draws.shape == (100, 2)
    assert np.diff(calibration.score_map.log10_lr) > 0
    assert calibration.questioned.net_speech_s == pytest.approx(10, rel=0.1)
    assert calibration.questioned_distance < 0.5
    assert calibration.lower_bound_log10_lr < 0 < calibration.upper_bound_log10_lr
    same, different = calibration.same_speaker_log10_lr, calibration.different_speaker_log10_lr
    assert calibration.cllr.value == pytest.approx(metrics.cllr(same, different))
    assert calibration.cllr_min.value == pytest.approx(metrics.cllr_min(same, different))
    assert calibration.eer.value == pytest.approx(metrics.eer(same, different))


def test_the_same_inputs_give_the_same_calibration(population):
    """To the last bit."""
    first, second = (calibrate(population, KNOWN, QUESTIONED, SETTINGS, COSINE) for _ in range(2))
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


def test_speakers_of_one_side_only_do_not_enter(population):
    """Each speaker is on both sides."""
    silent = population.is_questioned & (population.speaker == 3)
    kept = dataclasses.replace(
        population,
        embeddings=population.embeddings[~silent],
        speaker=population.speaker[~silent],
        is_questioned=population.is_questioned[~silent],
        cell=population.cell[~silent],
    )
    assert calibrate_cells(kept, 0, 0, SETTINGS, COSINE).speakers == 23


def test_too_few_speakers_are_refused(population):
    """The setting's least number counts."""
    with pytest.raises(CalibrationError, match="Only 24 reference speakers"):
        calibrate(population, KNOWN, QUESTIONED, dataclasses.replace(SETTINGS, min_speakers=25), COSINE)


def test_a_corpus_a_speaker_is_refused(population):
    """There is no different-speaker pair."""
    alone = dataclasses.replace(population, corpora=tuple(population.speakers))
    with pytest.raises(CalibrationError, match="of the same corpus"):
        calibrate(alone, KNOWN, QUESTIONED, SETTINGS, COSINE)


def test_scores_that_point_the_wrong_way_give_no_calibration(population):
    """Same-speaker pairs then score lower than others."""

    class Inverted:
        identity = "inverted"

        def score(self, questioned, known):
            return -COSINE.score(questioned, known)

    with pytest.raises(CalibrationError, match="carry no information"):
        calibrate(population, KNOWN, QUESTIONED, SETTINGS, Inverted())


def test_more_speech_does_better(population):
    """30 s against 10 s in the same channel."""
    short, long = (calibrate_cells(population, 0, cell, SETTINGS, COSINE).cllr.value for cell in (0, 1))
    assert long < short


def test_likelihood_ratios_stay_within_bounds_and_say_so(population):
    """Value and interval; the unbounded value is kept beside."""
    calibration = calibrate(population, KNOWN, QUESTIONED, SETTINGS, COSINE)
    ratios = likelihood_ratios(calibration, np.array([-1.0, 0.4, 1.0]))
    assert ratios.is_bounded.tolist() == [True, ratios.log10_lr[1] != ratios.unbounded_log10_lr[1], True]
    assert ratios.log10_lr[0] == calibration.lower_bound_log10_lr
    assert ratios.log10_lr[2] == calibration.upper_bound_log10_lr
    assert (ratios.low <= ratios.log10_lr).all()
    assert (ratios.log10_lr <= ratios.high).all()
    assert (np.diff(ratios.unbounded_log10_lr) > 0).all()


def test_a_score_that_is_missing_gets_no_likelihood_ratio(population):
    """NaN is refused."""
    calibration = calibrate(population, KNOWN, QUESTIONED, SETTINGS, COSINE)
    with pytest.raises(CalibrationError, match="not a number"):
        likelihood_ratios(calibration, np.array([0.5, np.nan]))
