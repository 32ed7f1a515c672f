"""The outcome of a case on disk: tables, results and report, in a folder of their own."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder
from forensic.case.provenance import software
from forensic.comparison.outcomes import CaseOutcome
from forensic.comparison.request import Basis, ComparisonRequest
from forensic.errors import CaseError
from forensic.records import Failure
from forensic.report.results_json import case_results
from forensic.report.shared.publish import new_folder
from forensic.report.shared.stored import store
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


def publish_in_case(case: CaseFolder, outcome: CaseOutcome) -> Published:
    """Write results and report into a new folder of the case."""
    return publish(new_folder(case.comparisons, outcome.created_utc, outcome.comparisons), outcome)


def publish(folder: Path, outcome: CaseOutcome) -> Published:
    """Write results and report into a folder, whose name becomes their id."""
    from forensic.report.shared.render import write_report

    folder.mkdir(parents=True, exist_ok=True)
    outcome = dataclasses.replace(outcome, comparison_id=folder.name)
    write_parquet(outcome.comparisons, folder / "comparisons.parquet")
    write_csv(outcome.comparisons, folder / "comparisons.csv")
    results = case_results(outcome)
    write_text(folder / "results.json", json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False))
    store(folder, outcome)
    return Published(folder, *write_report(folder, render_case(outcome)))


def render_case(outcome: CaseOutcome, version: int = 1, audio: Mapping[Side, str] | None = None) -> str:
    """The report of an outcome as a page.

    Args:
        outcome: with its id.
        version: of the report; the comparison itself makes the first.
        audio: addresses of the speech that was used, by SHA-256, channel and speaker; None for a report without.
    """
    from forensic.report.case.build import build_report
    from forensic.report.case.inputs import ReportInputs
    from forensic.report.case.render import render_case_html

    inputs = dataclasses.replace(ReportInputs.of(outcome), version=version, audio=audio or {})
    return render_case_html(build_report(inputs), outcome.case_details.templates)


def check_new(report: Path | None) -> None:
    """Check that a report's folder is new or empty; None asks for no report.

    Raises:
        CaseError: if it is not.
    """
    if report is not None and report.exists() and (not report.is_dir() or any(report.iterdir())):
        raise CaseError(f"{report} is there already.", "Name a new or empty folder for the report.")


def audit_facts(published: Published, request: ComparisonRequest, basis: Basis) -> dict[str, Any]:
    """What the audit log keeps of a comparison."""
    return {
        "comparison_id": published.folder.name,
        "reference": str(request.reference),
        "calibration": str(request.calibration) if request.calibration else None,
        "envelope_sha256": basis.envelope.sha256,
        "software": software(),
        "model_sha256": basis.model.identity.sha256,
        "score": basis.model.backend.identity,
        "settings_sha256": request.settings.evidence_sha256,
        "outputs_sha256": {path.name: hash_file(path).sha256 for path in sorted(published.folder.iterdir())},
    }
