"""Names of a reference population whose voices may be one person's: two answers to one survey, one caller twice.

Such names make different-speaker pairs that are of one speaker, so that calibrations claim less than they could, and
the same person counts twice. Names are only listed. Somebody listens, looks at where the recordings come from, and
leaves a name out or does not: people who merely sound alike must stay, or calibrations would claim too much.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensic.comparison.calibrations import Scorer
from forensic.likelihood_ratio.population import Population, longest_of_each, rows_in_channels
from forensic.settings import ComparisonSettings
from forensic.validation.shipped import best_opinion, step_of

AS_LOW_AS = 0.1
"""Share of people who are less like themselves in other recordings than two names must be like each other."""

_PLAINEST = "clean"  # the channel in which voices are best heard, where a bank has it


@dataclass(frozen=True, slots=True)
class Alias:
    """Two names of one corpus.

    Attributes:
        first, second: the names.
        score: of their recordings, on average over both ways to compare them.
        share: of all people, those whose own two sides score lower than this.
    """

    first: str
    second: str
    score: float
    share: float


def find_aliases(folder: Path, settings: ComparisonSettings) -> list[Alias]:
    """Pairs of names that are more alike than the least alike ``AS_LOW_AS`` of people are to themselves.

    By both models together where the bank has embeddings of a second one.

    Args:
        folder: of the model and its bank.
        settings: of the calibration.

    Returns:
        Those most alike first.

    Raises:
        ModelError: if the model or its bank cannot be loaded.
    """
    step = step_of(folder, settings, best_opinion(folder))
    assert isinstance(step.population, Population)
    return aliases_in(step.population, step.backend)


def aliases_in(population: Population, score: Scorer) -> list[Alias]:
    """As ``find_aliases``, of a population.

    Args:
        population: its simulated people are compared, or those on real lines where it has no others.
        score: of its embeddings.
    """
    scores = _by_name(population, score)
    own = np.sort(np.diagonal(scores)[np.isfinite(np.diagonal(scores))])
    if not own.size:
        return []
    ways = np.stack([scores, scores.T])  # of a name with one side there is one way alone, and NaN where there is none
    both = np.where(np.isfinite(ways).all(axis=0), ways.mean(axis=0), np.fmax(*ways))
    first, second = np.triu_indices(len(scores), 1)
    corpus = np.array(population.corpora)
    is_alike = (corpus[first] == corpus[second]) & (both[first, second] >= np.quantile(own, AS_LOW_AS))
    found = [
        Alias(
            population.speakers[i],
            population.speakers[j],
            float(both[i, j]),
            float(np.searchsorted(own, both[i, j]) / len(own)),
        )
        for i, j in zip(first[is_alike], second[is_alike], strict=True)
    ]
    return sorted(found, key=lambda alias: -alias.score)


def _by_name(population: Population, score: Scorer) -> NDArray[np.float64]:
    """Score of each speaker's questioned with each one's known side, shape (speakers, speakers); NaN without one."""
    wanted = population.is_real if population.is_real.all() else ~population.is_real
    sides = []
    for is_questioned, cells in ((False, population.known_cells), (True, population.questioned_cells)):
        names = {cell.name for cell in cells}
        channels = {_PLAINEST} if _PLAINEST in names else names
        rows = rows_in_channels(population, channels, is_questioned=is_questioned)
        sides.append(longest_of_each(population, wanted & rows, population.speaker))
    known, questioned = sides
    scores = np.full((len(population.speakers),) * 2, np.nan)
    scores[np.ix_(population.speaker[questioned], population.speaker[known])] = score.score(
        population.embeddings[questioned], population.embeddings[known]
    )
    return scores
