"""``forensic compare``: questioned recordings against suspects, to likelihood ratios and a report."""

import csv
import dataclasses
import fnmatch
import hashlib
import json
import math
import os
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
from forensic.case.folder import CaseFolder
from forensic.case.provenance import library_versions, machine, software_version
from forensic.case.reference import Suspect, read_reference_set
from forensic.case.store import COMPARISONS_SCHEMA, STATUS_LR, STATUS_NONE, write_atomically
from forensic.errors import CalibrationError, CaseError, ReferenceSetError
from forensic.likelihood_ratio.conditions import nearest
from forensic.likelihood_ratio.fit import calibrate_cells, likelihood_ratios
from forensic.likelihood_ratio.population import Population, load_population
from forensic.likelihood_ratio.scale import VerbalScale, load_scale
from forensic.records import Calibration, Conditions, Samples
from forensic.report.content import KnownRecording, KnownSpeaker, Method, ReportInputs, build_report
from forensic.report.render import render_html, render_pdf
from forensic.settings import ComparisonSettings, Settings
from forensic.speaker.backend import pool, score
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.workflows.scan import ScanRequest, ScanSummary, path_text, scan


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
    """

    reference: Path
    model_folder: Path
    settings: Settings
    questioned: tuple[str, ...] = ()
    scale: Path | None = None
    workers: int | None = None
    command_line: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What a comparison left behind.

    Attributes:
        folder: ``comparisons/ID`` with everything in it.
        comparisons: a row a questioned recording, channel and suspect.
        known: how the scan of the reference set went.
        html, pdf: the report.
    """

    folder: Path
    comparisons: pl.DataFrame
    known: ScanSummary
    html: Path
    pdf: Path


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a comparison: a questioned channel, or a suspect's pooled recordings.

    Attributes:
        name: path or suspect.
        sha256: of every recording that entered.
        channel: of a questioned recording.
        embedding: None where there is none.
        conditions: None where there are none.
        clipped_share: the worst of the recordings.
        problem: why there is no embedding, and what would help.
    """

    name: str
    sha256: tuple[str, ...]
    channel: int
    embedding: Samples | None
    conditions: Conditions | None
    clipped_share: float
    problem: str


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
    began, created = time.monotonic(), datetime.now(UTC)
    details = load_case_details(case.path)
    scale = load_scale(request.scale)
    model = load_model(request.model_folder)
    population = load_population(request.model_folder, model.identity.sha256)
    suspects = read_reference_set(request.reference)
    known_scan = _scan_reference(case, request, suspects, watch_scan)

    watch("scoring")
    evidence = _evidence(case, model, request.settings)
    questioned = _questioned_sides(evidence, request.questioned)
    known = [_known_side(suspect, evidence) for suspect in suspects]
    if all(side.embedding is None for side in known):
        raise ReferenceSetError(
            f"No suspect of {request.reference} has a usable recording: {known[0].problem}",
            "Supply recordings with enough clear speech of each suspect.",
        )
    watch("calibrating")
    comparisons, calibrations = weigh(questioned, known, population, request.settings.comparison, scale)

    watch("writing the report")
    folder = _new_folder(case, created, comparisons)
    report = ReportInputs(
        case_details=details,
        report_id=folder.name,
        comparison_id=folder.name,
        created_utc=created,
        **{name: evidence[name] for name in ("files", "recordings", "quality", "segments", "failures")},
        comparisons=comparisons,
        known_speakers=_known_speakers(suspects, evidence["files"]),
        calibrations=calibrations,
        method=_method(request, model, time.monotonic() - began),
        scale=scale,
        leakage_warnings=_leakage(questioned, known),
    )
    write_atomically(comparisons, folder / "comparisons.parquet")
    write_csv(comparisons, folder / "comparisons.csv")
    results = _results(report, details)
    _write_text(folder / "results.json", json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False))
    content = build_report(report)
    html = render_html(content)
    _write_text(folder / "report.html", html)
    (folder / "report.pdf").write_bytes(render_pdf(html))
    append_audit(case.audit_log, "compare", _audit_facts(folder, request, model))
    return ComparisonResult(folder, comparisons, known_scan, folder / "report.html", folder / "report.pdf")


def weigh(
    questioned: Sequence[_Side],
    known: Sequence[_Side],
    population: Population,
    settings: ComparisonSettings,
    scale: VerbalScale,
) -> tuple[pl.DataFrame, dict[str, Calibration]]:
    """Every questioned side against every suspect: an LR, or the reason why there is none.

    Returns:
        A frame of ``COMPARISONS_SCHEMA``, and the calibrations that it names.
    """
    scores = _scores(questioned, known)
    rows: list[dict[str, Any]] = []
    calibrated: dict[tuple[int, int], list[int]] = {}  # rows by (known cell, questioned cell)
    distances: dict[tuple[int, int], tuple[float, float]] = {}
    for i, q in enumerate(questioned):
        q_cell = _nearest(q, population.questioned_cells)
        for j, k in enumerate(known):
            k_cell = _nearest(k, population.known_cells)
            reason = _refusal(q, k, q_cell, k_cell, settings)
            value = scores[i, j]
            row = dict.fromkeys(COMPARISONS_SCHEMA) | {
                "questioned_path": q.name,
                "questioned_sha256": q.sha256[0] if q.sha256 else None,
                "channel": q.channel,
                "turn": 0,
                "suspect": k.name,
                "known_sha256": list(k.sha256),
                "score": None if math.isnan(value) else float(value),
                "status": STATUS_NONE,
                "reason": reason,
            }
            rows.append(row)
            if reason is None and q_cell is not None and k_cell is not None:
                cells = (k_cell[0], q_cell[0])
                calibrated.setdefault(cells, []).append(len(rows) - 1)
                far = distances.get(cells, (0.0, 0.0))
                distances[cells] = (max(far[0], k_cell[1]), max(far[1], q_cell[1]))
    calibrations: dict[str, Calibration] = {}
    for cells, members in calibrated.items():
        try:
            fitted = calibrate_cells(population, *cells, settings, score)
        except CalibrationError as error:
            for member in members:
                rows[member]["reason"] = str(error)
            continue
        known_distance, questioned_distance = distances[cells]
        calibration = dataclasses.replace(fitted, known_distance=known_distance, questioned_distance=questioned_distance)
        calibrations[calibration.id] = calibration
        _fill(rows, members, calibration, scale)
    return pl.DataFrame(rows, COMPARISONS_SCHEMA, orient="row"), calibrations


def _fill(rows: list[dict[str, Any]], members: Sequence[int], calibration: Calibration, scale: VerbalScale) -> None:
    ratios = likelihood_ratios(calibration, np.array([rows[member]["score"] for member in members]))
    for index, member in enumerate(members):
        log10_lr = float(ratios.log10_lr[index])
        rows[member] |= {
            "log10_lr": log10_lr,
            "log10_lr_low": float(ratios.low[index]),
            "log10_lr_high": float(ratios.high[index]),
            "unbounded_log10_lr": float(ratios.unbounded_log10_lr[index]),
            "verbal_equivalent": scale.describe(log10_lr),
            "status": STATUS_LR,
            "calibration_id": calibration.id,
        }


def _scores(questioned: Sequence[_Side], known: Sequence[_Side]) -> Samples:
    """Scores of all pairs, shape (n_questioned, n_known); NaN where a side has no embedding, which no row keeps."""
    scores = np.full((len(questioned), len(known)), np.nan, np.float32)
    q = [index for index, side in enumerate(questioned) if side.embedding is not None]
    k = [index for index, side in enumerate(known) if side.embedding is not None]
    if q and k:
        scores[np.ix_(q, k)] = score(_stack(questioned, q), _stack(known, k))
    return scores


def _stack(sides: Sequence[_Side], chosen: Sequence[int]) -> Samples:
    return np.stack([e for index in chosen if (e := sides[index].embedding) is not None])


def _nearest(side: _Side, cells: Sequence[Conditions]) -> tuple[int, float] | None:
    return None if side.conditions is None else nearest(side.conditions, cells)


def _refusal(
    q: _Side,
    k: _Side,
    q_cell: tuple[int, float] | None,
    k_cell: tuple[int, float] | None,
    settings: ComparisonSettings,
) -> str | None:
    """Why no LR can be issued, and what would help; None where one can."""
    if set(q.sha256) & set(k.sha256):
        return "The same recording stands on both sides. Supply another recording of the suspect."
    for side, what in ((q, "questioned recording"), (k, "suspect's recordings")):
        if side.embedding is None or side.conditions is None:
            return f"The {what} cannot be used: {side.problem}"
        c = side.conditions
        if c.net_speech_s < settings.min_net_speech_s:
            return (
                f"Too little speech: {c.net_speech_s:.1f} s in the {what}, "
                f"{settings.min_net_speech_s:.1f} s are needed. Supply more speech of this speaker."
            )
        if c.snr_db is not None and c.snr_db < settings.min_snr_db:
            return (
                f"Too much noise: an SNR of {c.snr_db:.0f} dB in the {what}, {settings.min_snr_db:.0f} dB are needed. "
                "Supply a cleaner recording."
            )
        if side.clipped_share > settings.max_clipped_share:
            return (
                f"Clipping: {100 * side.clipped_share:.0f} % of the speech in the {what}, "
                f"{100 * settings.max_clipped_share:.0f} % are allowed. Supply an original that is not overdriven."
            )
    for cell, what in ((q_cell, "questioned recording"), (k_cell, "suspect's recordings")):
        if cell is not None and cell[1] > settings.max_condition_distance:
            return (
                f"No reference population resembles the {what}: the nearest conditions are {cell[1]:.1f} steps away, "
                f"{settings.max_condition_distance:.1f} are allowed. "
                "Supply a recording in other conditions, or a reference population in these."
            )
    return None


def _scan_reference(
    case: CaseFolder, request: ComparisonRequest, suspects: Sequence[Suspect], watch: Callable[[ScanSummary], None]
) -> ScanSummary:
    roots = tuple(path for suspect in suspects for path in suspect.paths)
    return scan(
        case,
        ScanRequest(roots, "reference", request.model_folder, request.settings, workers=request.workers),
        watch,
    )


def _evidence(case: CaseFolder, model: SpeakerModel, settings: Settings) -> dict[str, pl.DataFrame]:
    """The tables of the case, of this model and these settings only."""
    tables = {name: case.evidence.read(name) for name in ("recordings", "quality", "segments", "embeddings", "failures")}
    ours = (pl.col("model_sha256") == model.identity.sha256) & (pl.col("settings_sha256") == settings.evidence_sha256)
    return {name: frame.filter(ours) for name, frame in tables.items()} | {"files": case.evidence.read("files")}


def _questioned_sides(evidence: Mapping[str, pl.DataFrame], chosen: Sequence[str]) -> list[_Side]:
    files = evidence["files"].filter(pl.col("side") == "questioned", pl.col("status") != "skipped").sort("path")
    if files.is_empty():
        raise CaseError("No questioned recording was scanned.", "Run `forensic scan DIR` on the questioned recordings first.")
    if chosen:
        files = files.filter([_is_chosen(path, chosen) for path in files["path"]])
        if files.is_empty():
            raise CaseError(
                f"No scanned recording fits --questioned {' '.join(chosen)}.", "Name a scanned file, its folder, or a glob."
            )
    by_recording = _sides_by_recording(evidence)
    sides = []
    for row in files.to_dicts():
        own = by_recording.get(row["sha256"], [])
        if not own:
            problem = _problem(row, evidence["failures"])
            sides.append(_Side(row["path"], (row["sha256"],) if row["sha256"] else (), 0, None, None, 0.0, problem))
        sides += [dataclasses.replace(side, name=row["path"]) for side in own]
    return sides


def _is_chosen(path: str, chosen: Sequence[str]) -> bool:
    for pattern in chosen:
        folder = path_text(Path(pattern).absolute())
        if path == folder or path.startswith(folder.rstrip("/") + "/"):
            return True
        if fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(path.rpartition("/")[2], pattern):
            return True
    return False


def _known_side(suspect: Suspect, evidence: Mapping[str, pl.DataFrame]) -> _Side:
    """All usable recordings of a suspect, pooled."""
    paths = [path_text(path.absolute()) for path in suspect.paths]
    rows = evidence["files"].filter(pl.col("path").is_in(paths)).to_dicts()
    by_recording = _sides_by_recording(evidence)
    sha256 = sorted({row["sha256"] for row in rows if row["sha256"]})
    sides = [side for value in sha256 for side in by_recording.get(value, [])]
    embeddings = [side.embedding for side in sides if side.embedding is not None]
    if not embeddings:
        problems = [_problem(row, evidence["failures"]) for row in rows] or ["None of them is a recording."]
        return _Side(suspect.name, tuple(sha256), 0, None, None, 0.0, problems[0])
    return _Side(
        name=suspect.name,
        sha256=tuple(sorted({value for side in sides for value in side.sha256})),
        channel=0,
        embedding=pool(np.stack(embeddings)),
        conditions=_pooled([side.conditions for side in sides if side.conditions is not None]),
        clipped_share=max(side.clipped_share for side in sides),
        problem="",
    )


def _pooled(conditions: Sequence[Conditions]) -> Conditions:
    """Net speech in all; SNR and bandwidth averaged over it."""
    speech = np.array([c.net_speech_s for c in conditions])
    measured = [(c.snr_db, c.net_speech_s) for c in conditions if c.snr_db is not None]
    snr_db = float(np.average(*map(np.array, zip(*measured, strict=True)))) if measured else None
    bandwidth = np.exp(np.average(np.log([c.bandwidth_hz for c in conditions]), weights=speech))
    return Conditions(float(speech.sum()), snr_db, float(bandwidth))


def _sides_by_recording(evidence: Mapping[str, pl.DataFrame]) -> dict[str, list[_Side]]:
    sides: dict[str, list[_Side]] = {}
    joined = evidence["embeddings"].join(evidence["quality"], on=["sha256", "channel"], how="inner")
    for row in joined.sort("sha256", "channel").to_dicts():
        sides.setdefault(row["sha256"], []).append(
            _Side(
                name="",
                sha256=(row["sha256"],),
                channel=row["channel"],
                embedding=np.array(row["embedding"], np.float32),
                conditions=Conditions(row["net_speech_s"], row["snr_db"], row["bandwidth_hz"]),
                clipped_share=row["clipped_share"],
                problem="",
            )
        )
    return sides


def _problem(file: Mapping[str, Any], failures: pl.DataFrame) -> str:
    found = failures.filter(pl.col("sha256") == file["sha256"]).to_dicts() if file["sha256"] else []
    if found:
        return f"{found[0]['problem']} {found[0]['remedy']}"
    if file["reason"]:
        return f"{file['reason']} {file['remedy']}"
    return "It was scanned with another model or other settings. Scan it again with these."


def _leakage(questioned: Sequence[_Side], known: Sequence[_Side]) -> tuple[str, ...]:
    """What stands on both sides, or under two names."""
    warnings = []
    for k in known:
        for q in questioned:
            if shared := set(q.sha256) & set(k.sha256):
                warnings.append(f"{q.name} is byte for byte a known recording of {k.name} (SHA-256 {min(shared)}).")
    for index, one in enumerate(known):
        for other in known[index + 1 :]:
            if shared := set(one.sha256) & set(other.sha256):
                warnings.append(f"{one.name} and {other.name} share a recording (SHA-256 {min(shared)}).")
    return tuple(dict.fromkeys(warnings))


def _known_speakers(suspects: Sequence[Suspect], files: pl.DataFrame) -> tuple[KnownSpeaker, ...]:
    sha256 = dict(files.select("path", "sha256").iter_rows())
    return tuple(
        KnownSpeaker(
            suspect.name,
            tuple(KnownRecording(text, sha256.get(text) or "") for p in suspect.paths if (text := path_text(p.absolute())) in sha256),
        )
        for suspect in suspects
    )


def _method(request: ComparisonRequest, model: SpeakerModel, duration_s: float) -> Method:
    computer = machine()
    settings = {field.name: dataclasses.asdict(getattr(request.settings, field.name)) for field in dataclasses.fields(Settings)}
    return Method(
        software_version=software_version(),
        model_name=model.identity.name,
        model_sha256=model.identity.sha256,
        model_licence=str(model.card.get("licence", "")),
        model_training_data=str(model.card.get("data", "")),
        settings=settings,
        settings_sha256=hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest(),
        hardware=f"{computer['processor']}, {len(os.sched_getaffinity(0))} processors, no accelerator used",
        operating_system=computer["operating_system"],
        python_version=computer["python"],
        libraries=library_versions(),
        seeds={"bootstrap and cross-validation": request.settings.comparison.seed},
        command_line=request.command_line,
        duration_s=duration_s,
    )


def _new_folder(case: CaseFolder, created: datetime, comparisons: pl.DataFrame) -> Path:
    """A new folder, named by time and content."""
    content = hashlib.sha256(comparisons.write_json().encode()).hexdigest()[:6]
    folder = case.comparisons / f"{created:%Y%m%d-%H%M%S}-{content}"
    folder.mkdir(parents=True, exist_ok=False)
    return folder


def _results(report: ReportInputs, details: CaseDetails) -> dict[str, Any]:
    """Everything of the result that another program may want, in JSON values."""
    skipped = {"same_speaker_scores", "different_speaker_scores", "same_speaker_log10_lr", "different_speaker_log10_lr", "draws"}
    calibrations = {
        key: {name: value for name, value in dataclasses.asdict(c).items() if name not in skipped}
        | {"same_speaker_pairs": len(c.same_speaker_scores), "different_speaker_pairs": len(c.different_speaker_scores)}
        for key, c in report.calibrations.items()
    }
    return {
        "comparison_id": report.comparison_id,
        "created_utc": report.created_utc.isoformat(),
        "case": {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in dataclasses.asdict(details).items()},
        "method": dataclasses.asdict(report.method),
        "known_speakers": [dataclasses.asdict(speaker) for speaker in report.known_speakers],
        "leakage_warnings": list(report.leakage_warnings),
        "calibrations": calibrations,
        "comparisons": report.comparisons.to_dicts(),
        "failures": report.failures.drop("model_sha256", "settings_sha256").to_dicts(),
    }


def _audit_facts(folder: Path, request: ComparisonRequest, model: SpeakerModel) -> dict[str, Any]:
    return {
        "comparison_id": folder.name,
        "reference": str(request.reference),
        "software": software_version(),
        "model_sha256": model.identity.sha256,
        "settings_sha256": request.settings.evidence_sha256,
        "outputs_sha256": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())
        },
    }


def write_csv(comparisons: pl.DataFrame, path: Path) -> None:
    """The comparisons as CSV; text that a spreadsheet would take for a formula is led by an apostrophe."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(comparisons.columns)
        for row in comparisons.iter_rows():
            writer.writerow([_cell(value) for value in row])
    temporary.rename(path)


def _cell(value: object) -> object:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.rename(path)
