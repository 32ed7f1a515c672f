"""``forensic population build``."""

from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.options import ModelOption, WorkersOption
from forensic.cli.terminal import console, meter, shown_path

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
    seed: Annotated[int, typer.Option(help="Of every simulated channel.")] = 1,
    workers: WorkersOption = None,
) -> None:
    """Embed speakers in a grid of simulated conditions, and keep the embeddings beside the model.

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
    )
    with meter("Building the population") as bar:
        folder = build_population(request, lambda done, total: bar.update(done, total, f"{done} of {total} speakers"))
    console.print(f"Population: {shown_path(folder)}")
