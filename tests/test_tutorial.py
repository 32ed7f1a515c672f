"""The tutorial on real speech, followed command by command, where the speech is in place."""

import csv
import importlib.util
import os
import re
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[1]
SPEECH = Path(os.environ.get("FORENSIC_SPEECH", ROOT.parent / "shared" / "speech"))


def _maker():
    spec = importlib.util.spec_from_file_location("make_tutorial", ROOT / "docs" / "make_tutorial.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _maker()


def test_only_the_download_is_not_run():
    """Every other block of commands is."""
    page = MAKER.PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- needs the network -->") == 1
    assert len(MAKER._BLOCK.findall(page)) == page.count("```sh") == 6
    pictures = re.findall(r"\]\((pictures/[\w.-]+)\)", page)
    assert len(pictures) == 3
    assert all((ROOT / "docs" / picture).is_file() for picture in pictures)


@pytest.mark.slow
@pytest.mark.skipif(
    not (SPEECH / MAKER.CORPUS).is_dir(),
    reason=f"no {MAKER.CORPUS.name} in {SPEECH}; FORENSIC_SPEECH may name a folder",
)
def test_the_tutorial_ends_with_a_sealed_report_that_names_the_right_speakers(tmp_path):
    """Of each questioned recording the highest LR is of the suspect who speaks, and the stranger supports none."""
    pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    page = MAKER.followed(tmp_path, SPEECH)
    assert "is as it was sealed" in page
    assert "Everything is as the log says" in page
    (results,) = (tmp_path / "real" / "case" / "comparisons").iterdir()
    with (tmp_path / "real" / "truth.csv").open(encoding="utf-8") as file:
        truth = {row["recording"]: row["speaker"] for row in csv.DictReader(file)}
    table = pl.read_csv(results / "comparisons.csv").sort("log10_lr", descending=True)
    highest = table.unique("questioned_path", keep="first", maintain_order=True)
    found = {
        Path(path).name: suspect if log10_lr > 0 else "a stranger"
        for path, suspect, log10_lr in highest.select("questioned_path", "suspect", "log10_lr").iter_rows()
    }
    assert found == truth
    assert "P " in (results / "report-2.html").read_text(encoding="utf-8")
    assert len(list((tmp_path / "side-by-side").rglob("in turn.wav"))) == 3
