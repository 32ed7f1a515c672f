"""``forensic validate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forensic.cli.options import JsonOption, ModelOption, SettingsOption, WorkersOption
from forensic.cli.scan import settings_with, show_progress
from forensic.cli.terminal import (
    DONE_WITH_FAILURES,
    NOT_ACCEPTED,
    columns,
    command_line,
    console,
    meter,
    print_file,
    shown,
    shown_path,
)

if TYPE_CHECKING:
    from forensic.workflows.validate import ValidationResult

_EXCLUSIONS_SHOWN = 12


def validate_command(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the report and the tables. Created if it does not exist.")
    ],
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of recordings. Columns: path, speaker, role (known or questioned), session; optional: "
            "corpus, language, sex, condition.",
        ),
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of comparisons. Columns: score, same_speaker (1 or 0), speaker_known, speaker_questioned; "
            "optional: corpus, condition, language, sex, codec, duration, snr.",
        ),
    ] = None,
    shipped: Annotated[
        bool,
        typer.Option("--shipped", help="Validate on the real telephone calls that ship with the model, as embeddings."),
    ] = False,
    log10_lr: Annotated[
        bool,
        typer.Option(
            "--log10-lr",
            help="The scores are log10 LRs: use them unchanged. Default: calibrate each score on other speakers.",
        ),
    ] = False,
    criteria: Annotated[
        Path | None, typer.Option(help="TOML file of acceptance criteria, fixed in advance. Default: none.")
    ] = None,
    allow_same_session: Annotated[
        bool,
        typer.Option("--allow-same-session", help="Also compare recordings of one session with each other."),
    ] = False,
    envelope: Annotated[
        Path | None,
        typer.Option(
            "--envelope",
            help="Envelope file of an earlier validation: no LR is issued outside it. Default: no limit.",
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the report: en, de. Default: en.")] = "",
    model: ModelOption = None,
    settings: SettingsOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how good likelihood ratios are where the truth is known, and judge them by criteria.

    Give --manifest, --scores or --shipped. Exit code 3: done, but some recordings were rejected; 4: done, but an
    acceptance criterion was not met.
    """
    from forensic.speaker.extractor import default_model_folder
    from forensic.workflows.validate import ValidationRequest, validate_recordings, validate_scores, validate_shipped

    if (manifest is not None) + (scores is not None) + shipped != 1:
        raise typer.BadParameter("Give one of --manifest, --scores and --shipped.")
    if log10_lr and scores is None:
        raise typer.BadParameter("--log10-lr needs --scores.")
    if allow_same_session and manifest is None:
        raise typer.BadParameter("--allow-same-session needs --manifest.")
    if envelope is not None and manifest is None:
        raise typer.BadParameter("--envelope needs --manifest.")
    request = ValidationRequest(
        manifest or scores or out, out, settings_with(settings), criteria, command_line(), envelope, language
    )
    with meter("Validating") as bar:
        if shipped:
            result = validate_shipped(request, model or default_model_folder(), bar.step)
        elif scores is not None:
            result = validate_scores(request, are_log10_lr=log10_lr, watch=bar.step)
        else:
            result = validate_recordings(
                request,
                model or default_model_folder(),
                workers,
                allow_same_session=allow_same_session,
                watch_scan=lambda state: show_progress(bar, state),
                watch=bar.step,
            )
    if as_json:
        print_file(result.folder / "validation.json")
    print_result(result)
    if result.is_accepted is False:
        raise typer.Exit(NOT_ACCEPTED)
    if result.rejected_recordings:
        raise typer.Exit(DONE_WITH_FAILURES)


def print_result(result: "ValidationResult") -> None:
    """Counts, measures, criteria, and the paths of the files."""
    from forensic.report.shared.formats import format_share, plural
    from forensic.report.validation.judgement import describe
    from forensic.report.validation.measures import list_measures
    from forensic.report.validation.names import show_figure

    every = result.everything
    console.print(
        f"{plural(every.speakers, 'speaker')}; LRs of {every.same:,} same-speaker and "
        f"{plural(every.different, 'different-speaker comparison')}; "
        f"{every.refused_same + every.refused_different:,} with no LR issued."
    )
    for each in result.exclusions[:_EXCLUSIONS_SHOWN]:
        examples = f" ({shown(each.examples[0])})" if each.examples else ""
        what = plural(each.number, each.what.removesuffix("s"))
        console.print(f"[yellow]Left out[/] {what}: {shown(each.reason)}{examples}")
    if len(result.exclusions) > _EXCLUSIONS_SHOWN:
        console.print(f"... and {len(result.exclusions) - _EXCLUSIONS_SHOWN:,} more reasons: see the report.")
    figures = ("As issued", "95 % interval", "Before the bounds")
    table = columns("Measure", *figures, right=figures)
    for row in list_measures(every):
        table.add_row(row.name, row.value, row.interval, row.unbounded)
    if table.row_count:
        console.print(table)
    else:
        console.print("Nothing could be measured: there are too few speakers, or comparisons of one kind only.")
    if (alike := result.by_person) is not None:
        console.print(
            f"Every person weighing alike, before the bounds: Cllr {alike.cllr.value:.2f} ({alike.cllr.low:.2f} to "
            f"{alike.cllr.high:.2f}); {format_share(alike.misleading.value)} of same-speaker LRs below 1 "
            f"({format_share(alike.misleading.low)} to {format_share(alike.misleading.high)})."
        )
    for verdict in result.verdicts:
        mark = "[green]met[/]    " if verdict.is_met else "[red]not met[/]"
        judged = "no figure"
        if verdict.judged is not None:
            judged = show_figure(verdict.criterion.measure, verdict.judged)
        console.print(f"{mark} {describe(verdict)}: {judged} ({shown(verdict.group)})")
    console.print(f"Figures: {shown_path(result.folder / 'validation.json')}")
    console.print(f"Report:  {shown_path(result.pdf)}")
