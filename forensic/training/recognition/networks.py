"""The speaker network that is heard, the network that a run starts from, and what its card says of both."""

from pathlib import Path

import torch

from forensic.errors import TrainingError
from forensic.language.network import Architecture, LanguageNetwork
from forensic.speaker.extractor import default_model_folder
from forensic.speaker.network import load_network
from forensic.storage.cards import read_card
from forensic.training.recognition.configuration import NetworkSettings, RecognitionSettings
from forensic.training.recognition.hearing import Ear


def ear_of(settings: NetworkSettings) -> Ear:
    """The speaker network that is heard.

    Raises:
        TrainingError: if it has fewer layers.
        ModelError: if it cannot be loaded.
    """
    folder = Path(settings.body) if settings.body else default_model_folder()
    network = load_network(folder)
    has = network.architecture.layers
    layers = settings.layers or tuple(range(1, has + 1))
    if max(layers) > has:
        raise TrainingError(f"The speaker network has {has} layers.", "Name layers of it with network.layers.")
    return Ear(network, folder, layers)


def first_network(settings: RecognitionSettings, ear: Ear, classes: int) -> LanguageNetwork:
    """Random weights above what is heard."""
    shape = settings.network
    torch.manual_seed(settings.learning.seed)
    architecture = Architecture(
        heard_size=len(ear.layers) * ear.network.architecture.hidden_size,
        read_size=shape.read_size,
        uppers=shape.uppers,
        hidden_size=shape.hidden_size,
        embedding_size=shape.embedding_size,
        classes=classes,
    )
    return LanguageNetwork(architecture, shape.dropout)


def started_from(ear: Ear) -> str:
    """What the card says that the network started from."""
    return f"random weights above the LSTM of {ear.folder.name}, whose layers it hears"


def body_table(ear: Ear) -> dict[str, object]:
    """The table of the card that names the speaker model which is heard."""
    card = read_card(ear.folder)
    return {"model": ear.folder.name, "sha256": card["weights"]["sha256"], "layers": list(ear.layers)}
