"""``forensic calibrate``: a laboratory's own recordings, or scores, as what ``forensic compare`` calibrates on.

Recordings become a reference population in the conditions that they were made in; scores are kept as they are. Either
is written to a folder with ``summary.json``, which says how good each calibration on it is.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from forensic.case.audit import read_audit
from forensic.case.discovery import hash_file
from forensic.case.folder import AUDIT_LOG, open_case
from forensic.case.provenance import software
from forensic.case.results import Draft, draft, finish_into, settle_results_into
from forensic.comparison.calibrations import calibration_step
from forensic.comparison.own_calibration import load_calibration
from forensic.errors import CalibrationError, ModelError, ValidationError
from forensic.examination.ledger import ScanSummary
from forensic.examination.people import NO_LICENCE
from forensic.likelihood_ratio.envelope import (
    ENVELOPE,
    Envelope,
    EnvelopeLimits,
    ValidatedCell,
    find_envelope,
    save_envelope,
    worst_of,
)
from forensic.likelihood_ratio.population import CARD as POPULATION_CARD
from forensic.likelihood_ratio.population import save_population
from forensic.likelihood_ratio.score_list import CARD as SCORES_CARD
from forensic.likelihood_ratio.score_list import ScoreList, save_score_list, stated_conditions
from forensic.progress import Note, counting, unnoted
from forensic.quantities import QUANTITIES
from forensic.records import KNOWN, QUESTIONED, Calibration, Role, Samples
from forensic.settings import DEFAULT_CRITERION, Settings
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.storage.inert import json_text
from forensic.storage.tables import SCHEMA_VERSION, write_text
from forensic.validation.breakdown import columns_of
from forensic.validation.labelled import LabelledSide, examine_labelled
from forensic.validation.tables import Exclusion, read_scores, read_validation_manifest

OWN = "own recordings"
"""Corpus and condition where none is given."""

_DRAFT = "calibration"


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """What to calibrate on, and where to write it.

    Attributes:
        source: a manifest of labelled recordings, or a list of scores with their truth.
        out: folder of the calibration; made where it is missing.
        model_folder: embeds and scores.
        settings: of every step.
        command_line: as it was given, for the record.
        criterion: the largest Cllr to accept, at the upper end of its interval; worse conditions give no LR.
    """

    source: Path
    out: Path
    model_folder: Path
    settings: Settings
    command_line: str = ""
    criterion: float = DEFAULT_CRITERION


@dataclass(frozen=True, slots=True)
class Fitted:
    """The calibration for one pair of conditions.

    Attributes:
        known, questioned: names of the conditions.
        calibration: None where there is none.
        problem: why there is none.
    """

    known: str
    questioned: str
    calibration: Calibration | None
    problem: str


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """What a calibration left behind.

    Attributes:
        folder: what ``forensic compare --calibration`` takes.
        sha256: of what it holds.
        fitted: every pair of conditions.
        exclusions: what did not enter.
        envelope: where the criterion is met, and LRs will be issued; None where it is met nowhere.
    """

    folder: Path
    sha256: str
    fitted: tuple[Fitted, ...]
    exclusions: tuple[Exclusion, ...]
    envelope: Envelope | None


def calibrate_on_recordings(
    request: CalibrationRequest,
    workers: int | None,
    *,
    allow_same_session: bool,
    watch_scan: Callable[[ScanSummary], None],
    watch: Note,
) -> CalibrationResult:
    """Make a reference population of labelled recordings, in the conditions that they have.

    Recordings of one role and condition are a cell of it. A questioned recording of a session in which its speaker's
    known side was recorded too is left out.

    Args:
        request: what to calibrate on; its source is a manifest (see ``read_validation_manifest``).
        workers: processes; None takes one per processor.
        allow_same_session: keep those of one session.
        watch_scan: called with the state of the scan.
        watch: called with the name of each step.

    Raises:
        ValidationError: if the manifest cannot be used, or a side has no usable recording.
        CaseError: if the folder cannot be written.
    """
    recordings = read_validation_manifest(request.source)
    model = load_model(request.model_folder)
    _make(request.out)
    with open_case(request.out / "case", create=True) as case:
        sides = examine_labelled(case, recordings, model, request.model_folder, request.settings, workers, watch_scan)
    sessions = {(side.label.person, side.label.session) for side in sides.known}
    kept = [
        side
        for side in sides.questioned
        if allow_same_session or (side.label.person, side.label.session) not in sessions
    ]
    exclusions = list(sides.exclusions)
    if left_out := len(sides.questioned) - len(kept):
        exclusions.append(
            Exclusion("recordings", left_out, "The known side is of the same session of the same speaker.")
        )
    rows, embeddings = _bank(sides.known, kept)
    with draft(request.out / _DRAFT) as results:
        save_population(
            results.folder,
            rows,
            embeddings,
            model_sha256=model.identity.sha256,
            data=(
                f"Own recordings in their own conditions, from {request.source.name}: {rows['speaker'].n_unique()} "
                "speakers. Whether one of them took part in the training of the model was not checked."
            ),
            licences=dict.fromkeys(rows["corpus"].unique(), NO_LICENCE),
        )
        return _conclude(
            request,
            results,
            model,
            tuple(exclusions),
            lambda side, cell: worst_of(rows.filter(pl.col("side") == side, pl.col("cell") == cell)),
            watch,
        )


def calibrate_on_scores(request: CalibrationRequest, watch: Note = unnoted) -> CalibrationResult:
    """Keep a list of scores of known truth as a calibration for its pair of conditions.

    Args:
        request: what to calibrate on; its source is a list (see ``read_scores``), its scores those of the model.
        watch: called with the name of each step.

    Raises:
        ValidationError: if the list cannot be used.
        CalibrationError: if it does not state its conditions, or a kind of comparison is missing.
    """
    scores = read_scores(request.source)
    model = load_model(request.model_folder)
    known, questioned = (
        stated_conditions(scores, side, f"{request.source.name}, {side} side") for side in (KNOWN, QUESTIONED)
    )
    varying = scores.select(column for column in scores.columns if scores[column].n_unique() > 1)  # else only stated
    _make(request.out)
    with draft(request.out / _DRAFT) as results:
        save_score_list(
            results.folder,
            scores,
            known,
            questioned,
            model_sha256=model.identity.sha256,
            score_identity=model.backend.identity,
            source=request.source.name,
        )
        return _conclude(request, results, model, (), lambda side, _: worst_of(varying, columns_of(side)), watch)


def _make(out: Path) -> None:
    """The folder of the calibration, with what a killed command left in it finished or removed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValidationError(f"Cannot make the folder {out}: {error.strerror}.", "Name another with --out.") from error
    settle_results_into(out, _DRAFT, out / AUDIT_LOG, read_audit(out / AUDIT_LOG))
    for card in (POPULATION_CARD, SCORES_CARD):
        if (out / card).exists():
            raise ValidationError(f"{out} holds a calibration already.", "Name a new folder with --out.")


def _bank(known: Sequence[LabelledSide], questioned: Sequence[LabelledSide]) -> tuple[pl.DataFrame, Samples]:
    """Rows and embeddings of a population, a row a usable side."""
    rows: list[dict[str, Any]] = []
    embeddings: list[Samples] = []
    pieces: Counter[tuple[str, str, str]] = Counter()
    for role, sides in ((KNOWN, known), (QUESTIONED, questioned)):
        usable = [side for side in sides if side.side.embedding is not None and side.side.conditions is not None]
        if not usable:
            raise ValidationError(
                f"No {role} recording can be used.", "Give known and questioned recordings with enough clear speech."
            )
        for side in usable:
            measured, label = side.side.conditions, side.label
            assert measured is not None
            assert side.side.embedding is not None
            cell = label.condition or OWN
            key = (label.person, role, cell)
            rows.append(
                {
                    "speaker": label.person,
                    "corpus": label.corpus or OWN,
                    "side": role,
                    "cell": cell,
                    **{quantity.name: getattr(measured, quantity.name) for quantity in QUANTITIES},
                    "piece": pieces[key],
                }
            )
            pieces[key] += 1
            embeddings.append(side.side.embedding)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    frame = frame.with_columns(cell_net_speech_s=pl.col("net_speech_s").median().over("side", "cell"))
    return frame, np.stack(embeddings)


def _conclude(
    request: CalibrationRequest,
    results: Draft,
    model: SpeakerModel,
    exclusions: tuple[Exclusion, ...],
    worst: Callable[[Role, str], EnvelopeLimits],
    note: Note,
) -> CalibrationResult:
    """Load what was written as a comparison would, fit every pair of conditions, and say what it is worth."""
    loaded = load_calibration(results.folder, model)
    sha256 = loaded.sha256 if isinstance(loaded, ScoreList) else loaded.card.parquet_sha256
    fitting = counting(note, "fitting the calibration", "parts")
    calibrator = calibration_step(loaded, request.settings.comparison, model.backend, watch=fitting)
    calibrating = counting(note, "calibrating", "conditions")
    fitted: list[Fitted] = []
    pairs = list(product(enumerate(loaded.known_cells), enumerate(loaded.questioned_cells)))
    for (k, known), (q, questioned) in pairs:
        calibrating(len(fitted), len(pairs))
        ((_, found),) = calibrator.calibrate([(k, q)])
        if isinstance(found, CalibrationError):
            fitted.append(Fitted(known.name, questioned.name, None, str(found)))
        else:
            fitted.append(Fitted(known.name, questioned.name, found, ""))
    envelope = _envelope(request, sha256, fitted, worst)
    if envelope is not None:
        save_envelope(results.folder / ENVELOPE, envelope)
    summary = {
        "schema_version": SCHEMA_VERSION,
        "sha256": sha256,
        "created_utc": datetime.now(UTC).isoformat(),
        "software": software(),
        "command": request.command_line,
        "source": request.source.name,
        "source_sha256": hash_file(request.source).sha256,
        "model": model.identity.name,
        "model_sha256": model.identity.sha256,
        "score_identity": model.backend.identity,
        "settings": dataclasses.asdict(request.settings.comparison),
        "envelope": dataclasses.asdict(envelope) if envelope else None,
        "calibrations": [_described(each) for each in fitted],
        "exclusions": [dataclasses.asdict(each) for each in exclusions],
    }
    write_text(results.folder / "summary.json", json_text(summary))
    facts = ("sha256", "software", "source", "source_sha256", "model_sha256", "score_identity")
    finish_into(results, request.out / AUDIT_LOG, "calibrate", {name: summary[name] for name in facts})
    return CalibrationResult(request.out, sha256, tuple(fitted), exclusions, envelope)


def _envelope(
    request: CalibrationRequest, sha256: str, fitted: Sequence[Fitted], worst: Callable[[Role, str], EnvelopeLimits]
) -> Envelope | None:
    """Where the criterion is met; None where it is met nowhere."""
    cells = [
        ValidatedCell(
            f"{each.questioned} against {each.known}",
            worst(KNOWN, each.known),
            worst(QUESTIONED, each.questioned),
            each.calibration.cllr if each.calibration else None,
        )
        for each in fitted
    ]
    basis = (
        f"Cross-validation by speaker of the calibration on {request.source.name} (SHA-256 {sha256}), "
        f"{len(cells)} pairs of conditions."
    )
    try:
        return find_envelope(cells, request.criterion, basis)
    except ModelError:
        return None


def _described(fitted: Fitted) -> dict[str, Any]:
    calibration = fitted.calibration
    names = {"known": fitted.known, "questioned": fitted.questioned}
    if calibration is None:
        return names | {"problem": fitted.problem}
    return names | {
        "id": calibration.id,
        "known_conditions": dataclasses.asdict(calibration.known),
        "questioned_conditions": dataclasses.asdict(calibration.questioned),
        "speakers": calibration.speakers,
        "same_speaker_pairs": len(calibration.same_speaker_scores),
        "different_speaker_pairs": len(calibration.different_speaker_scores),
        "bounds_log10_lr": [calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr],
        **{name: dataclasses.asdict(getattr(calibration, name)) for name in ("cllr", "cllr_min", "eer")},
    }
