"""Which pairs of voices can have an LR: counted by conditions and by reason, without holding the pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensic.comparison.independence import Suspicions
from forensic.comparison.refusal import NearestCell, Refusal
from forensic.comparison.sides import Side
from forensic.settings import ComparisonSettings

Index = NDArray[np.intp]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PairCounts:
    """Numbers of pairs; the first voice of a pair is the known side.

    Attributes:
        by_cells: pairs of two usable, independent voices, shape (known cells, questioned cells).
        known_distance: of the voice on the known side of these pairs that is farthest from its cell, same shape.
        questioned_distance: of the questioned side.
        refused_known: independent pairs of a usable questioned voice with this known one, if that is not usable,
            shape (voices,).
        refused_questioned: independent pairs of any voice with this questioned one, if that is not usable.
    """

    by_cells: Index
    known_distance: Matrix
    questioned_distance: Matrix
    refused_known: Index
    refused_questioned: Index


@dataclass(frozen=True, slots=True, eq=False)
class SideCells:
    """The population's cell that each voice is nearest to on one side.

    Attributes:
        cell: its number; -1 where the voice cannot be used on this side, shape (voices,).
        distance: to it.
        count: cells of the population.
    """

    cell: Index
    distance: Matrix
    count: int


def side_cells(nearest: Sequence[NearestCell | None], against: Sequence[Refusal | None], count: int) -> SideCells:
    """The cells of voices on one side.

    Args:
        nearest: of each voice.
        against: why each cannot be compared on this side; None if it can.
        count: cells of the population.
    """
    cell = [one.index if one is not None and no is None else -1 for one, no in zip(nearest, against, strict=True)]
    distance = [one.distance if one is not None else np.inf for one in nearest]
    return SideCells(np.array(cell, np.intp), np.array(distance), count)


def pair_keys(first: Index, second: Index, voices: int) -> Index:
    """A number for each pair, by which those of one later voice are together."""
    return np.asarray(np.maximum(first, second) * voices + np.minimum(first, second))


def dependent_pairs(sides: Sequence[Side], suspicions: Suspicions, settings: ComparisonSettings) -> Index:
    """Pairs of one recording, or of two that are suspected of one source or session, as sorted ``pair_keys``."""
    voices: dict[str, list[int]] = {}
    for place, side in enumerate(sides):
        voices.setdefault(side.sha256[0], []).append(place)
    suspected = {
        (one.first, one.second)
        for one in suspicions.found
        if suspicions.against([one.first], [one.second], settings) is not None
    }
    together = [(sha256, sha256) for sha256, own in voices.items() if len(own) > 1]
    keys = [
        max(one, other) * len(sides) + min(one, other)
        for a, b in (*together, *suspected)
        for one in voices[a]
        for other in voices[b]
        if one != other
    ]
    return np.unique(np.array(keys, np.intp))


def count_pairs(known: SideCells, questioned: SideCells, dependent: Index) -> PairCounts:
    """Every pair counted once, by what it can be used for."""
    voices = len(known.cell)
    shape = (known.count, questioned.count)
    by_cells, far_known, far_questioned = np.zeros(shape, np.intp), np.zeros(shape), np.zeros(shape)
    refused_known, refused_questioned = np.zeros(voices, np.intp), np.zeros(voices, np.intp)
    starts = np.searchsorted(dependent, np.arange(voices + 1) * voices)
    for later in range(voices):
        independent = np.ones(later, bool)
        independent[dependent[starts[later] : starts[later + 1]] - later * voices] = False
        column = questioned.cell[later]
        if column < 0:
            refused_questioned[later] = np.count_nonzero(independent)
            continue
        usable = known.cell[:later] >= 0
        refused_known[:later] += independent & ~usable
        partners = np.flatnonzero(independent & usable)
        cells = known.cell[partners]
        number = np.bincount(cells, minlength=known.count)
        by_cells[:, column] += number
        np.maximum.at(far_known[:, column], cells, known.distance[partners])
        far_questioned[number > 0, column] = np.maximum(far_questioned[number > 0, column], questioned.distance[later])
    return PairCounts(by_cells, far_known, far_questioned, refused_known, refused_questioned)
