"""``forensic train --task language|accent``: a manifest of labelled speech to a model folder."""

import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl
import torch
from safetensors.torch import save

from forensic.case.provenance import library_versions, software
from forensic.errors import TrainingError
from forensic.examination.manifest import people_hashes, summarise
from forensic.language.classifier import load_language_model
from forensic.language.network import Architecture, Committee, LanguageNetwork, join
from forensic.report.model.card import render_recognition_card
from forensic.report.model.learning_curve import draw_learning_curve
from forensic.speaker.extractor import WEIGHTS, default_model_folder, load_model
from forensic.storage.atomic import written_whole
from forensic.storage.cards import read_card, write_card
from forensic.training.cache import build_cache
from forensic.training.data import Piece, check_sources
from forensic.training.recognition.batches import make_drawer
from forensic.training.recognition.configuration import RecognitionSettings
from forensic.training.recognition.data import make_labelled_pieces, read_classes
from forensic.training.recognition.decision import CALIBRATED_FRAMES, Validation, validate_classes
from forensic.training.recognition.development import RecognitionResult, measure, try_development_people
from forensic.training.recognition.speech import open_speech
from forensic.training.recognition.trainer import RecognitionProgress, train_classes
from forensic.training.run import training_device

MODEL_CARD = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """What to train.

    Attributes:
        task: "language" or "accent": the column of the manifest that holds the class.
        settings: of the whole run.
        out: the model folder to make.
        work: folder of cached features and checkpoints; a run that was killed continues from there.
        name: of the model.
        licence: of its weights.
        data: what the card says of the data.
        workers: processes that make features.
    """

    task: str
    settings: RecognitionSettings
    out: Path
    work: Path
    name: str
    licence: str
    data: str
    workers: int


def train_recognition(
    request: RecognitionRequest,
    watch_features: Callable[[int, int], None],
    watch: Callable[[RecognitionProgress], None],
) -> tuple[list[RecognitionResult], Validation]:
    """Prepare features, train, calibrate on the people who were kept out, and leave a model folder.

    Raises:
        TrainingError: if the data cannot be used or the run diverges.
    """
    settings = request.settings
    if not settings.data.manifest:
        raise TrainingError("No training data is named.", "Set data.manifest, or give --data MANIFEST.csv.")
    check_sources(settings.data)
    rows = read_classes(settings.data, settings.selection, request.task)
    pieces = make_labelled_pieces(rows, settings.data, settings.selection, settings.augmentation)
    classes = tuple(sorted({piece.label for piece in pieces}))
    records = [_record_of(Path(folder)) for folder in settings.network.join]
    committee = _committee(request, records, rows, classes) if records else None
    cache = build_cache(
        request.work / "cache", pieces, settings.data, settings.augmentation, request.workers, watch_features
    )
    index = cache.index
    drawer = make_drawer(
        open_speech(cache, training_device()),
        index["label"].to_list(),
        index["speaker"].to_list(),
        index["is_development"].to_numpy(),
        classes,
        settings.crops,
    )
    history: list[RecognitionResult] = []
    if committee is None:
        network = _first_network(settings, len(classes))
        trained, history = train_classes(network, drawer, settings.learning, request.work, watch)
        committee = join([trained])
    committee.load_state_dict({name: value.float() for name, value in _as_kept(committee).items()})
    trials = try_development_people(committee.to(drawer.speech.device), drawer, CALIBRATED_FRAMES)
    if not trials:
        raise TrainingError(
            "Nobody who was kept out of training has 3 s of speech, so nothing can be validated.",
            "Raise selection.development_share, or add people.",
        )
    steps = [result.step for result in history] or [record["development"][-1]["step"] for record in records]
    history = [*history, measure(trials, max(steps))]
    validation = _without(validate_classes(trials, classes), told_by_corpus(rows))
    _save(request, committee, classes, history, validation, rows)
    _write_record(request, rows, pieces, cache.sha256, cache.index, history, validation, records)
    _write_people_card(request)
    return history, validation


def _committee(
    request: RecognitionRequest, records: Sequence[dict[str, Any]], rows: pl.DataFrame, classes: tuple[str, ...]
) -> Committee:
    """The networks to join, which were trained on the same people with the same ones kept out.

    Raises:
        TrainingError: if they were not, are committees themselves, or of several shapes.
        ModelError: if one cannot be loaded.
    """
    wanted = json.loads(json.dumps(dataclasses.asdict(request.settings)))
    networks: list[LanguageNetwork] = []
    for folder, record in zip(request.settings.network.join, records, strict=True):
        model = load_language_model(Path(folder))
        same = (
            model.classes == classes
            and record["people_sha256"] == people_hashes(rows)
            and record["settings"]["selection"] == wanted["selection"]
            and record["settings"]["augmentation"] == wanted["augmentation"]
        )
        if not same or len(model.network.networks) != 1:
            raise TrainingError(
                f"The model in {folder} is no single network "
                "that learnt from these people with the same ones kept out.",
                "Train the members of a committee with the same data, [selection] and [augmentation].",
            )
        networks += cast("Iterable[LanguageNetwork]", model.network.networks)
    try:
        return join(networks)
    except ValueError as error:
        raise TrainingError(f"{error}.", "Train the members of a committee with the same [network].") from error


def told_by_corpus(rows: pl.DataFrame) -> set[str]:
    """Classes all of whose recordings are of corpora that hold no other class.

    What distinguishes them may be the corpus, its room and its microphones: errors on its own people say nothing about
    others.
    """
    alone = rows.group_by("corpus").agg(pl.col("label").n_unique() == 1).filter("label")["corpus"]
    if rows["corpus"].n_unique() == 1:
        return set()
    by_label = rows.group_by("label").agg(pl.col("corpus").is_in(alone.to_list()).all())
    return set(by_label.filter("corpus")["label"])


def _without(validation: Validation, classes: set[str]) -> Validation:
    """The validation without the errors of some classes, which it could not measure."""
    error = {name: value for name, value in validation.decision.error.items() if name not in classes}
    return dataclasses.replace(validation, decision=dataclasses.replace(validation.decision, error=error))


def _first_network(settings: RecognitionSettings, classes: int) -> LanguageNetwork:
    """Random weights above the lower layers of a speaker model, which it starts from.

    Raises:
        TrainingError: if that model's network does not see logarithms, or has fewer layers.
    """
    shape = settings.network
    speaker = load_model(Path(shape.lower) if shape.lower else default_model_folder()).network
    has = speaker.architecture
    if not has.log_bands or has.layers < shape.lower_layers:
        raise TrainingError(
            f"The speaker network has {has.layers} layers, and log_bands = {has.log_bands}.",
            "Name one with logarithms of the bands and enough layers with network.lower.",
        )
    torch.manual_seed(settings.learning.seed)
    network = LanguageNetwork(
        Architecture(
            mel_bands=has.mel_bands,
            lower_size=has.hidden_size,
            lower_layers=shape.lower_layers,
            uppers=shape.uppers,
            hidden_size=shape.hidden_size,
            embedding_size=shape.embedding_size,
            classes=classes,
        ),
        shape.dropout,
    )
    weights = speaker.lstm.state_dict()
    network.lower.load_state_dict({name: weights[name] for name in network.lower.state_dict()})
    return network


def _as_kept(network: Committee) -> dict[str, torch.Tensor]:
    """Weights in half precision."""
    return {
        name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
        for name, value in network.state_dict().items()
    }


def _save(
    request: RecognitionRequest,
    network: Committee,
    classes: Sequence[str],
    history: Sequence[RecognitionResult],
    validation: Validation,
    rows: pl.DataFrame,
) -> None:
    request.out.mkdir(parents=True, exist_ok=True)
    weights = save(_as_kept(network))
    with written_whole(request.out / WEIGHTS) as file:
        file.write(weights)
    decision = dataclasses.asdict(validation.decision)
    coverage = decision.pop("error")
    development: dict[str, object] = {"step": history[-1].step}
    for each in history[-1].conditions:
        key = each.condition.replace(", ", "_").replace(" s", "s")
        development |= {
            f"{key}_top1": 1 - each.error,
            f"{key}_top5": 1 - each.error_of_five,
            f"{key}_trials": each.trials,
        }
    write_card(
        request.out,
        {
            "name": request.name,
            "task": request.task,
            "licence": request.licence,
            "data": request.data,
            "started_from": _started_from(request),
            "trained": datetime.now(UTC).date().isoformat(),
            "software": software(),
            "classes": list(classes),
            "architecture": network.describe(),
            "weights": {"file": WEIGHTS, "sha256": hashlib.sha256(weights).hexdigest()},
            "decision": decision,
            "coverage": coverage,
            "development": development,
            "people": dict(_people(rows)),
        },
    )


def _started_from(request: RecognitionRequest) -> str:
    shape = request.settings.network
    if shape.join:
        return " and ".join(sorted({str(read_card(Path(folder))["started_from"]) for folder in shape.join}))
    kept = "" if request.settings.learning.lower_rate else ", kept"
    return f"the lower {shape.lower_layers} LSTM layers of {Path(shape.lower or default_model_folder()).name}{kept}"


def _record_of(folder: Path) -> dict[str, Any]:
    """The record that a run left.

    Raises:
        TrainingError: if there is none in the folder.
    """
    try:
        record: dict[str, Any] = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The record of the training in {folder} cannot be read: {error}.", "Name a folder that a training left."
        ) from error
    return record


def _people(rows: pl.DataFrame) -> list[tuple[str, int]]:
    counted = rows.group_by("label").agg(pl.struct("corpus", "speaker").n_unique().alias("people")).sort("label")
    return [(str(label), int(people)) for label, people in counted.iter_rows()]


def _write_record(
    request: RecognitionRequest,
    rows: pl.DataFrame,
    pieces: Sequence[Piece],
    features_sha256: str,
    index: pl.DataFrame,
    history: Sequence[RecognitionResult],
    validation: Validation,
    members: Sequence[dict[str, Any]],
) -> None:
    settings = dataclasses.asdict(request.settings)
    settings["data"]["manifest"] = Path(request.settings.data.manifest).name
    settings["network"]["join"] = [Path(folder).name for folder in request.settings.network.join]
    manifest = Path(request.settings.data.manifest)
    by_class = (
        index.group_by("label")
        .agg(
            pl.col("speaker").n_unique().alias("people"),
            (pl.col("frames").sum() / 6000).alias("speech_min"),
            pl.col("speaker").filter("is_development").n_unique().alias("development_people"),
            (pl.col("frames").filter("is_development").sum() / 6000).alias("development_speech_min"),
        )
        .sort("label")
    )
    record = {
        "task": request.task,
        "settings": settings,
        "manifest_sha256": None if manifest.is_dir() else hashlib.sha256(manifest.read_bytes()).hexdigest(),
        "people_sha256": people_hashes(rows),
        "features_sha256": features_sha256,
        "pieces": index.height,
        "frames": int(index["frames"].sum()),
        "people": len({piece.speaker for piece in pieces}),
        "development_people": len({piece.speaker for piece in pieces if piece.is_development}),
        "corpora": summarise(rows),
        "classes": by_class.to_dicts(),
        "development": [dataclasses.asdict(result) for result in history],
        "validation": dataclasses.asdict(validation),
        "members": [
            {name: value for name, value in member.items() if name != "people_sha256"}  # the same
            for member in members
        ],
        "versions": library_versions() | {"forensic": software(), "python": platform.python_version()},
        "threads": torch.get_num_threads(),
        "processors": len(os.sched_getaffinity(0)),
    }
    with written_whole(request.out / "training.json") as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())


def _write_people_card(request: RecognitionRequest) -> None:
    """The model's card for people, and its learning curve."""
    record = _record_of(request.out)
    runs = record["members"] or [record]
    curve = draw_learning_curve(
        [result["step"] for result in runs[0]["development"][:-1]],
        _errors_on_the_way(runs),
        request.name,
        "error on development people, %",
    )
    (request.out / "learning_curve.svg").write_text(curve, encoding="utf-8")
    with written_whole(request.out / MODEL_CARD) as file:
        file.write(render_recognition_card(read_card(request.out), record).encode())


def _errors_on_the_way(runs: Sequence[dict[str, Any]]) -> list[tuple[str, list[float]]]:
    """Errors by condition at each measurement; of a committee, those of each network.

    The last measurement is left out: it is at other lengths, of the weights as they are kept.
    """
    lines = []
    for number, run in enumerate(runs, 1):
        measured = [result["conditions"] for result in run["development"][:-1]]
        name = f", network {number}" if len(runs) > 1 else ""
        lines += [
            (f"{conditions[0]['condition']}{name}", [each["error"] for each in conditions])
            for conditions in zip(*measured, strict=True)
        ]
    return lines
