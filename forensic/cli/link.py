"""``forensic link``."""

from typing import Annotated

import typer

from forensic.cli.compare import part_of
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
    ModelOption,
    ScaleOption,
    SettingsOption,
    SpeakersOption,
    WorkersOption,
    on_engine,
)
from forensic.cli.scan import settings_with
from forensic.cli.terminal import (
    LR_COLUMNS,
    columns,
    command_line,
    console,
    lr_cells,
    meter,
    print_json,
    shown,
    shown_path,
)

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
    accept_changed: AcceptChangedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare all scanned recordings with each other: links by likelihood ratio, clusters of one voice, a report.

    Recordings suspected of one source or session are listed, and not compared. Use the same --model,
    --settings, --channels and --speakers as in the scan.
    """
    with loading():
        from forensic.case.folder import open_case
        from forensic.report.case.exhibits import common_folder
        from forensic.report.shared.formats import plural
        from forensic.speaker.extractor import default_model_folder
        from forensic.workflows.link import LinkRequest, link

    request = LinkRequest(
        model_folder=model or default_model_folder(),
        settings=settings_with(settings, channels, speakers),
        threshold_log10_lr=threshold,
        scale=scale,
        command_line=command_line(),
        accepts_changed=accept_changed,
        calibration=calibration,
        envelope=envelope,
        workers=workers,
    )
    with on_engine(engine, address), open_case(case, create=False) as opened, meter("Linking") as bar:
        result = link(opened, request, bar.step)
    if as_json:
        print_json(result.results)
        return
    below = common_folder(result.voices["path"].to_list())
    names = {
        row["voice"]: f"{row['voice']} {shown(row['path'].removeprefix(below))}{part_of(row)}"
        for row in result.voices.to_dicts()
    }
    for cluster in result.clusters[:_ROWS_SHOWN]:
        console.print(
            f"[bold]Cluster {cluster.number}[/]: mean log10 LR {cluster.mean_log10_lr:+.2f}, lowest "
            f"{cluster.lowest_log10_lr:+.2f}, together in {100 * cluster.together:.0f} % of the draws"
        )
        for voice in cluster.voices[:_ROWS_SHOWN]:
            console.print(f"  {names[voice]}")
    table = columns("Voices", *LR_COLUMNS, right=LR_COLUMNS[:2])
    for row in result.links.head(_ROWS_SHOWN).to_dicts():
        table.add_row(f"{names[row['known_voice']]}\n{names[row['questioned_voice']]}", *lr_cells(row))
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
    if result.results["pairs_pruned"]:
        console.print(f"{plural(result.results['pairs_pruned'], 'pair')} pruned. {result.results['pruned_because']}")
    console.print(f"Table:  {shown_path(result.folder / 'links.csv')}")
    console.print(f"Report: {shown_path(result.pdf)}")
