"""``forensic compare``: questioned recordings against suspects, to likelihood ratios and a report."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from forensic.case.details import load_case_details
from forensic.case.folder import CaseFolder
from forensic.case.reference import read_reference_set
from forensic.comparison.both_sides import scan_suspects
from forensic.comparison.request import ComparisonRequest, load_basis
from forensic.comparison.sides import check_chosen
from forensic.comparison.weigh_case import weigh_case
from forensic.examination.ledger import ScanSummary
from forensic.report.case.exhibits import exhibit_names
from forensic.report.case.publish import publish_in_case
from forensic.report.shared.refusals import worded_case
from forensic.report.shared.suspicions import consistency_in_words, leaks_in_words, names_of


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What a comparison left behind.

    Attributes:
        folder: ``comparisons/ID`` with everything in it.
        comparisons: a row a questioned recording, channel, speaker in it and suspect.
        known: how the scan of the reference set went.
        warnings: sentences on suspects' recordings that are not of one voice, and on what both sides share.
        html, pdf: the report.
        exhibits: what the report calls each recording, by its path.
    """

    folder: Path
    comparisons: pl.DataFrame
    known: ScanSummary
    warnings: tuple[str, ...]
    html: Path
    pdf: Path
    exhibits: Mapping[str, str]


def compare(
    case: CaseFolder,
    request: ComparisonRequest,
    watch_scan: Callable[[ScanSummary], None],
    watch: Callable[[str], None],
) -> ComparisonResult:
    """Examine the suspects, score, calibrate, decide, report.

    Args:
        case: with the evidence of the questioned recordings; takes that of the suspects.
        request: what to compare.
        watch_scan: called with the state of the scan of the reference set.
        watch: called with the name of each step before it.

    Raises:
        ReferenceSetError: if there is no usable suspect.
        CaseError: if no questioned recording was scanned, or ``--questioned`` fits none.
        ModelError: if the model or its reference population cannot be loaded.
    """
    began = time.monotonic()
    check_chosen(case.evidence.read("files"), request.questioned)
    suspects = read_reference_set(request.reference)
    details = load_case_details(case.path)
    basis = load_basis(request.places(details.templates), request.settings, is_simulated=request.people is not None)
    case.check_basis(basis.own, accepts_changed=request.accepts_changed)
    known = scan_suspects(case, request, suspects, basis.model, watch_scan)
    outcome = worded_case(weigh_case(case, request, suspects, basis, details, began, watch))
    published = publish_in_case(case, outcome, "compare", request, basis, watch)
    warnings = (*consistency_in_words(outcome.consistency), *leaks_in_words(outcome.leaks, names_of(outcome.files)))
    return ComparisonResult(
        published.folder, outcome.comparisons, known, warnings, published.html, published.pdf, exhibit_names(outcome)
    )
