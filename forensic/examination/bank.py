"""What every reference population is made of: rows of a bank, and the noises and rooms of its simulated channels."""

import dataclasses
import hashlib
import json
from pathlib import Path

import polars as pl

from forensic.audio.channel import Sources
from forensic.audio.sources import load_sources
from forensic.examination.people import Person
from forensic.quantities import QUANTITIES
from forensic.records import Quality, Role
from forensic.speaker.features import FRAMES_PER_S

LONGEST_KNOWN_S = 30.0
"""Net speech of a known side, at most."""

_SOURCES = ("noise", "rooms")


def sources_beside(source: Path) -> Sources:
    """What the folders ``noise`` and ``rooms`` beside a manifest or a folder of people hold; else synthetic."""
    folders = [source.absolute().parent / name for name in _SOURCES]
    noise, rooms = (folder if folder.is_dir() else None for folder in folders)
    return load_sources(noise, rooms)


def sources_identity(source: Path) -> str:
    """A hash of the names and sizes of what ``sources_beside`` loads."""
    root = source.absolute().parent
    files = sorted(path for name in _SOURCES for path in (root / name).rglob("*") if path.is_file())
    content = [[str(path.relative_to(root)), path.stat().st_size] for path in files]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def bank_row(
    person: Person, side: Role, cell: str, nominal_s: float, piece: int, frames: int, quality: Quality
) -> dict[str, object]:
    """A row of a bank beside its embedding."""
    return {
        "speaker": person.name,
        "corpus": person.corpus,
        "side": side,
        "cell": cell,
        "cell_net_speech_s": nominal_s,
        **{quantity.name: getattr(quality, quantity.name) for quantity in QUANTITIES},
        "net_speech_s": frames / FRAMES_PER_S,  # of the piece, not of the whole recording
        "piece": piece,
        "session": person.session(side),
        "line": person.line or None,
        **dataclasses.asdict(person.traits),
    }


def described(rows: pl.DataFrame, *, is_disjoint: bool) -> str:
    """Who is in a bank, in a few sentences for its card."""
    counts = rows.group_by("corpus").agg(pl.col("speaker").n_unique()).sort("corpus")
    listed = ", ".join(f"{corpus} {count}" for corpus, count in counts.iter_rows())
    return " ".join(
        (
            f"Speakers by corpus (and language): {listed}.",
            "The two sides of a speaker are different recordings, of one session where the corpus has no other.",
            "None of them took part in the training of the model, by the names that its training left behind."
            if is_disjoint
            else "Whether one of them took part in the training of the model could not be checked.",
        )
    )
