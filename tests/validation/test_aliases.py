"""Names of one person are found, and people who are none of each other are not."""

import dataclasses

import numpy as np
import pytest

from forensic.likelihood_ratio.population import load_population, save_population
from forensic.speaker.backend import Backend
from forensic.validation.aliases import aliases_in

SPEAKERS = 24


@pytest.fixture
def population(tmp_path, bank_rows):
    rows, embeddings = bank_rows(speakers=SPEAKERS, size=64)
    licences = dict.fromkeys(rows["corpus"].unique(), "CC0")
    save_population(tmp_path, rows, embeddings, model_sha256="m", data="", licences=licences)
    return load_population(tmp_path, "m")


def _with_voice_of(population, name, other):
    """The recordings of a name in the voice of another."""
    embeddings = population.embeddings.copy()
    to, of = (population.speaker == population.speakers.index(each) for each in (name, other))
    embeddings[to] = embeddings[of]
    return dataclasses.replace(population, embeddings=embeddings)


def test_people_are_not_each_other(population):
    assert aliases_in(population, Backend()) == []


def test_a_second_name_of_one_person_is_found(population):
    (found,) = aliases_in(_with_voice_of(population, "corpus 0/004", "corpus 0/010"), Backend())
    assert (found.first, found.second) == ("corpus 0/004", "corpus 0/010")
    assert found.score > 0.8
    assert 0 < found.share < 1


def test_names_of_two_corpora_are_not_compared(population):
    """Two corpora make no different-speaker pairs, so that nothing depends on it."""
    assert aliases_in(_with_voice_of(population, "corpus 0/004", "corpus 1/011"), Backend()) == []


def test_people_with_one_side_are_compared_too(population):
    alike = _with_voice_of(population, "corpus 0/004", "corpus 0/010")
    gone = (alike.speaker == alike.speakers.index("corpus 0/004")) & ~alike.is_questioned
    one_sided = dataclasses.replace(
        alike,
        **{
            name: getattr(alike, name)[~gone]
            for name in ("embeddings", "speaker", "is_questioned", "cell", "measured", "recording", "day", "is_real")
        },
        line=alike.line[~gone],
    )
    (found,) = aliases_in(one_sided, Backend())
    assert found.first == "corpus 0/004"
    assert np.isfinite(found.score)
