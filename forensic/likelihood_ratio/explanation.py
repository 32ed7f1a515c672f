"""What an LR rests on: each stretch of speech, the amount of speech, and how common such a voice is.

There are three views of one comparison; none of them changes it:

- *Without each segment*: the LR of all speech but one stretch, by the comparison's own calibration. A large change
  shows where to listen: there may be a noise, another voice, or a line said in another tone.
- *Growth*: the LR of the first stretches together, then of more and more, in the order of time. Each amount is
  calibrated with recordings of that amount if the population has any. An LR that has settled is worth more than one
  that still changes.
- *Typicality*: how the questioned voice scores with the other voices of the reference population. If many of them score
  as high with it as the suspect does, the voice is common; this is why its LR is low.

The mean of segments, weighted by their LSTM windows, differs a little from the embedding of the comparison: that is the
mean of all windows, while a segment's own mean was scaled to unit length, and windows that span two segments belong to
neither. ``of_all`` is the LR of the segments' mean, to be compared with the issued LR.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.fit import Score, likelihood_ratios
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.records import Calibration, Samples, Vector

Index: TypeAlias = NDArray[np.integer]

ScoreAgainst: TypeAlias = Callable[[Samples], Vector]
"""From embeddings of one side, shape (n, size), to their scores with the other side of the comparison, shape (n,)."""

LogLr: TypeAlias = tuple[float, float, float]
"""A log10 LR with the ends of its interval, all within the bounds."""

MOST_OCTAVES = 1.0
"""A cell calibrates an amount of speech only if it has at most twice and at least half as much."""


@dataclass(frozen=True, slots=True, eq=False)
class WithoutSegments:
    """A comparison without each of its segments.

    Attributes:
        of_all: log10 LR of all segments.
        without: log10 LR without each of them, shape (n,); that of all if a segment has no window.
        change: ``of_all`` minus ``without``, shape (n,): what each segment adds; above 0 it supports H1.
    """

    of_all: float
    without: Vector
    change: Vector


def against(score: Score, other: Samples, *, is_questioned: bool) -> ScoreAgainst:
    """A function that scores embeddings with the one embedding of the other side.

    Args:
        score: compares embeddings.
        other: of the other side, shape (size,), unit length.
        is_questioned: whether what will be scored is the questioned side.
    """

    def scores(embeddings: Samples) -> Vector:
        pair = (embeddings, other[None]) if is_questioned else (other[None], embeddings)
        return np.asarray(score(*pair), dtype=np.float64).reshape(-1)

    return scores


def without_each_segment(
    embeddings: Samples, windows: Index, score: ScoreAgainst, calibration: Calibration
) -> WithoutSegments:
    """How the LR changes without each segment of one side; unbounded, because bounds would hide changes.

    Args:
        embeddings: of the segments, shape (n, size); rows without windows are ignored.
        windows: LSTM windows of each, shape (n,), 0 or more.
        score: with the other side.
        calibration: of the comparison.

    Raises:
        CalibrationError: if fewer than two segments have windows: without the only one there is no speech.
    """
    kept = np.flatnonzero(windows > 0)
    if kept.size <= 1:
        raise CalibrationError(
            "There is at most one stretch of speech, so none can be left out.", "Examine the recording as a whole."
        )
    weighted = embeddings[kept] * windows[kept, None].astype(np.float32)
    total = weighted.sum(axis=0)
    scores = score(_directions(np.vstack([total[None], total - weighted])))
    log10_lr = likelihood_ratios(calibration, scores).unbounded_log10_lr
    without = np.full(len(windows), log10_lr[0])
    without[kept] = log10_lr[1:]
    return WithoutSegments(float(log10_lr[0]), without, log10_lr[0] - without)


@dataclass(frozen=True, slots=True)
class Amount:
    """A comparison of the first segments only.

    Attributes:
        segments: how many.
        net_speech_s: of them together.
        log10_lr: with the ends of its interval; None if no cell calibrates so little speech.
        calibrated_for_s: net speech of the population's cell; None if ``log10_lr`` is None.
    """

    segments: int
    net_speech_s: float
    log10_lr: LogLr | None
    calibrated_for_s: float | None


CalibrationFor: TypeAlias = Callable[[float], Calibration | None]
"""The calibration for an amount of net speech in the comparison's other conditions; None if there is none."""


AdjustFor: TypeAlias = Callable[[float, Vector], Vector]
"""Scores of an amount of net speech, brought to the conditions of the calibration for that amount."""


def telling_amounts(windows: Index, duration_s: Vector, wanted_s: Sequence[float]) -> tuple[int, ...]:
    """How many of the first segments come nearest to each of some amounts of net speech, and how many contain it all.

    Args:
        windows: LSTM windows of each segment in the order of time, shape (n,), 0 or more.
        duration_s: of each, shape (n,).
        wanted_s: amounts, above 0; for an amount that is larger than all speech, all of it is taken.

    Returns:
        Numbers of segments, each once, ascending; empty if no segment has windows.
    """
    kept = np.flatnonzero(windows > 0)
    if not kept.size:
        return ()
    octaves = np.log2(np.cumsum(duration_s)[kept])
    nearest = {int(np.abs(octaves - math.log2(amount_s)).argmin()) for amount_s in wanted_s}
    return tuple(int(kept[place]) + 1 for place in sorted(nearest | {kept.size - 1}))


def growth(
    embeddings: Samples,
    windows: Index,
    duration_s: Vector,
    score: ScoreAgainst,
    calibration_for: CalibrationFor,
    adjust: AdjustFor = lambda _, scores: scores,
    *,
    is_questioned: bool,
    at: Sequence[int] | None = None,
) -> tuple[Amount, ...]:
    """The LR of the first segment, of the first two, and so on; a segment without windows joins the next.

    Args:
        embeddings: of the segments in the order of time, shape (n, size).
        windows: LSTM windows of each, shape (n,), 0 or more.
        duration_s: of each, shape (n,).
        score: with the other side.
        calibration_for: the calibration for each amount.
        adjust: brings scores to its conditions.
        is_questioned: whether they are segments of the questioned side.
        at: only these numbers of segments, as ``telling_amounts`` gives them.
    """
    kept = np.flatnonzero(windows > 0)
    looked_at = np.ones(kept.size, np.bool_) if at is None else np.isin(kept + 1, at)
    if not looked_at.any():
        return ()
    weighted = embeddings[kept] * windows[kept, None].astype(np.float32)
    scores = score(_directions(np.cumsum(weighted, axis=0)[looked_at]))
    speech_s = np.cumsum(duration_s)[kept][looked_at]
    found = []
    for number, amount_s, value in zip(kept[looked_at] + 1, speech_s, scores, strict=True):
        calibration = calibration_for(float(amount_s))
        if calibration is None:
            found.append(Amount(int(number), float(amount_s), None, None))
            continue
        ratios = likelihood_ratios(calibration, adjust(float(amount_s), np.array([value])))
        cell = calibration.questioned if is_questioned else calibration.known
        found.append(
            Amount(
                int(number),
                float(amount_s),
                (float(ratios.log10_lr[0]), float(ratios.low[0]), float(ratios.high[0])),
                cell.net_speech_s,
            )
        )
    return tuple(found)


def cell_for_amount(
    population: Population | ScoreList, cell: int, net_speech_s: float, *, is_questioned: bool
) -> int | None:
    """The cell of the same channel whose amount of speech is nearest; None if it is more than an octave away.

    More speech than in the longest cell is calibrated by that cell, as in a comparison.

    Args:
        population: what calibrates; a list of scores has one cell.
        cell: of the comparison, whose channel is kept.
        net_speech_s: above 0.
        is_questioned: the side of the cell.
    """
    cells = population.questioned_cells if is_questioned else population.known_cells
    amounts_s = {number: each.net_speech_s for number, each in enumerate(cells) if each.name == cells[cell].name}
    looked_for_s = min(net_speech_s, max(amounts_s.values()))
    away = {number: abs(math.log2(looked_for_s / amount_s)) for number, amount_s in amounts_s.items()}
    nearest = min(away, key=away.__getitem__)
    return nearest if away[nearest] <= MOST_OCTAVES else None


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the reference population.

    Attributes:
        speaker: its name there.
        score: with the questioned recording.
    """

    speaker: str
    score: float


@dataclass(frozen=True, slots=True)
class Typicality:
    """How a questioned voice scores against the reference population's known voices.

    Attributes:
        voices: how many.
        as_high: how many of them score at least as high as the suspect.
        share: of them, 0 to 1.
        nearest: the highest first.
        suspect_score: for comparison.
    """

    voices: int
    as_high: int
    share: float
    nearest: tuple[Voice, ...]
    suspect_score: float


def typicality(
    questioned: Samples, suspect_score: float, population: Population, known_cell: int, score: Score, nearest: int = 5
) -> Typicality:
    """Score a questioned embedding against the known voices of a cell, each the mean of its embeddings there.

    Voices of every corpus are included: no corpus is a case recording's own.

    Args:
        questioned: shape (size,), unit length.
        suspect_score: of the comparison.
        population: the bank.
        known_cell: the comparison's cell of the known side.
        score: compares embeddings.
        nearest: how many voices to name.

    Raises:
        CalibrationError: if the cell has no voice.
    """
    rows = np.flatnonzero(~population.is_questioned & (population.cell == known_cell))
    if not rows.size:
        raise CalibrationError("The population has no known voice in these conditions.", "Use another population.")
    speakers, place = np.unique(population.speaker[rows], return_inverse=True)
    total = np.zeros((len(speakers), population.embeddings.shape[1]), dtype=np.float32)
    np.add.at(total, place, population.embeddings[rows])
    scores = np.asarray(score(questioned[None], _directions(total)), dtype=np.float64)[0]
    order = np.argsort(-scores, kind="stable")
    as_high = int((scores >= suspect_score).sum())
    return Typicality(
        voices=len(speakers),
        as_high=as_high,
        share=as_high / len(speakers),
        nearest=tuple(Voice(population.speakers[speakers[i]], float(scores[i])) for i in order[:nearest]),
        suspect_score=suspect_score,
    )


def _directions(vectors: Samples) -> Samples:
    """Rows scaled to unit length; a row of 0 stays 0."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Samples = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    return directions
