"""The LSTM: mel frames of a window of speech to a point on the unit sphere."""

import dataclasses
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network.

    Attributes:
        mel_bands: size of a frame.
        hidden_size: LSTM cells a layer.
        layers: LSTM layers.
        embedding_size: dimensions of the embedding.
        rectified: whether a ReLU precedes the normalisation, as in the public GE2E network.
    """

    mel_bands: int = 40
    hidden_size: int = 256
    layers: int = 3
    embedding_size: int = 256
    rectified: bool = True


class SpeakerNetwork(nn.Module):
    """LSTM layers, the last state of the top one, a linear layer, unit length.

    Source: Wan et al. (2018), "Generalized end-to-end loss for speaker verification".
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        a = architecture
        self.lstm = nn.LSTM(a.mel_bands, a.hidden_size, a.layers, batch_first=True)
        self.linear = nn.Linear(a.hidden_size, a.embedding_size)

    def forward(self, frames: Tensor) -> Tensor:
        """Embed windows.

        Args:
            frames: shape (batch, frames, mel_bands).

        Returns:
            Shape (batch, embedding_size), unit length, float32.
        """
        output, _ = self.lstm(frames)
        embedding = self.linear(output[:, -1])
        if self.architecture.rectified:
            embedding = functional.relu(embedding)
        return functional.normalize(embedding.float(), dim=1)

    def describe(self) -> dict[str, int | bool]:
        """The architecture as plain values, for the model's card."""
        return dataclasses.asdict(self.architecture)
