"""The embeddings of a second model beside a bank: for those of its rows that they cover.

``second.parquet`` has the rows' keys and their embeddings, ``second.toml`` what made them and of which bank,
``second-nuisance.safetensors`` what channels do to them.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from forensic.errors import ModelError
from forensic.likelihood_ratio.nuisance import Nuisance
from forensic.likelihood_ratio.population import (
    CARD,
    CELL_KEY,
    Population,
    PopulationCard,
    SecondView,
    population_of,
    read_banks,
    restricted,
)
from forensic.records import Conditions, Samples
from forensic.storage import toml
from forensic.storage.atomic import written_whole

SECOND_PARQUET = "second.parquet"
SECOND_CARD = "second.toml"
SECOND_NUISANCE = "second-nuisance.safetensors"
ROW_KEY = ["speaker", *CELL_KEY, "session", "piece"]
"""The columns of a bank that say which row is which."""

_REMEDY = "Make it again with `forensic population second`."
_BLAME = toml.Blame(ModelError, "the card ", _REMEDY)
_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class SecondBankCard:
    """The content of the card.

    Attributes:
        second_sha256: of the second model's weights.
        name, licence, data: of the second model.
        population_sha256: of the ``population.parquet`` that it is about.
        parquet_sha256: of ``second.parquet``.
        rows: number of embeddings.
        settings: how they were made.
        nuisance_sha256: of the directions that tell channels; empty where there are none.
    """

    second_sha256: str
    name: str
    licence: str
    data: str
    population_sha256: str
    parquet_sha256: str
    rows: int
    settings: dict[str, Any] = field(default_factory=dict)
    nuisance_sha256: str = ""


def save_second(
    folder: Path,
    rows: pl.DataFrame,
    embeddings: Samples,
    *,
    second: tuple[str, str, str, str],
    settings: Mapping[str, Any],
    nuisance: Nuisance | None = None,
) -> None:
    """Write the second embeddings of a bank: the Parquet file, then the card that states its hash.

    Args:
        folder: of the bank.
        rows: columns of ``ROW_KEY``, each of them a row of the bank.
        embeddings: of length 1, shape (n, size), in the order of ``rows``; stored as float16.
        second: SHA-256, name, licence and data of the second model.
        settings: how they were made.
        nuisance: of these embeddings, which are stored with it.

    Raises:
        ModelError: if shapes or lengths are wrong, a row occurs twice, or the bank cannot be read.
    """
    if len(rows) != len(embeddings) or not np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=_ROUNDING):
        raise ModelError("The second embeddings do not fit their rows, or are not of length 1.", "Embed them again.")
    if rows.select(ROW_KEY).is_duplicated().any():
        raise ModelError("A row of the second embeddings occurs twice.", "Name each row of the bank once.")
    half = np.ascontiguousarray(embeddings, dtype="<f2")
    buffer = BytesIO()
    rows.select(ROW_KEY).with_columns(
        pl.Series("embedding", [row.tobytes() for row in half], dtype=pl.Binary)
    ).write_parquet(buffer, compression="zstd")
    content = buffer.getvalue()
    sha256, name, licence, data = second
    card = SecondBankCard(
        second_sha256=sha256,
        name=name,
        licence=licence,
        data=data,
        population_sha256=_population_sha256(folder),
        parquet_sha256=hashlib.sha256(content).hexdigest(),
        rows=len(rows),
        settings=dict(settings),
        nuisance_sha256=nuisance.sha256 if nuisance else "",
    )
    with written_whole(folder / SECOND_PARQUET) as file:
        file.write(content)
    if nuisance is not None:
        with written_whole(folder / SECOND_NUISANCE) as file:
            file.write(save({"directions": nuisance.directions}))
    toml.write(folder / SECOND_CARD, card)


def load_second_embeddings(folder: Path, second_sha256: str, rows: pl.DataFrame) -> Samples:
    """The second embeddings of a bank, checked.

    Args:
        folder: of the bank.
        second_sha256: of the second model that embeds the case.
        rows: of the bank, with the columns of ``ROW_KEY``.

    Returns:
        Unit length, shape (n, size), in the order of ``rows``; NaN for rows that are not covered.

    Raises:
        ModelError: if a file is missing or damaged, or they are of another second model or another bank.
    """
    card = _card(folder)
    path = folder / SECOND_PARQUET
    if card.second_sha256 != second_sha256:
        raise ModelError(f"{path} was made with another second model, {card.name}.", _REMEDY)
    if card.population_sha256 != _population_sha256(folder):
        raise ModelError(f"{path} is not about the bank beside it.", _REMEDY)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror}.", _REMEDY) from error
    if hashlib.sha256(content).hexdigest() != card.parquet_sha256:
        raise ModelError(f"{path} is not the file that its card names.", _REMEDY)
    stored = pl.read_parquet(BytesIO(content)).with_row_index("place")
    placed = rows.select(ROW_KEY).join(
        stored.select(*ROW_KEY, "place"), on=ROW_KEY, how="left", nulls_equal=True, maintain_order="left"
    )["place"]
    values = np.frombuffer(b"".join(stored["embedding"].to_list()), "<f2").reshape(len(stored), -1).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    embeddings: Samples = np.full((len(rows), values.shape[1]), np.nan, np.float32)
    is_covered = placed.is_not_null().to_numpy()
    embeddings[is_covered] = values[placed.drop_nulls().to_numpy()]
    return embeddings


def stored_second(folder: Path) -> str | None:
    """SHA-256 of the second model whose embeddings a bank has; None if it has none, or only those of an earlier bank.

    Raises:
        ModelError: if their card is damaged.
    """
    if not (folder / SECOND_CARD).exists():
        return None
    card = _card(folder)
    return card.second_sha256 if card.population_sha256 == _population_sha256(folder) else None


def _has_of(folder: Path, second_sha256: str) -> bool:
    """Whether a bank has a second model's embeddings, be they of this bank or of an earlier one, which is an error."""
    return (folder / SECOND_CARD).exists() and _card(folder).second_sha256 == second_sha256


def load_with_second(folder: Path, model_sha256: str, second_sha256: str | None) -> Population:
    """A bank with its second embeddings; without them, if the folder has none of this second model.

    Args:
        folder: as of ``load_population``.
        model_sha256: the same.
        second_sha256: of the second model that embeds the case; None if there is none.

    Raises:
        ModelError: as of ``load_population``, or if a file of the second embeddings is damaged or of another bank.
    """
    banks = read_banks(folder, model_sha256)
    population = population_of(banks)
    if second_sha256 is None:
        return population
    cards = {bank.folder: _card(bank.folder) for bank in banks if _has_of(bank.folder, second_sha256)}
    if folder not in cards:
        return population
    parts: list[Samples] = []
    for bank in banks:
        if bank.folder in cards:
            parts.append(load_second_embeddings(bank.folder, second_sha256, bank.rows))
        else:
            parts.append(np.full((len(bank.rows), parts[0].shape[1]), np.nan, np.float32))
    second, stated = np.concatenate(parts), cards[folder].nuisance_sha256
    made_of = [value for card in cards.values() for value in (card.parquet_sha256, card.nuisance_sha256)]
    nuisance = _load_nuisance(folder, stated) if stated else None
    view = SecondView(hashlib.sha256(" ".join(made_of).encode()).hexdigest(), nuisance)
    return dataclasses.replace(population, second=nuisance.removed(second) if nuisance else second, second_view=view)


def _load_nuisance(folder: Path, stated: str) -> Nuisance:
    """What channels do to the second embeddings of a bank, which must have the hash that its card states."""
    path = folder / SECOND_NUISANCE
    try:
        nuisance = Nuisance(load(path.read_bytes())["directions"])
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f"Cannot read {path}: {error}.", _REMEDY) from error
    if nuisance.sha256 != stated:
        raise ModelError(f"{path} is not the file that its card names.", _REMEDY)
    return nuisance


def _card(folder: Path) -> SecondBankCard:
    return toml.read(folder / SECOND_CARD, SecondBankCard, _BLAME)


def covered(population: Population) -> tuple[Population, Samples]:
    """What the second model embedded of a bank.

    Args:
        population: with second embeddings.

    Returns:
        The rows with second embeddings and the cells that have such rows; and those embeddings.
    """
    assert population.second is not None
    name = f"embedded by a second model: {population.second_view.sha256}"
    rows = restricted(population, np.isfinite(population.second[:, 0]), name)
    assert rows.second is not None
    known, of_known = _cells_left(rows, rows.known_cells, is_questioned=False)
    questioned, of_questioned = _cells_left(rows, rows.questioned_cells, is_questioned=True)
    left = dataclasses.replace(
        rows,
        cell=np.where(rows.is_questioned, of_questioned, of_known),
        known_cells=known,
        questioned_cells=questioned,
        second=None,
    )
    return left, rows.second


def _cells_left(
    population: Population, cells: tuple[Conditions, ...], *, is_questioned: bool
) -> tuple[tuple[Conditions, ...], NDArray[np.intp]]:
    """The cells of one side that have rows, and each row's number among them, -1 in none."""
    makes_cells = ~population.is_real | population.is_real.all()
    used = np.unique(
        population.cell[(population.is_questioned == is_questioned) & makes_cells & (population.cell >= 0)]
    )
    number = np.full(len(cells) + 1, -1)  # the last is that of rows in no cell
    number[used] = np.arange(len(used))
    place = np.where(population.is_questioned == is_questioned, population.cell, -1)
    return tuple(cells[cell] for cell in used), number[place]


def _population_sha256(folder: Path) -> str:
    blame = toml.Blame(ModelError, "the population card ", "Build the bank first with `forensic population build`.")
    return toml.read(folder / CARD, PopulationCard, blame).parquet_sha256
