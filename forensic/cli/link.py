"""``forensic link``."""

import json
from typing import Annotated

import typer
from rich.table import Table

from forensic.cli.compare import part_of
from forensic.cli.loading import loading
from forensic.cli.options import (
    DEFAULT_CASE,
    AddressOption,
    CalibrationOption,
    ChannelsOption,
    EngineOption,
    EnvelopeOption,
    ExistingCaseOption,
    JsonOption,
    ModelOption,
    ScaleOption,
    SettingsOption,
    SpeakersOption,
    WorkersOption,
    on_engine,
)
from forensic.cli.scan import settings_with
from forensic.cli.terminal import command_line, console, meter, shown, shown_path

_ROWS_SHOWN = 30


def link_command(
    *,
    case: ExistingCaseOption = DEFAULT_CASE,
    threshold: Annotated[
        float,
        typer.Option(help="Lowest log10 LR of a link, and lowest mean log10 LR at which two clusters are joined."),
    ] = 1.0,
    channels: ChannelsOption = None,
    speakers: SpeakersOption = None,
    model: ModelOption = None,
    settings: SettingsOption = None,
    scale: ScaleOption = None,
    calibration: CalibrationOption = None,
    envelope: EnvelopeOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare all scanned recordings with each other: links by likelihood ratio, clusters of one voice, a report.

    Recordings suspected of one source or session are listed, and not compared. Use the same --model,
    --settings, --channels and --speakers as in the scan.
    """
    with loading():
        from forensic.case.folder import open_case
        from forensic.report.shared.formats import plural
        from forensic.speaker.extractor import default_model_folder
        from forensic.workflows.link import LinkRequest, link

    request = LinkRequest(
        model_folder=model or default_model_folder(),
        settings=settings_with(settings, channels, speakers),
        threshold_log10_lr=threshold,
        scale=scale,
        command_line=command_line(),
        calibration=calibration,
        envelope=envelope,
        workers=workers,
    )
    at_work = on_engine(engine, address)
    with at_work, open_case(case, create=False) as opened, meter("Linking", is_silent=as_json) as bar:
        result = link(opened, request, lambda step: bar.update(0, 1, step))
    if as_json:
        typer.echo(json.dumps(result.results, indent=1, allow_nan=False))
        return
    names = {row["voice"]: shown_path(row["path"]) + part_of(row) for row in result.voices.to_dicts()}
    for cluster in result.clusters[:_ROWS_SHOWN]:
        console.print(
            f"[bold]Cluster {cluster.number}[/]: mean log10 LR {cluster.mean_log10_lr:+.2f}, lowest "
            f"{cluster.lowest_log10_lr:+.2f}, together in {100 * cluster.together:.0f} % of the draws"
        )
        for voice in cluster.voices[:_ROWS_SHOWN]:
            console.print(f"  {names[voice]}")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("Link", "", "log10 LR", "95 % interval", "Verbal equivalent"):
        table.add_column(name, justify="right" if name in {"log10 LR", "95 % interval"} else "left")
    for row in result.links.head(_ROWS_SHOWN).to_dicts():
        table.add_row(
            names[row["known_voice"]],
            names[row["questioned_voice"]],
            f"{row['log10_lr']:+.2f}",
            f"{row['log10_lr_low']:+.2f} to {row['log10_lr_high']:+.2f}",
            shown(row["verbal_equivalent"]),
        )
    if not result.links.is_empty():
        console.print(table)
    if result.links.height > _ROWS_SHOWN:
        console.print(f"... and {result.links.height - _ROWS_SHOWN:,} more: see the table.")
    for suspicion in result.results["suspicions"][:_ROWS_SHOWN]:
        console.print(f"[yellow]Suspected: {suspicion['kind']}[/] {shown(suspicion['finding'])}")
    expected = result.results["expected_by_chance"][0]["expected"]
    console.print(
        f"{plural(result.voices.height, 'voice')}, {plural(result.results['pairs'], 'pair')}, "
        f"{result.results['pairs_with_lr']:,} with an LR; {plural(result.links.height, 'link')}. If every pair "
        f"were of two people, {expected:.1f} would be expected by chance."
    )
    console.print(f"Table:  {shown_path(result.folder / 'links.csv')}")
    console.print(f"Report: {shown_path(result.pdf)}")
