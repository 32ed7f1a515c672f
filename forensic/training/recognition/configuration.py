"""The settings of a training run for languages or accents, from one TOML file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from forensic.settings import Seed, Share, read_settings
from forensic.training.configuration import (
    AugmentationSettings,
    CountOrNone,
    CropFrames,
    DataSettings,
    DevelopmentShare,
    Positive,
    Rate,
)
from forensic.training.recognition.augmentation import CropSettings


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """Which speech is learnt from, and who is kept out.

    Attributes:
        corpora: recordings of these corpora are used; empty takes all.
        people_of_class: at most so many people of a class in a corpus, drawn at random; 0 takes all.
        pieces_of_person: at most so many pieces of speech of a person in a class, the first; 0 takes all.
        development_share: share of each class's people who are kept out of training and measured on.
    """

    corpora: tuple[str, ...] = ()
    people_of_class: CountOrNone = 0
    pieces_of_person: CountOrNone = 0
    development_share: DevelopmentShare = 0.12


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The network; see ``forensic.language.network.Architecture``.

    Attributes:
        body: folder of the speaker model whose states are heard; empty takes the bundled one. The model goes where that
            folder is beside it, or where the bundled models are.
        layers: of its LSTM that are heard, 1 for the lowest; empty takes all.
        read_size: values that a step of what is heard is mapped to.
        uppers: upper parts, whose mean score counts.
        hidden_size: LSTM cells of an upper layer, in each direction.
        embedding_size: dimensions between pooling and classes.
        dropout: of what goes into the upper layers, while they learn.
    """

    body: str = ""
    layers: tuple[Annotated[int, Meta(ge=1, le=100)], ...] = ()
    read_size: Annotated[int, Meta(ge=1, le=8192)] = 256
    uppers: Annotated[int, Meta(ge=1, le=100)] = 4
    hidden_size: Annotated[int, Meta(ge=1, le=8192)] = 160
    embedding_size: Annotated[int, Meta(ge=1, le=8192)] = 192
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.3


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How the network learns.

    Attributes:
        steps: batches.
        batch: crops per batch; a class is drawn first, then a person of it, then their speech and a version of it.
        min_crop_frames: shortest crop, in frames of 10 ms; crops of one batch are of one length.
        max_crop_frames: longest crop.
        learning_rate: highest of the one-cycle schedule.
        weight_decay: of AdamW.
        label_smoothing: probability that is spread over the wrong classes.
        masked_steps: longest stretch of what is heard that is blanked, twice per crop, in steps of 40 ms.
        average_decay: of the running average of the weights, which is what is kept.
        evaluate_every: batches between evaluations, each with a checkpoint.
        seed: of initialisation and every draw.
    """

    steps: Positive = 1400
    batch: Annotated[int, Meta(ge=1, le=100_000)] = 96
    min_crop_frames: CropFrames = 200
    max_crop_frames: CropFrames = 480
    learning_rate: Rate = 3e-3
    weight_decay: Share = 1e-2
    label_smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.1
    masked_steps: Annotated[int, Meta(ge=0, le=1000)] = 8
    average_decay: Annotated[float, Meta(ge=0, lt=1)] = 0.995
    evaluate_every: Positive = 350
    seed: Seed = 1


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """All of them."""

    data: DataSettings = field(default_factory=DataSettings)
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    crops: CropSettings = field(default_factory=CropSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    learning: LearningSettings = field(default_factory=LearningSettings)


def load_recognition_settings(path: Path) -> RecognitionSettings:
    """Read a training configuration.

    Raises:
        SettingsError: if the file cannot be read, is no TOML, or names an unknown setting or a wrong value.
    """
    return read_settings(RecognitionSettings, path)
