"""What was found of recordings: not independent, not of one speaker, or in different languages, in words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

import polars as pl

from forensic.comparison.inconsistency import ConsistencyFinding, Inconsistency, NotCompared, SuspectVoice
from forensic.comparison.independence import (
    SAME_SOURCE,
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
from forensic.report.shared.catalogue import N_, _, listed, number
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
                _("channel {number} of {name}", number=channel, name=name) if channel else name
                for name, channel in ((first, shared.first_channel), (second, shared.second_channel))
            )
            return _(
                "{one} from {one_start} and {other} from {other_start} hold the same {seconds} s of speech ({errors} % "
                "of the bits of their acoustic fingerprints differ; without a common source about 50 % would).",
                one=one,
                one_start=_clock(shared.first_start_s),
                other=other,
                other_start=_clock(shared.second_start_s),
                seconds=number(shared.compared_s, ".1f"),
                errors=number(100 * shared.bit_error_rate, ".0f"),
            )
        case SharedWithThird(third):
            return _(
                "{first} and {second} both hold speech that is also in {third}.",
                first=first,
                second=second,
                third=_name(third, names),
            )
        case SameDevice() as made:
            zone = " UTC" if made.is_utc else ""
            text = (
                N_(
                    "{first} and {second} state the same device ({device}) and say that they were created at "
                    "{first_created} and {second_created}. Older recordings that were exported at once would look the "
                    "same."
                )
                if made.device
                else N_(
                    "{first} and {second} are of the same format, state no device and say that they were created at "
                    "{first_created} and {second_created}. Older recordings that were exported at once would look the "
                    "same."
                )
            )
            return _(
                text,
                first=first,
                second=second,
                device=", ".join(made.device or ()),
                first_created=f"{made.first_created:%Y-%m-%d %H:%M:%S}{zone}",
                second_created=f"{made.second_created:%Y-%m-%d %H:%M:%S}{zone}",
            )
        case SessionOfAnother(sibling, of_session, of_that):
            return _(
                "By the reference set, {one} is of one session with {other}. {finding}",
                one=_name(sibling, names),
                other=_name(of_session, names),
                finding=finding(of_that, names),
            )


def suspected(suspicion: Suspicion) -> str:
    """What is suspected, as the start of a sentence: "The same source is suspected"."""
    if suspicion.kind == SAME_SOURCE:
        return _("The same source is suspected")
    return _("The same session is suspected")


def leaks_in_words(leaks: Iterable[Leak], names: Names) -> tuple[str, ...]:
    """A sentence for each overlap between the sides of a case, and for recordings that were not searched."""
    return tuple(_leak(leak, names) for leak in leaks)


def _leak(leak: Leak, names: Names) -> str:
    match leak:
        case OnBothSides():
            return _(
                "{questioned} is byte for byte the same as a known recording of {suspect} (SHA-256 {sha256}).",
                questioned=leak.questioned,
                suspect=leak.suspect,
                sha256=leak.sha256,
            )
        case UnderTwoNames():
            return _(
                "{one} and {other} share a recording (SHA-256 {sha256}).",
                one=leak.one,
                other=leak.other,
                sha256=leak.sha256,
            )
        case Suspicion():
            return f"{suspected(leak)}: {finding(leak, names)}"
        case OwnReference():
            return _(
                "The voice of {side} may be that of {speaker} in the reference population (log10 LR {log10_lr}), who "
                "is left out of all calibrations.",
                speaker=leak.speaker,
                side=_short(leak.side),
                log10_lr=number(leak.log10_lr, "+.1f"),
            )
        case NotChosen():
            return _(
                "The relevant population was not chosen: all {number} people of the reference population but children "
                "were taken, whatever their sex, language and accent. A case chooses it in its case.toml, under "
                "[relevant_population].",
                number=number(leak.people),
            )
        case NotSearched():
            return _(
                "{number} of the recordings were not searched for copies, because an earlier version scanned them. "
                "Scan the recordings into a new case to have them searched.",
                number=number(leak.recordings),
            )


def consistency_in_words(found: Iterable[ConsistencyFinding]) -> tuple[str, ...]:
    """A sentence for each suspect whose recordings are unlikely to be of one speaker, or were not compared."""
    return tuple(map(_consistency, found))


def _consistency(found: ConsistencyFinding) -> str:
    match found:
        case Inconsistency():
            return f"{found.suspect}: {inconsistency(found)}"
        case NotCompared():
            return _(
                "The recordings of {suspect} were not compared with each other: no reference population resembles "
                "them. Check by ear that they are of one speaker.",
                suspect=found.suspect,
            )


def inconsistency(found: Inconsistency) -> str:
    """What was found of a suspect's recordings, and what helps."""
    overruled = f"comparison.allow_inconsistent_suspects = {json.dumps([found.suspect], ensure_ascii=False)}"
    return _(
        "The suspect's recordings are unlikely to be of one speaker: the log10 LR of {shorter} against {longer} is "
        "{log10_lr}. Listen to them, and leave out what is not of this suspect. If all are of one speaker, set "
        "{setting}.",
        shorter=_listed(found.shorter),
        longer=_listed(found.longer),
        log10_lr=number(found.log10_lr, "+.1f"),
        setting=overruled,
    )


def _listed(voices: Sequence[SuspectVoice]) -> str:
    named = ", ".join(channel_label(_short(each.path), each.channel, each.voice) for each in voices[:_NAMED])
    return _and_more(named, len(voices) - _NAMED)


def languages_in_words(found: Iterable[LanguageDifference]) -> tuple[str, ...]:
    """A sentence for each suspect whose language differs from that of questioned recordings."""
    return tuple(map(_languages_differ, found))


def _languages_differ(found: LanguageDifference) -> str:
    return _(
        "The known recordings of {suspect} are classified as {own}, but these questioned recordings as another "
        "language: {others}. The population was not chosen for comparisons across languages. Check the languages by "
        "ear, and take these LRs with care.",
        suspect=found.suspect,
        own=listed(sorted(_(name_of(tag)) for tag in found.languages)),
        others=_and_more(", ".join(map(_other, found.questioned[:_SHOWN])), len(found.questioned) - _SHOWN),
    )


def _and_more(named: str, rest: int) -> str:
    return _("{names} and {number} more", names=named, number=rest) if rest > 0 else named


def _other(other: OtherLanguage) -> str:
    """The last two parts of the path, with channel and speaker: long paths would hide the languages."""
    label = channel_label(_short(other.path), other.channel, other.voice, other.speakers)
    return f"{label} ({_(name_of(other.language))})"


def _name(sha256: str, names: Names) -> str:
    return names.get(sha256, _("the recording {name}", name=sha256[:12]))


def _short(path: str) -> str:
    return "/".join(PurePath(path).parts[-2:])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
