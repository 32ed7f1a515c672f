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
from forensic.case.store import path_text
from forensic.comparison.inconsistency import Inconsistency
from forensic.comparison.independence import Suspicions
from forensic.errors import CaseError
from forensic.records import Conditions, Samples, Vector
from forensic.speaker.extractor import mean_embedding


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a questioned channel, or a suspect's pooled recordings.

    Attributes:
        name: path or suspect.
        sha256: of every recording that entered.
        channel: of a questioned recording.
        turn: of a questioned recording: 0 for all speech of the channel, 1 and on for one speaker of several in it.
        speakers: how many were found in the channel; of a suspect, the most in a channel of any recording.
        several: a suspect's recordings in which several speakers were found.
        inconsistency: what speaks against the recordings of a suspect being one voice; None where nothing does.
        embedding: None where there is none.
        conditions: None where there are none.
        problem: why there is no embedding, and what would help.
    """

    name: str
    sha256: tuple[str, ...]
    channel: int
    embedding: Samples | None
    conditions: Conditions | None
    problem: str
    turn: int = 0
    speakers: int = 1
    several: tuple[str, ...] = ()
    inconsistency: Inconsistency | None = None


SidesByRecording: TypeAlias = Mapping[str, Sequence[Side]]


def questioned_sides(
    evidence: Mapping[str, pl.DataFrame], by_recording: SidesByRecording, chosen: Sequence[str]
) -> list[Side]:
    """Every channel of every questioned recording, or each speaker in it; without evidence, it stands with its problem.

    Args:
        evidence: tables of the case, of one model and one settings.
        by_recording: as ``sides_by_recording`` makes it of them.
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
    questioned = files.filter(pl.col("side") == "questioned", pl.col("status") != "skipped").sort("path")
    if questioned.is_empty():
        raise CaseError(
            "No questioned recording was scanned.",
            "Run `forensic scan DIR` on the questioned recordings first.",
        )
    if chosen:
        questioned = questioned.filter([_is_chosen(path, chosen) for path in questioned["path"]])
        if questioned.is_empty():
            raise CaseError(
                f"No scanned recording fits --questioned {' '.join(chosen)}.",
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
    """Recordings of one speaker as one side; each must have an embedding."""
    return Side(
        name=name,
        sha256=tuple(sorted({value for side in sides for value in side.sha256})),
        channel=0,
        embedding=mean_embedding(np.stack([side.embedding for side in sides if side.embedding is not None])),
        conditions=_pooled([side.conditions for side in sides if side.conditions is not None]),
        problem="",
        speakers=max(side.speakers for side in sides),
    )


def _pooled(conditions: Sequence[Conditions]) -> Conditions:
    """Net speech in all; the rest averaged over it; the codec that shows in most of it."""
    speech = np.array([c.net_speech_s for c in conditions])
    bandwidth = np.exp(np.average(np.log([c.bandwidth_hz for c in conditions]), weights=speech))
    by_codec: dict[str, float] = {}
    for c in conditions:
        if c.codec is not None:
            by_codec[c.codec] = by_codec.get(c.codec, 0.0) + c.net_speech_s
    return Conditions(
        float(speech.sum()),
        _mean([c.snr_db for c in conditions], speech),
        float(bandwidth),
        low_edge_hz=_mean([c.low_edge_hz for c in conditions], speech),
        c50_db=_mean([c.c50_db for c in conditions], speech),
        codec=max(sorted(by_codec), key=by_codec.__getitem__) if by_codec else None,
        clipped_share=max((c.clipped_share for c in conditions if c.clipped_share is not None), default=None),
    )


def _mean(values: Sequence[float | None], weights: Vector) -> float | None:
    """Of those that were measured; None where none was."""
    measured = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    if not measured:
        return None
    return float(np.average([value for value, _ in measured], weights=[weight for _, weight in measured]))


def _conditions(quality: Mapping[str, Any]) -> Conditions:
    """Of a row of the table of that name."""
    return Conditions(
        quality["net_speech_s"],
        quality["snr_db"],
        quality["bandwidth_hz"],
        low_edge_hz=quality["low_edge_hz"],
        c50_db=quality["c50_db"],
        codec=quality["codec_trace"],
        clipped_share=quality["clipped_share"],
    )


def sides_by_recording(evidence: Mapping[str, pl.DataFrame]) -> dict[str, list[Side]]:
    """The channels with an embedding, and the speakers in them, by the recording's SHA-256."""
    sides: dict[str, list[Side]] = {}
    joined = evidence["embeddings"].join(evidence["quality"], on=["sha256", "channel", "turn"], how="inner")
    for row in joined.sort("sha256", "channel", "turn").to_dicts():
        sides.setdefault(row["sha256"], []).append(
            Side(
                name="",
                sha256=(row["sha256"],),
                channel=row["channel"],
                embedding=np.array(row["embedding"], np.float32),
                conditions=_conditions(row),
                problem="",
                turn=row["turn"],
                speakers=row["speakers"],
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
    return "It was scanned with another model or other settings. Scan it again with these."


def leakage(questioned: Sequence[Side], known: Sequence[Side], suspicions: Suspicions) -> tuple[str, ...]:
    """What stands on both sides, or under two names, or is suspected to."""
    both_sides = [
        f"{q.name} is byte for byte a known recording of {k.name} (SHA-256 {min(shared)})."
        for k in known
        for q in questioned
        if (shared := set(q.sha256) & set(k.sha256))
    ]
    two_names = [
        f"{one.name} and {other.name} share a recording (SHA-256 {min(shared)})."
        for one, other in combinations(known, 2)
        if (shared := set(one.sha256) & set(other.sha256))
    ]
    suspected = [
        f"The {suspicion.kind} is suspected: {suspicion.finding}"
        for ones, others in [*product(questioned, known), *combinations(known, 2)]
        for suspicion in suspicions.between(ones.sha256, others.sha256)
    ]
    return tuple(dict.fromkeys(both_sides + two_names + suspected))


def channel_label(exhibit: str, channel: int, turn: int | None = 0, speakers: int | None = None) -> str:
    """Such as "Q1", "Q1 channel 2" or "Q1 channel 2 speaker 1 of 2"."""
    of_all = f" of {speakers}" if speakers else ""
    return exhibit + (f" channel {channel}" if channel else "") + (f" speaker {turn}{of_all}" if turn else "")
