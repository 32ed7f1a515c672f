"""Run the tutorial on real speech, and keep what it printed and what its report looks like.

    python docs/make_tutorial.py [--speech ../shared/speech]

Every command of docs/tutorial-real.md is run, in the order of the page, in an empty folder; those below the mark "needs
the network" are not. What a command prints goes into the block below it, three pages of the report into docs/pictures.
Needs ``pdftoppm`` (Debian: poppler-utils) for the pictures. A test runs the same commands where the speech is in place.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "tutorial-real.md"
PICTURES = ROOT / "docs" / "pictures"
CORPUS = Path("population") / "speechocean762"
"""Of the folder of speech: a folder of recordings for each speaker."""

_BLOCK = re.compile(r"(<!-- needs the network -->\n)?```sh\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)

_PROGRESS = re.compile(r"(Scanning|Comparing|Reporting|Checking): ")
"""Lines of a step that takes long, which depends on the machine."""


def main() -> None:
    """Run, fill in, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    options = parser.parse_args()
    if shutil.which("pdftoppm") is None:
        sys.exit("Error: there is no pdftoppm.\nTry: apt-get install poppler-utils")
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(followed(Path(folder), options.speech), encoding="utf-8")
        (results,) = (Path(folder) / "real" / "case" / "comparisons").iterdir()
        PICTURES.mkdir(exist_ok=True)
        for name, page in (("report-page-1", 1), ("report-comparison", 4), ("report-voices", 6)):
            command = ["pdftoppm", "-r", "80", "-png", "-singlefile", "-f", str(page), "-l", str(page)]
            subprocess.run([*command, results / "report-2.pdf", PICTURES / name], check=True)


def followed(folder: Path, speech: Path) -> str:
    """Follow the tutorial in an empty folder.

    Args:
        folder: that is worked in.
        speech: folder with the corpora.

    Returns:
        The page, with what the commands printed.
    """
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "speechocean762").mkdir()
    (folder / "speechocean762" / "WAVE").symlink_to((speech / CORPUS).resolve())
    return _BLOCK.sub(lambda block: _run(block, folder), PAGE.read_text(encoding="utf-8"))


def _run(block: re.Match[str], folder: Path) -> str:
    network, commands, shown = block.groups()
    if network:
        return block[0]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    settings = {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "FORENSIC_PASSPHRASE": "a passphrase of the tutorial"}
    done = subprocess.run(
        ["bash", "-e", "-u", "-c", commands],
        cwd=folder,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{commands}\n{done.stdout}{done.stderr}")
    if shown is None:
        return block[0]
    printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines() if not _PROGRESS.match(line))
    return f"```sh\n{commands}```\n\n```text\n{printed}```\n"


if __name__ == "__main__":
    main()
