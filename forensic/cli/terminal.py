"""What all commands print with: the console, progress, errors. Text from files is escaped here."""

import logging
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from forensic.errors import ForensicError
from forensic.storage.inert import inert, json_text

if TYPE_CHECKING:
    from forensic.records import Failure

DONE, FAILED, USAGE, DONE_WITH_FAILURES, NOT_ACCEPTED = 0, 1, 2, 3, 4
"""Exit codes."""

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 140)
errors = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())

PLAIN_LINE_EVERY_S = 10.0
_REJECTED_SHOWN = 20
_SCHEMA_VERSION = 1
_WIDE = 110  # columns of a terminal in which a long bar leaves room for words
_COUNTED = re.compile(r"(\d+) of (\d+)")
_TYPESETTING, _TYPESETTING_STEPS = re.compile(r"Step (\d) "), 7


def shown(text: object) -> str:
    """Text from outside, harmless in a terminal: control characters as escapes, markup as plain text."""
    return escape(inert(str(text)))


def shown_path(path: Path | str) -> str:
    """A path, relative to the working folder if it is below that."""
    try:
        return shown(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return shown(path)


def complain(error: ForensicError) -> None:
    """Problem and remedy on stderr."""
    errors.print(f"[bold red]Error:[/] {shown(error.problem)}")
    errors.print(f"[bold]Try:[/] {shown(error.remedy)}")


def print_rejected(problems: "Sequence[tuple[Path, Failure]]", most: int = _REJECTED_SHOWN) -> None:
    """Recordings that could not be used, and what would help, on stderr."""
    for path, failure in problems[:most]:
        where = f", channel {failure.channel}" if failure.channel else ""
        errors.print(f"[red]Rejected[/] {shown_path(path)}{where} ({shown(failure.step)}): {shown(failure.problem)}")
        errors.print(f"         {shown(failure.remedy)}")
    if len(problems) > most:
        errors.print(f"... and {len(problems) - most:,} more: see evidence/failures.parquet of the case.")


def print_file(path: Path) -> None:
    """A file of JSON as it is, for a program."""
    typer.echo(path.read_text(encoding="utf-8").rstrip())


def columns(*names: str, right: Sequence[str] = ()) -> Table:
    """A table to fill with rows; a name too long for its column is folded, never cut.

    Args:
        names: of the columns.
        right: those of them whose values are numbers, which are never broken.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        is_number = name in right
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    return table


LR_COLUMNS = ("log10 LR", "95 % interval", "Verbal equivalent")


def lr_cells(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """A likelihood ratio of a table as ``LR_COLUMNS`` show it; beyond a bound its interval is open, as in a report."""
    from forensic.report.shared.formats import is_bound, issued_interval

    lr, ends = row["log10_lr"], (row["log10_lr_low"], row["log10_lr_high"])
    is_bounded = is_bound(lr, row["unbounded_log10_lr"])
    interval = issued_interval(lr, *ends, is_bounded=is_bounded, show="{:+.2f}".format)
    return f"{lr:+.2f}", interval, shown(row["verbal_equivalent"])


def be_quiet(*, wanted: bool) -> None:
    """Print nothing on standard output from now on but what ``print_json`` prints; or print again."""
    console.quiet = wanted


def print_json(results: object) -> None:
    """Results for a program: JSON alone, without colours or lines broken for a screen; an object states its version."""
    typer.echo(json_text({"schema_version": _SCHEMA_VERSION, **results} if isinstance(results, dict) else results))


def command_line() -> str:
    """The command as it was given, for reports."""
    return shlex.join(["forensic", *sys.argv[1:]])


class _Note(ProgressColumn):
    """On one line, cut off where the terminal ends."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", ratio=1))

    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("note", "")), style="dim")


class Meter:
    """A progress bar in a terminal, a plain line now and then elsewhere."""

    def __init__(self, progress: Progress | None, title: str) -> None:
        self._progress, self._title = progress, title
        self._step, self._done, self._note = "", 0, ""
        self._task = progress.add_task(title, total=None, note="") if progress else None
        self._last_line = time.monotonic()

    def update(self, done: float, total: float, note: str) -> None:
        """Show the progress.

        Args:
            done: amount of work done.
            total: amount of work in all, in the same unit.
            note: printed behind it.
        """
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=max(total, 1e-9), note=note)
        elif time.monotonic() - self._last_line >= PLAIN_LINE_EVERY_S:
            self._last_line = time.monotonic()
            share = f"{100 * done / total:.0f} % - " if total else ""
            console.print(f"{self._title}: {share}{note}", markup=False)

    def step(self, note: str) -> None:
        """Show a step of a command by its name; "calibrating, 12 of 57 conditions" shows how far it is as well.

        Time left is that of the step; a step that cannot count shows how long it has taken.
        """
        if note == self._note:
            return
        self._note = note
        counted = _COUNTED.search(note)
        done, total = (int(number) for number in counted.groups()) if counted else (0, 0)
        name = note.partition(",")[0]
        if self._progress is not None and self._task is not None:
            if name != self._step or done < self._done:  # another step, or the same one over
                self._progress.reset(self._task, total=None)
            self._progress.update(self._task, completed=done, total=total or None, note=note)
        elif total or name != self._step:
            self.update(done, total, note)
        self._step, self._done = name, done


class _Typesetting(logging.Handler):
    """Shows how far the typesetting of a PDF is, which WeasyPrint says in its log."""

    def __init__(self, shown: Meter) -> None:
        super().__init__()
        self._meter = shown

    def emit(self, record: logging.LogRecord) -> None:
        """A page of a step is not counted: how many there will be is not known."""
        if step := _TYPESETTING.match(record.getMessage()):
            self._meter.step(f"typesetting, {step[1]} of {_TYPESETTING_STEPS}")


@contextmanager
def meter(title: str) -> Iterator[Meter]:
    """A meter that disappears when the work is done."""
    with _bar(title) as shown:
        log, listener = logging.getLogger("weasyprint.progress"), _Typesetting(shown)
        level = log.level
        log.setLevel(logging.INFO)
        log.addHandler(listener)
        try:
            yield shown
        finally:
            log.removeHandler(listener)
            log.setLevel(level)


@contextmanager
def _bar(title: str) -> Iterator[Meter]:
    if not console.is_terminal:
        yield Meter(None, title)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28 if console.width >= _WIDE else 8),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        _Note(),
    )
    with Progress(*columns, console=console, transient=True, expand=True) as progress:
        yield Meter(progress, title)
