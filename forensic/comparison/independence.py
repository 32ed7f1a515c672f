"""Recordings that may not be independent of each other: copies and parts of one source, one sitting, one call.

An LR between them would weigh how alike one recording is to itself, its room and its channel, not how alike two voices
are. A suspicion states what was found, and no more: shared audio may be an announcement that both recorded, and equal
creation times may come from an export. The sentences that say so are in ``forensic.report.shared.suspicions``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import polars as pl

from forensic.audio.duplicates import Overlap, find_overlaps
from forensic.settings import ComparisonSettings

SuspicionKind: TypeAlias = Literal["same source", "same session"]
SAME_SOURCE: Final = "same source"
SAME_SESSION: Final = "same session"

_APART_S = 300.0  # largest gap between two recordings of one sitting
_FIRST_YEAR = 1990  # clocks that were never set say 1904, 1970 or 1980
_DEVICE = re.compile(r"(^|\.|_)(make|model|originator|originator_reference|encoded_by|device)$")


@dataclass(frozen=True, slots=True)
class SharedAudio:
    """The stretch that two recordings share, and how alike it is in both.

    Attributes:
        first_channel, second_channel: as in ``Block``.
        first_start_s, second_start_s: where it begins.
        duration_s: its length, pauses included.
        compared_s: length of the speech in it.
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
class SharedWithThird:
    """Two recordings share nothing with each other, but each shares audio with a third."""

    third: str


@dataclass(frozen=True, slots=True)
class SameDevice:
    """Two files state close creation times and the same device, or no device and have the same format.

    Attributes:
        device: make, model and the like that both state; empty where neither does.
        first_created, second_created: as their tags say.
        is_utc: whether the times are UTC; otherwise they name no zone.
    """

    device: tuple[str, ...]
    first_created: datetime
    second_created: datetime
    is_utc: bool


@dataclass(frozen=True, slots=True)
class SessionOfAnother:
    """One of two recordings is known to be of one session with a third, about which and the other there is a suspicion.

    Attributes:
        sibling: the one of the two that shares a session with the third.
        suspected: the third recording.
        suspicion: about the third recording and the other of the two.
    """

    sibling: str
    suspected: str
    suspicion: "Suspicion"


Ground: TypeAlias = SharedAudio | SharedWithThird | SameDevice | SessionOfAnother
"""What was found of two recordings; recordings are named by their SHA-256."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why two recordings may not be independent.

    Attributes:
        kind: of dependence.
        first, second: SHA-256 of the recordings, in order of their values.
        ground: what was found.
    """

    kind: SuspicionKind
    first: str
    second: str
    ground: Ground

    @property
    def shared(self) -> SharedAudio | None:
        """The stretch that both share, if that is the ground; otherwise None."""
        return self.ground if isinstance(self.ground, SharedAudio) else None


@dataclass(frozen=True, slots=True)
class OnBothSides:
    """A questioned recording whose bytes are those of a suspect's recording."""

    questioned: str
    suspect: str
    sha256: str


@dataclass(frozen=True, slots=True)
class UnderTwoNames:
    """Two suspects who share a recording."""

    one: str
    other: str
    sha256: str


@dataclass(frozen=True, slots=True)
class NotSearched:
    """Recordings that were not searched for copies, because they were scanned before there were fingerprints."""

    recordings: int


@dataclass(frozen=True, slots=True)
class OwnReference:
    """Somebody of the reference population who is left out, because the voice may be that of a speaker of the case.

    Attributes:
        side: name of the recording or suspect.
        speaker: in the population.
        log10_lr: of the two.
    """

    side: str
    speaker: str
    log10_lr: float


@dataclass(frozen=True, slots=True)
class NotChosen:
    """Nobody chose the relevant population, so the whole bank but for children was taken.

    Attributes:
        people: how many that is.
    """

    people: int


Leak: TypeAlias = OnBothSides | UnderTwoNames | Suspicion | NotSearched | OwnReference | NotChosen
"""What may have leaked from one side of a comparison to the other, or was not searched for."""


class Suspicions:
    """All suspicions of a case, by pairs of recordings."""

    def __init__(self, found: Sequence[Suspicion] = ()) -> None:
        self.found = tuple(found)
        self._by_pair: dict[frozenset[str], list[Suspicion]] = {}
        for suspicion in found:
            self._by_pair.setdefault(frozenset((suspicion.first, suspicion.second)), []).append(suspicion)

    def between(self, one: Sequence[str], other: Sequence[str]) -> list[Suspicion]:
        """Suspicions that join a recording of one side with one of the other, each side the SHA-256 of its recordings.

        Suspicions of the same source come before those of the same session.
        """
        found = [
            suspicion for a in one for b in other if a != b for suspicion in self._by_pair.get(frozenset((a, b)), [])
        ]
        return sorted(found, key=lambda suspicion: suspicion.kind != SAME_SOURCE)

    def against(self, one: Sequence[str], other: Sequence[str], settings: ComparisonSettings) -> Suspicion | None:
        """The first suspicion between two sides that the settings do not allow; None where there is none."""
        allowed = {SAME_SOURCE: settings.allow_same_source, SAME_SESSION: settings.allow_same_session}
        return next((found for found in self.between(one, other) if not allowed[found.kind]), None)


def find_suspicions(
    evidence: Mapping[str, pl.DataFrame], sha256: Sequence[str], sessions: Mapping[str, str] | None = None
) -> Suspicions:
    """Which recordings of a case may not be independent.

    Args:
        evidence: tables of the case, of one model and one set of settings.
        sha256: of the recordings to search.
        sessions: known sessions, by SHA-256: recordings with the same value are of one session. A suspicion about one
            of them is also a suspicion about the others.
    """
    wanted = sorted(set(sha256))
    sources = _same_source(evidence["fingerprints"], wanted)
    found = [*sources, *_parts_of_one(sources), *_same_time(evidence["recordings"], wanted)]
    return Suspicions([*found, *_in_one_session(found, sessions or {})])


def without_fingerprint(evidence: Mapping[str, pl.DataFrame], sha256: Sequence[str]) -> list[str]:
    """Those of the recordings that were scanned before there were fingerprints."""
    embedded = set(evidence["embeddings"]["sha256"])
    return sorted((set(sha256) & embedded) - set(evidence["fingerprints"]["sha256"]))


def not_searched(evidence: Mapping[str, pl.DataFrame], sha256: Sequence[str]) -> tuple[NotSearched, ...]:
    """What the search for copies had to leave out; empty if it searched everything."""
    missing = without_fingerprint(evidence, sha256)
    return (NotSearched(len(missing)),) if missing else ()


def _same_source(fingerprints: pl.DataFrame, wanted: Sequence[str]) -> list[Suspicion]:
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
        found.append(Suspicion(SAME_SOURCE, first, second, shared))
    return found


def _parts_of_one(sources: Sequence[Suspicion]) -> Iterator[Suspicion]:
    """Recordings that share nothing with each other, but each share audio with a third."""
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
            yield Suspicion(SAME_SESSION, first, second, SharedWithThird(third))


@dataclass(frozen=True, slots=True)
class _Making:
    """When and with what a file says that it was made."""

    sha256: str
    created: datetime
    is_utc: bool
    duration_s: float
    device: tuple[str, ...]
    form: tuple[Any, ...]


def _same_time(recordings: pl.DataFrame, wanted: Sequence[str]) -> Iterator[Suspicion]:
    """Recordings whose files state close creation times and the same device, or no device and have the same format."""
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
                ground = SameDevice(first.device, first.created, second.created, first.is_utc)
                yield Suspicion(SAME_SESSION, first.sha256, second.sha256, ground)


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
        if ":" in text:  # a date alone is not a time
            return created
    return None


def _in_one_session(found: Sequence[Suspicion], sessions: Mapping[str, str]) -> Iterator[Suspicion]:
    """Suspicions about recordings that are known to be of one session with a suspected one."""
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
                yield Suspicion(SAME_SESSION, first, second, SessionOfAnother(sibling, inside, suspicion))
