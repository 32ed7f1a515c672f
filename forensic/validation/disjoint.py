"""People who are in both a validation and the reference population, by name."""

import re
from collections.abc import Collection

from forensic.likelihood_ratio.population import Population

_LANGUAGE = re.compile(r" \([^()]*\)$")


def shared_people(population: Population, people: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """Reference speakers who are named in a validation.

    A reference speaker is taken for the same person if the name is the same and the corpus is the same or not
    given. Corpora that the population splits by language ("common-voice (en)") count as one. Only names can be
    compared: one person under two names is not found.

    Args:
        population: the reference-population bank.
        people: corpus (empty where not given) and name of each speaker of the validation.

    Returns:
        Their names in the bank, sorted.
    """
    named = set(people)
    shared = [
        full_name
        for full_name, corpus in zip(population.speakers, population.corpora, strict=True)
        if {(corpus, name := full_name.removeprefix(f"{corpus}/")), (_LANGUAGE.sub("", corpus), name), ("", name)}
        & named
    ]
    return tuple(sorted(shared))
