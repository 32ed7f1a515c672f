"""What computed a result, for its report."""

from pathlib import Path

import numpy as np
import pytest

from forensic.comparison.method import method_of
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.population import PopulationCard
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.settings import ComparisonSettings, Settings

CARD = PopulationCard("ab" * 32, "cd" * 32, "People.", {}, speakers=30, rows=120)
PAIRS = Pairs(np.ones(2), np.arange(2), np.zeros(2), np.array([0, 1]), np.array([1, 0]), speakers=2)
SCORES = ScoreList(PAIRS, (), (), "ef" * 32, "of a list")


@pytest.mark.parametrize(
    ("population", "simulated_from", "own", "kind", "words"),
    [
        (CARD, None, None, "bank", "the model's bank"),
        (CARD, Path("people.csv"), None, "simulated", "simulated from people.csv"),
        (CARD, None, Path("ours"), "own recordings", "from the calibration ours"),
        (SCORES, None, Path("ours"), "own scores", "own scores of 2 speakers"),
    ],
)
def test_the_method_says_where_the_reference_population_comes_from(population, simulated_from, own, kind, words):
    method = method_of(None, Settings(), "", 0.0, population, simulated_from=simulated_from, own=own)
    assert method.population_kind == kind
    assert words in method.population


def test_a_method_without_a_population_says_so():
    assert method_of(None, Settings(), "", 0.0).population_kind is None


def test_the_hash_of_the_settings_follows_them():
    default, other = (
        method_of(None, settings, "", 0.0)
        for settings in (Settings(), Settings(comparison=ComparisonSettings(calibrator="kde")))
    )
    assert default.settings_sha256 != other.settings_sha256
    assert other.settings.comparison.calibrator == "kde"
