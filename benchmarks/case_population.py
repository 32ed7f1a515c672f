"""The population in the case's own conditions (`compare --population`) beside the nearest cell of the model's bank.

    python benchmarks/case_population.py [--speech FOLDER] [--model FOLDER] [--channels 6] [--cases 2]

Channels are drawn as for training, so none is in the bank's grid. People of the population speak 10 s through each (the
questioned side; the known side is clean, of the bank). For each channel, the measured conditions of a few single
recordings stand for a case. One half of the people is tested; the other half, in the nearest cell of the bank, or
simulated from the case's measured conditions alone, calibrates. Printed: Cllr - Cllr_min of the test in bits, beside
the calibration in the true channel, which is the best that can be had, and in clean speech.
"""

import argparse
import dataclasses
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch

from forensic.audio.channel import Channel, Sources, draw_channel
from forensic.comparison.case_population import CasePopulationRequest, simulate_case_population
from forensic.errors import RecordingError
from forensic.examination.people import Person, embed_pieces, pass_channel, read_people
from forensic.likelihood_ratio.calibration import apply, fit
from forensic.likelihood_ratio.conditions import distance, nearest
from forensic.likelihood_ratio.metrics import cllr, cllr_min
from forensic.likelihood_ratio.population import Population, load_population
from forensic.records import QUESTIONED, Conditions, Samples, Vector
from forensic.speaker.backend import Backend
from forensic.speaker.extractor import SpeakerModel, default_model_folder, load_model
from forensic.speaker.features import FRAMES_PER_S
from forensic.workflows.population import sources_beside

_SPEECH_S = 10.0
_PIECES = 2
_FEWEST = 15  # people of a corpus
_SEED = 11


@dataclass(frozen=True, slots=True)
class Spoken:
    """One piece of a person's speech through the true channel."""

    person: str
    embedding: Samples
    conditions: Conditions


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--channels", type=int, default=6)
    parser.add_argument("--cases", type=int, default=2, help="of each channel")
    parser.add_argument("--cache", type=Path, default=Path("work/case-population"))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    manifest = options.speech / "manifest.csv"
    people, _ = read_people(manifest, ("population",))
    sizes = pl.Series([person.corpus for person in people]).value_counts()
    large = set(sizes.filter(pl.col("count") >= _FEWEST)[sizes.columns[0]].to_list())
    people = [person for person in people if person.corpus in large]
    model = load_model(options.model)
    bank = load_population(options.model, model.identity.sha256)
    rng = np.random.default_rng(_SEED)
    header = ("true channel", "simulated", "nearest cell", "clean")
    print(f"{len(people)} people of {', '.join(sorted(large))}")
    print(f"{'channel':72}{'Cllr_min':>9}" + "".join(f"{name:>14}" for name in header) + "   away: simulated, nearest")
    totals: list[tuple[float, ...]] = []
    for number in range(options.channels):
        channel = draw_channel(np.random.default_rng(_SEED + number))
        with ProcessPoolExecutor(
            options.workers, multiprocessing.get_context("spawn"), _start, (manifest, options.model)
        ) as pool:
            spoken = [one for found in pool.map(_speak, [(person, channel) for person in people]) for one in found]
        for index in rng.choice(len(spoken), options.cases, replace=False):
            case = spoken[int(index)].conditions
            simulated = simulate_case_population(
                [case],
                [],
                CasePopulationRequest(manifest, options.model, options.cache, options.workers),
                lambda *_: None,
            )
            costs, away = judge(spoken, case, bank, simulated, model.backend)
            totals.append(tuple(costs.values()))
            text = " + ".join(_short(step) for step in channel.steps) or "clean"
            line = "".join(f"{costs[name]:14.3f}" for name in header)
            print(f"{text[:71]:72}{costs['Cllr_min']:9.3f}{line}   {away[0]:.1f}, {away[1]:.1f}", flush=True)
    means = np.mean(totals, axis=0)
    print(f"{'mean':72}{means[0]:9.3f}" + "".join(f"{value:14.3f}" for value in means[1:]))


def _short(step: object) -> str:
    text = str(step).replace("Codec(name=", "").replace("bit_rate=", "")
    return "".join(c for c in text if c not in "'()").replace("None", "")[:40]


_loaded: list[tuple[Sources, SpeakerModel]] = []  # of this process


def _start(manifest: Path, model_folder: Path) -> None:
    torch.set_num_threads(1)
    _loaded[:] = [(sources_beside(manifest), load_model(model_folder))]


def _speak(task: tuple[Person, Channel]) -> list[Spoken]:
    person, channel = task
    sources, model = _loaded[0]
    try:
        examined = pass_channel(person, QUESTIONED, channel, sources, _SEED)
    except RecordingError:
        return []
    size = int(_SPEECH_S * FRAMES_PER_S)
    pieces = [examined.features[piece * size : (piece + 1) * size] for piece in range(_PIECES)]
    kept = [piece for piece in pieces if len(piece) >= 0.95 * size]
    quality = examined.quality
    conditions = dataclasses.replace(Conditions.of(quality), net_speech_s=_SPEECH_S, clipped_share=None)
    return [Spoken(person.name, embedding, conditions) for embedding in embed_pieces(kept, model)]


def judge(
    spoken: Sequence[Spoken], case: Conditions, bank: Population, simulated: Population, backend: Backend
) -> tuple[Mapping[str, float], tuple[float, float]]:
    """Cllr_min and Cllr - Cllr_min by calibration, mean over which half is tested; and both distances."""
    known = _known(bank)
    truth = [(one.person, one.embedding) for one in spoken if one.person in known]
    cell, away = nearest(case, bank.questioned_cells)
    (clean,) = (
        index
        for index, one in enumerate(bank.questioned_cells)
        if one.name == "clean" and abs(one.net_speech_s - _SPEECH_S) < 1
    )
    sides = {
        "true channel": truth,
        "simulated": _cell(simulated, 0, known),
        "nearest cell": _cell(bank, cell, known),
        "clean": _cell(bank, clean, known),
    }
    names = sorted({person for side in sides.values() for person, _ in side})
    half = dict(zip(names, np.random.default_rng(_SEED).permutation(len(names)) % 2, strict=True))
    found: dict[str, list[float]] = {"Cllr_min": []} | {name: [] for name in sides}
    for tested in (0, 1):
        same, different = _scores([one for one in truth if half[one[0]] == tested], known, half, tested, backend)
        for name, side in sides.items():
            own = [one for one in side if half[one[0]] != tested]
            line = fit(*_scores(own, known, half, 1 - tested, backend), len({person for person, _ in own}))
            ratios = apply(*line, same), apply(*line, different)
            found[name].append(cllr(*ratios) - cllr_min(*ratios))
        found["Cllr_min"].append(cllr_min(same, different))
    reached = distance(case, simulated.questioned_cells[0])
    return {name: float(np.mean(values)) for name, values in found.items()}, (reached, away)


def _known(bank: Population) -> dict[str, Samples]:
    """The longest clean known embedding of each speaker."""
    cell = max(
        (index for index, one in enumerate(bank.known_cells) if one.name == "clean"),
        key=lambda index: bank.known_cells[index].net_speech_s,
    )
    rows = np.flatnonzero(~bank.is_questioned & (bank.cell == cell))
    return {bank.speakers[bank.speaker[row]]: bank.embeddings[row] for row in rows}


def _cell(population: Population, cell: int, known: Mapping[str, Samples]) -> list[tuple[str, Samples]]:
    rows = np.flatnonzero(population.is_questioned & (population.cell == cell))
    found = [(population.speakers[population.speaker[row]], population.embeddings[row]) for row in rows]
    return [(person, embedding) for person, embedding in found if person in known]


def _scores(
    side: Sequence[tuple[str, Samples]],
    known: Mapping[str, Samples],
    half: Mapping[str, int],
    chosen: int,
    backend: Backend,
) -> tuple[Vector, Vector]:
    """Same- and different-speaker scores of one half, within corpora."""
    names = [name for name in known if half.get(name) == chosen]
    scores = backend.score(np.stack([e for _, e in side]), np.stack([known[name] for name in names])).astype(np.float64)
    own = np.array([[person == name for name in names] for person, _ in side])
    corpus = np.array([[person.partition("/")[0] == name.partition("/")[0] for name in names] for person, _ in side])
    return scores[own], scores[corpus & ~own]


if __name__ == "__main__":
    main()
