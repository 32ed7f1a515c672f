"""How LRs would move under neighbouring choices of the relevant population."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensic.comparison.calibrations import Kept, calibration_step, quantities
from forensic.comparison.opinions import Opinions, step_of_both
from forensic.comparison.sides import Side
from forensic.comparison.tables import STATUS_LR
from forensic.errors import CaseError, ModelError
from forensic.likelihood_ratio.joint import JOINT
from forensic.likelihood_ratio.population import Population, without
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen, people_of
from forensic.progress import Watch, unwatched
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import SpeakerModel


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
    left_out: Collection[str],
    sides: tuple[Sequence[Side], Sequence[Side]],
    opinions: Opinions,
    settings: ComparisonSettings,
    model: SpeakerModel,
    watch: Watch = unwatched,
) -> tuple[Neighbour, ...]:
    """The LRs of a case under neighbouring choices; those that leave too few people are left out.

    Args:
        population: the whole bank.
        choice: of the case.
        left_out: people of the bank who may be speakers of the case.
        sides: questioned and known, as they were weighed.
        opinions: as ``weigh_opinions`` made them.
        settings: of the calibration; without a joint fit there are no neighbours.
        model: scores; its folder keeps joint fits.
        watch: called with how many choices are done, and how many there are.
    """
    if settings.calibrator != JOINT:
        return ()
    questioned, known = map(quantities, sides)
    is_issued = opinions.issued.comparisons["status"] == STATUS_LR
    found = []
    others = list(neighbouring_choices(choice, population))
    for done, other in enumerate(others):
        watch(done, len(others))
        try:
            people = without(chosen(population, other), left_out)
        except (CaseError, ModelError):
            continue
        first = calibration_step(people, settings, model.backend, Kept(model.folder))
        steps = [(opinions.first, first)]
        if opinions.both is not None:
            steps.append((opinions.both, step_of_both(first)))
        by_row: dict[int, float] = {}
        for weighed, step in steps:
            if step.joint is None:
                continue
            at = np.flatnonzero((is_issued & (weighed.comparisons["status"] == STATUS_LR)).to_numpy())
            scores = weighed.comparisons["score"].to_numpy()[at]
            values = step.joint.log10_lr(scores, known[at % len(known)], questioned[at // len(known)])
            by_row |= dict(zip(at.tolist(), values.tolist(), strict=True))
        if by_row:
            count = len(np.unique(people.speaker))
            found.append(Neighbour(other, count, tuple(by_row.get(row) for row in range(len(is_issued)))))
    return tuple(found)
