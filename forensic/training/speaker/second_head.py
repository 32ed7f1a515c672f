"""The first weights of a second head: ridge regression from what the network hears to the second teacher's targets."""

import numpy as np
import torch
from torch import Tensor

from forensic.records import Samples
from forensic.speaker.network import SpeakerNetwork
from forensic.training.cache import FeatureCache

_FRAMES = 160
_MOST_PIECES = 8_000
_RIDGE = 1.0
_TINY = 1e-6
_BATCH = 64


@torch.inference_mode()
def start_second_head(network: SpeakerNetwork, cache: FeatureCache, targets: Tensor, seed: int) -> None:
    """Set the weights of the second head, so that it begins near its targets.

    Args:
        network: whose second head is set; the rest stays.
        cache: pieces; a crop of each of some training pieces is heard, clean and in each of its other versions.
        targets: of the second head, shape (pieces, second_size), unit length.
        seed: of the crops.
    """
    network.eval()
    rng = np.random.default_rng([seed, 3])
    training = np.flatnonzero(~cache.index["is_development"].to_numpy())
    pieces = rng.permutation(training)[:_MOST_PIECES]
    heard, wanted = [], []
    for version in range(len(cache.versions)):
        for start in range(0, len(pieces), _BATCH):
            chosen = pieces[start : start + _BATCH]
            crops = np.stack([_crop(cache, version, int(piece), rng) for piece in chosen])
            heard.append(network.second_inputs(torch.from_numpy(crops)))
            wanted.append(targets[torch.from_numpy(chosen)])
    x, y = torch.cat(heard).double(), torch.cat(wanted).double()
    centre, spread, mean = x.mean(dim=0), x.std(dim=0).clamp_min(_TINY), y.mean(dim=0)
    x, y = (x - centre) / spread, y - mean
    weights = torch.linalg.solve(x.T @ x + _RIDGE * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y).T / spread
    size = network.architecture.hidden_size
    network.second_linear.weight.copy_(weights[:, :size])
    network.second_linear.bias.copy_(mean - weights @ centre)
    network.second_pooled.weight.copy_(weights[:, size:])


def _crop(cache: FeatureCache, version: int, piece: int, rng: np.random.Generator) -> Samples:
    first, frames = (cache.index[name][piece] for name in ("first", "frames"))
    start = first + int(rng.integers(max(1, frames - _FRAMES + 1)))
    crop = cache.crop(version, start, min(_FRAMES, frames))
    return np.resize(crop, (_FRAMES, crop.shape[1]))
