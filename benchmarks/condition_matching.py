"""How to calibrate for conditions that the reference population does not hold: nearest cell, pooled, interpolated.

    python benchmarks/condition_matching.py [--model FOLDER] [--known clean] [--repeats 4]

Every channel of the population bank is left out in turn and stands for the conditions of a case: its pairs (one half of
the speakers, within corpora) are the test, calibrated on the other half of the speakers in other channels, chosen by
measured conditions only. The same with one duration of a channel left out. Printed: Cllr - Cllr_min of the test, in
bits, mean and worst over what was left out, and how often the target (0.03, or 20 % of Cllr_min) is met; beside it the
cell's own calibration, which is the best that can be had, and that of clean speech, which ignores the conditions.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.calibration import apply, fit
from forensic.likelihood_ratio.conditions import distance
from forensic.likelihood_ratio.fit import score_pairs
from forensic.likelihood_ratio.metrics import cllr, cllr_min
from forensic.likelihood_ratio.population import load_population
from forensic.records import Conditions, Vector
from forensic.speaker.extractor import default_model_folder, load_model

_FEWEST_SPEAKERS = 20
_NEAREST = 0.3  # added to distances, so that no weight is infinite


@dataclass(frozen=True, slots=True)
class Cell:
    """The scored pairs of one questioned cell with one known cell.

    Attributes:
        conditions: measured medians.
        seconds: nominal net speech.
        same, different: scores.
        same_half, different_half: 0 or 1, the half of the speakers that a pair lies in; 2 where it lies in both.
        speakers: how many.
    """

    conditions: Conditions
    seconds: float
    same: Vector
    different: Vector
    same_half: np.ndarray
    different_half: np.ndarray
    speakers: int

    def half(self, half: int) -> tuple[Vector, Vector]:
        """Same- and different-speaker scores of one half."""
        return self.same[self.same_half == half], self.different[self.different_half == half]


Line = tuple[float, float]
Method = Callable[[Sequence[Cell], Vector, int], Line]
"""Cells that may be used, their distances, and the half to fit on; to slope and intercept."""


def main() -> None:
    """Leave out and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--known", default="clean", help="channel of the known side")
    parser.add_argument("--repeats", type=int, default=4, help="splits of the speakers in halves")
    options = parser.parse_args()
    for left_out in ("channel", "duration"):
        found = [judge(cells, left_out) for cells in splits(options.model, options.known, options.repeats)]
        print(f"\n{left_out} left out, known side {options.known}: {sum(len(one) for one in found)} tests")
        print(f"{'calibrated on':30}{'mean':>8}{'worst':>8}{'target met':>12}")
        for name in found[0][0]:
            costs = np.array([test[name] for tests in found for test in tests])
            print(f"{name:30}{costs[:, 0].mean():8.3f}{costs[:, 0].max():8.3f}{100 * costs[:, 1].mean():10.0f} %")


def splits(folder: Path, known_name: str, repeats: int) -> list[list[Cell]]:
    """The cells of a bank, by split of its speakers."""
    model = load_model(folder)
    population = load_population(folder, model.identity.sha256)
    known = max(
        (index for index, cell in enumerate(population.known_cells) if cell.name == known_name),
        key=lambda index: population.known_cells[index].net_speech_s,
    )
    found: list[list[Cell]] = [[] for _ in range(repeats)]
    for index, conditions in enumerate(population.questioned_cells):
        try:
            pairs, speakers, _ = score_pairs(population, known, index, _FEWEST_SPEAKERS, model.backend.score)
        except CalibrationError:
            continue
        for repeat in range(repeats):
            half = np.random.default_rng(repeat).permutation(len(population.speakers))[list(speakers)] % 2
            known_half, questioned_half = half[pairs.different_known], half[pairs.different_questioned]
            found[repeat].append(
                Cell(
                    conditions,
                    round(conditions.net_speech_s),
                    pairs.same_scores,
                    pairs.different_scores,
                    half[pairs.same_speaker],
                    np.where(known_half == questioned_half, known_half, 2),
                    pairs.speakers,
                )
            )
    return found


def judge(cells: Sequence[Cell], left_out: str) -> list[Mapping[str, tuple[float, bool]]]:
    """For each cell and half: Cllr - Cllr_min by method, and whether it meets the target."""
    tests = []
    for target in cells:
        if left_out == "channel":
            others = [cell for cell in cells if cell.conditions.name != target.conditions.name]
        else:
            others = [cell for cell in cells if cell is not target]
        away = np.array([distance(target.conditions, cell.conditions) for cell in others])
        clean = [cell for cell in cells if cell.conditions.name == "clean" and cell.seconds == target.seconds]
        for half in (0, 1):
            test = target.half(1 - half)
            costs = {"own cell": _cost(test, nearest([target], np.zeros(1), half))}
            costs |= {name: _cost(test, method(others, away, half)) for name, method in METHODS.items()}
            costs["clean cell"] = _cost(test, nearest(clean, np.zeros(1), half))
            tests.append(costs)
    return tests


def _cost(test: tuple[Vector, Vector], line: Line) -> tuple[float, bool]:
    same, different = (apply(*line, scores) for scores in test)
    least = cllr_min(same, different)
    lost = cllr(same, different) - least
    return lost, lost <= max(0.03, 0.2 * least)


def nearest(cells: Sequence[Cell], away: Vector, half: int) -> Line:
    """The nearest cell's calibration."""
    cell = cells[int(np.argmin(away))]
    return fit(*cell.half(half), cell.speakers / 2)


def pooled(count: int, *, evenly: bool = False) -> Method:
    """One calibration on the pairs of the nearest cells together, each weighing by its nearness, or all alike."""

    def method(cells: Sequence[Cell], away: Vector, half: int) -> Line:
        chosen, weight = _weights(away, count)
        weight = np.ones(count) / count if evenly else weight
        parts = [cells[index].half(half) for index in chosen]
        same, different = (np.concatenate([part[kind] for part in parts]) for kind in (0, 1))
        same_weight, different_weight = (
            np.concatenate(
                [np.full(len(part[kind]), w / len(part[kind])) for part, w in zip(parts, weight, strict=True)]
            )
            for kind in (0, 1)
        )
        return fit(same, different, cells[chosen[0]].speakers / 2, same_weight, different_weight)

    return method


def interpolated(count: int) -> Method:
    """Slope and intercept of the nearest cells, averaged by nearness."""

    def method(cells: Sequence[Cell], away: Vector, half: int) -> Line:
        chosen, weight = _weights(away, count)
        lines = np.array([fit(*cells[index].half(half), cells[index].speakers / 2) for index in chosen])
        slope, intercept = weight @ lines
        return float(slope), float(intercept)

    return method


def _weights(away: Vector, count: int) -> tuple[np.ndarray, Vector]:
    chosen = np.argsort(away, kind="stable")[:count]
    weight = 1.0 / (away[chosen] + _NEAREST) ** 2
    return chosen, weight / weight.sum()


METHODS: dict[str, Method] = {
    "nearest cell": nearest,
    "2 nearest, pooled": pooled(2),
    "2 nearest, pooled evenly": pooled(2, evenly=True),
    "3 nearest, pooled": pooled(3),
    "3 nearest, pooled evenly": pooled(3, evenly=True),
    "5 nearest, pooled": pooled(5),
    "2 nearest, interpolated": interpolated(2),
    "3 nearest, interpolated": interpolated(3),
    "5 nearest, interpolated": interpolated(5),
}

if __name__ == "__main__":
    main()
