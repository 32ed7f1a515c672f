"""``forensic turns``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forensic.cli.options import DEFAULT_CASE, ChannelsOption, JsonOption, RawOption, SettingsOption
from forensic.cli.scan import settings_with
from forensic.cli.terminal import columns, console, meter, print_json, shown, shown_path

if TYPE_CHECKING:
    from forensic.workflows.turns import Voice


def turns_command(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="Case folder that `forensic scan` made.")] = DEFAULT_CASE,
    *,
    of: Annotated[
        str, typer.Option("--of", metavar="NAME", help="Only recordings whose path has this in it. Default: all.")
    ] = "",
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the turns as label files (RTTM, Audacity) to correct. Default: list them alone."
        ),
    ] = None,
    voices: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the speech of each voice as a WAV file to listen to. Default: list it alone."
        ),
    ] = None,
    channels: ChannelsOption = None,
    raw: RawOption = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who speaks when in the recordings of a case, found or set by hand, and write it to hear and correct it.

    Correct the label files in an editor or in Audacity, and scan again with --segments. With --voices, use the same
    --settings, --channels and --raw as in the scan.
    """
    from forensic.case.folder import open_case
    from forensic.report.shared.formats import plural
    from forensic.workflows.turns import export_turns, find_turns, write_voices

    with open_case(case, create=False) as opened:
        found = [voice for voice in find_turns(opened) if of in str(voice.path)]
    if as_json:
        print_json([_results(voice) for voice in found])
    _print(found)
    if export is not None:
        number = export_turns(found, export)
        console.print(
            f"Turns of {plural(number, 'recording')}: {shown_path(export)}/rttm, {shown_path(export)}/audacity"
        )
    if voices is not None:
        with meter("Writing") as bar:
            written = write_voices(
                found,
                voices,
                settings_with(settings, channels, raw=raw).audio,
                lambda done, total: bar.update(done, total, f"{done:,} of {plural(total, 'voice')}"),
            )
        console.print(f"{plural(len(written), 'voice')}: {shown_path(voices)}")


def _print(found: "list[Voice]") -> None:
    """With names below the folder of all: several suspects may have an interview.flac."""
    from forensic.report.case.exhibits import common_folder

    folder = common_folder([str(voice.path) for voice in found])
    table = columns("Recording", "Voice", "Speech", "Turns", "Set by", right=("Speech", "Turns"))
    last = None
    for voice in found:
        table.add_row(
            shown(str(voice.path).removeprefix(folder)) if voice.path != last else "",
            shown(voice.label),
            f"{voice.net_speech_s:.1f} s",
            f"{len(voice.turns):,}" if voice.turns else "",
            shown_path(voice.labels_path) if voice.labels_path else "",
        )
        last = voice.path
    console.print(table)


def _results(voice: "Voice") -> dict[str, Any]:
    return {
        "path": str(voice.path),
        "channel": voice.channel,
        "speaker": voice.number,
        "speakers": voice.speakers,
        "speaker_name": voice.name or None,
        "net_speech_s": voice.net_speech_s,
        "labels_path": voice.labels_path or None,
        "turns": [{"start_s": turn.start_s, "end_s": turn.end_s} for turn in voice.turns],
    }
