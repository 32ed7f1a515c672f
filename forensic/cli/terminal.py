"""What all commands print with: the console, progress, errors. Text from files is escaped here."""

import math
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from forensic.errors import ForensicError

if TYPE_CHECKING:
    from forensic.records import Failure

DONE, FAILED, USAGE, DONE_WITH_FAILURES, NOT_ACCEPTED = 0, 1, 2, 3, 4
"""Exit codes."""

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 140)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

_PLAIN_LINE_EVERY_S = 10.0


def shown(text: object) -> str:
    """Text from outside, harmless in a terminal: control characters as escapes, markup as plain text."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(text))
    return escape(safe)


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


def print_rejected(problems: "Sequence[tuple[Path, Failure]]") -> None:
    """Recordings that could not be used, and what would help."""
    for path, failure in problems:
        errors.print(f"[red]Rejected[/] {shown_path(path)} ({shown(failure.step)}): {shown(failure.problem)}")
        errors.print(f"         {shown(failure.remedy)}")


def command_line() -> str:
    """The command as it was given, for reports."""
    return shlex.join(["forensic", *sys.argv[1:]])


class _Note(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("note", "")), style="dim")


class Meter:
    """A progress bar in a terminal, a plain line now and then elsewhere."""

    def __init__(self, progress: Progress | None, title: str, every_s: float = _PLAIN_LINE_EVERY_S) -> None:
        self._progress, self._title, self._every_s = progress, title, every_s
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
        elif time.monotonic() - self._last_line >= self._every_s:
            self._last_line = time.monotonic()
            share = 100 * done / total if total else 100.0
            console.print(f"{self._title}: {share:.0f} % - {note}", markup=False)


@contextmanager
def meter(title: str, *, is_silent: bool = False) -> Iterator[Meter]:
    """A meter that disappears when the work is done; a silent one prints nothing, for --json."""
    if is_silent:
        yield Meter(None, title, every_s=math.inf)
        return
    if not console.is_terminal:
        yield Meter(None, title)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True),
        _Note(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Meter(progress, title)
