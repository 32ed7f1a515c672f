"""``forensic link``: every voice of a case against every other, to links, clusters and a report."""

import dataclasses
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from forensic.case.basis import BASIS
from forensic.case.details import CASE_FILE, load_case_details
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder
from forensic.case.provenance import software
from forensic.case.results import finish
from forensic.comparison.calibrations import Kept, calibration_step
from forensic.comparison.independence import Suspicion, find_suspicions, not_searched
from forensic.comparison.link_tables import links_table, suspected, voices_table
from forensic.comparison.method import method_of
from forensic.comparison.opinions import calibrators, opinion_on_voices
from forensic.comparison.outcomes import LinkOutcome, VoiceCluster
from forensic.comparison.request import Places, load_basis
from forensic.comparison.voice_clusters import clusters_of, described, draws_of_clusters, share_together
from forensic.comparison.voice_pairs import VoicePairs
from forensic.comparison.voices import find_voices, numbered
from forensic.engine import default_workers
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.relevant import chosen
from forensic.progress import Note, counting
from forensic.report.links.render import render_links
from forensic.report.results_json import link_results
from forensic.report.shared.publish import new_results
from forensic.report.shared.refusals import worded_links
from forensic.report.shared.render import Attached, write_report
from forensic.report.shared.stored import store
from forensic.settings import Settings
from forensic.storage.inert import json_text
from forensic.storage.release import check_signed_release
from forensic.storage.tables import write_csv, write_parquet, write_text


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What to link.

    Attributes:
        model_folder: embedded, and has the reference population beside it.
        settings: of every step.
        threshold_log10_lr: least log10 LR of a link, and least mean of a cluster.
        scale: file of verbal equivalents; None takes the bundled one.
        command_line: as it was given, for the report.
        calibration: folder of ``forensic calibrate`` to use instead of the bank.
        envelope: file of a validation's envelope; None takes the one beside the calibration or the bank.
        workers: processes that calibrate, where there are many different conditions; None takes one per processor.
        accepts_changed: whether models, populations, envelopes and scales may differ from those of the case's last use.
    """

    model_folder: Path
    settings: Settings
    threshold_log10_lr: float = 1.0
    scale: Path | None = None
    command_line: str = ""
    calibration: Path | None = None
    envelope: Path | None = None
    workers: int | None = None
    accepts_changed: bool = False


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What a linking left behind.

    Attributes:
        folder: ``links/ID`` with everything in it.
        voices, links: tables of ``forensic.comparison.tables``.
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


def link(case: CaseFolder, request: LinkRequest, watch: Note) -> LinkResult:
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
    details = load_case_details(case.path)
    check_signed_release(request.settings.release.key)
    places = Places(request.model_folder, request.calibration, request.envelope, request.scale, details.templates)
    basis = load_basis(places, request.settings)
    case.check_basis(basis.own, accepts_changed=request.accepts_changed)
    second = basis.second
    model, envelope, population = basis.model, basis.envelope, basis.population
    assert population is not None  # nothing is simulated
    case.check_evidence()
    evidence = case.evidence.tables_of(
        model.identity.sha256, request.settings.evidence_sha256, second.identity.sha256 if second else None
    )
    sides = find_voices(evidence)
    watch("looking for copies")
    suspicions = find_suspicions(evidence, [side.sha256[0] for side in sides])
    if isinstance(population, Population):
        population = chosen(population, details.relevant_population)
    kept, fitting = Kept(model.folder, case.calibrations), counting(watch, "fitting the calibration", "parts")
    first = calibration_step(population, request.settings.comparison, model.backend, kept, fitting)
    sides, calibrator = opinion_on_voices(sides, calibrators(first, watch))
    second = second if calibrator is not first else None
    watch("finding the conditions")
    pairs = VoicePairs(sides, calibrator, envelope, suspicions)
    pairs.calibrate(request.workers or default_workers(), counting(watch, "calibrating", "conditions"))
    watch("scoring")
    pairs.weigh(request.settings.link, counting(watch, "scoring", "voices"))
    watch("linking")
    labels = clusters_of(pairs, request.threshold_log10_lr)
    together = share_together(
        pairs, labels, request.threshold_log10_lr, counting(watch, "trying the clusters again", "draws")
    )
    linked = np.flatnonzero(pairs.log10_lr >= request.threshold_log10_lr)  # not for NaN
    order, numbers = numbered(sides)
    voices, refusals = voices_table(sides, order, numbers, pairs, linked, labels, evidence["files"])
    links = links_table(sides, numbers, pairs, linked, labels, request.threshold_log10_lr, basis.scale)
    clusters = described(sides, numbers, pairs, labels, together)

    watch("writing the results")
    outcome = LinkOutcome(
        case_details=details,
        report_id="",
        created_utc=created,
        threshold_log10_lr=request.threshold_log10_lr,
        voices=voices,
        refusals=refusals,
        links=links,
        clusters=clusters,
        draws=draws_of_clusters(pairs),
        suspicions=suspected(suspicions.found, sides, numbers),
        not_searched=not_searched(evidence, [side.sha256[0] for side in sides]),
        pairs=math.comb(len(sides), 2),
        pruned=pairs.pruned,
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
            population,
            own=request.calibration,
            envelope=envelope,
            second=second,
            audit_head=case.audit_head,
        ),
        scale=basis.scale,
    )
    facts = {
        "threshold_log10_lr": request.threshold_log10_lr,
        "calibration": str(request.calibration) if request.calibration else None,
        "envelope_sha256": envelope.sha256,
        "software": software(),
        "model_sha256": model.identity.sha256,
        "score": model.backend.identity,
        "second_sha256": second.identity.sha256 if second else None,
        "settings_sha256": request.settings.evidence_sha256,
        "release_sha256": basis.release_sha256,
        BASIS: dict(basis.own.sha256),
        "case_toml_sha256": hash_file(case.path / CASE_FILE).sha256,
    }
    with new_results(case.path / "links", created, links) as draft:
        outcome = worded_links(dataclasses.replace(outcome, report_id=draft.id))
        results = link_results(outcome)
        _write_tables(draft.folder, outcome, pairs.table(numbers))
        content = json_text(results)
        write_text(draft.folder / "results.json", content)
        store(draft.folder, outcome)
        watch("writing the report")
        attached = Attached("results.json", content.encode(), created)
        write_report(draft.folder, render_links(outcome), attached)
        folder = finish(draft, case.audit_log, "link", facts)
    html, pdf = folder / "report.html", folder / "report.pdf"
    return LinkResult(folder, outcome.voices, links, clusters, suspicions.found, results, html, pdf)


def _write_tables(folder: Path, outcome: LinkOutcome, pairs: pl.DataFrame) -> None:
    write_parquet(outcome.voices, folder / "voices.parquet")
    write_parquet(outcome.links, folder / "links.parquet")
    write_parquet(pairs, folder / "pairs.parquet")
    write_csv(outcome.voices, folder / "voices.csv")
    write_csv(outcome.links, folder / "links.csv")
