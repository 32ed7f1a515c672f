"""The networks that a run starts from or joins."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import polars as pl
import torch

from forensic.errors import TrainingError
from forensic.examination.manifest import people_hashes
from forensic.language.network import Architecture, Committee, LanguageNetwork, join, load_committee
from forensic.speaker.extractor import default_model_folder
from forensic.speaker.network import load_network
from forensic.storage.cards import read_card
from forensic.training.recognition.configuration import RecognitionSettings


def first_network(settings: RecognitionSettings, classes: int) -> LanguageNetwork:
    """Random weights above the lower layers of a speaker model, or all weights of the teacher's first network.

    Raises:
        TrainingError: if the speaker model's network does not see logarithms, or has fewer layers.
    """
    shape = settings.network
    if shape.teacher:
        return _student(settings)
    speaker = load_network(Path(shape.lower) if shape.lower else default_model_folder())
    has = speaker.architecture
    if not has.log_bands or has.layers < shape.lower_layers:
        raise TrainingError(
            f"The speaker network has {has.layers} layers, and log_bands = {has.log_bands}.",
            "Name one with logarithms of the bands and enough layers with network.lower.",
        )
    torch.manual_seed(settings.learning.seed)
    network = LanguageNetwork(
        Architecture(
            mel_bands=has.mel_bands,
            lower_size=has.hidden_size,
            lower_layers=shape.lower_layers,
            stride=shape.stride,
            uppers=shape.uppers,
            hidden_size=shape.hidden_size,
            embedding_size=shape.embedding_size,
            classes=classes,
        ),
        shape.dropout,
    )
    network.take_lower(speaker.lstm.state_dict())
    return network


def _student(settings: RecognitionSettings) -> LanguageNetwork:
    first = load_committee(Path(settings.network.teacher)).networks[0]
    assert isinstance(first, LanguageNetwork)
    shape = dataclasses.replace(first.architecture, stride=settings.network.stride)
    network = LanguageNetwork(shape, settings.network.dropout)
    network.uppers.load_state_dict(first.uppers.state_dict())
    network.take_lower(first.lower.state_dict())
    return network


def teacher_of(settings: RecognitionSettings, classes: tuple[str, ...]) -> Committee | None:
    """The model whose scores are learnt; None if there is none.

    Raises:
        TrainingError: if it has other classes.
        ModelError: if it cannot be loaded.
    """
    if not settings.network.teacher:
        return None
    folder = Path(settings.network.teacher)
    if tuple(read_card(folder).get("classes", ())) != classes:
        raise TrainingError(
            f"The teacher in {folder} has other classes than the data.",
            "Teach with a model that was trained on the same classes.",
        )
    return load_committee(folder)


def committee_of(
    settings: RecognitionSettings, records: Sequence[dict[str, Any]], rows: pl.DataFrame, classes: tuple[str, ...]
) -> Committee:
    """The networks to join, which were trained on the same people with the same ones kept out.

    Raises:
        TrainingError: if they were not, are committees themselves, or of several shapes.
        ModelError: if one cannot be loaded.
    """
    wanted = json.loads(json.dumps(dataclasses.asdict(settings)))
    networks: list[LanguageNetwork] = []
    for folder, record in zip(settings.network.join, records, strict=True):
        committee = load_committee(Path(folder))
        same = (
            tuple(read_card(Path(folder))["classes"]) == classes
            and record["people_sha256"] == people_hashes(rows)
            and record["settings"]["selection"] == wanted["selection"]
            and record["settings"]["augmentation"] == wanted["augmentation"]
        )
        if not same or len(committee.networks) != 1:
            raise TrainingError(
                f"The model in {folder} is no single network "
                "that learnt from these people with the same ones kept out.",
                "Train the members of a committee with the same data, [selection] and [augmentation].",
            )
        networks += cast("Iterable[LanguageNetwork]", committee.networks)
    try:
        return join(networks)
    except ValueError as error:
        raise TrainingError(f"{error}.", "Train the members of a committee with the same [network].") from error


def started_from(settings: RecognitionSettings) -> str:
    """What the card says that the network started from."""
    shape = settings.network
    if shape.join:
        return " and ".join(sorted({str(read_card(Path(folder))["started_from"]) for folder in shape.join}))
    if shape.teacher:
        teacher = read_card(Path(shape.teacher))
        return (
            f"the first network of {teacher['name']}, which also taught it, and started from {teacher['started_from']}"
        )
    kept = "" if settings.learning.lower_rate else ", kept"
    return f"the lower {shape.lower_layers} LSTM layers of {Path(shape.lower or default_model_folder()).name}{kept}"
