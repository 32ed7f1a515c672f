"""How a network does on the people who were kept out of its training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from forensic.language.classifier import WINDOW_FRAMES
from forensic.language.network import STEP_FRAMES, LanguageNetwork
from forensic.records import Samples, Vector
from forensic.training.recognition.states import StateCache

DURATIONS_FRAMES = (300, 500)
"""Lengths of speech that are measured, in frames of 10 ms."""

_BATCH = 64
_FIVE = 5


@dataclass(frozen=True, slots=True)
class Trials:
    """Stretches of development speech of one length in one version, and what the network said of them.

    Attributes:
        frames: length.
        version: of the cache: 0 is clean.
        pieces: of which each is, shape (n,).
        labels: index of the true class, shape (n,).
        scores: before the softmax, shape (n, classes).
    """

    frames: int
    version: int
    pieces: NDArray[np.int64]
    labels: NDArray[np.int64]
    scores: Vector


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """Errors in one condition.

    Attributes:
        condition: "clean" or "degraded", and the seconds of speech.
        error: share of stretches whose first class is wrong, mean of the classes.
        error_of_five: the same where none of the first five is right.
        trials: stretches.
    """

    condition: str
    error: float
    error_of_five: float
    trials: int


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """Errors on development people at one step."""

    step: int
    conditions: tuple[ConditionResult, ...]

    @property
    def cost(self) -> float:
        """Mean error over the conditions: what a run is judged by."""
        errors = [condition.error for condition in self.conditions]
        return float(np.mean(errors)) if errors else float("inf")

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> "RecognitionResult":
        """From what ``dataclasses.asdict`` gave."""
        return cls(values["step"], tuple(ConditionResult(**condition) for condition in values["conditions"]))


@torch.inference_mode()
def score_states(network: LanguageNetwork, states: Samples) -> Vector:
    """Scores of windows of states of one length, shape (n, classes)."""
    network.eval()
    device = next(network.parameters()).device
    batches = (torch.from_numpy(states[start : start + _BATCH]).to(device) for start in range(0, len(states), _BATCH))
    return np.concatenate([network.score(batch).double().cpu().numpy() for batch in batches])


def try_development_people(
    network: LanguageNetwork, cache: StateCache, labels: NDArray[np.int64], durations: tuple[int, ...]
) -> list[Trials]:
    """Score stretches of the development pieces, side by side in each piece, clean and through their channels.

    Args:
        network: scores them.
        cache: states.
        labels: index of each piece's class, shape (pieces,).
        durations: lengths in frames; pieces that are shorter are not measured at that length. Stretches longer than a
            window have the mean score of their windows.
    """
    index = cache.index.with_row_index("piece").filter("is_development")
    trials = []
    for frames in durations:
        steps = frames // STEP_FRAMES
        spans = [
            (piece, first + start)
            for piece, first, length in index.select("piece", "first", "steps").iter_rows()
            for start in range(0, length - steps + 1, steps)
        ]
        if not spans:
            continue
        pieces = np.array([piece for piece, _ in spans], np.int64)
        size = min(steps, WINDOW_FRAMES // STEP_FRAMES)
        starts = np.linspace(0, steps - size, -(-steps // size)).round().astype(int)
        for version in range(len(cache.versions)):
            scores = [
                score_states(network, np.stack([cache.crop(version, first + start, size) for _, first in spans]))
                for start in starts
            ]
            trials.append(Trials(frames, version, pieces, labels[pieces], np.mean(scores, axis=0)))
    return trials


def measure(trials: list[Trials], step: int) -> RecognitionResult:
    """Errors of each length, clean, and over all degraded versions together."""
    conditions = []
    for frames in dict.fromkeys(each.frames for each in trials):
        for name, is_meant in (("clean", True), ("degraded", False)):
            chosen = [each for each in trials if each.frames == frames and (each.version == 0) == is_meant]
            if not chosen:
                continue
            labels = np.concatenate([each.labels for each in chosen])
            rank = ranks(np.concatenate([each.scores for each in chosen]), labels)
            conditions.append(
                ConditionResult(
                    f"{name}, {frames / 100:g} s",
                    class_mean(rank > 0, labels),
                    class_mean(rank >= _FIVE, labels),
                    len(labels),
                )
            )
    return RecognitionResult(step, tuple(conditions))


def ranks(scores: Vector, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many classes score above the true one, shape (n,)."""
    own = scores[np.arange(len(labels)), labels]
    above: NDArray[np.int64] = (scores > own[:, None]).sum(axis=1)
    return above


def class_mean(wrong: NDArray[np.bool_], labels: NDArray[np.int64]) -> float:
    """Share of what is wrong: of each class, then the mean of those that there are."""
    return float(np.mean([wrong[labels == label].mean() for label in np.unique(labels)]))
