"""Training speech: from a manifest to pieces of one person each, and a speaker-disjoint split."""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from forensic.errors import TrainingError
from forensic.training.configuration import AugmentationSettings, DataSettings

_AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac"})


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of the manifest."""

    path: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Clips of one person that are joined to one stretch of training speech.

    Attributes:
        clips: in the order in which they are joined.
        speaker: "corpus/speaker"; empty where unknown.
        corpus: for pairs, which are made within one corpus only.
        is_development: whether its person is kept out of training.
        speed: at which it is played, 1.0 as it was recorded.
        label: language or accent, where that is what is learnt.
    """

    clips: tuple[Clip, ...]
    speaker: str
    corpus: str
    is_development: bool
    speed: float = 1.0
    label: str = ""


def read_manifest(settings: DataSettings) -> pl.DataFrame:
    """The rows of the manifest that are trained on.

    A manifest is a CSV or Parquet file with the columns path and speaker, Common Voice's ``validated.tsv``, or a folder
    with a folder of recordings for each speaker.

    Returns:
        Columns path, speaker (empty: unknown), corpus, seconds, licence (empty: not stated).

    Raises:
        TrainingError: if the manifest cannot be read, lacks a column, or has no row of the splits.
    """
    frame = manifest_rows(settings)
    if "speaker" not in frame.columns:
        raise TrainingError(f"{settings.manifest} lacks the column speaker.", "Add it.")
    frame = frame.select(
        pl.col("path"),
        pl.col("speaker").fill_null(""),
        (pl.col("corpus").fill_null("") if "corpus" in frame.columns else pl.lit("")).alias("corpus"),
        (pl.col("seconds").cast(pl.Float64) if "seconds" in frame.columns else pl.lit(4.0)).alias("seconds"),
        (pl.col("licence").fill_null("") if "licence" in frame.columns else pl.lit("")).alias("licence"),
    )
    if frame.is_empty():
        raise TrainingError(
            f"{settings.manifest} has no recording of the splits {', '.join(settings.splits)}.", "Check data.splits."
        )
    return frame


def manifest_rows(settings: DataSettings) -> pl.DataFrame:
    """The rows of the manifest's splits, with every column that it has.

    Raises:
        TrainingError: if it cannot be read, or lacks the column path.
    """
    path = Path(settings.manifest)
    try:
        frame = _from_folders(path) if path.is_dir() else _read(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TrainingError(f"Cannot read the manifest {path}: {error}.", "Check data.manifest.") from error
    if "path" not in frame.columns:
        raise TrainingError(f"{path} lacks the column path.", "Add it.")
    if settings.splits and "split" in frame.columns:
        frame = frame.filter(pl.col("split").is_in(settings.splits))
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


def root_of(settings: DataSettings) -> Path:
    """The folder that the manifest's paths are relative to."""
    path = Path(settings.manifest)
    return path if path.is_dir() else path.parent


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
    """A folder a speaker, with recordings in any depth below: LibriSpeech, VoxCeleb and the like."""
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


def make_pieces(manifest: pl.DataFrame, data: DataSettings, augmentation: AugmentationSettings) -> list[Piece]:
    """Join the clips of each person to pieces of about ``piece_s``; unlabelled clips stand alone.

    The people of the development set are drawn by the augmentation's seed, beside all of ``development_corpora``; no
    person has pieces in both.
    """
    root = root_of(data)
    people = manifest.filter(pl.col("speaker") != "").select("corpus", "speaker").unique().sort("corpus", "speaker")
    names = [f"{corpus}/{speaker}" for corpus, speaker in people.iter_rows()]
    rng = np.random.default_rng(augmentation.seed)
    kept_out = set(rng.choice(names, round(data.development_share * len(names)), replace=False)) if names else set()
    kept_out |= {f"{corpus}/{speaker}" for corpus, speaker in people.iter_rows() if corpus in data.development_corpora}
    pieces: list[Piece] = []
    labelled = manifest.filter(pl.col("speaker") != "").sort("corpus", "speaker", "path")
    for (corpus, speaker), rows in labelled.group_by(["corpus", "speaker"], maintain_order=True):
        name = f"{corpus}/{speaker}"
        clips = [Clip(root / row["path"], row["seconds"]) for row in rows.to_dicts()]
        pieces += [Piece(joined, name, str(corpus), name in kept_out) for joined in join_clips(clips, augmentation)]
    unlabelled = manifest.filter(pl.col("speaker") == "", ~pl.col("corpus").is_in(data.development_corpora))
    pieces += [
        Piece((Clip(root / row["path"], row["seconds"]),), "", row["corpus"], is_development=False)
        for row in unlabelled.sort("corpus", "path").to_dicts()
        if row["seconds"] >= augmentation.min_piece_s
    ]
    if data.limit and len(pieces) > data.limit:
        chosen = np.sort(rng.choice(len(pieces), data.limit, replace=False))
        pieces = [pieces[index] for index in chosen]
    return pieces + _at_other_speeds(pieces, augmentation)


def _at_other_speeds(pieces: list[Piece], augmentation: AugmentationSettings) -> list[Piece]:
    """Each training piece once more at a speed that is drawn for its person, as that of somebody else."""
    if not augmentation.speeds:
        return []
    rng = np.random.default_rng([augmentation.seed, 2])
    of_person: dict[str, float] = {}
    copies = []
    for piece in pieces:
        drawn = float(rng.choice(augmentation.speeds))
        if piece.is_development:
            continue
        speed = of_person.setdefault(piece.speaker, drawn) if piece.speaker else drawn
        speaker = f"{piece.speaker} x {speed:g}" if piece.speaker else ""
        copies.append(dataclasses.replace(piece, speaker=speaker, speed=speed))
    return copies


def join_clips(clips: list[Clip], settings: AugmentationSettings) -> list[tuple[Clip, ...]]:
    """Clips, in order, in groups of at most ``piece_s`` (or one clip); groups under ``min_piece_s`` are left out."""
    joined: list[list[Clip]] = []
    for clip in clips:
        if joined and sum(c.seconds for c in joined[-1]) + clip.seconds <= settings.piece_s:
            joined[-1].append(clip)
        else:
            joined.append([clip])
    return [tuple(piece) for piece in joined if sum(c.seconds for c in piece) >= settings.min_piece_s]
