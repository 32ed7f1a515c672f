"""Real calls: every person counts alike, and what was measured is kept beside the bank."""

import numpy as np
import polars as pl
import pytest

from forensic.errors import ModelError
from forensic.likelihood_ratio.metrics import cost_bits
from forensic.likelihood_ratio.real_calls import REAL_CALLS, load_real_results, save_real_results
from forensic.settings import ComparisonSettings, Settings
from forensic.speaker.extractor import default_model_folder
from forensic.validation.real_results import measures, real_result, weights
from forensic.validation.shipped import real_call_lrs
from forensic.workflows.validate import ValidationRequest, validate_shipped


def _pairs(rows):
    names = ("speaker_known", "speaker_questioned", "log10_lr")
    frame = pl.DataFrame(rows, schema=names, orient="row")
    return frame.with_columns(
        score=pl.col("log10_lr"), same_speaker=pl.col("speaker_known") == pl.col("speaker_questioned")
    )


def test_who_called_often_counts_no_more_than_who_called_twice():
    often, seldom = [("a", "a", 2.0)] * 30, [(one, one, -1.0) for one in "bcdef"]
    lrs = _pairs([*often, *seldom, *((one, other, -2.0) for one in "abcdef" for other in "abcdef" if one != other)])
    found = real_result(lrs)
    assert (found.people, found.repeated, found.pairs) == (6, 6, 65)
    assert found.misleading.value == pytest.approx(5 / 6)
    right, wrong = (float(cost_bits(np.array([log10_lr]))[0]) for log10_lr in (2.0, -1.0))
    assert found.cllr.value == pytest.approx(0.5 * ((right + 5 * wrong) / 6 + right))
    assert measures(lrs, weights(lrs))[0] == found.cllr.value


def test_no_misleading_lr_of_few_people_is_no_proof_that_there_is_none():
    people = "abcdefgh"
    lrs = _pairs([(one, other, 2.0 if one == other else -2.0) for one in people for other in people])
    found = real_result(lrs).misleading
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 8))


def test_few_people_are_not_measured_and_leave_no_earlier_results(tmp_path):
    people = "abcd"
    assert real_result(_pairs([(one, other, 2.0) for one in people for other in people])) is None
    (tmp_path / REAL_CALLS).touch()
    save_real_results(tmp_path, {})
    assert not (tmp_path / REAL_CALLS).exists()


def test_draws_without_a_pair_of_either_kind_are_left_out():
    """Two corpora of three people, who are compared within them, and have a same-speaker pair each."""
    corpora = ("abc", "def")
    lrs = _pairs(
        [(one, other, 2.0 if one == other else -2.0) for people in corpora for one in people for other in people]
    )
    found = real_result(lrs)
    assert found.cllr.low <= found.cllr.value <= found.cllr.high


def test_an_error_of_one_person_of_many_makes_an_interval_and_no_guess():
    """One of 20 has LRs below 1, half of all of hers: 2.5 % of all people's, and hardly more than 25."""
    people = [f"p{number}" for number in range(20)]
    same = [(one, one, -1.0 if one == "p0" and half else 2.0) for one in people for half in range(2)]
    lrs = _pairs([*same, *((one, other, -2.0) for one in people for other in people if one != other)])
    found = real_result(lrs).misleading
    assert found.value == pytest.approx(0.025)
    assert 0 < found.low < 0.005
    assert 0.1 < found.high < 0.25


def test_results_are_kept_and_read(tmp_path):
    lrs = _pairs([(one, other, 2.0 if one == other else -2.0) for one in "abcde" for other in "abcde"])
    found = {"first": real_result(lrs)}
    save_real_results(tmp_path, found)
    assert load_real_results(tmp_path) == found
    (tmp_path / REAL_CALLS).write_text("[first]\npeople = 'many'\n")
    with pytest.raises(ModelError, match="real calls"):
        load_real_results(tmp_path)
    assert load_real_results(tmp_path / "none") == {}


@pytest.mark.parametrize("opinion", ["first", "second", "both"])
def test_the_shipped_results_are_those_of_the_shipped_bank(opinion):
    folder = default_model_folder()
    lrs = real_call_lrs(folder, ComparisonSettings(), opinion)
    kept = load_real_results(folder)[opinion]
    cllr = measures(lrs, weights(lrs))[0]
    assert cllr == pytest.approx(kept.cllr.value, rel=1e-4)
    assert kept.pairs == lrs.height


def test_a_validation_of_what_ships_says_what_the_model_keeps(tmp_path):
    """Pairs weigh alike in its table, so it also says the figures in which people do."""
    settings = Settings(comparison=ComparisonSettings(bootstrap_draws=100))
    folder = default_model_folder()
    result = validate_shipped(ValidationRequest(tmp_path, tmp_path / "out", settings), folder, lambda _step: None)
    kept = load_real_results(folder)["first"]
    assert result.by_person is not None
    assert result.by_person.cllr.value == pytest.approx(kept.cllr.value, rel=1e-3)
    assert result.by_person.misleading.value == pytest.approx(kept.misleading.value, rel=1e-3)
    assert result.pdf.stat().st_size > 10_000
