"""``forensic train``: a manifest of speech to a model folder."""

import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import torch
from safetensors.torch import save

from forensic.case.provenance import library_versions, software
from forensic.errors import TrainingError
from forensic.examination.manifest import people_hashes, read_manifest, summarise
from forensic.report.model.card import render_model_card
from forensic.report.model.learning_curve import draw_learning_curve
from forensic.speaker.backend import save_backend
from forensic.speaker.extractor import WEIGHTS, load_model
from forensic.speaker.network import SpeakerNetwork, grown
from forensic.storage.atomic import written_whole
from forensic.storage.cards import read_card, write_card
from forensic.training.cache import FeatureCache, build_cache
from forensic.training.configuration import TrainingSettings
from forensic.training.data import Piece, check_sources, make_pieces
from forensic.training.speaker.backend import BackendChoice, choose_backend
from forensic.training.speaker.development import DevelopmentResult
from forensic.training.speaker.teacher import initial_network, make_teacher
from forensic.training.speaker.trainer import Progress, train

MODEL_CARD = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What to train.

    Attributes:
        settings: of the whole run.
        out: the model folder to create.
        work: folder of cached features and checkpoints; a run that was killed continues from there.
        name: of the model.
        licence: of its weights.
        data: the card's description of the data.
        workers: processes that make features.
    """

    settings: TrainingSettings
    out: Path
    work: Path
    name: str
    licence: str
    data: str
    workers: int


def train_model(
    request: TrainingRequest, watch_features: Callable[[int, int], None], watch: Callable[[Progress], None]
) -> list[DevelopmentResult]:
    """Prepare features, train, choose how the model scores, and leave a model folder.

    Raises:
        TrainingError: if the data cannot be used or the run diverges.
    """
    settings = request.settings
    manifest = _manifest(settings)
    pieces = make_pieces(manifest, settings.data, settings.augmentation)
    network, taught_by = _networks(settings)
    cache = _cache(request, pieces, watch_features)
    teacher = make_teacher(taught_by, cache, request.work)
    trained, history = train(network, teacher, cache, settings.learning, request.work, watch)
    save_model(
        request.out,
        trained,
        {
            "name": request.name,
            "task": "speaker",
            "licence": request.licence,
            "data": request.data,
            "started_from": _started_from(settings.learning.init),
            "trained": datetime.now(UTC).date().isoformat(),
            "software": software(),
        },
        {"development": _development(history[-1])},
    )
    _write_record(request, manifest, pieces, cache, history)
    _write_curve(request, history)
    _choose_score(request, cache)
    _write_model_card(request.out)
    return history


def choose_score(request: TrainingRequest, watch_features: Callable[[int, int], None]) -> BackendChoice:
    """Choose again how the model in ``request.out`` scores, from the data of the request, and keep it with the model.

    The model must not have been trained on the development people that the request leaves out: give the settings and
    data that it was trained with, or people who took no part in its training.

    Raises:
        TrainingError: if the data cannot be used.
        ModelError: if the model cannot be loaded.
    """
    load_model(request.out)  # checked first, since the features take long
    settings = request.settings
    pieces = make_pieces(_manifest(settings), settings.data, settings.augmentation)
    choice = _choose_score(request, _cache(request, pieces, watch_features))
    if (request.out / MODEL_CARD).exists():
        _write_model_card(request.out)
    return choice


def _manifest(settings: TrainingSettings) -> pl.DataFrame:
    if not settings.data.manifest:
        raise TrainingError("No training data is named.", "Set data.manifest, or give --data MANIFEST.csv.")
    check_sources(settings.data)
    return read_manifest(Path(settings.data.manifest), settings.data.splits)


def _cache(request: TrainingRequest, pieces: Sequence[Piece], watch: Callable[[int, int], None]) -> FeatureCache:
    settings = request.settings
    return build_cache(request.work / "cache", pieces, settings.data, settings.augmentation, request.workers, watch)


def _choose_score(request: TrainingRequest, cache: FeatureCache) -> BackendChoice:
    """Choose, and write it to the model's folder, card and record."""
    choice = choose_backend(load_model(request.out), cache, request.settings.backend)
    measured = {name: list(costs) for name, costs in choice.cllr_min.items()}
    save_backend(request.out, choice.backend, {"chosen": choice.name, "cllr_min": measured})
    path = request.out / "training.json"
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    record["backend"] = {
        "settings": dataclasses.asdict(request.settings.backend),
        "features_sha256": cache.sha256,
        "speakers": choice.speakers,
        "chosen": choice.name,
        "cllr_min": measured,
    }
    _write_json(path, record)
    return choice


def _networks(settings: TrainingSettings) -> tuple[SpeakerNetwork, SpeakerNetwork]:
    """The network to train and its teacher."""
    learning, wanted = settings.learning, settings.network
    started_from = initial_network(learning.init, learning.seed)
    teacher = initial_network(learning.teacher, learning.seed) if learning.teacher else started_from
    has = started_from.architecture
    architecture = dataclasses.replace(
        has,
        hidden_size=wanted.hidden_size or has.hidden_size,
        log_bands=wanted.log_bands or has.log_bands,
        pooling=wanted.pooling or has.pooling,
    )
    torch.manual_seed(learning.seed)
    if learning.init == "random":
        return SpeakerNetwork(architecture), teacher
    return grown(started_from, architecture), teacher


def _development(result: DevelopmentResult) -> dict[str, object]:
    """The card's account of the errors on development people."""
    figures: dict[str, object] = {"step": result.step}
    for measured in result.conditions[:2]:
        figures[f"{measured.condition}_eer"] = measured.eer
        figures[f"{measured.condition}_cllr_min"] = measured.cllr_min
        figures[f"{measured.condition}_comparisons"] = measured.comparisons
    return figures


def save_model(
    folder: Path,
    network: SpeakerNetwork,
    facts: Mapping[str, str],
    tables: Mapping[str, Mapping[str, object]],
) -> None:
    """Write weights and card.

    Args:
        folder: made where it is missing.
        network: its parameters are written as float32.
        facts: strings of the card.
        tables: further tables of the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = save({name: value.detach().cpu().float().contiguous() for name, value in network.state_dict().items()})
    with written_whole(folder / WEIGHTS) as file:
        file.write(weights)
    named = {"file": WEIGHTS, "sha256": hashlib.sha256(weights).hexdigest()}
    write_card(folder, {**facts, "architecture": network.describe(), "weights": named, **tables})


def _started_from(init: str) -> str:
    if init == "ge2e":
        return (
            "the public GE2E LSTM of Resemblyzer 0.1.4 (Resemble AI, Apache-2.0; LibriSpeech, VoxCeleb1 and VoxCeleb2)"
        )
    return "random weights" if init == "random" else f"the model in {Path(init).name}"


def _write_record(
    request: TrainingRequest,
    manifest: pl.DataFrame,
    pieces: Sequence[Piece],
    cache: FeatureCache,
    history: list[DevelopmentResult],
) -> None:
    settings = dataclasses.asdict(request.settings)
    settings["data"]["manifest"] = Path(request.settings.data.manifest).name
    record = {
        "settings": settings,
        "manifest_sha256": _manifest_sha256(request),
        "people_sha256": people_hashes(manifest),
        "features_sha256": cache.sha256,
        "pieces": cache.index.height,
        "frames": int(cache.index["frames"].sum()),
        "steps_done": history[-1].step,
        "people": len({piece.speaker for piece in pieces if piece.speaker and piece.speed == 1.0}),
        "development_people": len({piece.speaker for piece in pieces if piece.is_development}),
        "corpora": summarise(manifest),
        "development": [dataclasses.asdict(result) for result in history],
        "versions": library_versions() | {"forensic": software(), "python": platform.python_version()},
        "threads": torch.get_num_threads(),
        "processors": len(os.sched_getaffinity(0)),
    }
    _write_json(request.out / "training.json", record)


def _write_json(path: Path, record: Mapping[str, object]) -> None:
    with written_whole(path) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())


def _write_model_card(folder: Path) -> None:
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    with written_whole(folder / MODEL_CARD) as file:
        file.write(render_model_card(read_card(folder), record).encode())


def _write_curve(request: TrainingRequest, history: list[DevelopmentResult]) -> None:
    measured = [result for result in history if result.conditions]
    if not measured:
        return
    errors = [
        (conditions[0].condition, [condition.eer for condition in conditions])
        for conditions in zip(*(result.conditions for result in measured), strict=True)
    ]
    curve = draw_learning_curve([result.step for result in measured], errors, request.name)
    (request.out / "learning_curve.svg").write_text(curve, encoding="utf-8")


def _manifest_sha256(request: TrainingRequest) -> str | None:
    path = Path(request.settings.data.manifest)
    return None if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
