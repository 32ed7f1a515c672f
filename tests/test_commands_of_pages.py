"""The commands that the pages show are run, in their order, where they take seconds."""

import shlex
import shutil
from pathlib import Path

import pytest
from pages import ROOT, shown

from forensic.case.audit import read_audit
from forensic.case.folder import AUDIT_LOG
from forensic.storage.shipped import shipped

EXAMPLE = shipped("examples") / "synthetic"
RUN = ("README.md", "docs/tutorial.md", "docs/howto/own-material.md", "docs/howto/turns.md", "docs/howto/audit.md")
RUN_ELSEWHERE = {
    "docs/tutorial-real.md": "tests/test_tutorial.py",
    "docs/howto/validate.md": "tests/test_commands_of_laboratories.py",
    "docs/howto/population.md": "tests/test_commands_of_laboratories.py",
    "docs/conditions.md": "tests/test_commands_of_laboratories.py",
    "docs/second-opinion.md": "tests/test_commands_of_laboratories.py",
    "docs/cluster.md": "tests/test_cluster.py",
    "examples/README.md": "tests/test_examples.py",
}
"""Pages whose commands need other material, and the test that runs them."""

_REJECTED = 3


def test_every_page_with_commands_is_run_here_or_elsewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "examples").glob("*.md")]
    pages += (ROOT / "docs").rglob("*.md")
    with_commands = {str(page.relative_to(ROOT)) for page in pages if shown(str(page.relative_to(ROOT)))}
    assert with_commands == {*RUN, *RUN_ELSEWHERE}
    assert all((ROOT / test).exists() for test in RUN_ELSEWHERE.values())


@pytest.fixture
def material(tmp_path, monkeypatch):
    """Calls and suspects as the pages name them, and a key's passphrase."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORENSIC_PASSPHRASE", "a passphrase of the pages")
    Path("calls").mkdir()
    for name in ("voicemail 12 April.amr", "meeting 20 April.mp3"):
        shutil.copy(EXAMPLE / "questioned" / name, "calls")
    shutil.copytree(EXAMPLE / "suspects", "suspects")
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("quick_pdf", "material")
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run_one_after_the_other(page, shell):
    """With the material that they speak of; what a page begins with that stands on another is run before."""
    before = ["forensic scan calls --case mycase", "forensic compare --ref suspects --case mycase"]
    for line in [*(before if page.startswith("docs/howto") else []), *shown(page)]:
        if "laboratory.toml" in line:
            continue  # stops, unless the release is signed
        words = [_meant(word) for word in shlex.split(line, comments=True)]
        code, printed, complaint = shell(*words[1:])
        assert code == 0 or (code == _REJECTED and "scan" in line), f"{line}\n{printed}{complaint}"


def _meant(word: str) -> str:
    """What stands for something of the case."""
    results = sorted(map(str, Path("mycase").glob("comparisons/*")))
    meant = {"CALL": "calls/voicemail 12 April.amr", "INTERVIEW": "suspects/adler/interview.flac"}
    if results:
        meant |= {"mycase/comparisons/ID": results[-1], "report.pdf": f"{results[-1]}/report.pdf"}
        meant |= {"SHA256": read_audit(Path("mycase") / AUDIT_LOG).head}
    return meant.get(word, word)
