"""People of a case who are in the reference population themselves: found by their voices, so that they are left out."""

from collections.abc import Sequence

import numpy as np

from forensic.comparison.calibrations import CalibrationStep
from forensic.comparison.independence import OwnReference
from forensic.comparison.sides import Side
from forensic.likelihood_ratio.population import Population, longest_of_each
from forensic.quantities import quantities_of

LEAST_LOG10_LR = 2.5
"""From this LR on, somebody of the population is taken for the same person. Of the people of the population that ships,
a quarter is found so in other recordings of 9 s or more through simulated channels, and 63 % in real calls; of two
people, one pair in 250,000 is, and one in 2,300 on real lines. Who is left out without need changes an LR very little,
and so does who is missed."""


def own_references(sides: Sequence[Side], calibrator: CalibrationStep) -> tuple[OwnReference, ...]:
    """Who of the population may be a speaker of the case.

    Args:
        sides: of the case.
        calibrator: whose population they are looked for in, by the longest known recording of each person.

    Returns:
        The most alike first; nobody without a joint fit.
    """
    population, joint = calibrator.population, calibrator.joint
    if joint is None or not isinstance(population, Population):
        return ()
    rows = longest_of_each(population, ~population.is_questioned, population.speaker)
    found = []
    for side in sides:
        if side.embedding is None or side.conditions is None:
            continue
        scores = calibrator.backend.score(side.embedding[None], population.embeddings[rows])[0].astype(np.float64)
        questioned = quantities_of(side.conditions)[None].repeat(len(rows), axis=0)
        log10_lr = joint.log10_lr(scores, population.measured[rows], questioned)
        found += [
            OwnReference(side.name, population.speakers[population.speaker[rows[at]]], float(log10_lr[at]))
            for at in np.flatnonzero(log10_lr >= LEAST_LOG10_LR)
        ]
    return tuple(sorted(found, key=lambda one: -one.log10_lr))
