"""How a network does on the people who were kept out of its training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from forensic.records import Vector
from forensic.training.recognition.batches import Drawer
from forensic.training.recognition.hearing import Ear, Score

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
        """From the result of ``dataclasses.asdict``."""
        return cls(values["step"], tuple(ConditionResult(**condition) for condition in values["conditions"]))


@torch.inference_mode()
def try_development_people(network: nn.Module, ear: Ear, drawer: Drawer, durations: tuple[int, ...]) -> list[Trials]:
    """Score stretches of the development pieces, side by side in each piece, clean and through their channels.

    Args:
        network: scores them.
        ear: what it hears.
        drawer: knows the speech and who is kept out.
        durations: lengths in frames; pieces that are shorter are not measured at that length.
    """
    score = ear.score(network.eval())
    speech = drawer.speech
    lengths = speech.frames.cpu().numpy()
    trials = []
    for frames in durations:
        spans = [
            (piece, start)
            for piece in np.flatnonzero(drawer.is_development)
            for start in range(0, int(lengths[piece]) - frames + 1, frames)
        ]
        if not spans:
            continue
        pieces, starts = (np.array(column, np.int64) for column in zip(*spans, strict=True))
        for version in range(len(speech.versions)):
            scores = _score(score, drawer, pieces, starts, version, frames)
            trials.append(Trials(frames, version, pieces, drawer.labels[pieces], scores))
    return trials


def _score(
    score: Score,
    drawer: Drawer,
    pieces: NDArray[np.int64],
    starts: NDArray[np.int64],
    version: int,
    frames: int,
) -> Vector:
    """Scores of a stretch of each piece, shape (n, classes)."""
    made = []
    for first in range(0, len(pieces), _BATCH):
        rows = torch.from_numpy(pieces[first : first + _BATCH]).to(drawer.speech.device)
        at = torch.from_numpy(starts[first : first + _BATCH]).to(drawer.speech.device)
        crops = drawer.speech.cut(rows, torch.full_like(rows, version), at, frames)
        made.append(score(crops).double().cpu().numpy())
    return np.concatenate(made)


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
