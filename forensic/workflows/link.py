"""``forensic link``: every voice of a case against every other, to links, clusters and a report.

Of two voices, the one with more net speech takes the known side's conditions of the population, the other the
questioned side's; of equals, the one whose SHA-256, channel and speaker come first. So each pair has one LR, whichever
way it is asked for.
"""

import dataclasses
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.case.audit import append_audit
from forensic.case.details import load_case_details
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder
from forensic.case.linking import LINKS_SCHEMA, PAIRS_SCHEMA, VOICES_SCHEMA
from forensic.case.provenance import software
from forensic.case.results import write_csv, write_text
from forensic.case.store import STATUS_LR, STATUS_NONE, write_atomically
from forensic.engine import default_workers
from forensic.errors import CalibrationError, CaseError
from forensic.likelihood_ratio.clusters import cluster, components
from forensic.likelihood_ratio.envelope import Envelope, load_envelope
from forensic.likelihood_ratio.fit import likelihood_ratios
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.scale import VerbalScale, load_scale
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.likelihood_ratio.score_map import log10_lr_at, with_values
from forensic.likelihood_ratio.uncertainty import small_sample_factor
from forensic.records import Calibration
from forensic.report.links.build import build_link_report
from forensic.report.links.inputs import LinkInputs, SuspectedPair, VoiceCluster
from forensic.report.render import render_link_html, write_report
from forensic.settings import ComparisonSettings, Settings
from forensic.speaker.backend import Backend
from forensic.speaker.extractor import load_model
from forensic.speaker.search import pair_scores
from forensic.workflows.calibrations import Calibrator, Cells, Outcome
from forensic.workflows.calibrations import calibrations_of as fitted_calibrations
from forensic.workflows.compare import (
    calibrations_of,
    evidence_of,
    new_folder,
    not_looked_at,
    reference_population,
)
from forensic.workflows.method import method_of
from forensic.workflows.refusal import NearestCell, criterion_missed, nearest_cell, why_unusable
from forensic.workflows.sides import Side, sides_by_recording
from forensic.workflows.suspicion import Suspicion, Suspicions, find_suspicions

Index = NDArray[np.intp]

_DRAWS = 200
"""Bootstrap draws in which clusters are made again."""

_AT_ONCE = 1 << 21  # LRs of draws held at once
_UNDECIDED, _NO_CALIBRATION = -1, -2


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What to link.

    Attributes:
        model_folder: embedded, and has the reference population beside it.
        settings: of every step.
        threshold_log10_lr: least log10 LR of a link, and least mean of a cluster.
        scale: file of verbal equivalents; None takes the one that ships.
        command_line: as it was given, for the report.
        calibration: folder of ``forensic calibrate`` to use instead of the bank.
        envelope: file of a validation's envelope; None takes the one beside the calibration or the bank.
        workers: processes that calibrate, where there are many different conditions; None takes one a processor.
    """

    model_folder: Path
    settings: Settings
    threshold_log10_lr: float = 1.0
    scale: Path | None = None
    command_line: str = ""
    calibration: Path | None = None
    envelope: Path | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What a linking left behind.

    Attributes:
        folder: ``links/ID`` with everything in it.
        voices, links: tables of ``forensic.case.linking``.
        clusters: of two voices or more.
        suspicions: pairs that may be of one source or session.
        results: everything that another program may want, in JSON values.
        html, pdf: the report.
    """

    folder: Path
    voices: pl.DataFrame
    links: pl.DataFrame
    clusters: tuple[VoiceCluster, ...]
    suspicions: tuple[Suspicion, ...]
    results: dict[str, Any]
    html: Path
    pdf: Path


def link(case: CaseFolder, request: LinkRequest, watch: Callable[[str], None]) -> LinkResult:
    """Score every pair, calibrate, link, cluster, report.

    Args:
        case: with the evidence.
        request: what to link.
        watch: called with the name of each step.

    Raises:
        CaseError: if there are fewer than two voices.
        ModelError: if the model, its reference population or the envelope cannot be loaded.
    """
    began, created = time.monotonic(), datetime.now(UTC)
    details, scale = load_case_details(case.path), load_scale(request.scale)
    model = load_model(request.model_folder)
    envelope = load_envelope(request.envelope or request.calibration or request.model_folder)
    population = reference_population(model, request.model_folder, request.calibration)
    evidence = evidence_of(case, model, request.settings)
    sides = _voices(evidence)
    watch("looking for copies")
    suspicions = find_suspicions(evidence, [side.sha256[0] for side in sides])
    watch("scoring")
    pairs = _Pairs(sides, population, model.backend, request.settings.comparison, envelope, suspicions)
    watch("calibrating")
    pairs.calibrate(
        population, model.backend, request.settings.comparison, envelope, request.workers or default_workers()
    )
    watch("linking")
    linked = np.flatnonzero(pairs.log10_lr >= request.threshold_log10_lr)  # not for NaN
    labels = _clusters(pairs, linked, request.threshold_log10_lr)
    together = _together(pairs, linked, labels, request.threshold_log10_lr)
    order, numbers = _numbered(sides)
    voices = _voices_table(sides, order, numbers, pairs, linked, labels, evidence["files"])
    links = _links_table(sides, numbers, pairs, linked, labels, request.threshold_log10_lr, scale)
    clusters = _described(sides, numbers, pairs, labels, together)

    watch("writing the report")
    folder = new_folder(case.path / "links", created, links)
    inputs = LinkInputs(
        case_details=details,
        report_id=folder.name,
        created_utc=created,
        threshold_log10_lr=request.threshold_log10_lr,
        voices=voices,
        links=links,
        clusters=clusters,
        draws=_DRAWS,
        suspicions=_suspected(suspicions.found, sides, numbers),
        warnings=not_looked_at(evidence, [side.sha256[0] for side in sides]),
        pairs=len(pairs.first),
        uses=pairs.uses(),
        without_lr=pairs.refusals(),
        calibrations=pairs.calibrations,
        failures=evidence["failures"].join(
            evidence["files"].select("path", "sha256").unique("sha256", keep="first"), on="sha256", how="left"
        ),
        method=method_of(
            model,
            request.settings,
            request.command_line,
            time.monotonic() - began,
            population if isinstance(population, ScoreList) else population.card,
            own=request.calibration,
            envelope=envelope,
        ),
        scale=scale,
    )
    results = _results(inputs)
    write_atomically(voices, folder / "voices.parquet")
    write_atomically(links, folder / "links.parquet")
    write_atomically(pairs.table(numbers), folder / "pairs.parquet")
    write_csv(voices, folder / "voices.csv")
    write_csv(links, folder / "links.csv")
    write_text(folder / "results.json", json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False))
    html, pdf = write_report(folder, render_link_html(build_link_report(inputs)))
    append_audit(
        case.audit_log,
        "link",
        {
            "link_id": folder.name,
            "threshold_log10_lr": request.threshold_log10_lr,
            "calibration": str(request.calibration) if request.calibration else None,
            "envelope_sha256": envelope.sha256,
            "software": software(),
            "model_sha256": model.identity.sha256,
            "score": model.backend.identity,
            "settings_sha256": request.settings.evidence_sha256,
            "outputs_sha256": {path.name: hash_file(path).sha256 for path in sorted(folder.iterdir())},
        },
    )
    return LinkResult(folder, voices, links, clusters, suspicions.found, results, html, pdf)


def _voices(evidence: Mapping[str, pl.DataFrame]) -> list[Side]:
    """Every channel and speaker with an embedding, most net speech first; identical files are one recording.

    Raises:
        CaseError: if there are fewer than two.
    """
    files = evidence["files"].filter(pl.col("sha256").is_not_null()).sort("path", descending=True)
    paths = dict(files.select("sha256", "path").iter_rows())
    sides = [
        dataclasses.replace(side, name=paths[sha256])
        for sha256, own in sides_by_recording(evidence).items()
        if sha256 in paths
        for side in own
    ]
    if len(sides) < 2:  # noqa: PLR2004
        raise CaseError(
            "Fewer than two voices were found in the scanned recordings.",
            "Scan more recordings into this case, with this model and these settings.",
        )
    return sorted(sides, key=lambda side: (-_net_speech_s(side), side.sha256, side.channel, side.turn))


def _net_speech_s(side: Side) -> float:
    return side.conditions.net_speech_s if side.conditions is not None else 0.0


class _Pairs:
    """Every pair of voices: scores, then LRs. The first of a pair is the known side.

    Attributes:
        first, second: places of the voices, shape (n,).
        scores: shape (n,).
        log10_lr: within the bounds; NaN where no LR is issued, shape (n,).
        calibration: place in ``ids`` of what made it, shape (n,).
        ids: of calibrations.
        calibrations: by id.
    """

    calibrations: dict[str, Calibration]

    def __init__(
        self,
        sides: Sequence[Side],
        population: Population | ScoreList,
        backend: Backend,
        settings: ComparisonSettings,
        envelope: Envelope,
        suspicions: Suspicions,
    ) -> None:
        embeddings = np.stack([side.embedding for side in sides if side.embedding is not None])
        parts = list(pair_scores(embeddings, backend.score))
        self.first, self.second, self.scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        self.log10_lr = np.full(len(self.first), np.nan)
        self.calibration = np.full(len(self.first), _UNDECIDED, np.int32)
        self.ids: list[str] = []
        self.calibrations = {}
        self.known_cells = [nearest_cell(side, population.known_cells) for side in sides]
        self.questioned_cells = [nearest_cell(side, population.questioned_cells) for side in sides]
        self.against_known = [
            why_unusable(side, cell, "recording as the longer side", settings, envelope.known)
            for side, cell in zip(sides, self.known_cells, strict=True)
        ]
        self.against_questioned = [
            why_unusable(side, cell, "recording as the shorter side", settings, envelope.questioned)
            for side, cell in zip(sides, self.questioned_cells, strict=True)
        ]
        self.is_independent = self._independent(sides, suspicions, settings)
        self.missed: dict[tuple[int, int], str] = {}

    def _independent(
        self, sides: Sequence[Side], suspicions: Suspicions, settings: ComparisonSettings
    ) -> NDArray[np.bool_]:
        """Which pairs are of two recordings that are not suspected of one source or session."""
        recordings = sorted({side.sha256[0] for side in sides})
        number = {sha256: index for index, sha256 in enumerate(recordings)}
        recording = np.array([number[side.sha256[0]] for side in sides])
        one, other = recording[self.first], recording[self.second]
        key = np.minimum(one, other) * len(recordings) + np.maximum(one, other)
        suspected = [
            min(a, b) * len(recordings) + max(a, b)
            for suspicion in suspicions.found
            if suspicions.refusal([suspicion.first], [suspicion.second], settings) is not None
            for a, b in ((number[suspicion.first], number[suspicion.second]),)
        ]
        independent: NDArray[np.bool_] = (one != other) & ~np.isin(key, np.array(suspected, key.dtype))
        return independent

    def calibrate(
        self,
        population: Population | ScoreList,
        backend: Backend,
        settings: ComparisonSettings,
        envelope: Envelope,
        workers: int,
    ) -> None:
        """Fit each pair of conditions once, and turn the scores of its pairs into LRs."""
        fine = (
            self.is_independent
            & np.array([reason is None for reason in self.against_known])[self.first]
            & np.array([reason is None for reason in self.against_questioned])[self.second]
        )
        members = np.flatnonzero(fine)
        if not len(members):
            return
        cells = np.stack([_places(self.known_cells)[self.first], _places(self.questioned_cells)[self.second]])
        kinds, which = np.unique(cells[:, members], axis=1, return_inverse=True)
        order = np.argsort(which, kind="stable")
        groups = np.split(members[order], np.cumsum(np.bincount(which, minlength=kinds.shape[1]))[:-1])
        pairs_of_cells = [(int(known), int(questioned)) for known, questioned in kinds.T]
        outcomes = fitted_calibrations(pairs_of_cells, Calibrator(population, settings, backend), workers)
        for place, group in zip(pairs_of_cells, groups, strict=True):
            self._take(place, outcomes[place], group, envelope)

    def _take(self, cells: Cells, fitted: Outcome, group: Index, envelope: Envelope) -> None:
        if isinstance(fitted, CalibrationError):
            self.missed[cells] = str(fitted)
        elif fitted.cllr.high > envelope.criterion:
            self.missed[cells] = criterion_missed(fitted, envelope)
        if isinstance(fitted, CalibrationError) or cells in self.missed:
            self.calibration[group] = _NO_CALIBRATION
            return
        calibration = dataclasses.replace(
            fitted,
            known_distance=_farthest(self.known_cells, self.first[group]),
            questioned_distance=_farthest(self.questioned_cells, self.second[group]),
        )
        self.calibrations[calibration.id] = calibration
        self.calibration[group] = len(self.ids)
        self.ids.append(calibration.id)
        values = log10_lr_at(calibration.score_map, self.scores[group].astype(np.float64))[0]
        self.log10_lr[group] = np.clip(values, calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr)

    def drawn(self, chosen: Index, draws: slice) -> NDArray[np.float64]:
        """log10 LRs of some pairs with LRs, moved as some draws of the bootstrap move them, shape (draws, pairs)."""
        found = np.empty((draws.stop - draws.start, len(chosen)))
        for place in np.unique(self.calibration[chosen]):
            which = self.calibration[chosen] == place
            calibration = self.calibrations[self.ids[place]]
            maps = [calibration.score_map.log10_lr, calibration.limit[None], calibration.draws[draws]]
            scores = self.scores[chosen[which]].astype(np.float64)
            values = log10_lr_at(with_values(calibration.score_map, np.concatenate(maps)), scores)
            moved = values[0] + small_sample_factor(calibration.speakers) * (values[2:] - values[1])
            found[:, which] = np.clip(moved, calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr)
        return found

    def draws(self) -> int:
        """How many draws there are of every calibration, at most ``_DRAWS``."""
        return min([_DRAWS, *(len(calibration.draws) for calibration in self.calibrations.values())])

    def uses(self) -> dict[str, int]:
        """Number of pairs with an LR, by calibration."""
        counts = Counter(self.calibration[self.calibration >= 0].tolist())
        return {self.ids[place]: number for place, number in sorted(counts.items())}

    def refusals(self) -> tuple[tuple[str, int], ...]:
        """Why pairs have no LR, and how many for each reason, the most first."""
        found: Counter[str] = Counter()
        rest = np.flatnonzero(self.calibration < 0)
        dependent = rest[~self.is_independent[rest]]
        if len(dependent):
            found["Voices of one recording, or of recordings suspected of one source or session."] = len(dependent)
        for pair in rest[self.is_independent[rest]].tolist():
            one, other = int(self.first[pair]), int(self.second[pair])
            reason = self.against_questioned[other] or self.against_known[one] or self._missed(one, other)
            found[reason] += 1
        return tuple(found.most_common())

    def _missed(self, one: int, other: int) -> str:
        known, questioned = self.known_cells[one], self.questioned_cells[other]
        assert known is not None
        assert questioned is not None
        return self.missed[known.index, questioned.index]

    def table(self, numbers: Index) -> pl.DataFrame:
        """All pairs, as ``PAIRS_SCHEMA``."""
        has_lr = self.calibration >= 0
        ids = pl.Series([*self.ids, None], dtype=pl.String)
        return pl.DataFrame(
            {
                "known_voice": numbers[self.first],
                "questioned_voice": numbers[self.second],
                "score": self.scores,
                "log10_lr": pl.Series(self.log10_lr).fill_nan(None),
                "status": np.where(has_lr, STATUS_LR, STATUS_NONE),
                "calibration_id": ids.gather(np.where(has_lr, self.calibration, len(self.ids))),
            }
        ).cast(pl.Schema(PAIRS_SCHEMA))


def _places(cells: Sequence[NearestCell | None]) -> Index:
    return np.array([-1 if cell is None else cell.index for cell in cells], np.intp)


def _farthest(cells: Sequence[NearestCell | None], used: Index) -> float:
    distances: list[float] = [cell.distance for place in np.unique(used).tolist() if (cell := cells[place]) is not None]
    return max(distances)


def _matrices(pairs: _Pairs, linked: Index, count: int) -> Iterator[tuple[Index, Index, Index, Index]]:
    """For each component of the links: its voices, and its pairs with LRs with their places among them."""
    groups = components(pairs.first[linked], pairs.second[linked], count)
    sizes = np.bincount(groups, minlength=1)
    with_lr = np.flatnonzero(pairs.calibration >= 0)
    inside = with_lr[groups[pairs.first[with_lr]] == groups[pairs.second[with_lr]]]
    inside = inside[np.argsort(groups[pairs.first[inside]], kind="stable")]
    owner = groups[pairs.first[inside]]
    for group in np.flatnonzero(sizes > 1).tolist():
        members = np.flatnonzero(groups == group)
        own = inside[np.searchsorted(owner, group) : np.searchsorted(owner, group, side="right")]
        yield members, own, np.searchsorted(members, pairs.first[own]), np.searchsorted(members, pairs.second[own])


def _matrix(values: NDArray[np.float64], one: Index, other: Index, count: int) -> NDArray[np.float64]:
    matrix = np.full((count, count), np.nan)
    matrix[one, other] = matrix[other, one] = values
    return matrix


def _clusters(pairs: _Pairs, linked: Index, threshold: float) -> Index:
    """The cluster of each voice. A cluster lies within what hangs together by links, so each part is made by itself."""
    count = _count(pairs)
    labels = np.arange(count)
    for members, own, one, other in _matrices(pairs, linked, count):
        found = cluster(_matrix(pairs.log10_lr[own], one, other, len(members)), threshold)
        labels[members] = members[np.array([np.flatnonzero(found == label)[0] for label in found])]
    return labels


def _together(pairs: _Pairs, linked: Index, labels: Index, threshold: float) -> dict[int, float]:
    """For each cluster of two or more, by its label, the share of draws in which its voices are still in one."""
    draws = pairs.draws()
    share: dict[int, float] = {}
    for members, own, one, other in _matrices(pairs, linked, _count(pairs)):
        clusters = [label for label in np.unique(labels[members]).tolist() if (labels[members] == label).sum() > 1]
        kept = dict.fromkeys(clusters, 0)
        at_once = max(1, min(draws, _AT_ONCE // max(1, len(own))))
        for start in range(0, draws, at_once):
            for values in pairs.drawn(own, slice(start, min(draws, start + at_once))):
                found = cluster(_matrix(values, one, other, len(members)), threshold)
                for label in clusters:
                    kept[label] += len(np.unique(found[labels[members] == label])) == 1
        share |= {label: number / draws for label, number in kept.items()}
    return share


def _count(pairs: _Pairs) -> int:
    return len(pairs.known_cells)


def _numbered(sides: Sequence[Side]) -> tuple[list[int], Index]:
    """Places in the order of paths, and the number of each place, from 1."""
    order = sorted(range(len(sides)), key=lambda place: (sides[place].name, sides[place].channel, sides[place].turn))
    numbers = np.empty(len(sides), np.intp)
    numbers[order] = np.arange(1, len(sides) + 1)
    return order, numbers


def _cluster_numbers(labels: Index, numbers: Index) -> dict[int, int]:
    """Numbers from 1 for clusters of two or more, the largest first, by label."""
    sizes = Counter(labels.tolist())
    least = {label: int(numbers[labels == label].min()) for label, size in sizes.items() if size > 1}
    ordered = sorted(least, key=lambda label: (-sizes[label], least[label]))
    return {label: number for number, label in enumerate(ordered, 1)}


def _voices_table(
    sides: Sequence[Side],
    order: Sequence[int],
    numbers: Index,
    pairs: _Pairs,
    linked: Index,
    labels: Index,
    files: pl.DataFrame,
) -> pl.DataFrame:
    side_of = dict(files.sort("path", descending=True).select("sha256", "side").iter_rows())
    with_lr = np.flatnonzero(pairs.calibration >= 0)
    counted = [
        np.bincount(np.concatenate([pairs.first[which], pairs.second[which]]), minlength=len(sides))
        for which in (with_lr, linked)
    ]
    names = _cluster_numbers(labels, numbers)
    rows = [
        {
            "voice": int(numbers[place]),
            "path": sides[place].name,
            "sha256": sides[place].sha256[0],
            "channel": sides[place].channel,
            "turn": sides[place].turn,
            "speakers": sides[place].speakers,
            "side": side_of.get(sides[place].sha256[0]),
            "net_speech_s": _net_speech_s(sides[place]),
            "pairs_with_lr": int(counted[0][place]),
            "links": int(counted[1][place]),
            "cluster": names.get(int(labels[place])),
            "reason": _why_no_pair(pairs, place) if not counted[0][place] else None,
        }
        for place in order
    ]
    return pl.DataFrame(rows, VOICES_SCHEMA, orient="row")


def _why_no_pair(pairs: _Pairs, place: int) -> str:
    return (
        pairs.against_questioned[place]
        or pairs.against_known[place]
        or "Every other voice is of a recording that is not independent of it, or cannot be used."
    )


def _links_table(
    sides: Sequence[Side],
    numbers: Index,
    pairs: _Pairs,
    linked: Index,
    labels: Index,
    threshold: float,
    scale: VerbalScale,
) -> pl.DataFrame:
    names = _cluster_numbers(labels, numbers)
    rows: list[dict[str, Any]] = []
    for place in np.unique(pairs.calibration[linked]).tolist():
        chosen = linked[pairs.calibration[linked] == place]
        for start in range(0, len(chosen), 4096):
            part = chosen[start : start + 4096]
            ratios = likelihood_ratios(pairs.calibrations[pairs.ids[place]], pairs.scores[part].astype(np.float64))
            reached = (pairs.drawn(part, slice(0, pairs.draws())) >= threshold).mean(axis=0)
            for index, pair in enumerate(part.tolist()):
                known, questioned = int(pairs.first[pair]), int(pairs.second[pair])
                is_one = labels[known] == labels[questioned]
                rows.append(
                    _voice_columns("known", sides[known], int(numbers[known]))
                    | _voice_columns("questioned", sides[questioned], int(numbers[questioned]))
                    | {
                        "score": float(pairs.scores[pair]),
                        "log10_lr": float(ratios.log10_lr[index]),
                        "log10_lr_low": float(ratios.low[index]),
                        "log10_lr_high": float(ratios.high[index]),
                        "unbounded_log10_lr": float(ratios.unbounded_log10_lr[index]),
                        "verbal_equivalent": scale.describe(float(ratios.log10_lr[index])),
                        "share_of_draws": float(reached[index]),
                        "cluster": names.get(int(labels[known])) if is_one else None,
                        "calibration_id": pairs.ids[place],
                    }
                )
    rows.sort(key=lambda row: (-row["log10_lr"], row["known_voice"], row["questioned_voice"]))
    return pl.DataFrame(rows, LINKS_SCHEMA, orient="row")


def _voice_columns(role: str, side: Side, number: int) -> dict[str, Any]:
    return {
        f"{role}_voice": number,
        f"{role}_path": side.name,
        f"{role}_channel": side.channel,
        f"{role}_turn": side.turn,
    }


def _described(
    sides: Sequence[Side], numbers: Index, pairs: _Pairs, labels: Index, together: Mapping[int, float]
) -> tuple[VoiceCluster, ...]:
    """The clusters of two voices or more, in the order of their numbers."""
    found = []
    for label, number in _cluster_numbers(labels, numbers).items():
        members = np.flatnonzero(labels == label)
        inside = np.isin(pairs.first, members) & np.isin(pairs.second, members)
        values = pairs.log10_lr[inside & (pairs.calibration >= 0)]
        recordings = Counter(sides[place].sha256[0] for place in members.tolist())
        found.append(
            VoiceCluster(
                number=number,
                voices=tuple(sorted(numbers[members].tolist())),
                mean_log10_lr=float(values.mean()),
                lowest_log10_lr=float(values.min()),
                pairs_with_lr=len(values),
                pairs=int(inside.sum()),
                together=together[label],
                holds_two_of_one_recording=max(recordings.values()) > 1,
            )
        )
    return tuple(found)


def _suspected(found: Sequence[Suspicion], sides: Sequence[Side], numbers: Index) -> tuple[SuspectedPair, ...]:
    """Suspicions with the voices that they concern."""
    voices: dict[str, list[tuple[int, int]]] = {}
    for place, side in enumerate(sides):
        voices.setdefault(side.sha256[0], []).append((side.channel, int(numbers[place])))

    def of(sha256: str, channel: int | None) -> tuple[int, ...]:
        own = voices.get(sha256, [])
        return tuple(sorted(number for at, number in own if channel is None or at == channel))

    return tuple(
        SuspectedPair(
            one.kind,
            one.first,
            one.second,
            of(one.first, one.shared.first_channel if one.shared else None),
            of(one.second, one.shared.second_channel if one.shared else None),
            one.finding,
        )
        for one in found
    )


def _results(inputs: LinkInputs) -> dict[str, Any]:
    """Everything of the result that another program may want, in JSON values."""
    return {
        "link_id": inputs.report_id,
        "created_utc": inputs.created_utc.isoformat(),
        "threshold_log10_lr": inputs.threshold_log10_lr,
        "method": dataclasses.asdict(inputs.method),
        "pairs": inputs.pairs,
        "pairs_with_lr": sum(inputs.uses.values()),
        "expected_by_chance": [dataclasses.asdict(row) for row in inputs.chance()],
        "no_lr_issued": [{"reason": reason, "pairs": number} for reason, number in inputs.without_lr],
        "voices": inputs.voices.to_dicts(),
        "links": inputs.links.to_dicts(),
        "clusters": [dataclasses.asdict(one) for one in inputs.clusters],
        "bootstrap_draws_of_clusters": inputs.draws,
        "suspicions": [dataclasses.asdict(pair) for pair in inputs.suspicions],
        "warnings": list(inputs.warnings),
        "calibrations": calibrations_of(inputs.calibrations),
        "failures": inputs.failures.drop("model_sha256", "settings_sha256").to_dicts(),
    }
