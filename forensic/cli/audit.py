"""``forensic audit``."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forensic.cli.compare import part_of
from forensic.cli.options import DEFAULT_CASE, JsonOption, WorkersOption
from forensic.cli.terminal import FAILED, columns, console, meter, print_json, shown, shown_path

if TYPE_CHECKING:
    from forensic.workflows.audit import Audit, Checked
    from forensic.workflows.rerun import Rerun

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
    case: Annotated[Path, typer.Argument(help="Case folder, or that of a validation or calibration.")] = DEFAULT_CASE,
    comparison: Annotated[
        str | None, typer.Argument(metavar="ID", help="With --rerun: which comparison. Default: the last one.")
    ] = None,
    time_stamp_request: Annotated[
        Path | None,
        typer.Option(
            help="New file for a request (RFC 3161) to stamp the head of the audit log, to take to a stamping service. "
            "Default: none."
        ),
    ] = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHA256",
            help="Head of the audit log that a report, a seal or a time stamp states: check that the log has it. "
            "May be repeated. Default: those of the results in the case.",
        ),
    ] = None,
    *,
    again: Annotated[
        bool,
        typer.Option(
            "--rerun",
            help="Compute a comparison again from the recordings at their paths, and show LR by LR whether it comes "
            "out the same. Default: check files alone.",
        ),
    ] = False,
    workers: WorkersOption = None,
    verify: Annotated[
        Path | None,
        typer.Option(help="Verify the seal of this report or other file of results, and nothing else. Default: none."),
    ] = None,
    key: Annotated[Path | None, typer.Option(help="With --verify: file of the signer's public key.")] = None,
    seal: Annotated[
        Path | None, typer.Option(help="With --verify: file of the seal. Default: seal.json beside the report.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that log, evidence, results, recordings and models of a case are still those that the log names.

    Nothing of the case is changed. Exit code 1: something differs.
    """
    if verify is not None:
        _verify(verify, key, seal, as_json=as_json)
        return
    if again:
        _rerun(case, comparison, workers, as_json=as_json)
        return
    from forensic.workflows.audit import audit, write_time_stamp_request

    with meter("Checking") as bar:
        found = audit(case, anchor or (), bar.step)
    if time_stamp_request is not None:
        write_time_stamp_request(found.head, time_stamp_request)
    if as_json:
        print_json(_values(found))
    else:
        _print(found)
    if not found.is_right:
        raise typer.Exit(FAILED)


def _verify(report: Path, key: Path | None, seal: Path | None, *, as_json: bool) -> None:
    from forensic.workflows.seal import verify_seal

    found = verify_seal(report, key, seal)
    if as_json:
        print_json({"report": str(report), "is_right": not found.problems, **dataclasses.asdict(found)})
    else:
        for problem in found.problems:
            console.print(f"[red]Different[/] {shown(problem)}")
        if not found.problems:
            console.print(f"{shown_path(report)} is as it was sealed at {shown(found.sealed_utc)}.")
        console.print(f"Signer: {found.signer}")
        console.print(f"Audit log before the seal, SHA-256: {shown(found.audit_head)}")
    if found.problems:
        raise typer.Exit(FAILED)


def _rerun(case: Path, comparison: str | None, workers: int | None, *, as_json: bool) -> None:
    from forensic.report.shared.formats import plural
    from forensic.workflows.rerun import rerun

    with meter("Computing again") as bar:
        found = rerun(case, comparison, workers, bar.step)
    if as_json:
        print_json({"is_equal": found.is_equal, **dataclasses.asdict(found)})
    else:
        for sentence in found.obstacles:
            console.print(f"[red]Not possible[/] {shown(sentence)}")
        for sentence in found.notes:
            console.print(f"[yellow]Note[/] {shown(sentence)}")
        _print_repeated(found)
        equal = sum(row.is_equal for row in found.repeated)
        rows = plural(len(found.repeated), "row")
        console.print(f"Comparison {shown(found.id)}: {equal:,} of {rows} came out the same to the bit.")
    if not found.is_equal:
        raise typer.Exit(FAILED)


def _print_repeated(found: "Rerun") -> None:
    numbers = ("log10 LR then", "now", "Difference")
    table = columns("Questioned", "Suspect", *numbers, right=numbers)
    for row in sorted(found.repeated, key=lambda row: row.is_equal)[:_SHOWN]:
        part = part_of({"speakers": None, "speaker_name": "", **dataclasses.asdict(row)})
        then, now = ("none" if value is None else f"{value:+.6f}" for value in (row.then, row.now))
        difference = "equal" if row.is_equal else "none left" if row.largest_difference is None else ""
        table.add_row(
            shown_path(row.questioned_path) + part,
            shown(row.suspect),
            then,
            now,
            difference or f"{row.largest_difference:.1e}",
        )
    if found.repeated:
        console.print(table)
    if len(found.repeated) > _SHOWN:
        console.print(f"... and {len(found.repeated) - _SHOWN:,} more: see --json.")


def _values(found: "Audit") -> dict[str, object]:
    return {
        "case": str(found.case.absolute()),
        "is_right": found.is_right,
        "head": found.head,
        "lines": found.lines,
        "checked": [dataclasses.asdict(each) for each in found.checked],
    }


def _print(found: "Audit") -> None:
    from forensic.report.shared.formats import plural
    from forensic.workflows.audit import DIFFERENT, NOTE, RIGHT

    counted = ("Checked", "Right", "Different", "Notes")
    table = columns("", *counted, right=counted)
    for kind, name in _NAMES.items():
        own = [each.verdict for each in found.checked if each.kind == kind]
        counts = [own.count(verdict) for verdict in (RIGHT, DIFFERENT, NOTE)]
        red = f"[red]{counts[1]:,}[/]" if counts[1] else "0"
        table.add_row(name, f"{len(own):,}", f"{counts[0]:,}", red, f"{counts[2]:,}")
    console.print(table)
    _print_findings([each for each in found.checked if each.verdict == DIFFERENT], "[red]Different[/]")
    _print_findings([each for each in found.checked if each.verdict == NOTE], "[dim]Note[/]     ")
    console.print(f"Audit log: {plural(found.lines, 'line')}, head {found.head}")
    verdict = "Everything is as the log says." if found.is_right else "[red]Not everything is as the log says.[/]"
    console.print(f"{shown_path(found.case)}: {verdict}")


def _print_findings(found: "list[Checked]", title: str) -> None:
    for each in found[:_SHOWN]:
        console.print(f"{title} {shown(each.finding)}")
    if len(found) > _SHOWN:
        console.print(f"... and {len(found) - _SHOWN:,} more: see --json.")
