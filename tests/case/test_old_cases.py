"""Cases that earlier versions wrote are read, audited and reported again, with the numbers of then."""

import json
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest

from forensic.case.folder import open_case
from forensic.workflows.audit import DIFFERENT, audit
from forensic.workflows.report import ReportRequest, report

pytestmark = pytest.mark.usefixtures("quick_pdf")

OLD_CASES = sorted((Path(__file__).parents[1] / "old_cases").glob("*.zip"))
LOG10_LR = {"0.1.0-before-binding": 2.02, "0.1.0": 2.02}
"""Of its one comparison, by name of the case."""


@pytest.fixture(params=OLD_CASES, ids=lambda path: path.stem)
def old(request, tmp_path):
    """A case, as it was kept."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path / request.param.stem)
    return tmp_path / request.param.stem


def test_the_cases_of_all_versions_are_tested():
    assert {path.stem for path in OLD_CASES} == set(LOG10_LR)


def test_its_log_and_evidence_are_right(old):
    """What differs are the reports, which were left out; the recordings are gone, which is no fault."""
    found = audit(old)
    different = {each.name: each.finding for each in found.checked if each.verdict == DIFFERENT}
    assert {Path(name).name for name in different} == {"report.html", "report.pdf"}
    assert all("is missing" in finding for finding in different.values())
    assert len([each for each in found.checked if each.kind == "evidence"]) == 7


def test_its_evidence_is_read(old):
    with open_case(old, create=False) as case:
        case.check_evidence()
        recordings, quality = case.evidence.read("recordings"), case.evidence.read("quality")
        embeddings = case.evidence.read("embeddings")
    assert recordings["container"].to_list() == ["amr", "flac"]
    assert quality["net_speech_s"].min() > 5
    assert embeddings["embedding"].list.len().unique().to_list() == [448]


def test_its_report_is_made_again_with_the_likelihood_ratio_of_then(old):
    made = report(old, ReportRequest(), lambda _: None)
    assert made.version == 2
    results = json.loads((made.html.parent / "results.json").read_bytes())
    (then,) = pl.read_parquet(made.html.parent / "comparisons.parquet").to_dicts()
    assert then["log10_lr"] == pytest.approx(LOG10_LR[old.name], abs=5e-5)
    (comparison,) = results["comparisons"]
    assert comparison["log10_lr"] == then["log10_lr"]
    text = re.sub(r"<[^>]+>", "", made.html.read_text(encoding="utf-8"))
    assert f"{then['log10_lr']:.2f}" in text
    assert "adler" in text


def test_it_can_be_gone_on_with(old):
    """A new line in its log, behind the old ones."""
    report(old, ReportRequest(), lambda _: None)
    found = audit(old)
    assert [each.finding for each in found.checked if each.kind == "log" and each.verdict == DIFFERENT] == []
    with open_case(old, create=False):
        pass
