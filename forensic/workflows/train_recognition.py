"""``forensic train --task language|accent``: a manifest of labelled speech to a model folder."""

import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from forensic.atomic import written_whole
from forensic.card import read_card, write_card
from forensic.case.provenance import library_versions, software
from forensic.errors import TrainingError
from forensic.language.network import Architecture, LanguageNetwork
from forensic.report.learning_curve import draw_learning_curve
from forensic.report.model_card import render_recognition_card
from forensic.speaker.extractor import WEIGHTS, default_model_folder, load_model
from forensic.training.cache import build_cache, check_sources
from forensic.training.data import Piece, people_hashes, summarise
from forensic.training.recognition.batches import make_drawer
from forensic.training.recognition.configuration import RecognitionSettings
from forensic.training.recognition.data import make_labelled_pieces, read_classes
from forensic.training.recognition.decision import CALIBRATED_FRAMES, Validation, validate_classes
from forensic.training.recognition.development import RecognitionResult, Trials, measure, try_development_people
from forensic.training.recognition.discriminant import choose_balance, fit_discriminant
from forensic.training.recognition.states import StateCache, build_states
from forensic.training.recognition.trainer import RecognitionProgress, train_classes

MODEL_CARD = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """What to train.

    Attributes:
        task: "language" or "accent": the column of the manifest that holds the class.
        settings: of the whole run.
        out: the model folder to make.
        work: folder of cached features and checkpoints; a run that was killed goes on from there.
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
    cache = build_cache(
        request.work / "cache", pieces, settings.data, settings.augmentation, request.workers, watch_features
    )
    network = _first_network(settings, len(classes))
    states = build_states(request.work / "states", cache, network, watch_features)
    drawer = make_drawer(states, classes)
    trained, history = train_classes(network, drawer, settings.learning, request.work, watch)
    trials = _balanced_trials(trained, states, drawer.labels)
    history = [*history, measure(trials, history[-1].step)]
    validation = _without(validate_classes(trials, classes), told_by_corpus(rows))
    _save(request, trained, classes, history, validation, rows)
    _write_record(request, rows, pieces, cache.sha256, cache.index, history, validation)
    _write_people_card(request)
    return history, validation


def _balanced_trials(network: LanguageNetwork, states: StateCache, labels: NDArray[np.int64]) -> list[Trials]:
    """Fit the discriminant, choose its balance, round the weights as they are kept, and try the development people.

    Raises:
        TrainingError: if nobody who was kept out has 3 s of speech.
    """
    fit_discriminant(network, states, labels)
    trials = {}
    for alone in ((1.0, 0.0), (0.0, 1.0)):
        network.balance.copy_(torch.tensor(alone))
        trials[alone] = try_development_people(network, states, labels, CALIBRATED_FRAMES)
    if not trials[1.0, 0.0]:
        raise TrainingError(
            "Nobody who was kept out of training has 3 s of speech, so nothing can be validated.",
            "Raise selection.development_share, or add people.",
        )
    network.balance.copy_(torch.tensor([1.0, choose_balance(trials[1.0, 0.0], trials[0.0, 1.0])]))
    network.load_state_dict({name: value.float() for name, value in _as_kept(network).items()})
    return try_development_people(network, states, labels, CALIBRATED_FRAMES)


def told_by_corpus(rows: pl.DataFrame) -> set[str]:
    """Classes all of whose recordings are of corpora that hold no other class.

    What tells them may be the corpus, its room and its microphones: errors on its own people say nothing of others.
    """
    alone = rows.group_by("corpus").agg(pl.col("label").n_unique() == 1).filter("label")["corpus"]
    if rows["corpus"].n_unique() == 1:
        return set()
    by_label = rows.group_by("label").agg(pl.col("corpus").is_in(alone.to_list()).all())
    return set(by_label.filter("corpus")["label"])


def _without(validation: Validation, classes: set[str]) -> Validation:
    """The validation without the errors of some classes, which it could not tell."""
    error = {name: value for name, value in validation.decision.error.items() if name not in classes}
    return dataclasses.replace(validation, decision=dataclasses.replace(validation.decision, error=error))


def _first_network(settings: RecognitionSettings, classes: int) -> LanguageNetwork:
    """Random weights above the lower layers of a speaker model.

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
            hidden_size=shape.hidden_size,
            embedding_size=shape.embedding_size,
            classes=classes,
        ),
        shape.dropout,
    )
    weights = speaker.lstm.state_dict()
    network.lower.load_state_dict({name: weights[name] for name in network.lower.state_dict()})
    return network


def _as_kept(network: LanguageNetwork) -> dict[str, torch.Tensor]:
    """Weights in half precision, but for the discriminant, whose factors and offsets are large."""
    whole = ("plain.", "balance")
    return {
        name: value.half().contiguous()
        if value.is_floating_point() and not name.startswith(whole)
        else value.contiguous()
        for name, value in network.state_dict().items()
    }


def _save(
    request: RecognitionRequest,
    network: LanguageNetwork,
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
    lower = request.settings.network
    return f"the lower {lower.lower_layers} LSTM layers of {Path(lower.lower or default_model_folder()).name}, kept"


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
) -> None:
    settings = dataclasses.asdict(request.settings)
    settings["data"]["manifest"] = Path(request.settings.data.manifest).name
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
        "versions": library_versions() | {"forensic": software(), "python": platform.python_version()},
        "threads": torch.get_num_threads(),
        "processors": len(os.sched_getaffinity(0)),
    }
    with written_whole(request.out / "training.json") as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())


def _write_people_card(request: RecognitionRequest) -> None:
    """The model's card for people, and its learning curve."""
    record = json.loads((request.out / "training.json").read_text(encoding="utf-8"))
    on_the_way = record["development"][:-1]  # the last is of the whole: with the discriminant, at other lengths
    measured = [result["conditions"] for result in on_the_way]
    steps = [result["step"] for result in on_the_way]
    errors = [
        (conditions[0]["condition"], [each["error"] for each in conditions])
        for conditions in zip(*measured, strict=True)
    ]
    curve = draw_learning_curve(steps, errors, request.name, "error on development people, %")
    (request.out / "learning_curve.svg").write_text(curve, encoding="utf-8")
    with written_whole(request.out / MODEL_CARD) as file:
        file.write(render_recognition_card(read_card(request.out), record).encode())
