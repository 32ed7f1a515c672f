"""What training starts from and aims at: the public GE2E weights, a model folder, or none."""

import copy
import hashlib
import importlib.util
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forensic.errors import TrainingError
from forensic.records import Samples
from forensic.speaker.architecture import Architecture
from forensic.speaker.network import SpeakerNetwork, load_network
from forensic.storage.atomic import written_whole
from forensic.training.cache import FeatureCache
from forensic.training.run import training_device

_WINDOW, _WINDOW_STEP = 160, 80
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Teacher:
    """What a network learns from.

    Attributes:
        network: embeds clean speech; it does not learn.
        targets: of each clean piece of the cache, shape (pieces, embedding_size), unit length: the network's embedding,
            or its first head's and the second teacher's side by side.
        second_size: of the targets' values, the last ones that are the second teacher's; 0 without one.
    """

    network: SpeakerNetwork
    targets: Tensor
    second_size: int = 0

    @property
    def second_targets(self) -> Tensor:
        """The second teacher's part of the targets, unit length."""
        return nn.functional.normalize(self.targets[:, self.targets.shape[1] - self.second_size :], dim=1)

    def of_crops(self, clean: Tensor) -> Tensor:
        """What the network makes of clean crops, as the part of the targets that is its own; unit length."""
        return _own(self.network(clean), self.targets.shape[1] - self.second_size)


def side_by_side(first: Tensor, second: Tensor) -> Tensor:
    """Both heads' values at the same length, together of unit length, as the network's embedding has them."""
    return nn.functional.normalize(
        torch.cat([nn.functional.normalize(each, dim=1) for each in (first, second)], 1), dim=1
    )


def _own(embeddings: Tensor, size: int) -> Tensor:
    return nn.functional.normalize(embeddings[:, :size], dim=1)


def initial_network(init: str, seed: int) -> SpeakerNetwork:
    """A network with its first weights.

    Args:
        init: "ge2e", "random", or the path of a model folder.
        seed: of random weights.

    Raises:
        TrainingError: if the public weights are not installed.
        ModelError: if the model folder cannot be loaded.
    """
    if init == "random":
        torch.manual_seed(seed)
        return SpeakerNetwork(Architecture())
    if init == "ge2e":
        return import_ge2e(_resemblyzer_checkpoint())
    network = load_network(Path(init))
    return network.requires_grad_(requires_grad=True)


def import_ge2e(checkpoint: Path) -> SpeakerNetwork:
    """The network of a public GE2E checkpoint (Resemblyzer, Real-Time-Voice-Cloning).

    Raises:
        TrainingError: if the file holds no such network.
    """
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)["model_state"]
        network = SpeakerNetwork(Architecture())
        # similarity_weight and similarity_bias belong to the GE2E loss, not to the network
        wanted = {name: value for name, value in state.items() if not name.startswith("similarity_")}
        network.load_state_dict(wanted, strict=True)
    except (OSError, KeyError, TypeError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"{checkpoint} is no GE2E checkpoint ({type(error).__name__}).",
            "Name a checkpoint with a `model_state` of a 3 x 256 LSTM.",
        ) from error
    return network


def _resemblyzer_checkpoint() -> Path:
    specification = importlib.util.find_spec("resemblyzer")  # found, never imported: its dependencies are not needed
    if specification is None or not specification.submodule_search_locations:
        raise TrainingError(
            "The public GE2E weights are not installed.",
            "Run `pip install --no-deps Resemblyzer==0.1.4`, or set learning.init to a model folder.",
        )
    return Path(specification.submodule_search_locations[0]) / "pretrained.pt"


def make_teacher(network: SpeakerNetwork, cache: FeatureCache, folder: Path) -> Teacher:
    """A teacher with its targets: the mean direction of half-overlapping windows of 1.6 s of each clean piece.

    Where the cache has embeddings by a second model, they are the rest of the targets, less their mean over the
    training pieces.

    Args:
        network: copied.
        cache: pieces.
        folder: where the targets are kept for the next run with this teacher and cache.
    """
    network = copy.deepcopy(network).requires_grad_(requires_grad=False)
    digest = hashlib.sha256(cache.sha256.encode())
    for value in network.state_dict().values():
        digest.update(value.cpu().numpy().tobytes())
    kept = folder / f"targets-{digest.hexdigest()[:16]}.npy"
    if not kept.exists():
        with written_whole(kept) as file:
            np.save(file, _embed_pieces(network, cache))
    targets = torch.from_numpy(np.load(kept))
    if cache.second is None:
        return Teacher(network, targets)
    learnt = ~cache.index["is_development"].to_numpy()
    second = torch.from_numpy(cache.second - cache.second[learnt].mean(axis=0))
    first = _own(targets, targets.shape[1] - network.architecture.second_size)
    return Teacher(network, side_by_side(first, second), second.shape[1])


def _embed_pieces(network: SpeakerNetwork, cache: FeatureCache) -> Samples:
    device = training_device()
    network.to(device).eval()
    owners: list[int] = []
    windows: list[Samples] = []
    sums = torch.zeros(cache.index.height, network.architecture.embedding_size, device=device)

    def flush() -> None:
        batch = torch.from_numpy(np.stack(windows)).to(device)
        sums.index_add_(0, torch.tensor(owners, device=device), network(batch))
        owners.clear()
        windows.clear()

    with torch.inference_mode():
        for piece, (first, frames) in enumerate(cache.index.select("first", "frames").iter_rows()):
            for start in range(0, max(1, frames - _WINDOW + _WINDOW_STEP), _WINDOW_STEP):
                begin = max(0, min(start, frames - _WINDOW))
                crop = cache.crop(0, first + begin, min(_WINDOW, frames))
                windows.append(np.resize(crop, (_WINDOW, crop.shape[1])))
                owners.append(piece)
            if len(windows) >= _BATCH:
                flush()
        if windows:
            flush()
        targets: Samples = nn.functional.normalize(sums, dim=1).cpu().numpy()
    return targets
