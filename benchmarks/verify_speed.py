"""How long `forensic verify` takes from a cold start, on one core, for two recordings that hold a minute together.

    python benchmarks/verify_speed.py [--speech FOLDER] [--seconds 60] [--runs 5] [--settings FILE]

A run is a whole process, start-up included, bound to one core, without a report. Printed are its wall time, its
processor time (which other work on the machine touches less), and the time that importing the packages it needs takes
alone.
"""

import argparse
import csv
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _wav import write_wav

from forensic.audio.sources import read_samples

_RATE_HZ = 16_000
_IMPORTS = "import torch, polars, av"


def main() -> None:
    """Time it and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--seconds", type=float, default=60.0, help="of audio in both recordings together")
    parser.add_argument("--runs", type=int, default=5, help="counted runs, after one to warm up")
    parser.add_argument("--settings", type=Path, help="TOML file of settings; defaults without it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pair = write_pair(options.speech, Path(folder), options.seconds)
        verify = [sys.executable, "-m", "forensic", "verify", *map(str, pair), "--json"]
        for name, command in (
            ("python itself", [sys.executable, "-c", "pass"]),
            ("importing packages", [sys.executable, "-c", _IMPORTS]),
            ("forensic verify", verify + (["--settings", str(options.settings)] if options.settings else [])),
        ):
            times = [_timed(command, Path(folder) / "compiled") for _ in range(options.runs + 1)][1:]
            wall, processor = (statistics.median(part) for part in zip(*times, strict=True))
            least = min(wall_s for wall_s, _ in times)
            print(
                f"{name:20}{wall:7.2f} s median, {least:.2f} s least, {processor:.2f} s of processor time", flush=True
            )
    print(f"load of the machine over the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def write_pair(speech: Path, folder: Path, seconds: float) -> tuple[Path, Path]:
    """Two halves of what one person of the population said, as WAV files."""
    with (speech / "manifest.csv").open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if row["split"] == "population" and row["corpus"] == "speechocean762"
        ]
    own: dict[str, list[np.ndarray]] = {}
    for row in rows:
        parts = own.setdefault(row["speaker"], [])
        parts.append(read_samples(speech / row["path"]))
        if sum(map(len, parts)) >= seconds * _RATE_HZ:
            break
    samples = np.concatenate(max(own.values(), key=lambda parts: sum(map(len, parts))))[: round(seconds * _RATE_HZ)]
    half = len(samples) // 2
    write_wav(folder / "questioned.wav", samples[:half])
    write_wav(folder / "known.wav", samples[half:])
    print(f"{len(samples) / _RATE_HZ:.0f} s of audio in two recordings")
    return folder / "questioned.wav", folder / "known.wav"


def _timed(command: list[str], compiled: Path) -> tuple[float, float]:
    """Wall and processor seconds, with modules compiled once, as an installed program has them."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(compiled)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, preexec_fn=_on_one_core)
    wall_s = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _on_one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()
