"""Our measures beside those of lir and llreval, on random and on adversarial sets of log10 LRs.

    python benchmarks/metrics_agreement.py [--rounds 2000]

Printed: for each measure and each implementation, the largest difference on finite sets (ties, one class tiny, all
alike, the wrong way round, a hundred thousand values), and, on sets with infinities, how often which value was given
where they differ. What is right there, and why, stands in ``forensic/likelihood_ratio/metrics.py``. Exit code 1 if
any difference on finite sets is above 1e-9.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _references import PRIOR_LOG10_ODDS, Values, finite_sets, infinite_sets, lir_measures, llreval_measures

from forensic.errors import CalibrationError
from forensic.likelihood_ratio import metrics

TOLERANCE = 1e-9
REFERENCES: dict[str, Callable[[Values, Values], dict[str, Any]]] = {"lir": lir_measures, "llreval": llreval_measures}


def our_measures(same: Values, different: Values) -> dict[str, Any]:
    """By ``forensic.likelihood_ratio.metrics``; NaN where devPAV is undefined, as lir says it."""
    try:
        dev_pav = metrics.dev_pav(same, different)
    except CalibrationError:
        dev_pav = float("nan")
    return {
        "cllr": metrics.cllr(same, different),
        "cllr_min": metrics.cllr_min(same, different),
        "eer": metrics.eer(same, different),
        "dev_pav": dev_pav,
        "ece": metrics.empirical_cross_entropy(same, different, PRIOR_LOG10_ODDS),
        "pav": np.concatenate(metrics.pav_log10_lr(same, different)),
        "hull": metrics.roc_convex_hull(same, different),
    }


def difference(name: str, ours: Any, theirs: Any) -> float:
    """The largest absolute difference of a measure; 0 where both are the same infinity or both undefined."""
    if name == "hull":  # the same curve may have a vertex more in the middle of a line
        grid = np.linspace(0, 1, 501)
        ours, theirs = (_along_diagonals(*each, grid) for each in (ours, theirs))
    if name == "pav":  # as posteriors at even odds: there PAV lives, and an LR of 0 is no infinity
        ours, theirs = (1 / (1 + 10.0 ** -np.asarray(each)) for each in (ours, theirs))
    one, other = np.atleast_1d(ours), np.atleast_1d(theirs)
    alike = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        return float(np.max(np.where(alike, 0.0, np.abs(one - other))))


def _along_diagonals(false_alarms: Values, misses: Values, grid: Values) -> Values:
    """Misses plus false alarms where the curve crosses each line misses - false alarms = constant."""
    sums: Values = np.interp(2 * grid - 1, misses - false_alarms, misses + false_alarms)
    return sums


def compare(sets: Iterable[tuple[str, Values, Values]]) -> tuple[dict[tuple[str, str], float], Counter[str]]:
    """Largest differences by measure and implementation, and what was given where one is not finite."""
    worst: dict[tuple[str, str], float] = defaultdict(float)
    notes: Counter[str] = Counter()
    for _, same, different in sets:
        with np.errstate(over="ignore", divide="ignore"):
            ours = our_measures(same, different)
        for reference, measures in REFERENCES.items():
            for name, theirs in measures(same, different).items():
                gap = difference(name, ours[name], theirs)
                if np.isfinite(gap):
                    worst[name, reference] = max(worst[name, reference], gap)
                else:
                    notes[f"{name}: ours {_shown(ours[name])}, {reference} {_shown(theirs)}"] += 1
    return worst, notes


def _shown(value: Any) -> str:
    return ", ".join("a number" if np.isfinite(each) else str(each) for each in np.atleast_1d(value)[:1])


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2000, help="random sets of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for title, sets in (
        ("Finite log10 LRs", finite_sets(options.rounds, options.seed)),
        ("With infinities", infinite_sets(options.rounds, options.seed)),
    ):
        worst, notes = compare(sets)
        print(f"{title}: largest difference")
        for (name, reference), gap in sorted(worst.items()):
            print(f"  {name:9} {reference:8} {gap:.1e}")
        for note, count in notes.most_common():
            print(f"  {count} x {note}")
        failed |= max(worst.values()) > TOLERANCE or (title.startswith("Finite") and bool(notes))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
