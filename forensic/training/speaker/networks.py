"""The network that a run trains, its teacher, and what the card says that it started from."""

import dataclasses
from pathlib import Path

import torch

from forensic.errors import TrainingError
from forensic.examination.people import trained_people
from forensic.speaker.network import SpeakerNetwork, grown
from forensic.speaker.second import read_second
from forensic.training.configuration import TrainingSettings
from forensic.training.speaker.teacher import initial_network


def networks_of(settings: TrainingSettings) -> tuple[SpeakerNetwork, SpeakerNetwork]:
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
    network = SpeakerNetwork(architecture) if learning.init == "random" else grown(started_from, architecture)
    return _halved(network, wanted.halved_from), teacher


def _halved(network: SpeakerNetwork, layer: int) -> SpeakerNetwork:
    """The same weights, with half as many steps from a layer on; 0 leaves the network as it is."""
    if layer in {0, network.architecture.halved_from}:
        return network
    quicker = SpeakerNetwork(dataclasses.replace(network.architecture, halved_from=layer))
    quicker.load_state_dict(network.state_dict())
    return quicker


def with_second_head(network: SpeakerNetwork, size: int) -> SpeakerNetwork:
    """The network with a second head of so many values, whose weights are random unless it has one already.

    Raises:
        TrainingError: if it has one of another size.
        SettingsError: if its pooling has none.
    """
    has = network.architecture
    if has.second_size == size:
        return network
    if has.second_size:
        raise TrainingError(
            f"The network has a second head of {has.second_size} values, and the second teacher gives {size}.",
            "Start from a network with one head, or teach with the model that its second head follows.",
        )
    larger = SpeakerNetwork(dataclasses.replace(has, embedding_size=has.embedding_size + size, second_size=size))
    larger.load_state_dict(larger.state_dict() | network.state_dict())
    return larger


def started_from(init: str) -> str:
    """What the card says that the network started from."""
    if init == "ge2e":
        return (
            "the public GE2E LSTM of Resemblyzer 0.1.4 (Resemble AI, Apache-2.0; LibriSpeech, VoxCeleb1 and VoxCeleb2)"
        )
    return "random weights" if init == "random" else f"the model in {Path(init).name}"


def people_before(settings: TrainingSettings) -> set[str]:
    """Hashes of the names of those who took part in the training of the models that it starts and learns from."""
    folders = (Path(name) for name in (settings.learning.init, settings.learning.teacher) if name)
    return set().union(*(trained_people(folder) or () for folder in folders))


def taught_by(settings: TrainingSettings) -> str:
    """What the card says of the networks that it learnt from."""
    first = started_from(settings.learning.teacher or settings.learning.init)
    if not settings.learning.second_teacher:
        return first
    second = read_second(settings.learning.second_teacher)
    return f"{first} (first head), and {second.identity.name} ({second.licence}; second head): {second.data}".strip()
