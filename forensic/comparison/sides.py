"""The two sides of a comparison, from the evidence of a case."""

import dataclasses
import fnmatch
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from forensic.case.reference import Suspect
from forensic.case.store import SKIPPED, path_text
from forensic.comparison.inconsistency import Inconsistency
from forensic.comparison.independence import SAME_SOURCE, Leak, OnBothSides, Suspicions, UnderTwoNames
from forensic.errors import CaseError
from forensic.quantities import QUANTITIES, Quantity
from forensic.records import QUESTIONED, Conditions, Samples
from forensic.speaker.extractor import mean_embedding


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a questioned channel, or a suspect's pooled recordings.

    Attributes:
        name: path or suspect.
        sha256: of every recording that is part of it.
        channel: of a questioned recording.
        voice: of a questioned recording: 0 for all speech of the channel, from 1 for one of several speakers in it; the
            tables call it ``turn``.
        speaker_name: what an examiner calls the speaker; empty where the program found them, and for a suspect.
        speakers: how many were found in the channel; for a suspect, the most in a channel of any recording.
        several: a suspect's recordings in which several speakers were found.
        inconsistency: what speaks against the recordings of a suspect being one voice; None if nothing does.
        embedding: None if there is none.
        second: embedding of the second model; None if there is none.
        second_problem: why the second model made none; empty if it did, or was not asked.
        conditions: None if there are none.
        problem: why there is no embedding, and what would help.
    """

    name: str
    sha256: tuple[str, ...]
    channel: int
    embedding: Samples | None
    conditions: Conditions | None
    problem: str
    voice: int = 0
    speakers: int = 1
    several: tuple[str, ...] = ()
    inconsistency: Inconsistency | None = None
    speaker_name: str = ""
    second: Samples | None = None
    second_problem: str = ""


SidesByRecording: TypeAlias = Mapping[str, Sequence[Side]]


def questioned_sides(
    evidence: Mapping[str, pl.DataFrame], by_recording: SidesByRecording, chosen: Sequence[str]
) -> list[Side]:
    """Every channel of every questioned recording, or each speaker in it; one without evidence has its problem instead.

    Args:
        evidence: tables of the case, of one model and one set of settings.
        by_recording: as ``sides_by_recording`` makes it from them.
        chosen: paths, folders or globs that narrow them; empty takes all.

    Raises:
        CaseError: if there is none.
    """
    files = chosen_files(evidence["files"], chosen)
    failures = _failures_by_recording(evidence)
    sides = []
    for row in files.to_dicts():
        own = [dataclasses.replace(side, name=row["path"]) for side in by_recording.get(row["sha256"], [])]
        own += [
            _unusable(row, failure["channel"] or 0, f"{failure['problem']} {failure['remedy']}")
            for failure in failures.get(row["sha256"], [])
        ]
        sides += own or [_unusable(row, 0, _problem(row, []))]
    return sides


def check_chosen(files: pl.DataFrame, chosen: Sequence[str]) -> None:
    """See that there are questioned recordings, and that each of ``chosen`` fits one, before anything takes long.

    Args:
        files: table of the case.
        chosen: as in ``questioned_sides``.

    Raises:
        CaseError: if not.
    """
    chosen_files(files, ())
    for pattern in chosen:
        chosen_files(files, (pattern,))


def chosen_files(files: pl.DataFrame, chosen: Sequence[str]) -> pl.DataFrame:
    """The questioned recordings among a case's files; arguments and errors as of ``questioned_sides``."""
    questioned = files.filter(pl.col("side") == QUESTIONED, pl.col("status") != SKIPPED).sort("path")
    if questioned.is_empty():
        raise CaseError(
            "No questioned recording was scanned.",
            "Run `forensic scan DIR` on the questioned recordings first.",
        )
    if chosen:
        questioned = questioned.filter([_is_chosen(path, chosen) for path in questioned["path"]])
        if questioned.is_empty():
            raise CaseError(
                f"No scanned recording matches --questioned {' '.join(chosen)}.",
                "Name a scanned file, its folder, or a glob.",
            )
    return questioned


def _unusable(file: Mapping[str, Any], channel: int, problem: str) -> Side:
    return Side(file["path"], (file["sha256"],) if file["sha256"] else (), channel, None, None, problem)


def _is_chosen(path: str, chosen: Sequence[str]) -> bool:
    paths = {path, os.path.normpath(path)}
    for pattern in chosen:
        folders = {path_text(Path(pattern).absolute()), path_text(Path(os.path.abspath(pattern)))}  # noqa: PTH100 - no links
        if any(own == folder or own.startswith(folder.rstrip("/") + "/") for own in paths for folder in folders):
            return True
        texts = (*paths, path.rpartition("/")[2])
        if any(fnmatch.fnmatch(text, glob) for text in texts for glob in (pattern, *folders)):
            return True
    return False


def known_side(suspect: Suspect, evidence: Mapping[str, pl.DataFrame], by_recording: SidesByRecording) -> Side:
    """All usable recordings of a suspect, pooled."""
    rows = _files_of(suspect, evidence)
    sha256 = sorted({row["sha256"] for row in rows if row["sha256"]})
    sides = [side for value in sha256 for side in by_recording.get(value, []) if side.embedding is not None]
    if not sides:
        failures = _failures_by_recording(evidence)
        problems = [_problem(row, failures.get(row["sha256"], [])) for row in rows] or [
            "None of them is a recording." if suspect.paths else "There is no recording of this suspect."
        ]
        return Side(suspect.name, tuple(sha256), 0, None, None, problems[0])
    several = {side.sha256[0] for side in sides if side.speakers > 1}
    return dataclasses.replace(
        pooled(suspect.name, sides), several=tuple(row["path"] for row in rows if row["sha256"] in several)
    )


def voices_of(suspect: Suspect, evidence: Mapping[str, pl.DataFrame], by_recording: SidesByRecording) -> list[Side]:
    """The usable channels of a suspect's recordings, each under its path, the same bytes once."""
    paths = {row["sha256"]: row["path"] for row in reversed(_files_of(suspect, evidence)) if row["sha256"]}
    return [
        dataclasses.replace(side, name=path)
        for value, path in sorted(paths.items(), key=lambda item: item[1])
        for side in by_recording.get(value, [])
        if side.embedding is not None and side.conditions is not None
    ]


def _files_of(suspect: Suspect, evidence: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    paths = [path_text(path.absolute()) for path in suspect.paths]
    return evidence["files"].filter(pl.col("path").is_in(paths)).to_dicts()


def pooled(name: str, sides: Sequence[Side]) -> Side:
    """Recordings of one speaker as one side; each must have an embedding.

    The second model's opinion is that on the recordings that it could embed.
    """
    second = [side.second for side in sides if side.second is not None]
    return Side(
        name=name,
        sha256=tuple(sorted({value for side in sides for value in side.sha256})),
        channel=0,
        embedding=mean_embedding(np.stack([side.embedding for side in sides if side.embedding is not None])),
        conditions=_pooled([side.conditions for side in sides if side.conditions is not None]),
        problem="",
        speakers=max(side.speakers for side in sides),
        second=mean_embedding(np.stack(second)) if second else None,
        second_problem="" if second else next((side.second_problem for side in sides), ""),
    )


def _pooled(conditions: Sequence[Conditions]) -> Conditions:
    """The conditions of the recordings of one side together; each quantity is pooled in its own way."""
    speech = [one.net_speech_s for one in conditions]
    values = {quantity: [getattr(one, quantity.name) for one in conditions] for quantity in QUANTITIES}
    return Conditions(**{quantity.name: _together(quantity, values[quantity], speech) for quantity in values})


def _together(quantity: Quantity, values: Sequence[Any], speech_s: Sequence[float]) -> Any:
    """One value for those that were measured; None if none was."""
    measured = [(value, seconds) for value, seconds in zip(values, speech_s, strict=True) if value is not None]
    if not measured:
        return None
    own, weights = zip(*measured, strict=True)
    match quantity.pooled:
        case "sum":
            return float(np.sum(own))
        case "mean":
            return float(np.average(own, weights=weights))
        case "geometric mean":
            return float(np.exp(np.average(np.log(own), weights=weights)))
        case "worst":
            return (max if quantity.worse == "more" else min)(own)


def sides_by_recording(evidence: Mapping[str, pl.DataFrame]) -> dict[str, list[Side]]:
    """The channels with an embedding, and the speakers in them, by the recording's SHA-256."""
    sides: dict[str, list[Side]] = {}
    voice = ["sha256", "channel", "turn"]
    second = evidence["second"].select(*voice, second="embedding", second_problem="problem")
    joined = evidence["embeddings"].join(evidence["quality"], on=voice, how="inner").join(second, on=voice, how="left")
    for row in joined.sort("sha256", "channel", "turn").to_dicts():
        sides.setdefault(row["sha256"], []).append(
            Side(
                name="",
                sha256=(row["sha256"],),
                channel=row["channel"],
                embedding=np.array(row["embedding"], np.float32),
                conditions=Conditions.of_row(row),
                problem="",
                voice=row["turn"],
                speakers=row["speakers"],
                speaker_name=row["speaker_name"],
                second=None if row["second"] is None else np.array(row["second"], np.float32),
                second_problem=row["second_problem"] or "",
            )
        )
    return sides


def _failures_by_recording(evidence: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    failures: dict[str, list[dict[str, Any]]] = {}
    for row in evidence["failures"].to_dicts():
        failures.setdefault(row["sha256"], []).append(row)
    return failures


def _problem(file: Mapping[str, Any], failures: Sequence[Mapping[str, Any]]) -> str:
    """Why a file gave no evidence, and what would help."""
    if failures:
        return f"{failures[0]['problem']} {failures[0]['remedy']}"
    if file["reason"]:
        return f"{file['reason']} {file['remedy']}"
    return "It was scanned with another model or other settings. Scan it again with this model and these settings."


def leaks(questioned: Sequence[Side], known: Sequence[Side], suspicions: Suspicions) -> tuple[Leak, ...]:
    """Recordings that are on both sides, under two names, or suspected to be; and questioned ones of one source."""
    both_sides = [
        OnBothSides(q.name, k.name, min(shared))
        for k in known
        for q in questioned
        if (shared := set(q.sha256) & set(k.sha256))
    ]
    two_names = [
        UnderTwoNames(one.name, other.name, min(shared))
        for one, other in combinations(known, 2)
        if (shared := set(one.sha256) & set(other.sha256))
    ]
    suspected = [
        suspicion
        for ones, others in [*product(questioned, known), *combinations(known, 2)]
        for suspicion in suspicions.between(ones.sha256, others.sha256)
    ]
    own = {value for side in questioned for value in side.sha256}
    among_questioned = [
        each for each in suspicions.found if each.kind == SAME_SOURCE and {each.first, each.second} <= own
    ]
    return tuple(dict.fromkeys([*both_sides, *two_names, *suspected, *among_questioned]))
