"""The example case from end to end, through the command that people use."""

import csv
import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
CASE = EXAMPLES / "synthetic"
SUSPECTS = {"adler", "brook", "carver", "dale"}
VOICEMAIL, COPY, CALL = "voicemail 12 April.amr", "voicemail (copy).amr", "call 15 April.wav"
REJECTED = {"damaged 21 April.flac", "doorbell 22 April.wav"}


@dataclass(frozen=True, slots=True)
class Run:
    """What the commands left behind."""

    case: Path
    scan: subprocess.CompletedProcess[str]
    compare: subprocess.CompletedProcess[str]

    @property
    def folder(self) -> Path:
        """The one comparison."""
        (folder,) = (self.case / "comparisons").iterdir()
        return folder

    @property
    def rows(self) -> pl.DataFrame:
        """The table, with the names of files alone."""
        table = pl.read_csv(self.folder / "comparisons.csv")
        return table.with_columns(file=pl.col("questioned_path").str.split("/").list.last())


def forensic(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command that is installed beside this Python."""
    command = Path(sys.executable).with_name("forensic")
    return subprocess.run([command, *arguments], check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The example scanned and compared as ``make demo`` does."""
    case = tmp_path_factory.mktemp("demo")
    shutil.copy(CASE / "case.toml", case)
    scan = forensic("scan", CASE / "questioned", "--case", case)
    compare = forensic("compare", "--ref", CASE / "suspects", "--case", case)
    return Run(case, scan, compare)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that made the example."""
    spec = importlib.util.spec_from_file_location("make_example", EXAMPLES / "make_example.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # data classes look their module up
    spec.loader.exec_module(module)
    return module


def test_the_scan_ends_with_3_and_names_what_it_rejected(run: Run) -> None:
    """Done, but some recordings were rejected."""
    assert run.scan.returncode == 3, run.scan.stderr
    rejected = [line for line in run.scan.stderr.splitlines() if line.startswith("Rejected ") and ": " in line]
    assert {name for name in REJECTED for line in rejected if name in line} == REJECTED
    assert len(rejected) == len(REJECTED)


def test_the_scan_skips_what_is_no_audio(run: Run) -> None:
    """It is listed, and is no failure."""
    assert "Skipped" in run.scan.stdout
    assert "notes.txt" in run.scan.stdout


def test_the_comparison_ends_with_0_and_prints_where_the_report_is(run: Run) -> None:
    """Every known recording is usable."""
    assert run.compare.returncode == 0, run.compare.stderr
    assert "report.pdf" in run.compare.stdout


def test_the_report_is_a_pdf_with_the_case_reference_in_its_source(run: Run) -> None:
    """The details come from the case.toml that was there before the scan."""
    assert (run.folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "EXAMPLE-1" in (run.folder / "report.html").read_text(encoding="utf-8")
    results = json.loads((run.folder / "results.json").read_text(encoding="utf-8"))
    assert results["case"]["laboratory"] == "Example laboratory"


def test_every_questioned_recording_is_compared_with_every_suspect(run: Run) -> None:
    """Rejected ones and copies too, with a row for each channel and suspect; text is no recording."""
    audio = {path.name for path in (CASE / "questioned").iterdir()} - {"notes.txt"}
    assert set(run.rows["file"]) == audio
    for (file,), rows in run.rows.group_by("file"):
        channels = 2 if file == CALL else 1
        assert rows["channel"].n_unique() == channels, file
        assert rows.height == channels * len(SUSPECTS), file
        assert set(rows["suspect"]) == SUSPECTS, file


def test_a_rejected_recording_has_a_reason_and_no_lr(run: Run) -> None:
    """Nor a score."""
    rows = run.rows.filter(pl.col("file").is_in(REJECTED))
    assert rows.select("score", "log10_lr", "verbal_equivalent").null_count().row(0) == (rows.height,) * 3
    assert (rows["reason"].str.len_chars() > 20).all()


@pytest.mark.parametrize(
    ("file", "channel", "speaker"),
    [
        pytest.param(VOICEMAIL, 0, "adler", id="studio against mobile telephone in noise"),
        pytest.param(CALL, 2, "carver", id="one side of a call"),
        pytest.param("meeting 20 April.mp3", 0, "brook", id="across a room"),
    ],
)
def test_a_suspects_voice_has_its_highest_lr_for_that_suspect(run: Run, file: str, channel: int, speaker: str) -> None:
    """Whatever lies between the two recordings."""
    rows = run.rows.filter(pl.col("file") == file, pl.col("channel") == channel)
    assert rows["log10_lr"].null_count() == 0, rows["reason"].to_list()
    highest = rows.sort("log10_lr", descending=True).row(0, named=True)
    assert highest["suspect"] == speaker


def test_the_voice_in_both_sets_is_supported_through_a_telephone_in_noise(run: Run) -> None:
    """Adler, on both sides over different channels; and nobody else's LR for that recording is above 1."""
    rows = run.rows.filter(pl.col("file") == VOICEMAIL)
    supported = rows.filter(pl.col("log10_lr") > 0)
    assert supported["suspect"].to_list() == ["adler"]


def test_a_copy_gets_the_same_lrs(run: Run) -> None:
    """It is the same recording, examined once."""
    columns = ["suspect", "questioned_sha256", "score", "log10_lr"]
    one, other = (run.rows.filter(pl.col("file") == file).select(columns).sort("suspect") for file in (VOICEMAIL, COPY))
    assert one.equals(other)


def test_a_second_scan_examines_nothing_and_still_ends_with_3(run: Run) -> None:
    """What was rejected stays rejected."""
    again = forensic("scan", CASE / "questioned", "--case", run.case)
    assert again.returncode == 3, again.stderr
    assert any(line.split() == ["Examined", "now", "0"] for line in again.stdout.splitlines())


def test_the_truth_is_that_of_the_script(maker: ModuleType) -> None:
    """The table beside the recordings was not edited."""
    with (CASE / "truth.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    assert rows == [[str(value) for value in row] for row in maker.truth()]


def test_no_sentence_is_spoken_twice(maker: ModuleType) -> None:
    """A comparison of the same words would be too easy."""
    sentences = [s for item in (*maker.KNOWN, *maker.QUESTIONED) for part in item.parts for s in part.sentences]
    assert len(sentences) == len(set(sentences))


def test_the_readme_of_the_examples_names_every_questioned_file() -> None:
    """And what to expect of it."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in (CASE / "questioned").iterdir() if f"`{path.name}`" not in text] == []


def test_the_example_stays_small() -> None:
    """It comes with every checkout: 3 MB at most."""
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < 3e6
