"""The voices of a case: what linking compares with each other, and their numbers in its tables."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.comparison.sides import Side, sides_by_recording
from forensic.errors import CaseError

Index = NDArray[np.intp]


def find_voices(evidence: Mapping[str, pl.DataFrame]) -> list[Side]:
    """Every channel and speaker with an embedding, most net speech first; identical files are one recording.

    Raises:
        CaseError: if there are fewer than two.
    """
    files = evidence["files"].filter(pl.col("sha256").is_not_null()).sort("path", descending=True)
    paths = dict(files.select("sha256", "path").iter_rows())
    sides = [
        dataclasses.replace(side, name=paths[sha256])
        for sha256, own in sides_by_recording(evidence).items()
        if sha256 in paths
        for side in own
    ]
    if len(sides) < 2:  # noqa: PLR2004 - a pair
        raise CaseError(
            "Fewer than two voices were found in the scanned recordings.",
            "Scan more recordings into this case, with this model and these settings.",
        )
    return sorted(sides, key=lambda side: (-net_speech_s(side), side.sha256, side.channel, side.voice))


def net_speech_s(side: Side) -> float:
    """Net speech of a voice; 0 where it was not measured."""
    return side.conditions.net_speech_s if side.conditions is not None else 0.0


def numbered(sides: Sequence[Side]) -> tuple[list[int], Index]:
    """Places in the order of paths, and the number of each place, from 1."""
    order = sorted(range(len(sides)), key=lambda place: (sides[place].name, sides[place].channel, sides[place].voice))
    numbers = np.empty(len(sides), np.intp)
    numbers[order] = np.arange(1, len(sides) + 1)
    return order, numbers
