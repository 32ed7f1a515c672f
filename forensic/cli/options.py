"""Options that several commands share."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from forensic.cli.help import EVALUATION, RECORDINGS, RUNNING
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


def _named_model(value: Path | None) -> Path | None:
    """A callback of typer: the folder of a bundled model that is given by its name alone."""
    from forensic.storage.cards import named_folder

    return None if value is None else named_folder(value)


def model_option(what: str, *names: str) -> Any:
    """An option that takes a model, by its name or its folder."""
    return typer.Option(
        *names,
        metavar="MODEL",
        callback=_named_model,
        help=f"{what}: a name that `forensic models` lists, or a folder. Default: the bundled model.",
        rich_help_panel=EVALUATION,
    )


CaseOption = Annotated[Path, typer.Option("--case", metavar="DIR", help="Case folder. Created if it does not exist.")]
ExistingCaseOption = Annotated[
    Path, typer.Option("--case", metavar="DIR", help="Case folder that `forensic scan` made.")
]
SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        help="TOML file of settings. Default: the built-in settings.",
        rich_help_panel=EVALUATION,
        metavar="FILE",
    ),
]
ModelOption = Annotated[Path | None, model_option("Speaker model", "--model")]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Number of processes. Default: one per processor.", rich_help_panel=RUNNING),
]
EngineOption = Annotated[
    Literal["local", "ray"],
    typer.Option(
        "--engine",
        help="Where the work is done. local: processes of this machine; ray: a Ray cluster.",
        rich_help_panel=RUNNING,
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="Head of the Ray cluster; auto: the one that this machine belongs to. Default: a new one of this machine.",
        rich_help_panel=RUNNING,
    ),
]
ChannelsOption = Annotated[
    str | None,
    typer.Option(
        "--channels",
        callback=_checked(check_channels),
        help="How to use the channels of a recording. auto: separately if they differ; split: always separately; "
        "mix: mixed into one; N: channel N alone. Default: the setting audio.channels.",
        rich_help_panel=RECORDINGS,
        metavar="MODE",
    ),
]
RawOption = Annotated[
    list[str] | None,
    typer.Option(
        "--raw",
        metavar="GLOB:codec=C,rate=HZ",
        help="What files without a header hold, for example '*.sln:codec=pcm_s16le,rate=8000'; may be repeated. "
        "Codecs: pcm_s16le and other pcm_..., mulaw, alaw, vox (Dialogic), g722, g726, g729, gsm.",
        rich_help_panel=RECORDINGS,
    ),
]
SpeakersOption = Annotated[
    str | None,
    typer.Option(
        "--speakers",
        callback=_checked(check_speakers),
        help="Number of speakers in one channel. auto: as many as are found; 1: do not separate speakers; N: exactly N "
        "in questioned recordings, as many as are found in suspects' recordings. Default: the setting "
        "diarization.speakers.",
        rich_help_panel=RECORDINGS,
        metavar="N",
    ),
]
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--segments",
        help="Who speaks when, set by an examiner: an RTTM file or an Audacity label track named like its recording, "
        "or a folder of them. Default: what an earlier scan was given.",
        rich_help_panel=RECORDINGS,
    ),
]

CriterionOption = Annotated[
    float,
    typer.Option(
        "--criterion",
        min=0.0,
        help="Largest Cllr at which conditions get LRs, at the upper end of its 95 % interval.",
        rich_help_panel=EVALUATION,
        metavar="CLLR",
    ),
]
ReferenceOption = Annotated[
    Path,
    typer.Option(
        "--ref",
        help="Reference set: a folder with one folder or one recording per suspect, or a CSV file (path, suspect).",
    ),
]
ScaleOption = Annotated[
    Path | None,
    typer.Option(
        "--scale",
        help="TOML file of verbal equivalents. Default: the bundled scale.",
        rich_help_panel=EVALUATION,
        metavar="FILE",
    ),
]
CalibrationOption = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        help="Folder that `forensic calibrate` made. Default: the model's reference population.",
        rich_help_panel=EVALUATION,
        metavar="DIR",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the results as JSON.", rich_help_panel=RUNNING)]
EnvelopeOption = Annotated[
    Path | None,
    typer.Option(
        "--envelope",
        help="Envelope file of a validation: no LR is issued outside it. Default: the envelope of the calibration or "
        "of the reference population.",
        rich_help_panel=EVALUATION,
        metavar="FILE",
    ),
]

AcceptChangedOption = Annotated[
    bool,
    typer.Option(
        "--accept-changed",
        help="Use models, populations, envelopes, scales and templates of your own that changed since the case used "
        "them last. Default: stop there.",
        rich_help_panel=EVALUATION,
    ),
]

DEFAULT_CASE = Path("case")


def on_engine(engine: Literal["local", "ray"], address: str | None) -> AbstractContextManager[None]:
    """Where the work of a command is done, while it is done.

    Raises:
        typer.BadParameter: if an address is given for this machine's own processes.
    """
    if engine == "local":
        if address is not None:
            raise typer.BadParameter("--address is for --engine ray.")
        return nullcontext()
    from forensic.engine import on_ray

    return on_ray(address)
