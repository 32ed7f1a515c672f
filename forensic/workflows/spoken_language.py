"""Language in a scan and in a comparison: what is kept of each channel, and a warning where two sides differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import polars as pl

from forensic.language.names import name_of
from forensic.records import Recognition, Samples
from forensic.report.content.exhibits import channel_label
from forensic.workflows.sides import Side

_HEARD_FRAMES = 6_000  # the first minute of speech says which language it is; hours of it would only take longer
_SHOWN = 5
_SURE = 0.5  # a guess is no ground for a warning; half of all warnings would then be wrong


@dataclass(slots=True)
class Heard:
    """The first minute of the speech of one speaker, as it comes."""

    parts: list[Samples] = field(default_factory=list)
    frames: int = 0

    def add(self, frames: Samples) -> None:
        """More speech: level-normalised mel power, shape (n, 40)."""
        kept = frames[: _HEARD_FRAMES - self.frames]
        if len(kept):
            self.parts.append(kept)
            self.frames += len(kept)


def language_row(language: Recognition, accent: Recognition | None) -> dict[str, Any]:
    """A row of the table ``language`` but for its key."""
    return {
        "answer": language.answer,
        "language": language.name,
        "probability": language.probability,
        "top_languages": [each.name for each in language.top],
        "top_probabilities": [each.probability for each in language.top],
        "speech_s": language.speech_s,
        "accent_answer": accent.answer if accent else None,
        "accent": accent.name if accent else None,
        "accent_probability": accent.probability if accent else None,
    }


def language_warnings(questioned: Sequence[Side], known: Sequence[Side], table: pl.DataFrame) -> tuple[str, ...]:
    """A sentence for each known side whose language differs from that of questioned recordings.

    Only languages that were named with a probability of a half or more are compared: a side of which none was gives no
    warning, and no assurance.

    Args:
        questioned: sides of the comparison.
        known: the same.
        table: ``language`` of the case, of one model and one settings.
    """
    spoken = _languages(table)
    warnings = []
    for side in known:
        own = {name for sha256 in side.sha256 for name in spoken.get(sha256, {}).values()}
        if not own:
            continue
        others = [
            f"{_shown(other)} ({name_of(language)})"
            for other in questioned
            for language in [_of_questioned(other, spoken)]
            if language is not None and language not in own
        ]
        if others:
            rest = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            warnings.append(
                f"The known recordings of {side.name} are judged to be in {_joined(own)}, but these questioned "
                f"recordings in another language: {', '.join(others[:_SHOWN])}{rest}. The population was not "
                "chosen for comparisons across languages: check by ear, and take their LRs with care."
            )
    return tuple(warnings)


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
        (spoken[sha256].get((side.channel, side.turn)) for sha256 in side.sha256 if sha256 in spoken),
        None,
    )


def _shown(side: Side) -> str:
    """The last two parts of a questioned path, with channel and speaker: long paths would hide the languages."""
    return channel_label("/".join(PurePath(side.name).parts[-2:]), side.channel, side.turn, side.speakers)


def _joined(tags: set[str]) -> str:
    return " and ".join(sorted(name_of(tag) for tag in tags))
