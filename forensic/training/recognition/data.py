"""Labelled speech: from a manifest to pieces of one person and one class each, and a speaker-disjoint split."""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from forensic.errors import TrainingError
from forensic.examination.manifest import UNSTATED_S, folder_of, manifest_rows
from forensic.training.configuration import AugmentationSettings, DataSettings
from forensic.training.data import Clip, Piece, join_clips
from forensic.training.recognition.configuration import SelectionSettings


def read_classes(data: DataSettings, selection: SelectionSettings, task: str) -> pl.DataFrame:
    """The rows of the manifest that are trained on: those with a class.

    Args:
        data: the manifest and its splits.
        selection: its corpora.
        task: the column of the manifest that holds the class.

    Returns:
        Columns path, speaker, corpus, seconds, licence, label; people by the order of their names.

    Raises:
        TrainingError: if the manifest cannot be read, lacks a column, or holds fewer than two classes.
    """
    frame = manifest_rows(Path(data.manifest), data.splits, ("speaker", task))
    frame = frame.select(
        "path",
        "speaker",
        "corpus",
        pl.col("seconds").fill_null(UNSTATED_S),
        "licence",
        pl.col(task).fill_null("").alias("label"),
    ).filter(pl.col("label") != "", pl.col("speaker") != "")
    if selection.corpora:
        frame = frame.filter(pl.col("corpus").is_in(selection.corpora))
    if selection.people_of_class:
        frame = _fewer_people(frame, selection.people_of_class, np.random.default_rng(1))
    if frame["label"].n_unique() < 2:  # noqa: PLR2004 - something to distinguish
        raise TrainingError(
            f"{data.manifest} has fewer than two classes in its column {task}, of people who are named.",
            "Check data.splits and selection.corpora.",
        )
    return frame.sort("corpus", "label", "speaker", "path")


def make_labelled_pieces(
    frame: pl.DataFrame, data: DataSettings, selection: SelectionSettings, augmentation: AugmentationSettings
) -> list[Piece]:
    """Join the clips of each person and class to pieces of about ``piece_s``; keep some people of each class out.

    Args:
        frame: as ``read_classes`` gives it.
        data: for the folder of the manifest.
        selection: how much is kept out.
        augmentation: length of pieces, and the seed of the draw of people.
    """
    root = folder_of(Path(data.manifest))
    kept_out = draw_development_people(frame, selection.development_share, augmentation.seed)
    pieces: list[Piece] = []
    for (corpus, label, speaker), rows in frame.group_by(["corpus", "label", "speaker"], maintain_order=True):
        name = f"{corpus}/{speaker}"
        clips = [Clip(root / row["path"], row["seconds"]) for row in rows.to_dicts()]
        pieces += [
            Piece(joined, name, str(corpus), name in kept_out, label=str(label))
            for joined in join_clips(clips, augmentation)[: selection.pieces_of_person or None]
        ]
    return pieces


def draw_development_people(frame: pl.DataFrame, share: float, seed: int) -> set[str]:
    """People, "corpus/speaker", about that share of each class's; one at least of each class.

    The draw of a person depends on the seed and their name alone, so that runs on other selections of the same data
    keep the same people out. A class with a single person is not measured: that person is trained on. So is one who has
    most of the speech of a class.
    """
    chosen: set[str] = set()
    for _, rows in frame.group_by("label", maintain_order=True):
        people = rows.group_by("corpus", "speaker", maintain_order=True).agg(pl.col("seconds").sum())
        most = float(people["seconds"].sum()) / 2
        draws = {
            f"{corpus}/{speaker}": _draw(f"{corpus}/{speaker}", seed)
            for corpus, speaker, seconds in people.iter_rows()
            if seconds <= most
        }
        drawn = {name for name, draw in draws.items() if draw < share}
        chosen |= drawn or ({min(draws, key=draws.__getitem__)} if draws and share else set())
    return chosen


def _draw(name: str, seed: int) -> float:
    """Evenly in [0, 1), the same for a name in every run."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8]) / 2**64


def _fewer_people(frame: pl.DataFrame, most: int, rng: np.random.Generator) -> pl.DataFrame:
    people = frame.select("corpus", "label", "speaker").unique().sort("corpus", "label", "speaker")
    order = people.with_columns(pl.Series("order", rng.permutation(people.height)))
    rank = pl.col("order").rank("ordinal").over("corpus", "label")
    return frame.join(order.filter(rank <= most), on=["corpus", "label", "speaker"], how="semi")
