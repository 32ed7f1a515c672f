"""The LSTM: mel frames of a window of speech to a point on the unit sphere."""

import dataclasses
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional

from forensic.errors import ModelError, SettingsError
from forensic.records import STEP_FRAMES, Samples
from forensic.speaker.architecture import Architecture
from forensic.storage.cards import REMEDY, named_file, read_card

_LOG_FLOOR = 1e-4  # mel power 20 to 30 dB below speech; less is treated as this
_ATTENTION_SIZE = 64
_LSTM_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class SpeakerNetwork(nn.Module):
    """LSTM layers, their top states pooled, a linear layer or two, unit length.

    Source: Wan et al. (2018), "Generalized end-to-end loss for speaker verification"; attentive statistics after
    Okabe et al. (2018), "Attentive statistics pooling for deep speaker embedding".
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        a = architecture
        self.lstm = nn.LSTM(a.mel_bands * (1 + a.log_bands), a.hidden_size, a.layers, batch_first=True)
        first_size = a.embedding_size - a.second_size
        self.linear = nn.Linear(a.hidden_size, first_size)
        if a.pooling != "last":
            self.pooled = nn.Linear(2 * a.hidden_size, first_size, bias=False)
        if a.second_size:
            self.second_linear = nn.Linear(a.hidden_size, a.second_size)
            self.second_pooled = nn.Linear(2 * a.hidden_size, a.second_size, bias=False)
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
        return self.embed(self.layer_states(frames)[-1])

    def layer_states(self, frames: Tensor) -> list[Tensor]:
        """The states of each LSTM layer, the lowest first.

        Args:
            frames: shape (batch, frames, mel_bands), level-normalised mel power.

        Returns:
            Each of shape (batch, steps, hidden_size), with a step per frame, or per two where the layer is halved.
        """
        frames = self._read(frames)
        states = []
        for number in range(self.architecture.layers):  # to the last bit what self.lstm gives at once
            if number + 1 == self.architecture.halved_from:
                frames = averaged(frames, 2)
            weights = [getattr(self.lstm, f"{name}_l{number}") for name in _LSTM_WEIGHTS]
            start = frames.new_zeros(1, frames.shape[0], self.architecture.hidden_size)
            frames = torch.lstm(frames, (start, start), weights, True, 1, 0.0, self.training, False, True)[0]
            states.append(frames)
        return states

    def _read(self, frames: Tensor) -> Tensor:
        """What the LSTM reads of mel power."""
        if self.architecture.log_bands:
            return torch.cat([frames, _relative_logarithm(frames)], dim=2)
        return frames

    def embed(self, states: Tensor) -> Tensor:
        """Embed windows by the states of the top layer, of which ``layer_states`` gives the last; as ``forward``."""
        embedding = self.linear(states[:, -1])
        if self.architecture.pooling != "last":
            statistics = _statistics(states, self._weights(states))
            embedding = embedding + self.pooled(statistics)
        if self.architecture.rectified:
            embedding = functional.relu(embedding)
        embedding = functional.normalize(embedding.float(), dim=1)
        if not self.architecture.second_size:
            return embedding
        second = self.second_linear(states[:, -1]) + self.second_pooled(statistics)
        second = functional.normalize(second.float(), dim=1)
        return functional.normalize(torch.cat([embedding, second], dim=1), dim=1)

    def second_inputs(self, frames: Tensor) -> Tensor:
        """What the second head maps: the last state, and the statistics of all, shape (batch, 3 x hidden_size)."""
        states = self.layer_states(frames)[-1]
        return torch.cat([states[:, -1], _statistics(states, self._weights(states))], dim=1)

    def describe(self) -> dict[str, int | bool | str]:
        """The architecture as plain values, for the model's card."""
        return dataclasses.asdict(self.architecture)

    def _weights(self, states: Tensor) -> Tensor:
        """Of each state in the pooling, shape (batch, frames, 1), their sum 1."""
        if self.architecture.pooling == "attention":
            weights: Tensor = torch.softmax(self.attention(states).float(), dim=1)
            return weights
        return torch.full_like(states[:, :, :1], 1 / states.shape[1], dtype=torch.float32)


def load_network(folder: Path) -> SpeakerNetwork:
    """The network of a model folder, to be trained further, or run where there is no graph of it.

    Raises:
        ModelError: if a file is missing or damaged, a hash differs, or the weights do not fit the architecture.
    """
    card = read_card(folder)
    weights = named_file(folder, card, "weights")
    try:
        network = SpeakerNetwork(Architecture(**card["architecture"]))
        network.load_state_dict(load(weights), strict=True)
    except (KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The model in {folder} cannot be loaded: {error}.", REMEDY) from error
    return network.eval().requires_grad_(requires_grad=False)


@torch.inference_mode()
def run_in_torch(
    windows: Samples, folder: Path, sha256: str, layers: Sequence[int], *, bfloat16: bool
) -> tuple[Samples, list[Samples]]:
    """What the graph of a model gives, by torch.

    Args:
        windows: shape (n, window_frames, mel_bands).
        folder: of the model, which is loaded once in a process.
        sha256: of its weights.
        layers: whose states are wanted, 1 for the lowest.
        bfloat16: whether to calculate with fewer digits, which the processor must be able to do.

    Returns:
        Embeddings, shape (n, embedding_size), and of each layer the states as ``heard_states`` gives them.
    """
    network = _loaded(folder, sha256)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        states = network.layer_states(torch.from_numpy(np.ascontiguousarray(windows)))
        embeddings: Samples = network.embed(states[-1]).float().numpy()
    return embeddings, [heard.numpy() for heard in heard_states(states, layers, network.architecture)]


@cache
def _loaded(folder: Path, _sha256: str) -> SpeakerNetwork:
    return load_network(folder)


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
    fixed = ("mel_bands", "layers", "embedding_size", "rectified", "second_size", "halved_from")
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


def averaged(states: Tensor, steps: int) -> Tensor:
    """The mean of every so many steps; what is left over at the end is left out.

    Args:
        states: shape (batch, steps, size).
        steps: that become one.

    Returns:
        Shape (batch, steps // ``steps``, size).
    """
    batch, have, size = states.shape
    made = have // steps
    return states[:, : made * steps].reshape(batch, made, steps, size).mean(dim=2)


def heard_states(states: Sequence[Tensor], layers: Sequence[int], architecture: Architecture) -> list[Tensor]:
    """The states of some layers as other networks hear them, averaged over ``STEP_FRAMES`` frames.

    Args:
        states: as ``SpeakerNetwork.layer_states`` gives them.
        layers: which, 1 for the lowest.
        architecture: of the network.

    Returns:
        Of each layer, shape (batch, frames // STEP_FRAMES, hidden_size), float32.
    """
    return [averaged(states[layer - 1].float(), STEP_FRAMES // architecture.step_frames(layer)) for layer in layers]


def _relative_logarithm(frames: Tensor) -> Tensor:
    level = torch.log10(frames.float() + _LOG_FLOOR)
    return (level - level.mean(dim=1, keepdim=True)).to(frames.dtype)


def _statistics(states: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean and standard deviation over time, shape (batch, 2 x hidden_size)."""
    states = states.float()
    mean = (weights * states).sum(dim=1)
    variance = (weights * (states - mean[:, None]) ** 2).sum(dim=1)
    return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)
