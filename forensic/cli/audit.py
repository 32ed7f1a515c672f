"""``forensic audit``."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from forensic.cli.options import DEFAULT_CASE, JsonOption
from forensic.cli.terminal import FAILED, console, shown, shown_path
from forensic.storage.inert import json_text

if TYPE_CHECKING:
    from forensic.workflows.audit import Audit, Checked

_SHOWN = 40

_NAMES = {
    "log": "Audit log",
    "evidence": "Evidence tables",
    "results": "Files of results",
    "recording": "Recordings at their paths",
    "basis": "Own models, populations, scales",
    "release": "Files of the release",
    "case": "Case folder",
}


def audit_command(
    case: Annotated[Path, typer.Argument(help="Case folder.")] = DEFAULT_CASE,
    time_stamp_request: Annotated[
        Path | None,
        typer.Option(
            help="New file for a request (RFC 3161) to stamp the head of the audit log, to take to a stamping service. "
            "Default: none."
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Check that log, evidence, results, recordings and models of a case are still those that the log names.

    Nothing of the case is changed. Exit code 1: something differs.
    """
    from forensic.workflows.audit import audit, write_time_stamp_request

    found = audit(case)
    if time_stamp_request is not None:
        write_time_stamp_request(found.head, time_stamp_request)
    if as_json:
        typer.echo(json_text(_values(found)))
    else:
        _print(found)
    if not found.is_right:
        raise typer.Exit(FAILED)


def _values(found: "Audit") -> dict[str, object]:
    return {
        "case": str(found.case.absolute()),
        "is_right": found.is_right,
        "head": found.head,
        "lines": found.lines,
        "checked": [dataclasses.asdict(each) for each in found.checked],
    }


def _print(found: "Audit") -> None:
    from forensic.workflows.audit import DIFFERENT, NOTE, RIGHT

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "Checked", "Right", "Different", "Notes"):
        table.add_column(name, justify="right" if name else "left")
    for kind, name in _NAMES.items():
        own = [each.verdict for each in found.checked if each.kind == kind]
        counts = [own.count(verdict) for verdict in (RIGHT, DIFFERENT, NOTE)]
        red = f"[red]{counts[1]:,}[/]" if counts[1] else "0"
        table.add_row(name, f"{len(own):,}", f"{counts[0]:,}", red, f"{counts[2]:,}")
    console.print(table)
    _print_findings([each for each in found.checked if each.verdict == DIFFERENT], "[red]Different[/]")
    _print_findings([each for each in found.checked if each.verdict == NOTE], "[dim]Note[/]     ")
    console.print(f"Audit log: {found.lines:,} lines, head {found.head}")
    verdict = "Everything is as the log says." if found.is_right else "[red]Not everything is as the log says.[/]"
    console.print(f"{shown_path(found.case)}: {verdict}")


def _print_findings(found: "list[Checked]", title: str) -> None:
    for each in found[:_SHOWN]:
        console.print(f"{title} {shown(each.finding)}")
    if len(found) > _SHOWN:
        console.print(f"... and {len(found) - _SHOWN:,} more: see --json.")
