"""The network that a run trains, its teacher, and what the card says that it started from."""

import dataclasses
from pathlib import Path

import torch

from forensic.speaker.network import SpeakerNetwork, grown
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
    if learning.init == "random":
        return SpeakerNetwork(architecture), teacher
    return grown(started_from, architecture), teacher


def started_from(init: str) -> str:
    """What the card says that the network started from."""
    if init == "ge2e":
        return (
            "the public GE2E LSTM of Resemblyzer 0.1.4 (Resemble AI, Apache-2.0; LibriSpeech, VoxCeleb1 and VoxCeleb2)"
        )
    return "random weights" if init == "random" else f"the model in {Path(init).name}"
