"""``forensic population build``."""

from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.options import (
    AddressOption,
    CriterionOption,
    EngineOption,
    ModelOption,
    SettingsOption,
    WorkersOption,
    on_engine,
)
from forensic.cli.terminal import console, meter, shown_path
from forensic.settings import DEFAULT_CRITERION, load_settings

population_app = typer.Typer(
    help="The reference population that likelihood ratios are calibrated on.", no_args_is_help=True
)


@population_app.command("build")
def build_command(
    people: Annotated[
        Path,
        typer.Argument(
            metavar="PEOPLE",
            help="Folder with one folder of recordings per person, or a CSV file (path, speaker, corpus, licence).",
        ),
    ],
    split: Annotated[
        list[str] | None, typer.Option(help="Use only rows of this split; may be repeated. Default: all rows.")
    ] = None,
    sessions: Annotated[
        Path | None, typer.Option(help="Table of path and session: which recordings are of one day.")
    ] = None,
    model: ModelOption = None,
    work: Annotated[Path, typer.Option(help="Folder that keeps computed features for the next run.")] = Path(
        "work/population"
    ),
    as_recorded: Annotated[
        bool,
        typer.Option(
            "--as-recorded",
            help="Take real calls as they are, by the column channel; simulate nothing. Needs --sessions.",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the bank. Default: the model's.")] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Keep the existing bank, and add only the channels that it lacks.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the simulated channels.")] = 1,
    workers: WorkersOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    criterion: CriterionOption = DEFAULT_CRITERION,
    settings: SettingsOption = None,
) -> None:
    """Embed speakers in a grid of simulated conditions, and write the embeddings into the model folder.

    Then validate each condition, and write the envelope: the conditions in which the criterion is met. None of the
    speakers may have taken part in the training of the model.
    """
    from forensic.engine import default_workers
    from forensic.report.shared.formats import plural
    from forensic.speaker.extractor import default_model_folder
    from forensic.workflows.population import PopulationRequest, build_population

    with on_engine(engine, address), meter("Building the population") as bar:
        folder = build_population(
            PopulationRequest(
                people,
                tuple(split or ()),
                model or default_model_folder(),
                work,
                workers or default_workers(),
                seed,
                adds=add,
                sessions=sessions,
                as_recorded=as_recorded,
                out=out,
            ),
            lambda done, total: bar.update(done, total, f"{done} of {plural(total, 'speaker')}"),
        )
    console.print(f"Population: {shown_path(folder)}")
    if out is None:
        _validate(folder, criterion, settings)


@population_app.command("envelope")
def envelope_command(
    model: ModelOption = None,
    criterion: CriterionOption = DEFAULT_CRITERION,
    settings: SettingsOption = None,
) -> None:
    """Validate every condition of a model's reference population again, and write the envelope.

    `forensic compare` issues no LR outside it.
    """
    from forensic.speaker.extractor import default_model_folder

    _validate(model or default_model_folder(), criterion, settings)


def _validate(folder: Path, criterion: float, settings: Path | None) -> None:
    from forensic.report.shared.envelope import limits_in_words
    from forensic.report.shared.formats import plural
    from forensic.validation.bank_envelope import build_envelope

    comparison = load_settings(settings).comparison
    with meter("Validating the population") as bar:
        envelope = build_envelope(
            folder,
            comparison,
            criterion,
            lambda done, total: bar.update(done, total, f"{done} of {plural(total, 'condition')}"),
        )
    console.print(f"Cllr is above {envelope.criterion:.2f} in {plural(len(envelope.missed), 'condition')}.")
    for side, limits in (("questioned", envelope.questioned), ("known", envelope.known)):
        console.print(f"Limits of the {side} side, outside which no LR is issued: {limits_in_words(limits)}")
