"""Whether LRs keep their promise on corpora that no calibration has seen.

    python benchmarks/unseen_corpora.py [--model MODEL_FOLDER] [--opinion first both]

Each corpus of the bank in turn is taken out of it whole, all of its languages together, and the joint calibration is
fitted to the others. Then the people of the left-out corpus are compared within it: simulated people as they were
recorded and through channels, real calls with those of other days. Needs no audio.

Printed for each corpus and channel, every person weighing alike among the same-speaker pairs, with 95 % intervals over
people of Cllr: people, pairs, Cllr_min of the scores, and Cllr by the fit without the corpus, and by the fit with
the corpus but without the folds of both speakers. Conditions of at least ``_FEWEST`` people with both sides.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensic.comparison.calibrations import CalibrationStep
from forensic.likelihood_ratio.joint import fit_joint
from forensic.likelihood_ratio.population import Population, restricted, rows_in_channels
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import default_model_folder
from forensic.validation.real_results import measured
from forensic.validation.shipped import Opinion, lrs_of_rows, step_of, whole_calls

Index = NDArray[np.intp]

CHANNELS = ("clean", "G.711", "AMR-NB 5.9", "AMR-NB 5.9 + 10 dB noise", "room")
_FEWEST = 10


def corpus_of(population: Population) -> NDArray[np.str_]:
    """The corpus of each row, its languages together."""
    names = np.array([name.split(" (")[0] for name in population.corpora])
    return np.asarray(names[population.speaker])


def rows_of(population: Population, is_member: NDArray[np.bool_]) -> Iterator[tuple[str, Index, Index]]:
    """What is compared: name, known rows and questioned rows."""
    if population.is_real[is_member].all():
        sides = (whole_calls(population, is_questioned=side) for side in (False, True))
        known, questioned = (rows[is_member[rows]] for rows in sides)
        yield "real lines", known, questioned
        return
    is_member = is_member & ~population.is_real

    def rows(channel: str, *, is_questioned: bool) -> Index:
        of_channel = rows_in_channels(population, {channel}, is_questioned=is_questioned)
        return np.flatnonzero(is_member & of_channel)

    for channel in CHANNELS:
        yield f"clean, {channel}", rows("clean", is_questioned=False), rows(channel, is_questioned=True)


def judge(step: CalibrationStep) -> None:
    """Print the table of one opinion."""
    population = step.population
    assert isinstance(population, Population)
    corpora = corpus_of(population)
    excess = []
    for corpus in np.unique(corpora):
        is_member = corpora == corpus
        rest = restricted(population, ~is_member, f"without {corpus}")
        unseen = fit_joint(rest, step.backend, 1, step.settings.seed)
        for name, known, questioned in rows_of(population, is_member):
            found = lrs_of_rows(step, known, questioned, unseen)
            same = found.filter("same_speaker")
            people = same["speaker_known"].n_unique()
            if people < _FEWEST:
                continue
            without, least, *_ = measured(found)
            within = measured(lrs_of_rows(step, known, questioned))[0]
            excess.append(without.value - least.value)
            print(
                f"{corpus:16}{name:32}{people:4}{same.height:6}{found.height - same.height:8}  {least.value:.3f}  "
                f"{without.value:.3f} ({without.low:.3f} to {without.high:.3f})  {within.value:.3f}",
                flush=True,
            )
    print(f"mean of Cllr - Cllr_min without the corpus: {np.mean(excess):.3f}, highest {np.max(excess):.3f}")


def main() -> None:
    """Read the arguments, print a table for each opinion."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=default_model_folder())
    parser.add_argument("--opinion", nargs="+", choices=("first", "second", "both"), default=("first", "both"))
    options = parser.parse_args()
    opinion: Opinion
    for opinion in options.opinion:
        print(f"\nOpinion: {opinion}")
        print("corpus          known, questioned side          people  same different Cllr_min, Cllr without, with")
        judge(step_of(options.model, ComparisonSettings(), opinion))


if __name__ == "__main__":
    main()
