"""``forensic validate``: how good the LRs are where the truth is known, and whether that was good enough."""

import dataclasses
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from forensic.case.audit import read_audit
from forensic.case.discovery import hash_file
from forensic.case.folder import open_case
from forensic.case.provenance import software
from forensic.case.results import draft, finish_into, settle_results_into
from forensic.comparison.method import Method, method_of
from forensic.comparison.tables import STATUS_LR
from forensic.errors import ModelError, ValidationError
from forensic.examination.ledger import ScanSummary
from forensic.likelihood_ratio.calibrators import CALIBRATORS, cellwise
from forensic.likelihood_ratio.envelope import (
    ENVELOPE,
    Envelope,
    find_envelope,
    load_envelope,
    save_envelope,
)
from forensic.likelihood_ratio.real_calls import RealResult
from forensic.likelihood_ratio.scored import bounded, calibrate_left_out
from forensic.progress import Note, counting
from forensic.report.results_json import validation_results
from forensic.report.shared.catalogue import check_language, speaking
from forensic.report.shared.refusals import with_reasons
from forensic.report.shared.render import Attached, write_report
from forensic.report.validation.build import build_validation_report
from forensic.report.validation.render import render_validation_html
from forensic.settings import DEFAULT_CRITERION, Settings
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.storage.inert import json_text
from forensic.storage.tables import write_csv, write_parquet, write_text
from forensic.validation.breakdown import Group, break_down, measure_all, validated_cells
from forensic.validation.criteria import Plan, Verdict, judge, load_plan
from forensic.validation.labelled import weigh_labelled
from forensic.validation.outcome import RecordingsFacts, ScoresFacts, ValidationOutcome
from forensic.validation.real_results import real_result
from forensic.validation.shipped import Opinion, real_call_lrs
from forensic.validation.tables import Exclusion, read_scores, read_validation_manifest
from forensic.workflows.seal import SEAL

_DRAFT, _LOG = "validation", "audit.jsonl"


@dataclass(frozen=True, slots=True)
class ValidationRequest:
    """What to validate, and where to write it.

    Attributes:
        source: a manifest of labelled recordings, or a list of scores with their truth.
        out: folder of everything that is written; made where it is missing.
        settings: of every step.
        criteria: file of acceptance criteria; None where none were fixed.
        command_line: as it was given, for the report.
        envelope: of an earlier validation, outside which no LR is issued, as in a case; None finds one.
        language: of the report; empty for English.
    """

    source: Path
    out: Path
    settings: Settings
    criteria: Path | None = None
    command_line: str = ""
    envelope: Path | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """What a validation found.

    Attributes:
        folder: with everything that was written.
        everything: all comparisons together.
        verdicts: every criterion, judged; none where none were fixed.
        exclusions: what was not compared.
        html, pdf: the report.
        by_person: of the real calls that ship, measures in which every person weighs alike, whoever called more often;
            None of too few people.
    """

    folder: Path
    everything: Group
    verdicts: tuple[Verdict, ...]
    exclusions: tuple[Exclusion, ...]
    html: Path
    pdf: Path
    by_person: RealResult | None = None

    @property
    def is_accepted(self) -> bool | None:
        """Whether every criterion was met; None where none were fixed."""
        return all(verdict.is_met for verdict in self.verdicts) if self.verdicts else None

    @property
    def rejected_recordings(self) -> int:
        """Recordings of the manifest that could not be used."""
        return sum(each.number for each in self.exclusions if each.what == "recordings")


@dataclass(frozen=True, slots=True)
class _Found:
    """LRs whose truth is known, and what they come from."""

    lrs: pl.DataFrame
    facts: RecordingsFacts | ScoresFacts
    exclusions: tuple[Exclusion, ...]
    model: SpeakerModel | None


def validate_recordings(
    request: ValidationRequest,
    model_folder: Path,
    workers: int | None,
    *,
    allow_same_session: bool,
    watch_scan: Callable[[ScanSummary], None],
    watch: Note,
) -> ValidationResult:
    """Validate the whole system on labelled recordings, which go the way of a case.

    Args:
        request: what to validate; its source is a manifest (see ``read_validation_manifest``).
        model_folder: embeds, and has the reference population beside it.
        workers: processes; None takes one per processor.
        allow_same_session: compare recordings of one session with each other as well.
        watch_scan: called with the state of the scan.
        watch: called with the name of each step after it.

    Raises:
        ValidationError: if manifest or criteria cannot be used, or no comparison of either kind remains.
        ModelError: if the model or its reference population cannot be loaded.
        CaseError: if the folder cannot be written.
    """
    began = time.monotonic()
    plan = load_plan(request.criteria)
    envelope = load_envelope(request.envelope) if request.envelope else None
    recordings = read_validation_manifest(request.source)
    _prepare(request)
    with open_case(request.out / "case", create=True) as case:
        found = weigh_labelled(
            case,
            recordings,
            model_folder,
            request.settings,
            workers,
            allow_same_session=allow_same_session,
            envelope=envelope,
            watch_scan=watch_scan,
            watch=watch,
        )
    facts = RecordingsFacts(
        found.recordings,
        found.population.card,
        found.left_out,
        found.calibrations,
        allow_same_session,
        found.refusals,
    )
    lrs = with_reasons(found.lrs, found.refusals, {})
    return _conclude(request, plan, _Found(lrs, facts, found.exclusions, found.model), began, watch)


def validate_scores(
    request: ValidationRequest,
    *,
    are_log10_lr: bool,
    watch: Note,
    model: SpeakerModel | None = None,
    is_of_bank: bool = False,
) -> ValidationResult:
    """Validate a list of scores, or of log10 LRs, of any system.

    Args:
        request: what to validate; its source is a list (see ``read_scores``).
        are_log10_lr: the list holds log10 LRs, taken as they stand; otherwise scores, each calibrated on speakers
            other than its own two.
        watch: called with the name of each step.
        model: that made them; None for a system that is not known.
        is_of_bank: they are LRs of the real calls of that model's bank, each from a fit without either speaker.

    Raises:
        ValidationError: if list or criteria cannot be used, or one kind of comparison is missing.
        CalibrationError: if the scores cannot be calibrated.
    """
    began = time.monotonic()
    plan = load_plan(request.criteria)
    scores = read_scores(request.source)
    _check_kinds(request.source, scores)
    _prepare(request)
    watch("calibrating")
    if are_log10_lr:
        people = {*scores["speaker_known"], *scores["speaker_questioned"]}
        ratios = bounded(scores["score"].to_numpy(), scores["same_speaker"].to_numpy(), len(people))
    else:
        ratios = calibrate_left_out(
            scores, request.settings.comparison.seed, CALIBRATORS[cellwise(request.settings.comparison.calibrator)]
        )
    lrs = scores.with_columns(
        pl.Series("log10_lr", ratios.log10_lr),
        pl.Series("unbounded_log10_lr", ratios.unbounded_log10_lr),
        status=pl.lit(STATUS_LR),
    )
    facts = ScoresFacts(are_log10_lr, ratios.bounds, is_of_bank)
    return _conclude(request, plan, _Found(lrs, facts, (), model), began, watch)


def validate_shipped(request: ValidationRequest, model_folder: Path, watch: Note) -> ValidationResult:
    """Validate a model on the real calls that its bank holds, each LR from a fit without either speaker.

    Args:
        request: what to write and where; its source is ignored, the comparisons are written beside the report.
        model_folder: with its bank.
        watch: called with the name of each step.

    Raises:
        ModelError: if the model or its bank cannot be loaded.
        ValidationError: if the bank has no real calls.
    """
    _prepare(request)
    watch("comparing real calls")
    model = load_model(model_folder)
    opinion: Opinion = "both" if request.settings.second.model else "first"
    fitting = counting(watch, "fitting the calibration", "parts")
    lrs = real_call_lrs(model_folder, request.settings.comparison, opinion, fitting)
    path = request.out / "real_calls.csv"
    write_csv(lrs.drop("score").rename({"log10_lr": "score"}), path)
    calls = dataclasses.replace(request, source=path)
    result = validate_scores(calls, are_log10_lr=True, watch=watch, model=model, is_of_bank=True)
    return dataclasses.replace(result, by_person=real_result(lrs))


def _check_kinds(source: Path, scores: pl.DataFrame) -> None:
    for is_missing, kind in (
        (not scores["same_speaker"].any(), "same-speaker"),
        (scores["same_speaker"].all(), "different-speaker"),
    ):
        if is_missing:
            raise ValidationError(
                f"{source} holds no {kind} comparison.", "A validation needs comparisons of both kinds; add some."
            )


def _prepare(request: ValidationRequest) -> None:
    """Check what would fail at the end, and make the folder."""
    check_language(request.language)
    out = request.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValidationError(f"Cannot make the folder {out}: {error.strerror}.", "Name another with --out.") from error
    if (out / SEAL).exists():
        raise ValidationError(f"{out} holds a validation that is sealed.", "Name a new folder with --out.")
    settle_results_into(out, _DRAFT, out / _LOG, read_audit(out / _LOG))


def _conclude(request: ValidationRequest, plan: Plan, found: _Found, began: float, watch: Note) -> ValidationResult:
    """Measure, judge, write."""
    created = datetime.now(UTC)
    draws, seed = request.settings.comparison.bootstrap_draws, request.settings.comparison.seed
    watch("measuring")
    everything = measure_all(found.lrs, draws, seed)
    groups = tuple(break_down(found.lrs, draws, seed, counting(watch, "measuring", "groups")))
    verdicts = judge(plan, everything, groups)
    envelope = _found_envelope(found.lrs, plan, request)

    watch("writing the report")
    source_sha256 = hash_file(request.source).sha256
    with draft(request.out / _DRAFT) as results:
        write_parquet(found.lrs, results.folder / "lrs.parquet")
        write_csv(found.lrs, results.folder / "lrs.csv")
        lrs_sha256 = hash_file(results.folder / "lrs.parquet").sha256
        outcome = ValidationOutcome(
            report_id=f"V-{created:%Y%m%d-%H%M%S}-{_digest(lrs_sha256, source_sha256)}",
            created_utc=created,
            plan=plan,
            verdicts=verdicts,
            source=request.source.name,
            source_sha256=source_sha256,
            facts=found.facts,
            method=_method(found, request, time.monotonic() - began),
            lrs=found.lrs,
            lrs_sha256=lrs_sha256,
            everything=everything,
            groups=groups,
            exclusions=found.exclusions,
            draws=draws,
            seed=seed,
            envelope=envelope,
        )
        if envelope is not None:
            save_envelope(results.folder / ENVELOPE, envelope)
        content = json_text(validation_results(outcome))
        write_text(results.folder / "validation.json", content)
        with speaking(request.language):
            html = render_validation_html(build_validation_report(outcome))
        write_report(results.folder, html, Attached("validation.json", content.encode(), created))
        folder = finish_into(results, request.out / _LOG, "validate", _audit_facts(outcome))
    if envelope is None:
        (folder / ENVELOPE).unlink(missing_ok=True)  # of an earlier validation, which is no more
    return ValidationResult(
        folder, everything, verdicts, found.exclusions, folder / "report.html", folder / "report.pdf"
    )


def _found_envelope(lrs: pl.DataFrame, plan: Plan, request: ValidationRequest) -> Envelope | None:
    """Where the criterion is met: the widest limit of Cllr that was fixed; None where it is met nowhere."""
    limits = [each.limit for each in plan.criteria if each.measure == "cllr" and each.is_most]
    settings = request.settings.comparison
    cells = validated_cells(lrs, settings.bootstrap_draws, settings.seed)
    basis = (
        f"Validation on {request.source.name} (SHA-256 {hash_file(request.source).sha256}), {len(cells)} conditions."
    )
    try:
        return find_envelope(cells, max(limits, default=DEFAULT_CRITERION), basis)
    except ModelError:
        return None


def _digest(*texts: str) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:6]


def _method(found: _Found, request: ValidationRequest, duration_s: float) -> Method:
    population = found.facts.population if isinstance(found.facts, RecordingsFacts) else None
    return method_of(found.model, request.settings, request.command_line, duration_s, population)


def _audit_facts(inputs: ValidationOutcome) -> dict[str, Any]:
    return {
        "report_id": inputs.report_id,
        "source": inputs.source,
        "source_sha256": inputs.source_sha256,
        "criteria_sha256": inputs.plan.sha256,
        "is_accepted": inputs.is_accepted,
        "software": software(),
        "model_sha256": inputs.method.model_sha256,
    }
