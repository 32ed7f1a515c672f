"""``forensic verify``."""

from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.compare import part_of, print_ranked, print_warnings
from forensic.cli.loading import loading
from forensic.cli.options import (
    CalibrationOption,
    ChannelsOption,
    EnvelopeOption,
    JsonOption,
    LabelsOption,
    ModelOption,
    RawOption,
    ScaleOption,
    SettingsOption,
    SpeakersOption,
)
from forensic.cli.scan import settings_with
from forensic.cli.terminal import (
    DONE_WITH_FAILURES,
    command_line,
    console,
    meter,
    print_json,
    print_rejected,
    shown,
    shown_path,
)


def verify_command(
    questioned: Annotated[
        Path, typer.Argument(metavar="QUESTIONED", help="Questioned recording, of an unknown speaker.")
    ],
    known: Annotated[Path, typer.Argument(help="Recording of the known speaker.")],
    *,
    channels: ChannelsOption = None,
    raw: RawOption = None,
    speakers: SpeakersOption = None,
    segments: LabelsOption = None,
    model: ModelOption = None,
    settings: SettingsOption = None,
    scale: ScaleOption = None,
    calibration: CalibrationOption = None,
    envelope: EnvelopeOption = None,
    report: Annotated[
        Path | None, typer.Option(help="New folder for the report and all results. Default: no report.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare one questioned recording with one of a known speaker: a likelihood ratio, or why there is none.

    If the questioned recording has several channels or speakers, each gets its own. Nothing is kept unless --report
    says where. Exit code 3: done, but a recording was rejected.
    """
    with loading():
        from forensic.comparison.request import ComparisonRequest
        from forensic.speaker.extractor import default_model_folder
        from forensic.workflows.verify import verify

    request = ComparisonRequest(
        reference=known,
        model_folder=model or default_model_folder(),
        settings=settings_with(settings, channels, speakers, raw),
        scale=scale,
        workers=1,  # starting a process takes longer than examining two recordings
        calibration=calibration,
        envelope=envelope,
        labels=segments,
        command_line=command_line(),
    )
    with meter("Comparing") as bar:
        answer = verify(questioned, known, request, report, bar.step)
    if as_json:
        print_json(answer.results)
    else:
        print_ranked(answer.comparisons, answer.exhibits)
        print_reasons(answer.results)
        if answer.published:
            console.print(f"Report: {shown_path(answer.published.pdf)}")
    if answer.problems:
        print_rejected(answer.problems)
        raise typer.Exit(DONE_WITH_FAILURES)


def print_reasons(results: dict[str, object]) -> None:
    """What each LR rests on, and the warnings."""
    from forensic.report.shared.formats import plural

    calibrations = results["calibrations"]
    assert isinstance(calibrations, dict)
    comparisons = results["comparisons"]
    assert isinstance(comparisons, list)
    for row in comparisons:
        if row["calibration_id"] is None:
            continue
        calibration = calibrations[row["calibration_id"]]
        part = f"{part_of(row).removeprefix(', ')}: " if part_of(row) else ""
        console.print(
            f"{part}questioned side like {shown(row['questioned_cell'])} ({shown(row['questioned_differs'])}), "
            f"known side like {shown(row['known_cell'])} ({shown(row['known_differs'])}); "
            f"{plural(calibration['speakers'], 'reference speaker')}, "
            f"Cllr {calibration['cllr']['value']:.3f} in those conditions (0 is perfect, 1 is worthless)."
        )
    for name in ("consistency_warnings", "leakage_warnings"):
        warnings = results[name]
        assert isinstance(warnings, list)
        print_warnings(warnings)
