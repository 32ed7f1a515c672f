"""The settings of a training run for languages or accents, from one TOML file."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from forensic.errors import SettingsError
from forensic.settings import settings_from
from forensic.training.configuration import AugmentationSettings, DataSettings

TASKS = ("language", "accent")
"""What a network can be trained to tell: the column of the manifest that holds it."""


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """Which speech is learnt from, and who is kept out.

    Attributes:
        corpora: recordings of these corpora are used; empty takes all.
        people_of_class: at most so many people of a class in a corpus, drawn at random; 0 takes all.
        pieces_of_person: at most so many pieces of speech of a person in a class, the first; 0 takes all.
        development_share: share of each class's speech whose people are kept out of training and measured on.
    """

    corpora: tuple[str, ...] = ()
    people_of_class: int = 0
    pieces_of_person: int = 0
    development_share: float = 0.12


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The network's shape; see ``forensic.language.network.Architecture``."""

    channels: tuple[int, ...] = (128, 192)
    hidden_size: int = 192
    layers: int = 1
    embedding_size: int = 192
    dropout: float = 0.2


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How the network learns.

    Attributes:
        init: path of a model folder whose LSTM it starts from; empty starts from random weights.
        steps: batches.
        batch: crops a batch; a class is drawn first, then a person of it, then their speech.
        min_crop_frames: shortest crop, in frames of 10 ms; crops of one batch are of one length.
        max_crop_frames: longest crop.
        learning_rate: highest of the one-cycle schedule.
        weight_decay: of AdamW.
        label_smoothing: probability that is spread over the wrong classes.
        clean_share: share of the crops that are not degraded.
        recolour_share: share of the crops whose bands are weighted as by another microphone or line.
        overlay_share: share of the crops with another of the batch in their background.
        tempo_spread: crops are played faster or slower by up to this share, their bands as they were.
        warp_spread: the bands of crops are moved up or down by up to this share, as by another vocal tract.
        floor_spread: factor by up to which the level under which nothing is told apart is raised, as by noise.
        masked_frames: longest stretch of frames that is blanked, twice a crop.
        masked_bands: most adjacent bands that are blanked, twice a crop.
        average_decay: of the running average of the weights, which is what is kept.
        evaluate_every: steps between evaluations, each with a checkpoint.
        seed: of initialisation and every draw.
    """

    init: str = ""
    steps: int = 4000
    batch: int = 64
    min_crop_frames: int = 200
    max_crop_frames: int = 450
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.1
    clean_share: float = 0.25
    recolour_share: float = 0.5
    overlay_share: float = 0.25
    tempo_spread: float = 0.15
    warp_spread: float = 0.1
    floor_spread: float = 30.0
    masked_frames: int = 30
    masked_bands: int = 6
    average_decay: float = 0.998
    evaluate_every: int = 250
    seed: int = 1


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """All of them."""

    data: DataSettings = field(default_factory=DataSettings)
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    learning: LearningSettings = field(default_factory=LearningSettings)


def load_recognition_settings(path: Path) -> RecognitionSettings:
    """Read a training configuration.

    Raises:
        SettingsError: if the file cannot be read, is no TOML, or names an unknown setting or a wrong value.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read {path}: {error.strerror}.", "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.", "Correct the file.") from error
    return settings_from(RecognitionSettings, content, str(path))
