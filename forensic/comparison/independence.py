"""Recordings that may not be independent of each other: copies and parts of one source, one sitting, one call.

An LR between them would weigh how alike one recording is to itself, its room and its channel, not how alike two voices
are. A suspicion states what was found, and no more: shared audio may be an announcement that both recorded, and equal
times of creation the mark of an export.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import PurePath
from typing import Any

import numpy as np
import polars as pl

from forensic.audio.duplicates import Overlap, find_overlaps
from forensic.settings import ComparisonSettings

SAME_SOURCE = "same source"
SAME_SESSION = "same session"

_APART_S = 300.0  # between the end of one recording and the start of another of one sitting
_FIRST_YEAR = 1990  # clocks that were never set say 1904, 1970 or 1980
_DEVICE = re.compile(r"(^|\.|_)(make|model|originator|originator_reference|encoded_by|device)$")


@dataclass(frozen=True, slots=True)
class SharedAudio:
    """Where the stretch that two recordings share lies, and how alike it is there.

    Attributes:
        first_channel, second_channel: as in ``Block``.
        first_start_s, second_start_s: where it begins.
        duration_s: its length, pauses included.
        compared_s: of that, speech.
        bit_error_rate: share of the fingerprints' bits that differ, 0 to 1; without a common source about one half.
    """

    first_channel: int
    second_channel: int
    first_start_s: float
    second_start_s: float
    duration_s: float
    compared_s: float
    bit_error_rate: float


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why two recordings may not be independent.

    Attributes:
        kind: ``SAME_SOURCE`` or ``SAME_SESSION``.
        first, second: SHA-256 of the recordings, in order of their values.
        finding: what was found, as a sentence.
        shared: the stretch in both, for the same source.
    """

    kind: str
    first: str
    second: str
    finding: str
    shared: SharedAudio | None = None


class Suspicions:
    """All of a case, by pairs of recordings."""

    def __init__(self, found: Sequence[Suspicion] = ()) -> None:
        self.found = tuple(found)
        self._by_pair: dict[frozenset[str], list[Suspicion]] = {}
        for suspicion in found:
            self._by_pair.setdefault(frozenset((suspicion.first, suspicion.second)), []).append(suspicion)

    def between(self, one: Sequence[str], other: Sequence[str]) -> list[Suspicion]:
        """Suspicions that join a recording of one side with one of the other, each side the SHA-256 of its recordings.

        The same source comes before the same session.
        """
        found = [
            suspicion for a in one for b in other if a != b for suspicion in self._by_pair.get(frozenset((a, b)), [])
        ]
        return sorted(found, key=lambda suspicion: suspicion.kind != SAME_SOURCE)

    def refusal(self, one: Sequence[str], other: Sequence[str], settings: ComparisonSettings) -> str | None:
        """Why two sides carry no LR, and what would help; None where nothing stands against it."""
        allowed = {SAME_SOURCE: settings.allow_same_source, SAME_SESSION: settings.allow_same_session}
        for suspicion in self.between(one, other):
            if not allowed[suspicion.kind]:
                setting = f"comparison.allow_{suspicion.kind.replace(' ', '_')}"
                return (
                    f"The {suspicion.kind} is suspected on both sides: {suspicion.finding} Supply a recording of "
                    "another occasion, or leave this one out; where listening shows the suspicion to be wrong, set "
                    f"{setting} = true."
                )
        return None


def find_suspicions(
    evidence: Mapping[str, pl.DataFrame], sha256: Sequence[str], sessions: Mapping[str, str] | None = None
) -> Suspicions:
    """What speaks against the independence of recordings of a case.

    Args:
        evidence: tables of the case, of one model and one settings.
        sha256: of the recordings to look at.
        sessions: what is known to belong together, by SHA-256: recordings of one value are of one session. A suspicion
            of one of them is one of the others.
    """
    wanted = sorted(set(sha256))
    names = _names(evidence["files"])
    sources = _same_source(evidence["fingerprints"], wanted, names)
    found = [*sources, *_parts_of_one(sources, names), *_same_time(evidence["recordings"], wanted, names)]
    return Suspicions([*found, *_in_one_session(found, sessions or {}, names)])


def without_fingerprint(evidence: Mapping[str, pl.DataFrame], sha256: Sequence[str]) -> list[str]:
    """Those of the recordings that were scanned before there were fingerprints."""
    embedded = set(evidence["embeddings"]["sha256"])
    return sorted((set(sha256) & embedded) - set(evidence["fingerprints"]["sha256"]))


def not_looked_at(evidence: Mapping[str, pl.DataFrame], sha256: Sequence[str]) -> tuple[str, ...]:
    """What the search for copies had to leave out."""
    missing = without_fingerprint(evidence, sha256)
    if not missing:
        return ()
    sentence = f"Copies were not looked for among {len(missing):,} of the recordings, which an earlier version scanned."
    return (f"{sentence} Scan them into a new case to have it done.",)


def _names(files: pl.DataFrame) -> dict[str, str]:
    """The last two parts of each recording's path, by SHA-256."""
    rows = files.filter(pl.col("sha256").is_not_null()).sort("path", descending=True)
    return {sha256: "/".join(PurePath(path).parts[-2:]) for sha256, path in rows.select("sha256", "path").iter_rows()}


def _same_source(fingerprints: pl.DataFrame, wanted: Sequence[str], names: Mapping[str, str]) -> list[Suspicion]:
    rows = fingerprints.filter(pl.col("sha256").is_in(wanted)).sort("sha256", "channel").to_dicts()
    prints = [np.frombuffer(row["fingerprint"], "<u4").astype(np.uint32) for row in rows]
    place = {value: index for index, value in enumerate(wanted)}
    strongest: dict[tuple[str, str], Overlap] = {}
    for overlap in find_overlaps(prints, [place[row["sha256"]] for row in rows]):
        pair = (rows[overlap.first]["sha256"], rows[overlap.second]["sha256"])
        if pair not in strongest or overlap.evidence > strongest[pair].evidence:
            strongest[pair] = overlap
    found = []
    for (first, second), overlap in strongest.items():
        shared = SharedAudio(
            rows[overlap.first]["channel"],
            rows[overlap.second]["channel"],
            overlap.first_start_s,
            overlap.second_start_s,
            overlap.duration_s,
            overlap.compared_s,
            overlap.bit_error_rate,
        )
        found.append(Suspicion(SAME_SOURCE, first, second, _shared_sentence(first, second, shared, names), shared))
    return found


def _shared_sentence(first: str, second: str, shared: SharedAudio, names: Mapping[str, str]) -> str:
    one, other = (
        f"channel {channel} of {_name(sha256, names)}" if channel else _name(sha256, names)
        for sha256, channel in ((first, shared.first_channel), (second, shared.second_channel))
    )
    return (
        f"{one} from {_clock(shared.first_start_s)} and {other} from "
        f"{_clock(shared.second_start_s)} hold the same {shared.compared_s:.1f} s of speech "
        f"({100 * shared.bit_error_rate:.0f} % of the bits of their acoustic fingerprints differ; without a common "
        "source about 50 % would)."
    )


def _parts_of_one(sources: Sequence[Suspicion], names: Mapping[str, str]) -> Iterator[Suspicion]:
    """Recordings that share nothing with each other, and both something with a third."""
    neighbours: dict[str, set[str]] = {}
    for suspicion in sources:
        neighbours.setdefault(suspicion.first, set()).add(suspicion.second)
        neighbours.setdefault(suspicion.second, set()).add(suspicion.first)
    seen: set[tuple[str, str]] = set()
    for third, others in sorted(neighbours.items()):
        for first, second in combinations(sorted(others), 2):
            if second in neighbours[first] or (first, second) in seen:
                continue
            seen.add((first, second))
            yield Suspicion(
                SAME_SESSION,
                first,
                second,
                f"{_name(first, names)} and {_name(second, names)} both hold speech that is also in "
                f"{_name(third, names)}.",
            )


@dataclass(frozen=True, slots=True)
class _Making:
    """When and with what a file says that it was made."""

    sha256: str
    created: datetime
    is_utc: bool
    duration_s: float
    device: tuple[str, ...]
    form: tuple[Any, ...]


def _same_time(recordings: pl.DataFrame, wanted: Sequence[str], names: Mapping[str, str]) -> Iterator[Suspicion]:
    """Recordings whose files state the same device, or are of one form, and times of creation that are close."""
    rows = recordings.filter(pl.col("sha256").is_in(wanted)).sort("sha256").to_dicts()
    makings = sorted((found for row in rows if (found := _making(row))), key=lambda one: (one.is_utc, one.created))
    longest_s = max((one.duration_s for one in makings), default=0.0)
    for index, one in enumerate(makings):
        for other in makings[index + 1 :]:
            apart_s = (other.created - one.created).total_seconds()
            if one.is_utc != other.is_utc or apart_s > longest_s + _APART_S:
                break
            is_alike = one.device == other.device if one.device or other.device else one.form == other.form
            if is_alike and apart_s <= max(one.duration_s, other.duration_s) + _APART_S:
                first, second = sorted((one, other), key=lambda making: making.sha256)
                yield Suspicion(SAME_SESSION, first.sha256, second.sha256, _time_sentence(first, second, names))


def _time_sentence(first: _Making, second: _Making, names: Mapping[str, str]) -> str:
    device = f"the same device ({', '.join(first.device)})" if first.device else "no device, are of the same format"
    zone = " UTC" if first.is_utc else ""
    return (
        f"{_name(first.sha256, names)} and {_name(second.sha256, names)} state {device} and were created at "
        f"{first.created:%Y-%m-%d %H:%M:%S}{zone} and {second.created:%Y-%m-%d %H:%M:%S}{zone}, as their tags say; an "
        "export of older recordings in one go would look the same."
    )


def _making(row: Mapping[str, Any]) -> _Making | None:
    tags = {name.lower(): value.strip() for name, _, value in (tag.partition("=") for tag in row["tags"] or ())}
    created = _created(tags)
    if created is None or created.year < _FIRST_YEAR:
        return None
    device = tuple(tags[name] for name in sorted(tags) if _DEVICE.search(name) and tags[name])
    form = (row["container"], row["codec"], row["sample_rate_hz"], row["channels"], tags.get("encoder"))
    is_utc = created.tzinfo is not None
    moment = created.astimezone(UTC) if is_utc else created
    return _Making(row["sha256"], moment.replace(tzinfo=None), is_utc, row["duration_s"] or 0.0, device, form)


def _created(tags: Mapping[str, str]) -> datetime | None:
    """When the file was made; without a time zone where it names none, as broadcast WAV does."""
    stated = tags.get("creation_time", "")
    for text in (stated, f"{tags.get('date', '')}T{stated}", tags.get("date", "")):
        try:
            created = datetime.fromisoformat(text)
        except ValueError:
            continue
        if ":" in text:  # a date alone is no time
            return created
    return None


def _in_one_session(
    found: Sequence[Suspicion], sessions: Mapping[str, str], names: Mapping[str, str]
) -> Iterator[Suspicion]:
    """Suspicions of recordings that are known to be of one session with a suspected one."""
    members: dict[str, list[str]] = {}
    for sha256, session in sorted(sessions.items()):
        members.setdefault(session, []).append(sha256)
    seen = {frozenset((suspicion.first, suspicion.second)) for suspicion in found}
    for suspicion in found:
        for inside, outside in ((suspicion.first, suspicion.second), (suspicion.second, suspicion.first)):
            for sibling in members.get(sessions.get(inside, ""), []):
                pair = frozenset((sibling, outside))
                if len(pair) == 1 or pair in seen:
                    continue
                seen.add(pair)
                first, second = sorted(pair)
                finding = (
                    f"{_name(sibling, names)} is of one session with {_name(inside, names)}, as the reference set "
                    f"says; {suspicion.finding}"
                )
                yield Suspicion(SAME_SESSION, first, second, finding)


def _name(sha256: str, names: Mapping[str, str]) -> str:
    return names.get(sha256, f"the recording {sha256[:12]}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
