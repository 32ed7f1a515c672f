"""The embeddings of a second model beside a bank: for those of its rows that they cover.

``second.parquet`` has the rows' keys and their embeddings, ``second.toml`` what made them and of which bank.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from forensic.errors import ModelError
from forensic.likelihood_ratio.population import CARD, CELL_KEY, PopulationCard
from forensic.records import Samples
from forensic.storage import toml
from forensic.storage.atomic import written_whole

SECOND_PARQUET = "second.parquet"
SECOND_CARD = "second.toml"
ROW_KEY = ["speaker", *CELL_KEY, "session", "piece"]
"""The columns of a bank that say which row is which."""

_REMEDY = "Make it again with `forensic population second`."
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
    """

    second_sha256: str
    name: str
    licence: str
    data: str
    population_sha256: str
    parquet_sha256: str
    rows: int
    settings: dict[str, Any] = field(default_factory=dict)


def save_second(
    folder: Path,
    rows: pl.DataFrame,
    embeddings: Samples,
    *,
    second: tuple[str, str, str, str],
    settings: Mapping[str, Any],
) -> None:
    """Write the second embeddings of a bank: the Parquet file, then the card that states its hash.

    Args:
        folder: of the bank.
        rows: columns of ``ROW_KEY``, each of them a row of the bank.
        embeddings: of length 1, shape (n, size), in the order of ``rows``; stored as float16.
        second: SHA-256, name, licence and data of the second model.
        settings: how they were made.

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
    )
    with written_whole(folder / SECOND_PARQUET) as file:
        file.write(content)
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
    card = toml.read(folder / SECOND_CARD, SecondBankCard, toml.Blame(ModelError, "the card ", _REMEDY))
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


def _population_sha256(folder: Path) -> str:
    blame = toml.Blame(ModelError, "the population card ", "Build the bank first with `forensic population build`.")
    return toml.read(folder / CARD, PopulationCard, blame).parquet_sha256
