"""The calibration for one comparison: the population's nearest conditions, their pairs, and the fit."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.bounds import speaker_bounds
from forensic.likelihood_ratio.calibration import scores_carry_nothing
from forensic.likelihood_ratio.calibrators import CALIBRATORS, LIMITS
from forensic.likelihood_ratio.conditions import nearest
from forensic.likelihood_ratio.crossvalidation import cross_validate
from forensic.likelihood_ratio.inputs import checked
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.likelihood_ratio.score_map import log10_lr_at, with_values
from forensic.likelihood_ratio.uncertainty import draw_speakers, log10_lr_interval, metric_intervals
from forensic.records import Calibration, Conditions, Samples, ScoreMaps, Vector
from forensic.settings import ComparisonSettings

ALGORITHM_VERSION = 3
"""A number that is raised with every change here that changes a likelihood ratio; part of a calibration's id."""

Score = Callable[[Samples, Samples], NDArray[np.floating]]
"""From questioned (m, size) and known (n, size) embeddings, normalised, to scores (m, n); higher is more alike."""


class Scorer(Protocol):
    """How embeddings are compared, and an identity that changes with everything that changes a score."""

    @property
    def identity(self) -> str:
        """Part of a calibration's id."""

    def score(self, questioned: Samples, known: Samples) -> NDArray[np.floating]:
        """As ``Score``."""


def calibrate(
    population: Population,
    known_conditions: Conditions,
    questioned_conditions: Conditions,
    settings: ComparisonSettings,
    scorer: Scorer,
) -> Calibration:
    """Fit the map from score to log10 LR on reference speakers in the conditions of a comparison.

    Each side of the comparison takes the population's nearest cell. The result states how near it is;
    the caller decides whether that is near enough (``settings.max_condition_distance``).

    Args:
        population: the reference-population bank.
        known_conditions: measured conditions of the case's known side.
        questioned_conditions: measured conditions of the case's questioned recording.
        settings: number of draws, seed, fewest speakers.
        scorer: compares embeddings; the same that scores the case.

    Raises:
        CalibrationError: if fewer than ``settings.min_speakers`` speakers have recordings in both cells, no
            corpus has two of them, or the scores carry no information.
    """
    known_cell, known_distance = nearest(known_conditions, population.known_cells)
    questioned_cell, questioned_distance = nearest(questioned_conditions, population.questioned_cells)
    fitted = calibrate_cells(population, known_cell, questioned_cell, settings, scorer)
    return dataclasses.replace(fitted, known_distance=known_distance, questioned_distance=questioned_distance)


def calibrate_cells(
    population: Population | ScoreList,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: Scorer,
) -> Calibration:
    """The calibration of one known and one questioned cell; many case recordings may share it.

    Cllr, Cllr_min, EER and the bounds rest on cross-validated log10 LRs: the map for a pair was fitted without
    either of its speakers. Intervals use all ``settings.bootstrap_draws``.

    Args:
        population: the reference-population bank, or a list of scores, which is of one pair of conditions.
        known_cell: index into ``population.known_cells``.
        questioned_cell: index into ``population.questioned_cells``.
        settings: as in ``calibrate``.
        scorer: as in ``calibrate``.

    Returns:
        The calibration, with both distances 0.

    Raises:
        CalibrationError: as in ``calibrate``.
    """
    pairs, corpora, recordings = _reference_pairs(population, known_cell, questioned_cell, settings, scorer)
    calibrator = CALIBRATORS[settings.calibrator]
    check_they_differ(pairs)
    everyone = np.ones((1, pairs.speakers))
    score_map = calibrator(pairs, everyone)
    same_log10_lr, different_log10_lr = cross_validate(pairs, settings.seed, calibrator=calibrator)
    drawn = draw_speakers(pairs.speakers, settings.bootstrap_draws, settings.seed)
    limit = LIMITS[settings.calibrator](pairs, np.vstack([everyone, drawn])).log10_lr
    cllr, cllr_min, eer = metric_intervals(pairs, same_log10_lr, different_log10_lr, drawn)
    lower, upper = speaker_bounds(same_log10_lr, different_log10_lr, pairs.speakers)
    return Calibration(
        id=calibration_id(population, known_cell, questioned_cell, settings, scorer),
        questioned=population.questioned_cells[questioned_cell],
        known=population.known_cells[known_cell],
        questioned_distance=0.0,
        known_distance=0.0,
        score_map=score_map,
        limit=limit[0],
        draws=limit[1:],
        lower_bound_log10_lr=lower,
        upper_bound_log10_lr=upper,
        cllr=cllr,
        cllr_min=cllr_min,
        eer=eer,
        speakers=pairs.speakers,
        recordings=recordings,
        same_speaker_scores=pairs.same_scores,
        different_speaker_scores=pairs.different_scores,
        same_speaker_log10_lr=same_log10_lr,
        different_speaker_log10_lr=different_log10_lr,
        corpora=corpora,
    )


def score_map_of_cells(
    population: Population | ScoreList,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: Scorer,
) -> ScoreMaps:
    """The map from score to log10 LR alone, as ``calibrate_cells`` fits it, without intervals and measures.

    Raises:
        CalibrationError: as in ``calibrate``.
    """
    pairs, _, _ = _reference_pairs(population, known_cell, questioned_cell, settings, scorer)
    check_they_differ(pairs)
    return CALIBRATORS[settings.calibrator](pairs, np.ones((1, pairs.speakers)))


def _reference_pairs(
    population: Population | ScoreList,
    known_cell: int,
    questioned_cell: int,
    settings: ComparisonSettings,
    scorer: Scorer,
) -> tuple[Pairs, tuple[str, ...], int]:
    """The scored pairs, the corpora they come from, and how many recordings were used (0: not stated)."""
    if isinstance(population, ScoreList):
        pairs = population.pairs
        check_speakers(pairs.speakers, settings.min_speakers)
        return pairs, (population.source,), 0
    pairs, speakers, recordings = score_pairs(
        population, known_cell, questioned_cell, settings.min_speakers, scorer.score
    )
    return pairs, tuple(sorted({population.corpora[speaker] for speaker in speakers})), recordings


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
    scorer: Scorer,
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
    population: Population, known_cell: int, questioned_cell: int, min_speakers: int, score: Score
) -> tuple[Pairs, tuple[int, ...], int]:
    """Score every questioned recording of a cell with every known speaker of its corpus.

    A known speaker is the normalised mean of the speaker's embeddings in the known cell; each questioned
    recording counts by itself. Only speakers with both are used, so that each speaker is on both sides. Pairs
    across corpora are left out: their channels alone distinguish them, which makes LRs look better than they are.

    Args:
        population: a bank.
        known_cell: index of the known side's cell.
        questioned_cell: index of the questioned side's cell.
        min_speakers: fewer are refused.
        score: of questioned embeddings, shape (n, size), and known ones, shape (m, size): shape (n, m).

    Returns:
        The pairs, with speakers numbered among those that were used; the population's index of each of them;
        and how many embeddings were used.

    Raises:
        CalibrationError: as in ``calibrate``.
    """
    known_rows = np.flatnonzero(~population.is_questioned & (population.cell == known_cell))
    questioned_rows = np.flatnonzero(population.is_questioned & (population.cell == questioned_cell))
    entered = np.intersect1d(population.speaker[known_rows], population.speaker[questioned_rows])
    check_speakers(len(entered), min_speakers)
    known_rows = known_rows[np.isin(population.speaker[known_rows], entered)]
    questioned_rows = questioned_rows[np.isin(population.speaker[questioned_rows], entered)]
    known = _mean_by_speaker(population.embeddings[known_rows], population.speaker[known_rows], entered)
    questioned_speaker = np.searchsorted(entered, population.speaker[questioned_rows])
    scores = np.asarray(score(population.embeddings[questioned_rows], known), dtype=np.float64)
    corpus = np.unique(np.array(population.corpora)[entered], return_inverse=True)[1]
    is_same = questioned_speaker[:, None] == np.arange(len(entered))
    is_different = (corpus[questioned_speaker][:, None] == corpus) & ~is_same
    if not is_different.any():
        raise CalibrationError(
            "No two reference speakers are of the same corpus, so there are no different-speaker pairs.",
            "Use a population with several speakers of each corpus.",
        )
    questioned, different_known = np.nonzero(is_different)
    pairs = Pairs(
        same_scores=scores[is_same],
        same_speaker=questioned_speaker,
        different_scores=scores[is_different],
        different_known=different_known,
        different_questioned=questioned_speaker[questioned],
        speakers=len(entered),
    )
    return pairs, tuple(entered.tolist()), len(known_rows) + len(questioned_rows)


def _mean_by_speaker(embeddings: Samples, speaker: NDArray[np.intp], entered: NDArray[np.intp]) -> Samples:
    total = np.zeros((len(entered), embeddings.shape[1]), dtype=np.float32)
    np.add.at(total, np.searchsorted(entered, speaker), embeddings)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    if not (length > 0).all():
        raise CalibrationError("The embeddings of a reference speaker cancel out.", "Build the population bank again.")
    normalised: Samples = total / length
    return normalised


@dataclass(frozen=True, slots=True)
class LikelihoodRatios:
    """log10 LRs of case scores, shape (n,) each.

    Attributes:
        log10_lr: within the bounds.
        low: lower end of the 95 % interval, within the bounds.
        high: upper end of the 95 % interval, within the bounds.
        unbounded_log10_lr: as fitted.
        is_bounded: whether a bound changed the value.
    """

    log10_lr: Vector
    low: Vector
    high: Vector
    unbounded_log10_lr: Vector
    is_bounded: NDArray[np.bool_]


def likelihood_ratios(calibration: Calibration, scores: Vector) -> LikelihoodRatios:
    """log10 LRs of case scores with their 95 % intervals, kept within the calibration's bounds.

    Args:
        calibration: with its bounds and bootstrap draws.
        scores: of the case, shape (n,), finite.

    Raises:
        CalibrationError: if there are no scores or one is not finite.
    """
    scores = checked(scores, "scores", finite=True)
    bounds = calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr
    unbounded = log10_lr_at(calibration.score_map, scores)[0]
    limit = np.vstack([calibration.limit, calibration.draws])
    fitted = log10_lr_at(with_values(calibration.score_map, limit), scores)
    low, high = log10_lr_interval(unbounded, fitted[0], fitted[1:], calibration.speakers)
    bounded = np.clip(unbounded, *bounds)
    return LikelihoodRatios(
        bounded, np.clip(low, *bounds), np.clip(high, *bounds), unbounded, is_bounded=bounded != unbounded
    )
