"""What the likelihood ratios of a case rest on: stretches of speech, amounts of speech, how common the voice is.

The highest LR of each questioned speaker and every other LR above 1 are examined, up to ``MOST_EXPLAINED``. None of
this changes an LR. Amounts of speech other than the comparison's are calibrated by other cells of the population, each
pair of cells once per case, with at most ``DRAWS`` draws: their intervals are for a plot, not for a finding.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from forensic.comparison.calibrations import (
    CalibrationStep,
    Cells,
    Matrix,
    calibrate_all,
    quantities,
)
from forensic.comparison.outcomes import Explanation, SegmentEffect
from forensic.comparison.refusal import nearest_cell
from forensic.comparison.sides import Side
from forensic.comparison.tables import STATUS_LR
from forensic.likelihood_ratio.explanation import (
    Amount,
    Index,
    ScoreAgainst,
    Typicality,
    against,
    cell_for_amount,
    growth,
    telling_amounts,
    typicality,
    without_each_segment,
)
from forensic.likelihood_ratio.population import Population
from forensic.progress import Watch, unwatched
from forensic.quantities import PLACE
from forensic.records import Calibration, Samples, Vector

MOST_EXPLAINED = 40
AMOUNTS_S = (3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0)
"""Amounts of net speech for which the LR is computed, to the nearest end of a stretch, besides all of it."""

DRAWS = 200
MOST_CALIBRATIONS = 48
"""Pairs of cells in a case that are calibrated only for amounts of speech; each takes about half a processor second."""

MOST_SEGMENTS = 100
"""Stretches of a comparison that are kept: those that change the LR most."""

Sides: TypeAlias = tuple[Sequence[Side], Sequence[Side]]
"""Questioned and known."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stretches:
    """The questioned speech of one speaker in the order of time, one row per stretch."""

    embeddings: Samples
    windows: Index
    start_s: Vector
    end_s: Vector

    @property
    def duration_s(self) -> Vector:
        return self.end_s - self.start_s

    @property
    def can_be_left_out(self) -> bool:
        """Whether speech remains when any one of them is left out."""
        return int((self.windows > 0).sum()) > 1


@dataclass(frozen=True, slots=True, eq=False)
class _Explained:
    """A comparison that is explained.

    Attributes:
        row: of the comparisons.
        questioned, known: embeddings, shape (size,).
        conditions: quantities of the known and of the questioned side, shape (1, quantities) each.
        cells: of the population, by which it was calibrated.
        calibration: that was used.
        stretches: of the questioned speech.
    """

    row: Mapping[str, Any]
    questioned: Samples
    known: Samples
    conditions: tuple[Matrix, Matrix]
    cells: Cells
    calibration: Calibration
    stretches: _Stretches


def explain(
    sides: Sides,
    comparisons: pl.DataFrame,
    calibrations: Mapping[str, Calibration],
    segments: pl.DataFrame,
    calibrator: CalibrationStep,
    issued: pl.DataFrame,
    workers: int = 1,
    watch: Watch = unwatched,
) -> tuple[Explanation, ...]:
    """Explain the highest LR of each questioned speaker and every LR above 1; if there are too many, the highest.

    With a second model, the comparisons are chosen by the LRs of both, and what the first model's LRs rest on is
    explained: the second model sees a voice as a whole.

    Args:
        sides: that were compared.
        comparisons: as ``weigh`` made them from the sides: every questioned side in turn with every known one.
        calibrations: by id, those that the comparisons name.
        segments: table of that name, of one model and one set of settings; may lack some or all of the recordings.
        calibrator: of population, settings and backend of the comparisons.
        issued: the comparisons with the LRs that are issued, in the same order; the same without a second model.
        workers: processes that calibrate, if there are many calibrations.
        watch: called with how many calibrations are done, and how many there are.

    Returns:
        Explanations in the order of the comparisons. Recordings of the same bytes are explained once.
    """
    chosen = _chosen(sides, comparisons, calibrations, segments, calibrator, issued)
    by_cells = _with_other_amounts(chosen, calibrator, workers, watch)
    return tuple(_explanation(each, by_cells, calibrator) for each in chosen)


def _chosen(
    sides: Sides,
    comparisons: pl.DataFrame,
    calibrations: Mapping[str, Calibration],
    segments: pl.DataFrame,
    calibrator: CalibrationStep,
    issued: pl.DataFrame,
) -> list[_Explained]:
    questioned, known = sides
    key = ["questioned_sha256", "channel", "turn"]
    highest = (
        comparisons.with_columns(issued=issued["log10_lr"])
        .with_row_index("place")
        .filter(pl.col("status") == STATUS_LR)
        .sort("issued", descending=True, maintain_order=True)
        .unique([*key, "suspect"], keep="first", maintain_order=True)
        .filter(pl.struct(key).is_first_distinct() | (pl.col("issued") > 0))
        .head(MOST_EXPLAINED)
        .sort("place")
    )
    stretches = _stretches_of(segments, highest["questioned_sha256"])
    found = []
    for row in highest.iter_rows(named=True):
        q, k = questioned[row["place"] // len(known)], known[row["place"] % len(known)]
        q_cell = nearest_cell(q, calibrator.population.questioned_cells)
        k_cell = nearest_cell(k, calibrator.population.known_cells)
        assert q.embedding is not None  # it has an LR
        assert k.embedding is not None
        assert q_cell is not None
        assert k_cell is not None
        found.append(
            _Explained(
                row,
                q.embedding,
                k.embedding,
                (quantities([k]), quantities([q])),
                (k_cell.index, q_cell.index),
                calibrations[row["calibration_id"]],
                stretches.get(tuple(row[name] for name in key)) or _no_stretches(q.embedding),
            )
        )
    return found


def _stretches_of(segments: pl.DataFrame, sha256: pl.Series) -> dict[tuple[Any, ...], _Stretches]:
    """By SHA-256, channel and turn."""
    rows = segments.filter(pl.col("sha256").is_in(sha256.to_list())).sort("sha256", "channel", "turn", "start_s")
    found = {}
    for key, part in rows.group_by("sha256", "channel", "turn", maintain_order=True):
        embeddings = part["embedding"].to_list()
        size = max((len(value) for value in embeddings if value is not None), default=0)
        stacked = np.array([value or [0.0] * size for value in embeddings], np.float32)
        windows = np.where(part["embedding"].is_null().to_numpy(), 0, part["windows"].to_numpy())
        found[key] = _Stretches(stacked, windows, part["start_s"].to_numpy(), part["end_s"].to_numpy())
    return found


def _no_stretches(embedding: Samples) -> _Stretches:
    return _Stretches(np.empty((0, embedding.size), np.float32), np.empty(0, np.int32), np.empty(0), np.empty(0))


def _amounts_at(stretches: _Stretches) -> tuple[int, ...]:
    return telling_amounts(stretches.windows, stretches.duration_s, AMOUNTS_S)


def _with_other_amounts(
    chosen: Sequence[_Explained], calibrator: CalibrationStep, workers: int, watch: Watch
) -> dict[Cells, Calibration]:
    """The calibrations of the comparisons and of the other amounts of speech, by cells."""
    known = {each.cells: each.calibration for each in chosen}
    wanted: dict[Cells, None] = {}  # a set that keeps its order
    for each in chosen:
        speech_s = np.cumsum(each.stretches.duration_s)
        for number in _amounts_at(each.stretches):
            cells = _cells_for(each, float(speech_s[number - 1]), calibrator)
            if cells is not None and cells not in known:
                wanted[cells] = None
    settings = calibrator.settings
    quick = dataclasses.replace(settings, bootstrap_draws=min(settings.bootstrap_draws, DRAWS))
    quickly = dataclasses.replace(calibrator, settings=quick)
    outcomes = calibrate_all(list(wanted)[:MOST_CALIBRATIONS], quickly, workers, watch)
    return known | {cells: found for cells, found in outcomes.items() if isinstance(found, Calibration)}


def _cells_for(each: _Explained, net_speech_s: float, calibrator: CalibrationStep) -> Cells | None:
    """The cells that calibrate an amount of the questioned speech; for all of it, the comparison's own cells."""
    known, questioned = each.cells
    if net_speech_s >= _all_speech_s(each.stretches):
        return each.cells
    cell = cell_for_amount(calibrator.population, questioned, net_speech_s, is_questioned=True)
    return None if cell is None else (known, cell)


def _all_speech_s(stretches: _Stretches) -> float:
    """Net speech up to the last stretch that was embedded."""
    embedded = np.flatnonzero(stretches.windows > 0)
    return float(np.cumsum(stretches.duration_s)[embedded[-1]]) if embedded.size else 0.0


def _explanation(each: _Explained, by_cells: Mapping[Cells, Calibration], calibrator: CalibrationStep) -> Explanation:
    row, stretches = each.row, each.stretches
    score = against(calibrator.backend.score, each.known, is_questioned=True)
    of_all, segments = _segments(each, score, calibrator)
    return Explanation(
        questioned_path=row["questioned_path"],
        questioned_sha256=row["questioned_sha256"],
        channel=row["channel"],
        turn=row["turn"],
        suspect=row["suspect"],
        stretches=len(stretches.windows),
        net_speech_s=float(stretches.duration_s.sum()),
        log10_lr_of_stretches=of_all,
        segments=segments,
        amounts=_amounts(each, score, by_cells, calibrator),
        typicality=_typicality(each, calibrator),
    )


def _segments(
    each: _Explained, score: ScoreAgainst, calibrator: CalibrationStep
) -> tuple[float | None, tuple[SegmentEffect, ...]]:
    """The log10 LR of all stretches, and the stretches that change it most."""
    stretches = each.stretches
    if not stretches.can_be_left_out:
        return None, ()

    def adjusted(embeddings: Samples) -> Vector:
        scores = score(embeddings)
        known, questioned = (side.repeat(len(scores), axis=0) for side in each.conditions)
        return calibrator.adjusted(scores, known, questioned, each.cells)

    found = without_each_segment(stretches.embeddings, stretches.windows, adjusted, each.calibration)
    most = np.sort(np.argsort(-np.abs(found.change), kind="stable")[:MOST_SEGMENTS])
    return found.of_all, tuple(
        SegmentEffect(
            float(stretches.start_s[place]),
            float(stretches.end_s[place]),
            float(found.without[place]),
            float(found.change[place]),
        )
        for place in most
    )


def _amounts(
    each: _Explained, score: ScoreAgainst, by_cells: Mapping[Cells, Calibration], calibrator: CalibrationStep
) -> tuple[Amount, ...]:
    def calibration_for(net_speech_s: float) -> Calibration | None:
        cells = _cells_for(each, net_speech_s, calibrator)
        return None if cells is None else by_cells.get(cells)

    def adjust(net_speech_s: float, scores: Vector) -> Vector:
        cells = _cells_for(each, net_speech_s, calibrator)
        known, questioned = each.conditions
        if net_speech_s < _all_speech_s(each.stretches):
            questioned = questioned.copy()
            questioned[:, PLACE["net_speech_s"]] = net_speech_s
        return scores if cells is None else calibrator.adjusted(scores, known, questioned, cells)

    stretches = each.stretches
    return growth(
        stretches.embeddings,
        stretches.windows,
        stretches.duration_s,
        score,
        calibration_for,
        adjust,
        is_questioned=True,
        at=_amounts_at(stretches),
    )


def _typicality(each: _Explained, calibrator: CalibrationStep) -> Typicality | None:
    if not isinstance(calibrator.population, Population):  # scores have no voices
        return None
    suspect_score = float(each.row["score"])
    return typicality(each.questioned, suspect_score, calibrator.population, each.cells[0], calibrator.backend.score)
