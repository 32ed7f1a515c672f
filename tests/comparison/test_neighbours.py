"""Neighbouring choices of the relevant population: one respect changed at a time."""

import dataclasses

import numpy as np
import pytest

from forensic.comparison.neighbours import neighbouring_choices
from forensic.errors import CaseError
from forensic.likelihood_ratio.population import load_population, save_population
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen, people_of


@pytest.fixture
def population(tmp_path, bank_rows):
    """24 speakers: every third a child, every second speaks French, one corpus on real lines."""
    rows, embeddings = bank_rows()
    save_population(tmp_path, rows, embeddings, model_sha256="m", data="", licences={"corpus 0": "", "corpus 1": ""})
    bank = load_population(tmp_path, "m")
    traits = tuple(
        dataclasses.replace(each, age="child" if n % 3 == 0 else "", language="fr" if n % 2 else "en-GB", sex="female")
        for n, each in enumerate(bank.traits)
    )
    real = np.array([corpus == "corpus 1" for corpus in bank.corpora])[bank.speaker]
    return dataclasses.replace(bank, traits=traits, is_real=real)


def _people(population, **choice):
    return people_of(chosen(population, PopulationChoice(**choice))).count


def test_children_are_left_out_unless_asked_for(population):
    assert _people(population) == 16
    assert _people(population, age="any") == 24
    assert _people(population, age="child") == 8
    with pytest.raises(CaseError, match="Nobody"):
        chosen(population, PopulationChoice(age="adult"))  # nobody is known to be one


def test_a_language_takes_its_regions_and_a_corpus_its_people(population):
    assert _people(population, age="any", language="en") == 12
    assert _people(population, age="any", language="en-GB") == 12
    assert _people(population, age="any", corpora=("corpus 1",)) == 12


def test_who_a_population_is_is_counted(population):
    people = people_of(population)
    assert (people.count, people.real, people.several_days) == (24, 12, 0)
    assert people.by["age"] == {"": 16, "child": 8}
    assert people.by["sex"] == {"female": 24}


def test_neighbours_differ_in_one_respect_each(population):
    blank = PopulationChoice()
    assert list(neighbouring_choices(blank, population)) == [
        PopulationChoice(age="any"),
        PopulationChoice(language="en-GB"),
        PopulationChoice(corpora=("corpus 1",)),
    ]
    asked = PopulationChoice(sex="female", age="any", language="fr", accent="x", corpora=("corpus 0",))
    for other in neighbouring_choices(asked, population):
        assert sum(a != b for a, b in zip(dataclasses.astuple(asked), dataclasses.astuple(other), strict=True)) == 1
