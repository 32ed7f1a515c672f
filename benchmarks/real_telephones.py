"""Whether the LRs of real telephone calls of other days keep their promise.

    python benchmarks/real_telephones.py [--model MODEL_FOLDER] [--opinion first second both]

The calls are those that ship with the model as embeddings (``forensic validate --shipped``): each against every other
of its corpus, of one speaker those of other days, each LR from the joint fit without the folds of both speakers. Some
people called much more often than others, so every *person* weighs alike among the same-speaker pairs.

Printed, with 95 % intervals over speakers (bootstrap): Cllr before the bounds, Cllr_min of the scores and of the LRs,
and the share of same-speaker LRs below 1, for all calls, those of one kind of line, and those of two kinds. And whether
the calibrations keep what they state: for each pair of cells of the bank that real calls fall into, whether Cllr on the
calls lies in the interval that the calibration of those cells states. So for each opinion: of the first model alone, of
the second alone, and of both.
"""

import argparse
from pathlib import Path
from typing import get_args

import polars as pl

from forensic.comparison.calibrations import CalibrationStep
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.conditions import nearest
from forensic.likelihood_ratio.fit import calibrate_cells
from forensic.likelihood_ratio.population import Population
from forensic.quantities import QUANTITIES
from forensic.records import ROLES, Conditions
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import default_model_folder
from forensic.validation.real_results import MEASURES, measured, measures, real_result, weights
from forensic.validation.shipped import OTHER_LINE, SAME_LINE, Opinion, real_call_lrs, step_of

_FEWEST_PAIRS = 10  # of one kind, for a pair of cells to be judged


def table(lrs: pl.DataFrame) -> None:
    """Print the measures of all calls and of each kind of line."""
    for name, part in (
        ("all", lrs),
        (SAME_LINE, lrs.filter(condition=SAME_LINE)),
        (OTHER_LINE, lrs.filter(condition=OTHER_LINE)),
    ):
        found = real_result(part)
        if found is None:
            continue
        print(f"{name}: {found.people} people, {found.repeated} of them on several days; {found.pairs:,} pairs")
        for measure, each in zip(MEASURES, measured(part), strict=True):
            print(f"    {measure:26} {each.value:.3f} ({each.low:.3f} to {each.high:.3f})")


def claims(lrs: pl.DataFrame, step: CalibrationStep) -> None:
    """Print how many pairs of cells keep the Cllr that their calibrations state."""
    population = step.population
    assert isinstance(population, Population)
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
            stated = calibrate_cells(population, known, questioned, step.settings, step.backend, step.joint).cllr
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
    parser.add_argument("--opinion", nargs="+", choices=get_args(Opinion), default=get_args(Opinion))
    options = parser.parse_args()
    settings = ComparisonSettings()
    for opinion in options.opinion:
        print(f"\nOpinion: {opinion}")
        lrs = real_call_lrs(options.model, settings, opinion)
        table(lrs)
        claims(lrs, step_of(options.model, settings, opinion))


if __name__ == "__main__":
    main()
