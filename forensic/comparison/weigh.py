"""From two sides to a likelihood ratio, or to the reason why none is issued."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from forensic.comparison.calibrations import (
    CalibrationStep,
    Scorer,
    calibrate_all,
    quantities,
)
from forensic.comparison.independence import Suspicions
from forensic.comparison.refusal import (
    NearestCell,
    Refusal,
    calibration_refused,
    nearest_cell,
    reason_columns,
    refusal,
)
from forensic.comparison.sides import Side
from forensic.comparison.tables import COMPARISONS_SCHEMA, STATUS_LR, STATUS_NONE, lr_columns
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.fit import likelihood_ratios
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.progress import Watch, unwatched
from forensic.records import KNOWN, QUESTIONED, Calibration, Role, Samples, Vector


@dataclass(frozen=True, slots=True)
class Weighed:
    """The results of all pairs of sides.

    Attributes:
        comparisons: a frame of ``COMPARISONS_SCHEMA``, its reasons not yet in words.
        refusals: of its rows; None where a row has an LR.
        calibrations: that it names, by id.
    """

    comparisons: pl.DataFrame
    refusals: tuple[Refusal | None, ...]
    calibrations: dict[str, Calibration]


def weigh(
    questioned: Sequence[Side],
    known: Sequence[Side],
    calibrator: CalibrationStep,
    scale: VerbalScale,
    envelope: Envelope | None,
    suspicions: Suspicions | None = None,
    workers: int = 1,
    watch: Watch = unwatched,
) -> Weighed:
    """Every questioned side against every suspect: an LR, or the reason why there is none.

    Args:
        questioned: sides of unknown speakers.
        known: sides of suspects.
        calibrator: scores and calibrates.
        scale: of verbal equivalents.
        envelope: outside which no LR is issued; None in a validation that is to find the envelope.
        suspicions: recordings that may not be independent of each other; such a pair gets no LR.
        workers: processes that calibrate, if there are many different conditions.
        watch: called with how many calibrations are done, and how many there are.

    """
    population, settings = calibrator.population, calibrator.settings
    scores, second_scores = _scores(questioned, known, calibrator.backend), _second_scores(questioned, known)
    known_quantities, questioned_quantities = quantities(known), quantities(questioned)
    rows: list[dict[str, Any]] = []
    refusals: list[Refusal | None] = []
    calibrated: dict[tuple[int, int], list[int]] = {}  # rows by (known cell, questioned cell)
    distances: dict[tuple[int, int], tuple[float, float]] = {}
    known_cells = [nearest_cell(k, population.known_cells) for k in known]
    for i, q in enumerate(questioned):
        q_cell = nearest_cell(q, population.questioned_cells)
        for j, (k, k_cell) in enumerate(zip(known, known_cells, strict=True)):
            refused = refusal(q, k, q_cell, k_cell, settings, envelope, suspicions or Suspicions())
            value = scores[i, j]
            row = dict.fromkeys(COMPARISONS_SCHEMA) | {
                "questioned_path": q.name,
                "questioned_sha256": q.sha256[0] if q.sha256 else None,
                "channel": q.channel,
                "turn": q.voice,
                "speakers": q.speakers,
                "speaker_name": q.speaker_name,
                "suspect": k.name,
                "known_sha256": list(k.sha256),
                "score": None if math.isnan(value) else float(value),
                "second_score": None if math.isnan(second_scores[i, j]) else float(second_scores[i, j]),
                "second_problem": q.second_problem or k.second_problem or None,
                "status": STATUS_NONE,
            }
            rows.append(row | _matching(QUESTIONED, q_cell) | _matching(KNOWN, k_cell))
            refusals.append(refused)
            if refused is None and q_cell is not None and k_cell is not None:
                cells = (k_cell.index, q_cell.index)
                calibrated.setdefault(cells, []).append(len(rows) - 1)
                far = distances.get(cells, (0.0, 0.0))
                distances[cells] = (max(far[0], k_cell.distance), max(far[1], q_cell.distance))
    calibrations: dict[str, Calibration] = {}
    outcomes = calibrate_all(list(calibrated), calibrator, workers, watch)
    for cells, members in calibrated.items():
        fitted = outcomes[cells]
        refused = calibration_refused(fitted, envelope)
        if refused is not None or isinstance(fitted, CalibrationError):
            for member in members:
                refusals[member] = refused
            continue
        known_distance, questioned_distance = distances[cells]
        calibration = dataclasses.replace(
            fitted, known_distance=known_distance, questioned_distance=questioned_distance
        )
        calibrations[calibration.id] = calibration
        at = np.array(members)
        of_known, of_questioned = known_quantities[at % len(known)], questioned_quantities[at // len(known)]
        values = np.array([rows[member]["score"] for member in members])
        error = calibrator.conditions_error(values, of_known, of_questioned)
        adjusted = calibrator.adjusted(values, of_known, of_questioned, cells)
        _fill(rows, members, adjusted, error, calibration, scale)
    for row, refused in zip(rows, refusals, strict=True):
        row.update(reason_columns(refused))
    return Weighed(pl.DataFrame(rows, COMPARISONS_SCHEMA, orient="row"), tuple(refusals), calibrations)


def _fill(
    rows: list[dict[str, Any]],
    members: Sequence[int],
    adjusted: Vector,
    error: Vector,
    calibration: Calibration,
    scale: VerbalScale,
) -> None:
    ratios = likelihood_ratios(calibration, adjusted, error)
    for index, member in enumerate(members):
        rows[member] |= lr_columns(ratios, index, scale)
        rows[member] |= {
            "adjusted_score": float(adjusted[index]),
            "status": STATUS_LR,
            "calibration_id": calibration.id,
        }


def _scores(questioned: Sequence[Side], known: Sequence[Side], backend: Scorer) -> Samples:
    """Scores of all pairs, shape (n_questioned, n_known); NaN where a side has no embedding, which no row keeps."""
    scores = np.full((len(questioned), len(known)), np.nan, np.float32)
    q = [index for index, side in enumerate(questioned) if side.embedding is not None]
    k = [index for index, side in enumerate(known) if side.embedding is not None]
    if q and k:
        scores[np.ix_(q, k)] = backend.score(_stack(questioned, q), _stack(known, k))
    return scores


def _second_scores(questioned: Sequence[Side], known: Sequence[Side]) -> Samples:
    """Cosines of the second model's embeddings, shape as of ``_scores``; NaN where a side has none."""
    scores = np.full((len(questioned), len(known)), np.nan, np.float32)
    for i, q in enumerate(questioned):
        for j, k in enumerate(known):
            if q.second is not None and k.second is not None:
                scores[i, j] = q.second @ k.second
    return scores


def _stack(sides: Sequence[Side], chosen: Sequence[int]) -> Samples:
    return np.stack([e for index in chosen if (e := sides[index].embedding) is not None])


def _matching(side: Role, near: NearestCell | None) -> dict[str, Any]:
    """What a row says about the population's conditions on one side."""
    if near is None:
        return {}
    return {
        f"{side}_cell": f"{near.cell.name}, {near.cell.net_speech_s:.0f} s",
        f"{side}_distance": near.distance,
        f"{side}_differs": near.differs,
    }
