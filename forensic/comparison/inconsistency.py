"""What speaks against a suspect's recordings being of one voice: the record, and the sentence."""

import json
from dataclasses import dataclass

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """Two groups of a suspect's recordings that are unlikely to be of one speaker.

    Attributes:
        longer, shorter: names of the recordings in each; the longer group was taken for the known side.
        log10_lr: that both groups are of one speaker against that they are of two, unbounded.
    """

    longer: tuple[str, ...]
    shorter: tuple[str, ...]
    log10_lr: float


def in_words(found: Inconsistency, suspect: str) -> str:
    """What was found of a suspect, and what helps."""
    overruled = f"comparison.allow_inconsistent_suspects = {json.dumps([suspect], ensure_ascii=False)}"
    return (
        f"The suspect's recordings are unlikely to be of one speaker: {_listed(found.shorter)} against "
        f"{_listed(found.longer)} has a log10 LR of {found.log10_lr:+.1f}. Listen to them and leave out what is not of "
        f"this suspect. Where they are of one speaker, set {overruled}."
    )


def _listed(names: tuple[str, ...]) -> str:
    named = ", ".join("/".join(name.split("/")[-2:]) for name in names[:_NAMED])
    return f"{named} and {len(names) - _NAMED} more" if len(names) > _NAMED else named
