"""Crops changed as another voice, tempo, microphone, line or background would change them, on their mel power.

As ``forensic.training.perturbation``, but for whole batches at once, where the network is.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from msgspec import Meta
from numpy.typing import NDArray
from torch import Tensor

from forensic.settings import Share
from forensic.training.perturbation import BAND_WIDTHS_HZ, OVERLAY_SNR_DB, draw_colours

_LEVEL_DB = 3.0


@dataclass(frozen=True, slots=True)
class CropSettings:
    """How crops are changed, drawn again for every crop.

    Attributes:
        tempo: speech is played up to so much faster or slower, a share; pitch stays.
        warp: the vocal tract is made up to so much longer or shorter, a share.
        recolour_share: share of the crops whose bands are weighted as by another microphone or line.
        overlay_share: share of the crops with another of the batch in their background.
    """

    tempo: Annotated[float, Meta(ge=0, lt=1)] = 0.08
    warp: Annotated[float, Meta(ge=0, lt=1)] = 0.06
    recolour_share: Share = 0.3
    overlay_share: Share = 0.1


def longest(length: int, settings: CropSettings) -> int:
    """Frames that a crop of a length is made of at the fastest tempo."""
    return int(np.ceil(length * (1 + settings.tempo))) + 1


def vary_voice(crops: Tensor, length: int, settings: CropSettings, rng: np.random.Generator) -> Tensor:
    """Play crops at other tempos, and from longer or shorter vocal tracts.

    Args:
        crops: mel power, shape (n, frames, mel_bands).
        length: frames of what is returned; ``longest`` of them must be given.
        settings: how much.
        rng: draws.

    Returns:
        Shape (n, length, mel_bands).
    """
    n, _, bands = crops.shape
    tempo = 1 + settings.tempo * rng.uniform(-1, 1, (n, 1))
    at = tempo * np.arange(length)
    crops = _between(crops, at, dim=1)
    if not settings.warp:
        return crops
    warp = 1 + settings.warp * rng.uniform(-1, 1, (n, 1))
    return _between(crops, np.minimum(warp * np.arange(bands), bands - 1.001), dim=2)


def change_channel(crops: Tensor, settings: CropSettings, rng: np.random.Generator) -> Tensor:
    """Put another crop in the background of some, weight the bands of some, and move the level of all.

    Args:
        crops: mel power, shape (n, frames, mel_bands).
        settings: shares.
        rng: draws.

    Returns:
        The same shape.
    """
    n = len(crops)
    ratio = 10 ** (-rng.uniform(*OVERLAY_SNR_DB, n) / 10) * (rng.random(n) < settings.overlay_share)
    level = crops.mean(dim=(1, 2))
    other = torch.from_numpy(rng.permutation(n)).to(crops.device)
    ratio_of_level = _as(ratio, crops) * level / level[other].clamp_min(1e-12)
    crops = crops + ratio_of_level[:, None, None] * crops[other]
    gains = np.where(rng.random((n, 1)) < settings.recolour_share, draw_colours(n, rng), 1.0)
    widths = _as(BAND_WIDTHS_HZ, crops)
    gain = _as(gains, crops)
    spectrum = crops.mean(dim=1)
    kept = (spectrum @ widths) / ((gain * spectrum) @ widths).clamp_min(1e-12)
    kept = kept * _as(10 ** (rng.normal(0.0, _LEVEL_DB, n) / 10), crops)
    return crops * (gain * kept[:, None])[:, None]


def blank(states: Tensor, longest_stretch: int, rng: np.random.Generator) -> Tensor:
    """Set two stretches of each crop to its mean.

    Args:
        states: shape (n, steps, size).
        longest_stretch: steps.
        rng: draws.

    Returns:
        The same shape.

    Source: the idea of Park et al. (2019), "SpecAugment".
    """
    n, steps, _ = states.shape
    kept = np.ones((n, steps), bool)
    for _ in range(2):
        width = rng.integers(longest_stretch + 1, size=(n, 1))
        start = rng.integers(np.maximum(1, steps - width))
        at = np.arange(steps)
        kept &= (at < start) | (at >= start + width)
    mask = torch.from_numpy(kept).to(states.device)[:, :, None]
    return torch.where(mask, states, states.mean(dim=1, keepdim=True))


def _between(crops: Tensor, at: NDArray[np.float64], dim: int) -> Tensor:
    """Values of rows between frames (dim 1) or bands (dim 2), each row of the batch at its own places."""
    lower = np.floor(at).astype(np.int64)
    rows = torch.from_numpy(lower).to(crops.device)
    share = _as(at - lower, crops)
    rows, share = (rows[:, :, None], share[:, :, None]) if dim == 1 else (rows[:, None], share[:, None])
    shape = [-1, -1, crops.shape[2]] if dim == 1 else [-1, crops.shape[1], -1]
    rows = rows.expand(shape)
    following = (rows + 1).clamp_max(crops.shape[dim] - 1)
    return torch.lerp(crops.gather(dim, rows), crops.gather(dim, following), share)


def _as(values: NDArray[Any], like: Tensor) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32)).to(like.device)
