"""How a network does on people who are kept out of training."""

from dataclasses import dataclass

import numpy as np
import torch

from forensic.likelihood_ratio.metrics import cllr_min, eer
from forensic.records import Samples
from forensic.speaker.network import SpeakerNetwork
from forensic.training.cache import FeatureCache

_KNOWN_FRAMES = 400
_QUESTIONED_FRAMES = 200


@dataclass(frozen=True, slots=True)
class DevelopmentResult:
    """Errors on the development people, the questioned side of 2 s, the known side 4 s of another place.

    Attributes:
        step: of the run.
        clean_eer, degraded_eer: a share, 0 to 1.
        clean_cllr_min, degraded_cllr_min: in bits.
        comparisons: same-speaker comparisons of each.
    """

    step: int
    clean_eer: float
    clean_cllr_min: float
    degraded_eer: float
    degraded_cllr_min: float
    comparisons: int


def measure(network: SpeakerNetwork, cache: FeatureCache, step: int, device: torch.device) -> DevelopmentResult:
    """Compare the end of each development piece, clean and degraded, with the clean start of all in its corpus."""
    pieces = cache.index.with_row_index("piece").filter(
        "is_development", cache.index["frames"] >= _KNOWN_FRAMES + _QUESTIONED_FRAMES
    )
    if pieces.height < 2:  # noqa: PLR2004 - a pair
        return DevelopmentResult(step, float("nan"), float("nan"), float("nan"), float("nan"), 0)
    first, frames = pieces["first"].to_numpy(), pieces["frames"].to_numpy()
    known = _embed(network, [cache.crop(0, f, _KNOWN_FRAMES) for f in first], device)
    speaker, corpus = pieces["speaker"].to_numpy(), pieces["corpus"].to_numpy()
    same = speaker[:, None] == speaker[None]
    different = ~same & (corpus[:, None] == corpus[None])
    results: list[float] = []
    for versions in ((0,), tuple(range(1, len(cache.versions))) or (0,)):
        scores = []
        for version in versions:
            ends = [
                cache.crop(version, f + n - _QUESTIONED_FRAMES, _QUESTIONED_FRAMES)
                for f, n in zip(first, frames, strict=True)
            ]
            scores.append(_embed(network, ends, device) @ known.T)
        same_scores = np.concatenate([s[same] for s in scores]).astype(np.float64)
        different_scores = np.concatenate([s[different] for s in scores]).astype(np.float64)
        results += [eer(same_scores, different_scores), cllr_min(same_scores, different_scores)]
    return DevelopmentResult(step, results[0], results[1], results[2], results[3], int(same.sum()))


def _embed(network: SpeakerNetwork, crops: list[Samples], device: torch.device) -> Samples:
    network.eval()
    with torch.inference_mode():
        parts = [network(torch.from_numpy(np.stack(crops[i : i + 64])).to(device)) for i in range(0, len(crops), 64)]
    return torch.cat(parts).float().cpu().numpy()
