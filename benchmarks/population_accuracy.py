"""How well models tell the people of a reference population apart, by condition and net speech.

    python benchmarks/population_accuracy.py [MODEL_FOLDER ...] [--known 25]

Each model folder holds a population bank made by `forensic population build`. The known side is clean; the questioned
side goes through each channel of the bank. Different-speaker pairs within one corpus only. Printed: EER and Cllr_min
with 95 % intervals over speakers, by corpus, channel and net speech. No person of the bank may have been trained on.
"""

import argparse
from pathlib import Path

import numpy as np

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.fit import score_pairs
from forensic.likelihood_ratio.metrics import cllr_min, eer
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.population import Population, load_population
from forensic.likelihood_ratio.uncertainty import draw_speakers, metric_intervals
from forensic.speaker.extractor import default_model_folder, load_model

_FEWEST_SPEAKERS = 15
_DRAWS = 200


def main() -> None:
    """Print a line a model, corpus, channel and duration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = [default_model_folder()]
    parser.add_argument("models", type=Path, nargs="*", default=default, help="model folders with a population bank")
    parser.add_argument("--known", type=float, default=25.0, help="nominal net speech of the known side, in seconds")
    options = parser.parse_args()
    print(f"{'model':18}{'corpus':16}{'questioned':28}{'speech s':>8}{'people':>7}{'EER %':>22}{'Cllr_min':>24}")
    for folder in options.models:
        model = load_model(folder)
        population = load_population(folder, model.identity.sha256)
        known = _clean_cell(population, options.known)
        for corpus in sorted(set(population.corpora)):
            for cell, conditions in enumerate(population.questioned_cells):
                try:
                    pairs, speakers, _ = score_pairs(population, known, cell, _FEWEST_SPEAKERS, model.backend.score)
                    pairs = _of_corpus(pairs, [population.corpora[speaker] == corpus for speaker in speakers])
                except CalibrationError:
                    continue
                if pairs is None:
                    continue
                _print_row(model.identity.name, corpus, conditions.name, conditions.net_speech_s, pairs)


def _print_row(model: str, corpus: str, channel: str, net_speech_s: float, pairs: Pairs) -> None:
    speakers = np.unique(pairs.same_speaker)
    drawn = draw_speakers(pairs.speakers, _DRAWS, 1)
    _, cost, error = metric_intervals(pairs, pairs.same_scores, pairs.different_scores, drawn)
    errors = (
        f"{100 * eer(pairs.same_scores, pairs.different_scores):.2f} ({100 * error.low:.2f}-{100 * error.high:.2f})"
    )
    costs = f"{cllr_min(pairs.same_scores, pairs.different_scores):.3f} ({cost.low:.3f}-{cost.high:.3f})"
    print(f"{model:18}{corpus:16}{channel:28}{net_speech_s:8.0f}{len(speakers):7}{errors:>22}{costs:>24}")


def _clean_cell(population: Population, net_speech_s: float) -> int:
    cells = [
        (abs(conditions.net_speech_s - net_speech_s), index)
        for index, conditions in enumerate(population.known_cells)
        if conditions.name == "clean"
    ]
    return min(cells)[1]


def _of_corpus(pairs: Pairs, belongs: list[bool]) -> Pairs | None:
    """The pairs of one corpus, its speakers numbered anew; None where they are too few."""
    inside = np.array(belongs)
    if inside.sum() < _FEWEST_SPEAKERS:
        return None
    number = np.cumsum(inside) - 1
    same, different = inside[pairs.same_speaker], inside[pairs.different_questioned]
    return Pairs(
        same_scores=pairs.same_scores[same],
        same_speaker=number[pairs.same_speaker[same]],
        different_scores=pairs.different_scores[different],
        different_known=number[pairs.different_known[different]],
        different_questioned=number[pairs.different_questioned[different]],
        speakers=int(inside.sum()),
    )


if __name__ == "__main__":
    main()
