"""How often the line of a pair of conditions lies in the intervals of the joint calibration, on the bundled population.

    python benchmarks/line_coverage.py [--opinion first both] [--seconds 60]

For pairs of cells of the bank, drawn at random until the time is over, the line fitted to their pairs alone is compared
with the interval of the joint calibration, at five scores of these pairs, all between the bounds. Printed: the share in
the interval by the reference speakers alone, and in the interval as issued, which has the misfit of the line in it
(``forensic.likelihood_ratio.misfit``); and the root mean square between the lines. A line of its own rests on few
people, and errs itself: the shares are lower bounds. Cells with fewer than 40 people who have same-speaker pairs are
left out.
"""

import argparse
import time
from typing import get_args

import numpy as np

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.calibration import apply, fit
from forensic.likelihood_ratio.fit import Matrix, calibrate_cells, likelihood_ratios, score_pairs
from forensic.likelihood_ratio.metrics import LN10
from forensic.likelihood_ratio.population import Population
from forensic.records import Vector
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import default_model_folder
from forensic.validation.shipped import Opinion, step_of

_FEWEST = 40
_SAME_PERCENTILES, _DIFFERENT_PERCENTILES = (10.0, 50.0), (50.0, 90.0, 99.0)


def lines_of(opinion: Opinion, seconds: float) -> tuple[Matrix, Matrix, Matrix]:
    """Whether the own line is in either interval, and how far from the joint one, shape (cells, scores) each."""
    settings = ComparisonSettings()
    step = step_of(default_model_folder(), settings, opinion)
    population, joint = step.population, step.joint
    assert isinstance(population, Population)
    assert joint is not None
    ends = time.monotonic() + seconds
    by_people, as_issued, apart = [], [], []
    cells = len(population.questioned_cells)
    for cell in np.random.default_rng(1).permutation(len(population.known_cells) * cells):
        known, questioned = divmod(int(cell), cells)
        if time.monotonic() > ends:
            break
        try:
            pairs = score_pairs(population, known, questioned, _FEWEST, step.backend.score)[0]
            calibration = calibrate_cells(population, known, questioned, settings, step.backend, joint)
        except CalibrationError:
            continue
        if len(np.unique(pairs.same_speaker)) < _FEWEST:
            continue
        scores = np.concatenate(
            [
                np.percentile(pairs.same_scores, _SAME_PERCENTILES),
                np.percentile(pairs.different_scores, _DIFFERENT_PERCENTILES),
            ]
        )
        bounds = calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr
        own = np.clip(apply(*fit(pairs.same_scores, pairs.different_scores, pairs.speakers), scores), *bounds)
        for found, error in ((by_people, 0.0), (as_issued, joint.misfit / LN10)):
            issued = likelihood_ratios(calibration, scores, error)
            found.append(_within(own, issued.low, issued.high, bounds))
        apart.append(own - issued.log10_lr)
    return np.array(by_people, float), np.array(as_issued, float), np.array(apart)


def _within(own: Vector, low: Vector, high: Vector, bounds: tuple[float, float]) -> Vector:
    """Whether values lie in intervals; one at a bound means "that or more"."""
    return np.asarray(((own >= low) | (own >= bounds[1])) & ((own <= high) | (own <= bounds[0])))


def main() -> None:
    """Read the arguments, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--opinion", nargs="+", choices=get_args(Opinion), default=["first", "both"])
    parser.add_argument("--seconds", type=float, default=60.0, help="for each")
    options = parser.parse_args()
    names = [f"{each:.0f} % of the same" for each in _SAME_PERCENTILES]
    names += [f"{each:.0f} % of the different" for each in _DIFFERENT_PERCENTILES]
    for opinion in options.opinion:
        by_people, as_issued, apart = lines_of(opinion, options.seconds)
        print(f"\nOpinion {opinion}: {len(apart)} pairs of conditions")
        print(f"{'score':22}{'by people %':>12}{'as issued %':>12}{'apart, log10':>14}")
        for name, one, other, away in zip(names, by_people.T, as_issued.T, apart.T, strict=True):
            print(f"{name:22}{100 * one.mean():12.1f}{100 * other.mean():12.1f}{np.sqrt((away**2).mean()):14.2f}")
        print(f"{'all':22}{100 * by_people.mean():12.1f}{100 * as_issued.mean():12.1f}")


if __name__ == "__main__":
    main()
