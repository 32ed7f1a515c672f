"""Where the two sides of a comparison seem to be in different languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from forensic.comparison.sides import Side

_SURE = 0.5  # a guess is no ground for a warning; half of all warnings would then be wrong


@dataclass(frozen=True, slots=True)
class OtherLanguage:
    """A questioned side in another language than a suspect's recordings: where it is, and the language (BCP 47)."""

    path: str
    channel: int
    voice: int
    speakers: int
    language: str


@dataclass(frozen=True, slots=True)
class LanguageDifference:
    """A suspect whose recordings are in none of the languages of some questioned sides.

    Attributes:
        suspect: name.
        languages: of the suspect's recordings, BCP 47.
        questioned: the sides in another language.
    """

    suspect: str
    languages: tuple[str, ...]
    questioned: tuple[OtherLanguage, ...]


def language_differences(
    questioned: Sequence[Side], known: Sequence[Side], table: pl.DataFrame
) -> tuple[LanguageDifference, ...]:
    """The known sides whose language differs from that of questioned recordings.

    Only languages that were named with a probability of a half or more are compared: a side of which none was gives no
    warning, and no assurance.

    Args:
        questioned: sides of the comparison.
        known: the same.
        table: ``language`` of the case, of one model and one settings.
    """
    spoken = _languages(table)
    found = []
    for side in known:
        own = {name for sha256 in side.sha256 for name in spoken.get(sha256, {}).values()}
        others = tuple(
            OtherLanguage(other.name, other.channel, other.voice, other.speakers, language)
            for other in questioned
            if (language := _of_questioned(other, spoken)) is not None and language not in own
        )
        if own and others:
            found.append(LanguageDifference(side.name, tuple(sorted(own)), others))
    return tuple(found)


def _languages(table: pl.DataFrame) -> dict[str, dict[tuple[int, int], str]]:
    """Language by recording, then by channel and turn; only where one was named, and more likely than all others."""
    spoken: dict[str, dict[tuple[int, int], str]] = {}
    named = pl.col("language").is_not_null() & (pl.col("probability") >= _SURE)
    for row in table.filter(named).to_dicts():
        spoken.setdefault(row["sha256"], {})[row["channel"], row["turn"]] = row["language"]
    return spoken


def _of_questioned(side: Side, spoken: Mapping[str, Mapping[tuple[int, int], str]]) -> str | None:
    """The language of a questioned side; None where none was named."""
    return next(
        (spoken[sha256].get((side.channel, side.voice)) for sha256 in side.sha256 if sha256 in spoken),
        None,
    )
