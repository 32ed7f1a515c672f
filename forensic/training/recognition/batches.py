"""Crops of labelled speech: classes and people drawn, in a version drawn at random, changed as settings say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from forensic.training.recognition.augmentation import CropSettings, change_channel, longest, vary_voice
from forensic.training.recognition.configuration import LearningSettings
from forensic.training.recognition.speech import Speech


@dataclass(frozen=True, slots=True)
class Drawer:
    """Draws batches.

    Attributes:
        speech: pieces.
        labels: index of each piece's class, shape (pieces,).
        is_development: whether its person is kept out, shape (pieces,).
        people: for each class, for each of its training people, their pieces.
        crops: how they are changed.
    """

    speech: Speech
    labels: NDArray[np.int64]
    is_development: NDArray[np.bool_]
    people: tuple[tuple[NDArray[np.int64], ...], ...]
    crops: CropSettings

    def draw(self, settings: LearningSettings, rng: np.random.Generator) -> tuple[Tensor, NDArray[np.int64]]:
        """Crops of one length.

        Returns:
            Mel power, shape (batch, frames, mel_bands), and their classes, shape (batch,).
        """
        with_people = [index for index, people in enumerate(self.people) if people]
        classes = np.resize(rng.permutation(with_people), settings.batch)
        pieces = np.array([_draw_piece(self.people[index], rng) for index in classes])
        length = int(rng.integers(settings.min_crop_frames, settings.max_crop_frames + 1))
        crops = draw_crops(self.speech, pieces, length, self.crops, rng)
        return change_channel(crops, self.crops, rng), self.labels[pieces]


def draw_crops(
    speech: Speech, pieces: NDArray[np.int64], length: int, settings: CropSettings, rng: np.random.Generator
) -> Tensor:
    """A crop of each piece, somewhere in it, in a version drawn at random, by a changed voice.

    Returns:
        Mel power, shape (pieces, length, mel_bands).
    """
    taken = longest(length, settings)
    rows, device = torch.from_numpy(pieces).to(speech.device), speech.device
    versions = torch.from_numpy(rng.integers(len(speech.versions), size=len(pieces))).to(device)
    room = (speech.frames[rows] - taken).clamp_min(0).cpu().numpy()
    starts = torch.from_numpy(rng.integers(room + 1)).to(device)
    return vary_voice(speech.cut(rows, versions, starts, taken), length, settings, rng)


def make_drawer(
    speech: Speech,
    names: Sequence[str],
    speakers: Sequence[str],
    is_development: NDArray[np.bool_],
    classes: tuple[str, ...],
    crops: CropSettings,
) -> Drawer:
    """Group the training pieces by class and person.

    Args:
        speech: pieces.
        names: class of each.
        speakers: person of each.
        is_development: whether they are kept out.
        classes: in the order of the scores.
        crops: how crops are changed.
    """
    number = {name: index for index, name in enumerate(classes)}
    labels = np.array([number[name] for name in names], np.int64)
    groups: list[dict[str, list[int]]] = [{} for _ in classes]
    for piece, speaker in enumerate(speakers):
        if not is_development[piece]:
            groups[labels[piece]].setdefault(speaker, []).append(piece)
    people = tuple(tuple(np.array(pieces) for pieces in group.values()) for group in groups)
    return Drawer(speech, labels, is_development, people, crops)


def _draw_piece(people: tuple[NDArray[np.int64], ...], rng: np.random.Generator) -> int:
    return int(rng.choice(people[rng.integers(len(people))]))
