"""A case in which no LR is issued for every reason there is, beside comparisons that get one.

    python benchmarks/refusals.py [--speech FOLDER] [--out work/refusals]

Suspects, and a questioned recording for each reason: real speech of `population`, cut, drowned, clipped, filtered or
copied. `forensic scan`, `compare` and `calibrate` run as a user would run them; the people of the case are taken out
of the reference population first. Printed: what became of each recording, and whether its reason is the one it was made
for; the exit code is 1 where one is not.
"""

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from _case import forensic, without, write_as
from _wav import write_wav

from forensic.audio.channel import Band, Channel, Level, Noise, Room, Sources, Step, simulate
from forensic.audio.codec import Codec
from forensic.audio.sources import load_sources, read_samples
from forensic.comparison.refusal import RefusalKind
from forensic.records import SAMPLE_RATE_HZ, Samples
from forensic.speaker.extractor import default_model_folder

_CORPUS = "speechocean762"
_PEOPLE = 16  # the suspects, other voices, and a population that is too small
_QUESTIONED_S = 14.0

_AMR = Codec("AMR-NB", 12_200)

Reason = tuple[RefusalKind | None, str | None]
"""The kind of a refusal, and the quantity that is outside a limit; None where an LR is to come."""

_LR: Reason = (None, None)

# a questioned recording of the first suspect: what happens to it, its length, and why it is refused
MADE: dict[str, tuple[tuple[Step, ...], float, Reason]] = {
    "usable": ((_AMR,), _QUESTIONED_S, _LR),
    "short": ((_AMR,), 1.6, (RefusalKind.OUTSIDE_ENVELOPE, "net_speech_s")),
    "noisy": ((Noise(-4.0, "pink"),), 30.0, (RefusalKind.OUTSIDE_SETTINGS, "snr_db")),
    "narrow": ((Band(300.0, 1_500.0),), _QUESTIONED_S, (RefusalKind.OUTSIDE_ENVELOPE, "bandwidth_hz")),
    "clipped": ((Level(6.0),), _QUESTIONED_S, (RefusalKind.OUTSIDE_ENVELOPE, "clipped_share")),
    "reverberant": (
        (Room(1.3, -3.5),),
        80.0,
        (RefusalKind.OUTSIDE_ENVELOPE, "net_speech_s"),  # in such a room the detector gives out first
    ),
    "odd": ((Band(500.0, 7_900.0),), _QUESTIONED_S, (RefusalKind.UNLIKE_POPULATION, None)),
}


def main() -> None:
    """Make the case, run the commands, and see that each recording is refused for its reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--out", type=Path, default=Path("work/refusals"), help="made anew at every run")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    voices = read_voices(options.speech)
    sources = load_sources(options.speech / "noise", options.speech / "rooms")
    expected = write_case(options.out, list(voices.values()), sources)
    model = without(options.model, options.out / "model", {f"{_CORPUS}/{name}" for name in voices})
    case = ["--case", str(options.out / "case"), "--model", str(model)]
    stricter = options.out / "settings.toml"  # speech that the detector still finds is inside the envelope
    stricter.write_text("[comparison]\nmin_snr_db = 2.0\n")
    case += ["--settings", str(stricter)]
    forensic("scan", str(options.out / "questioned"), *case)
    forensic("compare", "--ref", str(options.out / "suspects"), *case)
    table = latest(options.out / "case")
    wrong = sum(not judged(table, name, suspect, reason) for (name, suspect), reason in expected.items())

    manifest = write_small_population(options.out / "few", list(voices.items())[4:])
    forensic(
        "calibrate", "--manifest", str(manifest), "--out", str(options.out / "calibration"), "--model", str(model),
        "--allow-same-session",
    )  # fmt: skip
    forensic(
        "compare", "--ref", str(options.out / "suspects"), *case, "--calibration", str(options.out / "calibration"),
        "--envelope", str(model),
    )  # fmt: skip
    wrong += not judged(latest(options.out / "case"), "usable", "first", (RefusalKind.NO_CALIBRATION, None))
    print(f"{len(expected) + 1} recordings and reasons, {wrong} with another outcome")
    sys.exit(wrong > 0)


def read_voices(speech: Path) -> dict[str, Samples]:
    """People with the most speech, each with all of it."""
    manifest = pl.read_csv(speech / "manifest.csv", infer_schema=False).filter(
        (pl.col("split") == "population") & (pl.col("corpus") == _CORPUS)
    )
    most = manifest.with_columns(pl.col("seconds").cast(pl.Float64)).group_by("speaker").agg(pl.col("seconds").sum())
    names = most.sort("seconds", "speaker", descending=True)["speaker"].head(_PEOPLE)
    return {
        name: np.concatenate(
            [read_samples(speech / path) for path in sorted(manifest.filter(pl.col("speaker") == name)["path"])]
        )
        for name in names
    }


def write_case(out: Path, voices: list[Samples], sources: Sources) -> dict[tuple[str, str], Reason]:
    """Write suspects and questioned recordings.

    Returns:
        Why each recording is refused against a suspect.
    """
    first, second, third, fourth = voices[:4]
    split = int(30 * SAMPLE_RATE_HZ)
    expected: dict[tuple[str, str], Reason] = {}
    for name, known in (("first", first[:split]), ("second", second[:split])):
        (out / "suspects" / name).mkdir(parents=True)
        write_wav(out / "suspects" / name / "interview.wav", known)
    (out / "suspects" / "two voices").mkdir()
    write_wav(out / "suspects" / "two voices" / "interview.wav", in_turn(second[split:], third))
    (out / "suspects" / "two people").mkdir()
    for name, known in (("interview", third[split:]), ("call", fourth[: int(20 * SAMPLE_RATE_HZ)])):
        write_wav(out / "suspects" / "two people" / f"{name}.wav", known)
    questioned = out / "questioned"
    for number, (name, (steps, length_s, reason)) in enumerate(MADE.items()):
        spoken = np.resize(first[split:], int(length_s * SAMPLE_RATE_HZ))  # from the start again where it is short
        path = questioned / f"{name}.wav"
        write_as(path, simulate(spoken, Channel(name, steps), sources, number), None)
        expected[name, "first"] = reason
    expected["usable", "two voices"] = (RefusalKind.SEVERAL_SPEAKERS, None)
    expected["usable", "two people"] = (RefusalKind.INCONSISTENT_SUSPECT, None)
    write_as(questioned / "copy.mp3", first[3 * SAMPLE_RATE_HZ : 20 * SAMPLE_RATE_HZ], Codec("MP3", 24_000))
    expected["copy", "first"] = (RefusalKind.SAME_SOURCE, None)
    shutil.copy(out / "suspects" / "first" / "interview.wav", questioned / "same.wav")
    expected["same", "first"] = (RefusalKind.SAME_RECORDING, None)
    write_as(questioned / "sitting.opus", second[20 * SAMPLE_RATE_HZ : 40 * SAMPLE_RATE_HZ], Codec("Opus", 24_000))
    write_as(questioned / "later.opus", second[33 * SAMPLE_RATE_HZ : 50 * SAMPLE_RATE_HZ], Codec("Opus", 24_000))
    expected["sitting", "second"] = (RefusalKind.SAME_SOURCE, None)
    expected["later", "second"] = (RefusalKind.SAME_SESSION, None)
    return expected


def in_turn(one: Samples, other: Samples) -> Samples:
    """Two voices, 4 s each in turn."""
    turn = 4 * SAMPLE_RATE_HZ
    pieces = [voice[n * turn : (n + 1) * turn] for n in range(5) for voice in (one, other)]
    return np.concatenate(pieces)


def write_small_population(folder: Path, voices: list[tuple[str, Samples]]) -> Path:
    """A manifest of fewer people than a calibration needs, in the conditions of the usable recording."""
    lines = ["path,speaker,role,session"]
    folder.mkdir(parents=True)
    for name, voice in voices:
        half = len(voice) // 2
        for role, part, codec in (("known", voice[:half], None), ("questioned", voice[half:], _AMR)):
            path = folder / f"{name}-{role}.{'wav' if codec is None else 'amr'}"
            write_as(path, part[: int(30 * SAMPLE_RATE_HZ)], codec)
            lines.append(f"{path.name},{name},{role},{role}")
    manifest = folder / "people.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def latest(case: Path) -> pl.DataFrame:
    """The table of the last comparison."""
    folder = max((case / "comparisons").iterdir(), key=lambda path: path.stat().st_mtime)
    print(f"report: {folder / 'report.pdf'}")
    return pl.read_parquet(folder / "comparisons.parquet")


def judged(table: pl.DataFrame, name: str, suspect: str, reason: Reason) -> bool:
    """Whether a recording has an LR, or none for the reason it was made for; both are printed."""
    rows = table.filter(
        pl.col("questioned_path").str.contains(f"/{name}\\.", literal=False), pl.col("suspect") == suspect
    ).to_dicts()
    is_right = bool(rows)
    for row in rows:
        found = (
            row["reason"]
            or f"log10 LR {row['log10_lr']:+.2f}, {row['log10_lr_low']:+.2f} to {row['log10_lr_high']:+.2f}"
        )
        is_right &= (row["reason_kind"], row["reason_quantity"]) == reason
        print(f"{'as meant ' if is_right else 'NOT MEANT'} {name:12} against {suspect:10}: {found}")
    return is_right


if __name__ == "__main__":
    main()
