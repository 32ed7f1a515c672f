"""The calibration of one pair of conditions: the pairs of the population's cells, the map, and how well it does."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.bounds import lr_bounds
from forensic.likelihood_ratio.calibration import scores_carry_nothing
from forensic.likelihood_ratio.calibrators import CALIBRATORS, LIMITS, cellwise
from forensic.likelihood_ratio.crossvalidation import cross_validate
from forensic.likelihood_ratio.inputs import checked
from forensic.likelihood_ratio.joint import JOINT, JointFit, Sides
from forensic.likelihood_ratio.pairing import kinds_of_pairs
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.likelihood_ratio.score_map import log10_lr_at, with_values
from forensic.likelihood_ratio.student import normal_quantile
from forensic.likelihood_ratio.uncertainty import (
    LEVEL_PERCENT,
    cllr_interval,
    draw_speakers,
    log10_lr_interval,
    metric_intervals,
)
from forensic.records import Calibration, Interval, Samples, ScoreMaps, Vector
from forensic.settings import ComparisonSettings

ALGORITHM_VERSION = 4
"""A number that is raised with every change here that changes a likelihood ratio; part of a calibration's id."""

Matrix = NDArray[np.float64]
Score = Callable[[Samples, Samples], NDArray[np.floating]]
"""From questioned (m, size) and known (n, size) embeddings, normalised, to scores (m, n); higher is more alike."""


class CellScorer(Protocol):
    """How embeddings are compared, and an identity that changes with everything that changes a score."""

    @property
    def identity(self) -> str:
        """Part of a calibration's id."""

    def score(self, questioned: Samples, known: Samples) -> NDArray[np.floating]:
        """As ``Score``."""


def calibrate_cells(
    population: Population | ScoreList,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: CellScorer,
    joint: JointFit | None = None,
) -> Calibration:
    """The calibration of one known and one questioned cell; many case recordings may share it.

    Cllr, Cllr_min, EER and, without a joint fit, the bounds rest on cross-validated log10 LRs: the map for a pair was
    fitted without either of its speakers. Intervals use all ``settings.bootstrap_draws``.

    Args:
        population: the reference-population bank, or a list of scores, which is of one pair of conditions.
        known_cell: index into ``population.known_cells``.
        questioned_cell: index into ``population.questioned_cells``.
        settings: number of draws, seed, fewest speakers.
        scorer: compares embeddings; the same that scores the case.
        joint: gives the map, its draws and the bounds; the scores of the reference pairs, too, are then brought to the
            conditions of the cells. None: the map is fitted to the pairs of these cells alone.

    Returns:
        The calibration, with both distances 0.

    Raises:
        CalibrationError: if fewer than ``settings.min_speakers`` speakers have recordings in both cells, no
            corpus has two of them, or the scores carry no information.
    """
    reference = _reference_pairs(population, known_cell, questioned_cell, settings, scorer, joint)
    pairs = reference.pairs
    check_they_differ(pairs)
    found = _of_joint(reference, joint, settings) if joint is not None else _of_pairs(pairs, settings)
    drawn = draw_speakers(pairs.speakers, settings.bootstrap_draws, settings.seed)
    cllr, cllr_min, eer = metric_intervals(pairs, found.same_log10_lr, found.different_log10_lr, drawn)
    return Calibration(
        id=calibration_id(population, known_cell, questioned_cell, settings, scorer),
        questioned=population.questioned_cells[questioned_cell],
        known=population.known_cells[known_cell],
        questioned_distance=0.0,
        known_distance=0.0,
        score_map=found.score_map,
        limit=found.limit[0],
        draws=found.limit[1:],
        lower_bound_log10_lr=found.bounds[0],
        upper_bound_log10_lr=found.bounds[1],
        cllr=cllr,
        cllr_min=cllr_min,
        eer=eer,
        speakers=pairs.speakers,
        recordings=reference.recordings,
        same_speaker_scores=pairs.same_scores,
        different_speaker_scores=pairs.different_scores,
        same_speaker_log10_lr=found.same_log10_lr,
        different_speaker_log10_lr=found.different_log10_lr,
        corpora=reference.corpora,
    )


def cllr_of_cells(
    population: Population,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: CellScorer,
    joint: JointFit | None,
) -> Interval:
    """Cllr of a calibration alone, as ``calibrate_cells`` states it.

    Raises:
        CalibrationError: as in ``calibrate_cells``.
    """
    reference = _reference_pairs(population, known_cell, questioned_cell, settings, scorer, joint)
    pairs = reference.pairs
    if joint is not None:
        same, different = _left_out(reference, joint)
    else:
        same, different = cross_validate(pairs, settings.seed, calibrator=CALIBRATORS[cellwise(settings.calibrator)])
    drawn = draw_speakers(pairs.speakers, settings.bootstrap_draws, settings.seed)
    return cllr_interval(pairs, same, different, drawn)


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """The scored pairs of two cells.

    Attributes:
        pairs: with speakers numbered among those that were used.
        speakers: the population's number of each of them.
        sides: conditions of the cells, known and questioned.
        corpora: that they come from.
        recordings: how many were used; 0: not stated.
    """

    pairs: Pairs
    speakers: NDArray[np.intp]
    sides: Sides
    corpora: tuple[str, ...]
    recordings: int


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A map, the same hardly shrunk for everybody and for each draw, bounds, and cross-validated log10 LRs."""

    score_map: ScoreMaps
    limit: NDArray[np.float64]
    bounds: tuple[float, float]
    same_log10_lr: Vector
    different_log10_lr: Vector


def _of_pairs(pairs: Pairs, settings: ComparisonSettings) -> _Fitted:
    calibrator, limits = (table[cellwise(settings.calibrator)] for table in (CALIBRATORS, LIMITS))
    everyone = np.ones((1, pairs.speakers))
    drawn = draw_speakers(pairs.speakers, settings.bootstrap_draws, settings.seed)
    same, different = cross_validate(pairs, settings.seed, calibrator=calibrator)
    return _Fitted(
        calibrator(pairs, everyone),
        limits(pairs, np.vstack([everyone, drawn])).log10_lr,
        lr_bounds(same, different, settings.bounds, pairs.speakers),
        same,
        different,
    )


def _of_joint(reference: _Reference, joint: JointFit, settings: ComparisonSettings) -> _Fitted:
    line = joint.line(np.vstack([joint.limit, joint.draws]), *reference.sides)
    same, different = _left_out(reference, joint)
    return _Fitted(
        joint_map(joint, reference.sides),
        np.column_stack([line.intercept, line.intercept + line.slope]),
        lr_bounds(same, different, settings.bounds, joint.speakers, joint.repeated),  # all of them carry the line
        same,
        different,
    )


def _left_out(reference: _Reference, joint: JointFit) -> tuple[Vector, Vector]:
    """Cross-validated log10 LRs of the same-speaker and the different-speaker pairs."""
    pairs, speakers = reference.pairs, reference.speakers
    same, known, questioned = (
        speakers[numbers] for numbers in (pairs.same_speaker, pairs.different_known, pairs.different_questioned)
    )
    return (
        joint.left_out_log10_lr(pairs.same_scores, same, same, reference.sides),
        joint.left_out_log10_lr(pairs.different_scores, known, questioned, reference.sides),
    )


def joint_map(joint: JointFit, sides: Sides) -> ScoreMaps:
    """The straight line in some conditions, as a map whose knots are the scores 0 and 1.

    Args:
        joint: the fit.
        sides: conditions of the known and the questioned side.
    """
    line = joint.line(joint.coefficients[None], *sides)
    return ScoreMaps(JOINT, 0.0, 1.0, np.column_stack([line.intercept, line.intercept + line.slope]), goes_on=True)


def score_map_of_cells(
    population: Population | ScoreList,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: CellScorer,
    joint: JointFit | None = None,
) -> ScoreMaps:
    """The map from score to log10 LR alone, as ``calibrate_cells`` fits it, without intervals and measures.

    Raises:
        CalibrationError: as in ``calibrate_cells``.
    """
    if joint is not None:
        return joint_map(joint, (population.known_cells[known_cell], population.questioned_cells[questioned_cell]))
    pairs = _reference_pairs(population, known_cell, questioned_cell, settings, scorer, None).pairs
    check_they_differ(pairs)
    return CALIBRATORS[cellwise(settings.calibrator)](pairs, np.ones((1, pairs.speakers)))


def _reference_pairs(
    population: Population | ScoreList,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: CellScorer,
    joint: JointFit | None,
) -> _Reference:
    sides = population.known_cells[known_cell], population.questioned_cells[questioned_cell]
    if isinstance(population, ScoreList):
        pairs = population.pairs
        check_speakers(pairs.speakers, settings.min_speakers)
        return _Reference(pairs, np.arange(pairs.speakers), sides, (population.source,), 0)
    bring = None if joint is None else partial(joint.adjusted, to=sides)
    pairs, speakers, recordings = score_pairs(
        population, known_cell, questioned_cell, settings.min_speakers, scorer.score, bring
    )
    corpora = tuple(sorted({population.corpora[speaker] for speaker in speakers}))
    return _Reference(pairs, np.array(speakers, np.intp), sides, corpora, recordings)


def check_speakers(speakers: int, least: int) -> None:
    """Refuse fewer reference speakers than ``least``.

    Args:
        speakers: number of speakers with recordings on both sides.
        least: smallest number that the settings allow.

    Raises:
        CalibrationError: if there are fewer.
    """
    if speakers < least:
        raise CalibrationError(
            f"Only {speakers} reference speakers were recorded in these conditions, not {least}.",
            "Add reference speakers in these conditions, or lower comparison.min_speakers and justify it.",
        )


def check_they_differ(pairs: Pairs) -> None:
    """Refuse scores that carry no information.

    Raises:
        CalibrationError: if same-speaker scores are on average no higher than different-speaker scores.
    """
    if pairs.same_scores.mean() <= pairs.different_scores.mean():
        raise scores_carry_nothing()


def calibration_id(
    population: Population | ScoreList,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: CellScorer,
) -> str:
    """Hash of everything that a calibration depends on, 64 hexadecimal digits.

    Args:
        population: a bank, or a list of scores; its hash is used.
        known_cell: index of the known side's cell.
        questioned_cell: index of the questioned side's cell.
        settings: all of them are used.
        scorer: its identity is used.
    """
    content = {
        "population": population.sha256 if isinstance(population, ScoreList) else population.card.parquet_sha256,
        "known": [known_cell, dataclasses.asdict(population.known_cells[known_cell])],
        "questioned": [questioned_cell, dataclasses.asdict(population.questioned_cells[questioned_cell])],
        "settings": {  # but for what says nothing of scores
            name: value for name, value in dataclasses.asdict(settings).items() if name != "allow_inconsistent_suspects"
        },
        "score": scorer.identity,
        "algorithm": ALGORITHM_VERSION,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def score_pairs(
    population: Population,
    known_cell: int,
    questioned_cell: int,
    min_speakers: int,
    score: Score,
    bring: Callable[[Vector, Matrix, Matrix], Vector] | None = None,
) -> tuple[Pairs, tuple[int, ...], int]:
    """Score every questioned recording of a cell with every known one of its corpus, as ``kinds_of_pairs`` allows.

    A known speaker is the normalised mean of the speaker's embeddings of one recording in the known cell; each
    questioned recording counts by itself.

    Args:
        population: a bank.
        known_cell: index of the known side's cell.
        questioned_cell: index of the questioned side's cell.
        min_speakers: fewer speakers with both sides are refused.
        score: of questioned embeddings, shape (n, size), and known ones, shape (m, size): shape (n, m).
        bring: takes scores and the measured quantities of both sides, and brings the scores to the conditions of the
            cells; None leaves them as they are.

    Returns:
        The pairs, with speakers numbered among those that were used; the population's index of each of them;
        and how many embeddings were used.

    Raises:
        CalibrationError: as in ``calibrate_cells``.
    """
    known_rows = np.flatnonzero(~population.is_questioned & (population.cell == known_cell))
    questioned_rows = np.flatnonzero(population.is_questioned & (population.cell == questioned_cell))
    known_rows, known, count = _by_recording(population, known_rows)
    is_same, is_different = kinds_of_pairs(population, known_rows, questioned_rows[:, None])
    both = np.unique(population.speaker[questioned_rows[is_same.any(axis=1)]])
    check_speakers(len(both), min_speakers)
    if not is_different.any():
        raise CalibrationError(
            "No two reference speakers are of the same corpus, so there are no different-speaker pairs.",
            "Use a population with several speakers of each corpus.",
        )
    is_used = is_same | is_different
    known_rows, known = known_rows[is_used.any(axis=0)], known[is_used.any(axis=0)]
    is_same, is_different = is_same[:, is_used.any(axis=0)], is_different[:, is_used.any(axis=0)]
    entered = np.unique(population.speaker[np.concatenate([known_rows, questioned_rows[is_used.any(axis=1)]])])
    of_known, of_questioned = (
        np.searchsorted(entered, population.speaker[rows]) for rows in (known_rows, questioned_rows)
    )
    scores = np.asarray(score(population.embeddings[questioned_rows], known), dtype=np.float64)
    same_questioned, same_known = np.nonzero(is_same)
    questioned, different_known = np.nonzero(is_different)
    same_scores, different_scores = scores[is_same], scores[is_different]
    if bring is not None:
        of_k, of_q = population.measured[known_rows], population.measured[questioned_rows]
        same_scores = bring(same_scores, of_k[same_known], of_q[same_questioned])
        different_scores = bring(different_scores, of_k[different_known], of_q[questioned])
    pairs = Pairs(
        same_scores=same_scores,
        same_speaker=of_questioned[same_questioned],
        different_scores=different_scores,
        different_known=of_known[different_known],
        different_questioned=of_questioned[questioned],
        speakers=len(entered),
    )
    return pairs, tuple(entered.tolist()), int(count[is_used.any(axis=0)].sum() + is_used.any(axis=1).sum())


def _by_recording(population: Population, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], Samples, NDArray[np.intp]]:
    """The first row of each speaker's recording, the mean direction of all rows of it, and how many they are."""
    key = np.stack([population.speaker[rows], population.recording[rows]])
    _, first, place, count = np.unique(key, axis=1, return_index=True, return_inverse=True, return_counts=True)
    total = np.zeros((len(first), population.embeddings.shape[1]), dtype=np.float32)
    np.add.at(total, place.reshape(-1), population.embeddings[rows])
    length = np.linalg.norm(total, axis=1, keepdims=True)
    if not (length > 0).all():
        raise CalibrationError("The embeddings of a reference speaker cancel out.", "Build the population bank again.")
    normalised: Samples = total / length
    return rows[first], normalised, count


@dataclass(frozen=True, slots=True)
class LikelihoodRatios:
    """log10 LRs of case scores, shape (n,) each.

    Attributes:
        log10_lr: within the bounds; one at a bound states "at least" or "at most" that much.
        low: lower end of the 95 % interval; not above the upper bound.
        high: upper end of the 95 % interval; not below the lower bound.
        unbounded_log10_lr: as fitted.
        is_bounded: whether a bound changed the value.
    """

    log10_lr: Vector
    low: Vector
    high: Vector
    unbounded_log10_lr: Vector
    is_bounded: NDArray[np.bool_]


def likelihood_ratios(
    calibration: Calibration, scores: Vector, conditions_error: Vector | float = 0.0
) -> LikelihoodRatios:
    """log10 LRs of case scores, kept within the calibration's bounds, with their 95 % intervals.

    An interval is not cut at a bound that the LR does not reach, so that its width is the one that
    ``benchmarks/interval_coverage.py`` validates.

    Args:
        calibration: with its bounds and bootstrap draws.
        scores: of the case, shape (n,), finite.
        conditions_error: standard deviation of each log10 LR by what is not known of the conditions, by which its
            interval is wider; shape (n,).

    Raises:
        CalibrationError: if there are no scores or one is not finite.
    """
    scores = checked(scores, "scores", finite=True)
    bounds = calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr
    unbounded = log10_lr_at(calibration.score_map, scores)[0]
    limit = np.vstack([calibration.limit, calibration.draws])
    fitted = log10_lr_at(with_values(calibration.score_map, limit), scores)
    low, high = log10_lr_interval(unbounded, fitted[0], fitted[1:], calibration.speakers)
    reach = normal_quantile(0.5 + LEVEL_PERCENT / 200) * np.asarray(conditions_error)
    low, high = unbounded - np.hypot(unbounded - low, reach), unbounded + np.hypot(high - unbounded, reach)
    bounded = np.clip(unbounded, *bounds)
    return LikelihoodRatios(
        bounded, np.minimum(low, bounds[1]), np.maximum(high, bounds[0]), unbounded, is_bounded=bounded != unbounded
    )
