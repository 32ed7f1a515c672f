"""People of a validation leave the reference population first."""

import numpy as np
import pytest

from forensic.errors import ModelError
from forensic.likelihood_ratio.population import load_population, save_population, without
from forensic.validation.disjoint import shared_people


@pytest.fixture
def population(tmp_path, bank_rows):
    rows, embeddings = bank_rows(12)
    licences = {"corpus 0": "CC0", "corpus 1": "CC0"}
    save_population(tmp_path, rows, embeddings, model_sha256="m", data="Random.", licences=licences)
    return load_population(tmp_path, "m")


def test_people_are_found_by_name_and_corpus(population):
    assert shared_people(population, {("corpus 0", "000")}) == ("corpus 0/000",)
    assert shared_people(population, {("", "003")}) == ("corpus 1/003",)
    assert shared_people(population, {("corpus 1", "000"), ("corpus 0", "0")}) == ()


def test_nothing_of_them_remains_and_calibrations_get_other_ids(population):
    rest = without(population, ["corpus 0/000"])
    gone = population.speakers.index("corpus 0/000")
    assert gone not in rest.speaker
    assert rest.card.speakers == 11
    assert len(rest.embeddings) == len(rest.speaker) == rest.card.rows == (population.speaker != gone).sum()
    assert rest.card.parquet_sha256 != population.card.parquet_sha256
    assert without(population, []) is population


def test_somebody_must_remain(population):
    with pytest.raises(ModelError, match="Nobody"):
        without(population, population.speakers)
    assert np.unique(population.speaker).size == 12
