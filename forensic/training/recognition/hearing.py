"""What the network hears of crops while it learns, and the scores of stretches as they are examined."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from forensic.language.hearing import HEARD_FRAMES, WINDOW_FRAMES, evenly
from forensic.records import STEP_FRAMES
from forensic.speaker.extractor import window_places
from forensic.speaker.network import SpeakerNetwork, heard_states

Score = Callable[[Tensor], Tensor]
"""Mel power of stretches of one length, shape (n, frames, mel_bands), to scores, shape (n, classes)."""


@dataclass(frozen=True, slots=True)
class Ear:
    """A speaker network that is heard, and does not learn.

    Attributes:
        network: of the speaker model.
        folder: of the speaker model.
        layers: of its LSTM that are heard, 1 for the lowest.
    """

    network: SpeakerNetwork
    folder: Path
    layers: tuple[int, ...]

    @torch.no_grad()
    def hear(self, crops: Tensor) -> Tensor:
        """The states in the windows over each crop, as ``forensic.language.hearing`` has them.

        Args:
            crops: mel power, shape (n, frames, mel_bands).

        Returns:
            Shape (n, steps, values).
        """
        starts, size = window_places(crops.shape[1], WINDOW_FRAMES)
        if crops.shape[1] < size:
            crops = crops.repeat(1, -(-size // crops.shape[1]), 1)[:, :size]
        windows = torch.stack([crops[:, start : start + size] for start in starts], dim=1)
        states = self.network.layer_states(windows.flatten(0, 1))
        heard = torch.cat(heard_states(states, self.layers, self.network.architecture), dim=2)
        return heard.reshape(len(crops), -1, heard.shape[2])

    def score(self, network: nn.Module) -> Score:
        """How stretches are scored: the mean over evenly spaced windows of the languages' network."""

        def score(stretches: Tensor) -> Tensor:
            states = self.hear(stretches)
            parts = evenly(states.shape[1], HEARD_FRAMES // STEP_FRAMES)
            scores = [network(states[:, part]) for part in parts]
            return torch.stack(scores).mean(dim=0)

        return score
