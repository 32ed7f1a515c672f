"""Where a described voice is among those of adults: percentiles, from a table that ships (``models/phonetics-1``).

``python benchmarks/phonetics.py --write models/phonetics-1`` makes the table.
"""

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from forensic.audio.phonetics import VoiceDescription, is_high
from forensic.records import Vector
from forensic.storage.cards import named_file, read_card
from forensic.storage.shipped import shipped

TABLE = "phonetics-1"
"""Folder of the table, among the models."""

FEWEST_S = 10.0
"""Speech of a voice, in seconds, below which it has no percentile, and takes no part in those of others."""

FEWEST_PEOPLE = 20
"""Behind a percentile."""

PEOPLE_SCHEMA = {
    "register": pl.String,
    "corpus": pl.String,
    "speech_s": pl.Float64,
    "f0_hz": pl.Float64,
    "f0_deviation_semitones": pl.Float64,
    "f1_hz": pl.Float64,
    "f2_hz": pl.Float64,
    "f3_hz": pl.Float64,
    "syllables_per_s": pl.Float64,
}
"""Of the table: one row per person. Formants are null where the band of the recordings cut them off."""


_FORMANTS = ("f1_hz", "f2_hz", "f3_hz")


@dataclass(frozen=True, slots=True)
class Percentile:
    """Where a value is among those of other people.

    Attributes:
        percent: of the people with a lower value, those with the same value counted half; 0 to 100.
        people: how many there are.
    """

    percent: float
    people: int


def register(voice: VoiceDescription) -> str:
    """The register of a voice, "low" or "high", by the median of the fundamental frequency."""
    return "high" if is_high(voice.f0_hz[1]) else "low"


def quantities(voice: VoiceDescription) -> dict[str, float | None]:
    """The values of a voice that percentiles are of, by their columns; formants only of a band that leaves all five.

    A telephone's band moves the lowest formants and cuts off the highest, so its formants are not compared.
    """
    formants = [spread[1] for spread in voice.formants_hz] if voice.has_full_band else [None, None, None]
    return {
        "f0_hz": voice.f0_hz[1],
        "f0_deviation_semitones": voice.f0_deviation_semitones,
        **dict(zip(_FORMANTS, formants, strict=True)),
        "syllables_per_s": voice.syllables_per_s,
    }


def percentiles(voice: VoiceDescription) -> dict[str, Percentile | None]:
    """The percentile of each value; None where too little stands behind one.

    Formants are compared with those of people of the same register, since both
    differ between women and men; everything else is compared with everybody.

    Raises:
        ModelError: if the table is missing or is not the one that its card names.
    """
    everybody = _people()
    alike = everybody.filter(pl.col("register") == register(voice))
    enough = voice.speech_s >= FEWEST_S
    return {
        name: _percentile(value, (alike if name in _FORMANTS else everybody)[name].drop_nulls().to_numpy())
        if enough and value is not None
        else None
        for name, value in quantities(voice).items()
    }


def _percentile(value: float, others: Vector) -> Percentile | None:
    if len(others) < FEWEST_PEOPLE:
        return None
    return Percentile(100 * float(np.mean((others < value) + 0.5 * (others == value))), len(others))


@cache
def _people() -> pl.DataFrame:
    folder = shipped("models") / TABLE
    return pl.read_csv(io.BytesIO(named_file(folder, read_card(folder), "table")), schema=PEOPLE_SCHEMA)
