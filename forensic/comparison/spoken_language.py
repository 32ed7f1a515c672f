"""Language in a scan and in a comparison: what is kept of each channel, and a warning where two sides differ."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import polars as pl

from forensic.comparison.sides import Side, channel_label
from forensic.language.names import name_of

_SHOWN = 5
_SURE = 0.5  # a guess is no ground for a warning; half of all warnings would then be wrong


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
