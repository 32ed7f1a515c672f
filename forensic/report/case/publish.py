"""The outcome of a case on disk: tables, results and report, in a folder of their own."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from forensic.audio.phonetics import VoiceDescription
from forensic.case.basis import BASIS
from forensic.case.details import CASE_FILE
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder
from forensic.case.provenance import software
from forensic.case.results import Draft, draft, finish
from forensic.comparison.outcomes import CaseOutcome
from forensic.comparison.request import Basis, ComparisonRequest
from forensic.errors import CaseError
from forensic.progress import Note, counting, unnoted
from forensic.records import Failure
from forensic.report.case_uco import case_graph
from forensic.report.results_json import case_results
from forensic.report.shared.catalogue import speaking
from forensic.report.shared.publish import new_results
from forensic.report.shared.refusals import worded_case
from forensic.report.shared.stored import store
from forensic.speaker.extractor import default_model_folder
from forensic.storage.inert import json_text
from forensic.storage.tables import write_csv, write_parquet, write_text

Side: TypeAlias = tuple[str, int, int]
"""A recording's SHA-256, its channel, and the speaker in that."""


@dataclass(frozen=True, slots=True)
class Published:
    """A folder with everything that came out, and the report in it."""

    folder: Path
    html: Path
    pdf: Path


@dataclass(frozen=True, slots=True)
class Answer:
    """What a single question gave.

    Attributes:
        comparisons: one row per questioned recording, channel, turn and known speaker.
        results: everything of the result that another program may want, in JSON values.
        problems: recordings that were rejected, on either side.
        published: the report and its folder; None where none was asked for.
        exhibits: what a report calls each recording, by its path.
    """

    comparisons: pl.DataFrame
    results: dict[str, Any]
    problems: tuple[tuple[Path, Failure], ...]
    published: Published | None
    exhibits: Mapping[str, str]


def publish_in_case(
    case: CaseFolder, outcome: CaseOutcome, action: str, request: ComparisonRequest, basis: Basis, note: Note = unnoted
) -> Published:
    """Write results and report into a new folder of the case, and note them in its audit log as ``action``."""
    with new_results(case.comparisons, outcome.created_utc, outcome.comparisons) as results:
        _write(results, outcome, note)
        return _published(finish(results, case.audit_log, action, _facts(case, request, basis)))


def publish(folder: Path, outcome: CaseOutcome, note: Note = unnoted) -> Published:
    """Write results and report into a folder outside any case, whose name becomes their id."""
    with draft(folder) as results:
        _write(results, outcome, note)
        return _published(finish(results, None, "", {}))


def _published(folder: Path) -> Published:
    return Published(folder, folder / "report.html", folder / "report.pdf")


def _write(results: Draft, outcome: CaseOutcome, note: Note) -> None:
    from forensic.report.shared.render import Attached, write_report

    note("writing the results")
    folder = results.folder
    outcome = dataclasses.replace(outcome, comparison_id=results.id)
    write_parquet(outcome.comparisons, folder / "comparisons.parquet")
    write_csv(outcome.comparisons, folder / "comparisons.csv")
    content = json_text(case_results(outcome))
    write_text(folder / "results.json", content)
    write_text(folder / "results.jsonld", json_text(case_graph(outcome)))
    store(folder, outcome)
    page = render_case(outcome, note=note)
    write_report(folder, page, Attached("results.json", content.encode(), outcome.created_utc))


def render_case(
    outcome: CaseOutcome,
    version: int = 1,
    audio: Mapping[Side, str] | None = None,
    voices: Mapping[Side, VoiceDescription] | None = None,
    note: Note = unnoted,
) -> str:
    """The report of an outcome as a page, in the language that ``case.toml`` asks for.

    Args:
        outcome: with its id.
        version: of the report; the comparison itself makes the first.
        audio: addresses of the speech that was used, by SHA-256, channel and speaker; None for a report without.
        voices: descriptions of the voices, by the same; None for a report without.
        note: called with the name of each step.
    """
    from forensic.report.case.build import build_report
    from forensic.report.case.inputs import ReportInputs
    from forensic.report.case.render import render_case_html

    note("writing the report")
    with speaking(outcome.case_details.language, outcome.case_details.templates):
        inputs = dataclasses.replace(
            ReportInputs.of(worded_case(outcome)), version=version, audio=audio or {}, voices=voices or {}
        )
        drawing = counting(note, "drawing", "plots")
        return render_case_html(build_report(inputs), outcome.case_details.templates, drawing)


def check_new(report: Path | None) -> None:
    """Check that a report's folder is new or empty; None asks for no report.

    Raises:
        CaseError: if it is not.
    """
    if report is not None and report.exists() and (not report.is_dir() or any(report.iterdir())):
        raise CaseError(f"{report} is there already.", "Name a new or empty folder for the report.")


def _facts(case: CaseFolder, request: ComparisonRequest, basis: Basis) -> dict[str, Any]:
    """What the audit log keeps of a comparison: what it was asked, and what it rests on."""
    shipped_model = request.model_folder.absolute() == default_model_folder().absolute()
    asked = {
        "model_folder": None if shipped_model else request.model_folder,
        "scale": request.scale,
        "people": request.people,
        "calibration": request.calibration,
        "envelope": request.envelope,
    }
    return {
        "reference": str(request.reference.absolute()),
        "request": {name: str(path.absolute()) if path else None for name, path in asked.items()},
        "envelope_sha256": basis.envelope.sha256,
        "software": software(),
        "model_sha256": basis.model.identity.sha256,
        "score": basis.model.backend.identity,
        "settings_sha256": request.settings.evidence_sha256,
        "release_sha256": basis.release_sha256,
        BASIS: dict(basis.own.sha256),
        "case_toml_sha256": hash_file(case.path / CASE_FILE).sha256,
    }
