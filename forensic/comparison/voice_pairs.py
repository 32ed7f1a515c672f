"""The pairs of voices of a case: scores, and the LRs from them.

Of two voices, the one with more net speech takes the known side's conditions of the population, the other the
questioned side's; if both have as much, the one whose SHA-256, channel and speaker come first takes the known side's.
So each pair has one LR, in whichever order it is asked for.

Of many voices not every pair is weighed: each voice keeps the pairs with its highest scores, and the pairs that the
clusters ask for are weighed too. The others are *pruned*. They are counted, and their conditions are calibrated as all
are, so that the number of LRs to expect by chance is that of all pairs.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.comparison.calibrations import (
    CalibrationStep,
    Cells,
    Outcome,
    calibrate_all,
    quantities,
)
from forensic.comparison.independence import Suspicions
from forensic.comparison.pair_counts import count_pairs, dependent_pairs, pair_keys, side_cells
from forensic.comparison.refusal import Refusal, RefusalKind, calibration_refused, nearest_cell, why_unusable
from forensic.comparison.sides import Side
from forensic.comparison.tables import PAIRS_SCHEMA, STATUS_LR, STATUS_NONE
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.fit import LikelihoodRatios, likelihood_ratios
from forensic.likelihood_ratio.score_map import log10_lr_at, with_values
from forensic.likelihood_ratio.uncertainty import small_sample_factor
from forensic.progress import Watch, unwatched
from forensic.records import KNOWN, QUESTIONED, Calibration, Samples
from forensic.settings import LinkSettings
from forensic.speaker.search import best_scores, pair_scores

Index = NDArray[np.intp]

DRAWS = 200
"""Bootstrap draws in which clusters are made again."""

_NO_LR = -1


class VoicePairs:
    """Pairs of voices: conditions, then calibrations, then LRs. The first of a pair is the known side.

    Attributes:
        against_known, against_questioned: why a voice cannot be compared on that side; None if it can.
        counts: of all pairs.
        ids: of calibrations.
        calibrations: by id.
        is_complete: whether all pairs are held; otherwise those with LRs that were weighed.
        first, second: indices of the voices of the pairs that are held, shape (n,).
        scores: shape (n,).
        adjusted: the scores brought to the conditions of their calibrations, shape (n,).
        log10_lr: within the bounds; NaN where no LR is issued, shape (n,).
        calibration: index in ``ids`` of the calibration that made the LR; below 0 where none is issued, shape (n,).
    """

    calibrations: dict[str, Calibration]

    def __init__(
        self,
        sides: Sequence[Side],
        calibrator: CalibrationStep,
        envelope: Envelope,
        suspicions: Suspicions,
    ) -> None:
        population, settings = calibrator.population, calibrator.settings
        self._calibrator, self._envelope = calibrator, envelope
        self._embeddings: Samples = np.stack([side.embedding for side in sides if side.embedding is not None])
        self._quantities = quantities(sides)
        known = [nearest_cell(side, population.known_cells) for side in sides]
        questioned = [nearest_cell(side, population.questioned_cells) for side in sides]
        self.against_known = [
            why_unusable(side, cell, KNOWN, settings, envelope.known) for side, cell in zip(sides, known, strict=True)
        ]
        self.against_questioned = [
            why_unusable(side, cell, QUESTIONED, settings, envelope.questioned)
            for side, cell in zip(sides, questioned, strict=True)
        ]
        self._known = side_cells(known, self.against_known, len(population.known_cells))
        self._questioned = side_cells(questioned, self.against_questioned, len(population.questioned_cells))
        self._dependent = dependent_pairs(sides, suspicions, settings)
        self.counts = count_pairs(self._known, self._questioned, self._dependent)
        self._place = np.full([each.count + 1 for each in (self._known, self._questioned)], _NO_LR, np.int32)
        self.ids: list[str] = []
        self.calibrations = {}
        self._missed: dict[Cells, Refusal] = {}
        self.is_complete = True
        self.first, self.second = np.empty(0, np.intp), np.empty(0, np.intp)
        self.scores, self.calibration = np.empty(0, np.float32), np.empty(0, np.int32)
        self.adjusted, self.log10_lr = np.empty(0), np.empty(0)

    def calibrate(self, workers: int, watch: Watch = unwatched) -> None:
        """Fit each pair of conditions that occurs once."""
        wanted = [(known, questioned) for known, questioned in np.argwhere(self.counts.by_cells).tolist()]
        for cells, fitted in calibrate_all(wanted, self._calibrator, workers, watch).items():
            self._take(cells, fitted)

    def _take(self, cells: Cells, fitted: Outcome) -> None:
        refused = calibration_refused(fitted, self._envelope)
        if refused is not None:
            self._missed[cells] = refused
        if refused is not None or isinstance(fitted, CalibrationError):
            return
        calibration = dataclasses.replace(
            fitted,
            known_distance=float(self.counts.known_distance[cells]),
            questioned_distance=float(self.counts.questioned_distance[cells]),
        )
        self._place[cells] = len(self.ids)
        self.calibrations[calibration.id] = calibration
        self.ids.append(calibration.id)

    def weigh(self, settings: LinkSettings, watch: Watch = unwatched) -> None:
        """Score the pairs, and turn the scores into LRs: all pairs, or the best of each voice if there are many."""
        self.is_complete = not settings.candidates or self.voices <= settings.complete_up_to
        if self.is_complete:
            parts = list(pair_scores(self._embeddings, self._calibrator.backend.score))
            first, second, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
            self._hold(first, second, scores)
            return
        every = self._embeddings
        for one, other, _ in best_scores(
            every, every, self._calibrator.backend.score, settings.candidates, self._can_have_lr
        ):
            self.weigh_also(one, other)
            watch(int(one[-1]) + 1 if len(one) else 0, self.voices)

    def _can_have_lr(self, rows: slice, columns: slice) -> NDArray[np.bool_]:
        """Whether an LR can be issued for each pair of some voices with some others, shape (rows, columns)."""
        one, other = np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop)
        known, questioned, has_lr = self._known.cell, self._questioned.cell, self._place >= 0
        allowed: NDArray[np.bool_] = np.where(
            one[:, None] < other,
            has_lr[np.ix_(known[one], questioned[other])],
            has_lr[np.ix_(known[other], questioned[one])].T,
        )
        allowed[one[:, None] == other] = False
        later, earlier = np.divmod(self._dependent, self.voices)
        for row, column in ((later, earlier), (earlier, later)):
            inside = (row >= rows.start) & (row < rows.stop) & (column >= columns.start) & (column < columns.stop)
            allowed[row[inside] - rows.start, column[inside] - columns.start] = False
        return allowed

    def weigh_also(self, one: Index, other: Index) -> None:
        """Weigh those of some pairs of two voices that can have an LR and are not held yet.

        Args:
            one: voices, shape (n,).
            other: voices, shape (n,), none that of ``one``.
        """
        wanted = np.setdiff1d(pair_keys(one, other, self.voices), self._dependent)
        wanted = np.setdiff1d(wanted, pair_keys(self.first, self.second, self.voices), assume_unique=True)
        second, first = np.divmod(wanted, self.voices)
        has_lr = self._place[self._known.cell[first], self._questioned.cell[second]] >= 0
        first, second = first[has_lr], second[has_lr]
        scores = self._calibrator.backend.score_pairs(self._embeddings, second, first)
        self._hold(first, second, scores.astype(np.float32))

    def _hold(self, first: Index, second: Index, scores: NDArray[np.float32]) -> None:
        calibration = self._place[self._known.cell[first], self._questioned.cell[second]]
        calibration[np.isin(pair_keys(first, second, self.voices), self._dependent)] = _NO_LR
        adjusted, log10_lr = scores.astype(np.float64), np.full(len(scores), np.nan)
        for place, group in _groups(calibration):
            fitted = self.calibrations[self.ids[place]]
            known, questioned = first[group], second[group]
            cells = int(self._known.cell[known[0]]), int(self._questioned.cell[questioned[0]])
            sides = self._quantities[known], self._quantities[questioned]
            adjusted[group] = self._calibrator.adjusted(adjusted[group], *sides, cells)
            values = log10_lr_at(fitted.score_map, adjusted[group])[0]
            log10_lr[group] = np.clip(values, fitted.lower_bound_log10_lr, fitted.upper_bound_log10_lr)
        self.first, self.second = np.append(self.first, first), np.append(self.second, second)
        self.scores, self.calibration = np.append(self.scores, scores), np.append(self.calibration, calibration)
        self.adjusted, self.log10_lr = np.append(self.adjusted, adjusted), np.append(self.log10_lr, log10_lr)

    def ratios(self, place: int, chosen: Index) -> LikelihoodRatios:
        """The LRs of pairs of one calibration, with their intervals.

        Args:
            place: of the calibration in ``ids``.
            chosen: pairs that it calibrated.
        """
        known, questioned = self._quantities[self.first[chosen]], self._quantities[self.second[chosen]]
        error = self._calibrator.conditions_error(self.scores[chosen].astype(np.float64), known, questioned)
        return likelihood_ratios(self.calibrations[self.ids[place]], self.adjusted[chosen], error)

    def drawn(self, chosen: Index, draws: slice) -> NDArray[np.float64]:
        """log10 LRs of some pairs with LRs, as some draws of the bootstrap change them, shape (draws, pairs)."""
        found = np.empty((draws.stop - draws.start, len(chosen)))
        for place, which in _groups(self.calibration[chosen]):
            calibration = self.calibrations[self.ids[place]]
            maps = [calibration.score_map.log10_lr, calibration.limit[None], calibration.draws[draws]]
            scores = self.adjusted[chosen[which]]
            values = log10_lr_at(with_values(calibration.score_map, np.concatenate(maps)), scores)
            moved = values[0] + small_sample_factor(calibration.speakers) * (values[2:] - values[1])
            found[:, which] = np.clip(moved, calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr)
        return found

    @property
    def voices(self) -> int:
        """How many voices there are."""
        return len(self._embeddings)

    def draws(self) -> int:
        """How many draws there are of every calibration, at most ``DRAWS``."""
        return min([DRAWS, *(len(calibration.draws) for calibration in self.calibrations.values())])

    def uses(self) -> dict[str, int]:
        """Number of pairs that can have an LR, pruned ones included, by calibration."""
        return {self.ids[self._place[cells]]: number for cells, number in self._occurring() if self._place[cells] >= 0}

    @property
    def pruned(self) -> int:
        """How many pairs that can have an LR were not weighed, because each of the two has better ones."""
        return sum(self.uses().values()) - int((self.calibration >= 0).sum())

    def refusals(self) -> tuple[tuple[Refusal, int], ...]:
        """Why pairs have no LR, and how many for each reason."""
        found = [(Refusal(RefusalKind.NOT_INDEPENDENT), len(self._dependent))]
        for against, numbers in (
            (self.against_questioned, self.counts.refused_questioned),
            (self.against_known, self.counts.refused_known),
        ):
            found += [(one, number) for one, number in zip(against, numbers.tolist(), strict=True) if one is not None]
        found += [(self._missed[cells], number) for cells, number in self._occurring() if cells in self._missed]
        return tuple((refused, number) for refused, number in found if number)

    def _occurring(self) -> Iterator[tuple[Cells, int]]:
        for known, questioned in np.argwhere(self.counts.by_cells).tolist():
            yield (known, questioned), int(self.counts.by_cells[known, questioned])

    def table(self, numbers: Index) -> pl.DataFrame:
        """The pairs that are held, as ``PAIRS_SCHEMA``."""
        has_lr = self.calibration >= 0
        ids = pl.Series([*self.ids, None], dtype=pl.String)
        return pl.DataFrame(
            {
                "known_voice": numbers[self.first],
                "questioned_voice": numbers[self.second],
                "score": self.scores,
                "log10_lr": pl.Series(self.log10_lr).fill_nan(None),
                "status": np.where(has_lr, STATUS_LR, STATUS_NONE),
                "calibration_id": ids.gather(np.where(has_lr, self.calibration, len(self.ids))),
            }
        ).cast(pl.Schema(PAIRS_SCHEMA))


def _groups(calibration: NDArray[np.int32]) -> Iterator[tuple[int, Index]]:
    """The pairs of each calibration, in their order; without those that have none."""
    order = np.argsort(calibration, kind="stable")
    places, starts = np.unique(calibration[order], return_index=True)
    for place, group in zip(places.tolist(), np.split(order, starts[1:]), strict=False):
        if place >= 0:
            yield place, group
