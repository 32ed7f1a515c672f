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

import torch
from safetensors.torch import save

from forensic.atomic import written_whole
from forensic.card import write_card
from forensic.case.provenance import library_versions, software
from forensic.errors import TrainingError
from forensic.report.learning_curve import draw_learning_curve
from forensic.speaker.backend import save_backend
from forensic.speaker.extractor import WEIGHTS, load_model
from forensic.speaker.network import SpeakerNetwork
from forensic.training.backend import BackendChoice, choose_backend
from forensic.training.cache import FeatureCache, build_cache, check_sources
from forensic.training.configuration import TrainingSettings
from forensic.training.data import Piece, make_pieces, read_manifest
from forensic.training.development import DevelopmentResult
from forensic.training.teacher import initial_network
from forensic.training.trainer import Progress, train


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What to train.

    Attributes:
        settings: of the whole run.
        out: the model folder to make.
        work: folder of cached features and checkpoints; a run that was killed goes on from there.
        name: of the model.
        licence: of its weights.
        data: what the card says of the data.
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
    pieces = _pieces(settings)
    network = initial_network(settings.learning.init, settings.learning.seed)
    cache = _cache(request, pieces, watch_features)
    trained, history = train(network, cache, settings.learning, request.work, watch)
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
        {"development": {k: v for k, v in dataclasses.asdict(history[-1]).items() if v == v}},  # noqa: PLR0124 - no NaN
    )
    _write_record(request, cache, history)
    _write_curve(request, history)
    _choose_score(request, cache)
    return history


def choose_score(request: TrainingRequest, watch_features: Callable[[int, int], None]) -> BackendChoice:
    """Choose anew how the model in ``request.out`` scores, from the data of the request, and keep it with the model.

    The model must not have been trained on the development people that the request leaves out: give the settings and
    data that it was trained with, or people whom it never met.

    Raises:
        TrainingError: if the data cannot be used.
        ModelError: if the model cannot be loaded.
    """
    load_model(request.out)  # before the features take their time
    return _choose_score(request, _cache(request, _pieces(request.settings), watch_features))


def _pieces(settings: TrainingSettings) -> list[Piece]:
    if not settings.data.manifest:
        raise TrainingError("No training data is named.", "Set data.manifest, or give --data MANIFEST.csv.")
    check_sources(settings.data)
    return make_pieces(read_manifest(settings.data), settings.data, settings.augmentation)


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


def _write_record(request: TrainingRequest, cache: FeatureCache, history: list[DevelopmentResult]) -> None:
    settings = dataclasses.asdict(request.settings)
    settings["data"]["manifest"] = Path(request.settings.data.manifest).name
    record = {
        "settings": settings,
        "manifest_sha256": _manifest_sha256(request),
        "features_sha256": cache.sha256,
        "pieces": cache.index.height,
        "frames": int(cache.index["frames"].sum()),
        "people": cache.index.filter(cache.index["speaker"] != "")["speaker"].n_unique(),
        "development": [dataclasses.asdict(result) for result in history],
        "versions": library_versions() | {"forensic": software(), "python": platform.python_version()},
        "threads": torch.get_num_threads(),
        "processors": len(os.sched_getaffinity(0)),
    }
    _write_json(request.out / "training.json", record)


def _write_json(path: Path, record: Mapping[str, object]) -> None:
    with written_whole(path) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())


def _write_curve(request: TrainingRequest, history: list[DevelopmentResult]) -> None:
    measured = [result for result in history if result.comparisons]
    if not measured:
        return
    errors = [
        ("clean", [result.clean_eer for result in measured]),
        ("degraded", [result.degraded_eer for result in measured]),
    ]
    curve = draw_learning_curve([result.step for result in measured], errors, request.name)
    (request.out / "learning_curve.svg").write_text(curve, encoding="utf-8")


def _manifest_sha256(request: TrainingRequest) -> str | None:
    path = Path(request.settings.data.manifest)
    return None if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
