"""``forensic identify``: recordings of unknown speakers against every suspect of a reference set."""

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from forensic.case.discovery import check_roots
from forensic.case.folder import CaseFolder, temporary_case
from forensic.case.reference import read_reference_set
from forensic.comparison.both_sides import weigh_both_sides
from forensic.comparison.ranking import ranking
from forensic.comparison.request import ComparisonRequest
from forensic.examination.ledger import ScanSummary
from forensic.report.case.exhibits import exhibit_names
from forensic.report.case.publish import Answer, check_new, publish, publish_in_case
from forensic.report.results_json import case_results
from forensic.report.shared.refusals import worded_case


def identify(
    questioned: Sequence[Path],
    request: ComparisonRequest,
    case: CaseFolder | None,
    report: Path | None,
    watch_scan: Callable[[ScanSummary], None],
    watch: Callable[[str], None],
) -> Answer:
    """Recordings of unknown speakers against every suspect of a reference set.

    Args:
        questioned: recordings or folders of them.
        request: with the reference set, and which model and settings; its questioned paths are ignored.
        case: takes evidence, results and report; None keeps nothing but what ``report`` asks for.
        report: folder that takes results and report where there is no case; None for none.
        watch_scan: called with the state of each scan.
        watch: called with the name of each step.

    Raises:
        CaseError: if a recording is missing, none of them is one, or the report's folder is not empty.
        ReferenceSetError: if there is no usable suspect.
        ModelError: if the model or its reference population cannot be loaded.
    """
    check_roots(questioned)
    check_new(report)
    suspects = read_reference_set(request.reference)
    is_published = case is not None or report is not None
    scope = dataclasses.replace(request, explains=is_published)
    with temporary_case() if case is None else nullcontext(case) as opened:
        outcome, basis, problems = weigh_both_sides(opened, questioned, suspects, scope, watch_scan, watch)
        outcome = dataclasses.replace(worded_case(outcome), is_identification=True)
        published = None
        if is_published:
            if report is not None:
                published = publish(report, outcome, watch)
            else:
                published = publish_in_case(opened, outcome, "identify", request, basis, watch)
    ranked = {"identification": ranking(outcome.comparisons, outcome.calibrations)}
    return Answer(outcome.comparisons, case_results(outcome) | ranked, problems, published, exhibit_names(outcome))
