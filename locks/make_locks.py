"""Make the lock files again: version and hashes of every package, for each Python and system that has it.

    make locks                                          # keeps the versions that pyproject.toml still allows
    .venv/supply/bin/python locks/make_locks.py --upgrade   # takes the newest that it allows

``program.txt`` is what the program needs and what installs it. ``cuda.txt`` is what torch needs besides, unless it is a
build for processors alone. Each extra of pyproject.toml has a file with what it adds. ``supply.txt`` is for tools in an
environment of their own. uv resolves them, for all Pythons from the oldest on at once.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

LOCKS = Path(__file__).resolve().parent
PROJECT = LOCKS.parent / "pyproject.toml"
INSTALLS = ("editables", "hatchling")
SUPPLY = ("cyclonedx-bom", "pip-audit", "uv")

CPU_BUILDS = {
    "2.13.0": (
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",  # Python 3.11
        "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",  # Python 3.12
        "3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",  # Python 3.13
    )
}
"""SHA-256 of torch's builds for processors alone (Linux, x86-64), which are not on the package index, by version."""

_CUDA = re.compile(r"nvidia-|cuda-|triton\b")
_ENTRY = re.compile(r"^([a-z0-9][a-z0-9._-]*)==[^\n]*\n(?:    [^\n]*\n)*", re.MULTILINE)

Entries = Mapping[str, str]
"""Lines of a lock, by the name of the package; one that differs between Pythons has several requirements there."""


def main() -> None:
    """Write every lock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that are allowed")
    is_upgraded = parser.parse_args().upgrade
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    before = (
        ""
        if is_upgraded
        else "".join(each.read_text() for each in LOCKS.glob("*.txt") if each.stem not in {"supply", "cpu"})
    )
    everything = resolved([*INSTALLS, *project["dependencies"], *chain.from_iterable(extras.values())], before)
    together = "".join(everything.values())
    program = resolved([*INSTALLS, *project["dependencies"]], together)
    cuda = {name: lines for name, lines in program.items() if _CUDA.match(name)}
    write("program", "What the program needs, and what installs it.", program, without=cuda)
    write("cuda", "What torch needs besides, unless it is a build for processors alone.", cuda)
    version = _ENTRY.match(program["torch"])[0].partition(" ")[0]
    hashes = "".join(f" \\\n    --hash=sha256:{sha256}" for sha256 in CPU_BUILDS[version.partition("==")[2]])
    write("cpu", "Torch for processors alone, which is taken where pip finds it.", {"cpu": f"{version}+cpu{hashes}\n"})
    for extra, asked in extras.items():
        write(extra, f"What the extra {extra} adds to program.txt.", resolved(asked, together), without=program)
    supply = LOCKS / "supply.txt"
    tools = resolved(SUPPLY, supply.read_text() if supply.exists() and not is_upgraded else "")
    write("supply", "Tools that look at an installation, and the one that makes these files.", tools)


def resolved(asked: Iterable[str], preferred: str) -> Entries:
    """All that a list of requirements needs, with hashes.

    Args:
        asked: requirements.
        preferred: a lock whose versions are taken where they are allowed.
    """
    with TemporaryDirectory() as folder:
        wanted, lock = Path(folder) / "wanted.in", Path(folder) / "lock.txt"
        wanted.write_text("\n".join(asked), encoding="utf-8")
        lock.write_text(preferred, encoding="utf-8")
        options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"]
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "pip", "compile", "--quiet", *options, "--output-file", lock, wanted], check=True)
        text = lock.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for entry in _ENTRY.finditer(text):
        found[entry[1]] = found.get(entry[1], "") + entry[0]
    return found


def write(name: str, title: str, entries: Entries, without: Entries | None = None) -> None:
    """Write a lock.

    Args:
        name: of the file, without its suffix.
        title: its first line.
        entries: what it holds.
        without: what is left out of it, where it holds on the same systems.
    """
    own = {key: lines for key, lines in sorted(entries.items()) if (without or {}).get(key) != lines}
    kept = [_with_cpu_builds(lines) for lines in own.values()]
    head = f"# {title} Made by locks/make_locks.py.\n"
    (LOCKS / f"{name}.txt").write_text(head + "".join(kept), encoding="utf-8")


def _with_cpu_builds(lines: str) -> str:
    """The lines of a package; torch's with the hashes of its builds for processors alone."""
    torch = re.match(r"torch==(\S+)", lines)
    if torch is None or torch[1].endswith("+cpu"):
        return lines
    if torch[1] not in CPU_BUILDS:
        raise SystemExit(f"torch {torch[1]} is new: add the hashes of its CPU builds to CPU_BUILDS")
    hashes = sorted({*re.findall(r"--hash=(\S+)", lines), *(f"sha256:{each}" for each in CPU_BUILDS[torch[1]])})
    return " \\\n".join([torch[0], *(f"    --hash={each}" for each in hashes)]) + "\n"


if __name__ == "__main__":
    main()
