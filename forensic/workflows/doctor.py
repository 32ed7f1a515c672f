"""``forensic doctor``: whether this installation is complete, and gives the likelihood ratios that it should."""

import csv
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from forensic.comparison.request import ComparisonRequest
from forensic.comparison.tables import STATUS_LR
from forensic.engine import default_workers
from forensic.errors import ForensicError, ReleaseError
from forensic.progress import Note
from forensic.report.shared.render import render_pdf
from forensic.settings import Settings
from forensic.speaker.extractor import default_model_folder
from forensic.speaker.precision import has_bfloat16
from forensic.storage.release import check_release
from forensic.storage.shipped import shipped
from forensic.workflows.identify import identify
from forensic.workflows.models import find_models

KNOWN_LRS = "log10_lrs.csv"
"""The likelihood ratios of the example case by the bundled model, beside its recordings."""

TOLERANCE_LOG10_LR = 0.05
"""Processors add numbers in different orders, which moves a log10 LR by far less."""

_LEAST_DISK_BYTES = 2 << 30
_LEAST_MEMORY_BYTES = 3 << 30
_EXTRA = re.compile(r"extra\s*==\s*['\"](\w+)['\"]")


class State(StrEnum):
    """What a check found."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what was looked at.
        state: whether it is as it should be; a note is no fault, but worth knowing.
        finding: what is there.
        remedy: what to do; "" where nothing is to be done.
    """

    name: str
    state: State
    finding: str
    remedy: str = ""


def examine_installation() -> Iterator[Check]:
    """Every check but the self-test, each as soon as it is done."""
    yield _machine()
    yield _memory()
    yield _accelerator()
    yield _temporary_files()
    yield from _packages()
    yield _typesetting()
    yield _release()
    for model in find_models():
        if model.problem:
            yield Check(f"model {model.folder.name}", State.BAD, model.problem, "Install the program again.")
        else:
            people = f", reference population of {model.speakers:,} people" if model.speakers else ""
            yield Check(f"model {model.folder.name}", State.GOOD, f"its files have the hashes of its card{people}")


def self_test(watch: Note) -> Check:
    """Compare the example case with its suspects, and compare the likelihood ratios with those that are known.

    Args:
        watch: called with the name of each step.
    """
    name, began = "self-test", time.monotonic()
    example = shipped("examples") / "synthetic"
    known = read_known_lrs(example / KNOWN_LRS)
    try:
        found = example_lrs(watch)
    except ForensicError as error:
        return Check(name, State.BAD, error.problem, error.remedy)
    off = [
        key for key in known.keys() | found.keys() if abs(known.get(key, 99) - found.get(key, 99)) > TOLERANCE_LOG10_LR
    ]
    if off:
        return Check(
            name,
            State.BAD,
            f"{len(off)} of {len(known)} likelihood ratios are not the known ones, for example that of "
            f"{' and '.join(min(off))}.",
            "Do not use this installation for casework. Install the versions in locks/program.txt, and test again.",
        )
    return Check(
        name, State.GOOD, f"all {len(known)} likelihood ratios are the known ones ({time.monotonic() - began:.0f} s)"
    )


def example_lrs(watch: Note) -> dict[tuple[str, str], float]:
    """The log10 LR of each part of a questioned recording of the example and each suspect that gets one.

    Returns:
        By part, such as "call 15 April.wav channel 2", and suspect.
    """
    example = shipped("examples") / "synthetic"
    request = ComparisonRequest(example / "suspects", default_model_folder(), Settings(), workers=1, explains=False)
    answer = identify([example / "questioned"], request, None, None, lambda state: watch(state.in_words), watch)
    return {
        (f"{Path(row['questioned_path']).name} channel {row['channel']}", row["suspect"]): row["log10_lr"]
        for row in answer.comparisons.to_dicts()
        if row["status"] == STATUS_LR
    }


def read_known_lrs(path: Path) -> dict[tuple[str, str], float]:
    """What ``write_known_lrs`` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["questioned"], row["suspect"]): float(row["log10_lr"]) for row in csv.DictReader(file)}


def write_known_lrs(path: Path, lrs: dict[tuple[str, str], float]) -> None:
    """Keep likelihood ratios of the example, for later self-tests to be compared with."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["questioned", "suspect", "log10_lr"])
        writer.writerows([*key, f"{value:.4f}"] for key, value in sorted(lrs.items()))


def _release() -> Check:
    try:
        check_release()
    except ReleaseError as error:
        return Check("release", State.BAD, error.problem, error.remedy)
    return Check("release", State.GOOD, "models and templates are as they were released")


def _machine() -> Check:
    import torch

    features = torch.backends.cpu.get_cpu_capability()
    half = "with bfloat16" if has_bfloat16() else "without bfloat16"
    finding = (
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{default_workers()} processors ({features}, {half})"
    )
    if sys.platform != "linux":
        return Check("machine", State.NOTE, finding, "The program is tested on Linux alone; run the self-test.")
    return Check("machine", State.GOOD, finding)


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    finding = f"{total / 2**30:.1f} GiB"
    if total < _LEAST_MEMORY_BYTES:
        return Check("memory", State.NOTE, finding, "Use --workers 1 where memory runs out.")
    return Check("memory", State.GOOD, finding)


def _accelerator() -> Check:
    import torch

    if torch.cuda.is_available():
        return Check("GPU", State.GOOD, torch.cuda.get_device_name(0))
    return Check("GPU", State.GOOD, "none; none is needed, only training is slow without one")


def _temporary_files() -> Check:
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    finding = f"{free / 2**30:.1f} GiB free in {folder}"
    if free < _LEAST_DISK_BYTES:
        return Check("temporary files", State.NOTE, finding, "Set TMPDIR to a folder with more space.")
    return Check("temporary files", State.GOOD, finding)


def _packages() -> Iterator[Check]:
    """The Python packages that the program needs, and those of its extras."""
    from packaging.requirements import Requirement

    groups: dict[str, list[Requirement]] = {}
    for text in metadata.requires("forensic") or ():
        named = _EXTRA.search(text)
        groups.setdefault(named[1] if named else "", []).append(Requirement(text))
    for extra, requirements in groups.items():
        wrong = [problem for each in requirements if (problem := _wrong_package(each.name, str(each.specifier)))]
        name = f"packages of the extra {extra}" if extra else "packages"
        if not wrong:
            yield Check(name, State.GOOD, f"all {len(requirements)} are installed")
        elif extra:
            yield Check(
                name, State.NOTE, f"missing: {', '.join(wrong)}", f"If you need them: pip install 'forensic[{extra}]'"
            )
        else:
            yield Check(
                name,
                State.BAD,
                f"missing: {', '.join(wrong)}",
                "pip install --no-deps --require-hashes --requirement locks/program.txt",
            )


def _wrong_package(name: str, allowed: str) -> str:
    """The package, if it is missing or of a version that is not allowed."""
    from packaging.specifiers import SpecifierSet

    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return name
    return "" if SpecifierSet(allowed).contains(version, prereleases=True) else f"{name} {allowed}, not {version}"


def _typesetting() -> Check:
    """Whether a page can be made, with letters on it."""
    name = "PDF reports"
    try:
        render_pdf("<html lang='en'><title>Test</title><p>Likelihood ratio</p></html>")
    except ForensicError as error:
        return Check(name, State.BAD, error.problem, error.remedy)
    lister = shutil.which("fc-list")
    if lister and not subprocess.run([lister], capture_output=True, check=False).stdout.strip():  # noqa: S603
        return Check(
            name, State.BAD, "there is no font", "Install one (Debian, Ubuntu: apt-get install fonts-dejavu-core)."
        )
    return Check(name, State.GOOD, "Pango and a font are installed")
