"""``forensic report``: the report of an earlier comparison or linking again, from what is stored, without comparing."""

import dataclasses
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensic.case.audit import append_audit
from forensic.case.details import CASE_FILE, CaseDetails, load_case_details
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder, open_case
from forensic.case.provenance import software
from forensic.comparison.outcomes import CaseOutcome, LinkOutcome
from forensic.errors import CaseError
from forensic.report.case.publish import render_case
from forensic.report.links.build import build_link_report
from forensic.report.links.render import render_link_html
from forensic.report.shared.render import write_report
from forensic.report.shared.stored import OUTCOME, stored

_VERSION = re.compile(r"report-(\d+)\.\w+")


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """A report that was made again.

    Attributes:
        version: 2 or more; the first is the one that the comparison wrote.
        html, pdf: the report, beside the first one.
    """

    version: int
    html: Path
    pdf: Path


def report(path: Path, wanted: str, watch: Callable[[str], None]) -> MadeAgain:
    """Make a report again, as the next version beside the earlier ones, which stay as they are.

    Args:
        path: the case; or a folder of results that has none, as ``forensic verify --report`` makes it.
        wanted: id of the comparison or linking; empty takes the newest comparison.
        watch: called with the name of each step.

    Raises:
        CaseError: if there is no such case, comparison or linking, or its ``case.toml`` cannot be used.
        ReportError: if the outcome cannot be read, or the report not be rendered.
    """
    is_single = (path / OUTCOME).is_file()
    with nullcontext(None) if is_single else open_case(path, create=False) as case:
        folder = path if case is None else _results(case, wanted)
        version = _next_version(folder)
        watch("reading the results")
        if folder.parent.name == "links" and case is not None:
            outcome = _with_details(stored(folder, LinkOutcome), case)
            watch("writing the report")
            html = render_link_html(build_link_report(outcome, version))
        else:
            found = _with_details(stored(folder, CaseOutcome), case)
            watch("writing the report")
            html = render_case(found, version)
        made = MadeAgain(version, *write_report(folder, html, f"report-{version}"))
        if case is not None:
            append_audit(case.audit_log, "report", _audit_facts(case, folder, made))
    return made


def _results(case: CaseFolder, wanted: str) -> Path:
    """The folder of a comparison or linking."""
    if wanted:
        for parent in (case.comparisons, case.path / "links"):
            if (parent / wanted).is_dir() and Path(wanted).name == wanted:
                return parent / wanted
    found = sorted(each.name for each in case.comparisons.iterdir() if (each / OUTCOME).is_file())
    if wanted:
        raise CaseError(
            f"There is no comparison or linking {wanted} in {case.path}.",
            f"Use one of {', '.join(found[-5:])}." if found else "Run `forensic compare` first.",
        )
    if not found:
        raise CaseError(f"There is no comparison in {case.path}.", "Run `forensic compare` first.")
    return case.comparisons / found[-1]


def _with_details(outcome: Any, case: CaseFolder | None) -> Any:
    """The outcome with what ``case.toml`` says now."""
    details: CaseDetails = outcome.case_details if case is None else load_case_details(case.path)
    return dataclasses.replace(outcome, case_details=details)


def _next_version(folder: Path) -> int:
    versions = [int(found[1]) for each in folder.iterdir() if (found := _VERSION.fullmatch(each.name))]
    return max(versions, default=1) + 1


def _audit_facts(case: CaseFolder, folder: Path, made: MadeAgain) -> dict[str, Any]:
    return {
        "report_of": folder.name,
        "version": made.version,
        "software": software(),
        "case_toml_sha256": hash_file(case.path / CASE_FILE).sha256,
        "outcome_sha256": hash_file(folder / OUTCOME).sha256,
        "outputs_sha256": {path.name: hash_file(path).sha256 for path in (made.html, made.pdf)},
    }
