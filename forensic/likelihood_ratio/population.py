"""The reference-population bank: embeddings of speakers of the relevant population, in many conditions.

A bank is a folder with ``population.parquet`` (one row per embedding) and ``population.toml`` (its card).
Each row is one recording, or a piece of one, of a speaker on the *known* or the *questioned* side, in a *cell*: a
simulated channel and a nominal amount of net speech. The bank is for one embedding model only, whose hash
the card states.
"""

import dataclasses
import hashlib
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.errors import ModelError
from forensic.likelihood_ratio.nuisance import Nuisance
from forensic.quantities import PLACE, QUANTITIES, Quantity
from forensic.records import KNOWN, QUESTIONED, ROLES, TRAITS, Conditions, Samples, Traits
from forensic.storage import toml
from forensic.storage.atomic import written_whole

ROWS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "speaker": pl.String,
    "corpus": pl.String,
    "side": pl.String,  # "known" or "questioned"
    "cell": pl.String,  # the simulated channel ("clean", "AMR-NB 5.9")
    "cell_net_speech_s": pl.Float64,  # nominal
    **{quantity.name: pl.Float64 for quantity in QUANTITIES},  # measured
    "piece": pl.Int32,  # of the speaker's recordings in that cell, from 0
    "session": pl.String,  # day, and after a slash the recording; null where the corpus states none
    "line": pl.String,  # that a real recording came by; null where the channel is simulated
    **dict.fromkeys(TRAITS, pl.String),  # what the corpus says of the speaker, empty where nothing
}
"""Column name to type, of the rows beside their embeddings."""

_STATED = ("session", "line", *TRAITS)
_MAY_BE_NULL = frozenset({*(q.name for q in QUANTITIES if not q.is_always_measured), *_STATED})
_MAY_BE_MISSING = frozenset(  # in older banks, made before these were stated; not where null has a meaning
    {*(q.name for q in QUANTITIES if q.name in _MAY_BE_NULL and q.none_states is None), *_STATED}
)
CELL_KEY = ["side", "cell", "cell_net_speech_s"]
"""What tells the cells of a bank apart, and their order."""

Setting: TypeAlias = bool | float | str | Sequence[float] | Sequence[str] | Mapping[str, Sequence[str]]
AS_RECORDED = "as_recorded"
"""The setting of a bank whose recordings came by real lines; all others are simulated."""

PARQUET = "population.parquet"
CARD = "population.toml"
_REMEDY = "Install the population bank again, or build one with this model."


@dataclass(frozen=True, slots=True)
class PopulationCard:
    """The content of a bank's card.

    Attributes:
        model_sha256: of the weights that made the embeddings.
    parquet_sha256: of ``population.parquet``.
    data: where the speakers come from, in a sentence or two.
    licences: licence of each corpus.
    speakers: number of speakers.
    rows: number of embeddings.
    settings: how the bank was made: seed, amounts of speech, steps of each channel; empty in older banks.
    left_out: why each person who was left out was.
    """

    model_sha256: str
    parquet_sha256: str
    data: str
    licences: dict[str, str]
    speakers: int
    rows: int
    settings: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecondView:
    """How a second model sees the voices of a bank.

    Attributes:
        sha256: of everything that its embeddings of the bank depend on; empty without a second model.
        nuisance: taken off these embeddings, and to be taken off those of a case; None where nothing is.
    """

    sha256: str = ""
    nuisance: Nuisance | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """A loaded bank.

    Attributes:
        card: what its card states.
        embeddings: L2-normalised, shape (n, embedding_size).
        speaker: index into ``speakers`` of each row, shape (n,).
        is_questioned: the side of each row, shape (n,).
        cell: index into ``known_cells`` or ``questioned_cells``, by the row's side, shape (n,); -1: in none.
        measured: the quantities of each row, in the order of ``QUANTITIES``, NaN where nothing was measured, shape
            (n, quantities).
        recording: number of the recording of each row, -1 where the corpus states no sessions, shape (n,).
        day: the same of the day of the recording.
        is_real: whether a row came by a real line, not by a simulated channel, shape (n,).
        line: what a real row came by; empty for simulated ones, shape (n,).
        speakers: names, unique within the bank.
        corpora: corpus of each speaker.
        traits: of each speaker.
        known_cells: medians of the measured conditions of each cell's rows.
        questioned_cells: the same for the questioned side.
        second: embeddings of a second model, unit length, NaN for rows that it did not embed, shape (n, its size); None
            where none was asked for.
        second_view: what these embeddings are.
    """

    card: PopulationCard
    embeddings: Samples
    speaker: NDArray[np.intp]
    is_questioned: NDArray[np.bool_]
    cell: NDArray[np.intp]
    measured: NDArray[np.float64]
    recording: NDArray[np.intp]
    day: NDArray[np.intp]
    is_real: NDArray[np.bool_]
    line: NDArray[np.str_]
    speakers: tuple[str, ...]
    corpora: tuple[str, ...]
    traits: tuple[Traits, ...]
    known_cells: tuple[Conditions, ...]
    questioned_cells: tuple[Conditions, ...]
    second: Samples | None = None
    second_view: SecondView = SecondView()


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """One bank, as it was read from its folder.

    Attributes:
        folder: with its files.
        card: what its card states.
        rows: columns of ``ROWS_SCHEMA``.
        embeddings: L2-normalised, shape (n, embedding_size).
    """

    folder: Path
    card: PopulationCard
    rows: pl.DataFrame
    embeddings: Samples


def save_population(
    folder: Path,
    rows: pl.DataFrame,
    embeddings: Samples,
    *,
    model_sha256: str,
    data: str,
    licences: Mapping[str, str],
    settings: Mapping[str, Setting] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> None:
    """Write a bank: the Parquet file, then the card that states its hash.

    Embeddings are stored as float16 (2 bytes per value), which changes a cosine by less than 0.001.

    Args:
        folder: where to write; made if missing.
        rows: columns of ``ROWS_SCHEMA``, in any order.
        embeddings: L2-normalised, shape (n, embedding_size), in the order of ``rows``.
        model_sha256: of the weights that made the embeddings.
        data: where the speakers come from.
        licences: licence of each corpus that occurs.
        settings: how the bank was made; a mapping in it becomes a table of the card.
        left_out: reason by name of each person who was left out.

    Raises:
        ModelError: if columns, shapes, sides or lengths of the embeddings are wrong, a speaker is in two
            corpora, or a corpus has no licence.
    """
    rows = _with_all_columns(rows)
    _check_rows(rows, embeddings)
    missing = sorted(set(rows["corpus"].unique()) - set(licences))
    if missing:
        raise ModelError(f"No licence is given for {', '.join(missing)}.", "State the licence of every corpus.")
    half = np.ascontiguousarray(embeddings, dtype="<f2")
    frame = rows.select(pl.col(name).cast(kind) for name, kind in ROWS_SCHEMA.items()).with_columns(
        pl.Series("embedding", [row.tobytes() for row in half], dtype=pl.Binary)
    )
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    content = buffer.getvalue()
    card = PopulationCard(
        model_sha256=model_sha256,
        parquet_sha256=hashlib.sha256(content).hexdigest(),
        data=data,
        licences=dict(sorted(licences.items())),
        speakers=rows["speaker"].n_unique(),
        rows=len(rows),
        settings=dict(settings or {}),
        left_out=dict(left_out or {}),
    )
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / PARQUET) as file:
        file.write(content)
    toml.write(folder / CARD, card)


def load_population(folder: Path, model_sha256: str) -> Population:
    """Read a bank and check that it is whole and belongs to the model.

    Folders in it may hold banks of real calls. Each of their recordings is in the cell of the simulated bank that it is
    most like; one that is like none of them is in no cell.

    Args:
        folder: with ``population.parquet`` and ``population.toml``.
        model_sha256: of the weights that will embed the case recordings.

    Raises:
        ModelError: if a file is missing or damaged, the Parquet file does not have the hash that the card states,
            or the bank was made with another model.
    """
    return population_of(read_banks(folder, model_sha256))


def read_banks(folder: Path, model_sha256: str) -> list[Bank]:
    """A bank and the banks of real calls in its folder; arguments and errors as of ``load_population``."""
    return [_read(each, model_sha256) for each in (folder, *(card.parent for card in sorted(folder.glob(f"*/{CARD}"))))]


def population_of(banks: Sequence[Bank]) -> Population:
    """Banks as one population, the rows of one after those of another; see ``load_population``."""
    rows = pl.concat(
        bank.rows.with_columns(is_real=pl.lit(bool(bank.card.settings.get(AS_RECORDED)))) for bank in banks
    )
    speakers = rows["speaker"].n_unique()
    card = reduce(lambda one, other: _joined_card([one, other], speakers), [bank.card for bank in banks])
    return _population(card, rows, np.concatenate([bank.embeddings for bank in banks]))


def _read(folder: Path, model_sha256: str) -> Bank:
    """One bank, which must be of the model."""
    card = read_card(folder)
    if card.model_sha256 != model_sha256:
        raise ModelError(
            f"The population bank {folder} was made with another model "
            f"({card.model_sha256[:12]}, not {model_sha256[:12]}).",
            "Use the bank that belongs to the model, or build one with this model.",
        )
    return Bank(folder, card, *_read_rows(folder, card))


def read_rows(folder: Path) -> pl.DataFrame:
    """What was measured of every embedding of a bank, columns of ``ROWS_SCHEMA``.

    Raises:
        ModelError: if a file is missing or damaged, or the Parquet file does not have the hash that the card states.
    """
    return _read_rows(folder, read_card(folder))[0]


def _read_rows(folder: Path, card: PopulationCard) -> tuple[pl.DataFrame, Samples]:
    """Checked rows and embeddings of the bank that a card describes."""
    try:
        content = (folder / PARQUET).read_bytes()
    except OSError as error:
        raise ModelError(f"Cannot read {folder / PARQUET}: {error.strerror}.", _REMEDY) from error
    if hashlib.sha256(content).hexdigest() != card.parquet_sha256:
        raise ModelError(f"{folder / PARQUET} is not the file that its card names.", _REMEDY)
    try:
        frame = _with_all_columns(pl.read_parquet(BytesIO(content)))
        embeddings = _decoded(frame["embedding"])
        rows = frame.select(pl.col(name).cast(kind) for name, kind in ROWS_SCHEMA.items())
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise ModelError(
            f"{folder / PARQUET} does not have the columns of a population bank: {error}.", _REMEDY
        ) from error
    _check_rows(rows, embeddings)
    return rows, embeddings


def rows_in_channels(population: Population, channels: Collection[str], *, is_questioned: bool) -> NDArray[np.bool_]:
    """Which rows are of one side and in a cell of these names, shape (rows,)."""
    cells = population.questioned_cells if is_questioned else population.known_cells
    is_wanted = np.array([*(cell.name in channels for cell in cells), False])  # the last is that of rows in no cell
    of_side = population.is_questioned == is_questioned
    found: NDArray[np.bool_] = of_side & is_wanted[np.where(of_side, population.cell, -1)]
    return found


def longest_of_each(
    population: Population, is_wanted: NDArray[np.bool_], group: NDArray[np.integer[Any]]
) -> NDArray[np.intp]:
    """Of the rows that are wanted, the one with the most speech of each group.

    Args:
        population: a bank.
        is_wanted: shape (rows,).
        group: number of each row's speaker or recording, shape (rows,).

    Returns:
        Rows, in the order of their groups.
    """
    rows = np.flatnonzero(is_wanted)
    rows = rows[np.argsort(-population.measured[rows, PLACE["net_speech_s"]], kind="stable")]
    _, first = np.unique(group[rows], return_index=True)
    longest: NDArray[np.intp] = rows[first]
    return longest


def without(population: Population, left_out: Collection[str]) -> Population:
    """The population without some of its speakers; its calibrations have other ids than those of the whole.

    Args:
        population: the reference-population bank.
        left_out: names as in the bank.

    Raises:
        ModelError: if nobody remains.
    """
    if not left_out:
        return population
    gone = np.isin(np.array(population.speakers), sorted(left_out))
    keep = ~gone[population.speaker]
    if not keep.any():
        raise ModelError(
            "Nobody of the reference population remains: everybody in it is left out.",
            "Use other people, or another reference population.",
        )
    return restricted(population, keep, "\n".join(sorted(left_out)))


def restricted(population: Population, keep: NDArray[np.bool_], name: str) -> Population:
    """Some rows of a population; its calibrations have other ids than those of the whole.

    Args:
        population: a bank.
        keep: the rows, shape (n,).
        name: says which they are; part of the hash of the result.
    """
    by_row: dict[str, Any] = {
        field.name: value[keep]
        for field in dataclasses.fields(population)
        if isinstance(value := getattr(population, field.name), np.ndarray) and len(value) == len(keep)
    }
    card = dataclasses.replace(
        population.card,
        parquet_sha256=hashlib.sha256(f"{population.card.parquet_sha256}\n{name}".encode()).hexdigest(),
        speakers=len(np.unique(population.speaker[keep])),
        rows=int(keep.sum()),
    )
    return dataclasses.replace(population, card=card, **by_row)


def join_populations(parts: Sequence[Population]) -> Population:
    """Banks of one model joined into one, with the cells of all; the same name and corpus in several is one speaker.

    Raises:
        ModelError: if there is no bank, they are of several models, or a speaker is in two corpora.
    """
    if len({part.card.model_sha256 for part in parts}) != 1:
        raise ModelError("The population banks are of several models, or there are none.", _REMEDY)
    corpora = {name: corpus for part in parts for name, corpus in zip(part.speakers, part.corpora, strict=True)}
    if any(corpora[name] != corpus for part in parts for name, corpus in zip(part.speakers, part.corpora, strict=True)):
        raise ModelError("A speaker of the populations is in two corpora.", "Name each corpus the same in all of them.")
    traits = {name: each for part in parts for name, each in zip(part.speakers, part.traits, strict=True)}
    names = sorted(corpora, key=lambda name: (corpora[name], name))
    number = {name: index for index, name in enumerate(names)}
    cells: list[NDArray[np.intp]] = []
    known = questioned = 0
    for part in parts:
        cells.append(part.cell + np.where(part.cell < 0, 0, np.where(part.is_questioned, questioned, known)))
        known, questioned = known + len(part.known_cells), questioned + len(part.questioned_cells)
    return Population(
        card=_joined_card([part.card for part in parts], len(names)),
        embeddings=np.concatenate([part.embeddings for part in parts]),
        speaker=np.concatenate(
            [np.array([number[name] for name in part.speakers], dtype=np.intp)[part.speaker] for part in parts]
        ),
        is_questioned=np.concatenate([part.is_questioned for part in parts]),
        cell=np.concatenate(cells),
        measured=np.concatenate([part.measured for part in parts]),
        recording=_numbered_on([part.recording for part in parts]),
        day=_numbered_on([part.day for part in parts]),
        is_real=np.concatenate([part.is_real for part in parts]),
        line=np.concatenate([part.line for part in parts]),
        speakers=tuple(names),
        corpora=tuple(corpora[name] for name in names),
        traits=tuple(traits[name] for name in names),
        known_cells=tuple(cell for part in parts for cell in part.known_cells),
        questioned_cells=tuple(cell for part in parts for cell in part.questioned_cells),
    )


def _joined_card(cards: Sequence[PopulationCard], speakers: int) -> PopulationCard:
    return PopulationCard(
        model_sha256=cards[0].model_sha256,
        parquet_sha256=hashlib.sha256("".join(sorted(card.parquet_sha256 for card in cards)).encode()).hexdigest(),
        data=" ".join(dict.fromkeys(sentence for card in cards for sentence in _SENTENCE_END.split(card.data))),
        licences={corpus: licence for card in cards for corpus, licence in card.licences.items()},
        speakers=speakers,
        rows=sum(card.rows for card in cards),
        settings=cards[0].settings,
        left_out={name: reason for card in cards for name, reason in card.left_out.items()},
    )


def _numbered_on(parts: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
    """Numbers of several banks as numbers of one; -1 stays."""
    numbered, start = [], 0
    for part in parts:
        numbered.append(np.where(part < 0, -1, part + start))
        start += int(part.max(initial=-1)) + 1
    return np.concatenate(numbered)


def read_card(folder: Path) -> PopulationCard:
    """What the card of a bank states.

    Raises:
        ModelError: if it is missing or damaged.
    """
    return toml.read(folder / CARD, PopulationCard, toml.Blame(ModelError, "the population card ", _REMEDY))


def _decoded(column: pl.Series) -> Samples:
    """Unit vectors from the stored float16 values; their rounding is corrected."""
    if column.bin.size().n_unique() != 1:
        raise ValueError("no rows, or embeddings of several lengths")
    stored = np.frombuffer(b"".join(column.to_list()), dtype="<f2").reshape(len(column), -1).astype(np.float32)
    lengths = _lengths(stored)[:, None]
    stored /= np.where(np.abs(lengths - 1) < _ROUNDING, lengths, 1)  # in place: a bank is tens of megabytes
    return stored


_ROUNDING = 0.005
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


def _lengths(vectors: Samples) -> Samples:
    """The length of each row; the squares are summed without a copy, because a bank is tens of megabytes."""
    lengths: Samples = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return lengths


def _with_all_columns(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in ROWS_SCHEMA if name in _MAY_BE_MISSING and name not in frame.columns]
    return frame.with_columns(pl.lit(None, ROWS_SCHEMA[name]).alias(name) for name in missing)


def _check_rows(rows: pl.DataFrame, embeddings: Samples) -> None:
    missing = [name for name in ROWS_SCHEMA if name not in rows.columns]
    if missing:
        raise ModelError(f"The population's rows lack {', '.join(missing)}.", "Give every column.")
    if embeddings.ndim != 2 or len(embeddings) != len(rows) or not len(rows):  # noqa: PLR2004 - rows by values
        raise ModelError(
            f"The shape of the embeddings, {embeddings.shape}, does not fit the number of rows, {len(rows)}.",
            "Give one embedding per row.",
        )
    if not np.allclose(_lengths(embeddings), 1, atol=_ROUNDING):
        raise ModelError("The population has embeddings whose length is not 1.", "Embed the recordings again.")
    required = [name for name in ROWS_SCHEMA if name not in _MAY_BE_NULL]
    if rows.select(pl.any_horizontal(pl.col(required).is_null().any())).item():
        raise ModelError("The population's rows have empty values.", f"Fill {', '.join(required)}.")
    if not rows["side"].is_in(ROLES).all():
        raise ModelError("The population has a side that is neither known nor questioned.", "Correct the rows.")
    if rows.select("speaker", "side", "cell", "cell_net_speech_s", "session", "piece").is_duplicated().any():
        raise ModelError("The population has a speaker's piece twice.", "Number the pieces of each cell from 0.")
    if rows.group_by("speaker").agg(pl.col("corpus").n_unique())["corpus"].max() != 1:
        raise ModelError(
            "A speaker of the population is in two corpora.",
            "Put the corpus before the name if two people have the same name.",
        )


def _population(card: PopulationCard, rows: pl.DataFrame, embeddings: Samples) -> Population:
    speakers = rows.group_by("speaker").agg(pl.col("corpus", *TRAITS).first().fill_null("")).sort("corpus", "speaker")
    makes_cells = ~pl.col("is_real") | pl.col("is_real").all()  # simulated ones, where there are any
    groups = _by_cell(rows.filter(makes_cells))
    cells: dict[str, list[Conditions]] = {side: [] for side in ROLES}
    numbers = []
    for group in groups.to_dicts():
        numbers.append(len(cells[group["side"]]))
        cells[group["side"]].append(_typical(group))
    numbered = groups.select(*CELL_KEY, pl.Series("number", numbers))
    cell = rows.join(numbered, on=CELL_KEY, how="left", maintain_order="left")["number"].fill_null(-1)
    return Population(
        card=card,
        embeddings=embeddings,
        speaker=rows["speaker"]
        .replace_strict(speakers["speaker"], np.arange(len(speakers)), return_dtype=pl.Int64)
        .to_numpy(),
        is_questioned=(rows["side"] == QUESTIONED).to_numpy(),
        cell=cell.to_numpy().astype(np.intp),
        measured=rows.select(quantity.name for quantity in QUANTITIES).fill_null(math.nan).to_numpy(),
        recording=_numbers(pl.concat_str("speaker", "session", separator="/"), rows),
        day=_numbers(pl.concat_str("speaker", pl.col("session").str.split("/").list.first(), separator="/"), rows),
        is_real=rows["is_real"].to_numpy(),
        line=rows["line"].fill_null("").to_numpy().astype(np.str_),
        speakers=tuple(speakers["speaker"]),
        corpora=tuple(speakers["corpus"]),
        traits=tuple(Traits(**row) for row in speakers.select(TRAITS).to_dicts()),
        known_cells=tuple(cells[KNOWN]),
        questioned_cells=tuple(cells[QUESTIONED]),
    )


def _numbers(key: pl.Expr, rows: pl.DataFrame) -> NDArray[np.intp]:
    """A number for each value of a key, from 0 in order; -1 where it is null."""
    number = pl.when(key.is_null()).then(-1).otherwise(key.rank("dense").cast(pl.Int64) - 1)
    return rows.select(number.alias("number"))["number"].to_numpy().astype(np.intp)


def _by_cell(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per cell, in order: for each measured number the one or two values in the middle.

    All cells are done at once, because there are many cells and tens of thousands of rows.
    """
    return (
        rows.group_by(CELL_KEY)
        .agg(map(_stated, QUANTITIES))
        .with_columns(
            pl.col(name).list.slice((pl.col(name).list.len() - 1) // 2, 2 - pl.col(name).list.len() % 2)
            for name in (quantity.name for quantity in QUANTITIES)
        )
        .sort(CELL_KEY)
    )


def _stated(quantity: Quantity) -> pl.Expr:
    """The values of a quantity that the rows state, in order."""
    column = pl.col(quantity.name)
    return (column.drop_nulls() if quantity.none_states is None else column.fill_null(quantity.none_states)).sort()


def _typical(group: Mapping[str, Any]) -> Conditions:
    """Medians of a row of ``_by_cell``."""
    typical: dict[str, Any] = {quantity.name: _mean(group[quantity.name]) for quantity in QUANTITIES}
    return Conditions(**typical, name=group["cell"])


def _mean(values: Sequence[float]) -> float | None:
    """The mean; None if there are no values, or they only state that there was nothing to measure."""
    mean = sum(values) / len(values) if values else None
    return mean if mean is None or math.isfinite(mean) else None
