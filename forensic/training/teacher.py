"""The network that training starts from: the public GE2E weights, a model folder, or none."""

import importlib.util
import pickle
from pathlib import Path

import torch

from forensic.errors import TrainingError
from forensic.speaker.extractor import load_model
from forensic.speaker.network import Architecture, SpeakerNetwork


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
    network = load_model(Path(init)).network
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
