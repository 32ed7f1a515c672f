"""How long 10,000 comparisons take to calibrate, bound and give intervals, in mixed conditions.

    python benchmarks/calibration_speed.py [--questioned 100] [--known 100] [--workers 2] [--profile]

Sides are voices of no one (random unit vectors) in the measured conditions of cells of the shipped reference
population, and go through ``forensic.comparison.weigh`` as the sides of a case do. Two mixtures: ``case``, in which
questioned recordings come in 24 conditions (12 channels, 5 and 20 s) and suspects in 5 (clean, room and telephone); and
``grid``, in which conditions are spread over every channel and duration of the population, on both sides. A calibration
serves all comparisons between two cells, so what takes time is how many pairs of cells there are.

Printed, by mixture: comparisons with an LR, different calibrations, seconds by the clock and of all processors (which
say more where the machine is busy with something else), comparisons and calibrations a second.
--profile prints what the slowest functions are, in one process.
"""

import argparse
import cProfile
import pstats
import resource
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from forensic.comparison.sides import Side
from forensic.comparison.weigh import weigh
from forensic.engine import default_workers, warm_up
from forensic.likelihood_ratio.population import Population, load_population
from forensic.likelihood_ratio.scale import load_scale
from forensic.records import Conditions
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import SpeakerModel, default_model_folder, load_model

CASE_CHANNELS = (
    "clean", "room", "15 dB noise", "G.711", "G.711 + 15 dB noise", "AMR-NB 12.2", "AMR-NB 5.9",
    "AMR-NB 5.9 + 15 dB noise", "Opus 8k", "MP3 16k", "small room", "AMR-NB 12.2 + room",
)  # fmt: skip
CASE_SECONDS = (5.0, 20.0)
CASE_KNOWN = ("clean", "room", "G.711", "AMR-NB 12.2", "Opus 8k")
_LONG_ENOUGH_S = 2.0


def mixed(cells: Sequence[Conditions], number: int, size: int, seed: int) -> list[Side]:
    """Sides in conditions that go round the cells."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(number, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = rng.permutation(len(cells))
    return [
        Side(f"{seed} {index}", (f"{seed} {index}",), 0, vector, cells[order[index % len(cells)]], "")
        for index, vector in enumerate(vectors)
    ]


def case_cells(population: Population) -> tuple[list[Conditions], list[Conditions]]:
    """Conditions of the mixture ``case``: questioned and known."""
    questioned = [
        min(of_channel, key=lambda cell: abs(cell.net_speech_s - seconds))
        for name in CASE_CHANNELS
        if (of_channel := [cell for cell in population.questioned_cells if cell.name == name])
        for seconds in CASE_SECONDS
    ]
    known = [
        max((cell for cell in population.known_cells if cell.name == name), key=lambda cell: cell.net_speech_s)
        for name in CASE_KNOWN
    ]
    return questioned, known


def main() -> None:
    """Calibrate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--questioned", type=int, default=100, help="questioned sides")
    parser.add_argument("--known", type=int, default=100, help="suspects")
    parser.add_argument("--workers", type=int, default=default_workers(), help="processes")
    parser.add_argument("--mixture", nargs="+", choices=("case", "grid"), default=["case"], help="of conditions")
    parser.add_argument("--profile", action="store_true", help="say where one process spends its time")
    options = parser.parse_args()
    warm_up(["forensic.comparison.calibrations"])
    model = load_model(options.model)
    population = load_population(options.model, model.identity.sha256)
    mixtures: Mapping[str, tuple[Sequence[Conditions], Sequence[Conditions]]] = {
        "case": case_cells(population),
        "grid": (
            [cell for cell in population.questioned_cells if cell.net_speech_s >= _LONG_ENOUGH_S],
            population.known_cells,
        ),
    }
    for name in options.mixture:
        questioned, known = (
            mixed(cells, number, model.identity.embedding_size, seed)
            for seed, (cells, number) in enumerate(
                zip(mixtures[name], (options.questioned, options.known), strict=True)
            )
        )
        if options.profile:
            profiler = cProfile.Profile()
            profiler.runcall(run, name, questioned, known, population, model, 1)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(15)
        else:
            run(name, questioned, known, population, model, options.workers)


def processor_seconds() -> float:
    """Of this process, and of the worker processes that have ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def run(
    name: str,
    questioned: Sequence[Side],
    known: Sequence[Side],
    population: Population,
    model: SpeakerModel,
    workers: int,
) -> None:
    """Weigh every questioned side against every suspect, and print how long it took."""
    started, busy = time.perf_counter(), processor_seconds()
    weighed = weigh(
        questioned, known, population, model.backend, ComparisonSettings(), load_scale(), None, workers=workers
    )
    seconds, busy = time.perf_counter() - started, processor_seconds() - busy
    table, calibrations = weighed.comparisons, weighed.calibrations
    print(
        f"{name}: {len(table):,} comparisons, {table['log10_lr'].count():,} with an LR, "
        f"{len(calibrations):,} calibrations: {seconds:.1f} s, {busy:.1f} s of processors, {workers} workers, "
        f"{len(table) / seconds:,.0f} comparisons/s, {len(calibrations) / seconds:.1f} calibrations/s",
        flush=True,
    )


if __name__ == "__main__":
    main()
