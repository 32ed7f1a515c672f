"""Inputs that went wrong once, through a scan and a comparison: what is right for each, and what was found.

    python benchmarks/faults.py --faults FOLDER [--minutes 30]

FOLDER holds the inputs and ``make.py``, which makes those that are large or are names. Printed is a table with a line
for each expectation; the exit code is 1 where one does not hold.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import polars as pl

Row = tuple[str, str, str, bool]  # input, expected, found, whether it is right


def main() -> None:
    """Scan, compare, hold against what is right, print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows = [
            *listed(options.faults, work),
            *made(options.faults, options.minutes, work),
            *compared(options.faults, work),
        ]
    for name, expected, found, is_right in rows:
        print(f"{'ok  ' if is_right else 'FAIL'}  {name:<32} {expected:<44} {found}")
    if not all(row[3] for row in rows):
        raise SystemExit(1)


def listed(faults: Path, work: Path) -> list[Row]:
    """The inputs that are files of the folder."""
    code, tables = scan(faults, work / "listed", "--raw", "*.sln:codec=pcm_s16le,rate=8000")
    quality, failures, notes = (tables[name] for name in ("quality", "failures", "notes"))
    snr = {name: quality.filter(pl.col("name") == name)["snr_db"].to_list() for name in quality["name"].unique()}
    offsets = [snr.get(f"dc_offset_{percent}_percent.wav", [None])[0] for percent in (0, 1, 3, 5)]

    def is_alike() -> bool:
        return None not in offsets and max(offsets) - min(offsets) < 1.0

    def channels(name: str) -> list[int]:
        return sorted(quality.filter(pl.col("name") == name)["channel"].to_list())

    def problem(name: str) -> str:
        return " ".join(failures.filter(pl.col("name") == name)["problem"].to_list())

    def note(name: str) -> str:
        return " ".join(notes.filter(pl.col("name") == name)["note"].to_list())

    rows: list[Row] = [
        ("the scan", "goes on to its end, exit code 3", f"exit code {code}", code == 3),
        ("dc_offset_*", "SNR alike within 1 dB", " ".join(f"{value:.1f}" for value in offsets if value), is_alike()),
    ]
    for name, wanted in (
        ("stereo_two_speakers_dc20.wav", [1, 2]),
        ("concatenated_two_speakers.wav", [1, 2]),
        ("two_audio_tracks.mkv", [1, 2]),
        ("24_in_32_extensible.wav", [0]),
        ("asterisk.sln", [0]),
        ("gap_2s.opus", [0]),
        ("gap_2s.webm", [0]),
    ):
        rows.append((name, f"channels {wanted}", f"channels {channels(name)}", channels(name) == wanted))
    gaps = ("gap_2s.opus", "gap_2s.webm")
    rows += [(name, "the gap is noted", note(name)[:60], "leave out" in note(name)) for name in gaps]
    for name, word in (
        ("truncated_9_of_12_s.sph", "breaks off"),
        ("shorten_header.sph", "shorten"),
        ("wechat_header.silk", "no audio that can be read"),
        ("damaged_void.mkv", "damaged"),
    ):
        rows.append((name, f"rejected: {word}", problem(name)[:60], word in problem(name)))
    return rows


def made(faults: Path, minutes: int, work: Path) -> list[Row]:
    """The inputs that ``make.py`` makes."""
    inputs = work / "made"
    subprocess.run([sys.executable, str(faults / "make.py"), str(inputs), str(minutes)], check=True)
    names = [path for path in inputs.iterdir() if path.is_file()]
    (long_name,) = [path for path in names if path.name.startswith("\u5f55")]
    (size_0,) = [path for path in names if path.name.startswith("size_0")]
    code, tables = scan(long_name, work / "long")
    rows: list[Row] = [("a name of 83 Chinese characters", "examined", f"exit code {code}", code == 0)]
    rows.append(("", "evidence", f"{tables['quality'].height} rows", tables["quality"].height > 0))
    began = time.monotonic()
    code, _ = scan(size_0, work / "size")
    taken_s = time.monotonic() - began
    memory_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    rows.append(
        (f"size 0, {minutes} min", "under 60 s", f"{taken_s:.0f} s, exit code {code}", taken_s < 60 and code == 0)
    )
    rows.append(("", "under 1,200 MB", f"{memory_mb:.0f} MB", memory_mb < 1_200))
    return rows


def compared(faults: Path, work: Path) -> list[Row]:
    """Offsets, tables of suspects, a folder of suspects with litter, and turns of names with blanks."""
    made_suspects = work / "made" / "suspects"
    known = made_suspects / "anna" / "interview.wav"
    questioned = work / "questioned"
    questioned.mkdir()
    for path in faults.glob("dc_offset_*.wav"):
        shutil.copy(path, questioned)
    case = work / "offsets"
    run("scan", str(questioned), "--case", str(case))
    run("compare", "--ref", "examples/synthetic/suspects", "--case", str(case))
    table = latest(case).group_by("suspect").agg("unbounded_log10_lr").sort("suspect")
    ratios = table["unbounded_log10_lr"].to_list()
    spread = max((max(each) - min(each) for each in ratios if None not in each), default=None)
    code, text = run("compare", "--ref", str(made_suspects), "--case", str(case))
    names = sorted(set(latest(case)["suspect"]))
    rows: list[Row] = [
        (
            "suspects with Thumbs.db and more",
            "one suspect, anna",
            f"{', '.join(names)}, exit {code}",
            names == ["anna"],
        ),
        (
            "dc_offset_*",
            "log10 LRs before bounds alike within 0.1",
            "; ".join(" ".join("none" if value is None else f"{value:+.2f}" for value in each) for each in ratios),
            spread is not None and spread < 0.1,
        ),
    ]
    tables = work / "tables"
    for name in ("anna", "bert", "carl"):
        (tables / name).mkdir(parents=True)
        shutil.copy(known, tables / name / "interview.wav")
    for name, word in (
        ("unquoted_comma.csv", "Line 2 of"),
        ("same_file_two_suspects.csv", "Lines 2 and 3 of"),
        ("semicolons.csv", ""),
    ):
        shutil.copy(faults / name, tables)
        code, text = run("compare", "--ref", str(tables / name), "--case", str(case))
        if word:
            rows.append((name, f"refused: {word} ...", " ".join(text.split())[:70], code == 1 and word in text))
        else:
            names = sorted(set(latest(case)["suspect"]))
            rows.append((name, "read", f"suspects {', '.join(names)}, exit {code}", names == ["anna"] and code == 0))
    calls = work / "calls"
    calls.mkdir()
    with wave.open(str(known), "rb") as file:
        speech, parameters = file.readframes(file.getnframes()), file.getparams()
    with wave.open(str(calls / "call.wav"), "wb") as file:
        file.setparams(parameters)
        file.writeframes((speech * 5)[: 2 * 24 * parameters.framerate])  # 24 s of 16 bits
    code, text = run(
        "scan", str(calls), "--case", str(work / "turns"), "--segments", str(faults / "spaces_in_speaker_names.rttm")
    )
    voices = pl.read_parquet(work / "turns" / "evidence" / "quality.parquet")["turn"].to_list()
    rows.append(
        ("spaces_in_speaker_names.rttm", "two speakers", f"speakers {sorted(voices)}", sorted(voices) == [1, 2])
    )
    return rows


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and all that a command of ours prints."""
    command = [sys.executable, "-m", "forensic", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def latest(case: Path) -> pl.DataFrame:
    """The table of the last comparison."""
    folder = max((case / "comparisons").iterdir(), key=lambda path: path.stat().st_mtime)
    return pl.read_parquet(folder / "comparisons.parquet")


def scan(source: Path, case: Path, *options: str) -> tuple[int, dict[str, pl.DataFrame]]:
    """Exit code, and the tables of the evidence with the name of each file."""
    command = [sys.executable, "-m", "forensic", "scan", str(source), "--case", str(case), "--workers", "1", *options]
    code = subprocess.run(command, check=False, capture_output=True).returncode
    evidence = case / "evidence"
    files = pl.read_parquet(evidence / "files.parquet").select(
        pl.col("path").str.split("/").list.last().alias("name"), "sha256"
    )
    notes = pl.read_parquet(evidence / "recordings.parquet").select(
        "sha256", pl.col("notes").list.join(" ").alias("note")
    )
    tables = {"notes": files.join(notes, on="sha256")}
    empty = pl.DataFrame(schema={"sha256": pl.String, "problem": pl.String, "channel": pl.Int16, "snr_db": pl.Float64})
    for name in ("quality", "failures"):
        path = evidence / f"{name}.parquet"
        tables[name] = files.join(pl.read_parquet(path) if path.exists() else empty, on="sha256")
    return code, tables


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=Path, required=True, help="The folder of inputs.")
    parser.add_argument("--minutes", type=int, default=30, help="Length of the recording whose header says size 0.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
