"""``forensic scan``."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from forensic.cli.options import (
    DEFAULT_CASE,
    AddressOption,
    CaseOption,
    ChannelsOption,
    EngineOption,
    JsonOption,
    LabelsOption,
    ModelOption,
    RawOption,
    SettingsOption,
    SpeakersOption,
    WorkersOption,
    on_engine,
)
from forensic.cli.terminal import (
    DONE_WITH_FAILURES,
    Meter,
    console,
    meter,
    print_json,
    print_rejected,
    shown,
    shown_path,
)
from forensic.settings import Settings, load_settings, with_raw

if TYPE_CHECKING:
    from forensic.examination.ledger import ScanSummary
    from forensic.records import Failure

_PROBLEMS_SHOWN = 20


def scan_command(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of recordings, or files.")],
    case: CaseOption = DEFAULT_CASE,
    include: Annotated[
        list[str] | None, typer.Option(help="Scan only files that fit this glob; may be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out files that fit this glob; may be repeated.")
    ] = None,
    channels: ChannelsOption = None,
    raw: RawOption = None,
    speakers: SpeakersOption = None,
    segments: LabelsOption = None,
    model: ModelOption = None,
    settings: SettingsOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    as_json: JsonOption = False,
    set_aside: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Set the evidence of the case aside, and its audit log if that is broken, and examine every recording "
            "again. Default: stop where either was changed.",
        ),
    ] = False,
) -> None:
    """Find the recordings in folders, and store the speech, quality and embeddings of each in the case.

    A second run continues where the first one stopped, and examines only what is new or changed. Exit code 3: done,
    but some recordings were rejected.
    """
    from forensic.engine import warm_up

    if workers != 1 and engine == "local":
        warm_up(["forensic.examination.examine"])  # while the modules below load
    from forensic.case.discovery import check_roots
    from forensic.case.folder import open_case
    from forensic.examination.scan import ScanRequest, scan
    from forensic.speaker.extractor import default_model_folder

    request = ScanRequest(
        roots=tuple(folders),
        side="questioned",
        model_folder=model or default_model_folder(),
        settings=settings_with(settings, channels, speakers, raw),
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        workers=workers,
        labels=segments,
    )
    check_roots(folders)  # before a case is made for them
    with (
        on_engine(engine, address),
        open_case(case, create=True, sets_aside=set_aside) as opened,
        meter("Scanning") as bar,
    ):
        summary = scan(opened, request, lambda state: show_progress(bar, state))
    if as_json:
        print_json(scan_results(summary))
    print_summary(summary)
    console.print(f"Case: {shown_path(case)}")
    print_rejected(summary.problems)
    if summary.failed or summary.failed_channels:
        raise typer.Exit(DONE_WITH_FAILURES)


def settings_with(
    path: Path | None, channels: str | None = None, speakers: str | None = None, raw: Sequence[str] | None = None
) -> Settings:
    """The settings of a file, with the options of the command line over them; what follows writes as they allow."""
    settings = with_raw(load_settings(path), raw)
    os.umask(settings.case.umask)
    if channels is not None:
        audio = dataclasses.replace(settings.audio, channels=channels)
        settings = dataclasses.replace(settings, audio=audio)
    if speakers is not None:
        diarization = dataclasses.replace(settings.diarization, speakers=speakers)
        settings = dataclasses.replace(settings, diarization=diarization)
    return settings


def show_progress(bar: Meter, state: "ScanSummary") -> None:
    """One state of a scan."""
    from forensic.report.shared.formats import plural

    if state.second_waiting:
        done = state.second_voices + state.second_lacking
        bar.step(f"second opinion, {done} of {plural(state.second_waiting, 'voice')}")
        return
    note = f"{state.files_done:,} of {plural(state.files, 'file')}"
    if state.audio_s:
        note += f", {state.audio_s / 3600:.2f} h of audio, {state.times_real_time:.0f} times real time"
    bar.update(state.bytes_done + state.bytes_heard, state.bytes_total, note)


def scan_results(summary: "ScanSummary") -> dict[str, Any]:
    """How a scan went, in JSON values."""
    counts = ("files", "examined", "already_examined", "duplicates", "skipped", "failed", "failed_channels", "labelled")
    return {
        **{name: getattr(summary, name) for name in counts},
        "audio_s": summary.audio_s,
        "net_speech_s": summary.net_speech_s,
        "elapsed_s": summary.elapsed_s,
        "several_speakers": [
            {"path": str(path), "channel": channel, "speakers": number}
            for path, channel, number in summary.several_speakers
        ],
        "rejected": [{"path": str(path)} | failure_results(failure) for path, failure in summary.problems],
        "skips": [{"path": str(path), "reason": reason} for path, reason in summary.skips],
    }


def failure_results(failure: "Failure") -> dict[str, Any]:
    """Why a recording was rejected, in JSON values."""
    return {
        "channel": failure.channel,
        "step": failure.step,
        "problem": failure.problem,
        "remedy": failure.remedy,
    }


def print_summary(summary: "ScanSummary") -> None:
    """The closing table, and what went wrong."""
    from forensic.report.shared.formats import plural

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column()
    table.add_row("Files found", f"{summary.files:,}")
    table.add_row("Examined now", f"{summary.examined:,}")
    for name, count, style in (
        ("Examined before", summary.already_examined, ""),
        ("Identical to another file", summary.duplicates, ""),
        ("Skipped, no audio", summary.skipped, ""),
        ("Rejected recordings", summary.failed, "red"),
        ("Channels without evidence", summary.failed_channels, "yellow"),
        ("Turns set by hand", summary.labelled, ""),
        ("Channels with several speakers", len(summary.several_speakers), "yellow"),
    ):
        if count:
            table.add_row(name, f"[{style}]{count:,}[/]" if style else f"{count:,}")
    if summary.examined:
        table.add_row("Audio / speech in it", f"{summary.audio_s / 60:.1f} min / {summary.net_speech_s / 60:.1f} min")
        table.add_row("Speed", f"{summary.times_real_time:.0f} times real time, {summary.elapsed_s:.1f} s in all")
    if summary.second_voices or summary.second_lacking:
        cost = f"{summary.second_speech_s / 60:.1f} min of speech in {summary.second_elapsed_s:.1f} s"
        table.add_row("Second opinion", f"{plural(summary.second_voices, 'voice')}, {cost}")
    if summary.second_lacking:
        table.add_row("Without second opinion", f"[yellow]{plural(summary.second_lacking, 'voice')}[/]")
    console.print(table)
    _print_speakers(summary)
    for path, reason in summary.skips[:_PROBLEMS_SHOWN]:
        console.print(f"[dim]Skipped[/]  {shown_path(path)}: {shown(reason)}")


def _print_speakers(summary: "ScanSummary") -> None:
    """The channels in which several speakers were found."""
    from forensic.report.shared.formats import plural

    for path, channel, number in summary.several_speakers[:_PROBLEMS_SHOWN]:
        where = f" in channel {channel}" if channel else ""
        console.print(f"[yellow]{plural(number, 'speaker')}[/]{where}: {shown_path(path)}")
    if len(summary.several_speakers) > _PROBLEMS_SHOWN:
        console.print(f"... and {len(summary.several_speakers) - _PROBLEMS_SHOWN} more.")
    if summary.several_speakers:
        console.print(
            "Who speaks when is in the folder turns of the case. Correct it there, and scan again with --segments."
        )
