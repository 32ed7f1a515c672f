"""The LSTM: mel frames of a window of speech to a score for each class, a language or an accent."""

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STEP_FRAMES = 4
"""Frames of 10 ms that make one step of the upper layer."""

_LOG_FLOOR = 1e-4  # as in the speaker network, whose lower layers these are
_ATTENTION_SIZE = 64


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network.

    Attributes:
        mel_bands: size of a frame.
        lower_size: LSTM cells of each of the lower layers.
        lower_layers: how many there are.
        hidden_size: LSTM cells of the upper layer, in each direction.
        embedding_size: dimensions between pooling and classes.
        classes: languages or accents.
    """

    mel_bands: int = 40
    lower_size: int = 256
    lower_layers: int = 2
    hidden_size: int = 160
    embedding_size: int = 192
    classes: int = 59


class LanguageNetwork(nn.Module):
    """Lower LSTM layers, taken over from a speaker network; an upper one in both directions; statistics; classes.

    The lower layers see mel power and its logarithm less the window's mean, and their states are averaged over 40 ms.
    The upper layer sees them less their mean over the window, so that it hears what changes, and neither the voice nor
    the microphone that stay. Its states' attentive statistics and the plain ones of the lower states make an embedding.
    Beside it stands a linear discriminant of the plain statistics alone, fitted in closed form; their balance is chosen
    on people who trained neither.

    Source: attentive statistics after Okabe et al. (2018), "Attentive statistics pooling for deep speaker embedding";
    for language, Snyder et al. (2018), "Spoken language recognition using x-vectors".
    """

    balance: Tensor

    def __init__(self, architecture: Architecture, dropout: float = 0.0) -> None:
        """Random weights.

        Args:
            architecture: its shape.
            dropout: of what goes into the upper layers, while they learn.
        """
        super().__init__()
        self.architecture = architecture
        a = architecture
        self.lower = nn.LSTM(2 * a.mel_bands, a.lower_size, a.lower_layers, batch_first=True)
        self.lower.requires_grad_(requires_grad=False)
        self.lstm = nn.LSTM(a.lower_size, a.hidden_size, 1, batch_first=True, bidirectional=True)
        size = 2 * a.hidden_size
        self.attention = nn.Sequential(nn.Linear(size, _ATTENTION_SIZE), nn.Tanh(), nn.Linear(_ATTENTION_SIZE, 1))
        self.statistics = nn.BatchNorm1d(2 * a.lower_size)
        self.embedding = nn.Linear(2 * size + 2 * a.lower_size, a.embedding_size)
        self.norm = nn.BatchNorm1d(a.embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(a.embedding_size, a.classes)
        self.plain = nn.Linear(2 * a.lower_size, a.classes).requires_grad_(requires_grad=False)
        self.register_buffer("balance", torch.tensor([1.0, 0.0]))

    def forward(self, frames: Tensor) -> Tensor:
        """Score windows.

        Args:
            frames: shape (batch, frames, mel_bands), level-normalised mel power.

        Returns:
            Shape (batch, classes), float32, before the softmax.
        """
        return self.score(self.local_states(frames))

    def local_states(self, frames: Tensor) -> Tensor:
        """States of the lower layers, averaged over 40 ms, shape (batch, frames // 4, lower_size)."""
        states, _ = self.lower(torch.cat([frames, _relative_logarithm(frames)], dim=2))
        batch, count, size = states.shape
        steps = count // STEP_FRAMES
        averaged: Tensor = states[:, : steps * STEP_FRAMES].reshape(batch, steps, STEP_FRAMES, size).mean(dim=2)
        return averaged

    def score(self, states: Tensor) -> Tensor:
        """Score windows that ``local_states`` gave, shape (batch, steps, lower_size)."""
        learnt: Tensor = self.classes(self.dropout(self.embed(states)))
        if self.training:
            return learnt
        plain: Tensor = self.plain(plain_statistics(states))
        return self.balance[0] * learnt + self.balance[1] * plain

    def embed(self, states: Tensor) -> Tensor:
        """What the classes are told by: shape (batch, embedding_size)."""
        mean = states.mean(dim=1, keepdim=True)
        upper, _ = self.lstm(self.dropout(states - mean))
        plain = self.dropout(self.statistics(plain_statistics(states)))
        weighted = _statistics(upper, torch.softmax(self.attention(upper), dim=1))
        embedding: Tensor = self.norm(functional.relu(self.embedding(torch.cat([weighted, plain], dim=1))))
        return embedding

    def describe(self) -> dict[str, int]:
        """The architecture as plain values, for the model's card."""
        return dataclasses.asdict(self.architecture)


def plain_statistics(states: Tensor) -> Tensor:
    """Mean and standard deviation over time, shape (batch, 2 x size)."""
    return _statistics(states, torch.full_like(states[:, :, :1], 1 / states.shape[1]))


def _relative_logarithm(frames: Tensor) -> Tensor:
    """Logarithm of each band less its mean over the window, which no line or microphone colours."""
    level = torch.log10(frames + _LOG_FLOOR)
    return level - level.mean(dim=1, keepdim=True)


def _statistics(states: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean and standard deviation over time, shape (batch, 2 x size)."""
    mean = (weights * states).sum(dim=1)
    variance = (weights * (states - mean[:, None]) ** 2).sum(dim=1)
    return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)
