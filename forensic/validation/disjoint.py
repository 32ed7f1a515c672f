"""People who are in both a validation and the reference population, and the population without them."""

import dataclasses
import hashlib
import re
from collections.abc import Collection
from typing import Any

import numpy as np

from forensic.errors import CalibrationError
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


def without(population: Population, left_out: Collection[str]) -> Population:
    """The population without some of its speakers; its calibrations have other ids than those of the whole.

    Args:
        population: the reference-population bank.
        left_out: names as in the bank.

    Raises:
        CalibrationError: if nobody remains.
    """
    if not left_out:
        return population
    gone = np.isin(np.array(population.speakers), sorted(left_out))
    keep = ~gone[population.speaker]
    if not keep.any():
        raise CalibrationError(
            "Every speaker of the reference population is in the validation too.",
            "Use other people for the validation, or another reference population.",
        )
    digest = hashlib.sha256("\n".join([population.card.parquet_sha256, *sorted(left_out)]).encode()).hexdigest()
    by_row: dict[str, Any] = {
        field.name: value[keep]
        for field in dataclasses.fields(population)
        if isinstance(value := getattr(population, field.name), np.ndarray) and len(value) == len(keep)
    }
    card = dataclasses.replace(
        population.card,
        parquet_sha256=digest,
        speakers=len(np.unique(population.speaker[keep])),
        rows=int(keep.sum()),
    )
    return dataclasses.replace(population, card=card, **by_row)
