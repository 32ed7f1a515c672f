"""``forensic link``: every voice of a case against every other, to links, clusters and a report."""

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from forensic.case.audit import append_audit
from forensic.case.details import load_case_details
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder
from forensic.case.provenance import software
from forensic.case.results import write_csv, write_text
from forensic.case.store import write_atomically
from forensic.engine import default_workers
from forensic.likelihood_ratio.envelope import load_envelope
from forensic.likelihood_ratio.scale import load_scale
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.report.links.build import build_link_report
from forensic.report.links.inputs import LinkInputs, VoiceCluster
from forensic.report.render import render_link_html, write_report
from forensic.settings import Settings
from forensic.speaker.extractor import load_model
from forensic.workflows.compare import (
    calibrations_of,
    evidence_of,
    new_folder,
    not_looked_at,
    reference_population,
)
from forensic.workflows.link_tables import links_table, suspected, voices_table
from forensic.workflows.method import method_of
from forensic.workflows.suspicion import Suspicion, find_suspicions
from forensic.workflows.voice_clusters import clusters_of, described, share_together
from forensic.workflows.voice_pairs import DRAWS, VoicePairs
from forensic.workflows.voices import find_voices, numbered


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
    sides = find_voices(evidence)
    watch("looking for copies")
    suspicions = find_suspicions(evidence, [side.sha256[0] for side in sides])
    watch("scoring")
    pairs = VoicePairs(sides, population, model.backend, request.settings.comparison, envelope, suspicions)
    watch("calibrating")
    pairs.calibrate(
        population, model.backend, request.settings.comparison, envelope, request.workers or default_workers()
    )
    watch("linking")
    linked = np.flatnonzero(pairs.log10_lr >= request.threshold_log10_lr)  # not for NaN
    labels = clusters_of(pairs, linked, request.threshold_log10_lr)
    together = share_together(pairs, linked, labels, request.threshold_log10_lr)
    order, numbers = numbered(sides)
    voices = voices_table(sides, order, numbers, pairs, linked, labels, evidence["files"])
    links = links_table(sides, numbers, pairs, linked, labels, request.threshold_log10_lr, scale)
    clusters = described(sides, numbers, pairs, labels, together)

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
        draws=DRAWS,
        suspicions=suspected(suspicions.found, sides, numbers),
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
