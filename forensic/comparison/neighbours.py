"""How LRs would move under neighbouring choices of the relevant population."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from forensic.comparison.calibrations import CalibrationStep, calibration_step, quantities
from forensic.comparison.sides import Side
from forensic.comparison.tables import STATUS_LR
from forensic.errors import CaseError
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen, people_of


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another choice, and the LRs that it would give.

    Attributes:
        choice: differs from that of the case in one respect.
        people: how many it takes.
        log10_lr: before bounds, of each row of the comparisons; None where no LR is issued.
    """

    choice: PopulationChoice
    people: int
    log10_lr: tuple[float | None, ...]


def neighbouring_choices(choice: PopulationChoice, population: Population) -> Iterator[PopulationChoice]:
    """Each choice with one respect changed: given up where something was asked for, else the largest group taken.

    Args:
        choice: of the case.
        population: the whole bank.
    """
    people = people_of(population)
    languages = [name for name in people.by["language"] if name]
    real = sorted({population.corpora[number] for number in np.unique(population.speaker[population.is_real]).tolist()})
    yield replace(choice, age="" if choice.age else "any")
    if choice.language or languages:
        yield replace(choice, language="" if choice.language else languages[0])
    if choice.corpora or real:
        yield replace(choice, corpora=() if choice.corpora else tuple(real))
    if choice.sex:
        yield replace(choice, sex="")
    if choice.accent:
        yield replace(choice, accent="")


def neighbours(
    population: Population,
    choice: PopulationChoice,
    sides: tuple[Sequence[Side], Sequence[Side]],
    comparisons: pl.DataFrame,
    calibrator: CalibrationStep,
    kept: Path,
) -> tuple[Neighbour, ...]:
    """The LRs of a case under neighbouring choices; those that leave too few people are left out.

    Args:
        population: the whole bank.
        choice: of the case.
        sides: questioned and known, as they were weighed.
        comparisons: as ``weigh`` made them.
        calibrator: of the case.
        kept: folder of the model, which keeps joint fits.
    """
    if calibrator.joint is None:
        return ()
    questioned, known = map(quantities, sides)
    at = np.flatnonzero((comparisons["status"] == STATUS_LR).to_numpy())
    found = []
    for other in neighbouring_choices(choice, population):
        try:
            people = chosen(population, other)
        except CaseError:
            continue
        joint = calibration_step(people, calibrator.settings, calibrator.backend, kept).joint
        if joint is None:
            continue
        scores = comparisons["score"].to_numpy()[at]
        values = joint.log10_lr(scores, known[at % len(known)], questioned[at // len(known)])
        by_row = dict(zip(at.tolist(), values.tolist(), strict=True))
        found.append(Neighbour(other, joint.speakers, tuple(by_row.get(row) for row in range(comparisons.height))))
    return tuple(found)
