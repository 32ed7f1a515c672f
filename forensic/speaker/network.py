"""The LSTM: mel frames of a window of speech to a point on the unit sphere."""

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from forensic.errors import SettingsError

POOLINGS = ("last", "statistics", "attention")

_LOG_FLOOR = 1e-4  # mel power 20 to 30 dB below speech; less is treated as this
_ATTENTION_SIZE = 64


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network.

    Attributes:
        mel_bands: size of a frame.
        hidden_size: LSTM cells per layer.
        layers: LSTM layers.
        embedding_size: dimensions of the embedding.
        rectified: whether a ReLU precedes the normalisation, as in the public GE2E network.
        log_bands: whether the network also sees the logarithm of each band less its mean over the window, which no line
            or microphone changes.
        pooling: "last" maps the top layer's last state; "statistics" adds a map of the mean and standard deviation of
            its states, "attention" the same with learnt weights of the states.
    """

    mel_bands: int = 40
    hidden_size: int = 256
    layers: int = 3
    embedding_size: int = 256
    rectified: bool = True
    log_bands: bool = False
    pooling: str = "last"

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise SettingsError(f"Unknown pooling {self.pooling!r}.", f"Use one of {', '.join(POOLINGS)}.")


class SpeakerNetwork(nn.Module):
    """LSTM layers, their top states pooled, a linear layer, unit length.

    Source: Wan et al. (2018), "Generalized end-to-end loss for speaker verification"; attentive statistics after
    Okabe et al. (2018), "Attentive statistics pooling for deep speaker embedding".
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        a = architecture
        self.lstm = nn.LSTM(a.mel_bands * (1 + a.log_bands), a.hidden_size, a.layers, batch_first=True)
        self.linear = nn.Linear(a.hidden_size, a.embedding_size)
        if a.pooling != "last":
            self.pooled = nn.Linear(2 * a.hidden_size, a.embedding_size, bias=False)
        if a.pooling == "attention":
            self.attention = nn.Sequential(
                nn.Linear(a.hidden_size, _ATTENTION_SIZE), nn.Tanh(), nn.Linear(_ATTENTION_SIZE, 1)
            )

    def forward(self, frames: Tensor) -> Tensor:
        """Embed windows.

        Args:
            frames: shape (batch, frames, mel_bands), level-normalised mel power.

        Returns:
            Shape (batch, embedding_size), unit length, float32.
        """
        if self.architecture.log_bands:
            frames = torch.cat([frames, _relative_logarithm(frames)], dim=2)
        states, _ = self.lstm(frames)
        embedding = self.linear(states[:, -1])
        if self.architecture.pooling != "last":
            embedding = embedding + self.pooled(_statistics(states, self._weights(states)))
        if self.architecture.rectified:
            embedding = functional.relu(embedding)
        return functional.normalize(embedding.float(), dim=1)

    def describe(self) -> dict[str, int | bool | str]:
        """The architecture as plain values, for the model's card."""
        return dataclasses.asdict(self.architecture)

    def _weights(self, states: Tensor) -> Tensor:
        """Of each state in the pooling, shape (batch, frames, 1), their sum 1."""
        if self.architecture.pooling == "attention":
            weights: Tensor = torch.softmax(self.attention(states).float(), dim=1)
            return weights
        return torch.full_like(states[:, :, :1], 1 / states.shape[1], dtype=torch.float32)


def grown(network: SpeakerNetwork, architecture: Architecture) -> SpeakerNetwork:
    """A network of a larger architecture that gives the same embeddings, to be trained further.

    What is new starts without effect: weights of new inputs and of new cells towards old ones are zero.

    Args:
        network: to start from.
        architecture: with the same bands and embedding, as many layers, and at least as many cells.

    Raises:
        SettingsError: if the network does not fit into the architecture.

    Source: the idea of Chen et al. (2016), "Net2Net: accelerating learning via knowledge transfer".
    """
    old, new = network.architecture, architecture
    fixed = ("mel_bands", "layers", "embedding_size", "rectified")
    changed = [name for name in fixed if getattr(old, name) != getattr(new, name)]
    shrunk = new.hidden_size < old.hidden_size or old.log_bands > new.log_bands
    pooled_otherwise = old.pooling != "last" and (old.pooling, old.hidden_size) != (new.pooling, new.hidden_size)
    if changed or shrunk or pooled_otherwise:
        raise SettingsError(
            f"A network with {old} cannot grow into {new}.",
            "Start from random weights, or set [network] to something that only adds to the network started from.",
        )
    if old == new:
        return network
    larger = SpeakerNetwork(new)
    with torch.no_grad():
        if new.pooling != old.pooling:
            larger.pooled.weight.zero_()
        for name, small in network.state_dict().items():
            _embed_block(larger.state_dict()[name], small, gates=4 if name.startswith("lstm.") else 1)
    return larger


def _embed_block(large: Tensor, small: Tensor, gates: int) -> None:
    """Copy a weight into the first rows and columns of each gate's block of a larger one.

    Columns that are new get zeros in the rows that are old; new rows keep their random values.
    """
    target = large.view(gates, -1, *large.shape[1:])
    source = small.view(gates, -1, *small.shape[1:])
    rows = source.shape[1]
    if source.dim() == 2:  # noqa: PLR2004 - a bias
        target[:, :rows] = source
    else:
        target[:, :rows] = 0.0
        target[:, :rows, : source.shape[2]] = source


def _relative_logarithm(frames: Tensor) -> Tensor:
    level = torch.log10(frames.float() + _LOG_FLOOR)
    return (level - level.mean(dim=1, keepdim=True)).to(frames.dtype)


def _statistics(states: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean and standard deviation over time, shape (batch, 2 x hidden_size)."""
    states = states.float()
    mean = (weights * states).sum(dim=1)
    variance = (weights * (states - mean[:, None]) ** 2).sum(dim=1)
    return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)
