"""Manifests of people's recordings, for training and reference populations: CSV, Parquet, TSV, or folders."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from forensic.errors import TrainingError

_AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac"})


def read_manifest(path: Path, splits: Sequence[str]) -> pl.DataFrame:
    """The recordings of a manifest.

    A manifest is a CSV or Parquet file with the columns path and speaker, Common Voice's ``validated.tsv``, or a folder
    with a folder of recordings for each speaker.

    Args:
        path: of the manifest, or the folder.
        splits: rows of these splits are read; empty takes all.

    Returns:
        Columns path, speaker (empty: unknown), corpus, seconds, licence (empty: not stated).

    Raises:
        TrainingError: if the manifest cannot be read, lacks a column, or has no row of the splits.
    """
    frame = manifest_rows(path, splits)
    if "speaker" not in frame.columns:
        raise TrainingError(f"{path} lacks the column speaker.", "Add it.")
    frame = frame.select(
        pl.col("path"),
        pl.col("speaker").fill_null(""),
        (pl.col("corpus").fill_null("") if "corpus" in frame.columns else pl.lit("")).alias("corpus"),
        (pl.col("seconds").cast(pl.Float64) if "seconds" in frame.columns else pl.lit(4.0)).alias("seconds"),
        (pl.col("licence").fill_null("") if "licence" in frame.columns else pl.lit("")).alias("licence"),
    )
    if frame.is_empty():
        raise TrainingError(f"{path} has no recording of the splits {', '.join(splits)}.", "Check data.splits.")
    return frame


def manifest_rows(path: Path, splits: Sequence[str]) -> pl.DataFrame:
    """The rows of some splits of a manifest, with every column that it has; arguments as of ``read_manifest``.

    Raises:
        TrainingError: if it cannot be read, or lacks the column path.
    """
    try:
        frame = _from_folders(path) if path.is_dir() else _read(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TrainingError(f"Cannot read the manifest {path}: {error}.", "Check data.manifest.") from error
    if "path" not in frame.columns:
        raise TrainingError(f"{path} lacks the column path.", "Add it.")
    if splits and "split" in frame.columns:
        frame = frame.filter(pl.col("split").is_in(splits))
    return frame


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


def _read(path: Path) -> pl.DataFrame:
    if path.suffix.lower() == ".parquet":
        return pl.read_parquet(path)
    if path.suffix.lower() != ".tsv":
        return pl.read_csv(path, infer_schema=False)
    frame = pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None)
    if "client_id" not in frame.columns:
        return frame
    return frame.with_columns(pl.col("client_id").alias("speaker"), pl.format("clips/{}", pl.col("path")).alias("path"))


def _from_folders(root: Path) -> pl.DataFrame:
    """A folder per speaker, with recordings in any depth below: LibriSpeech, VoxCeleb and the like."""
    paths = sorted(path.relative_to(root) for path in root.rglob("*") if path.suffix.lower() in _AUDIO_SUFFIXES)
    rows = [(str(path), path.parts[0], root.name) for path in paths if len(path.parts) > 1]
    return pl.DataFrame(rows, ["path", "speaker", "corpus"], orient="row")


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
