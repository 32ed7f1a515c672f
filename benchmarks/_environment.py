"""Environments of their own for the systems that ours is measured against."""

import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

_LOCK = Path(__file__).resolve().parent.parent / "locks" / "program.txt"


def pinned(*packages: str) -> list[str]:
    """The packages as pip takes them, in the versions that the project has."""
    lines = [line.partition(" ")[0] for line in _LOCK.read_text().splitlines()]
    return [line for line in lines if line.partition("==")[0] in packages]


def python_with(folder: Path, name: str, steps: Sequence[Sequence[str]], trial: str) -> Path:
    """The Python of an environment, made at the first call.

    Args:
        folder: of the environment.
        name: of what is installed, as the user is told.
        steps: what ``pip install`` is called with, one call each.
        trial: a Python statement that fails unless all is there.
    """
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        print(f"Installing {name} into {folder} ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        for step in steps:
            subprocess.run([python, "-m", "pip", "install", "-q", *step], check=True)
        subprocess.run([python, "-c", trial], check=True)
        done.touch()
    return python
