"""``forensic population second``: the people of a bank, embedded by a second model as well.

Nothing is simulated again: the speech of every side and channel is in the work folder of ``forensic population build``.
A second model may cost much more than the LSTM network, so it embeds some channels of the grid, those in which a
calibration of both needs to know how much either one says.
"""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from forensic import engine
from forensic.audio.channel import Sources
from forensic.case.provenance import software
from forensic.errors import ModelError
from forensic.examination.bank import bank_row, sources_beside, sources_identity
from forensic.examination.people import Person
from forensic.likelihood_ratio.nuisance import Nuisance, channel_nuisance
from forensic.likelihood_ratio.population import read_card, read_rows
from forensic.likelihood_ratio.second_bank import ROW_KEY, save_second
from forensic.progress import Note, counting
from forensic.records import Samples
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import load_model
from forensic.speaker.features import MEL_HOP
from forensic.speaker.second import SecondModel, embed_speech, load_second
from forensic.storage.atomic import written_whole
from forensic.validation.kept_fits import keep_fits
from forensic.validation.real_results import keep_real_results
from forensic.workflows.population import (
    GRID,
    Embedded,
    PopulationRequest,
    embed_people,
    in_cells,
    people_of,
    pieces_of,
    sides_of,
)

COVERED = (
    "clean",
    "15 dB noise",
    "10 dB noise",
    "5 dB noise",
    "room",
    "G.711",
    "G.711 + 15 dB noise",
    "G.711 + 10 dB noise",
    "AMR-NB 5.9",
    "AMR-NB 5.9 + 15 dB noise",
    "AMR-NB 5.9 + 10 dB noise",
    "AMR-NB 5.9 + room",
    "AMR-NB 12.2",
    "Opus 8k",
)
"""Channels of the grid that the second model embeds."""


def build_second(request: PopulationRequest, second: str, watch: Note) -> Path:
    """Embed the rows of a bank with a second model.

    Args:
        request: with which the bank was built; of its channels, those in ``COVERED`` are embedded if it is the grid,
            otherwise all. Of ``adds`` nothing depends.
        second: the second model, as in the settings.
        watch: called with the name of each step.

    Returns:
        The folder of the bank.

    Raises:
        TrainingError: if the manifest or folder cannot be used, or leaves nobody.
        ModelError: if a model or the bank cannot be loaded, or the bank was built from other people or settings.
    """
    card, folder = load_second(second).card, request.out or request.model_folder
    there = read_rows(folder)
    if request.channels == GRID:
        request = dataclasses.replace(request, channels=tuple(each for each in GRID if each.name in COVERED))
    left_out = read_card(folder).left_out
    people, _ = people_of(dataclasses.replace(request, left_out=left_out), watch)
    request = dataclasses.replace(request, work=request.work / sources_identity(request.source))
    request.work.mkdir(parents=True, exist_ok=True)
    frame, embeddings = embed_people(
        _Start(request, second), people, request.workers, counting(watch, "embedding", "speakers")
    )
    if request.as_recorded and folder != request.model_folder:
        frame = in_cells(frame, request.model_folder, load_model(request.model_folder).identity.sha256)
    nuisance = None if request.as_recorded else _nuisance(frame, embeddings)
    frame = frame.select(pl.col(name).cast(there.schema[name]) for name in ROW_KEY)
    strangers = frame.join(there.select(ROW_KEY), on=ROW_KEY, how="anti", nulls_equal=True)
    if not strangers.is_empty():
        raise ModelError(
            f"{strangers.height} of {frame.height} rows are not in the bank of {folder}.",
            "Give the people, splits, sessions and seed that the bank was built with.",
        )
    save_second(
        folder,
        frame,
        embeddings,
        second=(card.identity.sha256, card.identity.name, card.licence, card.data),
        settings={
            "channels": [] if request.as_recorded else [channel.name for channel in request.channels],
            "seed": request.seed,
            "software": software(),
        },
        nuisance=nuisance,
    )
    keep_fits(
        request.model_folder, ComparisonSettings(), counting(watch, "fitting the calibration", "choices of people")
    )
    watch("measuring real calls")
    keep_real_results(request.model_folder, ComparisonSettings())
    return folder


def _nuisance(rows: pl.DataFrame, embeddings: Samples) -> Nuisance | None:
    speaker, channel = (rows[name].rank("dense").to_numpy() for name in ("speaker", "cell"))
    return channel_nuisance(embeddings, speaker, channel)


@dataclass(frozen=True, slots=True)
class _Start:
    """Loads the second model, noises and rooms in whichever process embeds."""

    request: PopulationRequest
    second: str

    def __call__(self) -> engine.Step[Person, Embedded]:
        engine.settle_in()
        model, sources = load_second(self.second), sources_beside(self.request.source)
        return lambda people: [_embed_person(person, self.request, model, sources) for person in people]


def _embed_person(person: Person, request: PopulationRequest, model: SecondModel, sources: Sources) -> Embedded:
    rows: list[dict[str, object]] = []
    embeddings: list[Samples] = []
    for side, channel, examined in sides_of(person, request, sources):
        pieces = pieces_of(person, side, examined.speech.reshape(-1, MEL_HOP))
        made = _kept([speech.reshape(-1) for *_, speech in pieces], model, request.work)
        for (nominal_s, piece, speech), embedding in zip(pieces, made, strict=True):
            rows.append(bank_row(person, side, channel.name, nominal_s, piece, len(speech), examined.quality))
            embeddings.append(embedding)
    return rows, embeddings


def _kept(pieces: list[np.ndarray[tuple[int], np.dtype[np.int16]]], model: SecondModel, work: Path) -> list[Samples]:
    """The embeddings of the pieces of one side in one channel; made once and kept, by what they are made from."""
    if not pieces:
        return []
    digest = hashlib.sha256(model.card.identity.sha256.encode())
    for piece in pieces:
        digest.update(hashlib.sha256(piece.tobytes()).digest())
    path = work / f"second-{digest.hexdigest()[:24]}.npy"
    if not path.exists():
        made = [embed_speech(piece, model) for piece in pieces]
        with written_whole(path) as file:
            np.save(file, np.stack([each for each in made if each is not None]))
    return list(np.load(path))
