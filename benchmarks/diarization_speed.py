"""What telling speakers apart costs a scan, and how it bears a long recording.

    python benchmarks/diarization_speed.py [--speech FOLDER] [--recordings 60] [--hours 1] [--runs 2]

First, short recordings of one speaker each are scanned with ``--speakers 1`` and ``--speakers auto`` in turn, into new
cases; printed beside the scans is what looking for speakers adds to the processor time.
Then one recording of two people who talk with each other for so many hours, through a telephone, is scanned with
``auto``. Every scan is a process of its own with one worker, start-up included; languages are not told. Printed are
seconds, times real time by processor time, the most memory that the process held, and the speakers found. For the long
one, the error of its turns is printed as well: conversations of the same two people, minutes long, follow each other,
so that each says the same words again and again; the error says that nothing goes astray over the hours, not how hard
speakers are.
"""

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import time
import wave
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import torch

sys.path.insert(0, str(Path(__file__).parent))

from _conversations import Voice, converse
from _diarization_error import diarization_error
from _wav import write_wav
from diarization import TELEPHONE, groups_of_voices

from forensic.audio.channel import Sources
from forensic.audio.sources import load_sources
from forensic.case.labels import read_labels
from forensic.case.store import EvidenceStore
from forensic.records import SAMPLE_RATE_HZ, Turn

_CORPUS = "speechocean762"  # has the most speech a person
_ROUND_S = 100.0  # of a conversation before another of the same two begins
_DONE = (0, 3)  # 3: some recordings hold no speech


@dataclass(frozen=True, slots=True)
class Scanned:
    """One scan: wall and processor seconds, the most memory in MiB, and the speakers found in each channel."""

    wall_s: float
    processor_s: float
    memory_mib: float
    speakers: list[int]


def main() -> None:
    """Make, scan, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--split", default="population", help="of the manifest")
    parser.add_argument("--work", type=Path, default=Path("work/diarization"), help="folder of what is made")
    parser.add_argument("--recordings", type=int, default=60, help="of single speakers; 0 for none")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each of them, about")
    parser.add_argument("--hours", type=float, default=1.0, help="of the conversation; 0 for none")
    parser.add_argument("--runs", type=int, default=2, help="scans of the single speakers in each way")
    parser.add_argument("--seed", type=int, default=2026, help="of everything random")
    options = parser.parse_args()
    torch.set_num_threads(1)
    manifest = options.speech / "manifest.csv"
    (voices,) = groups_of_voices(manifest, options.split, options.work / "voices", [_CORPUS])[_CORPUS]
    voices = sorted(voices, key=lambda voice: -voice.duration_s)
    sources = load_sources(manifest.parent / "noise", None)
    with TemporaryDirectory(dir=options.work) as folder:
        if options.recordings:
            time_single_speakers(voices, sources, options, Path(folder))
        if options.hours:
            time_long_conversation(voices[:2], sources, options, Path(folder))


def time_single_speakers(voices: list[Voice], sources: Sources, options: argparse.Namespace, folder: Path) -> None:
    """Scan them with and without looking for speakers."""
    files, total_s = folder / "single", 0.0
    files.mkdir()
    for number, voice in enumerate(voices[: options.recordings]):
        channel = TELEPHONE[number % len(TELEPHONE)]
        spoken = converse([voice], options.seconds, options.seed + number).through(channel, sources, options.seed)
        write_wav(files / f"{number}.wav", spoken)
        total_s += len(spoken) / SAMPLE_RATE_HZ
    print(f"{total_s / 60:.1f} minutes, {len(list(files.iterdir()))} recordings of one speaker each")
    print_head()
    processor_s = dict.fromkeys(("1", "auto"), 0.0)
    for _ in range(options.runs):
        for speakers in processor_s:
            scanned = scan(files, speakers, folder / "case-of-single")
            processor_s[speakers] += scanned.processor_s
            print_row(f"--speakers {speakers}", total_s, scanned)
    more = processor_s["auto"] / processor_s["1"] - 1.0
    print(f"--speakers auto takes {100 * more:.0f} % more processor time than --speakers 1")


def time_long_conversation(pair: list[Voice], sources: Sources, options: argparse.Namespace, folder: Path) -> None:
    """Scan a conversation of hours."""
    path = folder / "long.wav"
    truth, seconds = write_conversation(pair, 3600 * options.hours, sources, options.seed, path)
    print(f"\n{seconds / 3600:.2f} hours, one recording of two speakers")
    print_head()
    case = folder / "case-of-long"
    print_row("--speakers auto", seconds, scan(path, "auto", case))
    labels = case / "turns" / "rttm"
    if labels.exists():
        (found,) = read_labels(labels, [path]).by_recording.values()
        turns = [turn for own in found.turns.values() for turn in own]
        error = diarization_error(truth, turns)
        confused = error.confused_s / error.speech_s
        print(f"diarization error rate {100 * error.rate:.1f} %, confused {100 * confused:.1f} %")


def write_conversation(
    pair: list[Voice], duration_s: float, sources: Sources, seed: int, path: Path
) -> tuple[list[Turn], float]:
    """Conversations of two people one after the other, in one file; who speaks when, and how long it is."""
    turns: list[Turn] = []
    samples, number = 0, 0
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        while samples < duration_s * SAMPLE_RATE_HZ:
            own = converse(pair, _ROUND_S, seed + number)
            spoken = np.clip(own.through(TELEPHONE[0], sources, seed), -1, 1)
            at_s = samples / SAMPLE_RATE_HZ
            turns += [dataclasses.replace(t, start_s=t.start_s + at_s, end_s=t.end_s + at_s) for t in own.turns]
            file.writeframes((spoken * 32767).astype("<i2").tobytes())
            samples += len(spoken)
            number += 1
    return turns, samples / SAMPLE_RATE_HZ


def scan(path: Path, speakers: str, case: Path) -> Scanned:
    """One scan into a new case, in a process of its own."""
    shutil.rmtree(case, ignore_errors=True)
    settings = case.with_suffix(".toml")
    settings.write_text("[language]\nidentify = false\n", encoding="utf-8")
    command = [sys.executable, "-m", "forensic", "scan", str(path), "--case", str(case), "--settings", str(settings)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--speakers", speakers, "--workers", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in _DONE:
        raise subprocess.CalledProcessError(status, command)
    quality = EvidenceStore(case / "evidence").read("quality")
    return Scanned(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, sorted(found_by_channel(quality)))


def found_by_channel(quality: pl.DataFrame) -> list[int]:
    """The number of speakers in each channel."""
    return quality.group_by("sha256", "channel").agg(pl.col("speakers").first())["speakers"].to_list()


def print_head() -> None:
    """Of the table."""
    print(f"{'':18}{'wall s':>9}{'processor s':>13}{'times real time':>17}{'MiB':>7}   speakers found")


def print_row(name: str, seconds: float, scanned: Scanned) -> None:
    """One scan; times real time by the processor time, which other work on the machine touches less."""
    found = ", ".join(f"{n} in {count}" for n, count in sorted(Counter(scanned.speakers).items()))
    print(
        f"{name:18}{scanned.wall_s:9.1f}{scanned.processor_s:13.1f}{seconds / scanned.processor_s:17.0f}"
        f"{scanned.memory_mib:7.0f}   {found}",
        flush=True,
    )


if __name__ == "__main__":
    main()
