"""The LSTM: mel frames of a window of speech to a score for each class, a language or an accent."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional

from forensic.errors import ModelError
from forensic.storage.cards import REMEDY, named_file, read_card

STEP_FRAMES = 4
"""Frames of 10 ms that make one step of the upper layers."""

_LOG_FLOOR = 1e-4  # as in the speaker network, whose lower layers these were
_ATTENTION_SIZE = 64
_INPUT = "weight_ih_l0"


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network, or of a committee of like ones.

    Attributes:
        mel_bands: size of a frame.
        lower_size: LSTM cells of each of the lower layers.
        lower_layers: how many there are.
        uppers: upper parts that share them.
        hidden_size: LSTM cells of an upper layer, in each direction.
        embedding_size: dimensions between pooling and classes.
        classes: languages or accents.
        networks: in the committee.
        stride: frames of 10 ms that the lower layers take at once; 1, 2 or 4.
    """

    mel_bands: int = 40
    lower_size: int = 256
    lower_layers: int = 2
    uppers: int = 4
    hidden_size: int = 160
    embedding_size: int = 192
    classes: int = 59
    networks: int = 1
    stride: int = 1


class Upper(nn.Module):
    """An LSTM layer in both directions, statistics, classes.

    It reads the lower states less their mean over the window, so that what changes remains, and the constant voice and
    microphone do not. Its states' attentive statistics and the plain ones of the lower states make an embedding.

    Source: attentive statistics after Okabe et al. (2018), "Attentive statistics pooling for deep speaker embedding";
    for language, Snyder et al. (2018), "Spoken language recognition using x-vectors".
    """

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        a = architecture
        self.lstm = nn.LSTM(a.lower_size, a.hidden_size, 1, batch_first=True, bidirectional=True)
        size = 2 * a.hidden_size
        self.attention = nn.Sequential(nn.Linear(size, _ATTENTION_SIZE), nn.Tanh(), nn.Linear(_ATTENTION_SIZE, 1))
        self.statistics = nn.BatchNorm1d(2 * a.lower_size)
        self.embedding = nn.Linear(2 * size + 2 * a.lower_size, a.embedding_size)
        self.norm = nn.BatchNorm1d(a.embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(a.embedding_size, a.classes)

    def forward(self, states: Tensor, steps: Tensor | None = None) -> Tensor:
        """Score windows.

        Args:
            states: of the lower layers, shape (batch, steps, lower_size).
            steps: of each window, shape (batch,), if some are shorter than others; what follows is ignored.

        Returns:
            Shape (batch, classes).
        """
        even = _even_weights(states, steps)
        changing = states - (even * states).sum(dim=1, keepdim=True)
        heard = _both_ways(self.lstm, self.dropout(changing), steps)
        plain = self.dropout(self.statistics(_statistics(states, even)))
        attention = self.attention(heard).masked_fill(even == 0, -torch.inf)
        weighted = _statistics(heard, torch.softmax(attention, dim=1))
        embedding = self.norm(functional.relu(self.embedding(torch.cat([weighted, plain], dim=1))))
        scores: Tensor = self.classes(self.dropout(embedding))
        return scores


class LanguageNetwork(nn.Module):
    """Lower LSTM layers, which begin as a speaker network's, and several upper parts, whose mean score counts.

    The lower layers see mel power and its logarithm less the window's mean, and their states are averaged over 40 ms.
    They may take several frames at once, which costs less.
    The upper parts start from different weights and learn on the same speech: they make different errors, and their
    mean makes fewer.

    Source: means of networks after Hansen & Salamon (1990), "Neural network ensembles".
    """

    def __init__(self, architecture: Architecture, dropout: float = 0.0) -> None:
        """Random weights.

        Args:
            architecture: its shape.
            dropout: of what goes into the upper layers, while they learn.
        """
        super().__init__()
        self.architecture = dataclasses.replace(architecture, networks=1)
        a = architecture
        self.lower = nn.LSTM(2 * a.mel_bands * a.stride, a.lower_size, a.lower_layers, batch_first=True)
        self.uppers = nn.ModuleList(Upper(a, dropout) for _ in range(a.uppers))

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score windows.

        Args:
            frames: shape (batch, frames, mel_bands), level-normalised mel power.
            lengths: frames of each window, shape (batch,), if some are shorter than others; what follows is
                ignored.

        Returns:
            Shape (batch, classes), float32, before the softmax.
        """
        steps = None if lengths is None else lengths // STEP_FRAMES
        return self.score_each(self.local_states(frames, lengths), steps).mean(dim=0)

    def local_states(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """States of the lower layers, averaged over 40 ms, shape (batch, frames // 4, lower_size)."""
        batch, steps = frames.shape[0], frames.shape[1] // STEP_FRAMES  # len() would be a constant of the graph
        heard = torch.cat([frames, _relative_logarithm(frames, lengths)], dim=2)[:, : steps * STEP_FRAMES]
        of_step = STEP_FRAMES // self.architecture.stride
        states, _ = self.lower(heard.reshape(batch, steps * of_step, -1))
        averaged: Tensor = states.reshape(batch, steps, of_step, -1).mean(dim=2)
        return averaged

    def take_lower(self, weights: Mapping[str, Tensor]) -> None:
        """Start the lower layers from those of a network that takes fewer frames at once, which gives the same input.

        Args:
            weights: of its lower layers, or of more layers, by their names in an LSTM.
        """
        own = {name: weights[name] for name in self.lower.state_dict()}
        more = self.lower.input_size // own[_INPUT].shape[1]
        own[_INPUT] = own[_INPUT].repeat(1, more) / more
        self.lower.load_state_dict(own)

    def score_each(self, states: Tensor, steps: Tensor | None = None) -> Tensor:
        """Scores of each upper part for what ``local_states`` gave, shape (uppers, batch, classes)."""
        return torch.stack([upper(states, steps) for upper in self.uppers])


class Committee(nn.Module):
    """Networks that were trained one by one, whose mean score counts."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.networks = nn.ModuleList(LanguageNetwork(architecture) for _ in range(architecture.networks))

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score windows, as a single network does."""
        return torch.stack([network(frames, lengths) for network in self.networks]).mean(dim=0)

    def describe(self) -> dict[str, int]:
        """The architecture as plain values, for the model's card."""
        return dataclasses.asdict(self.architecture)


def join(networks: list[LanguageNetwork]) -> Committee:
    """A committee of some networks of one architecture.

    Raises:
        ValueError: if they are of several.
    """
    shapes = {network.architecture for network in networks}
    if len(shapes) != 1:
        raise ValueError(f"Networks of {len(shapes)} shapes make no committee")
    committee = Committee(dataclasses.replace(shapes.pop(), networks=len(networks)))
    for own, network in zip(committee.networks, networks, strict=True):
        own.load_state_dict(network.state_dict())
    return committee


def load_committee(folder: Path) -> Committee:
    """The networks of a model folder in torch, to be joined or trained further.

    Raises:
        ModelError: if a file is missing or damaged, a hash differs, or the weights do not fit the architecture.
    """
    card = read_card(folder)
    weights = load(named_file(folder, card, "weights"))
    try:
        network = Committee(Architecture(**card["architecture"]))
        network.load_state_dict(weights, strict=True)
    except (KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The model in {folder} cannot be loaded: {error}.", REMEDY) from error
    return network.eval().requires_grad_(requires_grad=False)


def _relative_logarithm(frames: Tensor, lengths: Tensor | None) -> Tensor:
    """Logarithm of each band less its mean over the window, which no line or microphone changes."""
    level = torch.log10(frames + _LOG_FLOOR)
    return level - (_even_weights(level, lengths) * level).sum(dim=1, keepdim=True)


def _even_weights(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Equal weights for the valid steps of each window, with sum 1, shape (batch, length, 1)."""
    if lengths is None:
        return torch.full_like(values[:, :, :1], 1 / values.shape[1])
    is_heard = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
    return (is_heard / lengths[:, None]).to(values.dtype)[:, :, None]


def _both_ways(lstm: nn.LSTM, values: Tensor, steps: Tensor | None) -> Tensor:
    """States of one layer in both directions, shape (batch, steps, 2 x size).

    If windows differ in length, each is reversed within its own length, so that the backward layer does not read what
    follows.
    """
    if steps is None:
        states: Tensor = lstm(values)[0]
        return states
    at = torch.arange(values.shape[1], device=values.device)
    turned = steps[:, None] - 1 - at
    turned = torch.where(turned < 0, at, turned)[:, :, None]
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    forward = _one_way([getattr(lstm, name) for name in names], values)
    reverse = [getattr(lstm, f"{name}_reverse") for name in names]
    backward = _one_way(reverse, values.gather(1, turned.expand(-1, -1, lstm.input_size)))
    return torch.cat([forward, backward.gather(1, turned.expand(-1, -1, lstm.hidden_size))], dim=2)


def _one_way(weights: list[Tensor], values: Tensor) -> Tensor:
    start = values.new_zeros(1, values.shape[0], weights[1].shape[1])
    states: Tensor = torch.lstm(values, (start, start), weights, True, 1, 0.0, False, False, True)[0]
    return states


def _statistics(states: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean and standard deviation over time, shape (batch, 2 x size)."""
    mean = (weights * states).sum(dim=1)
    variance = (weights * (states - mean[:, None]) ** 2).sum(dim=1)
    return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)
