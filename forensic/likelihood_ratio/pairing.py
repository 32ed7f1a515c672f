"""Which recordings of a reference population may be compared, as pairs of one speaker or of two."""

import numpy as np
from numpy.typing import NDArray

from forensic.likelihood_ratio.population import Population

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


def kinds_of_pairs(population: Population, known: Index, questioned: Index) -> tuple[Mask, Mask]:
    """Which pairs of rows are of one speaker and of two.

    A recording is never compared with itself. Pairs of one speaker are of two days, for everybody who was recorded on
    several: of one day, scores are too high. Pairs of two speakers are of one corpus, since channels alone separate
    corpora.

    Args:
        population: a bank.
        known: rows of the known side; of the same shape as ``questioned``, or one that broadcasts with it.
        questioned: rows of the questioned side.

    Returns:
        Two masks of the common shape; a pair in neither must not be used.
    """
    speaker, day, recording = population.speaker, population.day, population.recording
    corpus = np.unique(np.array(population.corpora), return_inverse=True)[1]
    is_one = speaker[questioned] == speaker[known]
    # the two sides of a simulated person are of different recordings, also where they are of one session
    is_itself = (
        (recording[questioned] == recording[known]) & (recording[questioned] >= 0) & population.is_real[questioned]
    )
    is_one_day = (day[questioned] == day[known]) & (day[questioned] >= 0) & has_days(population)[speaker[questioned]]
    is_two = ~is_one & (corpus[speaker[questioned]] == corpus[speaker[known]])
    return is_one & ~is_itself & ~is_one_day, is_two


def has_days(population: Population) -> Mask:
    """Which speakers were recorded on several days, shape (speakers,)."""
    stated = np.flatnonzero(population.day >= 0)
    speaker, day = population.speaker[stated], population.day[stated]
    one = np.zeros(len(population.speakers), day.dtype)
    one[speaker] = day  # some day of each
    found: Mask = np.bincount(speaker[day != one[speaker]], minlength=len(one)) > 0
    return found
