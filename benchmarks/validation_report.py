"""The validation of the shipped model on real people through simulated channels: what `forensic validate` gives.

    python benchmarks/validation_report.py [--speech FOLDER] [--out work/validation]

Every second person of the population with enough speech is recorded as known (clean) and as questioned (through each of
seven channels), with the truth in a manifest; `forensic validate` then runs as a laboratory would run it. It takes the
people of the validation out of the reference population by itself. All of a person's speech is of one sitting, so the
manifest says one session, and sessions are allowed to meet. Criteria: validation_criteria.toml.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from _case import write_as

from forensic.audio.channel import Band, Channel, Noise, Room, Sources, simulate
from forensic.audio.codec import Codec
from forensic.audio.sources import load_sources, read_samples
from forensic.records import SAMPLE_RATE_HZ, Samples

# what happens on the way, and the file it ends in
CHANNELS: tuple[tuple[Channel, Codec | None, str], ...] = (
    (Channel("clean"), None, "wav"),
    (Channel("G.711 landline", (Band(300, 3400), Codec("G.711 A-law"))), None, "wav"),
    (Channel("AMR-NB 12.2"), Codec("AMR-NB", 12_200), "amr"),
    (Channel("AMR-NB 5.9"), Codec("AMR-NB", 5_900), "amr"),
    (Channel("AMR-NB 5.9 + 10 dB noise", (Noise(10.0),)), Codec("AMR-NB", 5_900), "amr"),
    (Channel("room, Opus 16k", (Room(0.4, 3.0),)), Codec("Opus", 16_000), "opus"),
    (Channel("15 dB noise, MP3 32k", (Noise(15.0),)), Codec("MP3", 32_000), "mp3"),
)
KNOWN_S, QUESTIONED_S = 35.0, (6.0, 12.0, 25.0)  # of audio; the latter in turn
LEAST_S = 18.0  # of audio that a person must have


def main() -> None:
    """Make the recordings, run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--criteria", type=Path, default=Path(__file__).with_name("validation_criteria.toml"))
    parser.add_argument("--out", type=Path, default=Path("work/validation"), help="made anew at every run")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    rows = write_recordings(options.speech, options.out / "recordings")
    manifest = options.out / "recordings" / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    arguments = ["--manifest", str(manifest), "--criteria", str(options.criteria), "--out", str(options.out / "report")]
    command = [sys.executable, "-m", "forensic", "validate", *arguments, "--allow-same-session"]
    began = time.perf_counter()
    done = subprocess.run(command, check=False)
    print(f"{len(rows)} recordings validated in {time.perf_counter() - began:.0f} s, exit code {done.returncode}")


def write_recordings(speech: Path, out: Path) -> list[dict[str, str]]:
    """Write a known and seven questioned recordings of each chosen person.

    Returns:
        Rows of a validation's manifest.
    """
    manifest = pl.read_csv(speech / "manifest.csv", infer_schema=False).filter(
        pl.col("split") == "population", pl.col("speaker").fill_null("") != ""
    )
    manifest = manifest.with_columns(pl.col("seconds").cast(pl.Float64))
    long = manifest.group_by("corpus", "speaker").agg(pl.col("seconds").sum()).filter(pl.col("seconds") >= LEAST_S)
    is_english = (pl.col("corpus") != "common-voice") | (pl.col("language") == "en")
    chosen = manifest.filter(is_english).join(long, on=["corpus", "speaker"], how="semi")
    sources = load_sources(speech / "noise", speech / "rooms")
    rows: list[dict[str, str]] = []
    people = chosen.sort("corpus", "speaker", "path").group_by(["corpus", "speaker"], maintain_order=True)
    for number, ((corpus, speaker), clips) in enumerate(people):
        if number % 2:
            continue
        names = _write_person([read_samples(speech / path) for path in clips["path"]], out, f"P{number:03d}", sources)
        labels = {"corpus": str(corpus), "speaker": str(speaker), "session": "1", "language": clips["language"][0]}
        rows += [labels | name for name in names]
    return rows


def _write_person(clips: list[Samples], out: Path, person: str, sources: Sources) -> list[dict[str, str]]:
    """Half of the clips as known, the other through every channel."""
    (out / person).mkdir(parents=True)
    half = max(1, len(clips) // 2)
    known = np.concatenate(clips[:half])[: int(KNOWN_S * SAMPLE_RATE_HZ)]
    write_as(out / person / "known.wav", known, None)
    rows = [{"path": f"{person}/known.wav", "role": "known", "condition": "clean"}]
    rest = np.concatenate(clips[half:])
    rng = np.random.default_rng(int(person[1:]))
    for number, (channel, codec, suffix) in enumerate(CHANNELS):
        length = int(QUESTIONED_S[(number + int(person[1:]) // 2) % len(QUESTIONED_S)] * SAMPLE_RATE_HZ)
        start = int(rng.integers(max(1, len(rest) - length)))
        file = f"{person}/questioned-{number}.{suffix}"
        samples = simulate(rest[start : start + length], channel, sources, 1000 * int(person[1:]) + number)
        write_as(out / file, samples, codec)
        rows.append({"path": file, "role": "questioned", "condition": channel.name})
    return rows


if __name__ == "__main__":
    main()
