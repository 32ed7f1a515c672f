"""Every pair of voices of a case: scores, and the LRs from them.

Of two voices, the one with more net speech takes the known side's conditions of the population, the other the
questioned side's; if both have as much, the one whose SHA-256, channel and speaker come first takes the known side's.
So each pair has one LR, in whichever order it is asked for.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.comparison.calibrations import (
    CalibrationStep,
    Cells,
    Outcome,
    Watch,
    calibrate_all,
    conditions_error_of,
    quantities,
    unwatched,
)
from forensic.comparison.independence import Suspicions
from forensic.comparison.refusal import (
    NearestCell,
    Refusal,
    RefusalKind,
    calibration_refused,
    nearest_cell,
    why_unusable,
)
from forensic.comparison.sides import Side
from forensic.comparison.tables import PAIRS_SCHEMA, STATUS_LR, STATUS_NONE
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.fit import LikelihoodRatios, likelihood_ratios
from forensic.likelihood_ratio.score_map import log10_lr_at, with_values
from forensic.likelihood_ratio.uncertainty import small_sample_factor
from forensic.records import KNOWN, QUESTIONED, Calibration
from forensic.settings import ComparisonSettings
from forensic.speaker.search import pair_scores

Index = NDArray[np.intp]

DRAWS = 200
"""Bootstrap draws in which clusters are made again."""

_UNDECIDED, _NO_CALIBRATION = -1, -2


class VoicePairs:
    """Every pair of voices: scores, then LRs. The first of a pair is the known side.

    Attributes:
        first, second: indices of the voices, shape (n,).
        scores: shape (n,).
        adjusted: the scores brought to the conditions of their calibrations, shape (n,).
        log10_lr: within the bounds; NaN where no LR is issued, shape (n,).
        calibration: index in ``ids`` of the calibration that made the LR, shape (n,).
        ids: of calibrations.
        calibrations: by id.
        known_cells, questioned_cells: of the population, nearest to each voice on that side.
        against_known, against_questioned: why a voice cannot be compared on that side; None if it can.
        is_independent: whether a pair is not suspected of one source or session, shape (n,).
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
        embeddings = np.stack([side.embedding for side in sides if side.embedding is not None])
        parts = list(pair_scores(embeddings, calibrator.backend.score))
        self.first, self.second, self.scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        self.log10_lr = np.full(len(self.first), np.nan)
        self.calibration = np.full(len(self.first), _UNDECIDED, np.int32)
        self.ids: list[str] = []
        self.calibrations = {}
        self.known_cells = [nearest_cell(side, population.known_cells) for side in sides]
        self.questioned_cells = [nearest_cell(side, population.questioned_cells) for side in sides]
        self.against_known = [
            why_unusable(side, cell, KNOWN, settings, envelope.known)
            for side, cell in zip(sides, self.known_cells, strict=True)
        ]
        self.against_questioned = [
            why_unusable(side, cell, QUESTIONED, settings, envelope.questioned)
            for side, cell in zip(sides, self.questioned_cells, strict=True)
        ]
        self.adjusted = self.scores.astype(np.float64)
        self.joint = calibrator.joint
        self._quantities = quantities(sides)
        self.is_independent = self._independent(sides, suspicions, settings)
        self.missed: dict[Cells, Refusal] = {}

    def _independent(
        self, sides: Sequence[Side], suspicions: Suspicions, settings: ComparisonSettings
    ) -> NDArray[np.bool_]:
        """Which pairs are of two recordings that are not suspected of one source or session."""
        recordings = sorted({side.sha256[0] for side in sides})
        number = {sha256: index for index, sha256 in enumerate(recordings)}
        recording = np.array([number[side.sha256[0]] for side in sides])
        one, other = recording[self.first], recording[self.second]
        key = np.minimum(one, other) * len(recordings) + np.maximum(one, other)
        suspected = [
            min(a, b) * len(recordings) + max(a, b)
            for suspicion in suspicions.found
            if suspicions.against([suspicion.first], [suspicion.second], settings) is not None
            for a, b in ((number[suspicion.first], number[suspicion.second]),)
        ]
        independent: NDArray[np.bool_] = (one != other) & ~np.isin(key, np.array(suspected, key.dtype))
        return independent

    def calibrate(
        self, calibrator: CalibrationStep, envelope: Envelope, workers: int, watch: Watch = unwatched
    ) -> None:
        """Fit each pair of conditions once, and turn the scores of its pairs into LRs."""
        fine = (
            self.is_independent
            & np.array([reason is None for reason in self.against_known])[self.first]
            & np.array([reason is None for reason in self.against_questioned])[self.second]
        )
        members = np.flatnonzero(fine)
        if not len(members):
            return
        cells = np.stack([_places(self.known_cells)[self.first], _places(self.questioned_cells)[self.second]])
        kinds, which = np.unique(cells[:, members], axis=1, return_inverse=True)
        order = np.argsort(which, kind="stable")
        groups = np.split(members[order], np.cumsum(np.bincount(which, minlength=kinds.shape[1]))[:-1])
        pairs_of_cells = [(int(known), int(questioned)) for known, questioned in kinds.T]
        outcomes = calibrate_all(pairs_of_cells, calibrator, workers, watch)
        for place, group in zip(pairs_of_cells, groups, strict=True):
            self._take(place, outcomes[place], group, calibrator, envelope)

    def _take(
        self, cells: Cells, fitted: Outcome, group: Index, calibrator: CalibrationStep, envelope: Envelope
    ) -> None:
        refused = calibration_refused(fitted, envelope)
        if refused is not None:
            self.missed[cells] = refused
        if refused is not None or isinstance(fitted, CalibrationError):
            self.calibration[group] = _NO_CALIBRATION
            return
        calibration = dataclasses.replace(
            fitted,
            known_distance=_farthest(self.known_cells, self.first[group]),
            questioned_distance=_farthest(self.questioned_cells, self.second[group]),
        )
        self.calibrations[calibration.id] = calibration
        self.calibration[group] = len(self.ids)
        self.ids.append(calibration.id)
        known, questioned = self._quantities[self.first[group]], self._quantities[self.second[group]]
        self.adjusted[group] = calibrator.adjusted(self.adjusted[group], known, questioned, cells)
        values = log10_lr_at(calibration.score_map, self.adjusted[group])[0]
        self.log10_lr[group] = np.clip(values, calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr)

    def ratios(self, place: int, chosen: Index) -> LikelihoodRatios:
        """The LRs of pairs of one calibration, with their intervals.

        Args:
            place: of the calibration in ``ids``.
            chosen: pairs that it calibrated.
        """
        known, questioned = self._quantities[self.first[chosen]], self._quantities[self.second[chosen]]
        error = conditions_error_of(self.joint, self.scores[chosen].astype(np.float64), known, questioned)
        return likelihood_ratios(self.calibrations[self.ids[place]], self.adjusted[chosen], error)

    def drawn(self, chosen: Index, draws: slice) -> NDArray[np.float64]:
        """log10 LRs of some pairs with LRs, as some draws of the bootstrap change them, shape (draws, pairs)."""
        found = np.empty((draws.stop - draws.start, len(chosen)))
        for place in np.unique(self.calibration[chosen]):
            which = self.calibration[chosen] == place
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
        return len(self.known_cells)

    def draws(self) -> int:
        """How many draws there are of every calibration, at most ``DRAWS``."""
        return min([DRAWS, *(len(calibration.draws) for calibration in self.calibrations.values())])

    def uses(self) -> dict[str, int]:
        """Number of pairs with an LR, by calibration."""
        counts = Counter(self.calibration[self.calibration >= 0].tolist())
        return {self.ids[place]: number for place, number in sorted(counts.items())}

    def refusals(self) -> tuple[tuple[Refusal, int], ...]:
        """Why pairs have no LR, and how many for each reason, in the order of the pairs."""
        rest = np.flatnonzero(self.calibration < 0)
        dependent = rest[~self.is_independent[rest]]
        found = [(Refusal(RefusalKind.NOT_INDEPENDENT), len(dependent))] if len(dependent) else []
        counts: Counter[int] = Counter()
        by_id: dict[int, Refusal] = {}  # many pairs share the record of one voice, which takes long to hash
        for pair in rest[self.is_independent[rest]].tolist():
            one, other = int(self.first[pair]), int(self.second[pair])
            refused = self.against_questioned[other] or self.against_known[one] or self._missed(one, other)
            by_id[id(refused)] = refused
            counts[id(refused)] += 1
        return (*found, *((by_id[key], number) for key, number in counts.items()))

    def _missed(self, one: int, other: int) -> Refusal:
        known, questioned = self.known_cells[one], self.questioned_cells[other]
        assert known is not None
        assert questioned is not None
        return self.missed[known.index, questioned.index]

    def table(self, numbers: Index) -> pl.DataFrame:
        """All pairs, as ``PAIRS_SCHEMA``."""
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


def _places(cells: Sequence[NearestCell | None]) -> Index:
    return np.array([-1 if cell is None else cell.index for cell in cells], np.intp)


def _farthest(cells: Sequence[NearestCell | None], used: Index) -> float:
    distances: list[float] = [cell.distance for place in np.unique(used).tolist() if (cell := cells[place]) is not None]
    return max(distances)
