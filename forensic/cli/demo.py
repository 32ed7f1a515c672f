"""``forensic demo``."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.compare import compare_command
from forensic.cli.options import JsonOption
from forensic.cli.scan import scan_command
from forensic.cli.terminal import DONE_WITH_FAILURES, console, shown_path
from forensic.errors import CaseError
from forensic.storage.shipped import shipped


def demo_command(
    out: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder for the example's recordings and its case.")
    ] = Path("demo"),
    as_json: JsonOption = False,
) -> None:
    """Copy the example into a folder, scan and compare it, and write its report: a first look in a minute.

    Its voices are synthetic: its figures say nothing about real people.
    """
    example, case = shipped("examples") / "synthetic", out / "case"
    if out.exists() and not (case / "case.toml").exists() and any(out.iterdir()):
        raise CaseError(f"{out} holds other files.", "Name a new folder.")
    shutil.copytree(example, out, dirs_exist_ok=True)
    case.mkdir(exist_ok=True)
    shutil.copy(example / "case.toml", case / "case.toml")
    (out / "case.toml").unlink()
    _step(f"$ forensic scan {shown_path(out)}/questioned --case {shown_path(case)}")
    try:
        scan_command([out / "questioned"], case=case)
    except typer.Exit as stopped:
        if stopped.exit_code != DONE_WITH_FAILURES:
            raise
        _step("Two recordings are rejected, as they should be: one is damaged, one has no speech worth the name.")
    _step(f"$ forensic compare --ref {shown_path(out)}/suspects --case {shown_path(case)}")
    compare_command(out / "suspects", case=case, as_json=as_json)
    _step("The voices of this example are synthetic: its figures say nothing about real people.")


def _step(text: str) -> None:
    console.print(f"[bold]{text}[/]")
