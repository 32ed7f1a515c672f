"""``forensic compare``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from forensic.cli.loading import loading
from forensic.cli.options import (
    DEFAULT_CASE,
    AddressOption,
    CalibrationOption,
    ChannelsOption,
    EngineOption,
    EnvelopeOption,
    ExistingCaseOption,
    LabelsOption,
    ModelOption,
    RawOption,
    ReferenceOption,
    ScaleOption,
    SettingsOption,
    SpeakersOption,
    WorkersOption,
    on_engine,
)
from forensic.cli.scan import settings_with, show_progress
from forensic.cli.terminal import DONE_WITH_FAILURES, command_line, console, meter, shown, shown_path

if TYPE_CHECKING:
    import polars as pl

_ROWS_SHOWN = 25


def compare_command(
    reference: ReferenceOption,
    case: ExistingCaseOption = DEFAULT_CASE,
    questioned: Annotated[
        list[str] | None,
        typer.Option(
            help="Compare only these scanned recordings: a path, folder or glob; may be repeated. Default: all."
        ),
    ] = None,
    channels: ChannelsOption = None,
    raw: RawOption = None,
    speakers: SpeakersOption = None,
    segments: LabelsOption = None,
    model: ModelOption = None,
    settings: SettingsOption = None,
    scale: ScaleOption = None,
    population: Annotated[
        Path | None,
        typer.Option(
            help="People of the relevant population, as for `forensic population build`. Their speech is simulated in "
            "the conditions of this case. Default: the nearest conditions of the model's reference population.",
        ),
    ] = None,
    calibration: CalibrationOption = None,
    envelope: EnvelopeOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
) -> None:
    """Compare the scanned questioned recordings with suspects, and write likelihood ratios and a report.

    Use the same --model, --settings, --channels and --speakers as in the scan; --segments is for the suspects'
    recordings. Exit code 3: done, but some of the suspects' recordings were rejected.
    """
    with loading():
        from forensic.case.folder import open_case
        from forensic.comparison.request import ComparisonRequest
        from forensic.speaker.extractor import default_model_folder
        from forensic.workflows.compare import compare

    if population is not None and calibration is not None:
        raise typer.BadParameter("Give --population or --calibration, not both.")
    request = ComparisonRequest(
        reference=reference,
        model_folder=model or default_model_folder(),
        settings=settings_with(settings, channels, speakers, raw),
        questioned=tuple(questioned or ()),
        scale=scale,
        workers=workers,
        people=population,
        calibration=calibration,
        labels=segments,
        envelope=envelope,
        command_line=command_line(),
    )
    with on_engine(engine, address), open_case(case, create=False) as opened, meter("Comparing") as bar:
        result = compare(opened, request, lambda state: show_progress(bar, state), lambda step: bar.update(0, 1, step))
    print_warnings(result.warnings)
    print_ranked(result.comparisons)
    console.print(f"Table:  {shown_path(result.folder / 'comparisons.csv')}")
    console.print(f"Report: {shown_path(result.pdf)}")
    if result.known.failed or result.known.failed_channels:
        for path, failure in result.known.problems:
            console.print(f"[red]Rejected[/] {shown_path(path)} ({shown(failure.step)}): {shown(failure.problem)}")
            console.print(f"         {shown(failure.remedy)}")
        raise typer.Exit(DONE_WITH_FAILURES)


def print_warnings(warnings: Sequence[str]) -> None:
    """What was found on the way, before the LRs that it is about."""
    for warning in warnings[:_ROWS_SHOWN]:
        console.print(f"[yellow]Warning[/] {shown(warning)}")
    if len(warnings) > _ROWS_SHOWN:
        console.print(f"... and {len(warnings) - _ROWS_SHOWN:,} more warnings, in the report and its JSON file.")


def print_ranked(comparisons: "pl.DataFrame") -> None:
    """The comparisons with an LR, highest first, and how many have none."""
    import polars as pl

    from forensic.comparison.tables import STATUS_LR
    from forensic.report.shared.formats import plural

    ranked = comparisons.filter(pl.col("status") == STATUS_LR).sort("log10_lr", descending=True)
    table = Table(title=None, box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name, justify in (
        ("Questioned", "left"),
        ("Suspect", "left"),
        ("log10 LR", "right"),
        ("95 % interval", "right"),
        ("", "left"),
        ("Verbal equivalent", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in ranked.head(_ROWS_SHOWN).to_dicts():
        table.add_row(
            shown_path(row["questioned_path"]) + part_of(row),
            shown(row["suspect"]),
            f"{row['log10_lr']:+.2f}",
            f"{row['log10_lr_low']:+.2f} to {row['log10_lr_high']:+.2f}",
            "bounded" if row["log10_lr"] != row["unbounded_log10_lr"] else "",
            shown(row["verbal_equivalent"]),
        )
    if not ranked.is_empty():
        console.print(table)
    if ranked.height > _ROWS_SHOWN:
        console.print(f"... and {ranked.height - _ROWS_SHOWN:,} more: see the table.")
    refused = comparisons.filter(pl.col("status") != STATUS_LR)
    console.print(
        f"{plural(comparisons.height, 'comparison')}: {ranked.height:,} with an LR, "
        f"{refused.height:,} with no LR issued."
    )
    reasons = refused.group_by("questioned_path", "channel", "turn", "speakers", "reason", maintain_order=True).agg(
        pl.len()
    )
    for row in reasons.head(_ROWS_SHOWN).to_dicts():
        console.print(f"[yellow]No LR[/] {shown_path(row['questioned_path'])}{part_of(row)}: {shown(row['reason'])}")


def part_of(row: Mapping[str, Any]) -> str:
    """Which part of a recording a comparison is of: ", speaker 2 of 3 in channel 1"; empty for the whole of it."""
    speaker = f"speaker {row['turn']} of {row['speakers']}" if row["turn"] else ""
    channel = f"channel {row['channel']}" if row["channel"] else ""
    return f", {speaker}{' in ' if speaker and channel else ''}{channel}" if speaker or channel else ""
