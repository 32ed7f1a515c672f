"""What every training leaves: weights, a card for machines and ``training.json``, the record of the run."""

import dataclasses
import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import polars as pl
import torch
from safetensors.torch import save
from torch import nn

from forensic.case.provenance import library_versions, software
from forensic.engine import processors
from forensic.errors import TrainingError
from forensic.examination.manifest import people_hashes, summarise
from forensic.language.network import LanguageNetwork
from forensic.speaker.extractor import WEIGHTS
from forensic.speaker.network import SpeakerNetwork
from forensic.storage.atomic import written_whole
from forensic.storage.cards import write_card
from forensic.training.cache import FeatureCache
from forensic.training.configuration import DataSettings
from forensic.training.data import Piece
from forensic.training.graphs import write_graph

RECORD = "training.json"


class _HasData(Protocol):
    @property
    def data(self) -> DataSettings: ...


AnyRun = TypeVar("AnyRun", bound=_HasData)


@dataclass(frozen=True, slots=True)
class TrainingRequest(Generic[AnyRun]):
    """What to train.

    Attributes:
        settings: of the whole run.
        out: the model folder to create.
        work: folder of cached features and checkpoints; a run that was killed continues from there.
        name: of the model.
        licence: of its weights.
        data: the card's description of the data.
        workers: processes that make features.
        task: "speaker", "language" or "accent"; for the latter two, the column of the manifest that holds the class.
    """

    settings: AnyRun
    out: Path
    work: Path
    name: str
    licence: str
    data: str
    workers: int
    task: str = "speaker"

    def facts(self, started_from: str) -> dict[str, str]:
        """What the card says of the run itself."""
        return {
            "name": self.name,
            "task": self.task,
            "licence": self.licence,
            "data": self.data,
            "started_from": started_from,
            "trained": datetime.now(UTC).date().isoformat(),
            "software": software(),
        }


def save_model(
    folder: Path,
    network: SpeakerNetwork | LanguageNetwork,
    facts: Mapping[str, object],
    tables: Mapping[str, object],
    precision: torch.dtype = torch.float32,
) -> None:
    """Write weights and card, and the graph that runs without torch.

    Args:
        folder: made where it is missing.
        network: its shape goes into the card; floating-point weights are written in ``precision``.
        facts: what stands at the top of the card.
        tables: further tables of the card.
        precision: of the weights on disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = save(weights_as(network, precision))
    with written_whole(folder / WEIGHTS) as file:
        file.write(weights)
    named = {"file": WEIGHTS, "sha256": hashlib.sha256(weights).hexdigest()}
    graph = write_graph(folder, network)
    write_card(folder, {**facts, "architecture": network.describe(), "weights": named, "graph": graph, **tables})


def weights_as(network: nn.Module, precision: torch.dtype) -> dict[str, torch.Tensor]:
    """The weights as they are kept on disk; whole numbers keep their type."""
    return {
        name: (value.detach().to(precision) if value.is_floating_point() else value).cpu().contiguous()
        for name, value in network.state_dict().items()
    }


def record_of_run(
    request: TrainingRequest[Any], manifest: pl.DataFrame, pieces: Sequence[Piece], cache: FeatureCache
) -> dict[str, Any]:
    """What every run records of itself: settings, hashes and counts of its data, versions and machine.

    Args:
        request: what was trained; names of folders are kept, their places are not.
        manifest: columns of ``read_manifest``.
        pieces: made of it.
        cache: their features.
    """
    settings = dataclasses.asdict(request.settings)
    source = Path(request.settings.data.manifest)
    settings["data"]["manifest"] = source.name
    return {
        "task": request.task,
        "settings": settings,
        "manifest_sha256": None if source.is_dir() else hashlib.sha256(source.read_bytes()).hexdigest(),
        "people_sha256": people_hashes(manifest),
        "features_sha256": cache.sha256,
        "pieces": cache.index.height,
        "frames": int(cache.index["frames"].sum()),
        "people": len({piece.speaker for piece in pieces if piece.speaker and piece.speed == 1.0}),
        "development_people": len({piece.speaker for piece in pieces if piece.is_development}),
        "corpora": summarise(manifest),
        "versions": library_versions() | {"forensic": software(), "python": platform.python_version()},
        "threads": torch.get_num_threads(),
        "processors": processors(),
    }


def write_record(folder: Path, record: Mapping[str, object]) -> None:
    """Write ``training.json``."""
    with written_whole(folder / RECORD) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())


def read_record(folder: Path) -> dict[str, Any]:
    """The record that a run left.

    Raises:
        TrainingError: if there is none in the folder, or it cannot be read.
    """
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The record of the training in {folder} cannot be read: {error}.", "Name a folder that a training left."
        ) from error
    return record
