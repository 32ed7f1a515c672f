"""The LSTM: mel frames of a window of speech to a score for each class, a language or an accent."""

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

LOG_FLOOR = 3e-6
"""Mel power, of speech at -30 dBFS, under which nothing is told apart."""

_SPREAD_FLOOR = (
    0.5  # in nepers of power: a band that hardly moves is not blown up to the spread of one that carries speech
)
_ATTENTION_SIZE = 64
_KERNEL = 5


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network.

    Attributes:
        mel_bands: size of a frame.
        channels: outputs of the two convolutions, each of which halves the frames.
        hidden_size: LSTM cells a layer and direction.
        layers: LSTM layers, each running in both directions.
        embedding_size: dimensions between pooling and classes.
        classes: languages or accents.
    """

    mel_bands: int = 40
    channels: tuple[int, ...] = (128, 192)
    hidden_size: int = 192
    layers: int = 1
    embedding_size: int = 192
    classes: int = 59


class LanguageNetwork(nn.Module):
    """Convolutions to steps of 40 ms, LSTM layers in both directions, attentive statistics of their states, classes.

    Each band's logarithm is brought to a mean of 0 and a spread of 1 over the window: what a microphone or line does to
    all frames alike is gone.

    Source: attentive statistics after Okabe et al. (2018), "Attentive statistics pooling for deep speaker embedding";
    for language, Snyder et al. (2018), "Spoken language recognition using x-vectors".
    """

    def __init__(self, architecture: Architecture, dropout: float = 0.0) -> None:
        """Random weights.

        Args:
            architecture: its shape.
            dropout: between layers, while it learns.
        """
        super().__init__()
        self.architecture = architecture
        a = architecture
        self.front = nn.Sequential()
        for before, after in zip((a.mel_bands, *a.channels[:-1]), a.channels, strict=True):
            self.front.extend(
                (nn.Conv1d(before, after, _KERNEL, stride=2, padding=_KERNEL // 2), nn.ReLU(), nn.BatchNorm1d(after))
            )
        self.lstm = nn.LSTM(
            a.channels[-1],
            a.hidden_size,
            a.layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if a.layers > 1 else 0.0,
        )
        size = 2 * a.hidden_size
        self.attention = nn.Sequential(nn.Linear(size, _ATTENTION_SIZE), nn.Tanh(), nn.Linear(_ATTENTION_SIZE, 1))
        self.embedding = nn.Linear(2 * size, a.embedding_size)
        self.norm = nn.BatchNorm1d(a.embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(a.embedding_size, a.classes)

    def forward(self, frames: Tensor) -> Tensor:
        """Score windows.

        Args:
            frames: shape (batch, frames, mel_bands), level-normalised mel power.

        Returns:
            Shape (batch, classes), float32, before the softmax.
        """
        return self.score(normalised(frames))

    def score(self, bands: Tensor) -> Tensor:
        """Score windows that ``normalised`` gave, shape (batch, frames, mel_bands)."""
        scores: Tensor = self.classes(self.dropout(self.embed(bands)))
        return scores.float()

    def embed(self, bands: Tensor) -> Tensor:
        """What the classes are told by: shape (batch, embedding_size)."""
        pooled = self._pool(self.states(bands))
        embedding: Tensor = self.norm(functional.relu(self.embedding(pooled)))
        return embedding

    def states(self, bands: Tensor) -> Tensor:
        """The top layer's states, shape (batch, frames // 4, 2 x hidden_size)."""
        local = self.front(bands.transpose(1, 2)).transpose(1, 2)
        states, _ = self.lstm(self.dropout(local))
        result: Tensor = states
        return result

    def describe(self) -> dict[str, int | list[int]]:
        """The architecture as plain values, for the model's card."""
        return dataclasses.asdict(self.architecture) | {"channels": list(self.architecture.channels)}

    def _pool(self, states: Tensor) -> Tensor:
        weights = torch.softmax(self.attention(states).float(), dim=1)
        states = states.float()
        mean = (weights * states).sum(dim=1)
        variance = (weights * (states - mean[:, None]) ** 2).sum(dim=1)
        return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)


def normalised(frames: Tensor, floor: float | Tensor = LOG_FLOOR) -> Tensor:
    """Logarithms of mel power, each band with mean 0 and spread 1 over time.

    Args:
        frames: shape (batch, frames, mel_bands), mel power.
        floor: added to the power.
    """
    level = torch.log(frames.float() + floor)
    level = level - level.mean(dim=1, keepdim=True)
    return level / (level.square().mean(dim=1, keepdim=True).sqrt() + _SPREAD_FLOOR)
