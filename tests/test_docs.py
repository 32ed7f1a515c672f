"""The documents name what exists, and their figures are those of what ships."""

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

import forensic
from forensic.cli import app as cli
from forensic.likelihood_ratio.population import CARD
from forensic.speaker.extractor import default_model_folder

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")])
NAMED = re.compile(r"`((?:forensic|tests|benchmarks|docs|templates|models|examples)/[\w./-]*)`(:(?:\s+`[\w.]+`,?)+)?")


def _load(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def maker():
    """The command that fills the page of the case folder."""
    return _load("make_case_folder")


def test_the_figures_are_those_that_were_measured():
    """Run `python docs/make_figures.py` after a benchmark."""
    figures = _load("make_figures")
    for page in figures.PAGES:
        text = page.read_text(encoding="utf-8")
        assert "<!-- figures: headline -->" in text
        assert figures.filled(text) == text


@pytest.mark.slow
def test_the_documentation_is_built_and_fetches_nothing(tmp_path):
    """Every page is in the contents, and none asks a server for a script, a style or a font."""
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", tmp_path]
    done = subprocess.run(build, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) >= len(list((ROOT / "docs").rglob("*.md")))
    for page in pages:
        assert not re.findall(
            r'<(?:script|link|img)[^>]+(?:src|href)="https?://[^"]+', page.read_text(encoding="utf-8")
        )


def test_the_readme_is_short():
    """Half of what it was; the rest is in docs."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 160


_COMMAND = re.compile(r"^forensic (?:(?:models|population) )?[a-z-]+.*$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_is_a_right_use(page):
    """Its name, its options and the number of its arguments; the examples of docs/commands.md are run elsewhere."""
    group = typer.main.get_command(cli.app)
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in _COMMAND.findall(block.replace("\\\n", " ")):
            words = [word for word in shlex.split(line, comments=True)[1:] if word]
            command, context = group, typer.Context(group, info_name="forensic")
            while words and hasattr(command, "commands") and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            assert not hasattr(command, "commands") or not words or words[0].startswith("-"), line
            command.make_context("forensic", words, parent=context, resilient_parsing=False)


@pytest.fixture(scope="module")
def meanings(maker):
    """The meaning of every column, by table."""
    return tomllib.loads(maker.MEANINGS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_and_name_in_a_page_exists(page):
    """`forensic/room/file.py`: `function` is a function of that file."""
    text = page.read_text(encoding="utf-8")
    for path, names in NAMED.findall(text):
        assert (ROOT / path).exists(), f"{page.name} names {path}"
        for name in re.findall(r"`([\w.]+)`", names) if path.endswith(".py") else ():
            where = importlib.import_module(path.removesuffix(".py").replace("/", "."))
            for part in name.split("."):
                assert hasattr(where, part), f"{page.name} names {name} of {path}"
                where = getattr(where, part)


def test_the_walks_name_functions():
    """A pattern that found none would let the test above pass."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert sum(bool(names) for _, names in NAMED.findall(text)) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_in_a_page_leads_somewhere(page):
    """To a file or folder of the repository."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name} links {target}"


def test_the_citation_is_of_this_version():
    """And of the licence that the package states."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"\nversion: {forensic.__version__}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation


def test_the_page_of_the_case_folder_is_up_to_date(maker, meanings):
    """Run `python docs/make_case_folder.py` after a change of a schema."""
    text = maker.PAGE.read_text(encoding="utf-8")
    assert maker.page(text, meanings) == text


def test_the_page_of_the_case_folder_has_every_table(maker):
    """A table that the code has and the page lacks would go unnoticed."""
    shown = set(re.findall(r"<!-- table: (.+?) -->", maker.PAGE.read_text(encoding="utf-8")))
    assert shown == {*maker.TABLES, *maker.OBJECTS, *maker.RECORDS}


def test_every_meaning_belongs_to_a_column(maker, meanings):
    """A column that is gone leaves none behind."""
    assert maker.unused(meanings) == []


def test_every_decimal_number_has_a_unit_or_needs_none(maker):
    """The end of its name says it; scores and log10 LRs have none."""
    bare = {
        "score",
        "second_score",
        "fused_score",
        "first_log10_lr",
        "second_log10_lr",
        "adjusted_score",
        "log10_lr",
        "log10_lr_low",
        "log10_lr_high",
        "unbounded_log10_lr",
    }
    decimal = {name for table in maker.TABLES.values() for name, kind in table.items() if "Float" in str(kind)}
    without = {name for name in decimal if not maker.unit(name)}
    assert without <= {*bare, "embedding", "envelope_low", "envelope_high"}


@pytest.mark.parametrize(
    ("page", "pattern"),
    [
        ("docs/conditions.md", r"(\d+) people of three corpora, (\d+) channels"),
        ("CHANGELOG.md", r"reference population of (\d+) people in (\d+) simulated\s+channels"),
    ],
)
def test_pages_count_the_people_and_channels_of_the_bank_that_ships(page, pattern):
    """As its card does."""
    card = tomllib.loads((default_model_folder() / CARD).read_text(encoding="utf-8"))
    stated = re.search(pattern, (ROOT / page).read_text(encoding="utf-8"))
    assert stated is not None
    assert [int(number) for number in stated.groups()] == [card["speakers"], len(card["settings"]["channels"])]


def test_the_page_of_licences_has_every_package_and_every_library_inside(monkeypatch):
    """Run `python docs/make_licences.py` after a change of dependencies; what is not pinned may differ."""
    licences = _load("make_licences")
    page = licences.PAGE.read_text(encoding="utf-8")
    locks = "\n".join(path.read_text() for path in (ROOT / "locks").glob("*.txt"))
    pinned = set(re.findall(r"^([a-z0-9][a-z0-9-]*)==", locks, re.MULTILINE))
    pinned -= set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "locks" / "cuda.txt").read_text(), re.MULTILINE))
    packages = {name: package for name, package in licences.needed("").items() if name in pinned}
    assert {"av", "cryptography", "torch"} <= set(packages)
    for name, package in packages.items():
        assert f"| {name} | {package.version.partition('+')[0]} | {licences.licence(package)} |" in page
    assert {"x264", "x265", "FFmpeg"} <= set(licences.libraries(packages["av"]))
    monkeypatch.delitem(licences.LIBRARIES, "x265")
    with pytest.raises(SystemExit, match="libx265: add its licence"):
        licences.libraries(packages["av"])
