"""``forensic population build``: people of the relevant population, in a grid of conditions, as embeddings."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic import engine
from forensic.audio.channel import Band, Channel, Level, Noise, Room, Sources, Step
from forensic.audio.codec import Codec
from forensic.case.provenance import software
from forensic.errors import ModelError, RecordingError, TrainingError
from forensic.examination.bank import LONGEST_KNOWN_S, bank_row, described, sources_beside, sources_identity
from forensic.examination.people import (
    Examined,
    Person,
    check_disjoint,
    embed_pieces,
    examine_side,
    read_calls,
    read_people,
)
from forensic.likelihood_ratio.conditions import nearest
from forensic.likelihood_ratio.population import (
    AS_RECORDED,
    CARD,
    CELL_KEY,
    load_population,
    read_card,
    read_rows,
    save_population,
)
from forensic.progress import Note, Watch, counting
from forensic.records import KNOWN, QUESTIONED, ROLES, Conditions, Role, Samples
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.speaker.features import FRAMES_PER_S

Frame = TypeVar("Frame", bound=np.generic)

Embedded: TypeAlias = tuple[list[dict[str, object]], list[Samples]]
"""Rows of one person, and their embeddings."""

KNOWN_SPEECH_S = (8.0, 25.0)
QUESTIONED_SPEECH_S = (3.0, 5.0, 10.0, 20.0)
_PIECES = {3.0: 3, 5.0: 3, 10.0: 2, 20.0: 2}  # of one speaker in a questioned cell, at most
_LIKE = 1.0  # steps, within which a real recording is like a cell
_KNOWN_SHARE = 0.7  # of the nominal net speech that a known side must have
_QUESTIONED_SHARE = 0.95

_ROOM = Room(0.5, 0.0)
_PLACES: dict[str, tuple[Step, ...]] = {
    "": (),
    "15 dB noise": (Noise(15.0),),
    "10 dB noise": (Noise(10.0),),
    "5 dB noise": (Noise(5.0),),
    "0 dB noise": (Noise(0.0),),
    "room": (_ROOM,),
    "room + 15 dB noise": (_ROOM, Noise(15.0)),
    "small room": (Room(0.35, 6.0),),
    "large room": (Room(0.9, -3.0),),
    "clipped lightly": (Level(-12.0),),
    "clipped": (Level(-7.0),),
    "clipped hard": (Level(-3.0),),
}
_EVERY_NOISE = tuple(_PLACES)[:7]
_LINES: tuple[tuple[str, tuple[Step, ...], tuple[str, ...]], ...] = (
    # name, what the line does, and where it is used
    ("clean", (), tuple(_PLACES)),
    ("G.711", (Band(300, 3400), Codec("G.711 A-law")), _EVERY_NOISE),
    ("AMR-NB 5.9", (Codec("AMR-NB", 5_900),), _EVERY_NOISE),
    ("AMR-NB 12.2", (Codec("AMR-NB", 12_200),), ("", "15 dB noise", "room")),
    ("Opus 8k", (Codec("Opus narrowband", 8_000),), ("", "10 dB noise", "room")),
    ("MP3 16k", (Codec("MP3", 16_000),), ("", "10 dB noise", "room")),
)


def _grid() -> Iterator[Channel]:
    for line, line_steps, places in _LINES:
        for place in places:
            name = (place if line == "clean" else f"{line} + {place}") if place else line
            yield Channel(name, (*_PLACES[place], *line_steps))


GRID = tuple(_grid())
"""Lines, with noise and rooms before them: the channels of a bank."""


@dataclass(frozen=True, slots=True)
class PopulationRequest:
    """What to build.

    Attributes:
        source: a manifest, or a folder with a folder of recordings for each person (see ``read_people``).
        splits: rows of these splits are used; empty takes all.
        model_folder: embeds; the bank is written beside its weights.
        work: folder of features already made, for any model; a build that was killed goes on from there.
        workers: processes.
        seed: of every channel.
        channels: the grid.
        adds: keep the bank that lies beside the model, and add the channels of the grid that it lacks.
        sessions: table of path and session (see ``read_people``).
        as_recorded: take the recordings by the lines that they came by, each on both sides, and simulate nothing.
        out: folder of the bank. None: the model's.
        left_out: reason by name of people who are left out, such as second names of one person.
    """

    source: Path
    splits: tuple[str, ...]
    model_folder: Path
    work: Path
    workers: int
    seed: int = 1
    channels: tuple[Channel, ...] = GRID
    adds: bool = False
    sessions: Path | None = None
    as_recorded: bool = False
    out: Path | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)


def build_population(request: PopulationRequest, watch: Note) -> Path:
    """Build the bank of a model.

    Args:
        request: what to build.
        watch: called with the name of each step.

    Returns:
        The folder of the bank.

    Raises:
        TrainingError: if the manifest or folder cannot be used, or leaves nobody.
        ModelError: if the model cannot be loaded, or the bank to add to, or it lacks nothing.
    """
    model = load_model(request.model_folder)
    grid = () if request.as_recorded else request.channels
    kept = _lacking(request, model) if request.adds else None
    if kept is not None:
        request = dataclasses.replace(request, channels=kept.lacking, left_out=kept.left_out)
    people, licences = people_of(request, watch)
    is_disjoint = check_disjoint(people, request.model_folder)
    request = dataclasses.replace(request, work=request.work / sources_identity(request.source))
    request.work.mkdir(parents=True, exist_ok=True)
    embedding = counting(watch, "embedding", "speakers")
    frame, stacked = embed_people(_Start(request), people, request.workers, embedding)
    if request.as_recorded and (request.model_folder / CARD).exists():
        frame = in_cells(frame, request.model_folder, model.identity.sha256)
    if kept is not None:
        frame = pl.concat([kept.rows, frame.select(pl.col(n).cast(t) for n, t in kept.rows.schema.items())])
        stacked = np.concatenate([kept.embeddings, stacked])
    folder = request.out or request.model_folder
    save_population(
        folder,
        frame,
        stacked,
        model_sha256=model.identity.sha256,
        data=described(frame, is_disjoint=is_disjoint),
        licences={corpus: licences[corpus] for corpus in frame["corpus"].unique()},
        settings={
            "seed": request.seed,
            "splits": list(request.splits),
            "known_speech_s": KNOWN_SPEECH_S,
            "longest_known_speech_s": LONGEST_KNOWN_S,
            "questioned_speech_s": QUESTIONED_SPEECH_S,
            "sources": request.work.name,
            "software": software(),
            AS_RECORDED: request.as_recorded,
            "channels": {channel.name: [str(step) for step in channel.steps] for channel in grid},
        },
        left_out=request.left_out,
    )
    return folder


def embed_people(
    start: Callable[[], engine.Step[Person, Embedded]],
    people: Sequence[Person],
    workers: int,
    watch: Watch,
) -> tuple[pl.DataFrame, Samples]:
    """The rows of all people, and their embeddings, shape (rows, size); ``start`` is called in each process."""
    rows: list[dict[str, object]] = []
    embeddings: list[Samples] = []
    with engine.one_thread(), engine.Workers(start, _give_up, workers) as team:
        for done, (own_rows, own_embeddings) in enumerate(team.map(people), 1):
            rows += own_rows
            embeddings += own_embeddings
            watch(done, len(people))
    return pl.DataFrame(rows, infer_schema_length=None), np.stack(embeddings)


def in_cells(frame: pl.DataFrame, folder: Path, model_sha256: str) -> pl.DataFrame:
    """Rows with the cell of a simulated bank that each is most like; those that are like none keep their own."""
    population = load_population(folder, model_sha256)
    keys = read_rows(folder).select(CELL_KEY).unique().sort(CELL_KEY)
    names = {side: keys.filter(pl.col("side") == side).select("cell", "cell_net_speech_s").rows() for side in ROLES}
    cells = {KNOWN: population.known_cells, QUESTIONED: population.questioned_cells}
    placed = []
    for row in frame.to_dicts():
        index, distance = nearest(Conditions.of_row(row), cells[row["side"]])
        placed.append(names[row["side"]][index] if distance <= _LIKE else (row["cell"], row["cell_net_speech_s"]))
    return frame.with_columns(
        pl.Series("cell", [name for name, _ in placed]),
        pl.Series("cell_net_speech_s", [nominal for _, nominal in placed]),
    ).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over("speaker", "session", *CELL_KEY).alias("piece"))


def people_of(request: PopulationRequest, watch: Note) -> tuple[list[Person], dict[str, str]]:
    """The people that a request is about, and the licence of each corpus."""
    reading = counting(watch, "reading lengths", "recordings")
    if not request.as_recorded:
        people, licences = read_people(request.source, request.splits, request.sessions, reading)
    elif request.sessions is not None:
        people, licences = read_calls(request.source, request.splits, request.sessions, reading)
    else:
        raise TrainingError(
            "Recordings as they are need their sessions.",
            "Give --sessions a table of path and session; it may be the manifest itself.",
        )
    if strangers := sorted(request.left_out.keys() - {person.name for person in people}):
        raise TrainingError(
            f"{strangers[0]} is to be left out, but is nobody's name.",
            "Name people as `forensic population aliases` does: the corpus, a slash and the speaker.",
        )
    return [person for person in people if person.name not in request.left_out], licences


def read_left_out(path: Path) -> dict[str, str]:
    """Who is left out of a population, and why.

    Args:
        path: CSV file with the columns speaker, as in the population, and reason; or the card of a population, of
            which the same people are left out.

    Raises:
        TrainingError: if it cannot be read, lacks a column, or names somebody without a reason.
        ModelError: if a card is damaged.
    """
    if path.name == CARD:
        return read_card(path.parent).left_out
    try:
        rows = pl.read_csv(path, infer_schema=False)
        found = dict(rows.select("speaker", "reason").iter_rows())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TrainingError(f"Cannot read {path}: {error}.", "Give a CSV file: speaker, reason.") from error
    if unexplained := [name for name, reason in found.items() if not reason]:
        raise TrainingError(f"{path} leaves {unexplained[0]} out without a reason.", "Write one; reports may be asked.")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A bank that lacks channels."""

    rows: pl.DataFrame
    embeddings: Samples
    lacking: tuple[Channel, ...]
    left_out: Mapping[str, str]


def _lacking(request: PopulationRequest, model: SpeakerModel) -> _Kept:
    """The bank beside the model, made with the same seed and splits, and the channels that it lacks."""
    population = load_population(request.model_folder, model.identity.sha256)
    rows = read_rows(request.model_folder)
    made = population.card.settings
    if (made.get("seed"), made.get("splits")) != (request.seed, list(request.splits)):
        raise ModelError(
            f"The bank of {request.model_folder} was made with another seed or other splits.",
            "Use those of its card, or build it again without --add.",
        )
    there = set(rows["cell"])
    lacking = tuple(channel for channel in request.channels if channel.name not in there)
    if not lacking:
        raise ModelError(
            f"Nothing to add: all channels are in the bank of {request.model_folder} already.",
            "Use the bank as it is, or build it again without --add.",
        )
    return _Kept(rows, population.embeddings, lacking, population.card.left_out)


@dataclass(frozen=True, slots=True)
class _Start:
    """Loads model, noises and rooms in whichever process embeds."""

    request: PopulationRequest

    def __call__(self) -> engine.Step[Person, Embedded]:
        engine.settle_in()
        model, sources = load_model(self.request.model_folder), sources_beside(self.request.source)
        return lambda people: [_embed_person(person, self.request, model, sources) for person in people]


def _give_up(_: Person) -> Embedded:
    """Of a person whose recordings kill the process that reads them: left out, as one whose cannot be decoded."""
    return [], []


def _embed_person(person: Person, request: PopulationRequest, model: SpeakerModel, sources: Sources) -> Embedded:
    rows: list[dict[str, object]] = []
    pieces: list[NDArray[np.float16]] = []
    for side, channel, examined in sides_of(person, request, sources):
        for nominal_s, piece, frames in pieces_of(person, side, examined.features):
            rows.append(bank_row(person, side, channel.name, nominal_s, piece, len(frames), examined.quality))
            pieces.append(frames)
    return rows, embed_pieces(pieces, model)


def sides_of(person: Person, request: PopulationRequest, sources: Sources) -> Iterator[tuple[Role, Channel, Examined]]:
    """Each side of a person in each channel: those of the request, or the real line that it came by.

    A side without recordings, or with one that cannot be decoded, is left out.
    """
    channels = (Channel(person.line, ()),) if person.line else request.channels
    for side in ROLES:
        if not person.recordings(side):
            continue
        try:
            examined = examine_side(person, side, channels, sources, request.seed, request.work)
        except RecordingError:
            continue
        for channel, one in zip(channels, examined, strict=True):
            yield side, channel, one


def pieces_of(person: Person, side: Role, frames: NDArray[Frame]) -> list[tuple[float, int, NDArray[Frame]]]:
    """Nominal net speech, number and frames of each piece of one side, of anything with one row per frame of speech."""
    return (_pieces_of_call if person.line else _pieces)(side, frames)


def _pieces(side: Role, features: NDArray[Frame]) -> list[tuple[float, int, NDArray[Frame]]]:
    pieces = []
    if side == KNOWN:
        for nominal_s in KNOWN_SPEECH_S:
            most_s = nominal_s if nominal_s < KNOWN_SPEECH_S[-1] else LONGEST_KNOWN_S
            frames = features[: int(most_s * FRAMES_PER_S)]
            if len(frames) >= _KNOWN_SHARE * nominal_s * FRAMES_PER_S:
                pieces.append((nominal_s, 0, frames))
        return pieces
    for nominal_s in QUESTIONED_SPEECH_S:
        size = int(nominal_s * FRAMES_PER_S)
        for piece in range(_PIECES[nominal_s]):
            frames = features[piece * size : (piece + 1) * size]
            if len(frames) >= _QUESTIONED_SHARE * size:
                pieces.append((nominal_s, piece, frames))
    return pieces


def _pieces_of_call(side: Role, features: NDArray[Frame]) -> list[tuple[float, int, NDArray[Frame]]]:
    """As ``_pieces``, of a real call: all of it is the longest piece, if it is longer than the others."""
    longest_s = LONGEST_KNOWN_S if side == KNOWN else QUESTIONED_SPEECH_S[-1]
    whole = features[: int(longest_s * FRAMES_PER_S)]
    nominal_s = (KNOWN_SPEECH_S if side == KNOWN else QUESTIONED_SPEECH_S)[-1]
    before_s = (KNOWN_SPEECH_S if side == KNOWN else QUESTIONED_SPEECH_S)[-2]
    shorter = [piece for piece in _pieces(side, features) if piece[0] < nominal_s]
    return [*shorter, (nominal_s, 0, whole)] if len(whole) > 1.2 * before_s * FRAMES_PER_S else shorter
