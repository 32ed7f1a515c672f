"""How much memory a scan takes where it might take much: a file of ten hours, very many short files, 192 kHz in stereo.

    python benchmarks/scan_memory.py [--speech FOLDER] [--hours 10] [--files 100000] [--minutes 30] [--json FILE]

The long file is two people in turn, as in a call; the short ones last a second each; the third has 192 kHz, 24 bits and
a person in each channel. Each is scanned by ``forensic scan --workers 1`` with all that is on by default. Printed: the
memory of the largest of its processes, and processor time. 0 leaves a part out.
"""

import argparse
import csv
import json
import resource
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).parent))

from _processor_time import ONE_THREAD, taken_by

from forensic.audio.sources import read_samples

_RATE_HZ = 16_000
_HIGH_HZ = 192_000
_PEOPLE = 2
_TURN_S = 10
_SOME_REJECTED = 3


def main() -> None:
    """Make each kind of recordings, scan it, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--hours", type=float, default=10.0, help="of the long file")
    parser.add_argument("--files", type=int, default=100_000, help="of one second each")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the file of 192 kHz in stereo")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    people = _people(options.speech)
    makers = {
        f"{options.hours:g} h": (options.hours, lambda at: _long(at, people, round(options.hours * 3600))),
        f"{options.files:,} files of 1 s": (options.files, lambda at: _short(at, people, options.files)),
        f"192 kHz, stereo, {options.minutes:g} min": (
            options.minutes,
            lambda at: _high(at, people, round(options.minutes * 60)),
        ),
    }
    rows = []
    for name, (amount, make) in makers.items():
        if not amount:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "files"
            folder.mkdir()
            make(folder)
            with ProcessPoolExecutor(1, get_context("spawn")) as process:  # which has waited for nobody else
                rows.append({"what": name} | process.submit(scanned, folder, Path(temporary) / "case").result())
        print(json.dumps(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def scanned(folder: Path, case: Path) -> dict[str, float]:
    """Scan a folder into a new case: memory of the largest process, and processor time of all."""
    command = [sys.executable, "-m", "forensic", "scan", str(folder), "--case", str(case), "--workers", "1"]
    taken = taken_by([command], 1, ONE_THREAD, fine=(0, _SOME_REJECTED))
    largest_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"largest_process_mib": largest_mib, "processor_s": taken.processor_s}


def _people(speech: Path) -> list[np.ndarray]:
    """All speech of the people of whom there is most."""
    paths: dict[str, list[Path]] = defaultdict(list)
    seconds: dict[str, float] = defaultdict(float)
    with (speech / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == "population":
                person = f"{row['corpus']}/{row['speaker']}"
                paths[person].append(speech / row["path"])
                seconds[person] += float(row["seconds"])
    most = sorted(seconds, key=lambda person: -seconds[person])[:_PEOPLE]
    return [np.concatenate([read_samples(path) for path in paths[person]]) for person in most]


def _pieces(people: Sequence[np.ndarray], seconds: int) -> Iterator[np.ndarray]:
    """Stretches of so much speech, of one person after the other, each from another place."""
    random = np.random.default_rng(1)
    for person in cycle(people):
        start = random.integers(len(person) - seconds * _RATE_HZ)
        yield random.uniform(0.5, 1.0) * person[start : start + seconds * _RATE_HZ]


def _long(folder: Path, people: Sequence[np.ndarray], seconds: int) -> None:
    with soundfile.SoundFile(folder / "long.wav", "w", _RATE_HZ, 1, "PCM_16") as file:
        for _, turn in zip(range(0, seconds, _TURN_S), _pieces(people, _TURN_S), strict=False):
            file.write(turn)


def _short(folder: Path, people: Sequence[np.ndarray], number: int) -> None:
    for each, samples in zip(range(number), _pieces(people, 1), strict=False):
        soundfile.write(folder / f"{each:06}.wav", samples, _RATE_HZ, "PCM_16")


def _high(folder: Path, people: Sequence[np.ndarray], seconds: int) -> None:
    with soundfile.SoundFile(folder / "high.wav", "w", _HIGH_HZ, _PEOPLE, "PCM_24") as file:
        channels = [_pieces([person], _TURN_S) for person in people]
        for _ in range(0, seconds, _TURN_S):
            both = [resample_poly(next(channel), _HIGH_HZ // _RATE_HZ, 1) for channel in channels]
            file.write(np.stack(both, axis=1))


if __name__ == "__main__":
    main()
