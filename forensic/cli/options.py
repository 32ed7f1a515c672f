"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from forensic.errors import SettingsError
from forensic.settings import check_channels, check_speakers


def _checked(check: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """A callback of typer: a value that ``check`` refuses is an error of usage."""

    def callback(value: str | None) -> str | None:
        try:
            return None if value is None else check(value)
        except SettingsError as error:
            raise typer.BadParameter(str(error)) from error

    return callback


CaseOption = Annotated[Path, typer.Option("--case", help="The case folder; made where it is missing.")]
ExistingCaseOption = Annotated[Path, typer.Option("--case", help="The case folder, as a scan made it.")]
SettingsOption = Annotated[Path | None, typer.Option("--settings", help="TOML file of settings; defaults without it.")]
ModelOption = Annotated[Path | None, typer.Option("--model", help="Model folder; the one that ships without it.")]
WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; one a processor without it.")]
ChannelsOption = Annotated[
    str | None,
    typer.Option(
        "--channels",
        callback=_checked(check_channels),
        help="auto: apart where they differ; split: always apart; mix: always mixed; N: that channel alone.",
    ),
]
SpeakersOption = Annotated[
    str | None,
    typer.Option(
        "--speakers",
        callback=_checked(check_speakers),
        help="Speakers in one channel. auto: as many as are found; 1: none are told apart; N: that many in questioned "
        "recordings, as many as are found in suspects' ones.",
    ),
]
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--segments",
        help="Who speaks when, as an examiner set it: an RTTM file or Audacity label track named like its recording, "
        "or a folder of them. Without it, what an earlier scan was given stays.",
    ),
]

CriterionOption = Annotated[
    float,
    typer.Option(
        "--criterion", min=0.0, help="Cllr up to which conditions give LRs, at the upper end of its 95 % interval."
    ),
]
ReferenceOption = Annotated[
    Path,
    typer.Option(
        "--ref",
        help="Reference set: a folder with a folder or a recording per suspect, or a CSV (path, suspect).",
    ),
]
ScaleOption = Annotated[Path | None, typer.Option("--scale", help="TOML file of verbal equivalents.")]
CalibrationOption = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        help="Folder that `forensic calibrate` made, in place of the model's reference population.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
EnvelopeOption = Annotated[
    Path | None,
    typer.Option("--envelope", help="Envelope of a validation, outside which no LR is issued."),
]

DEFAULT_CASE = Path("case")
