"""``forensic compare``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forensic.cli.loading import loading
from forensic.cli.options import (
    DEFAULT_CASE,
    AcceptChangedOption,
    AddressOption,
    CalibrationOption,
    ChannelsOption,
    EngineOption,
    EnvelopeOption,
    ExistingCaseOption,
    JsonOption,
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
from forensic.cli.terminal import (
    DONE_WITH_FAILURES,
    LR_COLUMNS,
    columns,
    command_line,
    console,
    lr_cells,
    meter,
    print_file,
    print_rejected,
    shown,
    shown_path,
)

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
    as_json: JsonOption = False,
    accept_changed: AcceptChangedOption = False,
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
        accepts_changed=accept_changed,
    )
    with on_engine(engine, address), open_case(case, create=False) as opened, meter("Comparing") as bar:
        result = compare(opened, request, lambda state: show_progress(bar, state), bar.step)
    if as_json:
        print_file(result.folder / "results.json")
    print_warnings(result.warnings)
    print_ranked(result.comparisons, result.exhibits)
    console.print(f"Table:  {shown_path(result.folder / 'comparisons.csv')}")
    console.print(f"Report: {shown_path(result.pdf)}")
    print_blank(case)
    if result.known.failed or result.known.failed_channels:
        print_rejected(result.known.problems)
        raise typer.Exit(DONE_WITH_FAILURES)


def print_blank(case: Path) -> None:
    """What the examiner has not said about the case yet."""
    from forensic.case.details import CASE_FILE, blank_details, load_case_details

    blank = blank_details(load_case_details(case))
    if blank:
        console.print(
            f"[yellow]Note[/] {shown_path(case / CASE_FILE)} does not say {', '.join(blank)}: the report has blanks "
            "there. Fill it in, and make the report again (`forensic report`)."
        )


def print_warnings(warnings: Sequence[str]) -> None:
    """What was found on the way, before the LRs that it is about."""
    for warning in warnings[:_ROWS_SHOWN]:
        console.print(f"[yellow]Warning[/] {shown(warning)}")
    if len(warnings) > _ROWS_SHOWN:
        console.print(f"... and {len(warnings) - _ROWS_SHOWN:,} more warnings, in the report and its JSON file.")


def print_ranked(comparisons: "pl.DataFrame", exhibits: Mapping[str, str]) -> None:
    """The comparisons with an LR, highest first, and how many have none; identical recordings once.

    Args:
        comparisons: of one outcome.
        exhibits: what the report calls each questioned recording, by its path.
    """
    import polars as pl

    from forensic.comparison.tables import STATUS_LR
    from forensic.report.shared.formats import plural

    place = {path: n for n, path in enumerate(exhibits)}
    once = (
        comparisons.sort(pl.col("questioned_path").replace_strict(place, default=len(place)), maintain_order=True)
        .with_columns(content=pl.coalesce("questioned_sha256", "questioned_path"))
        .unique(["content", "channel", "turn", "suspect"], keep="first", maintain_order=True)
    )
    ranked = once.filter(pl.col("status") == STATUS_LR).sort("log10_lr", descending=True, maintain_order=True)
    refused = once.filter(pl.col("status") != STATUS_LR)
    table = columns("Questioned", "Suspect", *LR_COLUMNS, right=LR_COLUMNS[:2])
    for row in ranked.head(_ROWS_SHOWN).to_dicts():
        table.add_row(shown(exhibits[row["questioned_path"]]) + part_of(row), shown(row["suspect"]), *lr_cells(row))
    if not ranked.is_empty():
        console.print(table)
    if ranked.height > _ROWS_SHOWN:
        console.print(f"... and {ranked.height - _ROWS_SHOWN:,} more: see the table.")
    console.print(
        f"{plural(once.height, 'comparison')}: {ranked.height:,} with an LR, {refused.height:,} with no LR issued."
    )
    if copies := comparisons["questioned_path"].n_unique() - once["questioned_path"].n_unique():
        console.print(f"Files with the same bytes as another, not counted again: {copies:,}.")
    if of_both := int(ranked["fused_score"].is_not_null().sum()):
        console.print(f"{of_both:,} of the LRs rest on both models; the table has what each says alone.")
    reasons = refused.group_by(
        "questioned_path", "channel", "turn", "speakers", "speaker_name", "reason", maintain_order=True
    ).agg(pl.len())
    for row in reasons.head(_ROWS_SHOWN).to_dicts():
        console.print(
            f"[yellow]No LR[/] {shown(exhibits[row['questioned_path']])}{part_of(row)}: {shown(row['reason'])}"
        )


def part_of(row: Mapping[str, Any]) -> str:
    """Which part of a recording a comparison is of: ", channel 1 speaker 2 of 3 (Rossi)"; empty for the whole of it."""
    from forensic.report.shared.labels import channel_label

    label = shown(channel_label("", row["channel"], row["turn"], row["speakers"], row["speaker_name"]).strip())
    if not label:
        return ""
    return f" {label}" if label.startswith("(") else f", {label}"
