"""Crops of labelled speech: classes and people drawn evenly, and everything changed that says nothing of the class."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forensic.language.network import LOG_FLOOR, normalised
from forensic.records import Samples
from forensic.speaker.features import MEL_BANDS
from forensic.training.cache import FeatureCache
from forensic.training.perturbation import overlay, recolour
from forensic.training.recognition.configuration import LearningSettings


@dataclass(frozen=True, slots=True)
class Drawer:
    """Draws batches from a cache.

    Attributes:
        cache: features.
        labels: index of each piece's class, shape (pieces,).
        people: for each class, for each of its training people, their pieces.
    """

    cache: FeatureCache
    labels: NDArray[np.int64]
    people: tuple[tuple[NDArray[np.int64], ...], ...]

    def draw(self, settings: LearningSettings, rng: np.random.Generator) -> tuple[Tensor, NDArray[np.int64]]:
        """Crops of one length.

        Returns:
            Normalised bands with blanked stretches, shape (batch, frames, 40), and their classes, shape (batch,).
        """
        with_people = [index for index, people in enumerate(self.people) if people]
        classes = np.resize(rng.permutation(with_people), settings.batch)
        pieces = np.array([_draw_piece(self.people[index], rng) for index in classes])
        length = int(rng.integers(settings.min_crop_frames, settings.max_crop_frames + 1))
        crops = np.stack([self._crop(int(piece), length, settings, rng) for piece in pieces])
        overlay(crops, settings.overlay_share, rng)
        recolour(crops, settings.recolour_share, rng)
        floors = LOG_FLOOR * settings.floor_spread ** rng.uniform(-0.2, 1.0, (len(crops), 1, 1))
        bands = normalised(torch.from_numpy(crops), torch.from_numpy(floors.astype(np.float32)))
        _blank(bands, settings, rng)
        return bands, self.labels[pieces]

    def _crop(self, piece: int, length: int, settings: LearningSettings, rng: np.random.Generator) -> Samples:
        """A crop at another tempo and with moved bands, mel power, shape (length, 40)."""
        first, frames = (int(self.cache.index[name][piece]) for name in ("first", "frames"))
        version = int(rng.integers(1, len(self.cache.versions))) if len(self.cache.versions) > 1 else 0
        if rng.random() < settings.clean_share:
            version = 0
        tempo = 1.0 + rng.uniform(-settings.tempo_spread, settings.tempo_spread)
        wanted = min(frames, int(np.ceil(length * tempo)) + 1)
        start = first + int(rng.integers(frames - wanted + 1))
        crop = at_tempo(self.cache.crop(version, start, wanted), tempo)
        warp = 1.0 + rng.uniform(-settings.warp_spread, settings.warp_spread)
        moved: Samples = crop @ band_mover(warp)
        return np.resize(moved, (length, MEL_BANDS))  # a crop that is too short is repeated


def make_drawer(cache: FeatureCache, classes: tuple[str, ...]) -> Drawer:
    """Group the training pieces by class and person."""
    number = {name: index for index, name in enumerate(classes)}
    labels = np.array([number[label] for label in cache.index["label"]], np.int64)
    groups: list[dict[str, list[int]]] = [{} for _ in classes]
    for piece, (speaker, kept_out) in enumerate(cache.index.select("speaker", "is_development").iter_rows()):
        if not kept_out:
            groups[labels[piece]].setdefault(speaker, []).append(piece)
    return Drawer(cache, labels, tuple(tuple(np.array(pieces) for pieces in group.values()) for group in groups))


def at_tempo(frames: Samples, tempo: float) -> Samples:
    """Frames as if spoken faster (a tempo above 1) or slower, by linear interpolation; shape (k, bands)."""
    positions = np.arange(0.0, len(frames) - 1, tempo) if len(frames) > 1 else np.zeros(1)
    before = positions.astype(int)
    after = np.minimum(before + 1, len(frames) - 1)
    share = (positions - before).astype(np.float32)[:, None]
    played: Samples = (1 - share) * frames[before] + share * frames[after]
    return played


def band_mover(warp: float) -> Samples:
    """Matrix that moves bands up or down by a factor, shape (40, 40); what comes from beyond the edge is the edge."""
    positions = np.clip(np.arange(MEL_BANDS) * warp, 0, MEL_BANDS - 1)
    below = np.minimum(positions.astype(int), MEL_BANDS - 2)
    share = (positions - below).astype(np.float32)
    matrix = np.zeros((MEL_BANDS, MEL_BANDS), np.float32)
    matrix[below, np.arange(MEL_BANDS)] = 1 - share
    matrix[below + 1, np.arange(MEL_BANDS)] = share
    return matrix


def _draw_piece(people: tuple[NDArray[np.int64], ...], rng: np.random.Generator) -> int:
    return int(rng.choice(people[rng.integers(len(people))]))


def _blank(bands: Tensor, settings: LearningSettings, rng: np.random.Generator) -> None:
    """Set stretches of time and groups of bands to their mean."""
    for crop in bands:
        for _ in range(2):
            width = int(rng.integers(settings.masked_frames + 1))
            start = int(rng.integers(max(1, len(crop) - width)))
            crop[start : start + width] = 0.0
            width = int(rng.integers(settings.masked_bands + 1))
            start = int(rng.integers(MEL_BANDS - width + 1))
            crop[:, start : start + width] = 0.0
