"""Inputs that went wrong once, through a scan: what is right for each, and what was found.

    python benchmarks/faults.py --faults FOLDER [--minutes 30]

FOLDER holds the inputs and ``make.py``, which makes those that are large or are names. Printed is a table with a line
for each expectation; the exit code is 1 where one does not hold.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

Row = tuple[str, str, str, bool]  # input, expected, found, whether it is right


def main() -> None:
    """Scan, compare with what is right, print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows = [*listed(options.faults, work), *made(options.faults, options.minutes, work)]
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
