"""A case of real speech through simulated channels, from folders to report, with the truth known.

    python benchmarks/real_case.py [--speech FOLDER] [--out work/real-case]

Twenty suspects (clean) and sixty questioned recordings of them and of twenty others go through telephone codecs, noise
and rooms and are written as AMR, MP3, Opus and WAV. `forensic scan` and `forensic compare` run as a user would run
them. The people of the case are taken out of the reference population first. Printed: what became of every recording,
EER, Cllr and Cllr_min of the table that was written (different-speaker pairs within one corpus), the speed of the scan
and the peak memory.
"""

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from _case import without, write_as
from _people import rows_of_people

from forensic.audio.channel import Band, Channel, Noise, Room, simulate
from forensic.audio.codec import Codec
from forensic.audio.sources import load_sources, read_samples
from forensic.examination.people import with_languages_apart
from forensic.likelihood_ratio.metrics import cllr, cllr_min, eer
from forensic.speaker.extractor import default_model_folder

SUSPECTS = {"speechocean762": 10, "alphanumeric": 5, "common-voice (en)": 5}
OTHERS = {"speechocean762": 10, "alphanumeric": 5, "common-voice (en)": 5}

# what happens on the way, and the file it ends in; chosen in turn
CHANNELS: tuple[tuple[Channel, Codec | None], ...] = (
    (Channel("telephone"), Codec("AMR-NB", 12_200)),
    (Channel("telephone, low rate"), Codec("AMR-NB", 5_900)),
    (Channel("telephone in noise", (Noise(12.0),)), Codec("AMR-NB", 7_950)),
    (Channel("stored call", (Codec("AMR-NB", 12_200),)), Codec("MP3", 24_000)),
    (Channel("room", (Room(0.4, 3.0),)), Codec("Opus", 16_000)),
    (Channel("line", (Band(300, 3400), Codec("G.711 A-law"))), None),
    (Channel("noise", (Noise(15.0),)), Codec("MP3", 32_000)),
    (Channel("messenger"), Codec("Opus narrowband", 8_000)),
)
_SUFFIX = {"AMR-NB": "amr", "MP3": "mp3", "Opus": "opus", "Opus narrowband": "opus", None: "wav"}
_FEWEST_CLIPS = {"speechocean762": 8, "alphanumeric": 3, "common-voice (en)": 6}
_QUESTIONED_S = (12.0, 20.0, 35.0)  # of audio, in turn


def main() -> None:
    """Make the case, run the two commands, compare with the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--out", type=Path, default=Path("work/real-case"), help="made anew at every run")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    truth = write_case(options.speech, options.out)
    model = without(options.model, options.out / "model", {row["person"] for row in truth.values()})
    command = [sys.executable, "-m", "forensic"]
    common = ["--case", str(options.out / "case"), "--model", str(model)]
    began = time.perf_counter()
    output = subprocess.run(
        [*command, "scan", str(options.out / "questioned"), *common], capture_output=True, text=True, check=False
    )
    print(output.stdout)
    scanned = time.perf_counter()
    compared = subprocess.run(
        [*command, "compare", "--ref", str(options.out / "suspects"), *common],
        capture_output=True,
        text=True,
        check=False,
    )
    print(compared.stdout[-600:], compared.stderr)
    print(f"scan {scanned - began:.1f} s, compare {time.perf_counter() - scanned:.1f} s, start-up included")
    speed = re.search(r"Speed\s+(\d+) times", output.stdout)
    print(f"scan: {speed[1] if speed else '?'} times real time")
    print(f"peak memory of the largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    (folder,) = (options.out / "case" / "comparisons").iterdir()
    judge(pl.read_parquet(folder / "comparisons.parquet"), truth)
    print(f"report: {folder / 'report.pdf'}")


def write_case(speech: Path, out: Path) -> dict[str, dict[str, str]]:
    """Write the folders.

    Returns:
        By name of a questioned file or suspect: person and channel.
    """
    rows = with_languages_apart(rows_of_people(speech / "manifest.csv")).to_dicts()
    people: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        people.setdefault(row["corpus"], {}).setdefault(row["speaker"], []).append(row["path"])
    sources = load_sources(speech / "noise", speech / "rooms")
    rng = np.random.default_rng(2026)
    truth: dict[str, dict[str, str]] = {}
    number = 0
    for corpus, count in SUSPECTS.items():
        long = sorted(name for name, paths in people[corpus].items() if len(paths) >= _FEWEST_CLIPS[corpus])
        chosen = [str(name) for name in rng.permutation(long)[: count + OTHERS[corpus]]]
        for index, name in enumerate(chosen):
            clips = [read_samples(speech / path) for path in sorted(people[corpus][name])]
            half = max(1, len(clips) // 2)
            is_suspect = index < count
            if is_suspect:
                suspect = f"{corpus}-{name}"
                (out / "suspects" / suspect).mkdir(parents=True)
                write_as(out / "suspects" / suspect / "known.wav", np.concatenate(clips[:half])[: 35 * 16_000], None)
                truth[suspect] = {"person": f"{corpus}/{name}", "channel": "clean"}
            for _ in range(2 if is_suspect else 1):
                channel, codec = CHANNELS[number % len(CHANNELS)]
                length = int(_QUESTIONED_S[number % len(_QUESTIONED_S)] * 16_000)
                samples = np.concatenate(clips[half:])
                start = int(rng.integers(max(1, len(samples) - length)))
                file = f"Q{number:02d}.{_SUFFIX[codec.name if codec else None]}"
                write_as(
                    out / "questioned" / file,
                    simulate(samples[start : start + length], channel, sources, number),
                    codec,
                )
                truth[file] = {"person": f"{corpus}/{name}", "channel": f"{channel.name} {codec}"}
                number += 1
    return truth


def judge(table: pl.DataFrame, truth: dict[str, dict[str, str]]) -> None:
    """Print how good the LRs of a table are."""
    same: list[float] = []
    different: list[float] = []
    for row in table.filter(pl.col("status") == "lr").to_dicts():
        questioned = truth[Path(row["questioned_path"]).name]["person"]
        suspect = truth[row["suspect"]]["person"]
        if questioned == suspect:
            same.append(row["log10_lr"])
        elif questioned.partition("/")[0] == suspect.partition("/")[0]:
            different.append(row["log10_lr"])
    refused = table.filter(pl.col("status") != "lr")
    print(f"{table.height} comparisons, {refused.height} with no LR issued")
    for reason, count in refused.group_by("reason").len().sort("len", descending=True).head(8).iter_rows():
        print(f"   {count} x {reason}")
    values = np.array(same), np.array(different)
    print(
        json.dumps(
            {
                "same_speaker": len(same),
                "different_speaker_within_corpus": len(different),
                "eer_percent": round(100 * eer(*values), 2),
                "cllr": round(cllr(*values), 3),
                "cllr_min": round(cllr_min(*values), 3),
                "same_speaker_below_lr_1": round(float(np.mean(values[0] < 0)), 3),
                "different_speaker_above_lr_1": round(float(np.mean(values[1] > 0)), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
