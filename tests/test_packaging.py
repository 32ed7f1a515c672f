"""The wheel works away from the checkout: it carries its models and templates, and runs a case."""

import filecmp
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import forensic

CHECKOUT = Path(__file__).parents[1]
EXAMPLE = CHECKOUT / "examples" / "synthetic"
LOCKS = CHECKOUT / "locks"


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
    wanted = {"pyproject.toml", "LICENSE", "NOTICE", "Dockerfile", "locks/program.txt", "docs/man/forensic.1"}
    assert wanted <= names
    assert {"models/lstm-channel-3/weights.safetensors", "templates/report.css", "tests/test_packaging.py"} <= names
    assert not [name for name in names if name.startswith((".venv", "demo", "work", ".git/"))]


def test_the_image_installs_the_tested_versions_and_does_not_run_as_root() -> None:
    """What the Dockerfile says: every lock by its hashes, and the libraries that the Makefile installs as well."""
    text = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    for lock in ("cpu", "program", "cuda"):
        assert re.search(rf"pip install --no-deps --require-hashes .*--requirement locks/{lock}\.txt", text), lock
    assert text.count("pip install") == text.count("--no-deps") == 4
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


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of every package of a lock that is for this system."""
    found: dict[str, tuple[str, int]] = {}
    for line in (LOCKS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if entry := re.match(r"([a-z0-9-]+)==([^ ]+) (?:; (.*) )?\\$", line):
            package = entry[1] if entry[3] is None or Marker(entry[3]).evaluate() else "elsewhere"
            found[package] = entry[2], 0
        elif re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line):
            found[package] = found[package][0], found[package][1] + 1
        else:
            assert line.startswith("# "), line
    return {name: each for name, each in found.items() if name != "elsewhere"}


PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


@pytest.mark.parametrize("name", ["program", "cuda", "supply", *EXTRAS])
def test_every_package_of_a_lock_has_an_exact_version_and_hashes(name: str) -> None:
    """Or pip would refuse it."""
    packages = locked(name)
    assert packages
    assert all(version and hashes for version, hashes in packages.values())


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_locks_hold_all_that_is_asked_for_in_the_range_that_is_allowed(extra: str) -> None:
    """And what that asks for in turn, as the packages that are installed here say; run `make locks`."""
    packages = locked("program") | (locked(extra) if extra else {})
    wanted = [Requirement(each) for each in (EXTRAS[extra] if extra else PROJECT["dependencies"])]
    seen = set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        assert name in packages, f"{name} is in no lock"
        assert requirement.specifier.contains(packages[name][0]), requirement
        for part in requirement.extras | {""}:
            if (name, part) not in seen:
                seen.add((name, part))
                wanted += _asked_by(name, part)


def _asked_by(name: str, extra: str) -> list[Requirement]:
    """What an installed package asks for; nothing if it is not installed, as is allowed of an extra's."""
    try:
        asked = [Requirement(each) for each in requires(name) or ()]
    except PackageNotFoundError:
        return []
    asked = [each for each in asked if each.marker is None or each.marker.evaluate({"extra": extra})]
    return [each for each in asked if canonicalize_name(each.name) not in locked("cuda")]


def test_a_build_of_torch_for_processors_alone_can_be_installed_too() -> None:
    """It has other hashes than the index's, and needs nothing of CUDA."""
    make_locks = runpy.run_path(str(LOCKS / "make_locks.py"))
    text = (LOCKS / "program.txt").read_text(encoding="utf-8")
    version, hashes = locked("program")["torch"]
    own = make_locks["CPU_BUILDS"][version]
    assert all(sha256 in text for sha256 in own)
    assert hashes > len(own)
    assert not [name for name in locked("program") if name.startswith(("nvidia-", "cuda-"))]


def test_no_address_of_a_package_index_is_written_down() -> None:
    """A laboratory installs from its own mirror; pip's configuration names it."""
    locks = [f"locks/{path.name}" for path in LOCKS.iterdir() if path.is_file()]
    for name in ("pyproject.toml", *locks, "Makefile", ".ci/run"):
        assert not re.search(r"://|--(extra-)?index-url|--find-links", (CHECKOUT / name).read_text(encoding="utf-8"))
