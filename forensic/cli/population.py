"""``forensic population``: build a reference population, add to it, look into it."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.help import Commands
from forensic.cli.options import (
    AddressOption,
    CriterionOption,
    EngineOption,
    JsonOption,
    ModelOption,
    SettingsOption,
    WorkersOption,
    on_engine,
)
from forensic.cli.terminal import columns, console, meter, print_json, shown, shown_path
from forensic.settings import DEFAULT_CRITERION, load_settings

population_app = Commands(
    help="The reference population that likelihood ratios are calibrated on.", no_args_is_help=True
)

SplitOption = Annotated[
    list[str] | None, typer.Option(help="Use only rows of this split; may be repeated. Default: all rows.")
]
SessionsOption = Annotated[
    Path | None, typer.Option(help="Table of path and session: which recordings are of one day.")
]
WorkOption = Annotated[Path, typer.Option(help="Folder that keeps computed features for the next run.")]
OutOption = Annotated[Path | None, typer.Option(help="Folder of the bank. Default: the model's.")]
LeaveOutOption = Annotated[
    Path | None,
    typer.Option(help="Whom to leave out: a CSV file (speaker, reason), or a population.toml."),
]
SeedOption = Annotated[int, typer.Option(help="Seed of the simulated channels.")]


@population_app.command("build")
def build_command(
    people: Annotated[
        Path,
        typer.Argument(
            metavar="PEOPLE",
            help="Folder with one folder of recordings per person, or a CSV file (path, speaker, corpus, licence).",
        ),
    ],
    split: SplitOption = None,
    sessions: SessionsOption = None,
    model: ModelOption = None,
    work: WorkOption = Path("work/population"),
    as_recorded: Annotated[
        bool,
        typer.Option(
            "--as-recorded",
            help="Take real calls as they are, by the column channel; simulate nothing. Needs --sessions.",
        ),
    ] = False,
    out: OutOption = None,
    add: Annotated[
        bool, typer.Option("--add", help="Keep the existing bank, and add only the channels that it lacks.")
    ] = False,
    leave_out: LeaveOutOption = None,
    seed: SeedOption = 1,
    workers: WorkersOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    criterion: CriterionOption = DEFAULT_CRITERION,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Embed speakers in a grid of simulated conditions, and write the embeddings into the model folder.

    Then validate each condition, and write the envelope: the conditions in which the criterion is met. None of the
    speakers may have taken part in the training of the model.
    """
    from forensic.engine import default_workers
    from forensic.speaker.extractor import default_model_folder
    from forensic.workflows.population import PopulationRequest, build_population, read_left_out

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
                left_out=read_left_out(leave_out) if leave_out else {},
            ),
            bar.step,
        )
    console.print(f"Population: {shown_path(folder)}")
    if out is None:
        _validate(folder, criterion, settings, as_json=as_json)


@population_app.command("second")
def second_command(
    people: Annotated[
        Path, typer.Argument(metavar="PEOPLE", help="Folder or CSV file from which the population was built.")
    ],
    second: Annotated[
        str, typer.Option(help="Second model: campplus, or a folder. Default: campplus.", show_default=False)
    ] = "campplus",
    split: SplitOption = None,
    sessions: SessionsOption = None,
    model: ModelOption = None,
    work: WorkOption = Path("work/population"),
    as_recorded: Annotated[
        bool, typer.Option("--as-recorded", help="Take real calls as they are, as for the population.")
    ] = False,
    out: OutOption = None,
    seed: SeedOption = 1,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Embed the speakers of a population with a second model as well.

    Use the same people, options and work folder as for the population: what was simulated then is not simulated again.
    """
    from forensic.engine import default_workers
    from forensic.speaker.extractor import default_model_folder
    from forensic.workflows.population import PopulationRequest
    from forensic.workflows.second_population import build_second

    request = PopulationRequest(
        people,
        tuple(split or ()),
        model or default_model_folder(),
        work,
        workers or default_workers(),
        seed,
        sessions=sessions,
        as_recorded=as_recorded,
        out=out,
    )
    with meter("Embedding the population") as bar:
        folder = build_second(request, second, bar.step)
    if as_json:
        print_json({"folder": str(folder)})
        return
    console.print(f"Second embeddings: {shown_path(folder)}")


@population_app.command("aliases")
def aliases_command(model: ModelOption = None, settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """List names of a population whose voices may be one person's.

    Listen to them and look at where they come from; leave second names of one person out of the next build.
    """
    from forensic.report.shared.formats import plural
    from forensic.speaker.extractor import default_model_folder
    from forensic.validation.aliases import find_aliases

    with meter("Comparing") as bar:
        bar.step("everybody with everybody")
        found = find_aliases(model or default_model_folder(), load_settings(settings).comparison)
    if as_json:
        print_json([dataclasses.asdict(alias) for alias in found])
        return
    console.print(f"{plural(len(found), 'pair')} of names that may be of one person.")
    if not found:
        return
    table = columns("First name", "Second name", "Score", "Own lower", right=("Score", "Own lower"))
    for alias in found:
        table.add_row(shown(alias.first), shown(alias.second), f"{alias.score:.2f}", f"{alias.share:.0%}")
    console.print(table)
    console.print("Own lower: share of people whose own two sides score lower.")


@population_app.command("envelope")
def envelope_command(
    model: ModelOption = None,
    criterion: CriterionOption = DEFAULT_CRITERION,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Validate every condition of a model's reference population again, and write the envelope.

    `forensic compare` issues no LR outside it.
    """
    from forensic.speaker.extractor import default_model_folder

    _validate(model or default_model_folder(), criterion, settings, as_json=as_json)


def _validate(folder: Path, criterion: float, settings: Path | None, *, as_json: bool) -> None:
    from forensic.report.shared.envelope import limits_in_words
    from forensic.report.shared.formats import plural
    from forensic.validation.bank_envelope import build_envelope

    comparison = load_settings(settings).comparison
    with meter("Validating the population") as bar:
        envelope = build_envelope(folder, comparison, criterion, bar.step)
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "criterion": envelope.criterion,
                "missed": len(envelope.missed),
                "questioned": dict(envelope.questioned),
                "known": dict(envelope.known),
            }
        )
    console.print(f"Cllr is above {envelope.criterion:.2f} in {plural(len(envelope.missed), 'condition')}.")
    for side, limits in (("questioned", envelope.questioned), ("known", envelope.known)):
        console.print(f"Limits of the {side} side, outside which no LR is issued: {limits_in_words(limits)}")
