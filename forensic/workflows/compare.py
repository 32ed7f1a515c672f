"""``forensic compare``: questioned recordings against suspects, to likelihood ratios and a report."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from forensic.case.audit import append_audit
from forensic.case.details import CaseDetails, load_case_details
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder
from forensic.case.provenance import software
from forensic.case.reference import Suspect, read_reference_set
from forensic.case.results import write_csv, write_text
from forensic.case.store import path_text, write_atomically
from forensic.engine import default_workers
from forensic.errors import ReferenceSetError
from forensic.likelihood_ratio.envelope import load_envelope
from forensic.likelihood_ratio.population import Population, load_population
from forensic.likelihood_ratio.scale import load_scale
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.records import Calibration, Labels
from forensic.report.content.inputs import Explanation, KnownRecording, KnownSpeaker, ReportInputs
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.workflows.calibrations import Calibrator
from forensic.workflows.explain import explain
from forensic.workflows.method import method_of
from forensic.workflows.scan import ScanRequest, ScanSummary, scan
from forensic.workflows.sides import Side, known_side, leakage, questioned_sides, sides_by_recording
from forensic.workflows.spoken_language import language_warnings
from forensic.workflows.suspicion import find_suspicions, without_fingerprint
from forensic.workflows.weigh import weigh

_SHORTEST_SIMULATED_S = 1.0  # no envelope reaches below


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What to compare.

    Attributes:
        reference: the reference set of suspects, a folder or a CSV manifest.
        questioned: paths or globs that narrow the questioned side; empty takes all that was scanned.
        model_folder: embeds, and has the reference population beside it.
        settings: of every step.
        scale: file of verbal equivalents; None takes the one that ships.
        workers: processes; None takes one a processor.
        command_line: as it was given, for the report.
        people: of the relevant population, whose speech is simulated in the conditions of the case; None takes the bank
            beside the model.
        calibration: folder of ``forensic calibrate`` to use instead of that bank.
        labels: a file or folder of turns that an examiner set in the suspects' recordings, or these by recording; in a
            single question (see ``forensic.workflows.single``) a file or folder for the recordings of both sides.
        envelope: file of a validation's envelope; None takes the one beside the calibration or the bank.
        explains: whether to look at what the highest LRs hang on, which takes a few calibrations more.
    """

    reference: Path
    model_folder: Path
    settings: Settings
    questioned: tuple[str, ...] = ()
    scale: Path | None = None
    workers: int | None = None
    command_line: str = ""
    people: Path | None = None
    calibration: Path | None = None
    labels: Path | Mapping[Path, Labels] | None = None
    envelope: Path | None = None
    explains: bool = True


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What a comparison left behind.

    Attributes:
        folder: ``comparisons/ID`` with everything in it.
        comparisons: a row a questioned recording, channel, speaker in it and suspect.
        known: how the scan of the reference set went.
        html, pdf: the report.
    """

    folder: Path
    comparisons: pl.DataFrame
    known: ScanSummary
    html: Path
    pdf: Path


@dataclass(frozen=True, slots=True)
class WeighedCase:
    """What came out of a comparison, and all that a report of it needs.

    Attributes:
        report: everything of the result; its ids are empty until ``publish`` gives them.
        details: of the case, as a person wrote them.
        model: scored.
        known: how the scan of the reference set went.
    """

    report: ReportInputs
    details: CaseDetails
    model: SpeakerModel
    known: ScanSummary


def compare(
    case: CaseFolder,
    request: ComparisonRequest,
    watch_scan: Callable[[ScanSummary], None],
    watch: Callable[[str], None],
) -> ComparisonResult:
    """Score, calibrate, decide, report.

    Args:
        case: with the evidence of the questioned recordings; takes that of the suspects.
        request: what to compare.
        watch_scan: called with the state of the scan of the reference set.
        watch: called with the name of each step after it.

    Raises:
        ReferenceSetError: if there is no usable suspect.
        CaseError: if no questioned recording was scanned, or ``--questioned`` fits none.
        ModelError: if the model or its reference population cannot be loaded.
    """
    weighed = weigh_case(case, request, read_reference_set(request.reference), watch_scan, watch)
    watch("writing the report")
    return publish_in_case(case, weighed, request, "compare")


def weigh_case(
    case: CaseFolder,
    request: ComparisonRequest,
    suspects: Sequence[Suspect],
    watch_scan: Callable[[ScanSummary], None],
    watch: Callable[[str], None],
    model: SpeakerModel | None = None,
) -> WeighedCase:
    """Score, calibrate, decide; arguments and errors as of ``compare``, with the suspects of the reference set.

    Where the model of ``request.model_folder`` has been loaded before, it can be given as well.
    """
    began, created = time.monotonic(), datetime.now(UTC)
    details = load_case_details(case.path)
    scale = load_scale(request.scale)
    model = model or load_model(request.model_folder)
    envelope = load_envelope(request.envelope or request.calibration or request.model_folder)
    population = None if request.people else reference_population(model, request.model_folder, request.calibration)
    known_scan = _scan_reference(case, request, suspects, watch_scan, model)

    watch("scoring")
    evidence = evidence_of(case, model, request.settings)
    by_recording = sides_by_recording(evidence)
    questioned = questioned_sides(evidence, by_recording, request.questioned)
    known = [known_side(suspect, evidence, by_recording) for suspect in suspects]
    if all(side.embedding is None for side in known):
        raise ReferenceSetError(
            f"No suspect of {request.reference} has a usable recording: {known[0].problem}",
            "Supply recordings with enough clear speech of each suspect.",
        )
    if population is None:
        population = _in_conditions_of_the_case(case, request, questioned, known, watch)
    watch("looking for copies")
    sha256 = [value for side in (*questioned, *known) for value in side.sha256]
    suspicions = find_suspicions(evidence, sha256, _sessions(suspects, evidence["files"]))
    watch("calibrating")
    comparisons, calibrations = weigh(
        questioned,
        known,
        population,
        model.backend,
        request.settings.comparison,
        scale,
        envelope,
        suspicions,
        request.workers or default_workers(),
    )
    explanations: tuple[Explanation, ...] = ()
    if request.explains:
        watch("explaining")
        explanations = explain(
            (questioned, known),
            comparisons,
            calibrations,
            evidence["segments"],
            Calibrator(population, request.settings.comparison, model.backend),
            request.workers or default_workers(),
        )
    report = ReportInputs(
        case_details=details,
        report_id="",
        comparison_id="",
        created_utc=created,
        files=evidence["files"],
        recordings=evidence["recordings"],
        quality=evidence["quality"],
        segments=evidence["segments"],
        language=evidence["language"],
        failures=evidence["failures"],
        comparisons=comparisons,
        known_speakers=_known_speakers(suspects, evidence["files"]),
        calibrations=calibrations,
        method=method_of(
            model,
            request.settings,
            request.command_line,
            time.monotonic() - began,
            population if isinstance(population, ScoreList) else population.card,
            simulated_from=request.people,
            own=request.calibration,
            envelope=envelope,
        ),
        scale=scale,
        leakage_warnings=leakage(questioned, known, suspicions) + not_looked_at(evidence, sha256),
        language_warnings=language_warnings(questioned, known, evidence["language"]),
        explanations=explanations,
    )
    return WeighedCase(report, details, model, known_scan)


def publish_in_case(
    case: CaseFolder, weighed: WeighedCase, request: ComparisonRequest, action: str
) -> ComparisonResult:
    """Write results and report into a new folder of the case, and note it in the audit log as ``action``."""
    folder = new_folder(case.comparisons, weighed.report.created_utc, weighed.report.comparisons)
    result = publish(folder, weighed)
    facts = _audit_facts(folder, request, weighed.model, weighed.report.method.envelope_sha256)
    append_audit(case.audit_log, action, facts)
    return result


def publish(folder: Path, weighed: WeighedCase) -> ComparisonResult:
    """Write results and report into a folder, whose name becomes their id."""
    from forensic.report.content.build import build_report
    from forensic.report.render import render_html, write_report

    report = dataclasses.replace(weighed.report, report_id=folder.name, comparison_id=folder.name)
    write_atomically(report.comparisons, folder / "comparisons.parquet")
    write_csv(report.comparisons, folder / "comparisons.csv")
    results = results_of(report, weighed.details)
    write_text(folder / "results.json", json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False))
    html, pdf = write_report(folder, render_html(build_report(report)))
    return ComparisonResult(folder, report.comparisons, weighed.known, html, pdf)


def _scan_reference(
    case: CaseFolder,
    request: ComparisonRequest,
    suspects: Sequence[Suspect],
    watch: Callable[[ScanSummary], None],
    model: SpeakerModel,
) -> ScanSummary:
    roots = tuple(path for suspect in suspects for path in suspect.paths)
    return scan(
        case,
        ScanRequest(
            roots,
            "reference",
            request.model_folder,
            request.settings,
            workers=request.workers,
            labels=request.labels,
        ),
        watch,
        model,
    )


def reference_population(model: SpeakerModel, model_folder: Path, calibration: Path | None) -> Population | ScoreList:
    """The laboratory's own calibration where one is named; else the bank beside the model."""
    if calibration is not None:
        from forensic.workflows.calibrate import load_calibration  # as below: seconds that a verification would wait

        return load_calibration(calibration, model)
    return load_population(model_folder, model.identity.sha256)


def _in_conditions_of_the_case(
    case: CaseFolder,
    request: ComparisonRequest,
    questioned: Sequence[Side],
    known: Sequence[Side],
    watch: Callable[[str], None],
) -> Population:
    """The population's people, simulated in the conditions of every side that can be compared."""
    from forensic.workflows.case_population import CasePopulationRequest, simulate_case_population

    if request.people is None:
        raise ReferenceSetError("No people of the relevant population are named.", "Name them with --population.")
    least_s = max(request.settings.comparison.min_net_speech_s, _SHORTEST_SIMULATED_S)
    usable_questioned, usable_known = (
        [one.conditions for one in sides if one.conditions is not None and one.conditions.net_speech_s >= least_s]
        for sides in (questioned, known)
    )
    return simulate_case_population(
        usable_questioned,
        usable_known,
        CasePopulationRequest(
            request.people, request.model_folder, case.path / "population", request.workers or default_workers()
        ),
        lambda done, total: watch(f"population in {done} of {total} conditions"),
    )


def evidence_of(case: CaseFolder, model: SpeakerModel, settings: Settings) -> dict[str, pl.DataFrame]:
    """The tables of the case, of this model and these settings only."""
    names = ("recordings", "quality", "segments", "embeddings", "fingerprints", "language", "failures")
    key = (model.identity.sha256, settings.evidence_sha256)
    return {name: case.evidence.read_of(name, *key) for name in names} | {"files": case.evidence.read("files")}


def _sessions(suspects: Sequence[Suspect], files: pl.DataFrame) -> dict[str, str]:
    """The session of each known recording that has one, by SHA-256; the names are of one suspect each."""
    sha256 = dict(files.select("path", "sha256").iter_rows())
    return {
        value: f"{suspect.name}: {session}"
        for suspect in suspects
        for path, session in zip(suspect.paths, suspect.sessions, strict=False)
        if session and (value := sha256.get(path_text(path.absolute())))
    }


def not_looked_at(evidence: Mapping[str, pl.DataFrame], sha256: Sequence[str]) -> tuple[str, ...]:
    """What the search for copies had to leave out."""
    missing = without_fingerprint(evidence, sha256)
    if not missing:
        return ()
    sentence = f"Copies were not looked for among {len(missing):,} of the recordings, which an earlier version scanned."
    return (f"{sentence} Scan them into a new case to have it done.",)


def _known_speakers(suspects: Sequence[Suspect], files: pl.DataFrame) -> tuple[KnownSpeaker, ...]:
    sha256 = dict(files.select("path", "sha256").iter_rows())
    return tuple(
        KnownSpeaker(
            suspect.name,
            tuple(
                KnownRecording(text, sha256.get(text) or "")
                for p in suspect.paths
                if (text := path_text(p.absolute())) in sha256
            ),
        )
        for suspect in suspects
    )


def new_folder(parent: Path, created: datetime, table: pl.DataFrame) -> Path:
    """A new folder, named by time and content."""
    content = hashlib.sha256(table.write_json().encode()).hexdigest()[:6]
    folder = parent / f"{created:%Y%m%d-%H%M%S}-{content}"
    folder.mkdir(parents=True, exist_ok=False)
    return folder


def calibrations_of(calibrations: Mapping[str, Calibration]) -> dict[str, dict[str, Any]]:
    """Calibrations in JSON values, with counts in place of their scores."""
    return {
        key: {name: value for name, value in dataclasses.asdict(c).items() if not isinstance(value, np.ndarray)}
        | {
            "same_speaker_pairs": len(c.same_speaker_scores),
            "different_speaker_pairs": len(c.different_speaker_scores),
            "score_map": dataclasses.asdict(c.score_map) | {"log10_lr": c.score_map.log10_lr[0].tolist()},
        }
        for key, c in calibrations.items()
    }


def results_of(report: ReportInputs, details: CaseDetails) -> dict[str, Any]:
    """Everything of the result that another program may want, in JSON values."""
    return {
        "comparison_id": report.comparison_id,
        "created_utc": report.created_utc.isoformat(),
        "case": {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in dataclasses.asdict(details).items()
        },
        "method": dataclasses.asdict(report.method),
        "known_speakers": [dataclasses.asdict(speaker) for speaker in report.known_speakers],
        "leakage_warnings": list(report.leakage_warnings),
        "language_warnings": list(report.language_warnings),
        "calibrations": calibrations_of(report.calibrations),
        "comparisons": report.comparisons.to_dicts(),
        "explanations": [dataclasses.asdict(explanation) for explanation in report.explanations],
        "failures": report.failures.drop("model_sha256", "settings_sha256").to_dicts(),
    }


def _audit_facts(folder: Path, request: ComparisonRequest, model: SpeakerModel, envelope_sha256: str) -> dict[str, Any]:
    return {
        "comparison_id": folder.name,
        "reference": str(request.reference),
        "calibration": str(request.calibration) if request.calibration else None,
        "envelope_sha256": envelope_sha256,
        "software": software(),
        "model_sha256": model.identity.sha256,
        "score": model.backend.identity,
        "settings_sha256": request.settings.evidence_sha256,
        "outputs_sha256": {path.name: hash_file(path).sha256 for path in sorted(folder.iterdir())},
    }
