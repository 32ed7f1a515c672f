"""The measures as two other published implementations calculate them, and score sets that are hard on all."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from lir.algorithms.isotonic_regression import IsotonicCalibrator
from lir.data.models import LLRData
from lir.metrics import cllr as lir_cllr
from lir.metrics import cllr_min as lir_cllr_min
from lir.metrics.devpav import devpav as lir_devpav
from lir.plotting.expected_calibration_error import calculate_ece
from llreval.cllr import cllr as llreval_cllr
from llreval.cllr import cross_entropy, min_cllr
from llreval.pav_rocch import PAV
from numpy.typing import NDArray

Values = NDArray[np.float64]

PRIOR_LOG10_ODDS = np.array([-2.0, -0.5, 0.0, 1.0, 3.0])
_LN10 = np.log(10)
_LARGEST_LOG10_LR_FOR_LIR_ECE = 4.0


def lir_measures(same: Values, different: Values) -> dict[str, Any]:
    """By lir of the Netherlands Forensic Institute, which has neither EER nor hull.

    Its ECE subtracts posteriors from 1 and so loses digits with large LRs: it is left out where it cannot be exact.
    """
    values, truth = _stacked(same, different)
    data = LLRData(features=values, labels=truth)
    prior = 1 / (1 + 10**-PRIOR_LOG10_ODDS)
    with np.errstate(all="ignore"):  # it divides by zero where an LR is 0 or infinite
        measures = {
            "cllr": float(lir_cllr(data)),
            "cllr_min": float(lir_cllr_min(data)),
            "dev_pav": float(np.squeeze(lir_devpav(values, truth))),
            "pav": IsotonicCalibrator().fit_transform(values, truth),
        }
        if np.abs(values[np.isfinite(values)]).max(initial=0) < _LARGEST_LOG10_LR_FOR_LIR_ECE:
            measures["ece"] = calculate_ece(10.0**values, truth, prior)
        return measures


def llreval_measures(same: Values, different: Values) -> dict[str, Any]:
    """By llreval (Brümmer & van Leeuwen), which takes natural logarithms and has no devPAV.

    The EER is where its hull crosses the diagonal; its own EER() stops a search some 1e-9 before it.
    """
    values, truth = _stacked(same, different)
    with np.errstate(all="ignore"):
        pav = PAV(values, truth)
        misses, false_alarms = pav.rocch()
        return {
            "cllr": float(llreval_cllr(same * _LN10, different * _LN10)),
            "cllr_min": float(min_cllr(pav)),
            "eer": _crossing(misses, false_alarms),
            "ece": np.array(
                [
                    cross_entropy(same * _LN10, different * _LN10, 1 / (1 + 10**-log10_odds))
                    for log10_odds in PRIOR_LOG10_ODDS
                ]
            ),
            "hull": (false_alarms, misses),
        }


def _stacked(same: Values, different: Values) -> tuple[Values, NDArray[np.int_]]:
    truth = np.concatenate([np.ones(len(same), int), np.zeros(len(different), int)])
    return np.concatenate([same, different]), truth


def _crossing(misses: Values, false_alarms: Values) -> float:
    """Where straight lines between the vertices have as many misses as false alarms."""
    gap = false_alarms - misses  # falls from 1 to -1
    after = int(np.argmax(gap <= 0))
    step = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(misses[after - 1] + step * (misses[after] - misses[after - 1]))


def finite_sets(rounds: int, seed: int) -> Iterator[tuple[str, Values, Values]]:
    """Random and adversarial sets without infinities: name, same-speaker and different-speaker log10 LRs."""
    rng = np.random.default_rng(seed)
    yield "all alike", np.zeros(5), np.zeros(7)
    yield "one of each", np.array([1.0]), np.array([-1.0])
    yield "one of each, tied", np.array([0.5]), np.array([0.5])
    yield "one of each, the wrong way", np.array([-1.0]), np.array([1.0])
    yield "far apart", rng.normal(9, 1, 30), rng.normal(-9, 1, 30)
    yield "far apart, the wrong way", rng.normal(-9, 1, 30), rng.normal(9, 1, 30)
    yield "large", rng.normal(250, 20, 40), rng.normal(-250, 20, 40)
    yield "tiny differences", 1 + rng.normal(0, 1e-12, 50), 1 + rng.normal(0, 1e-12, 60)
    yield "one against thousands", rng.normal(1, 1, 1), rng.normal(-1, 1, 20_000)
    yield "thousands against one", rng.normal(1, 1, 5_000), rng.normal(-1, 1, 1)
    yield "a hundred thousand", rng.normal(1, 1, 400), rng.normal(-1, 1, 100_000)
    for number in range(rounds):
        sizes = rng.integers(1, 60, 2) if number % 4 else np.array([1, rng.integers(1, 300)])
        same, different = rng.normal(0.6, 1.2, sizes[0]), rng.normal(-0.6, 1.2, sizes[1])
        if number % 3 == 0:
            yield "ties", same.round(), different.round()
        elif number % 3 == 1:
            yield "some ties", same.round(1), different.round(1)
        else:
            yield "random", same, different


def infinite_sets(rounds: int, seed: int) -> Iterator[tuple[str, Values, Values]]:
    """Sets of which a part is infinite, for the truth, against it, or both."""
    rng = np.random.default_rng(seed)
    for number in range(rounds):
        same, different = rng.normal(0.6, 1.2, rng.integers(1, 30)), rng.normal(-0.6, 1.2, rng.integers(1, 30))
        for values, ends in ((same, (np.inf, -np.inf)), (different, (-np.inf, np.inf))):
            struck = rng.random(len(values)) < 0.2
            values[struck] = ends[0] if number % 2 else rng.choice(ends, struck.sum())
        yield "infinite for the truth" if number % 2 else "infinite either way", same, different
