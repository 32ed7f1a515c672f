"""Whether a suspect's recordings are of one voice: their LR with each other, before any questioned comparison.

The recordings are split into the two groups whose scores with each other are lowest on average (average linkage). The
groups are compared as a questioned and a known recording are: each pooled, the one with more net speech as the known
side, each in its own conditions, on the same reference population. Where that LR is below 1, the recordings are
unlikely to be of one speaker.
"""

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.comparison.calibrations import CalibrationStep, quantities
from forensic.comparison.inconsistency import (
    LEAST_LOG10_LR,
    ConsistencyFinding,
    Inconsistency,
    NotCompared,
    SuspectVoice,
)
from forensic.comparison.refusal import nearest_cell
from forensic.comparison.sides import Side, pooled
from forensic.comparison.voices import net_speech_s
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.score_map import log10_lr_at
from forensic.records import ScoreMaps

Matrix: TypeAlias = NDArray[np.float64]


class ConsistencyCheck:
    """Checks suspects; the map of each pair of conditions is fitted once.

    Args:
        calibrator: of the comparison.
    """

    def __init__(self, calibrator: CalibrationStep) -> None:
        self._calibrator = calibrator
        self._maps: dict[tuple[int, int], ScoreMaps | None] = {}

    def split(self, suspect: str, voices: Sequence[Side]) -> Inconsistency | None:
        """The two groups of one suspect's recordings that are least alike, and their LR.

        Args:
            suspect: name.
            voices: the channels of the suspect's recordings, each with embedding and conditions.

        Returns:
            None where there are fewer than two, or no map for their conditions.
        """
        if len(voices) < 2:  # noqa: PLR2004 - something to compare
            return None
        is_second = is_in_second_group(self._scores(voices))
        groups = [
            [voice for voice, second in zip(voices, is_second, strict=True) if second == which]
            for which in (False, True)
        ]
        longer, shorter = sorted(groups, key=lambda group: sum(map(net_speech_s, group)), reverse=True)
        log10_lr = self.log10_lr(pooled("", longer), pooled("", shorter))
        if log10_lr is None:
            return None
        return Inconsistency(suspect, tuple(map(_voice, longer)), tuple(map(_voice, shorter)), log10_lr)

    def log10_lr(self, known: Side, questioned: Side) -> float | None:
        """Of two sides with embeddings; None where the population has no map for their conditions."""
        cells = self._cells(known, questioned)
        fitted = None if cells is None else self._map(cells)
        if fitted is None or known.embedding is None or questioned.embedding is None:
            return None
        score = self._calibrator.backend.score(questioned.embedding[None], known.embedding[None])[0].astype(np.float64)
        assert cells is not None  # there is a map
        adjusted = self._calibrator.adjusted(score, quantities([known]), quantities([questioned]), cells)
        return float(log10_lr_at(fitted, adjusted)[0, 0])

    def _cells(self, known: Side, questioned: Side) -> tuple[int, int] | None:
        near = (
            nearest_cell(known, self._calibrator.population.known_cells),
            nearest_cell(questioned, self._calibrator.population.questioned_cells),
        )
        if near[0] is None or near[1] is None:
            return None
        is_far = max(near[0].distance, near[1].distance) > self._calibrator.settings.max_condition_distance
        return None if is_far else (near[0].index, near[1].index)

    def _map(self, cells: tuple[int, int]) -> ScoreMaps | None:
        if cells not in self._maps:
            try:
                self._maps[cells] = self._calibrator.score_map(cells)
            except CalibrationError:
                self._maps[cells] = None
        return self._maps[cells]

    def _scores(self, voices: Sequence[Side]) -> Matrix:
        embeddings = np.stack([voice.embedding for voice in voices if voice.embedding is not None])
        scores = np.asarray(self._calibrator.backend.score(embeddings, embeddings), np.float64)
        symmetric: Matrix = (scores + scores.T) / 2
        return symmetric


def check_suspects(
    known: Sequence[Side], voices: Sequence[Sequence[Side]], check: ConsistencyCheck
) -> tuple[list[Side], tuple[ConsistencyFinding, ...]]:
    """Mark suspects whose recordings are unlikely to be of one speaker.

    Args:
        known: sides of suspects.
        voices: what each of them is pooled of.
        check: on the population of the comparison.

    Returns:
        The sides, and a record for each suspect of whom there is something to say.
    """
    marked: list[Side] = []
    findings: list[ConsistencyFinding] = []
    for side, own in zip(known, voices, strict=True):
        found = (
            None if side.several else check.split(side.name, own)
        )  # several speakers in one recording refuse it anyway
        if found is None and len(own) > 1 and not side.several:
            findings.append(NotCompared(side.name))
        if found is not None and found.log10_lr >= LEAST_LOG10_LR:
            found = None
        if found is not None:
            findings.append(found)
        marked.append(dataclasses.replace(side, inconsistency=found))
    return marked, tuple(findings)


def is_in_second_group(scores: Matrix) -> NDArray[np.bool_]:
    """Which of two groups each recording is in, by average linkage.

    Args:
        scores: of all pairs, symmetric, shape (n, n), n at least 2.

    Returns:
        Shape (n,), the first in the first group; both hold one recording at least.
    """
    if len(scores) == 2:  # noqa: PLR2004 - nothing to choose
        return np.array([False, True])
    from scipy.cluster.hierarchy import linkage, to_tree  # a verification can do without

    between = scores.max() - scores[np.triu_indices(len(scores), 1)]
    is_second: NDArray[np.bool_] = np.zeros(len(scores), np.bool_)
    is_second[to_tree(linkage(between, "average")).right.pre_order()] = True
    return ~is_second if is_second[0] else is_second


def _voice(side: Side) -> SuspectVoice:
    return SuspectVoice(side.name, side.channel, side.voice)
