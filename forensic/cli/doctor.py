"""``forensic doctor``."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from forensic.cli.loading import loading
from forensic.cli.options import JsonOption
from forensic.cli.terminal import FAILED, console, errors, meter, print_json, shown

if TYPE_CHECKING:
    from forensic.workflows.doctor import Check

_MARKS = {"good": "[green]good[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/] "}


def doctor_command(
    test: Annotated[
        bool, typer.Option("--test/--no-test", help="Also compare the example case, and check its likelihood ratios.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Check this installation: what is there, what is missing and how to get it, and whether known LRs come out.

    Exit code 1: something is missing or wrong.
    """
    with loading():
        from forensic.workflows.doctor import State, examine_installation, self_test

    checks = []
    for check in examine_installation():
        checks.append(check)
        _print(check)
    if test:
        with meter("Testing") as bar:
            check = self_test(bar.step)
        checks.append(check)
        _print(check)
    if as_json:
        print_json([dataclasses.asdict(each) for each in checks])
    wrong = [each for each in checks if each.state == State.BAD]
    if wrong:
        errors.print(f"[bold red]Not ready:[/] {shown(', '.join(each.name for each in wrong))}.")
        raise typer.Exit(FAILED)
    console.print("Ready for use." if test else "Complete; the self-test was left out.")


def _print(check: "Check") -> None:
    console.print(f"{_MARKS[check.state]} {check.name}: {shown(check.finding)}")
    if check.remedy:
        console.print(f"     {shown(check.remedy)}")
