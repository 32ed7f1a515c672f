"""``forensic train``."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forensic.cli.options import WorkersOption
from forensic.cli.terminal import console, meter, shown_path

if TYPE_CHECKING:
    from forensic.cli.terminal import Meter
    from forensic.training.recognition.development import RecognitionResult
    from forensic.training.recognition.trainer import RecognitionProgress
    from forensic.training.speaker.backend import BackendChoice
    from forensic.training.speaker.development import DevelopmentResult
    from forensic.training.speaker.trainer import Progress


def describe(state: "Progress | RecognitionProgress") -> str:
    """The progress of a run, in one line."""
    left = f"{state.seconds_left / 60:.0f} min left"
    return f"step {state.step:,} of {state.steps:,}, loss {state.loss:.3f}, {left}"


def describe_measurement(result: "DevelopmentResult") -> str:
    """Errors on development people by condition, in one line."""
    figures = (f"{each.condition} {100 * each.eer:.2f} % / {each.cllr_min:.3f}" for each in result.conditions)
    return f"Step {result.step:,}, development EER / Cllr_min: {', '.join(figures)}"


def describe_recognition(result: "RecognitionResult") -> str:
    """Accuracy on development people by condition, in one line."""
    figures = (
        f"{each.condition} {100 * (1 - each.error):.1f} / {100 * (1 - each.error_of_five):.1f}"
        for each in result.conditions
    )
    return f"Step {result.step:,}, development top one / top five %: {', '.join(figures)}"


class _Watch:
    """Shows a run: the meter moves, and every measurement prints a line."""

    def __init__(self, bar: "Meter") -> None:
        self._bar, self._shown = bar, -1

    def __call__(self, state: "Progress") -> None:
        result = state.development
        if result.conditions and result.step > self._shown:
            self._shown = result.step
            console.print(describe_measurement(result))
        self._bar.update(state.step, state.steps, describe(state))


class _RecognitionWatch:
    """The same for a run that learns languages or accents."""

    def __init__(self, bar: "Meter") -> None:
        self._bar, self._shown = bar, -1

    def __call__(self, state: "RecognitionProgress") -> None:
        result = state.development
        if result is not None and result.step > self._shown:
            self._shown = result.step
            console.print(describe_recognition(result))
        self._bar.update(state.step, state.steps, describe(state))


def _print_choice(choice: "BackendChoice") -> None:
    console.print("Cllr_min on development people, clean and degraded:")
    for name, (clean, degraded) in choice.cllr_min.items():
        console.print(f"  {name:45} {clean:.3f}  {degraded:.3f}")
    console.print(f"Chosen: {choice.name}")


def train_command(
    configuration: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="Configuration of the training.")],
    out: Annotated[Path, typer.Option(help="Model folder to create.")],
    data: Annotated[
        Path | None,
        typer.Option(help="CSV manifest (path, speaker, ...). Default: data.manifest of the configuration."),
    ] = None,
    task: Annotated[str, typer.Option(help="What the model distinguishes: speaker, language or accent.")] = "speaker",
    init: Annotated[
        str | None,
        typer.Option(help="What to start from: ge2e, random, or a model folder. Default: as in the configuration."),
    ] = None,
    work: Annotated[Path, typer.Option(help="Folder for cached features and checkpoints.")] = Path("work"),
    name: Annotated[str | None, typer.Option(help="Name of the model. Default: the name of the folder.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the model card.")] = "Apache-2.0",
    provenance: Annotated[str, typer.Option(help="Description of the training data, for the model card.")] = "",
    backend_only: Annotated[
        bool,
        typer.Option("--backend-only", help="Do not train: choose how the model in --out scores, and save the choice."),
    ] = False,
    workers: WorkersOption = None,
) -> None:
    """Train a model of speakers, languages or accents; a run that was killed continues from its last checkpoint."""
    _check_task(task, backend_only=backend_only)
    if task != "speaker":
        _train_recognition(task, configuration, out, data, init, work, name, licence, provenance, workers)
        return
    from forensic.engine import default_workers
    from forensic.report.shared.formats import plural
    from forensic.storage.cards import read_card
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
            bar.update(done, total, f"preparing features, {done:,} of {plural(total, 'piece')}")

        if backend_only:
            choice = choose_score(request, watch_features)
        else:
            history = train_model(request, watch_features, _Watch(bar))
    if backend_only:
        _print_choice(choice)
        return
    if history[-1].conditions:
        console.print(f"On development people after {plural(history[-1].step, 'step')}; in brackets, at the start:")
    for first, last in zip(history[0].conditions, history[-1].conditions, strict=True):
        console.print(
            f"  {last.condition:10} EER {100 * last.eer:5.2f} % ({100 * first.eer:.2f} %)  "
            f"Cllr_min {last.cllr_min:.3f} ({first.cllr_min:.3f})  "
            f"{plural(last.comparisons, 'same-speaker comparison')}"
        )
    console.print(f"Score: {read_card(out)['backend']['chosen']}")
    console.print(f"Model: {shown_path(out)}")


def _check_task(task: str, *, backend_only: bool) -> None:
    if task not in {"speaker", "language", "accent"}:
        raise typer.BadParameter("Use speaker, language or accent.", param_hint="--task")
    if backend_only and task != "speaker":
        raise typer.BadParameter(
            "It needs --task speaker: only a speaker model has scores.", param_hint="--backend-only"
        )


def _train_recognition(
    task: str,
    configuration: Path,
    out: Path,
    data: Path | None,
    init: str | None,
    work: Path,
    name: str | None,
    licence: str,
    provenance: str,
    workers: int | None,
) -> None:
    from forensic.engine import default_workers
    from forensic.report.shared.formats import plural
    from forensic.training.recognition.configuration import load_recognition_settings
    from forensic.workflows.train_recognition import RecognitionRequest, train_recognition

    settings = load_recognition_settings(configuration)
    if data is not None:
        settings = dataclasses.replace(settings, data=dataclasses.replace(settings.data, manifest=str(data)))
    if init is not None:
        settings = dataclasses.replace(settings, network=dataclasses.replace(settings.network, lower=init))
    request = RecognitionRequest(
        task, settings, out, work, name or out.name, licence, provenance, workers or default_workers()
    )
    with meter("Training") as bar:

        def watch_features(done: int, total: int) -> None:
            bar.update(done, total, f"preparing features, {done:,} of {plural(total, 'piece')}")

        history, validation = train_recognition(request, watch_features, _RecognitionWatch(bar))
    decision = validation.decision
    covered = sum(decision.covers(label) for label in decision.error)
    console.print(describe_recognition(history[-1]))
    console.print(f"Covered: {covered} of {len(decision.error)} that could be validated")
    console.print(f"Model: {shown_path(out)}")
