"""Crops of labelled speech: classes and people drawn evenly, in a version drawn at random."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forensic.training.recognition.configuration import LearningSettings
from forensic.training.recognition.states import StateCache


@dataclass(frozen=True, slots=True)
class Drawer:
    """Draws batches from a cache.

    Attributes:
        cache: states.
        labels: index of each piece's class, shape (pieces,).
        people: for each class, for each of its training people, their pieces.
    """

    cache: StateCache
    labels: NDArray[np.int64]
    people: tuple[tuple[NDArray[np.int64], ...], ...]

    def draw(self, settings: LearningSettings, rng: np.random.Generator) -> tuple[Tensor, NDArray[np.int64]]:
        """Crops of one length.

        Returns:
            States with blanked stretches, shape (batch, steps, lower_size), and their classes, shape (batch,).
        """
        with_people = [index for index, people in enumerate(self.people) if people]
        classes = np.resize(rng.permutation(with_people), settings.batch)
        pieces = np.array([_draw_piece(self.people[index], rng) for index in classes])
        length = int(rng.integers(settings.min_crop_steps, settings.max_crop_steps + 1))
        crops = torch.from_numpy(np.stack([self._crop(int(piece), length, rng) for piece in pieces]))
        _blank(crops, settings, rng)
        return crops, self.labels[pieces]

    def _crop(self, piece: int, length: int, rng: np.random.Generator) -> NDArray[np.float32]:
        first, steps = (int(self.cache.index[name][piece]) for name in ("first", "steps"))
        version = int(rng.integers(len(self.cache.versions)))
        start = int(rng.integers(max(1, steps - length + 1)))
        crop = self.cache.crop(version, first + start, min(length, steps))
        return np.resize(crop, (length, crop.shape[1]))  # speech that is too short is repeated


def make_drawer(cache: StateCache, classes: tuple[str, ...]) -> Drawer:
    """Group the training pieces by class and person."""
    number = {name: index for index, name in enumerate(classes)}
    labels = np.array([number[label] for label in cache.index["label"]], np.int64)
    groups: list[dict[str, list[int]]] = [{} for _ in classes]
    for piece, (speaker, kept_out) in enumerate(cache.index.select("speaker", "is_development").iter_rows()):
        if not kept_out:
            groups[labels[piece]].setdefault(speaker, []).append(piece)
    return Drawer(cache, labels, tuple(tuple(np.array(pieces) for pieces in group.values()) for group in groups))


def _draw_piece(people: tuple[NDArray[np.int64], ...], rng: np.random.Generator) -> int:
    return int(rng.choice(people[rng.integers(len(people))]))


def _blank(crops: Tensor, settings: LearningSettings, rng: np.random.Generator) -> None:
    """Set two stretches of each crop to its mean."""
    for crop in crops:
        for _ in range(2):
            width = int(rng.integers(settings.masked_steps + 1))
            start = int(rng.integers(max(1, len(crop) - width)))
            crop[start : start + width] = crop.mean(dim=0)
