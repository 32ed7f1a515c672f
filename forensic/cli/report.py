"""``forensic report``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from forensic.cli.loading import loading
from forensic.cli.options import DEFAULT_CASE, AcceptChangedOption, JsonOption
from forensic.cli.terminal import console, meter, print_json, shown_path


def report_command(
    case: Annotated[
        Path, typer.Argument(help="Case folder, or a folder of results that `forensic verify --report` made.")
    ] = DEFAULT_CASE,
    comparison: Annotated[
        str, typer.Argument(metavar="ID", help="Comparison or linking. Default: the newest comparison.")
    ] = "",
    *,
    also: Annotated[
        Literal["docx"] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Write this format too: docx, to edit in Word. Default: PDF and HTML alone.",
        ),
    ] = None,
    with_audio: Annotated[
        bool,
        typer.Option(
            "--with-audio",
            help="Let the HTML page play the speech that was used. The recordings must still be in place.",
        ),
    ] = False,
    phonetics: Annotated[
        bool,
        typer.Option(
            "--phonetics",
            help="Describe the voices beside each LR: fundamental frequency, formants, articulation rate. Needs Praat "
            "(the extra `forensic[phonetics]`), and the recordings in place.",
        ),
    ] = False,
    language: Annotated[str, typer.Option(help="Language of the report: en, de. Default: the one in case.toml.")] = "",
    listening: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New folder for WAV files of the highest LRs: questioned speech, known speech, both in turn. "
            "Default: none are written.",
        ),
    ] = None,
    accept_changed: AcceptChangedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make the report of a comparison or linking again from its stored results, for example after editing case.toml.

    Nothing is compared again: every number stays. The new report is a version of its own (report-2.pdf) beside the
    earlier ones, and the audit log notes it.
    """
    with loading():
        from forensic.workflows.report import ReportRequest, report

    request = ReportRequest(comparison, also == "docx", with_audio, phonetics, language, listening, accept_changed)
    with meter("Reporting") as bar:
        made = report(case, request, bar.step)
    if as_json:
        files = {"html": made.html, "pdf": made.pdf, "docx": made.docx}
        print_json(
            {
                "version": made.version,
                **{name: str(path) for name, path in files.items() if path is not None},
                "unheard": [str(path) for path in made.unheard],
            }
        )
        return
    for path in made.unheard:
        console.print(f"[yellow]Not heard[/] {shown_path(path)}: it is gone, or no longer what was examined.")
    console.print(f"Report: {shown_path(made.pdf)} (version {made.version})")
    if made.docx is not None:
        console.print(f"Word:   {shown_path(made.docx)}")
