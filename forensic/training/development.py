"""How a network does on people who are kept out of training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from forensic.likelihood_ratio.metrics import cllr_min, eer
from forensic.records import Samples
from forensic.settings import EmbeddingSettings
from forensic.speaker.extractor import cut_windows, mean_embedding
from forensic.speaker.network import SpeakerNetwork
from forensic.training.cache import FeatureCache

_QUESTIONED_FRAMES = 200
_FEWEST_KNOWN_FRAMES = 200
_FEWEST_COMPARISONS = 20  # of a condition that is reported by itself


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """Errors in one condition of the questioned side.

    Attributes:
        condition: "clean", "degraded" (all channels together), or one kind of channel.
        eer: a share, 0 to 1.
        cllr_min: in bits.
        comparisons: same-speaker comparisons.
    """

    condition: str
    eer: float
    cllr_min: float
    comparisons: int


@dataclass(frozen=True, slots=True)
class DevelopmentResult:
    """Errors on the development people, 2 s questioned against what comes before it in their clean pieces.

    Attributes:
        step: of the run.
        conditions: "clean" and "degraded" first; none where too few people were kept out.
    """

    step: int
    conditions: tuple[ConditionResult, ...]

    @property
    def clean(self) -> ConditionResult:
        """The questioned side as it was recorded."""
        return self.conditions[0]

    @property
    def degraded(self) -> ConditionResult:
        """The questioned side through every drawn channel."""
        return self.conditions[1]

    @property
    def cost(self) -> float:
        """Mean Cllr_min of clean and degraded: what a run is judged by; infinite where nothing was measured."""
        return (self.clean.cllr_min + self.degraded.cllr_min) / 2 if self.conditions else float("inf")

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> "DevelopmentResult":
        """From what ``dataclasses.asdict`` gave."""
        return cls(values["step"], tuple(ConditionResult(**condition) for condition in values["conditions"]))


def measure(network: SpeakerNetwork, cache: FeatureCache, step: int, device: torch.device) -> DevelopmentResult:
    """Compare the end of each development piece, clean and degraded, with the clean start of all in its corpus."""
    pieces = cache.index.with_row_index("piece").filter(
        "is_development", cache.index["frames"] >= _FEWEST_KNOWN_FRAMES + _QUESTIONED_FRAMES
    )
    speaker, corpus = pieces["speaker"].to_numpy(), pieces["corpus"].to_numpy()
    same = speaker[:, None] == speaker[None]
    different = ~same & (corpus[:, None] == corpus[None])
    if not different.any():
        return DevelopmentResult(step, ())
    spans = list(pieces.select("first", "frames").iter_rows())
    known = _embed(network, [cache.crop(0, first, frames - _QUESTIONED_FRAMES) for first, frames in spans], device)
    conditions = cache.conditions()[:, pieces["piece"].to_numpy()]
    scores: list[NDArray[np.float64]] = []
    for version in range(len(cache.versions)):
        ends = [cache.crop(version, f + n - _QUESTIONED_FRAMES, _QUESTIONED_FRAMES) for f, n in spans]
        scores.append((_embed(network, ends, device) @ known.T).astype(np.float64))
    every = np.stack(scores)
    results = [_errors("clean", every[:1], same, different, conditions[:1] == "clean")]
    results.append(_errors("degraded", every[1:], same, different, conditions[1:] != ""))
    for condition in sorted(set(np.unique(conditions)) - {"clean"}):
        chosen = conditions == condition
        if (same[None] & chosen[:, :, None]).sum() >= _FEWEST_COMPARISONS:
            results.append(_errors(condition, every, same, different, chosen))
    return DevelopmentResult(step, tuple(results) if len(cache.versions) > 1 else (results[0], results[0]))


def _errors(
    condition: str,
    scores: NDArray[np.float64],
    same: NDArray[np.bool_],
    different: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
) -> ConditionResult:
    """Errors over scores of shape (versions, questioned, known), the rows that are chosen of shape (versions, q)."""
    if not len(scores):
        return ConditionResult(condition, float("nan"), float("nan"), 0)
    same_scores = scores[chosen[:, :, None] & same]
    different_scores = scores[chosen[:, :, None] & different]
    return ConditionResult(
        condition, eer(same_scores, different_scores), cllr_min(same_scores, different_scores), len(same_scores)
    )


def _embed(network: SpeakerNetwork, stretches: Sequence[Samples], device: torch.device) -> Samples:
    """Embed stretches of speech as a scan does: the mean direction of windows."""
    cut = [cut_windows(stretch, EmbeddingSettings())[0] for stretch in stretches]
    windows = np.concatenate(cut)
    network.eval()
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(windows[start : start + 64]).to(device)).float().cpu().numpy()
            for start in range(0, len(windows), 64)
        ]
    ends = np.cumsum([len(part) for part in cut])[:-1]
    return np.stack([mean_embedding(part) for part in np.split(np.concatenate(parts), ends)])
