"""Whether the LRs of real telephone calls of other days keep their promise.

    python benchmarks/real_telephones.py [--model MODEL_FOLDER]

The calls are those that ship with the model as embeddings (``forensic validate --shipped``): each against every other
of its corpus, of one speaker those of other days, each LR from the joint fit without the folds of both speakers. Some
people called much more often than others, so every *person* weighs alike among the same-speaker pairs.

Printed, with 95 % intervals over speakers (bootstrap): Cllr before the bounds, Cllr_min of the scores and of the LRs,
and the share of same-speaker LRs below 1, for all calls, those of one kind of line, and those of two kinds. And whether
the calibrations keep what they state: for each pair of cells of the bank that real calls fall into, whether Cllr on the
calls lies in the interval that the calibration of those cells states.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.comparison.calibrations import calibration_step
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.conditions import nearest
from forensic.likelihood_ratio.fit import calibrate_cells
from forensic.likelihood_ratio.metrics import cllr_min, cost_bits
from forensic.likelihood_ratio.population import load_population
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen
from forensic.quantities import QUANTITIES
from forensic.records import ROLES, Conditions
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import default_model_folder, load_model
from forensic.validation.shipped import OTHER_LINE, SAME_LINE, real_call_lrs

_DRAWS = 300
_FEWEST_PAIRS = 10  # of one kind, for a pair of cells to be judged

Vector = NDArray[np.float64]
_MEASURES = ("Cllr", "Cllr_min of the scores", "Cllr_min of the LRs", "same-speaker LRs below 1")


def measures(lrs: pl.DataFrame, weight: Vector) -> Vector:
    """``_MEASURES`` of weighted pairs."""
    is_same, log10_lr, score = (lrs[name].to_numpy() for name in ("same_speaker", "log10_lr", "score"))
    same, different = weight * is_same, weight * ~is_same
    cost = 0.5 * (same @ cost_bits(log10_lr) / same.sum() + different @ cost_bits(-log10_lr) / different.sum())
    used = weight > 0
    least = [
        cllr_min(values[used & is_same], values[used & ~is_same], weight[used & is_same], weight[used & ~is_same])
        for values in (score, log10_lr)
    ]
    return np.array([cost, *least, same @ (log10_lr < 0) / same.sum()])


def weights(lrs: pl.DataFrame, counts: Vector | None = None) -> Vector:
    """Every person alike among the pairs of one speaker; times how often each person was drawn."""
    people = np.unique(np.concatenate([lrs["speaker_known"].to_numpy(), lrs["speaker_questioned"].to_numpy()]))
    known, questioned = (np.searchsorted(people, lrs[f"speaker_{role}"].to_numpy()) for role in ROLES)
    is_same = lrs["same_speaker"].to_numpy()
    weight = np.where(is_same, 1 / np.maximum(np.bincount(known[is_same], minlength=len(people)), 1)[known], 1.0)
    if counts is None:
        return weight
    return weight * np.where(is_same, counts[known], counts[known] * counts[questioned])


def table(lrs: pl.DataFrame) -> None:
    """Print the measures of all calls and of each kind of line."""
    rng = np.random.default_rng(1)
    for name, part in (
        ("all", lrs),
        (SAME_LINE, lrs.filter(condition=SAME_LINE)),
        (OTHER_LINE, lrs.filter(condition=OTHER_LINE)),
    ):
        people = pl.concat([part["speaker_known"], part["speaker_questioned"]]).n_unique()
        repeated = part.filter("same_speaker")["speaker_known"].n_unique()
        value, drawn = measures(part, weights(part)), []
        while len(drawn) < _DRAWS:
            weight = weights(part, rng.multinomial(people, np.full(people, 1 / people)).astype(float))
            if (weight * part["same_speaker"].to_numpy()).any():
                drawn.append(measures(part, weight))
        low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
        print(f"{name}: {people} people, {repeated} of them on several days; {part.height:,} pairs")
        for row, measure in enumerate(_MEASURES):
            print(f"    {measure:26} {value[row]:.3f} ({low[row]:.3f} to {high[row]:.3f})")


def claims(lrs: pl.DataFrame, model_folder: Path, settings: ComparisonSettings) -> None:
    """Print how many pairs of cells keep the Cllr that their calibrations state."""
    model = load_model(model_folder)
    whole = load_population(model_folder, model.identity.sha256)
    population = chosen(whole, PopulationChoice())
    calibrator = calibration_step(population, settings, model.backend, model_folder)
    cells = {
        role: [
            nearest(Conditions(**{q.name: row[q.of_side(role)] for q in QUANTITIES}), known)[0]
            for row in lrs.select(q.of_side(role) for q in QUANTITIES).to_dicts()
        ]
        for role, known in zip(ROLES, (population.known_cells, population.questioned_cells), strict=True)
    }
    placed = lrs.with_columns(pl.Series(f"{role}_cell", cells[role]) for role in ROLES)
    kept = judged = 0
    for (known, questioned), part in placed.group_by("known_cell", "questioned_cell", maintain_order=True):
        counts = part["same_speaker"].sum(), (~part["same_speaker"]).sum()
        if min(counts) < _FEWEST_PAIRS:
            continue
        try:
            stated = calibrate_cells(population, known, questioned, settings, model.backend, calibrator.joint).cllr
        except CalibrationError:
            continue
        found = measures(part, weights(part))[0]
        judged, kept = judged + 1, kept + (stated.low <= found <= stated.high)
        names = population.known_cells[known].name, population.questioned_cells[questioned].name
        print(
            f"    {names[0]}, {population.known_cells[known].net_speech_s:.0f} s against {names[1]}, "
            f"{population.questioned_cells[questioned].net_speech_s:.0f} s: states {stated.value:.2f} "
            f"({stated.low:.2f} to {stated.high:.2f}), measured {found:.2f} on {counts[0]} and {counts[1]} pairs"
        )
    print(f"kept in {kept} of {judged} pairs of cells with {_FEWEST_PAIRS} pairs of either kind or more")


def main() -> None:
    """Read the arguments, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=default_model_folder())
    options = parser.parse_args()
    settings = ComparisonSettings()
    lrs = real_call_lrs(options.model, settings)
    table(lrs)
    claims(lrs, options.model, settings)


if __name__ == "__main__":
    main()
