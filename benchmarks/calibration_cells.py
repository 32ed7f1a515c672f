"""How well LRs are calibrated in each condition: Cllr - Cllr_min on the shipped reference population.

    python benchmarks/calibration_cells.py [--model FOLDER] [--calibrator logistic ...] [--regularisation]

Every questioned recording of a cell is compared with every known side of its corpus (clean, 25 s). Each LR comes from a
calibration in which neither of its two speakers took part. Printed by cell: speakers, pairs, Cllr_min, Cllr, their
difference Cllr_cal, whether it meets the target of 0.03 or 20 % of Cllr_min, and, beside it, the same LRs from a
calibration for another condition (clean, 10 s), again without the two speakers.

Cllr_min is too low on few pairs, because PAV fits them too well, and Cllr_cal too high: even perfect LRs do not have 0.
By how much is estimated from the draws of the bootstrap (``uncertainty.PAV_BIAS_RATIO``) and stands under "PAV".

--regularisation prints, instead, the cross-validated Cllr over all questioned cells of the population by the strength
of the regularisation (``calibration.PSEUDO_SPEAKERS``), which was chosen by this.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.calibrators import CALIBRATORS, Calibrator, fit_logistic
from forensic.likelihood_ratio.fit import score_pairs
from forensic.likelihood_ratio.metrics import cllr, cllr_min
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.population import Population, load_population
from forensic.likelihood_ratio.score_map import log10_lr_by_map
from forensic.likelihood_ratio.uncertainty import PAV_BIAS_RATIO, draw_speakers, order_measures
from forensic.records import Vector
from forensic.speaker.extractor import SpeakerModel, default_model_folder, load_model

CONDITIONS = ("clean", "G.711", "AMR-NB 5.9", "AMR-NB 5.9 + 10 dB noise", "room")
SECONDS = (3, 5, 10, 20)
WRONG = ("clean", 10)
STRENGTHS = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
FOLDS = 10
_FEWEST_SPEAKERS = 20
_DRAWS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """The pairs of a questioned cell.

    Attributes:
        name: channel.
        seconds: nominal net speech.
        pairs: scored.
        people: the population's number of each of their speakers, shape (speakers,).
    """

    name: str
    seconds: int
    pairs: Pairs
    people: np.ndarray


def cells_of(population: Population, model: SpeakerModel) -> list[Cell]:
    """Every questioned cell with the longest clean known one."""
    known = max(
        (number for number, cell in enumerate(population.known_cells) if cell.name == "clean"),
        key=lambda number: population.known_cells[number].net_speech_s,
    )
    found = []
    for number, conditions in enumerate(population.questioned_cells):
        try:
            pairs, people, _ = score_pairs(population, known, number, _FEWEST_SPEAKERS, model.backend.score)
        except CalibrationError:
            continue
        seconds = min(SECONDS, key=lambda nominal: abs(nominal - conditions.net_speech_s))
        found.append(Cell(conditions.name, seconds, pairs, np.array(people)))
    return found


def left_out(cell: Cell, fitted_on: Cell, calibrator: Calibrator, folds: int | None = None) -> tuple[Vector, Vector]:
    """log10 LRs of the cell's pairs by maps fitted to another cell's, or its own, without either speaker.

    Args:
        cell: what is judged.
        fitted_on: what maps are fitted to.
        calibrator: fits them.
        folds: into how many parts speakers are put; None: each by itself.
    """
    everyone = np.union1d(cell.people, fitted_on.people)
    order = np.random.default_rng(1).permutation(len(everyone))
    fold = order % (folds or len(everyone))
    judged, fitted = (fold[np.searchsorted(everyone, each.people)] for each in (cell, fitted_on))
    pairs = cell.pairs
    wanted = np.concatenate(
        [
            np.column_stack([judged[pairs.same_speaker]] * 2),
            np.sort(np.column_stack([judged[pairs.different_known], judged[pairs.different_questioned]]), axis=1),
        ]
    )
    combinations, which = np.unique(wanted, axis=0, return_inverse=True)
    kept = (fitted != combinations[:, :1]) & (fitted != combinations[:, 1:])
    maps = calibrator(fitted_on.pairs, kept.astype(np.float64))
    log10_lr = log10_lr_by_map(maps, which, np.concatenate([pairs.same_scores, pairs.different_scores]))
    return log10_lr[: len(pairs.same_scores)], log10_lr[len(pairs.same_scores) :]


def is_met(cost: float, least: float) -> bool:
    """Whether Cllr - Cllr_min is 0.03 at most, or 20 % of Cllr_min."""
    return cost - least <= max(0.03, 0.2 * least)


def pav_bias(cell: Cell) -> float:
    """By how much Cllr_min of so few pairs is too low."""
    pairs = cell.pairs
    drawn = draw_speakers(pairs.speakers, _DRAWS, 1)
    measured = order_measures(pairs, pairs.same_scores, pairs.different_scores, drawn)[:, 0]
    return PAV_BIAS_RATIO * (cllr_min(pairs.same_scores, pairs.different_scores) - float(np.median(measured)))


def by_cell(cells: Sequence[Cell], calibrators: Sequence[str]) -> None:
    """Print the table of each calibrator."""
    wrong = next(cell for cell in cells if (cell.name, cell.seconds) == WRONG)
    chosen = [cell for name in CONDITIONS for cell in cells if cell.name == name]
    for calibrator in calibrators:
        print(f"\n{calibrator}\n{'questioned':26}{'s':>4}{'speakers':>9}{'same':>6}{'different':>10}", end="")
        print(f"{'Cllr_min':>9}{'Cllr':>7}{'Cllr_cal':>9}{'met':>5}{'PAV':>7} | wrong condition: Cllr_cal")
        met, costs, contrasts = 0, [], []
        for cell in chosen:
            least = cllr_min(cell.pairs.same_scores, cell.pairs.different_scores)
            cost = cllr(*left_out(cell, cell, CALIBRATORS[calibrator]))
            contrast = cllr(*left_out(cell, wrong, CALIBRATORS[calibrator]))
            met += is_met(cost, least)
            costs.append(cost - least)
            contrasts.append(contrast - least)
            print(
                f"{cell.name:26}{cell.seconds:4}{cell.pairs.speakers:9}{len(cell.pairs.same_scores):6}"
                f"{len(cell.pairs.different_scores):10}{least:9.3f}{cost:7.3f}{cost - least:9.3f}"
                f"{'yes' if is_met(cost, least) else 'no':>5}{pav_bias(cell):7.3f} | {contrast - least:9.3f}",
                flush=True,
            )
        print(f"mean Cllr_cal {np.mean(costs):.3f}, target met in {met} of {len(chosen)} cells; ", end="")
        print(f"calibrated for {WRONG[0]} {WRONG[1]} s: {np.mean(contrasts):.3f}")


def by_strength(cells: Sequence[Cell]) -> None:
    """Print what each strength of regularisation comes to over all cells."""
    least = np.array([cllr_min(cell.pairs.same_scores, cell.pairs.different_scores) for cell in cells])
    cost = np.array(
        [
            [cllr(*left_out(cell, cell, partial(fit_logistic, pseudo_speakers=strength), FOLDS)) for cell in cells]
            for strength in STRENGTHS
        ]
    )
    best = np.bincount(cost.argmin(axis=0), minlength=len(STRENGTHS))
    print(f"{len(cells)} cells, mean Cllr_min {least.mean():.4f}")
    print(f"{'pseudo-speakers':>15}{'mean Cllr':>11}{'best in':>9}{'target met':>12}")
    for number, strength in enumerate(STRENGTHS):
        met = np.mean([is_met(one, other) for one, other in zip(cost[number], least, strict=True)])
        print(f"{strength:15g}{cost[number].mean():11.4f}{best[number]:9}{100 * met:10.0f} %")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--calibrator", nargs="+", choices=list(CALIBRATORS), default=["logistic"])
    parser.add_argument("--regularisation", action="store_true", help="compare its strengths instead")
    options = parser.parse_args()
    model = load_model(options.model)
    cells = cells_of(load_population(options.model, model.identity.sha256), model)
    if options.regularisation:
        by_strength(cells)
    else:
        by_cell(cells, options.calibrator)


if __name__ == "__main__":
    main()
