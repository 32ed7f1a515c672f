"""How a network does on people who are kept out of training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from forensic.likelihood_ratio.metrics import cllr_min, eer
from forensic.records import Samples
from forensic.settings import EmbeddingSettings
from forensic.speaker.extractor import cut_windows, mean_embedding, together
from forensic.speaker.network import SpeakerNetwork
from forensic.training.cache import FeatureCache

_QUESTIONED_FRAMES = 200
_FEWEST_KNOWN_FRAMES = 200
FEWEST_COMPARISONS = 20
"""Same-speaker comparisons of a condition, or a corpus, that is measured by itself."""
_BATCH = 64


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
        """From the result of ``dataclasses.asdict``."""
        return cls(values["step"], tuple(ConditionResult(**condition) for condition in values["conditions"]))


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Embeddings of development people, and which of their pairs are compared.

    Attributes:
        questioned: shape (versions, n, size), the clean version first.
        known: shape (n, size), clean.
        same: whether a questioned and a known embedding are of one speaker, shape (n, n).
        different: whether they are of two speakers of one corpus, shape (n, n).
        conditions: the kind of channel of each questioned embedding, shape (versions, n).
        corpus: of each person, shape (n,).
    """

    questioned: Samples
    known: Samples
    same: NDArray[np.bool_]
    different: NDArray[np.bool_]
    conditions: NDArray[np.str_]
    corpus: NDArray[np.str_]


def compare_development_people(
    cache: FeatureCache, embed: Callable[[Sequence[Samples]], Samples]
) -> Comparisons | None:
    """Embed the end of each development piece, clean and degraded, and the clean speech before it.

    Args:
        cache: features.
        embed: takes stretches of mel power, shape (frames, 40) each, to embeddings of unit length, shape (n, size).

    Returns:
        None if no two people of one corpus were kept out with enough speech.
    """
    pieces = cache.index.with_row_index("piece").filter(
        "is_development", cache.index["frames"] >= _FEWEST_KNOWN_FRAMES + _QUESTIONED_FRAMES
    )
    speaker, corpus = pieces["speaker"].to_numpy(), pieces["corpus"].to_numpy()
    same = speaker[:, None] == speaker[None]
    different = ~same & (corpus[:, None] == corpus[None])
    if not different.any():
        return None
    spans = list(pieces.select("first", "frames").iter_rows())
    known = embed([cache.crop(0, first, frames - _QUESTIONED_FRAMES) for first, frames in spans])
    questioned = [
        embed([cache.crop(version, f + n - _QUESTIONED_FRAMES, _QUESTIONED_FRAMES) for f, n in spans])
        for version in range(len(cache.versions))
    ]
    conditions = cache.conditions()[:, pieces["piece"].to_numpy()]
    return Comparisons(np.stack(questioned), known, same, different, conditions, corpus.astype(np.str_))


def measure(network: SpeakerNetwork, cache: FeatureCache, step: int, device: torch.device) -> DevelopmentResult:
    """Compare the end of each development piece, clean and degraded, with the clean start of all in its corpus."""
    made = compare_development_people(cache, lambda stretches: _embed(network, stretches, device))
    if made is None:
        return DevelopmentResult(step, ())
    scores = (made.questioned @ made.known.T).astype(np.float64)
    is_clean = np.zeros(made.conditions.shape, bool)
    is_clean[0] = True
    results = [_errors("clean", scores, made, is_clean)]
    results.append(_errors("degraded", scores, made, ~is_clean) if len(scores) > 1 else results[0])
    for condition in sorted(set(np.unique(made.conditions)) - {"clean"}):
        chosen = made.conditions == condition
        if (made.same[None] & chosen[:, :, None]).sum() >= FEWEST_COMPARISONS:
            results.append(_errors(condition, scores, made, chosen))
    return DevelopmentResult(step, tuple(results))


def _errors(
    condition: str, scores: NDArray[np.float64], made: Comparisons, chosen: NDArray[np.bool_]
) -> ConditionResult:
    """Errors over scores of shape (versions, questioned, known), the rows that are chosen of shape (versions, q)."""
    same = scores[chosen[:, :, None] & made.same]
    different = scores[chosen[:, :, None] & made.different]
    return ConditionResult(condition, eer(same, different), cllr_min(same, different), len(same))


def embed_as_a_scan(embed_windows: Callable[[Samples], Samples], stretches: Sequence[Samples]) -> Samples:
    """Embed stretches of speech as a scan does: the mean direction of windows.

    Args:
        embed_windows: takes windows, shape (n, frames, 40), to embeddings, shape (n, size).
        stretches: mel power, shape (frames, 40) each; one or more.

    Returns:
        Shape (stretches, size), unit length.
    """
    size = EmbeddingSettings().window_frames
    cuts = [cut_windows(stretch, size)[0] for stretch in stretches]
    return np.stack([mean_embedding(own) for (own,) in together(cuts, lambda windows: (embed_windows(windows),))])


@torch.inference_mode()
def _embed(network: SpeakerNetwork, stretches: Sequence[Samples], device: torch.device) -> Samples:
    network.eval()

    def embed_windows(windows: Samples) -> Samples:
        batches = (torch.from_numpy(windows[start : start + _BATCH]) for start in range(0, len(windows), _BATCH))
        return np.concatenate([network(batch.to(device)).float().cpu().numpy() for batch in batches])

    return embed_as_a_scan(embed_windows, stretches)
