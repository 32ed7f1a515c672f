"""``forensic population build``."""

from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.options import CriterionOption, ModelOption, SettingsOption, WorkersOption
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
            help="A folder with a folder of recordings for each person, or a CSV (path, speaker, corpus, licence).",
        ),
    ],
    split: Annotated[
        list[str] | None, typer.Option(help="Use rows of this split; may be repeated; all without it.")
    ] = None,
    model: ModelOption = None,
    work: Annotated[Path, typer.Option(help="Folder of features already made.")] = Path("work/population"),
    add: Annotated[
        bool, typer.Option("--add", help="Keep the bank that is there, and add the channels that it lacks.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of every simulated channel.")] = 1,
    workers: WorkersOption = None,
    criterion: CriterionOption = DEFAULT_CRITERION,
    settings: SettingsOption = None,
) -> None:
    """Embed speakers in a grid of simulated conditions, and keep the embeddings beside the model.

    Each condition is validated at once, and where the criterion is met is kept as well, as the envelope.
    None of them may have taken part in the training of the model.
    """
    from forensic.engine import default_workers
    from forensic.speaker.extractor import default_model_folder
    from forensic.workflows.population import PopulationRequest, build_population

    request = PopulationRequest(
        people,
        tuple(split or ()),
        model or default_model_folder(),
        work,
        workers or default_workers(),
        seed,
        adds=add,
    )
    with meter("Building the population") as bar:
        folder = build_population(request, lambda done, total: bar.update(done, total, f"{done} of {total} speakers"))
    console.print(f"Population: {shown_path(folder)}")
    _validate(folder, criterion, settings)


@population_app.command("envelope")
def envelope_command(
    model: ModelOption = None,
    criterion: CriterionOption = DEFAULT_CRITERION,
    settings: SettingsOption = None,
) -> None:
    """Validate every condition of a model's reference population anew, and keep where the criterion is met.

    Outside of it `forensic compare` issues no LR.
    """
    from forensic.speaker.extractor import default_model_folder

    _validate(model or default_model_folder(), criterion, settings)


def _validate(folder: Path, criterion: float, settings: Path | None) -> None:
    from forensic.report.shared.envelope import limits_in_words
    from forensic.validation.bank_envelope import build_envelope

    comparison = load_settings(settings).comparison
    with meter("Validating the population") as bar:
        envelope = build_envelope(
            folder, comparison, criterion, lambda done, total: bar.update(done, total, f"{done} of {total} conditions")
        )
    console.print(f"Cllr of at most {envelope.criterion:.2f} was met in all conditions but {len(envelope.missed)}.")
    for side, limits in (("questioned", envelope.questioned), ("known", envelope.known)):
        console.print(f"No LR outside, on the {side} side: {limits_in_words(limits)}")
