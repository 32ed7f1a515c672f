"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

CaseOption = Annotated[Path, typer.Option("--case", help="The case folder; made where it is missing.")]
ExistingCaseOption = Annotated[Path, typer.Option("--case", help="The case folder, as a scan made it.")]
SettingsOption = Annotated[Path | None, typer.Option("--settings", help="TOML file of settings; defaults without it.")]
ModelOption = Annotated[Path | None, typer.Option("--model", help="Model folder; the one that ships without it.")]
WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; one a processor without it.")]
ChannelsOption = Annotated[
    str | None,
    typer.Option(
        "--channels",
        help="auto: apart where they differ; split: always apart; mix: always mixed; N: that channel alone.",
    ),
]
SpeakersOption = Annotated[
    str | None,
    typer.Option(
        "--speakers",
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
EnvelopeOption = Annotated[
    Path | None,
    typer.Option("--envelope", help="Envelope of a validation, outside which no LR is issued."),
]

DEFAULT_CRITERION = 0.5
DEFAULT_CASE = Path("case")
