"""The network above a speaker network's LSTM: the states that it hears to a score for each language or accent."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional

from forensic.errors import ModelError
from forensic.storage.cards import REMEDY, named_file, read_card

_ATTENTION_SIZE = 64


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network.

    Attributes:
        heard_size: values of a step of the speaker network's states, those of all layers that are heard.
        read_size: values that they are mapped to.
        uppers: upper parts that share these.
        hidden_size: LSTM cells of an upper layer, in each direction.
        embedding_size: dimensions between pooling and classes.
        classes: languages or accents.
    """

    heard_size: int = 768
    read_size: int = 256
    uppers: int = 4
    hidden_size: int = 160
    embedding_size: int = 192
    classes: int = 59


class Upper(nn.Module):
    """An LSTM layer in both directions, statistics, classes.

    It reads values less their mean over the window, so that what changes remains, and the constant voice and microphone
    do not. Its states' attentive statistics and the plain ones of the values make an embedding.

    Source: attentive statistics after Okabe et al. (2018), "Attentive statistics pooling for deep speaker embedding";
    for language, Snyder et al. (2018), "Spoken language recognition using x-vectors".
    """

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        a = architecture
        self.lstm = nn.LSTM(a.read_size, a.hidden_size, 1, batch_first=True, bidirectional=True)
        size = 2 * a.hidden_size
        self.attention = nn.Sequential(nn.Linear(size, _ATTENTION_SIZE), nn.Tanh(), nn.Linear(_ATTENTION_SIZE, 1))
        self.statistics = nn.BatchNorm1d(2 * a.read_size)
        self.embedding = nn.Linear(2 * size + 2 * a.read_size, a.embedding_size)
        self.norm = nn.BatchNorm1d(a.embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(a.embedding_size, a.classes)

    def forward(self, values: Tensor, steps: Tensor | None = None) -> Tensor:
        """Score windows.

        Args:
            values: shape (batch, steps, read_size).
            steps: of each window, shape (batch,), if some are shorter than others; what follows is ignored.

        Returns:
            Shape (batch, classes).
        """
        even = _even_weights(values, steps)
        changing = values - (even * values).sum(dim=1, keepdim=True)
        heard = _both_ways(self.lstm, self.dropout(changing), steps)
        plain = self.dropout(self.statistics(_statistics(values, even)))
        attention = self.attention(heard).masked_fill(even == 0, -torch.inf)
        weighted = _statistics(heard, torch.softmax(attention, dim=1))
        embedding = self.norm(functional.relu(self.embedding(torch.cat([weighted, plain], dim=1))))
        scores: Tensor = self.classes(self.dropout(embedding))
        return scores


class LanguageNetwork(nn.Module):
    """A linear map of the states that are heard, and several upper parts, whose mean score counts.

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
        self.architecture = architecture
        self.read = nn.Linear(architecture.heard_size, architecture.read_size)
        self.uppers = nn.ModuleList(Upper(architecture, dropout) for _ in range(architecture.uppers))

    def forward(self, states: Tensor, steps: Tensor | None = None) -> Tensor:
        """Score windows.

        Args:
            states: that are heard, shape (batch, steps, heard_size); see ``forensic.language.hearing``.
            steps: of each window, shape (batch,), if some are shorter than others; what follows is ignored.

        Returns:
            Shape (batch, classes), before the softmax.
        """
        return self.score_each(self.read(states), steps).mean(dim=0)

    def score_each(self, values: Tensor, steps: Tensor | None = None) -> Tensor:
        """Scores of each upper part for what ``read`` gave, shape (uppers, batch, classes)."""
        return torch.stack([upper(values, steps) for upper in self.uppers])

    def describe(self) -> dict[str, int]:
        """The architecture as plain values, for the model's card."""
        return dataclasses.asdict(self.architecture)


def load_language_network(folder: Path) -> LanguageNetwork:
    """The network of a model folder in torch.

    Raises:
        ModelError: if a file is missing or damaged, a hash differs, or the weights do not fit the architecture.
    """
    card = read_card(folder)
    weights = load(named_file(folder, card, "weights"))
    try:
        network = LanguageNetwork(Architecture(**card["architecture"]))
        network.load_state_dict(weights, strict=True)
    except (KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The model in {folder} cannot be loaded: {error}.", REMEDY) from error
    return network.eval().requires_grad_(requires_grad=False)


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
