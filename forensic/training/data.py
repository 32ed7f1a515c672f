"""Training speech: from a manifest to pieces of one person each, and a speaker-disjoint split."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from forensic.errors import TrainingError
from forensic.examination.manifest import folder_of
from forensic.training.configuration import AugmentationSettings, DataSettings


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
        speed: at which it is played; 1.0 is as it was recorded.
        label: language or accent, if that is what is learnt.
    """

    clips: tuple[Clip, ...]
    speaker: str
    corpus: str
    is_development: bool
    speed: float = 1.0
    label: str = ""


def source_folders(data: DataSettings) -> tuple[Path | None, Path | None]:
    """The folders of noises and of rooms; None where there is none."""
    root = folder_of(Path(data.manifest))
    return root / data.noise if data.noise else None, root / data.rooms if data.rooms else None


def check_sources(data: DataSettings) -> None:
    """See that the folders of noises and rooms are there.

    Raises:
        TrainingError: if one that is named is missing.
    """
    for name, key in ((data.noise, "noise"), (data.rooms, "rooms")):
        if name and not (folder_of(Path(data.manifest)) / name).is_dir():
            raise TrainingError(
                f"There is no folder {folder_of(Path(data.manifest)) / name} of recorded {key}.",
                f"Put one there, name another with data.{key}, or set data.{key} to an empty text to train without.",
            )


def make_pieces(manifest: pl.DataFrame, data: DataSettings, augmentation: AugmentationSettings) -> list[Piece]:
    """Join the clips of each person to pieces of about ``piece_s``; each unlabelled clip is a piece of its own.

    The development set has all people of ``development_corpora``, and others drawn by the augmentation's seed; no
    person has pieces in both sets.
    """
    root = folder_of(Path(data.manifest))
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
    """Each training piece once more, at a speed drawn for its person, as the speech of another person."""
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
