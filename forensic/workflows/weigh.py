"""From two sides to a likelihood ratio, or to the reason why none is issued."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from forensic.case.store import COMPARISONS_SCHEMA, STATUS_LR, STATUS_NONE
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.conditions import as_long_as_the_longest, differences, in_words, nearest
from forensic.likelihood_ratio.envelope import Envelope, Limits, Shortfall, outside
from forensic.likelihood_ratio.fit import likelihood_ratios
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.records import Calibration, Conditions, Samples
from forensic.settings import ComparisonSettings
from forensic.speaker.backend import Backend
from forensic.workflows.calibrations import Calibrator, calibrations_of
from forensic.workflows.sides import Side
from forensic.workflows.suspicion import Suspicions


def weigh(
    questioned: Sequence[Side],
    known: Sequence[Side],
    population: Population | ScoreList,
    backend: Backend,
    settings: ComparisonSettings,
    scale: VerbalScale,
    envelope: Envelope | None,
    suspicions: Suspicions | None = None,
    workers: int = 1,
) -> tuple[pl.DataFrame, dict[str, Calibration]]:
    """Every questioned side against every suspect: an LR, or the reason why there is none.

    Args:
        questioned: sides of unknown speakers.
        known: sides of suspects.
        population: fits the calibrations.
        backend: scores.
        settings: of calibration and refusal.
        scale: of verbal equivalents.
        envelope: outside which no LR is issued; None where that is what a validation is to find out.
        suspicions: recordings that may not be independent of each other; such a pair gets no LR.
        workers: processes that calibrate, where there are many different conditions.

    Returns:
        A frame of ``COMPARISONS_SCHEMA``, and the calibrations that it names.
    """
    scores = _scores(questioned, known, backend)
    rows: list[dict[str, Any]] = []
    calibrated: dict[tuple[int, int], list[int]] = {}  # rows by (known cell, questioned cell)
    distances: dict[tuple[int, int], tuple[float, float]] = {}
    known_cells = [nearest_cell(k, population.known_cells) for k in known]
    for i, q in enumerate(questioned):
        q_cell = nearest_cell(q, population.questioned_cells)
        for j, (k, k_cell) in enumerate(zip(known, known_cells, strict=True)):
            reason = _refusal(q, k, q_cell, k_cell, settings, envelope, suspicions or Suspicions())
            value = scores[i, j]
            row = dict.fromkeys(COMPARISONS_SCHEMA) | {
                "questioned_path": q.name,
                "questioned_sha256": q.sha256[0] if q.sha256 else None,
                "channel": q.channel,
                "turn": q.turn,
                "speakers": q.speakers,
                "suspect": k.name,
                "known_sha256": list(k.sha256),
                "score": None if math.isnan(value) else float(value),
                "status": STATUS_NONE,
                "reason": reason,
            }
            rows.append(row | _matching("questioned", q_cell) | _matching("known", k_cell))
            if reason is None and q_cell is not None and k_cell is not None:
                cells = (k_cell.index, q_cell.index)
                calibrated.setdefault(cells, []).append(len(rows) - 1)
                far = distances.get(cells, (0.0, 0.0))
                distances[cells] = (max(far[0], k_cell.distance), max(far[1], q_cell.distance))
    calibrations: dict[str, Calibration] = {}
    outcomes = calibrations_of(list(calibrated), Calibrator(population, settings, backend), workers)
    for cells, members in calibrated.items():
        fitted = outcomes[cells]
        if isinstance(fitted, CalibrationError):
            for member in members:
                rows[member]["reason"] = str(fitted)
            continue
        if envelope is not None and fitted.cllr.high > envelope.criterion:
            for member in members:
                rows[member]["reason"] = criterion_missed(fitted, envelope)
            continue
        known_distance, questioned_distance = distances[cells]
        calibration = dataclasses.replace(
            fitted, known_distance=known_distance, questioned_distance=questioned_distance
        )
        calibrations[calibration.id] = calibration
        _fill(rows, members, calibration, scale)
    return pl.DataFrame(rows, COMPARISONS_SCHEMA, orient="row"), calibrations


def _fill(rows: list[dict[str, Any]], members: Sequence[int], calibration: Calibration, scale: VerbalScale) -> None:
    ratios = likelihood_ratios(calibration, np.array([rows[member]["score"] for member in members]))
    for index, member in enumerate(members):
        log10_lr = float(ratios.log10_lr[index])
        rows[member] |= {
            "log10_lr": log10_lr,
            "log10_lr_low": float(ratios.low[index]),
            "log10_lr_high": float(ratios.high[index]),
            "unbounded_log10_lr": float(ratios.unbounded_log10_lr[index]),
            "verbal_equivalent": scale.describe(log10_lr),
            "status": STATUS_LR,
            "calibration_id": calibration.id,
        }


def _scores(questioned: Sequence[Side], known: Sequence[Side], backend: Backend) -> Samples:
    """Scores of all pairs, shape (n_questioned, n_known); NaN where a side has no embedding, which no row keeps."""
    scores = np.full((len(questioned), len(known)), np.nan, np.float32)
    q = [index for index, side in enumerate(questioned) if side.embedding is not None]
    k = [index for index, side in enumerate(known) if side.embedding is not None]
    if q and k:
        scores[np.ix_(q, k)] = backend.score(_stack(questioned, q), _stack(known, k))
    return scores


def _stack(sides: Sequence[Side], chosen: Sequence[int]) -> Samples:
    return np.stack([e for index in chosen if (e := sides[index].embedding) is not None])


@dataclass(frozen=True, slots=True)
class NearestCell:
    """The population's cell that a side is nearest to."""

    index: int
    distance: float
    cell: Conditions
    differs: str


def nearest_cell(side: Side, cells: Sequence[Conditions]) -> NearestCell | None:
    """The nearest of the population's cells; None without conditions."""
    if side.conditions is None:
        return None
    index, distance = nearest(side.conditions, cells)
    found = differences(as_long_as_the_longest(side.conditions, cells), cells[index])
    return NearestCell(index, distance, cells[index], in_words(found))


def _matching(side: str, near: NearestCell | None) -> dict[str, Any]:
    """What a row says of the population's conditions on one side."""
    if near is None:
        return {}
    return {
        f"{side}_cell": f"{near.cell.name}, {near.cell.net_speech_s:.0f} s",
        f"{side}_distance": near.distance,
        f"{side}_differs": near.differs,
    }


def _refusal(
    q: Side,
    k: Side,
    q_cell: NearestCell | None,
    k_cell: NearestCell | None,
    settings: ComparisonSettings,
    envelope: Envelope | None,
    suspicions: Suspicions,
) -> str | None:
    """Why no LR can be issued, and what would help; None where one can."""
    if set(q.sha256) & set(k.sha256):
        return "The same recording stands on both sides. Supply another recording of the suspect."
    limits = (None, None) if envelope is None else (envelope.questioned, envelope.known)
    return (
        why_unusable(q, q_cell, "questioned recording", settings, limits[0])
        or why_unusable(k, k_cell, "suspect's recordings", settings, limits[1])
        or suspicions.refusal(q.sha256, k.sha256, settings)
    )


def why_unusable(
    side: Side, cell: NearestCell | None, what: str, settings: ComparisonSettings, limits: Limits | None
) -> str | None:
    """Why one side carries no LR, and what would help; None where it does."""
    if side.embedding is None or side.conditions is None or cell is None:
        return f"The {what} cannot be used: {side.problem}"
    return next(_reasons(side, side.conditions, cell, what, settings, limits), None)


def _reasons(
    side: Side, measured: Conditions, cell: NearestCell, what: str, settings: ComparisonSettings, limits: Limits | None
) -> Iterator[str]:
    """Every reason against a side with evidence, the plainest first."""
    if side.several:
        yield (
            f"Several speakers, {side.speakers}, in the {what} ({', '.join(_name(path) for path in side.several)}). "
            "Cut the recording, or say with --segments which speech is the suspect's."
        )
    if measured.net_speech_s < settings.min_net_speech_s:
        yield (
            f"Too little speech: {measured.net_speech_s:.1f} s in the {what}, "
            f"{settings.min_net_speech_s:.1f} s are needed. Supply more speech of this speaker."
        )
    if measured.snr_db is not None and measured.snr_db < settings.min_snr_db:
        yield (
            f"Too much noise: an SNR of {measured.snr_db:.0f} dB in the {what}, "
            f"{settings.min_snr_db:.0f} dB are needed. Supply a cleaner recording."
        )
    if side.clipped_share > settings.max_clipped_share:
        yield (
            f"Clipping: {100 * side.clipped_share:.0f} % of the speech in the {what}, "
            f"{100 * settings.max_clipped_share:.0f} % are allowed. Supply an original that is not overdriven."
        )
    if limits is not None:
        yield from (_outside_in_words(found, what) for found in outside(limits, measured))
    if cell.distance > settings.max_condition_distance:
        yield (
            f"No reference population resembles the {what} ({_described(measured)}): the nearest, {cell.cell.name} "
            f"({_described(cell.cell)}), is {cell.distance:.1f} steps away "
            f"({cell.differs}), {settings.max_condition_distance:.1f} are "
            "allowed. Supply a recording in other conditions, or a reference population in these."
        )


_OUTSIDE: Mapping[str, tuple[str, str, str]] = {
    # what it is called, how it is written, what would help
    "net_speech_s": ("Too little speech", "{:.1f} s of net speech", "Supply more speech of this speaker."),
    "snr_db": ("Too much noise", "an SNR of {:.0f} dB", "Supply a cleaner recording."),
    "bandwidth_hz": ("Too narrow a band", "an upper edge of {:.0f} Hz", "Supply the original, or a better copy."),
    "c50_db": ("Too much reverberation", "a clarity (C50) of {:.0f} dB", "Supply a recording nearer to the speaker."),
    "clipped_share": (
        "Clipping",
        "{:.0%} of the speech clipped",
        "Supply an original that is not overdriven.",
    ),
}


def _outside_in_words(found: Shortfall, what: str) -> str:
    name, form, remedy = _OUTSIDE[found.quantity]
    way = "up to" if found.value > found.limit else "down to"
    return (
        f"{name}: {form.format(found.value)} in the {what}. Validation met its criterion {way} "
        f"{form.format(found.limit)} and no further. {remedy}"
    ).replace("%", " %")


def criterion_missed(fitted: Calibration, envelope: Envelope) -> str:
    """Why a calibration that does not meet the envelope's criterion issues no LR."""
    return (
        f"In these conditions ({fitted.questioned.name}, {fitted.questioned.net_speech_s:.0f} s against "
        f"{fitted.known.name}, {fitted.known.net_speech_s:.0f} s) the method does not meet its criterion: Cllr "
        f"{fitted.cllr.value:.2f}, 95 % interval up to {fitted.cllr.high:.2f}; {envelope.criterion:.2f} is allowed. "
        "Supply more or better speech on either side."
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _described(conditions: Conditions) -> str:
    low_hz, c50_db = conditions.low_edge_hz, conditions.c50_db
    parts = [
        f"{conditions.net_speech_s:.0f} s of speech",
        "no noise" if conditions.snr_db is None else f"SNR {conditions.snr_db:.0f} dB",
        f"{f'{low_hz:.0f} Hz' if low_hz is not None else 'up'} to {conditions.bandwidth_hz / 1000:.1f} kHz",
        f"C50 {c50_db:.0f} dB" if c50_db is not None else "",
        f"codec {conditions.codec}" if conditions.codec is not None else "",
    ]
    return ", ".join(filter(None, parts))
