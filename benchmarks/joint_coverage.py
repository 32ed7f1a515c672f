"""How often 95 % intervals of the joint calibration cover the truth, where the truth is known.

    python benchmarks/joint_coverage.py [--replications 200] [--draws 400] [--speakers 60 150 300] [--errors]

People are simulated as in ``interval_coverage.py``, but recorded in several conditions: the noise of a recording
falls with its net speech and with its SNR. Scores do not know the conditions: they are the log LR of two vectors as if
each had the noise of ten clean seconds (``plda``), or their cosine. So the true line from score to log10 LR moves with
the conditions, and the calibration must follow it. The truth is the line that the same fit gives to an unlimited
population. With ``--errors``, conditions of the population and of the case are measured with the errors that
``forensic.quantities`` states, and the truth is that of the right conditions.

Printed, by N and Cllr_min, in percent: how often the interval of the log10 LR as a report prints it has the truth, in
the mean and at the worst of eight scores in each of eight pairs of conditions; how often it lies above and below the
truth; and how far, in log10 LR, the unlimited population's line is from the one fitted to those conditions alone (root
mean square, LRs kept between 1/300 and 300): what straight movements of the line cannot follow. Intervals are wider by
the misfit that the fit finds (``forensic.likelihood_ratio.misfit``), which in the bundled bank is less.
"""

import argparse
import time
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from interval_coverage import (
    CLLR_MIN,
    COORDINATES,
    DIFFERENT_PERCENTILES,
    SAME_PERCENTILES,
    between_for,
    misses,
)
from numpy.typing import NDArray

from forensic.likelihood_ratio.calibration import apply, fit
from forensic.likelihood_ratio.fit import joint_map
from forensic.likelihood_ratio.joint import JointFit, fit_joint
from forensic.likelihood_ratio.metrics import LN10
from forensic.likelihood_ratio.population import Population, PopulationCard
from forensic.likelihood_ratio.score_map import log10_lr_at, with_values
from forensic.likelihood_ratio.uncertainty import log10_lr_interval
from forensic.quantities import PLACE, TERMS, quantities_of
from forensic.records import Conditions, Samples, Traits, Vector

Index = NDArray[np.intp]

KNOWN = tuple(Conditions(30.0, snr_db, 8000.0, name="simulated") for snr_db in (None, 15.0))
QUESTIONED = tuple(
    Conditions(net_speech_s, snr_db, 8000.0, name="simulated")
    for net_speech_s, snr_db in ((20.0, None), (5.0, None), (10.0, 15.0), (3.0, 5.0))
)
_UNLIMITED = 20_000
_OF_CLEAN_TEN_SECONDS = 1.0
_SHOWN = (-np.log10(300), np.log10(300))


def noise_of(conditions: Conditions) -> float:
    """The variance of a recording about its speaker: 1 for ten clean seconds, twice that for each 10 dB of noise."""
    lost = 0.0 if conditions.snr_db is None else (30.0 - conditions.snr_db) / 10
    return 10.0 / conditions.net_speech_s * 2**lost


@dataclass(frozen=True, slots=True)
class Score:
    """Compares vectors without a look at their conditions.

    Attributes:
        kind: "plda" or "cosine".
        between: variance between speakers.
    """

    kind: str
    between: float

    @property
    def identity(self) -> str:
        """Of the score."""
        return f"simulated {self.kind} {self.between}"

    def score_pairs(self, embeddings: Samples, questioned: Index, known: Index) -> Vector:
        """Scores of pairs of rows."""
        q, k = embeddings[questioned].astype(np.float64), embeddings[known].astype(np.float64)
        product_of_both = np.einsum("ij,ij->i", q, k)
        if self.kind == "cosine":
            return np.asarray(product_of_both / np.linalg.norm(q, axis=1) / np.linalg.norm(k, axis=1))
        own = self.between + _OF_CLEAN_TEN_SECONDS
        determinant = own**2 - self.between**2
        squares = (q**2).sum(axis=1) + (k**2).sum(axis=1)
        return np.asarray(
            self.between / determinant * product_of_both
            - 0.5 * (own / determinant - 1 / own) * squares
            - 0.5 * COORDINATES * np.log(determinant / own**2)
        )


def with_errors(measured: Vector, rng: np.random.Generator) -> Vector:
    """Quantities as they would be measured, each with its own error."""
    for term in TERMS:
        moved = [term.moved(row[None], term.error * rng.normal())[0] for row in measured]
        measured = np.stack(moved)
    return measured


def simulate(speakers: int, between: float, rng: np.random.Generator, *, errors: bool = False) -> Population:
    """Everybody once in each condition of either side; one corpus for every hundred people."""
    voices = np.sqrt(between) * rng.normal(size=(speakers, COORDINATES))
    cells = [(side, cell, each) for side, of in enumerate((KNOWN, QUESTIONED)) for cell, each in enumerate(of)]
    noise = np.sqrt([noise_of(each) for *_, each in cells])[:, None, None]
    embeddings = voices + noise * rng.normal(size=(len(cells), *voices.shape))
    every = np.tile(np.arange(speakers), len(cells))
    count, by_cell = len(every), np.repeat(np.arange(len(cells)), speakers)
    corpora = max(1, speakers // 100)
    measured = np.array([quantities_of(each) for *_, each in cells])[by_cell]
    return Population(
        card=PopulationCard("", "", "", {}, speakers, count),
        embeddings=embeddings.reshape(count, COORDINATES).astype(np.float32),
        speaker=every,
        is_questioned=np.array([side == 1 for side, *_ in cells])[by_cell],
        cell=np.array([cell for _, cell, _ in cells])[by_cell],
        measured=with_errors(measured, rng) if errors else measured,
        recording=np.full(count, -1),
        day=np.full(count, -1),
        is_real=np.zeros(count, np.bool_),
        line=np.full(count, ""),
        speakers=tuple(map(str, range(speakers))),
        corpora=tuple(str(number % corpora) for number in range(speakers)),
        traits=(Traits(),) * speakers,
        known_cells=KNOWN,
        questioned_cells=QUESTIONED,
    )


@dataclass(frozen=True, slots=True)
class Truth:
    """What an unlimited population says in one pair of conditions.

    Attributes:
        points: scores at which intervals are judged.
        log10_lr: of them, by the joint line.
        own: of them, by the line of these conditions alone.
    """

    points: Vector
    log10_lr: Vector
    own: Vector


def truths_of(between: float, kind: str) -> dict[tuple[Conditions, Conditions], Truth]:
    """The truth in every pair of conditions."""
    population = simulate(_UNLIMITED, between, np.random.default_rng(1))
    population = replace(population, corpora=("0",) * _UNLIMITED)
    score = Score(kind, between)
    joint = fit_joint(population, score, 1, 1)
    found = {}
    for (k, known), (q, questioned) in product(enumerate(KNOWN), enumerate(QUESTIONED)):
        of_known, of_questioned = (
            np.flatnonzero((population.is_questioned == side) & (population.cell == cell))
            for side, cell in ((False, k), (True, q))
        )
        same, different = (
            score.score_pairs(population.embeddings, np.roll(of_questioned, shift), of_known) for shift in (0, 1)
        )
        points = np.concatenate(
            [np.percentile(same, SAME_PERCENTILES), np.percentile(different, DIFFERENT_PERCENTILES)]
        )
        by_joint = log10_lr_at(joint_map(joint, (known, questioned)), points)[0]
        found[known, questioned] = Truth(points, by_joint, apply(*fit(same, different, 1e9), points))
    return found


def as_printed(log10_lr: Vector, low: Vector, high: Vector, speakers: int) -> tuple[Vector, Vector]:
    """Intervals as a report prints them: no LR beyond N + 1, and open beyond it; tighter bounds would open more."""
    bound = np.log10(speakers + 1)
    low = np.where(log10_lr <= -bound, -np.inf, np.minimum(low, bound))
    return low, np.where(log10_lr >= bound, np.inf, np.maximum(high, -bound))


def judge(
    joint: JointFit, truths: dict[tuple[Conditions, Conditions], Truth], rng: np.random.Generator, *, errors: bool
) -> Vector:
    """Misses above and below of each pair of conditions and score, shape (2, pairs of conditions, scores)."""
    found = []
    for sides, truth in truths.items():
        seen = sides
        if errors:
            rows = (with_errors(quantities_of(each)[None], rng)[0] for each in sides)
            seen = tuple(Conditions(**dict(zip(PLACE, map(float, row), strict=True))) for row in rows)
        line = joint.line(np.vstack([joint.limit, joint.draws]), *seen)
        issued = joint_map(joint, seen)
        knots = np.column_stack([line.intercept, line.intercept + line.slope])
        fitted = log10_lr_at(with_values(issued, knots), truth.points)
        log10_lr = log10_lr_at(issued, truth.points)[0]
        low, high = log10_lr_interval(log10_lr, fitted[0], fitted[1:], joint.speakers)
        measured = [quantities_of(each)[None].repeat(len(truth.points), axis=0) for each in seen]
        error = joint.conditions_error(truth.points, *measured) if errors else joint.misfit / LN10
        reach = 1.96 * error
        low, high = log10_lr - np.hypot(log10_lr - low, reach), log10_lr + np.hypot(high - log10_lr, reach)
        found.append(misses(*as_printed(log10_lr, low, high, joint.speakers), truth.log10_lr))
    return np.stack(found, axis=1)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=200, help="populations of each kind")
    parser.add_argument("--draws", type=int, default=400, help="draws of speakers for the intervals")
    parser.add_argument("--score", choices=("plda", "cosine"), default="plda", help="what the score is")
    parser.add_argument("--speakers", type=int, nargs="+", default=[60, 150, 300], help="which N")
    parser.add_argument("--errors", action="store_true", help="conditions are measured with errors")
    options = parser.parse_args()
    print(f"score {options.score}, joint calibration: {options.replications} populations each")
    print("  N  Cllr_min   mean worst above below   misfit")
    betweens = {target: between_for(target, options.score) for target in CLLR_MIN}
    truths = {target: truths_of(between, options.score) for target, between in betweens.items()}
    for speakers, target in product(options.speakers, CLLR_MIN):
        started, found = time.perf_counter(), []
        for number in range(options.replications):
            rng = np.random.default_rng([number, speakers, round(100 * target)])
            population = simulate(speakers, betweens[target], rng, errors=options.errors)
            joint = fit_joint(population, Score(options.score, betweens[target]), options.draws, number)
            found.append(judge(joint, truths[target], rng, errors=options.errors))
        missed = np.mean(found, axis=0)
        covered = 1 - missed.sum(axis=0)
        away = [np.clip(each.log10_lr, *_SHOWN) - np.clip(each.own, *_SHOWN) for each in truths[target].values()]
        misfit = np.sqrt(np.mean(np.square(away)))
        figures = [100 * covered.mean(), 100 * covered.min(), *(100 * missed.mean(axis=(1, 2)))]
        print(
            f"{speakers:3}{target:10.2f}  {''.join(f'{value:6.1f}' for value in figures)}{misfit:9.2f}"
            f"  ({time.perf_counter() - started:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
