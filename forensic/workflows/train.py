"""``forensic train``: a manifest of speech to a model folder, of speakers, languages or accents."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import polars as pl
import torch

from forensic.errors import TrainingError
from forensic.examination.manifest import read_manifest
from forensic.likelihood_ratio.population import CARD as POPULATION_CARD
from forensic.report.model.card import render_model_card, render_recognition_card
from forensic.report.model.learning_curve import draw_learning_curve
from forensic.speaker.backend import save_backend
from forensic.speaker.extractor import load_model
from forensic.storage.atomic import changed_whole, written_whole
from forensic.storage.cards import read_card
from forensic.training.cache import FeatureCache, build_cache
from forensic.training.configuration import BackendSettings, DataSettings, TrainingSettings
from forensic.training.data import Piece, check_sources, make_pieces
from forensic.training.model_folder import (
    RECORD,
    TrainingRequest,
    read_record,
    record_of_run,
    save_model,
    weights_as,
    write_record,
)
from forensic.training.recognition.batches import make_drawer
from forensic.training.recognition.configuration import RecognitionSettings
from forensic.training.recognition.data import make_labelled_pieces, read_classes
from forensic.training.recognition.decision import CALIBRATED_FRAMES, Validation, validate_classes
from forensic.training.recognition.development import RecognitionResult, measure, try_development_people
from forensic.training.recognition.networks import body_table, ear_of, first_network
from forensic.training.recognition.networks import started_from as recognition_started_from
from forensic.training.recognition.record import (
    classes_of,
    errors_on_the_way,
    people_by_class,
    shares_right,
    told_by_corpus,
    without_classes,
)
from forensic.training.recognition.speech import open_speech
from forensic.training.recognition.trainer import RecognitionProgress, train_classes
from forensic.training.run import training_device
from forensic.training.speaker.backend import BackendChoice, choose_backend
from forensic.training.speaker.development import DevelopmentResult
from forensic.training.speaker.networks import networks_of, people_before, started_from, taught_by, with_second_head
from forensic.training.speaker.second_head import start_second_head
from forensic.training.speaker.teacher import make_teacher
from forensic.training.speaker.trainer import Progress, train

MODEL_CARD = "MODEL_CARD.md"

SpeakerRequest: TypeAlias = TrainingRequest[TrainingSettings]
RecognitionRequest: TypeAlias = TrainingRequest[RecognitionSettings]
WatchFeatures: TypeAlias = Callable[[int, int], None]


def train_speakers(
    request: SpeakerRequest, watch_features: WatchFeatures, watch: Callable[[Progress], None]
) -> list[DevelopmentResult]:
    """Prepare features, train, choose how the model scores, and leave a model folder.

    Raises:
        TrainingError: if the data cannot be used or the run diverges.
    """
    settings = request.settings
    if (request.out / POPULATION_CARD).exists():
        raise TrainingError(
            f"{request.out} has a reference population, which would be of another network.",
            "Name another folder with --out.",
        )
    manifest = _manifest(settings.data)
    pieces = make_pieces(manifest, settings.data, settings.augmentation)
    network, first_teacher = networks_of(settings)
    cache = _cache(request, pieces, watch_features, settings.learning.second_teacher)
    teacher = make_teacher(first_teacher, cache, request.work)
    if teacher.second_size and not network.architecture.second_size:
        network = with_second_head(network, teacher.second_size)
        start_second_head(network, cache, teacher.second_targets, settings.learning.seed)
    trained, history = train(network, teacher, cache, settings.learning, request.work, watch)
    with changed_whole(request.out) as folder:
        save_model(
            folder,
            trained,
            request.facts(started_from(settings.learning.init)) | {"teachers": taught_by(settings)},
            {"development": _errors(history[-1])},
        )
        record = record_of_run(request, manifest, pieces, cache)
        record["people_sha256"] = sorted({*record["people_sha256"], *people_before(settings)})
        record |= {"steps_done": history[-1].step, "development": [dataclasses.asdict(result) for result in history]}
        write_record(folder, record)
        _choose_score(folder, settings.backend, cache)
        _write_speaker_card(folder, request.name)
    return history


def choose_score(request: SpeakerRequest, watch_features: WatchFeatures) -> BackendChoice:
    """Choose again how the model in ``request.out`` scores, from the data of the request, and keep it with the model.

    The model must not have been trained on the development people that the request leaves out: give the settings and
    data that it was trained with, or people who took no part in its training.

    Raises:
        TrainingError: if the data cannot be used.
        ModelError: if the model cannot be loaded.
    """
    load_model(request.out)  # checked first, since the features take long
    settings = request.settings
    pieces = make_pieces(_manifest(settings.data), settings.data, settings.augmentation)
    cache = _cache(request, pieces, watch_features, settings.learning.second_teacher)
    with changed_whole(request.out) as folder:
        choice = _choose_score(folder, settings.backend, cache)
        if (folder / MODEL_CARD).exists():
            _write_speaker_card(folder, request.name)
    return choice


def train_recognition(
    request: RecognitionRequest, watch_features: WatchFeatures, watch: Callable[[RecognitionProgress], None]
) -> tuple[list[RecognitionResult], Validation]:
    """Prepare features, train, calibrate on the people who were kept out, and leave a model folder.

    Raises:
        TrainingError: if the data cannot be used or the run diverges.
    """
    settings = request.settings
    _check_data(settings.data)
    rows = read_classes(settings.data, settings.selection, request.task)
    pieces = make_labelled_pieces(rows, settings.data, settings.selection, settings.augmentation)
    classes = tuple(sorted({piece.label for piece in pieces}))
    ear = ear_of(settings.network)
    cache = _cache(request, pieces, watch_features)
    drawer = make_drawer(
        open_speech(cache, training_device()),
        cache.index["label"].to_list(),
        cache.index["speaker"].to_list(),
        cache.index["is_development"].to_numpy(),
        classes,
        settings.crops,
    )
    network = first_network(settings, ear, len(classes))
    network, history = train_classes(network, ear, drawer, settings.learning, request.work, watch)
    kept = weights_as(network, torch.half)  # what is measured is what is kept
    network.load_state_dict({name: value.float() for name, value in kept.items()})
    trials = try_development_people(network.to(drawer.speech.device), ear, drawer, CALIBRATED_FRAMES)
    if not trials:
        raise TrainingError(
            "Nobody who was kept out of training has 3 s of speech, so nothing can be validated.",
            "Raise selection.development_share, or add people.",
        )
    history = [*history, measure(trials, history[-1].step)]
    validation = without_classes(validate_classes(trials, classes), told_by_corpus(rows))
    decision = dataclasses.asdict(validation.decision)
    coverage = decision.pop("error")
    with changed_whole(request.out) as folder:
        save_model(
            folder,
            network,
            request.facts(recognition_started_from(ear)) | {"classes": list(classes)},
            {
                "body": body_table(ear),
                "decision": decision,
                "coverage": coverage,
                "development": shares_right(history[-1]),
                "people": people_by_class(rows),
            },
            torch.half,
        )
        record = record_of_run(request, rows, pieces, cache)
        record["settings"]["network"]["body"] = ear.folder.name
        record |= {
            "classes": classes_of(cache.index),
            "development": [dataclasses.asdict(result) for result in history],
            "validation": dataclasses.asdict(validation),
        }
        write_record(folder, record)
        _write_recognition_card(folder, request.name)
    return history, validation


def _check_data(data: DataSettings) -> None:
    if not data.manifest:
        raise TrainingError("No training data is named.", "Set data.manifest, or give --data MANIFEST.csv.")
    check_sources(data)


def _manifest(data: DataSettings) -> pl.DataFrame:
    _check_data(data)
    return read_manifest(Path(data.manifest), data.splits)


def _cache(
    request: SpeakerRequest | RecognitionRequest, pieces: Sequence[Piece], watch: WatchFeatures, second: str = ""
) -> FeatureCache:
    settings = request.settings
    folder = request.work / "cache"
    return build_cache(folder, pieces, settings.data, settings.augmentation, request.workers, watch, second)


def _choose_score(folder: Path, settings: BackendSettings, cache: FeatureCache) -> BackendChoice:
    """Choose, and write it to the model's folder, card and record."""
    choice = choose_backend(load_model(folder), cache, settings)
    measured = {name: list(costs) for name, costs in choice.cllr_min.items()}
    save_backend(folder, choice.backend, {"chosen": choice.name, "cllr_min": measured})
    record = read_record(folder) if (folder / RECORD).exists() else {}
    record["backend"] = {
        "settings": dataclasses.asdict(settings),
        "features_sha256": cache.sha256,
        "speakers": choice.speakers,
        "chosen": choice.name,
        "cllr_min": measured,
    }
    write_record(folder, record)
    return choice


def _errors(result: DevelopmentResult) -> dict[str, object]:
    """The card's account of the errors on development people."""
    figures: dict[str, object] = {"step": result.step}
    for measured in result.conditions[:2]:
        figures[f"{measured.condition}_eer"] = measured.eer
        figures[f"{measured.condition}_cllr_min"] = measured.cllr_min
        figures[f"{measured.condition}_comparisons"] = measured.comparisons
    return figures


def _write_speaker_card(folder: Path, name: str) -> None:
    """The model's card for people, and its learning curve."""
    record = read_record(folder)
    _write(folder / MODEL_CARD, render_model_card(read_card(folder), record))
    measured = [result for result in record["development"] if result["conditions"]]
    if measured:
        errors = [
            (conditions[0]["condition"], [condition["eer"] for condition in conditions])
            for conditions in zip(*(result["conditions"] for result in measured), strict=True)
        ]
        curve = draw_learning_curve([result["step"] for result in measured], errors, name)
        _write(folder / "learning_curve.svg", curve)


def _write_recognition_card(folder: Path, name: str) -> None:
    """The same of a model of languages or accents."""
    record = read_record(folder)
    steps = [result["step"] for result in record["development"][:-1]]
    curve = draw_learning_curve(steps, errors_on_the_way(record), name, "error on development people, %")
    _write(folder / "learning_curve.svg", curve)
    _write(folder / MODEL_CARD, render_recognition_card(read_card(folder), record))


def _write(path: Path, text: str) -> None:
    with written_whole(path) as file:
        file.write(text.encode())
