"""``forensic report``."""

from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.loading import loading
from forensic.cli.options import DEFAULT_CASE
from forensic.cli.terminal import console, meter, shown_path


def report_command(
    case: Annotated[
        Path, typer.Argument(help="Case folder, or a folder of results that `forensic verify --report` made.")
    ] = DEFAULT_CASE,
    comparison: Annotated[
        str, typer.Argument(metavar="[ID]", help="Comparison or linking. Default: the newest comparison.")
    ] = "",
) -> None:
    """Make the report of a comparison or linking again from its stored results, for example after editing case.toml.

    Nothing is compared again: every number stays. The new report is a version of its own (report-2.pdf) beside the
    earlier ones, and the audit log notes it.
    """
    with loading():
        from forensic.workflows.report import report

    with meter("Report") as bar:
        made = report(case, comparison, lambda step: bar.update(0, 1, step))
    console.print(f"Report: {shown_path(made.pdf)} (version {made.version})")
