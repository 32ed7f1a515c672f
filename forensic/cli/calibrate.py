"""``forensic calibrate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forensic.cli.options import CriterionOption, JsonOption, ModelOption, SettingsOption, WorkersOption
from forensic.cli.scan import settings_with, show_progress
from forensic.cli.terminal import (
    DONE_WITH_FAILURES,
    columns,
    command_line,
    console,
    meter,
    print_file,
    shown,
    shown_path,
)
from forensic.settings import DEFAULT_CRITERION

if TYPE_CHECKING:
    from forensic.workflows.calibrate import CalibrationResult

_ROWS_SHOWN = 40


def calibrate_command(
    out: Annotated[
        Path, typer.Option("--out", help="New folder for the calibration, to use with `compare --calibration`.")
    ],
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of your own recordings in the conditions of a case. Columns: path, speaker, role (known or "
            "questioned), session; optional: condition, corpus.",
        ),
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of your own scores, made with this model. Columns: score, same_speaker, speaker_known, "
            "speaker_questioned, and the conditions of both sides as in lrs.csv of a validation.",
        ),
    ] = None,
    allow_same_session: Annotated[
        bool,
        typer.Option("--allow-same-session", help="Also use recordings of one session on both sides of a speaker."),
    ] = False,
    criterion: CriterionOption = DEFAULT_CRITERION,
    model: ModelOption = None,
    settings: SettingsOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a calibration for `forensic compare --calibration` from recordings, or scores, of known truth.

    Give --manifest or --scores. Exit code 3: done, but some recordings were left out.
    """
    from forensic.speaker.extractor import default_model_folder
    from forensic.workflows.calibrate import CalibrationRequest, calibrate_on_recordings, calibrate_on_scores

    if (manifest is None) == (scores is None):
        raise typer.BadParameter("Give either --manifest or --scores.")
    if allow_same_session and manifest is None:
        raise typer.BadParameter("--allow-same-session needs --manifest.")
    source = manifest or scores
    assert source is not None
    request = CalibrationRequest(
        source, out, model or default_model_folder(), settings_with(settings), command_line(), criterion
    )
    with meter("Calibrating") as bar:
        if scores is not None:
            result = calibrate_on_scores(request, bar.step)
        else:
            result = calibrate_on_recordings(
                request,
                workers,
                allow_same_session=allow_same_session,
                watch_scan=lambda state: show_progress(bar, state),
                watch=bar.step,
            )
    if as_json:
        print_file(result.folder / "summary.json")
    print_calibrations(result)
    if result.exclusions:
        raise typer.Exit(DONE_WITH_FAILURES)


def print_calibrations(result: "CalibrationResult") -> None:
    """How good the calibration of each pair of conditions is, and what was left out."""
    from forensic.report.shared.formats import plural

    for left in result.exclusions:
        examples = f" ({shown(left.examples[0])})" if left.examples else ""
        what = plural(left.number, left.what.removesuffix("s"))
        console.print(f"[yellow]Left out[/] {what}: {shown(left.reason)}{examples}")
    numbers = ("Speakers", "EER", "Cllr", "Cllr_min", "Bounds of log10 LR")
    table = columns("Known side", "Questioned side", *numbers, right=numbers)
    for each in result.fitted[:_ROWS_SHOWN]:
        fitted = each.calibration
        if fitted is not None:
            table.add_row(
                shown(each.known),
                shown(each.questioned),
                f"{fitted.speakers:,}",
                f"{100 * fitted.eer.value:.1f} %",
                f"{fitted.cllr.value:.3f}",
                f"{fitted.cllr_min.value:.3f}",
                f"{fitted.lower_bound_log10_lr:+.2f} to {fitted.upper_bound_log10_lr:+.2f}",
            )
    if table.row_count:
        console.print(table)
    for each in result.fitted[:_ROWS_SHOWN]:
        if each.calibration is None:
            names = f"{shown(each.known)} / {shown(each.questioned)}"
            console.print(f"[yellow]No calibration[/] {names}: {shown(each.problem)}")
    if result.envelope is None:
        console.print("[yellow]The criterion is met in no condition:[/] no LR will be issued on this calibration.")
    console.print(f"Calibration: {shown_path(result.folder)} (SHA-256 {result.sha256[:16]})")
