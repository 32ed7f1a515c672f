"""The wheel works away from the checkout: it carries its models and templates, and runs a case."""

import filecmp
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import forensic

CHECKOUT = Path(__file__).parents[1]
EXAMPLE = CHECKOUT / "examples" / "synthetic"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed; its dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--target", folder, wheel], check=True, capture_output=True)
    return folder


def away(installed: Path, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command with the installed wheel, in a folder outside the checkout."""
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=environment)


def test_the_same_source_gives_the_same_wheel_elsewhere_at_another_time(wheel: Path, tmp_path: Path) -> None:
    """To the bit: whoever builds it again can hold it against the one that was released."""
    copy = tmp_path / "elsewhere"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "dist", "build", "demo", "work")
    shutil.copytree(CHECKOUT, copy, ignore=left_out, copy_function=shutil.copyfile)
    shutil.copyfile(CHECKOUT / ".gitignore", copy / ".gitignore")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, copy]
    subprocess.run(build, check=True, capture_output=True)
    assert filecmp.cmp(tmp_path / wheel.name, wheel, shallow=False)


@pytest.mark.parametrize("kind", ["models", "templates", "examples/synthetic"])
def test_the_wheel_finds_its_own_models_and_templates(kind: str, installed: Path, tmp_path: Path) -> None:
    """Not those of the checkout, which an editable installation has on the path as well; and they are the same."""
    code = f"from forensic.storage.shipped import shipped; print(shipped('{kind}'))"
    folder = Path(away(installed, tmp_path, sys.executable, "-c", code).stdout.strip())
    assert folder.is_relative_to(installed)
    ours = {path.relative_to(CHECKOUT / kind) for path in (CHECKOUT / kind).rglob("*") if path.is_file()}
    assert ours
    for path in ours:
        assert filecmp.cmp(CHECKOUT / kind / path, folder / path, shallow=False), path


def test_the_wheel_carries_the_licences(wheel: Path) -> None:
    """Ours, and the credits of what the models were made from."""
    with zipfile.ZipFile(wheel) as archive:
        notice = next(name for name in archive.namelist() if name.endswith("licenses/NOTICE"))
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
        text = archive.read(notice).decode()
    assert all(name in text for name in ("Resemblyzer", "silero-vad", "Common Voice", "LibriSpeech", "CC BY-SA 4.0"))


def test_the_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    """No tests or cases; its manual pages go where ``man`` looks, and it says that it is typed."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    stem = f"forensic-{forensic.__version__}"
    assert {name.split("/")[0] for name in names} == {"forensic", f"{stem}.dist-info", f"{stem}.data"}
    assert {f"{stem}.data/data/share/man/man1/forensic.1", "forensic/py.typed", "forensic/cli/examples.toml"} <= names


def test_the_source_distribution_has_what_a_build_needs(tmp_path: Path) -> None:
    """And what a reader wants: tests, documentation, licences."""
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, CHECKOUT]
    subprocess.run(build, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "LICENSE", "NOTICE", "Dockerfile", "constraints.txt", "docs/man/forensic.1"}
    assert wanted <= names
    assert {"models/lstm-channel-3/weights.safetensors", "templates/report.css", "tests/test_packaging.py"} <= names
    assert not [name for name in names if name.startswith((".venv", "demo", "work", ".git/"))]


def test_the_image_installs_the_tested_versions_and_does_not_run_as_root() -> None:
    """What the Dockerfile says; building it needs a daemon and a network."""
    text = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    assert "--constraint /source/constraints.txt" in text
    assert text.index("USER examiner") < text.index("ENTRYPOINT")
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    (libraries,) = re.findall(r"^APT_PACKAGES := (.*)$", makefile, re.MULTILINE)
    assert all(name in text for name in libraries.split())


def test_the_installed_command_says_its_version(installed: Path, tmp_path: Path) -> None:
    """The script that pip makes."""
    done = away(installed, tmp_path, installed / "bin" / "forensic", "--version")
    assert (done.returncode, done.stdout) == (0, f"forensic {forensic.__version__}\n"), done.stderr


def test_the_installed_command_scans_and_compares_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    """One questioned recording and one suspect, from copies, with the model and population of the wheel."""
    (tmp_path / "suspects").mkdir()
    shutil.copy(EXAMPLE / "questioned" / "voicemail 12 April.amr", tmp_path)
    shutil.copy(EXAMPLE / "suspects" / "adler" / "interview.flac", tmp_path / "suspects" / "adler.flac")
    command = installed / "bin" / "forensic"
    scanned = away(installed, tmp_path, command, "scan", "voicemail 12 April.amr")
    assert scanned.returncode == 0, scanned.stderr
    compared = away(installed, tmp_path, command, "compare", "--ref", "suspects")
    assert compared.returncode == 0, compared.stderr
    assert len(list(tmp_path.glob("case/comparisons/*/report.pdf"))) == 1


def test_every_requirement_has_an_exact_version_within_its_range() -> None:
    """What pyproject.toml asks for, constraints.txt pins."""
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {
        canonicalize_name(name): version
        for name, _, version in (line.partition("==") for line in lines if not line.startswith("#"))
    }
    content = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    project, build = content["project"], content["build-system"]
    asked = [*build["requires"], *project["dependencies"], *project["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_no_address_of_a_package_index_is_written_down() -> None:
    """A laboratory installs from its own mirror; pip's configuration names it."""
    for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run"):
        assert not re.search(r"://|--(extra-)?index-url|--find-links", (CHECKOUT / name).read_text(encoding="utf-8"))
