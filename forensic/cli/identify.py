"""``forensic identify``."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from forensic.cli.compare import part_of, print_warnings
from forensic.cli.loading import loading
from forensic.cli.options import (
    AcceptChangedOption,
    CalibrationOption,
    ChannelsOption,
    EnvelopeOption,
    JsonOption,
    LabelsOption,
    ModelOption,
    RawOption,
    ReferenceOption,
    ScaleOption,
    SettingsOption,
    SpeakersOption,
    WorkersOption,
)
from forensic.cli.scan import settings_with, show_progress
from forensic.cli.terminal import (
    DONE_WITH_FAILURES,
    LR_COLUMNS,
    columns,
    command_line,
    console,
    lr_cells,
    meter,
    print_json,
    print_rejected,
    shown,
    shown_path,
)

_SUSPECTS_SHOWN = 10


def identify_command(
    questioned: Annotated[
        list[Path], typer.Argument(metavar="QUESTIONED", help="Questioned recordings, or folders of them.")
    ],
    *,
    reference: ReferenceOption,
    case: Annotated[
        Path | None,
        typer.Option(
            help="Case folder for evidence, results and report. Created if it does not exist. Default: nothing is kept."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="New folder for the report and all results, without a case. Default: no report.")
    ] = None,
    channels: ChannelsOption = None,
    raw: RawOption = None,
    speakers: SpeakersOption = None,
    segments: LabelsOption = None,
    model: ModelOption = None,
    settings: SettingsOption = None,
    scale: ScaleOption = None,
    calibration: CalibrationOption = None,
    envelope: EnvelopeOption = None,
    workers: WorkersOption = None,
    accept_changed: AcceptChangedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Rank the suspects for each questioned speaker by likelihood ratio, and say what chance alone would give.

    The speaker may be none of them. Nothing is kept unless --case or --report says where. Exit code 3: done, but some
    recordings were rejected.
    """
    with loading():
        from forensic.case.folder import open_case
        from forensic.comparison.request import ComparisonRequest
        from forensic.speaker.extractor import default_model_folder
        from forensic.workflows.identify import identify

    if case is not None and report is not None:
        raise typer.BadParameter("Give --case or --report, not both: a case has its own folder for reports.")
    request = ComparisonRequest(
        reference=reference,
        model_folder=model or default_model_folder(),
        settings=settings_with(settings, channels, speakers, raw),
        scale=scale,
        workers=workers,
        calibration=calibration,
        envelope=envelope,
        labels=segments,
        command_line=command_line(),
        accepts_changed=accept_changed,
    )
    with (
        open_case(case, create=True) if case else nullcontext() as opened,
        meter("Comparing") as bar,
    ):
        answer = identify(
            questioned,
            request,
            opened,
            report,
            lambda state: show_progress(bar, state),
            bar.step,
        )
    if as_json:
        print_json(answer.results)
    else:
        print_warnings((*answer.results["consistency_warnings"], *answer.results["leakage_warnings"]))
        for speaker in answer.results["identification"]:
            print_ranking(speaker, answer.exhibits)
        if answer.published:
            console.print(f"Report: {shown_path(answer.published.pdf)}")
    if answer.problems:
        print_rejected(answer.problems)
        raise typer.Exit(DONE_WITH_FAILURES)


def print_ranking(speaker: dict[str, Any], exhibits: Mapping[str, str]) -> None:
    """The suspects of one questioned speaker by LR, with what to expect by chance."""
    from forensic.report.shared.formats import plural

    console.print(f"[bold]{shown(exhibits[speaker['questioned_path']])}[/]{part_of(speaker)}")
    ranked = speaker["ranked"]
    if ranked:
        table = columns("", "Suspect", *LR_COLUMNS, right=("", *LR_COLUMNS[:2]))
        for place, row in enumerate(ranked[:_SUSPECTS_SHOWN], 1):
            table.add_row(str(place), shown(row["suspect"]), *lr_cells(row))
        console.print(table)
        if len(ranked) > _SUSPECTS_SHOWN:
            console.print(f"  ... and {len(ranked) - _SUSPECTS_SHOWN:,} more suspects.")
        console.print(
            f"  The speaker may be none of them. If so, {_number(speaker['expected_as_high'])} of "
            f"{plural(len(ranked), 'suspect')} would be expected to reach the highest of these LRs by chance, and "
            f"{_number(speaker['chance'][0]['expected'])} to reach an LR of 1; {speaker['chance'][0]['found']} did."
        )
    for row in speaker["no_lr"][:_SUSPECTS_SHOWN]:
        console.print(f"  [yellow]No LR[/] {shown(row['suspect'])}: {shown(row['reason'])}")


def _number(expected: float) -> str:
    return "less than 0.01" if expected < 0.01 else f"{expected:.2f}"  # noqa: PLR2004
