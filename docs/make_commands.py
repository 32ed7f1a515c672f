"""Run the example of every command, keep what it prints, and write the page of all commands and the manual pages.

    python docs/make_commands.py            # runs the examples, which takes a minute
    python docs/make_commands.py --page     # writes the pages alone

The examples are in ``forensic/cli/examples.toml``, from where the help of each command takes its own; the page
``docs/commands.md`` is that help. A test runs the examples again and compares them with what is kept.
"""

import argparse
import contextlib
import csv
import io
import math
import os
import re
import shlex
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import typer

import forensic
from forensic.cli import app as cli
from forensic.cli import terminal
from forensic.cli.help import EXAMPLES, first_sentence
from forensic.storage.shipped import shipped

PAGE = Path(__file__).with_name("commands.md")
MANUALS = Path(__file__).with_name("man")
EXIT_CODES = (
    "0 done; 1 failed; 2 wrong usage; 3 done, but some recordings were rejected; "
    "4 a criterion of a validation was missed."
)
WIDTH = 76
"""Of what is printed: the help indents it by two."""

_VARIES = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}|\b[0-9a-f]{8,64}\b|\d+")


def run_examples(names: set[str] | None = None) -> Iterator[tuple[str, str]]:
    """Run the examples that can be run, one after the other in a new folder.

    Args:
        names: of the commands, without "forensic"; None for all.

    Yields:
        Name and what was printed.
    """
    before = Path.cwd()
    width, soft_wrap, is_quiet = terminal.console.width, terminal.console.soft_wrap, terminal.console.quiet
    every_s = terminal.PLAIN_LINE_EVERY_S
    with tempfile.TemporaryDirectory(prefix="examples-") as folder:
        os.chdir(folder)
        terminal.console.width, terminal.console.soft_wrap = WIDTH, False
        terminal.PLAIN_LINE_EVERY_S = math.inf  # how far a command is depends on the machine
        try:
            for name, each in read_examples().items():
                if each.get("runs", True) and (names is None or name in names):
                    yield name, printed(shlex.split(each["command"])[1:])
                    if name == "demo":
                        _write_scores(Path("robbery/scores.csv"))
        finally:
            os.chdir(before)
            terminal.console.width, terminal.console.soft_wrap = width, soft_wrap
            terminal.PLAIN_LINE_EVERY_S = every_s
            terminal.console.quiet = is_quiet


def printed(arguments: list[str]) -> str:
    """What a command prints on standard output and standard error; its exit code must be 0 or 3."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code = typer.main.get_command(cli.app).main(arguments, prog_name="forensic", standalone_mode=False)
        except typer.Exit as stopped:
            code = stopped.exit_code
    if code not in {0, None, terminal.DONE_WITH_FAILURES}:
        raise RuntimeError(f"forensic {shlex.join(arguments)} ended with {code}:\n{text.getvalue()}")
    installed = str(shipped("models").parent)
    return "\n".join(line.rstrip().replace(installed, "...") for line in text.getvalue().splitlines())


def read_examples() -> dict[str, dict[str, Any]]:
    """What the file has, by command."""
    return tomllib.loads(EXAMPLES.read_text(encoding="utf-8"))


def shortened(text: str, first: int, last: int) -> str:
    """The first and last lines, and "..." for those between."""
    lines = text.splitlines()
    if len(lines) <= first + last:
        return text
    return "\n".join([*lines[:first], "...", *lines[len(lines) - last :]])


def alike(text: str) -> list[str]:
    """The lines without what differs from run to run or machine to machine: digits, hashes, widths of columns."""
    return [" ".join(_VARIES.sub("#", line).split()) for line in text.splitlines()]


def fill_in() -> None:
    """Run the examples, and keep what they print."""
    examples = read_examples()
    for name, text in run_examples():
        examples[name]["output"] = shortened(text, examples[name].get("first", 0), examples[name].get("last", 0))
    header = EXAMPLES.read_text(encoding="utf-8").partition("\n\n")[0] + "\n"
    tables = []
    for name, each in examples.items():
        lines = [f"[{name}]" if " " not in name else f'["{name}"]', f'command = "{each["command"]}"']
        lines += [f"{key} = {each[key]}" for key in ("first", "last") if key in each]
        lines += ["runs = false"] if not each.get("runs", True) else []
        lines += [f"output = '''\n{each['output'].strip(chr(10))}\n'''"]
        tables.append("\n".join(lines))
    EXAMPLES.write_text(header + "\n" + "\n\n".join(tables) + "\n", encoding="utf-8")


def page() -> str:
    """The help of every command, as a page."""
    parts = [
        "# Commands\n",
        "This page is what `forensic COMMAND --help` prints; `python docs/make_commands.py` writes it.\n",
    ]
    for name, _ in _commands(typer.main.get_command(cli.app), "forensic"):
        parts.append(f"## {name}\n\n```text\n{_help([*name.split()[1:], '--help'])}\n```\n")
    return "\n".join(parts)


def _help(arguments: list[str]) -> str:
    text = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "80"
    try:
        with contextlib.redirect_stdout(text), contextlib.suppress(typer.Exit):
            typer.main.get_command(cli.app).main(arguments, prog_name="forensic", standalone_mode=False)
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return text.getvalue().rstrip()


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for part, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{name} {part}")


def _write_scores(path: Path) -> None:
    """Scores of all pairs of 12 speakers, drawn from normal distributions."""
    rng = np.random.default_rng(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["score", "same_speaker", "speaker_known", "speaker_questioned"])
        for known in range(12):
            for questioned in range(12):
                score = rng.normal(3.0 if known == questioned else 0.0)
                writer.writerow([f"{score:.4f}", int(known == questioned), f"s{known}", f"s{questioned}"])


def manual(name: str, command: Any) -> str:
    """The help of a command as a manual page, for ``man``.

    Args:
        name: such as "forensic compare".
        command: of that name.
    """
    title = name.replace(" ", "-").upper()
    lines = [line.replace("\\", "\\e") for line in _help([*name.split()[1:], "--help"]).splitlines()]
    body = "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)
    return (
        f'.TH "{title}" "1" "" "forensic {forensic.__version__}" "Forensic voice comparison"\n'
        f".SH NAME\n{name.replace(' ', '-')} \\- {first_sentence(command).rstrip('.')}\n"
        f".SH HELP\n.nf\n{body}\n.fi\n"
        f".SH EXIT STATUS\n{EXIT_CODES}\n.SH SEE ALSO\n.BR forensic (1)\n"
    )


def manuals() -> dict[str, str]:
    """Every manual page by the name of its file."""
    commands = _commands(typer.main.get_command(cli.app), "forensic")
    return {f"{name.replace(' ', '-')}.1": manual(name, command) for name, command in commands}


def main() -> None:
    """Fill in the examples, and write the page and the manual pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--page", action="store_true", help="write the pages alone")
    if not parser.parse_args().page:
        fill_in()
    PAGE.write_text(page(), encoding="utf-8")
    MANUALS.mkdir(exist_ok=True)
    for name, text in manuals().items():
        (MANUALS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
