"""How far the measured conditions of a recording lie from the truth, on simulated channels whose truth is known.

    python benchmarks/condition_estimates.py [--speech FOLDER] [--people 150] [--workers 2]
    python benchmarks/condition_estimates.py --fit FOLDER [--rounds 1]

People of the split `population` speak through drawn channels (rooms, noises, microphones, lines, codecs; see
`forensic.audio.channel.draw_channel`), three each. Printed for each condition: bias (mean error), median absolute
error, correlation, and how many were measured. The network for room and codec was fitted on people of `train`; `--fit`
fits it anew and writes it to a folder.

What counts as truth: the SNR that was set, over the noise that was added (what the recording brought itself counts as
none, and speech levels are defined by activity, not by the speech detector); C50 of the impulse response, at most 30
dB; the edges of the band-pass and half the codec's rate; the share of the active samples that the level step clipped;
net speech that is found in the same speech before the channel.
"""

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from forensic.audio.channel import Band, Channel, Level, Sources, simulate
from forensic.audio.codec import Codec, encoder_of
from forensic.audio.quality import QualityMeter
from forensic.audio.sources import load_sources
from forensic.audio.speech import find_speech, speech_probability
from forensic.audio.traces import NO_ROOM_C50_DB, save_trace_network
from forensic.examination.manifest import read_manifest, summarise
from forensic.records import Block, Quality
from forensic.settings import SpeechSettings
from forensic.training.configuration import DataSettings
from forensic.training.data import source_folders
from forensic.training.traces import (
    DrawnSpeech,
    draw_material,
    draw_speech,
    fit_traces,
    noise_of,
    people_of,
)

_LOWEST_LINE_HZ = 180.0  # below it voices end anyway
_SEED = 2026
_EPOCHS = 60


@dataclass(frozen=True, slots=True)
class Measured:
    """One drawn recording: what is true of it, and what was measured."""

    channel: Channel
    c50_db: float
    clipped_share: float
    clean_speech_s: float
    quality: Quality


def main() -> None:
    """Fit, or measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--people", type=int, default=150, help="of the split population")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fit", type=Path, help="fit on the split train, and write the network to this folder")
    parser.add_argument("--rounds", type=int, default=1, help="how often each person of train is drawn, for --fit")
    options = parser.parse_args()
    manifest = str(options.speech / "manifest.csv")
    if options.fit:
        fit(DataSettings(manifest=manifest, splits=("train",)), options.fit, options.rounds, options.workers)
    else:
        report(measure(DataSettings(manifest=manifest, splits=("population",)), options.people, options.workers))


def fit(data: DataSettings, folder: Path, rounds: int, workers: int) -> None:
    """Fit the network for room and codec and write it."""
    material = draw_material(data, rounds, 1, workers, lambda done, total: print(f"\r{done} of {total}", end=""))
    network = fit_traces(material, _EPOCHS, 1)
    corpora = summarise(read_manifest(Path(data.manifest), data.splits))
    people = len(set(material.speaker.tolist()))
    facts = {
        "name": folder.name,
        "task": "estimates of room clarity (C50) and kind of codec",
        "licence": "Apache-2.0",
        "data": f"{len(material.c50_db)} drawn recordings of {people} people of "
        + ", ".join(str(row["corpus"]) for row in corpora)
        + ", each through channels of the simulator",
        "limits": "Blind estimates; their errors on other people are printed by benchmarks/condition_estimates.py.",
    }
    save_trace_network(folder, network, facts)
    print(f"\n{folder}: {facts['data']}")


def measure(data: DataSettings, count: int, workers: int) -> list[Measured]:
    """Draw and measure people of the manifest, two recordings or more each."""
    people = [person for person in people_of(data) if len(person[1]) > 1]
    chosen = [people[index] for index in np.random.default_rng(_SEED).permutation(len(people))[:count]]
    tasks = [(data, chosen[first::20], _SEED + first) for first in range(20)]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        return [one for found in pool.map(_measure, tasks) for one in found]


_sources: dict[str, Sources] = {}  # of this process


def _measure(task: tuple[DataSettings, Sequence[tuple[str, Sequence[Path]]], int]) -> list[Measured]:
    data, people, seed = task
    torch.set_num_threads(1)
    if data.manifest not in _sources:
        _sources[data.manifest] = load_sources(*source_folders(data))
    sources = _sources[data.manifest]
    found = []
    for person in people:
        drawn = list(draw_speech([person], sources, seed))
        if drawn:
            clean = _quality(drawn[0].clean, speech_probability([drawn[0].clean])[0]).net_speech_s
            for one, probability in zip(drawn, speech_probability([d.samples for d in drawn]), strict=True):
                quality = _quality(one.samples, probability)
                if quality.net_speech_s > 1.0:
                    found.append(Measured(one.channel, one.c50_db, _clipped(one, sources), clean, quality))
    return found


def _quality(samples: np.ndarray, probability: np.ndarray) -> Quality:
    meter = QualityMeter()
    segments = find_speech(probability, len(samples), SpeechSettings())
    meter.update(Block(0, 0.0, samples, is_last=True), segments)
    return meter.result()


def _clipped(one: DrawnSpeech, sources: Sources) -> float:
    """Share of samples at full scale where the level was set, of those within 40 dB of it."""
    places = [index for index, step in enumerate(one.channel.steps) if isinstance(step, Level)]
    if not places:
        return 0.0
    loud = simulate(one.clean, Channel("", one.channel.steps[: places[0] + 1]), sources, one.seed)
    return float(np.mean(np.abs(loud)[np.abs(loud) > 0.01] >= 1.0)) if np.abs(loud).max() >= 1.0 else 0.0


def report(measured: Sequence[Measured]) -> None:
    """Print the errors."""
    print(f"{len(measured)} recordings\n")
    print(f"{'condition':36}{'n':>6}{'measured':>10}{'bias':>9}{'median |e|':>12}{'correlation':>13}")
    for kind in ("", "recorded", "babble", "white", "pink"):
        noisy = [(n, m) for m in measured if (n := noise_of(m.channel)) and kind in {"", n.kind}]
        row(f"SNR, {kind or 'all noises'}, dB", [n.snr_db for n, _ in noisy], [m.quality.snr_db for _, m in noisy])
    row("C50, dB", [m.c50_db for m in measured], [m.quality.c50_db for m in measured])
    wet = [m for m in measured if m.c50_db < NO_ROOM_C50_DB]
    row("C50, in rooms, dB", [m.c50_db for m in wet], [m.quality.c50_db for m in wet])
    lines = [(b, m) for m in measured if (b := _line(m.channel)) and b.low_hz >= _LOWEST_LINE_HZ]
    row("lower edge of lines, Hz", [b.low_hz for b, _ in lines], [m.quality.low_edge_hz for _, m in lines])
    row("upper edge, Hz", [upper_edge_hz(m.channel) for m in measured], [m.quality.bandwidth_hz for m in measured])
    row("net speech, s", [m.clean_speech_s for m in measured], [m.quality.net_speech_s for m in measured])
    clips = [(m.clipped_share > 1e-3, m.quality.clipped_share > 1e-3) for m in measured]
    hits, alarms = sum(t and f for t, f in clips), sum(f and not t for t, f in clips)
    found = f"found in {hits} of {sum(t for t, _ in clips)}"
    print(f"\nclipping of over 0.1 %, most of it before a codec: {found}; ", end="")
    print(f"without it: in {alarms} of {sum(not t for t, _ in clips)}")
    _print_rooms(measured)


def row(name: str, truth: Sequence[float], found: Sequence[float | None]) -> None:
    """Print a line of the table."""
    pairs = np.array([(t, f) for t, f in zip(truth, found, strict=True) if f is not None]).reshape(-1, 2)
    if len(pairs) < 3:
        print(f"{name:36}{len(truth):6}{len(pairs):10}")
        return
    error = pairs[:, 1] - pairs[:, 0]
    r = np.corrcoef(pairs.T)[0, 1]
    print(
        f"{name:36}{len(truth):6}{len(pairs):10}{error.mean():9.1f}{np.median(np.abs(error)):12.1f}{r:13.2f}",
        flush=True,
    )


def _line(channel: Channel) -> Band | None:
    return next((step for step in channel.steps if isinstance(step, Band)), None)


def upper_edge_hz(channel: Channel) -> float:
    """The lowest of the band-pass and half the rate of each codec; 8,000 Hz without any."""
    edges = [step.high_hz for step in channel.steps if isinstance(step, Band)]
    edges += [encoder_of(step).sample_rate_hz / 2 for step in channel.steps if isinstance(step, Codec)]
    return min([8000.0, *edges])


def _print_rooms(measured: Sequence[Measured]) -> None:
    print("\nclarity in classes (rows: truth, columns: estimate)")
    names, edges = ("under 5 dB", "5 to 12 dB", "12 to 20 dB", "over 20 dB"), (5.0, 12.0, 20.0)
    pairs = [(m.c50_db, m.quality.c50_db) for m in measured if m.quality.c50_db is not None]
    table = np.zeros((4, 4), int)
    for truth, found in pairs:
        table[np.searchsorted(edges, truth), np.searchsorted(edges, found)] += 1
    print(f"{'':14}" + "".join(f"{name:>14}" for name in names))
    for name, counts in zip(names, table, strict=True):
        print(f"{name:14}" + "".join(f"{count:14}" for count in counts))


if __name__ == "__main__":
    main()
