"""The speech detector's network in torch, from which its graphs are exported; ``forensic.audio.speech`` runs them.

Source: Silero Team, silero-vad 6 (MIT licence), its 16 kHz network. Its convolutions run over the four spectra of one
frame only, so each is written as a product with the taps that meet a spectrum, none that meet padding.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional

from forensic.audio.speech import BINS, SPECTRA
from forensic.storage.atomic import written_whole
from forensic.storage.cards import named_file, read_card, write_card
from forensic.training.graphs import export_graph


class Encoder(nn.Module):
    """Magnitudes of the spectra of a frame to its features."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(BINS, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Shape (frames, SPECTRA, BINS) to (frames, 128)."""
        spectra = [magnitudes[:, number] for number in range(SPECTRA)]
        first = [_convolved(self.conv1, spectra, middle) for middle in range(4)]
        second = [_convolved(self.conv2, first, middle) for middle in (0, 2)]
        third = _convolved(self.conv3, second, 0)
        return _convolved(self.conv4, [third], 0)


class Decider(nn.Module):
    """Features of the frames of streams to probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Shape (streams, frames, 128) to (streams, frames)."""
        hidden, _ = self.lstm(features)
        final = functional.linear(torch.relu(hidden), self.final_conv.weight[:, :, 0], self.final_conv.bias)
        return torch.sigmoid(final).squeeze(2)


def _convolved(convolution: nn.Conv1d, steps: Sequence[Tensor], middle: int) -> Tensor:
    """One output of a convolution of three taps and its rectifier, shape (frames, channels)."""
    taps = [tap for tap in range(3) if 0 <= middle + tap - 1 < len(steps)]
    weights = torch.cat([convolution.weight[:, :, tap] for tap in taps], dim=1)
    seen = torch.cat([steps[middle + tap - 1] for tap in taps], dim=1)
    return torch.relu(functional.linear(seen, weights, convolution.bias))


def write_detector_graphs(folder: Path) -> None:
    """Export the graphs of the detector in a model folder from its weights, and name them on its card."""
    card = read_card(folder)
    weights = load(named_file(folder, card, "weights"))
    parts: list[tuple[str, nn.Module, dict[str, Tensor], str, tuple[str, ...]]] = [
        ("encoder", Encoder(), {"magnitudes": torch.rand(2, SPECTRA, BINS)}, "features", ("frames",)),
        ("decider", Decider(), {"features": torch.rand(2, 3, 128)}, "probability", ("streams", "frames")),
    ]
    for name, network, inputs, output, free in parts:
        network.load_state_dict({key: weights[key] for key in network.state_dict()})
        content = export_graph(network.eval(), inputs, [output], free)
        with written_whole(folder / f"{name}.onnx") as file:
            file.write(content)
        card[name] = {"file": f"{name}.onnx", "sha256": hashlib.sha256(content).hexdigest()}
    write_card(folder, card)
