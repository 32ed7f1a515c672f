"""How often the 95 % interval of a share of LRs that mislead covers the truth, where the truth is known.

    python benchmarks/rate_coverage.py [--replications 400] [--draws 300]

Simulated people have 1 to 20 same-speaker LRs each, which mislead in each person's own share. It is drawn from a beta
distribution: "a few" people have most errors (its parameters sum to 0.5), or "many" share them (to 3). A
different-speaker LR, one for each person against each other, misleads where the sum of two normal effects, one of each
person, and a third is high.

Printed, by people and by the share in an unlimited population, in percent: how often the interval covers it and lies
below it, and its mean width; the same for percentiles of the draws, which are not used.
"""

import argparse
from statistics import NormalDist

import numpy as np

from forensic.likelihood_ratio.uncertainty import PERCENTILES, draw_speakers, rate_interval
from forensic.records import Vector

PEOPLE = (10, 20, 60)
SHARES = (0.03, 0.1, 0.3)
_MOST = 20  # comparisons of a person
_EFFECT = 0.7  # of a person on different-speaker comparisons, beside 1 of each comparison
_SUMS = {"same-speaker, a few": 0.5, "same-speaker, many": 3.0}
_DIFFERENT = "different-speaker"


def errors_of_same(people: int, share: float, total: float, rng: np.random.Generator) -> tuple[Vector, Vector]:
    """Misleading LRs and all LRs of each person, on the diagonals of matrices of shape (people, people)."""
    all_of = rng.integers(1, _MOST + 1, people)
    misleading = rng.binomial(all_of, rng.beta(share * total, (1 - share) * total, people))
    return np.diag(misleading).astype(float), np.diag(all_of).astype(float)


def errors_of_different(people: int, share: float, rng: np.random.Generator) -> tuple[Vector, Vector]:
    """The same for every two people, one of them known and one questioned."""
    edge = NormalDist().inv_cdf(1 - share) * np.sqrt(1 + 2 * _EFFECT**2)
    known, questioned = _EFFECT * rng.normal(size=(2, people))
    misleads = known[:, None] + questioned + rng.normal(size=(people, people)) > edge
    compared = 1.0 - np.eye(people)
    return misleads * compared, compared


def rates(misleading: Vector, compared: Vector, counts: Vector) -> Vector:
    """The share where each person counts so often, shape (n,) for counts of shape (n, people)."""
    if not (compared - np.diag(np.diag(compared))).any():
        return np.asarray(counts @ np.diag(misleading) / np.maximum(counts @ np.diag(compared), 1e-9))
    sums = (np.einsum("di,ij,dj->d", counts, each, counts) for each in (misleading, compared))
    return np.asarray(np.divide(*sums))


def judge(kind: str, people: int, share: float, options: argparse.Namespace) -> Vector:
    """Covered, below the truth, and width, of the interval and of percentiles, shape (2, 3)."""
    found = []
    for number in range(options.replications):
        rng = np.random.default_rng([number, people, round(100 * share)])
        errors = (
            errors_of_different(people, share, rng)
            if kind == _DIFFERENT
            else errors_of_same(people, share, _SUMS[kind], rng)
        )
        value = float(rates(*errors, np.ones((1, people)))[0])
        drawn = rates(*errors, draw_speakers(people, options.draws, number))
        interval = rate_interval(value, drawn, rates(*errors, 1 - np.eye(people)), int(errors[1].sum()))
        ends = (interval.low, interval.high), np.percentile(drawn, PERCENTILES)
        found.append([(low <= share <= high, high < share, high - low) for low, high in ends])
    return np.asarray(np.mean(found, axis=0))


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=400, help="populations of each kind")
    parser.add_argument("--draws", type=int, default=300, help="draws of people for the intervals")
    options = parser.parse_args()
    print(f"{'LRs':22}{'people':>7}{'share':>7}   covered  below  width   percentiles: covered  below  width")
    for kind in (*_SUMS, _DIFFERENT):
        for people in PEOPLE:
            for share in SHARES:
                ours, percentiles = (
                    f"{100 * covered:10.1f}{100 * below:7.1f}{100 * width:7.1f}"
                    for covered, below, width in judge(kind, people, share, options)
                )
                print(f"{kind:22}{people:7}{100 * share:7.0f}{ours}            {percentiles}", flush=True)


if __name__ == "__main__":
    main()
