"""A small case of the example's recordings, and how the benchmarks run commands on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "synthetic"
FORENSIC = (sys.executable, "-m", "forensic")
ENVIRONMENT = os.environ | {"FORENSIC_PASSPHRASE": "a passphrase", "OMP_NUM_THREADS": "1"}
DONE = (0, 3)
"""Exit codes; 3: done, but some recordings were rejected, as the example has them."""


def run(*arguments: str | Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """A command of ours, with all that it prints."""
    command = [*before, *FORENSIC, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT)


def example(work: Path) -> tuple[Path, Path, Path]:
    """A small case's recordings: two questioned, one suspect of two; and where its case will be."""
    questioned, suspects = work / "questioned", work / "suspects"
    questioned.mkdir()
    for name in ("voicemail 12 April.amr", "message 17 April.opus"):
        shutil.copy(EXAMPLE / "questioned" / name, questioned)
    for name in ("adler", "carver"):
        shutil.copytree(EXAMPLE / "suspects" / name, suspects / name)
    return questioned, suspects, work / "case"


def scanned_and_compared(work: Path) -> tuple[Path, Path, Path]:
    """The small case, scanned and compared."""
    questioned, suspects, case = example(work)
    for command in (("scan", questioned, "--case", case), ("compare", "--ref", suspects, "--case", case)):
        done = run(*command, "--workers", "1")
        if done.returncode not in DONE:
            raise SystemExit(done.stdout + done.stderr)
    return questioned, suspects, case


def comparisons_of(case: Path) -> list[tuple[object, ...]]:
    """The rows of the last comparison that have an LR."""
    import polars as pl

    folders = sorted((case / "comparisons").glob("[!.]*"), key=lambda path: path.stat().st_mtime)
    if not folders:
        return []
    table = pl.read_parquet(folders[-1] / "comparisons.parquet")
    names = ["questioned_sha256", "channel", "turn", "suspect", "log10_lr", "log10_lr_low", "log10_lr_high"]
    return sorted(table.select(names).rows(), key=str)
