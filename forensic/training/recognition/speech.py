"""Features of every piece, on the network's device: cut in batches, one row per crop."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forensic.training.cache import FeatureCache


@dataclass(frozen=True, slots=True)
class Speech:
    """Pieces of speech.

    Attributes:
        versions: one tensor per version, the clean one first, each of shape (frames, mel_bands): square roots of power.
        first: where each piece starts in them, shape (pieces,).
        frames: how long it is.
        sha256: of what made them.
    """

    versions: tuple[Tensor, ...]
    first: Tensor
    frames: Tensor
    sha256: str

    @property
    def device(self) -> torch.device:
        """The device that it is on."""
        return self.first.device

    def cut(self, pieces: Tensor, versions: Tensor, starts: Tensor, length: int) -> Tensor:
        """Crops of one length; a piece that ends before is repeated from its start.

        Args:
            pieces: shape (n,).
            versions: of each, shape (n,).
            starts: frame in the piece, shape (n,).
            length: frames.

        Returns:
            Mel power, shape (n, length, mel_bands).
        """
        steps = starts[:, None] + torch.arange(length, device=self.device)
        rows = self.first[pieces][:, None] + steps % self.frames[pieces][:, None]
        crops = self.versions[0][rows]
        for number, version in enumerate(self.versions[1:], 1):
            chosen = versions == number
            crops[chosen] = version[rows[chosen]]
        return crops.float().square()


def open_speech(cache: FeatureCache, device: torch.device) -> Speech:
    """Bring the features of a cache to a device; on the processor they stay mapped from disk."""
    first, frames = (cache.index[name].to_numpy() for name in ("first", "frames"))
    return make_speech(cache.versions, first, frames, cache.sha256, device)


def make_speech(
    versions: Sequence[NDArray[np.float16]],
    first: NDArray[np.int64],
    frames: NDArray[np.int64],
    sha256: str,
    device: torch.device,
) -> Speech:
    """Bring features to a device.

    Args:
        versions: as in ``Speech``.
        first: frame where each piece starts.
        frames: of each piece.
        sha256: of what made them.
        device: where to.
    """
    tensors = tuple(_to_device(version, device) for version in versions)
    return Speech(tensors, torch.tensor(first, device=device), torch.tensor(frames, device=device), sha256)


def _to_device(features: NDArray[np.float16], device: torch.device) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # features mapped from disk cannot be written to, and are not
        return torch.from_numpy(features).to(device)
