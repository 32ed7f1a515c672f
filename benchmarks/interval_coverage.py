"""How often 95 % intervals cover the truth, where the truth is known: simulated populations of speakers.

    python benchmarks/interval_coverage.py [--replications 300] [--draws 1000] [--score plda] [--calibrator logistic]

A speaker is a vector with normal coordinates (10 of them), a recording that vector with normal noise; known sides are
as noisy as the mean of three recordings. Speakers lie so far apart that Cllr_min of an unlimited population is 0.03,
0.1 or 0.3. Of N speakers (30 and 60 in one corpus, 100 in two, 190 in three; two questioned recordings each, one for
190) everyone is compared within the corpus, as in a reference population, and calibrated as a case is.

Scores are the true log LR of the two vectors (``plda``: the map of an unlimited population is then the true log LR), or
their cosine (``cosine``: the truth is the straight line that an unlimited population would give).

Printed, by N and Cllr_min, in percent: how often the interval of the log10 LR, before the bounds, covers the truth, in
the mean and at the worst of eight scores (5th, 25th, 50th, 75th and 95th percentile of same-speaker scores, 5th, 50th
and 95th of different-speaker scores), how often it lies above and below the truth; the same for Cllr (of the issued map
on an unlimited population), Cllr_min and EER (of an unlimited population).
"""

import argparse
import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from forensic.likelihood_ratio.calibration import apply, fit
from forensic.likelihood_ratio.fit import calibrate_cells, likelihood_ratios
from forensic.likelihood_ratio.metrics import cllr, cllr_min, eer
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.records import Calibration, Conditions, Interval, Samples, Vector
from forensic.settings import ComparisonSettings

COORDINATES = 10
KNOWN_NOISE = 1 / 3
QUESTIONED_NOISE = 1.0
CELLS = ((30, 1, 2), (60, 1, 2), (100, 2, 2), (190, 3, 1))
"""Speakers, corpora, questioned recordings of each speaker."""

CLLR_MIN = (0.03, 0.1, 0.3)
SAME_PERCENTILES = (5, 25, 50, 75, 95)
DIFFERENT_PERCENTILES = (5, 50, 95)
_UNLIMITED = 3000
_UNLIMITED_RECORDINGS = 100
_STEPS = 3000
_TAIL = 30_000
_AT_ONCE = 50


class NoScorer:
    """Stands where scores are given already."""

    identity = "simulated"

    def score(self, questioned: Samples, known: Samples) -> Samples:
        """Never called."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Truth:
    """An unlimited population: scores with their shares, and what it would give.

    Attributes:
        same, different: scores, rising.
        same_share, different_share: of each, sum 1.
        slope, intercept: of the log10 LR.
        points: scores at which intervals are judged.
        cllr_min, eer: of the scores.
    """

    same: Vector
    same_share: Vector
    different: Vector
    different_share: Vector
    slope: float
    intercept: float
    points: Vector
    cllr_min: float
    eer: float


def scores_of(questioned: Vector, known: Vector, between: float, kind: str) -> Vector:
    """Scores of every questioned with every known vector, shape (n_questioned, n_known)."""
    if kind == "cosine":
        lengths = np.linalg.norm(questioned, axis=1)[:, None] * np.linalg.norm(known, axis=1)
        cosine: Vector = questioned @ known.T / lengths
        return cosine
    q, k = between + QUESTIONED_NOISE, between + KNOWN_NOISE
    determinant = q * k - between**2
    score: Vector = (
        -0.5 * (k / determinant - 1 / q) * (questioned**2).sum(axis=1)[:, None]
        - 0.5 * (q / determinant - 1 / k) * (known**2).sum(axis=1)
        + between / determinant * (questioned @ known.T)
        - 0.5 * COORDINATES * np.log(determinant / (q * k))
    )
    return score


def recordings(speakers: int, each: int, between: float, rng: np.random.Generator) -> tuple[Vector, Vector]:
    """Known vectors, shape (speakers, size), and questioned ones, speaker by speaker, ``each`` times over."""
    voices = np.sqrt(between) * rng.normal(size=(speakers, COORDINATES))
    known = voices + np.sqrt(KNOWN_NOISE) * rng.normal(size=voices.shape)
    voices = np.tile(voices, (each, 1))
    return known, voices + np.sqrt(QUESTIONED_NOISE) * rng.normal(size=voices.shape)


def simulate(cell: tuple[int, int, int], between: float, kind: str, rng: np.random.Generator) -> Pairs:
    """The pairs of a reference population."""
    speakers, corpora, each = cell
    known, questioned = recordings(speakers, each, between, rng)
    scores = scores_of(questioned, known, between, kind)
    speaker = np.tile(np.arange(speakers), each)
    is_same = speaker[:, None] == np.arange(speakers)
    is_different = (speaker[:, None] % corpora == np.arange(speakers) % corpora) & ~is_same
    row, column = np.nonzero(is_different)
    return Pairs(scores[is_same], speaker, scores[is_different], column, speaker[row], speakers)


def unlimited(between: float, kind: str, seed: int = 1) -> Truth:
    """What an unlimited population gives: millions of scores, in shares."""
    rng = np.random.default_rng(seed)
    same = []
    for _ in range(_UNLIMITED_RECORDINGS):
        known, questioned = recordings(_UNLIMITED, 1, between, rng)
        same.append(own_scores(questioned, known, between, kind))
    scores = scores_of(questioned, known, between, kind)
    different = np.sort(scores[~np.eye(_UNLIMITED, dtype=bool)])
    same_scores, same_share = _in_shares(np.sort(np.concatenate(same)))
    body, tail = _in_shares(different[:-_TAIL]), _in_shares(different[-_TAIL:])
    part = _TAIL / len(different)
    different_scores = np.concatenate([body[0], tail[0]])
    different_share = np.concatenate([body[1] * (1 - part), tail[1] * part])
    line = 1 / np.log(10), 0.0
    if kind == "cosine":
        line = fit(same_scores, different_scores, 1e9, same_share, different_share)
    return Truth(
        same_scores,
        same_share,
        different_scores,
        different_share,
        *line,
        np.concatenate(
            [np.percentile(np.concatenate(same), SAME_PERCENTILES), np.percentile(different, DIFFERENT_PERCENTILES)]
        ),
        cllr_min(same_scores, different_scores, same_share, different_share),
        eer(same_scores, different_scores, same_share, different_share),
    )


def own_scores(questioned: Vector, known: Vector, between: float, kind: str) -> Vector:
    """Scores of questioned vectors with the known ones beside them, shape (n,)."""
    parts = range(0, len(known), _AT_ONCE)
    return np.concatenate(
        [np.diag(scores_of(questioned[i : i + _AT_ONCE], known[i : i + _AT_ONCE], between, kind)) for i in parts]
    )


def _in_shares(ordered: Vector) -> tuple[Vector, Vector]:
    """Means of ``_STEPS`` equal parts of sorted values, with the share of each."""
    parts = np.array_split(ordered, _STEPS)
    return np.array([part.mean() for part in parts]), np.array([len(part) for part in parts]) / len(ordered)


def between_for(target: float, kind: str) -> float:
    """The variance between speakers at which Cllr_min of 1,500 of them is the target."""
    low, high = 0.05, 50.0
    for _ in range(20):
        middle = float(np.sqrt(low * high))
        rng = np.random.default_rng(7)
        known, questioned = recordings(1500, 1, middle, rng)
        scores = scores_of(questioned, known, middle, kind)
        own = np.eye(1500, dtype=bool)
        low, high = (middle, high) if cllr_min(scores[own], scores[~own]) > target else (low, middle)
    return float(np.sqrt(low * high))


def calibrate(pairs: Pairs, settings: ComparisonSettings) -> Calibration:
    """As a case is calibrated, without the bounds."""
    stated = Conditions(20.0, None, 8000.0, name="simulated")
    listed = ScoreList(pairs, (stated,), (stated,), "simulated", "simulated")
    fitted = calibrate_cells(listed, 0, 0, settings, NoScorer())
    return dataclasses.replace(fitted, lower_bound_log10_lr=-np.inf, upper_bound_log10_lr=np.inf)


def cllr_of(calibration: Calibration, truth: Truth) -> float:
    """Cllr of the issued map on the unlimited population."""
    grid = np.linspace(truth.different[0], truth.same[-1], 300)
    log10_lr = likelihood_ratios(calibration, grid).unbounded_log10_lr
    same, different = (np.interp(scores, grid, log10_lr) for scores in (truth.same, truth.different))
    return cllr(same, different, truth.same_share, truth.different_share)


def misses(low: Vector, high: Vector, truth: Vector) -> Vector:
    """Whether each interval lies above and below the truth, shape (2, n)."""
    return np.array([truth < low, truth > high], dtype=np.float64)


def judge(calibration: Calibration, truth: Truth) -> tuple[Vector, Vector]:
    """Misses of log10 LRs, shape (2, points), and of Cllr, Cllr_min and EER, shape (2, 3)."""
    ratios = likelihood_ratios(calibration, truth.points)
    intervals: tuple[Interval, ...] = (calibration.cllr, calibration.cllr_min, calibration.eer)
    right = np.array([cllr_of(calibration, truth), truth.cllr_min, truth.eer])
    return (
        misses(ratios.low, ratios.high, apply(truth.slope, truth.intercept, truth.points)),
        misses(np.array([each.low for each in intervals]), np.array([each.high for each in intervals]), right),
    )


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=300, help="populations of each kind")
    parser.add_argument("--draws", type=int, default=1000, help="draws of speakers for the intervals")
    parser.add_argument("--score", choices=("plda", "cosine"), default="plda", help="what the score is")
    parser.add_argument("--calibrator", default="logistic", help="as the setting comparison.calibrator")
    parser.add_argument("--speakers", type=int, nargs="+", default=[cell[0] for cell in CELLS], help="which N")
    options = parser.parse_args()
    settings = ComparisonSettings(bootstrap_draws=options.draws, calibrator=options.calibrator)
    truths = {
        target: (between, unlimited(between, options.score))
        for target in CLLR_MIN
        for between in (between_for(target, options.score),)
    }
    print(f"score {options.score}, calibrator {options.calibrator}: {options.replications} populations each")
    print("                              log10 LR |               Cllr |           Cllr_min |                EER")
    print("  N  Cllr_min   mean worst above below |   cov  above below |   cov  above below |   cov  above below")
    for cell in CELLS:
        if cell[0] not in options.speakers:
            continue
        for target, (between, truth) in truths.items():
            started = time.perf_counter()
            found = []
            for number in range(options.replications):
                rng = np.random.default_rng([number, cell[0], round(100 * target)])
                found.append(judge(calibrate(simulate(cell, between, options.score, rng), settings), truth))
            ratios, measures = (np.mean([each[place] for each in found], axis=0) for place in (0, 1))
            covered = 1 - ratios.sum(axis=0)
            line = [100 * covered.mean(), 100 * covered.min(), *(100 * ratios.mean(axis=1))]
            by_measure = [[100 * (1 - one.sum()), 100 * one[0], 100 * one[1]] for one in measures.T]
            columns = [line, *by_measure]
            print(
                f"{cell[0]:3}{truth.cllr_min:10.3f}  "
                + " | ".join("".join(f"{value:6.1f}" for value in one) for one in columns)
                + f"  ({time.perf_counter() - started:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
