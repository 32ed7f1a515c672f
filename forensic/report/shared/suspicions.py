"""What was found of recordings: not independent, not of one speaker, or in different languages, in words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

import polars as pl

from forensic.comparison.inconsistency import ConsistencyFinding, Inconsistency, NotCompared, SuspectVoice
from forensic.comparison.independence import (
    Leak,
    NotChosen,
    NotSearched,
    OnBothSides,
    OwnReference,
    SameDevice,
    SessionOfAnother,
    SharedAudio,
    SharedWithThird,
    Suspicion,
    UnderTwoNames,
)
from forensic.comparison.spoken_language import LanguageDifference, OtherLanguage
from forensic.language.names import name_of
from forensic.report.shared.labels import channel_label

Names = Mapping[str, str]
"""What a sentence calls a recording, by its SHA-256."""

_SHOWN = 5
_NAMED = 3


def names_of(recordings: pl.DataFrame) -> dict[str, str]:
    """The last two parts of each recording's path, by SHA-256; of copies, the first path in order."""
    rows = recordings.filter(pl.col("sha256").is_not_null()).sort("path", descending=True)
    return {sha256: _short(path) for sha256, path in rows.select("sha256", "path").iter_rows()}


def finding(suspicion: Suspicion, names: Names) -> str:
    """Why two recordings may not be independent, as a sentence."""
    first, second = _name(suspicion.first, names), _name(suspicion.second, names)
    match suspicion.ground:
        case SharedAudio() as shared:
            one, other = (
                f"channel {channel} of {name}" if channel else name
                for name, channel in ((first, shared.first_channel), (second, shared.second_channel))
            )
            return (
                f"{one} from {_clock(shared.first_start_s)} and {other} from "
                f"{_clock(shared.second_start_s)} hold the same {shared.compared_s:.1f} s of speech "
                f"({100 * shared.bit_error_rate:.0f} % of the bits of their acoustic fingerprints differ; without a "
                "common source about 50 % would)."
            )
        case SharedWithThird(third):
            return f"{first} and {second} both hold speech that is also in {_name(third, names)}."
        case SameDevice() as made:
            zone = " UTC" if made.is_utc else ""
            device = f"the same device ({', '.join(made.device)})" if made.device else "no device"
            alike = "" if made.device else "are of the same format, "
            return (
                f"{first} and {second} {alike}state {device} and say that they were created at "
                f"{made.first_created:%Y-%m-%d %H:%M:%S}{zone} and {made.second_created:%Y-%m-%d %H:%M:%S}{zone}. "
                "Older recordings that were exported at once would look the same."
            )
        case SessionOfAnother(sibling, suspected, of_that):
            return (
                f"By the reference set, {_name(sibling, names)} is of one session with {_name(suspected, names)}. "
                f"{finding(of_that, names)}"
            )


def leaks_in_words(leaks: Iterable[Leak], names: Names) -> tuple[str, ...]:
    """A sentence for each overlap between the sides of a case, and for recordings that were not searched."""
    return tuple(_leak(leak, names) for leak in leaks)


def _leak(leak: Leak, names: Names) -> str:
    match leak:
        case OnBothSides():
            return (
                f"{leak.questioned} is byte for byte the same as a known recording of {leak.suspect} "
                f"(SHA-256 {leak.sha256})."
            )
        case UnderTwoNames():
            return f"{leak.one} and {leak.other} share a recording (SHA-256 {leak.sha256})."
        case Suspicion():
            return f"The {leak.kind} is suspected: {finding(leak, names)}"
        case OwnReference():
            return (
                f"{leak.speaker} of the reference population may be the speaker of {_short(leak.side)} (log10 LR "
                f"{leak.log10_lr:+.1f}), and is left out of all calibrations."
            )
        case NotChosen():
            return (
                "The relevant population was not chosen ([relevant_population] in case.toml): all "
                f"{leak.people:,} people of the reference population but children were taken, whatever their sex, "
                "language and accent."
            )
        case NotSearched():
            return (
                f"{leak.recordings:,} of the recordings were not searched for copies, because an earlier version "
                "scanned them. Scan the recordings into a new case to have them searched."
            )


def consistency_in_words(found: Iterable[ConsistencyFinding]) -> tuple[str, ...]:
    """A sentence for each suspect whose recordings are unlikely to be of one speaker, or were not compared."""
    return tuple(map(_consistency, found))


def _consistency(found: ConsistencyFinding) -> str:
    match found:
        case Inconsistency():
            return f"{found.suspect}: {inconsistency(found)}"
        case NotCompared():
            return (
                f"The recordings of {found.suspect} were not compared with each other: no reference population "
                "resembles them. Check by ear that they are of one speaker."
            )


def inconsistency(found: Inconsistency) -> str:
    """What was found of a suspect's recordings, and what helps."""
    overruled = f"comparison.allow_inconsistent_suspects = {json.dumps([found.suspect], ensure_ascii=False)}"
    return (
        f"The suspect's recordings are unlikely to be of one speaker: the log10 LR of {_listed(found.shorter)} against "
        f"{_listed(found.longer)} is {found.log10_lr:+.1f}. Listen to them, and leave out what is not of this suspect. "
        f"If all are of one speaker, set {overruled}."
    )


def _listed(voices: Sequence[SuspectVoice]) -> str:
    named = ", ".join(channel_label(_short(each.path), each.channel, each.voice) for each in voices[:_NAMED])
    return f"{named} and {len(voices) - _NAMED} more" if len(voices) > _NAMED else named


def languages_in_words(found: Iterable[LanguageDifference]) -> tuple[str, ...]:
    """A sentence for each suspect whose language differs from that of questioned recordings."""
    return tuple(map(_languages_differ, found))


def _languages_differ(found: LanguageDifference) -> str:
    own = " and ".join(sorted(map(name_of, found.languages)))
    others = ", ".join(map(_other, found.questioned[:_SHOWN]))
    rest = f" and {len(found.questioned) - _SHOWN} more" if len(found.questioned) > _SHOWN else ""
    return (
        f"The known recordings of {found.suspect} are classified as {own}, but these questioned recordings as another "
        f"language: {others}{rest}. The population was not chosen for comparisons across languages. Check the "
        "languages by ear, and take these LRs with care."
    )


def _other(other: OtherLanguage) -> str:
    """The last two parts of the path, with channel and speaker: long paths would hide the languages."""
    label = channel_label(_short(other.path), other.channel, other.voice, other.speakers)
    return f"{label} ({name_of(other.language)})"


def _name(sha256: str, names: Names) -> str:
    return names.get(sha256, f"the recording {sha256[:12]}")


def _short(path: str) -> str:
    return "/".join(PurePath(path).parts[-2:])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
