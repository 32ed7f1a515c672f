"""``forensic train``."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forensic.cli.options import JsonOption, WorkersOption
from forensic.cli.terminal import console, meter, print_json, shown_path

if TYPE_CHECKING:
    from forensic.cli.terminal import Meter
    from forensic.training.configuration import TrainingSettings
    from forensic.training.model_folder import TrainingRequest
    from forensic.training.recognition.configuration import RecognitionSettings
    from forensic.training.recognition.development import RecognitionResult
    from forensic.training.recognition.trainer import RecognitionProgress
    from forensic.training.speaker.development import DevelopmentResult
    from forensic.training.speaker.trainer import Progress
    from forensic.workflows.train import RecognitionRequest, SpeakerRequest


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
        typer.Option(
            help="What to start from: ge2e, random, or a model folder; for languages and accents, the speaker model "
            "that is heard. Default: as in the configuration."
        ),
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
    as_json: JsonOption = False,
) -> None:
    """Train a model of speakers, languages or accents; a run that was killed continues from its last checkpoint."""
    _check_task(task, backend_only=backend_only)
    from forensic.engine import default_workers
    from forensic.report.shared.formats import plural
    from forensic.training.model_folder import TrainingRequest

    def request(settings: Any) -> "TrainingRequest[Any]":
        if data is not None:
            settings = dataclasses.replace(settings, data=dataclasses.replace(settings.data, manifest=str(data)))
        return TrainingRequest(
            settings, out, work, name or out.name, licence, provenance, workers or default_workers(), task
        )

    with meter("Training") as bar:

        def watch_features(done: int, total: int) -> None:
            bar.update(done, total, f"preparing features, {done:,} of {plural(total, 'piece')}")

        if task != "speaker":
            _train_recognition(request(_recognition_settings(configuration, init)), watch_features, bar)
        elif backend_only:
            _choose_score(request(_speaker_settings(configuration, init)), watch_features)
        else:
            _train_speakers(request(_speaker_settings(configuration, init)), watch_features, bar)
    if as_json:
        from forensic.storage.cards import read_card

        print_json(read_card(out))
    console.print(f"Model: {shown_path(out)}")


def _check_task(task: str, *, backend_only: bool) -> None:
    if task not in {"speaker", "language", "accent"}:
        raise typer.BadParameter("Use speaker, language or accent.", param_hint="--task")
    if backend_only and task != "speaker":
        raise typer.BadParameter(
            "It needs --task speaker: only a speaker model has scores.", param_hint="--backend-only"
        )


def _speaker_settings(configuration: Path, init: str | None) -> "TrainingSettings":
    from forensic.training.configuration import load_training_settings

    settings = load_training_settings(configuration)
    if init is None:
        return settings
    return dataclasses.replace(settings, learning=dataclasses.replace(settings.learning, init=init))


def _recognition_settings(configuration: Path, init: str | None) -> "RecognitionSettings":
    from forensic.training.recognition.configuration import load_recognition_settings

    settings = load_recognition_settings(configuration)
    if init is None:
        return settings
    return dataclasses.replace(settings, network=dataclasses.replace(settings.network, body=init))


def _train_speakers(request: "SpeakerRequest", watch_features: Callable[[int, int], None], bar: "Meter") -> None:
    from forensic.report.shared.formats import plural
    from forensic.speaker.precision import NO_BFLOAT16, can_autocast
    from forensic.storage.cards import read_card
    from forensic.training.run import training_device
    from forensic.workflows.train import train_speakers

    if not can_autocast(training_device().type):
        console.print(f"[yellow]Note[/] {NO_BFLOAT16}")
    history = train_speakers(request, watch_features, _Watch(bar))
    if history[-1].conditions:
        console.print(f"On development people after {plural(history[-1].step, 'step')}; in brackets, at the start:")
    for first, last in zip(history[0].conditions, history[-1].conditions, strict=True):
        console.print(
            f"  {last.condition:10} EER {100 * last.eer:5.2f} % ({100 * first.eer:.2f} %)  "
            f"Cllr_min {last.cllr_min:.3f} ({first.cllr_min:.3f})  "
            f"{plural(last.comparisons, 'same-speaker comparison')}"
        )
    console.print(f"Score: {read_card(request.out)['backend']['chosen']}")


def _choose_score(request: "SpeakerRequest", watch_features: Callable[[int, int], None]) -> None:
    from forensic.workflows.train import choose_score

    choice = choose_score(request, watch_features)
    console.print("Cllr_min on development people, clean and degraded:")
    for name, (clean, degraded) in choice.cllr_min.items():
        console.print(f"  {name:45} {clean:.3f}  {degraded:.3f}")
    console.print(f"Chosen: {choice.name}")


def _train_recognition(request: "RecognitionRequest", watch_features: Callable[[int, int], None], bar: "Meter") -> None:
    from forensic.workflows.train import train_recognition

    history, validation = train_recognition(request, watch_features, _RecognitionWatch(bar))
    decision = validation.decision
    covered = sum(decision.covers(label) for label in decision.error)
    console.print(describe_recognition(history[-1]))
    console.print(f"Covered: {covered} of {len(decision.error)} that could be validated")
