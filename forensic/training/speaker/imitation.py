"""Learning to be another network at less cost: in the same crop, the same states, and the same embedding."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forensic.errors import SettingsError
from forensic.speaker.network import SpeakerNetwork, averaged
from forensic.speaker.precision import can_autocast


def check_alike(network: SpeakerNetwork, teacher: SpeakerNetwork) -> None:
    """See that a network's states can be compared with its teacher's.

    Raises:
        SettingsError: if it has other layers or cells, or an embedding of another size.
    """
    for name in ("layers", "hidden_size", "embedding_size"):
        own, wanted = getattr(network.architecture, name), getattr(teacher.architecture, name)
        if own != wanted:
            raise SettingsError(
                f"A network with {name} = {own} cannot imitate a teacher with {name} = {wanted}.",
                "Start from the teacher (learning.init), or set learning.states_weight to 0.",
            )


def keep_lower_layers(network: SpeakerNetwork) -> None:
    """Let the layers below the halved ones be what the network started with, so that they need not learn."""
    for number in range(network.architecture.halved_from - 1):
        for name, value in network.lstm.named_parameters():
            value.requires_grad &= not name.endswith(f"_l{number}")


@dataclass(frozen=True, slots=True)
class Example:
    """What the teacher makes of crops.

    Attributes:
        states: of each layer, each of shape (batch, steps, hidden_size).
        embeddings: shape (batch, embedding_size), unit length.
    """

    states: Sequence[Tensor]
    embeddings: Tensor


@torch.no_grad()
def example(teacher: SpeakerNetwork, crops: Tensor) -> Example:
    """What a teacher makes of crops, shape (batch, frames, mel_bands)."""
    kind = crops.device.type
    with torch.autocast(kind, torch.bfloat16, enabled=can_autocast(kind)):
        states = teacher.layer_states(crops)
    return Example(states, teacher.embed(states[-1].float()))


def states_loss(states: Sequence[Tensor], network: SpeakerNetwork, shown: Example, teacher: SpeakerNetwork) -> Tensor:
    """The squared error of the halved layers' states relative to the variance of the teacher's, summed over the layers.

    A step of a halved layer is compared with the mean of the teacher's states in it.
    """
    loss = torch.zeros((), device=shown.embeddings.device)
    for number, (own, teachers) in enumerate(zip(states, shown.states, strict=True), 1):
        ratio = network.architecture.step_frames(number) // teacher.architecture.step_frames(number)
        if ratio > 1:
            wanted = averaged(teachers.float(), ratio)
            loss = loss + nn.functional.mse_loss(own.float(), wanted) / wanted.var()
    return loss
