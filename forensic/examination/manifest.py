"""Manifests of people's recordings, for training and reference populations: CSV, Parquet, TSV, or folders."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from forensic.audio.kinds import is_meant_as_audio
from forensic.case.discovery import discover
from forensic.errors import TrainingError
from forensic.storage.table_file import TableFile, find_path, plain_name, read_table

UNSTATED_S = 4.0
"""Taken for the length of a recording where a manifest does not state it."""

_TEXTS = ("speaker", "corpus", "licence", "language", "sex", "age", "accent")


def read_manifest(path: Path, splits: Sequence[str]) -> pl.DataFrame:
    """The recordings of a manifest.

    A manifest is a table or Parquet file with the columns path and speaker, Common Voice's ``validated.tsv``, or a
    folder with a folder of recordings for each speaker.

    Args:
        path: of the manifest, or the folder.
        splits: rows of these splits are read; empty takes all.

    Returns:
        Columns path, speaker (empty: unknown), corpus, seconds (``UNSTATED_S`` where it is not stated), licence
        (empty: not stated).

    Raises:
        TrainingError: if the manifest cannot be read, lacks a column, has no row of the splits, or names a folder or
            one file for two people.
    """
    frame = manifest_rows(path, splits, ("speaker",))
    if frame.is_empty():
        raise TrainingError(f"{path} has no recording of the splits {', '.join(splits)}.", "Check data.splits.")
    return frame.select("path", "speaker", "corpus", pl.col("seconds").fill_null(UNSTATED_S), "licence")


def manifest_rows(path: Path, splits: Sequence[str], needed: Sequence[str]) -> pl.DataFrame:
    """The rows of some splits of a manifest, with every column that it has.

    Args:
        path: as of ``read_manifest``.
        splits: the same.
        needed: columns that there must be, beside path.

    Returns:
        Texts, empty where nothing is stated, among them path (relative to the manifest's folder where it lies below
        it), speaker, corpus, licence and language; and seconds, null where it is not stated.

    Raises:
        TrainingError: as of ``read_manifest``.
    """
    frame = _from_folders(path) if path.is_dir() else _read(path, needed)
    if missing := [name for name in ("path", *needed) if name not in frame.columns]:
        raise TrainingError(f"{path} lacks the column {missing[0]}.", "Add it.")
    if splits and "split" in frame.columns:
        frame = frame.filter(pl.col("split").is_in(splits))
    texts = [pl.col(name).fill_null("") if name in frame.columns else pl.lit("").alias(name) for name in _TEXTS]
    seconds = pl.col("seconds").cast(pl.Float64) if "seconds" in frame.columns else pl.lit(None, pl.Float64)
    return frame.with_columns(*texts, seconds.alias("seconds"))


def summarise(manifest: pl.DataFrame) -> list[dict[str, object]]:
    """What there is of each corpus, for a model's card: corpus, licence, people, recordings, hours."""
    known = pl.col("speaker").filter(pl.col("speaker") != "")
    return (
        manifest.group_by("corpus")
        .agg(
            pl.col("licence").filter(pl.col("licence") != "").unique().sort().str.join(", ").alias("licence"),
            known.n_unique().alias("people"),
            pl.len().alias("recordings"),
            (pl.col("seconds").sum() / 3600).alias("hours"),
        )
        .sort("corpus")
        .to_dicts()
    )


def _read(path: Path, needed: Sequence[str]) -> pl.DataFrame:
    if path.suffix.lower() == ".parquet":
        try:
            return pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise TrainingError(f"Cannot read the manifest {path}: {error}.", "Check data.manifest.") from error
    known = (*needed, *_TEXTS, "seconds", "split", "session")
    table = read_table(path, ("path",), known, TrainingError)
    is_common_voice = "client_id" in table.columns
    people = table.column("client_id") if is_common_voice else table.names("speaker")
    folder = path.parent / "clips" if is_common_voice else path.parent
    paths = [find_path(folder, text) for text in table.column("path")]
    owners = [name and f"{corpus}/{name}" for corpus, name in zip(table.names("corpus"), people, strict=True)]
    table.refuse("the path is missing", (not text for text in table.column("path")), "Complete the line.")
    table.refuse_folders(paths)
    table.refuse_two_owners(paths, owners, "speakers")
    frame = table.frame().with_columns(
        pl.Series("path", [_below(each, path.parent) for each in paths], pl.String),
        *(pl.Series(name, table.names(name), pl.String) for name in _TEXTS if name in table.columns),
    )
    if is_common_voice:
        frame = frame.with_columns(pl.Series("speaker", people, pl.String))
    if "seconds" in table.columns:
        frame = frame.with_columns(pl.Series("seconds", _seconds(table), pl.Float64))
    return frame


def _below(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if folder in path.parents else path)


def _seconds(table: TableFile) -> list[float | None]:
    texts = table.column("seconds")
    values = table.numbers("seconds")
    table.refuse(
        "seconds is no number",
        (
            text != "" and (value is None or not 0 <= value < math.inf)
            for text, value in zip(texts, values, strict=True)
        ),
        "Write numbers with a point, or leave the cell empty.",
    )
    return values


def _from_folders(root: Path) -> pl.DataFrame:
    """A folder per speaker, with recordings in any depth below: LibriSpeech, VoxCeleb and the like."""
    found = [path for path in discover([root]).files if path.parent != root and is_meant_as_audio(path)]
    paths = sorted(path.relative_to(root) for path in found)
    names = [plain_name(path.parts[0]) for path in paths]
    first: dict[str, str] = {}
    for name in names:
        if first.setdefault(name.casefold(), name) != name:
            raise TrainingError(
                f"Two folders of {root} have names that differ in capital letters alone: {first[name.casefold()]} and "
                f"{name}.",
                "Put one person's recordings into one folder, and give two people two names.",
            )
    return pl.DataFrame(
        {"path": [str(path) for path in paths], "speaker": names, "corpus": [root.name] * len(paths)},
        {"path": pl.String, "speaker": pl.String, "corpus": pl.String},
    )


def name_hash(name: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a person's name, "corpus/speaker"."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def people_hashes(manifest: pl.DataFrame) -> list[str]:
    """Hashes of the people of a manifest, by which a population can be shown to hold none of them; sorted."""
    people = manifest.filter(pl.col("speaker") != "").select("corpus", "speaker").unique()
    return sorted(name_hash(f"{corpus}/{speaker}") for corpus, speaker in people.iter_rows())


def folder_of(path: Path) -> Path:
    """The folder that the paths of a manifest start from: its own, or the folder of people itself."""
    return path if path.is_dir() else path.parent
