"""``forensic train``."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forensic.cli.options import WorkersOption
from forensic.cli.terminal import console, meter, shown_path

if TYPE_CHECKING:
    from forensic.training.backend import BackendChoice
    from forensic.training.trainer import Progress


def describe(state: "Progress") -> str:
    """One line on a run."""
    development = state.development
    measured = (
        f", development EER {100 * development.clean_eer:.2f} % clean, {100 * development.degraded_eer:.2f} % degraded"
        if development is not None and development.comparisons
        else ""
    )
    left = f"{state.seconds_left / 60:.0f} min left"
    return f"step {state.step:,} of {state.steps:,}, loss {state.loss:.3f}{measured}, {left}"


def _print_choice(choice: "BackendChoice") -> None:
    console.print("Cllr_min on development people, clean and degraded:")
    for name, (clean, degraded) in choice.cllr_min.items():
        console.print(f"  {name:45} {clean:.3f}  {degraded:.3f}")
    console.print(f"Chosen: {choice.name}")


def train_command(
    configuration: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="What to train on, and how.")],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    data: Annotated[
        Path | None, typer.Option(help="CSV manifest (path, speaker, ...); overrides data.manifest.")
    ] = None,
    init: Annotated[str | None, typer.Option(help="ge2e, random, or a model folder; overrides learning.init.")] = None,
    work: Annotated[Path, typer.Option(help="Folder of cached features and checkpoints.")] = Path("work"),
    name: Annotated[str | None, typer.Option(help="Name of the model; that of the folder without it.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the card.")] = "Apache-2.0",
    provenance: Annotated[str, typer.Option(help="What the card says of the data.")] = "",
    backend_only: Annotated[
        bool, typer.Option("--backend-only", help="Train nothing: choose how the model in --out scores, and keep that.")
    ] = False,
    workers: WorkersOption = None,
) -> None:
    """Train a speaker model; a run that was killed goes on from its last checkpoint."""
    from forensic.card import read_card
    from forensic.engine import default_workers
    from forensic.training.configuration import load_training_settings
    from forensic.workflows.train import TrainingRequest, choose_score, train_model

    settings = load_training_settings(configuration)
    if data is not None:
        settings = dataclasses.replace(settings, data=dataclasses.replace(settings.data, manifest=str(data)))
    if init is not None:
        settings = dataclasses.replace(settings, learning=dataclasses.replace(settings.learning, init=init))
    request = TrainingRequest(settings, out, work, name or out.name, licence, provenance, workers or default_workers())
    with meter("Training") as bar:

        def watch_features(done: int, total: int) -> None:
            bar.update(done, total, f"preparing features, {done:,} of {total:,} pieces")

        if backend_only:
            choice = choose_score(request, watch_features)
        else:
            history = train_model(
                request, watch_features, lambda state: bar.update(state.step, state.steps, describe(state))
            )
    if backend_only:
        _print_choice(choice)
        return
    first, last = history[0], history[-1]
    console.print(f"Development people, {last.comparisons} same-speaker comparisons, EER and Cllr_min (at the start):")
    for kind in ("clean", "degraded"):
        eer, cost = (100 * getattr(result, f"{kind}_eer") for result in (last, first)), f"{kind}_cllr_min"
        now, then = eer
        console.print(f"  {kind:8} {now:5.2f} % ({then:.2f} %)  {getattr(last, cost):.3f} ({getattr(first, cost):.3f})")
    console.print(f"Score: {read_card(out)['backend']['chosen']}")
    console.print(f"Model: {shown_path(out)}")
